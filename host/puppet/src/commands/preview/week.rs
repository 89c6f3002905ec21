//! One character lives its days: as `puppet simulate` would let it, alone, in memory, with what it requests granted.

use std::{collections::BTreeMap, sync::Arc};

use puppet_engine::{
    Host, VirtualClock,
    report::{self, Report},
    simulation::{self, Progress},
};
use puppet_grants::{Amount, BudgetKey, Period};
use puppet_store::{EffectState, Filter, JournalEntry, sqlite::SqliteStore};
use puppet_types::{AgentId, Capability, Decision, Invocation, Outcome, ReadStatus, Timestamp};

use super::subject::Subject;
use crate::{
    agents::Found,
    assembly::{self, Assembly},
    cli::Simulate,
    commands::simulate::{self, Course},
    output::Output,
    setup::Setup,
    trouble::Result,
};

const DAY_MS: u64 = 86_400_000;
/// Entries of the journal read at a time.
const PAGE: usize = 2_000;

/// What the days came to.
pub struct Lived {
    /// As `simulate` reports it.
    pub report: Report,
    /// Bytes of the memories that it was born with.
    pub memory_bytes_at_start: u64,
    /// A row per day.
    pub days: Vec<Day>,
    /// Every budget of the agent.
    pub budgets: Vec<Used>,
    /// Operations that it used, per capability.
    pub operations: BTreeMap<Capability, Vec<String>>,
    /// Calls that were refused for want of a grant or a budget.
    pub denied: BTreeMap<Capability, u64>,
    /// Effects that the real platform would refuse, by code.
    pub refused_by_platform: BTreeMap<&'static str, u64>,
    /// Timers that wait at the end.
    pub timers_waiting: u64,
}

/// A day of it.
#[derive(Debug, Clone, Default)]
pub struct Day {
    /// Effects that were done, by kind.
    pub effects: BTreeMap<&'static str, u64>,
    /// Prompt and completion together.
    pub tokens: u64,
    /// Millionths of a dollar.
    pub usd_micros: u64,
    /// Timers that were set.
    pub timers: u64,
    /// Timers that fired.
    pub timers_fired: u64,
    /// Memories at its end.
    pub memory_rows: u64,
    /// Bytes of them.
    pub memory_bytes: u64,
}

/// A budget with the most that was used of it.
#[derive(Debug, Clone)]
pub struct Used {
    /// Of what.
    pub capability: Capability,
    /// What is counted.
    pub amount: Amount,
    /// Over what period.
    pub period: Period,
    /// What the pack may have at the most: what it requests, up to the ceiling.
    pub requested: u64,
    /// The most used and reserved at one time in any window.
    pub peak: u64,
}

impl Used {
    /// Whether it is more with every day that is lived, as memories are.
    pub fn grows(&self) -> bool {
        self.capability == Capability::Memory && self.period == Period::AtOnce
    }

    /// What is there at once is more than what decisions made it: the host remembers posts beside them.
    fn stood_at(&mut self, days: &[Day], timers_waiting: u64) {
        let most = |of: fn(&Day) -> u64| days.iter().map(of).max().unwrap_or(0);
        let there = match (self.capability, self.amount, self.period) {
            (Capability::Memory, Amount::Rows, Period::AtOnce) => most(|day| day.memory_rows),
            (Capability::Memory, Amount::Bytes, Period::AtOnce) => most(|day| day.memory_bytes),
            (Capability::Schedule, Amount::Timers, Period::AtOnce) => timers_waiting,
            _ => 0,
        };
        self.peak = self.peak.max(there);
    }
}

/// Lives it.
pub async fn live(setup: &Setup, args: &Simulate, subject: Subject, out: Output) -> Result<Lived> {
    let course = Course::read(setup, args)?;
    let Subject { spec, brought, .. } = subject;
    let agent = spec.id.clone();
    let clock = Arc::new(VirtualClock::new(course.start));
    let plan = simulate::plan(args, &course, SqliteStore::in_memory()?.into(), &clock);
    let found = Found { specs: vec![spec], brought: brought.into_iter().collect(), ..Found::default() };
    let Assembly { host, .. } = assembly::assemble_with(setup, plan, &found.brought)?;
    host.ledger.keep_usage();
    host.load().await?;
    simulate::settle(&host, &found, &course).await?;
    let memory_bytes_at_start = host.store.memory_size(&agent).await?.bytes;
    let mut days = day_by_day(&host, &clock, &course, &agent, out).await?;
    let denied = journaled(&host, &agent, course.start, &mut days).await?;
    done(&host, &agent, course.start, &mut days).await?;
    let timers_waiting = waiting(&host, &agent).await?;
    let mut budgets = budgets(&host, &agent).await?;
    budgets.iter_mut().for_each(|used| used.stood_at(&days, timers_waiting));
    Ok(Lived {
        memory_bytes_at_start,
        timers_waiting,
        budgets,
        denied,
        operations: operations(&host, &agent),
        refused_by_platform: report::refused_by_platform(&host, &agent, &setup.config.tweet.posting_rules()).await?,
        report: report::build(&host, simulate::facts(args, &course, &found)).await?,
        days,
    })
}

