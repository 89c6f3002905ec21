//! One effect, whole, as `outbox show`, `retry` and `drop` tell it.

use puppet_api::view::effect::{Behind, Held, Told};
use puppet_tweet::policy::Refused;

use crate::{output::Output, trouble::Result};

/// Prints it; for people a line for each thing that there is to say.
pub fn print(told: &Told, out: Output) -> Result<()> {
    if out.json {
        return out.object(told);
    }
    out.line(format!("{} {} by {} as @{}: {}", told.id, told.kind, out.bold(&told.agent), told.account, told.state))?;
    let doubt = told.in_doubt.as_ref().map(|doubt| match told.state.as_str() {
        "sent" => format!("an attempt is under way since {}", doubt.begun),
        "waiting" => format!("since {}, in an attempt that was lost", doubt.begun),
        "in-doubt" if !doubt.undecidable => format!("since {}; its provider is asked", doubt.begun),
        _ => format!("since {}, and nobody can tell", doubt.begun),
    });
    let behind = told.behind.as_ref().map(|Behind { effect, state, until, reason }| {
        let reason = reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        let until = if told.held.is_some() { String::new() } else { format!(" until {until}") };
        format!("{effect}, which is {state}{until}{reason}")
    });
    let held = told.held.as_ref().map(|Held { since, until }| {
        let since = since.map_or_else(String::new, |since| format!("since {since}; "));
        let next = until.map_or_else(|| "by the next host, at its start".to_owned(), |until| format!("at {until}"));
        let first = told.behind.as_ref().map_or(&told.id, |behind| &behind.effect);
        format!("{since}the next try is {next}; once it is mended, `puppet outbox retry {first}` tries at once")
    });
    let refused = told.reason.as_deref().filter(|_| told.state == "failed").and_then(Refused::of_reason);
    let remedy = refused.map(Refused::remedy);
    let rows = [
        ("attempts", Some(told.attempts.to_string())),
        ("reason", told.reason.clone()),
        ("what helps", remedy.map(str::to_owned)),
        ("may have happened", doubt),
        ("provider's id", told.provider_id.clone()),
        ("not before", (told.state == "waiting" && told.held.is_none()).then(|| told.not_before.to_string())),
        ("its account is held", held),
        ("behind", behind),
        ("to be approved until", told.expires_at.map(|until| until.to_string())),
        ("invocation", Some(format!("{} (decision {})", told.invocation, told.decision))),
        ("what it says", Some(told.body.to_string())),
    ];
    let rows = rows.into_iter().filter_map(|(name, value)| Some((name, value?)));
    rows.into_iter().try_for_each(|(name, value)| out.line(format!("  {name}: {value}")))
}
