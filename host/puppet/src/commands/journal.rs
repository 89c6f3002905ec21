//! `journal` and `journal show`: what happened and why. Reads the data folder, also while a host works in it.

pub mod forget;
mod prune;

use puppet_store::{DeadLetter, Filter, StateBlob, Store};
use puppet_types::{AgentId, Capability, Event, InvocationId, Outcome, StateBytes, Timestamp, counted};
use serde_json::{Value, json};

use crate::{
    cli::{Journal, JournalCommand},
    commands::budgets::present,
    config,
    control::unknown_agent,
    moment::since,
    output::{List, Output},
    records,
    setup::Setup,
    trouble::{Result, Trouble},
};
use puppet_api::view::{handled::Buried, invocation::InvocationView};

/// Entries that are listed where nothing else is said.
const LISTED: usize = 50;
/// How often `-f` looks.
const FOLLOW_MS: u64 = 300;

/// Runs it.
pub async fn run(setup: &Setup, args: Journal, out: Output) -> Result<()> {
    match &args.command {
        Some(JournalCommand::Forget(args)) => return forget::run(setup, args, out).await,
        Some(JournalCommand::Prune(args)) => return prune::run(setup, args, out).await,
        _ => {}
    }
    let store = records::open(setup).await?;
    match &args.command {
        Some(JournalCommand::Show { id }) => return show(&*store, id, out).await,
        Some(JournalCommand::Dead { limit }) => return dead(&*store, *limit, out).await,
        Some(JournalCommand::Forget(_) | JournalCommand::Prune(_)) | None => {}
    }
    let mut filter = filter(&args, present(setup))?;
    if let Some(agent) = &filter.agent {
        known(&*store, agent).await?;
    }
    let no_such_kind = no_such_kind(&*store, filter.kind.as_deref()).await?;
    no_such_kind.iter().for_each(|told| out.note(told));
    if args.follow {
        return follow(&*store, filter, args.limit, out).await;
    }
    let wanted = filter.limit;
    filter.limit += 1;
    let mut entries = store.journal(&filter).await?;
    let more = entries.len() > wanted;
    entries.truncate(wanted);
    let next = entries.last().filter(|_| more).map(|entry| entry.seq.to_string());
    let mut items = Vec::with_capacity(entries.len());
    for entry in entries {
        let effects = store.effects_of(&entry.invocation.id).await?;
        items.push(InvocationView::new(entry, &effects));
    }
    if out.json {
        return out.object(&List { schema: "puppet.journal/1", items, next });
    }
    if items.is_empty() && no_such_kind.is_none() {
        out.note("no invocations match");
    }
    for item in items.iter().rev() {
        out.line(line(item, out))?;
    }
    if let Some(next) = next {
        out.note(format!("older ones: --before {next}"));
    }
    Ok(())
}

/// Whether an agent of this id may stand in the journal.
pub(super) async fn known(store: &dyn Store, agent: &AgentId) -> Result<()> {
    let all = records::everybody(store).await?;
    if all.contains(agent) { Ok(()) } else { Err(unknown_agent(agent, &all)) }
}

/// Records that are looked at for kinds that are called nearly like one.
const LOOKED_AT: usize = 256;

/// What to say of a kind that no record has, with the nearest one.
pub(super) async fn no_such_kind(store: &dyn Store, kind: Option<&str>) -> Result<Option<String>> {
    let Some(kind) = kind else { return Ok(None) };
    let of_kind = Filter { kind: Some(kind.to_owned()), limit: 1, ..Filter::default() };
    if !store.journal(&of_kind).await?.is_empty() {
        return Ok(None);
    }
    let latest = store.journal(&Filter { limit: LOOKED_AT, ..Filter::default() }).await?;
    let mut kinds: Vec<&str> = latest.iter().map(|entry| entry.invocation.event.kind.as_str()).collect();
    kinds.extend(Event::KINDS.iter().chain(&Event::HOST_KINDS).filter(|known| **known != kind));
    let near = config::nearest(kind, &kinds).map_or(String::new(), |near| format!(": did you mean `{near}`?"));
    Ok(Some(format!("no invocation is of the kind `{kind}`{near}")))
}

