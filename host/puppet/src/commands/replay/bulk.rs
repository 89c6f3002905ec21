//! Many records at once: chosen as `journal` chooses, as many at a time as there are processors, told as they come.

use std::sync::Arc;

use indicatif::ProgressBar;
use puppet_store::{Filter, JournalEntry, Store};
use puppet_types::AgentId;
use tokio::task::JoinSet;

use super::{
    builds::Builds,
    report::{Item, Report},
    stage::{self, Stage},
    subject::Subjects,
};
use crate::{
    cli::Replay,
    commands::{budgets::present, journal},
    moment,
    output::Output,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// Entries read at a time.
const PAGE: usize = 256;

/// What the operator asked for.
pub struct Choice(Filter);

impl Choice {
    /// By its flags.
    pub fn of(setup: &Setup, args: &Replay) -> Result<Self> {
        journal::is_outcome(args.outcome.as_deref())?;
        let now = present(setup);
        let time = |text: Option<&str>, flag| text.map(|text| moment::since(text, now, flag)).transpose();
        Ok(Self(Filter {
            agent: args.agent.as_deref().map(AgentId::new),
            kind: args.kind.clone(),
            outcome: args.outcome.clone(),
            since: time(args.since.as_deref(), "--since")?,
            until: time(args.until.as_deref(), "--until")?,
            oldest_first: true,
            limit: PAGE,
            ..Filter::default()
        }))
    }
}

type Done = (usize, Result<Item>);

/// Replays all of them. What a host adds meanwhile is not among them.
pub async fn run(
    setup: &Setup,
    store: &Arc<dyn Store>,
    choice: &Choice,
    builds: &mut Builds<'_>,
    out: Output,
) -> Result<Report> {
    let mut filter = choice.0.clone();
    if let Some(agent) = &filter.agent {
        journal::known(&**store, agent).await?;
    }
    let newest = store.journal(&Filter { limit: 1, ..Filter::default() }).await?;
    filter.before_seq = newest.first().map(|entry| entry.seq + 1);
    let (mut subjects, mut stage) = (Subjects::new(setup, store), Stage::new(setup));
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let (mut running, mut done) = (JoinSet::new(), Vec::new());
    let bar = bar(out);
    let mut count = 0;
    while let Some(page) = page(&**store, &mut filter).await? {
        for entry in page {
            let found = subjects.find(entry, builds).await?;
            match stage::prepare(&mut stage, found, builds)? {
                Ok(ready) => {
                    while running.len() >= at_once {
                        next(&mut running, &mut done, &bar).await?;
                    }
                    let n = count;
                    running.spawn(async move { (n, replayed(ready).await) });
                }
                Err((recorded, reason)) => done.push((count, Item::of(&recorded, Err(reason)))),
            }
            count += 1;
        }
    }
    while !running.is_empty() {
        next(&mut running, &mut done, &bar).await?;
    }
    bar.finish_and_clear();
    done.sort_by_key(|(n, _)| *n);
    let mut report = Report::new(builds.with());
    done.into_iter().for_each(|(_, item)| report.add(item));
    Ok(report)
}

async fn page(store: &dyn Store, filter: &mut Filter) -> Result<Option<Vec<JournalEntry>>> {
    let page = store.journal(filter).await?;
    let last = page.last().map(|entry| entry.seq);
    filter.after_seq = last.or(filter.after_seq);
    Ok(last.map(|_| page))
}

async fn replayed(ready: stage::Ready) -> Result<Item> {
    let (recorded, replayed) = ready.replay().await?;
    Ok(Item::of(&recorded, replayed))
}

async fn next(running: &mut JoinSet<Done>, done: &mut Vec<(usize, Item)>, bar: &ProgressBar) -> Result<()> {
    let Some(ended) = running.join_next().await else { return Ok(()) };
    let (n, item) = ended.map_err(Trouble::internal)?;
    let item = item?;
    if item.same == Some(false) {
        bar.println(format!("{} of {} on {} differs", item.id, item.agent, item.kind));
    }
    done.push((n, item));
    bar.inc(1);
    Ok(())
}

/// How far it is.
fn bar(out: Output) -> ProgressBar {
    out.bar(None, "{spinner} {pos} replayed  {per_sec}  {elapsed}")
}
