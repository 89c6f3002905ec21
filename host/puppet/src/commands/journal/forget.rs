//! `journal forget`: takes the words out of records that the operator names. What is meant is read from the folder; it is
//! forgotten through the running host where there is one, and otherwise in the folder.

use std::collections::BTreeSet;

use puppet_store::{Fate, Filter, Forgetting, Store};
use puppet_types::{Event, EventId, InvocationId, Timestamp, counted};
use serde::{Deserialize, Serialize};

use super::{known, no_such};
use crate::{
    cli::Forget,
    commands::budgets::present,
    control::{Folder, Request},
    moment::since,
    output::Output,
    records,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// Most ids in one request: each request is one transaction.
const AT_ONCE: usize = 500;

/// What was done, as it is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Told {
    /// Records that say nothing any more.
    forgotten: Vec<InvocationId>,
    /// What is as it was.
    refused: Vec<Refused>,
    /// Whether the log of the database is empty.
    log_emptied: bool,
}

/// What has not ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Refused {
    /// An invocation's, or that of an event that nobody has handled.
    id: String,
    reason: String,
}

/// What was meant.
#[derive(Default)]
struct Meant {
    ids: Vec<InvocationId>,
    /// Events that say it and have no record yet.
    waiting: Vec<EventId>,
}

/// Runs it.
pub async fn run(setup: &Setup, args: &Forget, out: Output) -> Result<()> {
    let meant = meant(setup, args).await?;
    if !meant.ids.is_empty() {
        confirmed(meant.ids.len(), args, out)?;
    }
    let waits = |id: EventId| Refused { id: id.to_string(), reason: "it waits to be handled".to_owned() };
    let refused = meant.waiting.into_iter().map(waits).collect();
    let mut told = Told { forgotten: Vec::new(), refused, log_emptied: true };
    let mut folder = Folder::of(setup);
    for ids in meant.ids.chunks(AT_ONCE) {
        let Told { forgotten, refused, log_emptied } = forget(setup, &mut folder, ids.to_vec()).await?;
        told.forgotten.extend(forgotten);
        told.refused.extend(refused);
        // Each time all of it is emptied.
        told.log_emptied = log_emptied;
    }
    say(&told, out)
}

/// Everything that the operator named.
async fn meant(setup: &Setup, args: &Forget) -> Result<Meant> {
    let store = records::open(setup).await?;
    if !args.ids.is_empty() {
        let ids: BTreeSet<InvocationId> = args.ids.iter().map(InvocationId::new).collect();
        for id in &ids {
            store.invocation(id).await?.ok_or_else(|| no_such(id))?;
        }
        return Ok(Meant { ids: ids.into_iter().collect(), ..Meant::default() });
    }
    let before = args.before.as_deref().map(|text| since(text, present(setup), "--before")).transpose()?;
    let filter =
        Filter { agent: args.agent.as_deref().map(Into::into), until: before, text: args.text.clone(), ..all() };
    if let Some(agent) = &filter.agent {
        known(&*store, agent).await?;
    }
    let (mut ids, events) = found(&*store, filter.clone()).await?;
    ids.extend(letters(&*store, &filter, &events).await?);
    Ok(Meant { ids, waiting: waiting(&*store, &filter).await? })
}

fn all() -> Filter {
    Filter { oldest_first: true, limit: AT_ONCE, ..Filter::default() }
}

/// Records, and the events that they are about.
async fn found(store: &dyn Store, mut filter: Filter) -> Result<(Vec<InvocationId>, BTreeSet<EventId>)> {
    let (mut ids, mut events) = (Vec::new(), BTreeSet::new());
    loop {
        let page = store.journal(&filter).await?;
        let Some(last) = page.last() else { return Ok((ids, events)) };
        filter.after_seq = Some(last.seq);
        for entry in page {
            ids.push(entry.invocation.id);
            events.insert(entry.invocation.event.id);
        }
    }
}

/// Dead letters that say it and have no record, by the ids of their events.
async fn letters(store: &dyn Store, filter: &Filter, recorded: &BTreeSet<EventId>) -> Result<Vec<InvocationId>> {
    // Nobody was called for these.
    const UNCALLED: [&str; 4] = ["loop", "no-agent", "mailbox-full", "host-panic"];
    let letters = store.dead_letters(usize::MAX).await?.into_iter();
    let letters = letters.filter(|letter| UNCALLED.contains(&letter.reason.as_str())).map(|letter| letter.event);
    let mut ids = Vec::new();
    for event in letters.filter(|event| is_meant(event, filter) && !recorded.contains(&event.id)) {
        ids.push(InvocationId::new(event.id.as_str()));
    }
    Ok(ids)
}

