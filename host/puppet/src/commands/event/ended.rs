//! How an event that was sent ended: the outcome, why, and what came of it.

use std::time::Duration;

use puppet_store::{EffectState, Store};
use puppet_types::{InvocationId, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    commands::outbox::beside,
    feed::beginning,
    invocation::{DecisionView, InvocationView},
    output::Output,
    records,
    setup::Setup,
    trouble::{Exit, Result, Trouble},
};

/// How long is waited for effects after the commit that decided them.
const EFFECTS: Duration = Duration::from_secs(5);
/// How often is looked.
const LOOK: Duration = Duration::from_millis(50);
/// Characters shown of what somebody wrote.
const BEGINNING: usize = 72;

/// How one agent took it.
#[derive(Debug, Serialize)]
struct Ended {
    invocation: String,
    agent: String,
    outcome: &'static str,
    code: Option<String>,
    message: Option<String>,
    retry_at: Option<Timestamp>,
    decisions: Vec<Decided>,
}

/// What it decided, and how far that is.
#[derive(Debug, Serialize)]
struct Decided {
    kind: &'static str,
    /// None where it was dropped.
    state: Option<EffectState>,
    text: Option<String>,
    reason: Option<String>,
}

/// Prints an answer of the host. What failed, and what is not handled yet, is an error.
pub async fn tell(setup: &Setup, answer: &Value, wait: bool, out: Output) -> Result<()> {
    let texts = |key: &str| -> Vec<String> {
        answer[key].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let outcome = answer["outcome"].as_str().unwrap_or_default();
    let (invocations, given_up) = (texts("invocations"), texts("given_up"));
    let ended = if invocations.is_empty() { Vec::new() } else { of(setup, &invocations).await? };
    if out.json {
        out.object(&json!({
            "schema": "puppet.event/1", "event_id": answer["event_id"], "outcome": outcome,
            "invocations": invocations, "ended": ended, "given_up": given_up,
        }))?;
    } else {
        out.line(format!("{} {outcome}", answer["event_id"].as_str().unwrap_or_default()))?;
        for reason in &given_up {
            out.line(format!("  {}: {reason}", out.bad("given up")))?;
        }
        ended.iter().flat_map(|one| lines(one, out)).try_for_each(|line| out.line(line))?;
    }
    complain(outcome, wait)
}

fn complain(outcome: &str, wait: bool) -> Result<()> {
    if wait && matches!(outcome, "failed" | "breach" | "dead-lettered") {
        let mut trouble = Trouble::input(
            "event-failed",
            format!("the event ended as `{outcome}`"),
            "`puppet journal` and `puppet journal dead` tell why",
        );
        trouble.exit = Exit::Failed;
        return Err(trouble);
    }
    if outcome == "waiting" {
        return Err(Trouble::unreachable(
            "still-waiting",
            "the event is accepted and not handled yet",
            "`puppet journal` shows it once it is",
        ));
    }
    Ok(())
}

/// From the journal, once the effects have left or have had their time.
async fn of(setup: &Setup, invocations: &[String]) -> Result<Vec<Ended>> {
    let store = records::open(setup).await?;
    let until = tokio::time::Instant::now() + EFFECTS;
    // What waits for that waits longer than anybody here.
    let halted = store.halted().await?.is_some();
    let mut all = Vec::new();
    for id in invocations {
        let id = InvocationId::new(id);
        while !halted && under_way(&*store, &id).await? && tokio::time::Instant::now() < until {
            tokio::time::sleep(LOOK).await;
        }
        if let Some(entry) = store.invocation(&id).await? {
            let effects = store.effects_of(&id).await?;
            all.push(Ended::of(InvocationView::new(entry, &effects)));
        }
    }
    Ok(all)
}

async fn under_way(store: &dyn Store, id: &InvocationId) -> Result<bool> {
    let effects = store.effects_of(id).await?;
    // One that failed before is tried again later than anybody waits for it.
    Ok(effects.iter().any(|effect| match effect.state {
        EffectState::Waiting => effect.attempts == 0,
        state => state == EffectState::Sent,
    }))
}

impl Ended {
    fn of(view: InvocationView) -> Self {
        let (code, message, retry_at) = match view.declined {
            Some(declined) => (Some(declined.code), Some(declined.message), declined.retry_at),
            None => (view.breach.map(str::to_owned), view.error, None),
        };
        Self {
            invocation: view.id,
            agent: view.agent,
            outcome: view.outcome,
            code,
            message,
            retry_at,
            decisions: view.decisions.into_iter().map(Decided::of).collect(),
        }
    }
}

impl Decided {
    fn of(view: DecisionView) -> Self {
        let decision = &view.decision.decision;
        let (state, reason) = view.effect.map_or((None, None), |effect| (Some(effect.state), effect.reason));
        Self { kind: decision.kind(), state, text: decision.text().map(|text| beginning(text, BEGINNING)), reason }
    }
}

/// One line for how it ended and why, one for each decision, and where more is told.
fn lines(one: &Ended, out: Output) -> Vec<String> {
    let why: Vec<&str> = [one.code.as_deref(), one.message.as_deref()].into_iter().flatten().collect();
    let again = one.retry_at.map_or_else(String::new, |at| format!("; again at {at}"));
    let outcome = match one.outcome {
        "ok" => out.good("ok"),
        "declined" => out.odd("declined"),
        other => out.bad(other),
    };
    let gap = if why.is_empty() { "" } else { " " };
    let mut lines = vec![format!("  {} {outcome}{gap}{}{again}", out.bold(&one.agent), why.join(": "))];
    lines.extend(one.decisions.iter().map(|decided| {
        let state = decided.state.map_or("dropped", EffectState::name);
        let text = decided.text.as_ref().map_or_else(String::new, |text| format!(": {text}"));
        let reason = decided.reason.as_deref().map_or_else(String::new, |reason| {
            format!(": {}", decided.state.map_or(reason, |state| beside(state, reason)))
        });
        format!("    {} ({state}{reason}){text}", decided.kind)
    }));
    lines.push(out.dim(format!("    puppet journal show {}", one.invocation)));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decline_tells_when_it_comes_again_and_an_effect_why_it_failed() {
        let decided = |state, text: Option<&str>, reason: Option<&str>| Decided {
            kind: "post",
            state,
            text: text.map(str::to_owned),
            reason: reason.map(str::to_owned),
        };
        let one = Ended {
            invocation: "inv_1".to_owned(),
            agent: "ember".to_owned(),
            outcome: "declined",
            code: Some("too-soon".to_owned()),
            message: Some("not yet".to_owned()),
            retry_at: Timestamp::parse("2026-01-05T09:41:00Z"),
            decisions: vec![
                decided(None, Some("Tea."), None),
                decided(Some(EffectState::Failed), None, Some("there is no post 7")),
                decided(Some(EffectState::InDoubt), None, Some("in doubt: no answer came")),
            ],
        };
        let expected = [
            "  ember declined too-soon: not yet; again at 2026-01-05T09:41:00.000Z",
            "    post (dropped): Tea.",
            "    post (failed: there is no post 7)",
            "    post (in-doubt: no answer came)",
            "    puppet journal show inv_1",
        ];
        assert_eq!(lines(&one, Output::new(true)), expected);
    }
}
