//! `puppet.diff-behaviour/1`: what both did with each record, and the sums.

use std::sync::Arc;

use puppet_engine::{
    Actor,
    swap::{Shadowed, shadow_one},
};
use puppet_types::{
    AgentId, Breach, Digest, Invocation, InvocationId, NumberedDecision, Outcome, PackId, PluginRef, Timestamp,
};
use serde::Serialize;
use tokio::task::JoinSet;

use super::{side::Side, stage::Stage};
use crate::trouble::{Result, Trouble};
use puppet_api::view::invocation::{DeclinedView, EventView, ended};

/// Everything.
#[derive(Serialize)]
pub struct Report {
    schema: &'static str,
    /// Of which the two are versions.
    pub pack: PackId,
    /// The one.
    pub old: Sums,
    /// The other.
    pub new: Sums,
    /// Fuel of the new one over that of the old one, six decimals; none where nothing was burnt.
    pub fuel_ratio: Option<f64>,
    /// Records that both were run on.
    pub replayed: u64,
    /// Of them those on which both end alike and decide the same.
    pub same: u64,
    /// And the others.
    pub changed: u64,
    /// Records that could not be run again.
    pub left_out: Vec<LeftOut>,
    /// Each record with what both did, by agent, oldest first.
    pub items: Vec<Item>,
}

/// One of the two, over all records.
#[derive(Serialize)]
pub struct Sums {
    /// As it was named.
    pub named: String,
    /// None of a bare component.
    pub version: Option<String>,
    /// Of its component.
    pub digest: Digest,
    /// Records that end in a trap.
    pub traps: u64,
    /// And in another breach.
    pub breaches: u64,
    /// Reads that the journal could not answer.
    pub unanswered_reads: u64,
    /// Units, in all.
    pub fuel: u64,
    /// Records on which it ends and decides as was recorded.
    pub as_recorded: u64,
}

/// A record that was not run.
#[derive(Serialize)]
pub struct LeftOut {
    /// Its id.
    pub invocation: InvocationId,
    /// Whose.
    pub agent: AgentId,
    /// When it ran.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// A record that both were run on.
#[derive(Serialize)]
pub struct Item {
    /// Its id.
    pub invocation: InvocationId,
    /// When it ran.
    pub at: Timestamp,
    /// Whose.
    pub agent: AgentId,
    /// Which version was called then.
    pub plugin: PluginRef,
    /// On what.
    pub event: EventView,
    /// Whether both end alike and decide the same.
    pub same: bool,
    /// What the one did.
    pub old: Did,
    /// And the other.
    pub new: Did,
}

/// What a version did with a record.
#[derive(Serialize)]
pub struct Did {
    /// How it ended.
    pub outcome: &'static str,
    /// In which breach.
    pub breach: Option<&'static str>,
    /// How it said no.
    pub declined: Option<DeclinedView>,
    /// Of a failure or a breach, in words.
    pub error: Option<String>,
    /// Units.
    pub fuel: u64,
    /// Reads that the journal could not answer.
    pub unanswered_reads: u32,
    /// Whether it ends and decides as was recorded.
    pub as_recorded: bool,
    /// In order.
    pub decisions: Vec<NumberedDecision>,
}

impl Sums {
    fn of(side: &Side) -> Self {
        Self {
            named: side.named.clone(),
            version: side.version.clone(),
            digest: side.digest(),
            traps: 0,
            breaches: 0,
            unanswered_reads: 0,
            fuel: 0,
            as_recorded: 0,
        }
    }