/// Events that were given up, newest first; on a terminal oldest first, as the journal.
async fn dead(store: &dyn Store, limit: u64, out: Output) -> Result<()> {
    let letters = store.dead_letters(usize::try_from(limit).unwrap_or(usize::MAX)).await?;
    if out.json {
        let items = letters.into_iter().map(Buried::of).collect();
        return out.object(&List { schema: "puppet.dead-letters/1", items, next: None });
    }
    if letters.is_empty() {
        out.note("no event was given up");
    }
    for DeadLetter { event, reason, at, .. } in letters.iter().rev() {
        let what = format!("{} {} for {}", event.id, event.kind, event.agent);
        out.line(format!("{} {} {what}", out.dim(at.to_string()), out.bad(reason)))?;
    }
    Ok(())
}

/// Whether an outcome is called like this.
pub(super) fn is_outcome(word: Option<&str>) -> Result<()> {
    if let Some(outcome) = word.filter(|outcome| !Outcome::NAMES.contains(outcome)) {
        let near = crate::config::nearest(outcome, &Outcome::NAMES)
            .map_or(String::new(), |near| format!(": did you mean `{near}`?"));
        let remedy = format!("use one of {}{near}", Outcome::NAMES.join(", "));
        return Err(Trouble::input("bad-value", format!("`{outcome}` is no outcome"), remedy).of_field("--outcome"));
    }
    Ok(())
}

fn filter(args: &Journal, now: Timestamp) -> Result<Filter> {
    is_outcome(args.outcome.as_deref())?;
    Ok(Filter {
        agent: args.agent.as_deref().map(Into::into),
        among: None,
        kind: args.kind.clone(),
        outcome: args.outcome.clone(),
        since: args.since.as_deref().map(|text| since(text, now, "--since")).transpose()?,
        until: args.until.as_deref().map(|text| since(text, now, "--until")).transpose()?,
        text: args.text.clone(),
        after_seq: None,
        before_seq: args.before,
        oldest_first: false,
        limit: args.limit.map_or(LISTED, |limit| usize::try_from(limit).unwrap_or(10_000)),
    })
}

async fn show(store: &dyn Store, id: &str, out: Output) -> Result<()> {
    let id = InvocationId::new(id);
    let entry = store.invocation(&id).await?.ok_or_else(|| no_such(&id))?;
    let effects = store.effects_of(&id).await?;
    let view = InvocationView::new(entry, &effects);
    if out.json { out.object(&view) } else { tell(&view, out) }
}

pub(super) fn no_such(id: &InvocationId) -> Trouble {
    let message = format!("no invocation `{id}` in this journal");
    Trouble::input("not-found", message, "`puppet journal` lists them; --data names another folder")
}

/// Ends after `most`, where that is said.
async fn follow(store: &dyn Store, mut filter: Filter, most: Option<u64>, out: Output) -> Result<()> {
    let mut left = most;
    // From a time on: what is there already comes first.
    if filter.since.is_none() {
        let newest = store.journal(&Filter { limit: 1, ..Filter::default() }).await?;
        filter.after_seq = Some(newest.first().map_or(0, |entry| entry.seq));
    }
    filter.oldest_first = true;
    loop {
        let page = store.journal(&filter).await?;
        let is_full = page.len() == filter.limit;
        for entry in page {
            filter.after_seq = Some(entry.seq);
            let effects = store.effects_of(&entry.invocation.id).await?;
            let view = InvocationView::new(entry, &effects);
            if out.json {
                out.object_line(&view)?
            } else {
                out.line(line(&view, out))?
            }
            left = left.map(|left| left.saturating_sub(1));
            if left == Some(0) {
                return Ok(());
            }
        }
        if !is_full {
            tokio::time::sleep(std::time::Duration::from_millis(FOLLOW_MS)).await;
        }
    }
}

