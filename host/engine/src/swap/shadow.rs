//! Shadow replay: what was recorded of the agents that a new version would serve, run again on that version. Reads are
//! answered from the journal, those that it cannot answer by what costs nothing; nothing of it is kept, charged or done.

use std::{collections::VecDeque, sync::Arc, time::Instant};

use puppet_grants::Ledger;
use puppet_llm::Llm;
use puppet_store::{AgentRow, Filter, JournalEntry, MemorySize, StoreError};
use puppet_types::{AgentId, Breach, Invocation, InvocationId, NumberedDecision, Outcome, PackId};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::{
    actor::Actor,
    host::Host,
    invocation::{self, Answers, Origin},
    swap::{Candidate, SwapRules},
};

/// Invocations that are run again at the same time: those who live come first, and hardly anybody waits for this.
const AT_ONCE: usize = 1;
/// Differences that are kept to be shown.
const SHOWN: usize = 20;

/// One recorded invocation on another version.
#[derive(Debug, Clone, PartialEq)]
pub struct Shadowed {
    /// Its record.
    pub recorded: Invocation,
    /// How it ended now.
    pub outcome: Outcome,
    /// What it decided now.
    pub decisions: Vec<NumberedDecision>,
    /// Units of fuel now.
    pub fuel: u64,
    /// Reads that the journal could not answer.
    pub unanswered: u32,
}

impl Shadowed {
    /// The breach that it ends in now, and did not before.
    pub fn breach(&self) -> Option<Breach> {
        match (&self.outcome, &self.recorded.outcome) {
            (Outcome::Breach(now, _), Outcome::Breach(then, _)) if now == then => None,
            (Outcome::Breach(now, _), _) => Some(*now),
            _ => None,
        }
    }

    /// Whether it ends otherwise, or decides something else. Ids of posts that never were cannot differ: what is
    /// compared are the decisions as they stand in the journal.
    pub fn is_changed(&self) -> bool {
        !self.outcome.is_same_end(&self.recorded.outcome) || self.decisions != self.recorded.decisions
    }

    /// Whether another version, on the same record, ends otherwise or decides something else.
    pub fn differs_from(&self, other: &Self) -> bool {
        !self.outcome.is_same_end(&other.outcome) || self.decisions != other.decisions
    }
}

/// An invocation that ends in a breach on the new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Its record.
    pub invocation: InvocationId,
    /// Whose.
    pub agent: AgentId,
    /// The breach.
    pub breach: Breach,
    /// In words.
    pub detail: String,
}

/// What a shadow replay showed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shadow {
    /// Invocations that were run again.
    pub replayed: u64,
    /// Of them those that trap now.
    pub traps: u64,
    /// And those that end in another breach now.
    pub breaches: u64,
    /// Those that end or decide otherwise.
    pub changed_decisions: u64,
    /// Reads that the journal could not answer.
    pub unanswered_reads: u64,
    /// Fuel as it was recorded.
    pub fuel_recorded: u64,
    /// And as it is now.
    pub fuel_replayed: u64,
    /// The first that trapped or broke a limit.
    pub fault: Option<Fault>,
    /// Some of those that changed.
    pub changed: Vec<InvocationId>,
}

impl Shadow {
    fn add(&mut self, one: &Shadowed) {
        self.replayed += 1;
        self.unanswered_reads += u64::from(one.unanswered);
        self.fuel_recorded = self.fuel_recorded.saturating_add(one.recorded.fuel);
        self.fuel_replayed = self.fuel_replayed.saturating_add(one.fuel);
        if one.is_changed() {
            self.changed_decisions += 1;
            if self.changed.len() < SHOWN {
                self.changed.push(one.recorded.id.clone());
            }
        }
        let Some(breach) = one.breach() else { return };
        if breach == Breach::Trap {
            self.traps += 1
        } else {
            self.breaches += 1
        }
        if self.fault.is_none() {
            let detail = match &one.outcome {
                Outcome::Breach(_, detail) => detail.clone(),
                _ => String::new(),
            };
            let (invocation, agent) = (one.recorded.id.clone(), one.recorded.agent.clone());
            self.fault = Some(Fault { invocation, agent, breach, detail });
        }
    }

    /// Fuel now over fuel then, six decimals; none where nothing was recorded.
    pub fn fuel_ratio(&self) -> Option<f64> {
        let ratio = |then| (self.fuel_replayed as f64 * 1e6 / then as f64).round() / 1e6;
        (self.fuel_recorded > 0).then(|| ratio(self.fuel_recorded))
    }

    /// Fuel of one invocation as it was recorded.
    pub fn usual_fuel(&self) -> Option<u64> {
        self.fuel_recorded.checked_div(self.replayed)
    }

    /// Why the version may not serve; none where it may.
    pub fn stops(&self, rules: &SwapRules) -> Option<String> {
        if let Some(Fault { invocation, agent, breach, detail }) = &self.fault {
            // What a guest panics with has lines.
            let detail = detail.split_whitespace().collect::<Vec<_>>().join(" ");
            return Some(format!(
                "{} of {} recorded invocations end in a breach on it; the first: {breach} ({detail}) in {invocation} of {agent}",
                self.traps + self.breaches,
                self.replayed
            ));
        }
        if self.fuel_replayed.saturating_mul(100) > self.fuel_recorded.saturating_mul(rules.fuel_percent) {
            let (now, then) = (self.fuel_replayed, self.fuel_recorded);
            return Some(format!(
                "it burns {now} units of fuel where {then} were recorded: more than {} % (`swap.fuel_percent`)",
                rules.fuel_percent
            ));
        }
        if rules.same_decisions && self.changed_decisions > 0 {
            let first = self.changed.first().map_or_else(String::new, |id| format!(", the first in {id}"));
            return Some(format!(
                "{} of {} recorded invocations decide otherwise{first} (`swap.same_decisions`)",
                self.changed_decisions, self.replayed
            ));
        }
        None
    }
}