/// Runs one day after the other, and looks at the memory in the evening. Stops between days change nothing.
async fn day_by_day(
    host: &Arc<Host>,
    clock: &VirtualClock,
    course: &Course,
    agent: &AgentId,
    out: Output,
) -> Result<Vec<Day>> {
    let bar = simulate::bar(course, out);
    let (mut days, mut end, mut before) = (Vec::new(), course.start, (0, 0));
    while end < course.end {
        end = end.plus_millis(DAY_MS);
        let ran = simulation::run(host, clock, end, course.workers, |seen| {
            let (invocations, effects) = (before.0 + seen.invocations, before.1 + seen.effects);
            simulate::show(&bar, course, Progress { invocations, effects, ..seen });
        });
        let ran = ran.await?;
        before = (before.0 + ran.invocations, before.1 + ran.effects);
        let size = host.store.memory_size(agent).await?;
        days.push(Day { memory_rows: size.rows, memory_bytes: size.bytes, ..Day::default() });
    }
    bar.finish_and_clear();
    Ok(days)
}

/// The day of a time.
fn day(days: &mut [Day], start: Timestamp, at: Timestamp) -> Option<&mut Day> {
    days.get_mut(usize::try_from(at.millis_since(start) / DAY_MS).ok()?)
}

/// Puts what the journal says into the days. Answers what was denied.
async fn journaled(
    host: &Host,
    agent: &AgentId,
    start: Timestamp,
    days: &mut [Day],
) -> Result<BTreeMap<Capability, u64>> {
    let (mut denied, mut after) = (BTreeMap::new(), 0);
    loop {
        let (agent, after_seq) = (Some(agent.clone()), Some(after));
        let filter = Filter { agent, after_seq, oldest_first: true, limit: PAGE, ..Filter::default() };
        let page = host.store.journal(&filter).await?;
        let Some(last) = page.last() else { return Ok(denied) };
        after = last.seq;
        for JournalEntry { invocation, .. } in page {
            if let Some(day) = day(days, start, invocation.at) {
                tally(day, &invocation, &mut denied);
            }
        }
    }
}

fn tally(day: &mut Day, invocation: &Invocation, denied: &mut BTreeMap<Capability, u64>) {
    for read in &invocation.reads {
        day.tokens += read.cost.tokens;
        day.usd_micros += read.cost.usd_micros;
        if matches!(read.status, ReadStatus::Denied | ReadStatus::Budget) {
            *denied.entry(read.capability).or_default() += 1;
        }
    }
    if invocation.event.source == "timer" {
        day.timers_fired += 1;
    }
    if invocation.outcome == Outcome::Ok {
        let set = |numbered: &&puppet_types::NumberedDecision| matches!(numbered.decision, Decision::SetTimer { .. });
        day.timers += invocation.decisions.iter().filter(set).count() as u64;
    }
}

/// Puts the effects that were done into the days in which they left.
async fn done(host: &Host, agent: &AgentId, start: Timestamp, days: &mut [Day]) -> Result<()> {
    for effect in host.store.effects(&[EffectState::Done]).await? {
        if effect.agent == *agent
            && let Some(day) = day(days, start, effect.not_before)
        {
            *day.effects.entry(effect.body.kind()).or_default() += 1;
        }
    }
    Ok(())
}

/// Every budget that is the agent's own, by key, with its peak.
async fn budgets(host: &Host, agent: &AgentId) -> Result<Vec<Used>> {
    let Some(actor) = host.actor(agent).await? else { return Ok(Vec::new()) };
    let usage = host.ledger.usage();
    let peak = |key: &BudgetKey| match key.period {
        Period::AtOnce => usage.at_once.get(key).copied(),
        _ => host.ledger.peak(key),
    };
    let lines = actor.rights.lines(host.now()).into_iter().filter(|line| line.key.agent() == Some(agent));
    let mut used: Vec<Used> = lines
        .map(|line| Used {
            capability: line.key.capability,
            amount: line.key.amount,
            period: line.key.period,
            requested: line.limit,
            peak: peak(&line.key).unwrap_or(0),
        })
        .collect();
    used.sort_by_key(|used| (used.capability, used.amount, used.period));
    Ok(used)
}

/// There is no purse, no market and no network here: what was asked of them was not had, so nothing of it was used.
fn operations(host: &Host, agent: &AgentId) -> BTreeMap<Capability, Vec<String>> {
    let mut operations: BTreeMap<Capability, Vec<String>> = BTreeMap::new();
    let is_here = |capability| !matches!(capability, Capability::Wallet | Capability::Market | Capability::Http);
    let used = host.ledger.usage().operations.into_iter();
    for (_, capability, name) in used.filter(|(of, capability, _)| of == agent && is_here(*capability)) {
        operations.entry(capability).or_default().push(name);
    }
    operations
}

async fn waiting(host: &Host, agent: &AgentId) -> Result<u64> {
    let Some(actor) = host.actor(agent).await? else { return Ok(0) };
    Ok(host.store.timers_of(agent, &actor.plugin.id).await?.len() as u64)
}
