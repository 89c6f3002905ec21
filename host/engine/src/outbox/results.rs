//! What comes back of an effect: its result for its own agent, mentions and posts for others, and the lists of own posts.

use puppet_store::{Change, Effect, EffectState, Post, Store, StoreError};
use puppet_tweet::Delivery;
use puppet_types::{
    AgentId, Decision, Event, EventId, Memory, MemoryKind, Priority, Timestamp, Trust, ids, scrub, trade::Origin,
};
use puppet_wallet::SwapResult;
use serde_json::json;

use super::threads;
use crate::host::Host;

/// What its plugin hears of an effect that will not happen.
pub(crate) fn failed_event(effect: &Effect, at: Timestamp, reason: &str) -> Event {
    if let Decision::Swap { intent, origin } = &effect.body {
        let code = not_tried(effect, reason);
        let swap = (intent, *origin);
        let result = SwapResult::not_done(effect.id.as_str(), &effect.agent, swap, at, (code, reason));
        // No purse's word: what one may still say of it has another id.
        let id = EventId::from(ids::derive("evt", &[effect.id.as_str(), result.event_kind()]));
        return Event { id, ..swap_event(&effect.agent, &result, at, effect.hops) };
    }
    let payload = json!({ "decision": effect.n, "kind": effect.body.kind(), "error": threads::why(effect, reason) });
    result_event(effect, "post_failed", at, payload)
}

/// The code of a swap that ended without its purse.
fn not_tried(effect: &Effect, reason: &str) -> &'static str {
    match effect.state {
        EffectState::WaitingForApproval if reason.starts_with("rejected") => "rejected",
        EffectState::WaitingForApproval => "expired",
        _ if reason.starts_with(super::DROPPED) => "dropped",
        _ => "unavailable",
    }
}

/// What an agent hears of the end of a swap. Whoever tells it, tells the same: the id follows from the result's.
pub fn swap_event(agent: &AgentId, result: &SwapResult, at: Timestamp, hops: u32) -> Event {
    // A provider's words may hold a credential.
    let payload = serde_json::to_value(result).ok().and_then(scrub::value);
    let kind = result.event_kind();
    Event {
        id: EventId::from(ids::derive("evt", &["swap", &result.id])),
        kind: kind.to_owned(),
        source: "host".to_owned(),
        agent: agent.clone(),
        author: None,
        priority: Priority::Low,
        at,
        payload: payload.map(|(payload, _)| payload).unwrap_or_default(),
        hops,
        cause: None,
        broadcast: None,
    }
}

/// The same, of one that the operator may have begun anew: that it failed once more is another event.
pub(super) async fn failed_again_event(
    store: &dyn Store,
    effect: &Effect,
    at: Timestamp,
    reason: &str,
) -> Result<Event, StoreError> {
    let mut event = failed_event(effect, at, reason);
    let mut ends = 1_u64;
    while store.event(&event.id).await?.is_some() {
        ends += 1;
        event.id = EventId::from(ids::derive("evt", &[effect.id.as_str(), &event.kind, &ends.to_string()]));
    }
    Ok(event)
}

pub(super) fn result_event(effect: &Effect, kind: &str, at: Timestamp, payload: serde_json::Value) -> Event {
    Event {
        id: EventId::from(ids::derive("evt", &[effect.id.as_str(), kind])),
        kind: kind.to_owned(),
        source: "host".to_owned(),
        agent: effect.agent.clone(),
        author: None,
        priority: Priority::Low,
        at,
        payload,
        // How an effect ended is no step of a chain: what follows from it in the world is.
        hops: effect.hops,
        cause: None,
        broadcast: None,
    }
}

pub(super) fn delivered(host: &Host, effect: &Effect, n: usize, delivery: Delivery, at: Timestamp) -> Option<Event> {
    let agent = host.accounts.agent(&delivery.account)?;
    let id = ids::derive("evt", &[effect.id.as_str(), &n.to_string(), agent.as_str()]);
    Some(delivery_event(EventId::from(id), "local", agent, delivery, at))
}

/// What an account hears becomes an event of the agent behind it. `source`: the network.
pub fn delivery_event(id: EventId, source: &str, agent: AgentId, delivery: Delivery, at: Timestamp) -> Event {
    Event {
        id,
        priority: if delivery.kind == "mention" { Priority::High } else { Priority::Normal },
        kind: delivery.kind,
        source: source.to_owned(),
        agent,
        author: Some(delivery.author),
        at,
        payload: delivery.payload,
        hops: delivery.hops,
        cause: None,
        broadcast: None,
    }
}

/// The lists of own posts (20) and of everything posted (50): docs/capabilities/memory.md. `led_by` is what was behind the
/// call that posted.
pub(super) fn own_lists(host: &Host, effect: &Effect, post: &Post, led_by: Option<Origin>) -> Vec<Change> {
    let original = matches!(effect.body, Decision::Post { .. } | Decision::Thread { .. });
    let kinds = if original { vec![MemoryKind::Tweet, MemoryKind::Post] } else { vec![MemoryKind::Tweet] };
    kinds
        .into_iter()
        .map(|kind| {
            let memory = Memory {
                id: format!("{}:{}", if kind == MemoryKind::Post { "post" } else { "tweet" }, post.id),
                kind,
                content: post.text.clone(),
                at: post.at,
                importance: 0.5,
                valence: 0.0,
                associations: Vec::new(),
                metadata: vec![("post".to_owned(), post.id.to_string())],
                author: Some(post.author.to_string()),
                trust: Trust::Own,
                pinned: false,
                led_by,
            };
            host.remember(effect.agent.clone(), memory)
        })
        .collect()
}