impl Host {
    /// The agents that a pack's component serves, or would.
    pub fn served_by(&self, pack: &PackId) -> Vec<AgentId> {
        let mut agents = self.agents.played_by(pack);
        let generator = self
            .versions
            .serving()
            .get(pack)
            .is_some_and(|plugin| plugin.world == puppet_sandbox::World::EventGenerator);
        if generator {
            agents.push(AgentId::generator(pack));
        }
        agents
    }
}

/// Runs what was last recorded of these agents again on the candidate.
pub async fn shadow(
    host: &Arc<Host>,
    candidate: &Candidate,
    agents: &[AgentId],
    rules: &SwapRules,
) -> Result<Shadow, StoreError> {
    let mut shadow = Shadow::default();
    let mut left = rules.shadow_most;
    let mut running: JoinSet<Shadowed> = JoinSet::new();
    for agent in agents {
        let limit = rules.shadow.min(left);
        if limit == 0 {
            break;
        }
        let recorded = last(host, candidate, agent, limit as usize).await?;
        if recorded.is_empty() {
            continue;
        }
        left -= recorded.len() as u64;
        let Some(actor) = cast(host, candidate, agent).await? else { continue };
        let actor = Arc::new(actor);
        for entry in recorded {
            while running.len() >= AT_ONCE
                && let Some(done) = running.join_next().await
            {
                shadow.add(&done.map_err(died)?);
            }
            let (host, actor) = (Arc::clone(host), Arc::clone(&actor));
            running.spawn(async move { shadow_one(&host, &actor, entry.invocation).await });
        }
    }
    while let Some(done) = running.join_next().await {
        shadow.add(&done.map_err(died)?);
    }
    Ok(shadow)
}

/// The host's own fault over a record: nothing was shown.
fn died(error: tokio::task::JoinError) -> StoreError {
    StoreError::Failed(format!("a recorded invocation could not be run again: {error}"))
}

/// The last records of an agent that its plugin made and that can be run again.
async fn last(
    host: &Host,
    candidate: &Candidate,
    agent: &AgentId,
    most: usize,
) -> Result<VecDeque<JournalEntry>, StoreError> {
    let filter = Filter { agent: Some(agent.clone()), limit: most, ..Filter::default() };
    let entries = host.store.journal(&filter).await?;
    let fit = |entry: &JournalEntry| {
        entry.invocation.plugin.id == candidate.plugin.id && entry.invocation.unreplayable.is_none()
    };
    Ok(entries.into_iter().filter(fit).collect())
}

/// The agent as the candidate would play it.
pub async fn cast(host: &Host, candidate: &Candidate, agent: &AgentId) -> Result<Option<Actor>, StoreError> {
    let row = candidate.rows.iter().find(|row| row.id == *agent).cloned();
    let mut plugins = crate::Plugins::clone(&host.versions.serving());
    plugins.insert(candidate.plugin.id.clone(), Arc::clone(&candidate.plugin));
    offline(host, agent, row, &plugins).await
}

/// An agent with books of its own and a model that costs nothing, as one of these plays it; by its row where no other is
/// given.
pub(crate) async fn offline(
    host: &Host,
    agent: &AgentId,
    row: Option<AgentRow>,
    plugins: &crate::Plugins,
) -> Result<Option<Actor>, StoreError> {
    let row = match row {
        Some(row) => Some(row),
        None => host.store.agent(agent).await?,
    };
    let body = match row {
        Some(row) => row.body,
        None if agent.is_generator() => serde_json::Value::Null,
        None => return Ok(None),
    };
    let cast = host.casting.cast(agent, &body, plugins, &Arc::new(Ledger::default()));
    let cast = cast.map_err(|reason| StoreError::Corrupt { table: "agents", reason: format!("{agent}: {reason}") })?;
    Ok(cast.map(|actor| Actor { llm: Llm::offline(), ..actor }))
}

/// One record on another version.
pub async fn shadow_one(host: &Host, actor: &Arc<Actor>, recorded: Invocation) -> Shadowed {
    let of_another = recorded.plugin.digest != actor.plugin.digest();
    let answers = Answers::Shadow(recorded.reads.clone(), of_another);
    let id = recorded.id.clone();
    let origin = Origin { seed: recorded.seed.unwrap_or_else(|| host.seed(&id)), id };
    let at = (recorded.at, Instant::now());
    let (outcome, ended) =
        invocation::run(host, actor, (&origin, MemorySize::default()), &recorded.event, at, answers).await;
    let fuel = ended.fuel;
    let proceedings = ended.carrier.into_gate().finish(false);
    let (decisions, unanswered) = (proceedings.decisions, proceedings.unanswered);
    Shadowed { recorded, outcome, decisions, fuel, unanswered }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stops_a_version_is_said_on_one_line() {
        let detail = "panicked at src/lib.rs:34:40:\nthe number of a door\n".to_owned();
        let fault = Fault { invocation: "inv_1".into(), agent: "ada".into(), breach: Breach::Trap, detail };
        let shadow = Shadow { replayed: 7, traps: 3, fault: Some(fault), ..Shadow::default() };
        assert_eq!(
            shadow.stops(&SwapRules::default()).unwrap(),
            "3 of 7 recorded invocations end in a breach on it; the first: trap (panicked at src/lib.rs:34:40: the \
             number of a door) in inv_1 of ada"
        );
    }
}