fn is_meant(event: &Event, filter: &Filter) -> bool {
    let text = filter.text.as_deref().map(str::to_lowercase);
    filter.agent.as_ref().is_none_or(|agent| event.agent == *agent)
        && filter.until.is_none_or(|until| event.at < until)
        && text.as_ref().is_none_or(|text| says(&event.payload, text))
}

/// Events that were never tried: they have no record.
async fn waiting(store: &dyn Store, filter: &Filter) -> Result<Vec<EventId>> {
    let waiting = store.waiting().await?.into_iter();
    let waiting = waiting.filter(|waiting| waiting.attempts == 0 && is_meant(&waiting.event, filter));
    Ok(waiting.map(|waiting| waiting.event.id).collect())
}

/// Whether a text stands anywhere in a payload.
fn says(payload: &serde_json::Value, text: &str) -> bool {
    use serde_json::Value;
    match payload {
        Value::String(said) => said.to_lowercase().contains(text),
        Value::Array(items) => items.iter().any(|item| says(item, text)),
        Value::Object(fields) => {
            fields.iter().any(|(key, value)| key.to_lowercase().contains(text) || says(value, text))
        }
        other => other.to_string().contains(text),
    }
}

fn confirmed(many: usize, args: &Forget, out: Output) -> Result<()> {
    if args.yes {
        return Ok(());
    }
    let many = counted(many as u64, "invocation", "invocations");
    let refused = |message: &str| {
        Err(Trouble::refused("not-confirmed", message, format!("--yes forgets what {many} said, without asking")))
    };
    if !out.can_ask() {
        return refused("nobody is here to be asked");
    }
    if out.asks(&format!("forget what {many} said? It cannot be brought back."))? {
        Ok(())
    } else {
        refused("nothing was forgotten")
    }
}

async fn forget(setup: &Setup, folder: &mut Folder<'_>, ids: Vec<InvocationId>) -> Result<Told> {
    match folder.ask(&Request::Forget { ids: ids.clone() }).await? {
        Some(answer) => serde_json::from_value(answer).map_err(Trouble::internal),
        None => Ok(Told::of(folder.rows().await?.forget(ids, &reason(present(setup))).await?)),
    }
}

/// What stands in the record from then on.
pub fn reason(at: Timestamp) -> String {
    format!("forgotten by the operator at {at}")
}

impl Told {
    /// Of what became of each.
    pub fn of(forgetting: Forgetting) -> Self {
        let mut told = Self { forgotten: Vec::new(), refused: Vec::new(), log_emptied: forgetting.log_emptied };
        for (id, fate) in forgetting.fates {
            let reason = match fate {
                Fate::Forgotten => {
                    told.forgotten.push(id);
                    continue;
                }
                Fate::Unknown => "it is not in this journal".to_owned(),
                Fate::Retried(event) => format!("its event {event} is tried again"),
                Fate::Leaving(effect, state) => format!("its effect {effect} is {}", state.name()),
            };
            told.refused.push(Refused { id: id.to_string(), reason });
        }
        told
    }
}

fn say(told: &Told, out: Output) -> Result<()> {
    if out.json {
        let Told { forgotten, refused, log_emptied } = told;
        out.object(&serde_json::json!({
            "schema": "puppet.forget/1", "forgotten": forgotten, "refused": refused, "log_emptied": log_emptied,
        }))?;
    } else {
        let many = counted(told.forgotten.len() as u64, "invocation", "invocations");
        out.line(format!("{many} forgotten"))?;
        told.refused.iter().try_for_each(|refused| out.line(format!("{}: {}", refused.id, refused.reason)))?;
    }
    if !told.log_emptied {
        out.note("somebody reads the database: its log holds the words until the next forget, or the host's end");
    }
    let Some(first) = told.refused.first() else { return Ok(()) };
    let message = match told.refused.len() {
        1 => format!("{} was not forgotten: {}", first.id, first.reason),
        more => format!("{more} were not forgotten, the first of them {}: {}", first.id, first.reason),
    };
    Err(Trouble::refused("not-ended", message, "forget them when they have ended"))
}
