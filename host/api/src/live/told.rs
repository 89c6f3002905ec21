//! What happens in the host, as messages: topic, agent and data.

use puppet_engine::{Happening, report::budget_row};
use puppet_grants::{BudgetState, Owner};
use puppet_store::{Effect, EffectState, Post};
use puppet_types::{AgentId, Timestamp};
use serde_json::{Value, json};

use super::topics::Topic;

/// Topics of something that happened: a mood that moves comes with the invocation that moved it.
pub(super) fn topics(happening: &Happening) -> impl Iterator<Item = Topic> {
    let (first, second) = match happening {
        Happening::Accepted { .. } => (Topic::EventAccepted, None),
        Happening::Invoked { mood, .. } => (Topic::InvocationDone, mood.map(|_| Topic::AgentMood)),
        Happening::DeadLettered { .. } => (Topic::EventDead, None),
        Happening::Effect { kind, state, .. } => (Topic::OutboxEnded, of_effect(kind, *state)),
        Happening::Kept { effect, .. } => match effect.state {
            EffectState::WaitingForApproval => (Topic::ApprovalWaiting, None),
            EffectState::Rejected | EffectState::Expired => (Topic::ApprovalEnded, Some(Topic::OutboxEnded)),
            _ => (Topic::OutboxEnded, None),
        },
        Happening::Approved { .. } => (Topic::ApprovalEnded, None),
        Happening::Budget { line, .. } => match line.state {
            BudgetState::Spent => (Topic::BudgetSpent, None),
            BudgetState::Near | BudgetState::Ok => (Topic::BudgetNear, None),
        },
        Happening::Swap { .. } => (Topic::PluginSwap, None),
        Happening::Quarantined { .. } => (Topic::PluginQuarantined, None),
        Happening::Paused { paused: Some(_), .. } => (Topic::AgentPaused, None),
        Happening::Paused { paused: None, .. } => (Topic::AgentResumed, None),
        Happening::Undecidable { .. } => (Topic::OutboxInDoubt, None),
        Happening::Unreached { .. } => (Topic::OutboxUnreached, None),
        Happening::Held { .. } => (Topic::OutboxHeld, None),
        Happening::Posted { .. } => (Topic::TimelinePost, None),
        Happening::Halted { .. } => (Topic::SystemStatus, None),
    };
    std::iter::once(first).chain(second)
}

/// What an effect that was done is to those who watch an agent.
fn of_effect(kind: &str, state: EffectState) -> Option<Topic> {
    match kind {
        _ if state != EffectState::Done => None,
        "post" | "thread" => Some(Topic::AgentPost),
        "reply" | "quote" => Some(Topic::AgentReply),
        "swap" => Some(Topic::AgentTrade),
        _ => None,
    }
}

/// When, and whose; none: the host's.
pub(super) fn about(happening: &Happening) -> (Timestamp, Option<&AgentId>) {
    match happening {
        Happening::Accepted { at, agent, .. }
        | Happening::Invoked { at, agent, .. }
        | Happening::DeadLettered { at, agent, .. }
        | Happening::Effect { at, agent, .. }
        | Happening::Paused { at, agent, .. } => (*at, Some(agent)),
        Happening::Kept { at, effect } | Happening::Approved { at, effect } | Happening::Undecidable { at, effect } => {
            (*at, Some(&effect.agent))
        }
        Happening::Budget { at, line } => match &line.key.owner {
            Owner::Agent { agent, .. } => (*at, Some(agent)),
            Owner::Account(_) | Owner::Host => (*at, None),
        },
        Happening::Swap { at, .. }
        | Happening::Quarantined { at, .. }
        | Happening::Unreached { at, .. }
        | Happening::Held { at, .. }
        | Happening::Posted { at, .. }
        | Happening::Halted { at, .. } => (*at, None),
    }
}

/// What a message of this topic says of it.
pub(super) fn data(topic: Topic, happening: &Happening) -> Value {
    match happening {
        Happening::Accepted { event, kind, .. } => json!({ "event": event, "kind": kind }),
        Happening::Invoked { mood: Some(mood), invocation, .. } if topic == Topic::AgentMood => json!({
            "valence": mood.valence, "arousal": mood.arousal, "dominance": mood.dominance, "invocation": invocation,
        }),
        Happening::Invoked {
            event,
            kind,
            invocation,
            plugin,
            outcome: (outcome, detail),
            again,
            decisions,
            fuel,
            peak_memory_bytes,
            timing,
            ..
        } => json!({
            "invocation": invocation, "event": event, "kind": kind, "plugin": plugin, "outcome": outcome,
            "detail": detail, "again": again, "decisions": decisions, "fuel": fuel,
            "peak_memory_bytes": peak_memory_bytes, "timing_us": timing,
        }),
        Happening::DeadLettered { event, kind, reason, .. } => {
            json!({ "event": event, "kind": kind, "reason": reason })
        }
        Happening::Effect { effect, kind, state, posts, about, .. } => match topic {
            Topic::OutboxEnded => json!({ "effect": effect, "kind": kind, "state": state, "about": about }),
            Topic::AgentTrade => json!({ "effect": effect }),
            _ => {
                let posts: Vec<Value> = posts.iter().map(post).collect();
                json!({ "effect": effect, "kind": kind, "posts": posts, "about": about })
            }
        },
        Happening::Kept { effect, .. } if topic == Topic::ApprovalWaiting => json!({
            "effect": effect.id, "kind": effect.body.kind(), "digest": effect.digest(), "expires_at": effect.expires,
        }),
        Happening::Kept { effect, .. } => ended(effect, effect.state.name()),
        Happening::Approved { effect, .. } => ended(effect, "approved"),
        Happening::Budget { line, .. } => serde_json::to_value(budget_row(line)).unwrap_or_default(),
        Happening::Swap { pack, version, stage, detail, .. } => {
            json!({ "pack": pack, "version": version, "stage": stage, "detail": detail })
        }
        Happening::Quarantined { plugin, breach, strikes, .. } => json!({
            "pack": plugin.id, "version": plugin.version, "stage": "quarantined", "detail": breach.code(),
            "digest": plugin.digest, "strikes": strikes,
        }),
        Happening::Paused { paused, by, .. } => {
            json!({ "reason": paused.as_ref().and_then(|paused| paused.reason.as_ref()), "by": by })
        }
        Happening::Undecidable { effect, .. } => {
            json!({ "effect": effect.id, "kind": effect.body.kind(), "reason": effect.reason })
        }
        Happening::Unreached { account, until, .. } => json!({ "account": account, "until": until }),
        Happening::Held { account, held, .. } => json!({
            "account": account,
            "until": held.as_ref().map(|(_, until)| until),
            "reason": held.as_ref().map(|(reason, _)| reason),
        }),
        Happening::Posted { post, .. } => json!({ "post": self::post(post) }),
        Happening::Halted { halt: Some(halt), .. } => {
            json!({ "state": "halted", "since": halt.since, "reason": halt.reason })
        }
        Happening::Halted { halt: None, .. } => json!({ "state": "resumed" }),
    }
}

fn ended(effect: &Effect, state: &str) -> Value {
    json!({ "effect": effect.id, "kind": effect.body.kind(), "state": state })
}

/// A post that can be read, in few words.
pub fn post(post: &Post) -> Value {
    json!({
        "id": post.id, "at": post.at, "text": post.text, "author": post.author, "in_reply_to": post.in_reply_to,
        "quotes": post.quotes,
    })
}