    fn add(&mut self, did: &Did) {
        let trapped = did.breach == Some(Breach::Trap.code());
        self.traps += u64::from(trapped);
        self.breaches += u64::from(did.breach.is_some() && !trapped);
        self.unanswered_reads += u64::from(did.unanswered_reads);
        self.fuel = self.fuel.saturating_add(did.fuel);
        self.as_recorded += u64::from(did.as_recorded);
    }
}

impl Did {
    fn of(shadowed: Shadowed) -> Self {
        let as_recorded = !shadowed.is_changed();
        let Shadowed { outcome, decisions, fuel, unanswered, .. } = shadowed;
        let (breach, declined, error) = ended(&outcome);
        Self {
            outcome: Outcome::name(&outcome),
            breach,
            declined,
            error,
            fuel,
            unanswered_reads: unanswered,
            as_recorded,
            decisions,
        }
    }
}

impl Item {
    fn of(old: Shadowed, new: Shadowed) -> Self {
        let same = !new.differs_from(&old);
        let Invocation { id, at, agent, plugin, event, .. } = old.recorded.clone();
        let (old, new) = (Did::of(old), Did::of(new));
        Self { invocation: id, at, agent, plugin, event: EventView::of(event), same, old, new }
    }
}

impl LeftOut {
    fn of(recorded: Invocation, reason: String) -> Self {
        Self { invocation: recorded.id, agent: recorded.agent, at: recorded.at, reason }
    }
}

impl Report {
    /// Nothing was run yet.
    pub fn new([old, new]: &[Side; 2]) -> Self {
        Self {
            schema: "puppet.diff-behaviour/1",
            pack: old.pack.clone(),
            old: Sums::of(old),
            new: Sums::of(new),
            fuel_ratio: None,
            replayed: 0,
            same: 0,
            changed: 0,
            left_out: Vec::new(),
            items: Vec::new(),
        }
    }

    /// Whether there was no record.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty() && self.left_out.is_empty()
    }

    /// Runs both on records of an agent.
    pub async fn add(&mut self, stages: &[Stage; 2], agent: &AgentId, records: Vec<Invocation>) -> Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        let [old, new] = stages;
        let (Some(old_actor), Some(new_actor)) = (old.cast(agent).await?, new.cast(agent).await?) else {
            let gone =
                records.into_iter().map(|one| LeftOut::of(one, "its agent does not live here any more".to_owned()));
            self.left_out.extend(gone);
            return Ok(());
        };
        let mut fit = Vec::new();
        for recorded in records {
            match recorded.unreplayable.clone() {
                Some(reason) => self.left_out.push(LeftOut::of(recorded, reason)),
                None => fit.push(recorded),
            }
        }
        self.items.extend(all(stages, (&old_actor, &new_actor), fit).await?);
        Ok(())
    }

    /// Adds everything up.
    pub fn sum(&mut self) {
        for item in &self.items {
            self.old.add(&item.old);
            self.new.add(&item.new);
            self.same += u64::from(item.same);
            self.changed += u64::from(!item.same);
        }
        self.replayed = self.same + self.changed;
        let (old, new) = (self.old.fuel, self.new.fuel);
        self.fuel_ratio = (old > 0).then(|| (new as f64 * 1e6 / old as f64).round() / 1e6);
    }
}

/// As many at a time as there are processors; answered in the order of the records.
async fn all(
    [old, new]: &[Stage; 2],
    (old_actor, new_actor): (&Arc<Actor>, &Arc<Actor>),
    records: Vec<Invocation>,
) -> Result<Vec<Item>> {
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let (mut running, mut items) = (JoinSet::new(), Vec::with_capacity(records.len()));
    for (n, recorded) in records.into_iter().enumerate() {
        if running.len() >= at_once
            && let Some(done) = running.join_next().await
        {
            items.push(done.map_err(Trouble::internal)?);
        }
        let (old, new) =
            ((Arc::clone(&old.host), Arc::clone(old_actor)), (Arc::clone(&new.host), Arc::clone(new_actor)));
        running.spawn(async move { (n, both(old, new, recorded).await) });
    }
    while let Some(done) = running.join_next().await {
        items.push(done.map_err(Trouble::internal)?);
    }
    items.sort_by_key(|(n, _)| *n);
    Ok(items.into_iter().map(|(_, item)| item).collect())
}

type Called = (Arc<puppet_engine::Host>, Arc<Actor>);

async fn both((host, actor): Called, other: Called, recorded: Invocation) -> Item {
    let old = shadow_one(&host, &actor, recorded.clone()).await;
    let new = shadow_one(&other.0, &other.1, recorded).await;
    Item::of(old, new)
}
