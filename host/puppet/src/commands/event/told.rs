//! How an event that was sent ended, for people and for scripts.

use puppet_store::EffectState;

use crate::{
    commands::outbox::beside,
    output::Output,
    sending::{Sent, ended::Ended},
    trouble::{Exit, Result, Trouble},
};

/// Prints it. What failed, and what is not handled yet, is an error.
pub fn tell(sent: &Sent, wait: bool, out: Output) -> Result<()> {
    sent.notes.iter().for_each(|note| out.note(note));
    if out.json {
        out.object(sent)?;
    } else {
        out.line(format!("{} {}", sent.event_id.as_ref().map_or("", |id| id.as_str()), sent.outcome))?;
        for reason in &sent.given_up {
            out.line(format!("  {}: {reason}", out.bad("given up")))?;
        }
        sent.ended.iter().flat_map(|one| lines(one, out)).try_for_each(|line| out.line(line))?;
    }
    complain(&sent.outcome, wait)
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
    use puppet_types::Timestamp;

    use super::*;
    use crate::sending::ended::Decided;

    #[test]
    fn a_decline_tells_when_it_comes_again_and_an_effect_why_it_failed() {
        let decided = |state, text: Option<&str>, reason: Option<&str>| Decided {
            kind: "post",
            state,
            provider_id: None,
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