/// One line: when, who, on what, how it ended, what was decided.
fn line(view: &InvocationView, out: Output) -> String {
    let outcome = match (view.outcome, view.breach, &view.declined) {
        ("ok", ..) => out.good("ok"),
        (_, Some(breach), _) => out.bad(breach),
        (_, _, Some(declined)) => out.odd(format!("declined {}", declined.code)),
        (other, ..) => out.bad(other),
    };
    let decisions: Vec<&str> = view.decisions.iter().map(|view| view.decision.decision.kind()).collect();
    let at = view.at.to_string();
    format!(
        "{} {} {} {outcome} {} {}",
        out.dim(at.get(..19).unwrap_or(&at)),
        out.bold(&view.agent),
        view.event.kind,
        decisions.join("+"),
        out.dim(&view.id)
    )
}

/// An answer as people read it: a blob of state is text where it is text, else hex.
pub(super) fn answer(capability: Capability, answer: &str) -> String {
    let told = || {
        let found: Value = serde_json::from_str(answer).ok()?;
        let StateBlob { version, data } = serde_json::from_value(found.clone()).ok()?;
        let mut told = json!({ "version": version, "data": StateBytes::new(data) });
        if let Some(migrated) = found.get("migrated") {
            told["migrated"] = migrated.clone();
        }
        Some(told.to_string())
    };
    let told = if capability == Capability::State { told() } else { None };
    told.unwrap_or_else(|| answer.to_owned())
}

/// One invocation, told.
fn tell(view: &InvocationView, out: Output) -> Result<()> {
    out.line(out.bold(format!("{} · {} · {}", view.id, view.agent, view.at)))?;
    let plugin = &view.plugin;
    out.line(format!("plugin    {} {} ({})", plugin.id, plugin.version, plugin.digest))?;
    let event = &view.event;
    out.line(format!("event     {} {} from {}: {}", event.id, event.kind, event.source, event.payload))?;
    let ended = match (&view.error, &view.declined) {
        (Some(error), _) => format!("{}: {error}", view.breach.unwrap_or(view.outcome)),
        (_, Some(declined)) => format!("declined {}: {}", declined.code, declined.message),
        _ => view.outcome.to_owned(),
    };
    out.line(format!("outcome   {ended}"))?;
    if let Some(reason) = &view.unreplayable {
        out.line(out.odd(format!("cannot be run again: {reason}")))?;
    }
    out.line(format!("used      {} fuel, {} of memory", view.fuel, counted(view.peak_memory_bytes, "byte", "bytes")))?;
    if let Some(timing) = view.timing_us {
        out.line(format!("time      {} µs in the sandbox, {} µs in reads", timing.sandbox, timing.reads))?;
    }
    for read in &view.reads {
        out.line(out.bold(format!("\nread {} {}.{}", read.n, read.capability, read.operation)))?;
        out.line(format!("  asked   {}", read.request.as_str()))?;
        out.line(format!("  answer  {}", answer(read.capability, read.answer.as_str())))?;
    }
    for decision in &view.decisions {
        let body = serde_json::to_value(&decision.decision.decision).map_err(Trouble::internal)?;
        let state = match &decision.effect {
            Some(effect) => effect.state.name(),
            None => "dropped",
        };
        let kind = decision.decision.decision.kind();
        out.line(out.bold(format!("\ndecision {} {kind} ({})", decision.decision.n, state)))?;
        out.line(format!("  {}", body.get("body").unwrap_or(&Value::Null)))?;
    }
    for line in &view.log {
        out.line(out.dim(format!("log {line}")))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_of_state_is_told_as_text_or_hex() {
        let table = [
            (Capability::State, r#"{"version":1,"data":[104,105]}"#, r#"{"data":{"text":"hi"},"version":1}"#),
            (Capability::State, r#"{"version":2,"data":[255,0]}"#, r#"{"data":{"hex":"ff00"},"version":2}"#),
            (
                Capability::State,
                r#"{"version":2,"data":[104],"migrated":{"from":null,"version":1,"fuel":9}}"#,
                r#"{"data":{"text":"h"},"migrated":{"from":null,"fuel":9,"version":1},"version":2}"#,
            ),
            (Capability::State, "null", "null"),
            (Capability::Memory, r#"{"version":1,"data":[104]}"#, r#"{"version":1,"data":[104]}"#),
        ];
        for (capability, asked, told) in table {
            assert_eq!(answer(capability, asked), told);
        }
    }
}
