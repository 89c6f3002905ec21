//! Vectors of memories that were stored without one, since a commit never waits for a network: batches of one agent
//! at a time, each an errand on that agent's memory budgets. Durable, since the rows that have no vector of the present
//! model are the backlog: they are found again at the next start, and so are all rows after a change of the model.
//! A failure is waited out; until then recall finds these rows by their words.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Duration,
};

use futures::FutureExt as _;
use puppet_grants::Errand;
use puppet_memory::Model;
use puppet_store::{Change, LateVector, StoreError, Vector};
use puppet_types::{AgentId, CallError, Capability, Code, InvocationId, Memory, Timestamp};
use tokio::sync::watch;

use crate::{actor::Actor, host::Host};

/// Texts of one call.
const BATCH: usize = 32;
/// Bytes of them, beyond the first.
const BATCH_BYTES: usize = 16 << 10;
/// Longest wait for an answer; a provider has bounds of its own.
const WAIT: Duration = Duration::from_secs(120);
/// After a failure; twice as long after the next.
const PAUSE_MS: u64 = 2_000;
/// At most.
const LONGEST_PAUSE_MS: u64 = 300_000;
/// Where the provider says how long: no longer than this.
const LONGEST_ASKED_MS: u64 = 3_600_000;
/// Where a budget does not say when it is whole again.
const NO_BUDGET_MS: u64 = 3_600_000;

/// What a turn came to.
enum Turn {
    /// There may be more to do.
    Again,
    /// Nothing, before this time or before somebody is added.
    Idle(Option<Timestamp>),
}

struct Worker {
    host: Arc<Host>,
    model: Model,
    stop: watch::Receiver<bool>,
    /// The rows were searched for those of an earlier run.
    searched: bool,
    /// Texts that the model does not take, until the next start.
    aside: BTreeMap<AgentId, BTreeSet<String>>,
    failures: u32,
    quiet_until: Timestamp,
}

/// Runs until `stop` becomes true; a call that is under way then is given up, and counts as used.
pub async fn run(host: Arc<Host>, mut stop: watch::Receiver<bool>) {
    let Some(model) = host.held.memory.model.clone() else { return };
    let quiet_until = host.clock.now();
    let mut worker = Worker {
        host: Arc::clone(&host),
        model,
        stop: stop.clone(),
        searched: false,
        aside: BTreeMap::new(),
        failures: 0,
        quiet_until,
    };
    while !*stop.borrow() {
        let Turn::Idle(until) = worker.turn().await else { continue };
        tokio::select! {
            () = host.backlog.woken() => {}
            () = sleep_until(&host, until) => {}
            changed = stop.changed() => {
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}

async fn sleep_until(host: &Host, until: Option<Timestamp>) {
    match until {
        Some(at) => host.clock.sleep_until(at).await,
        None => std::future::pending().await,
    }
}

impl Worker {
    async fn turn(&mut self) -> Turn {
        let now = self.host.clock.now();
        if now < self.quiet_until {
            return Turn::Idle(Some(self.quiet_until));
        }
        if !self.searched {
            match self.host.store.agents_without_vectors(&self.model.terms.model).await {
                Ok(agents) => self.host.backlog.add(agents),
                Err(error) => return self.pause(now, &failed(&error)),
            }
            self.searched = true;
        }
        let Some(agent) = self.host.backlog.take(now) else { return Turn::Idle(self.host.backlog.next()) };
        let served = AssertUnwindSafe(self.serve(&agent, now)).catch_unwind().await;
        match served.unwrap_or_else(|_| Err(CallError::new(Code::Internal, "the provider panicked"))) {
            Ok(true) => {
                self.failures = 0;
                self.host.backlog.add([agent]);
                Turn::Again
            }
            Ok(false) => Turn::Again,
            Err(error) if error.code == Code::BudgetExhausted => {
                tracing::warn!(%agent, reason = %error, "memories wait for vectors: recall finds them by their words");
                let until = now.plus_millis(error.retry_after_ms.unwrap_or(NO_BUDGET_MS).max(1));
                self.host.backlog.postpone(agent, until);
                Turn::Again
            }
            Err(error) if error.code == Code::Denied => Turn::Again,
            Err(error) => {
                self.host.backlog.add([agent]);
                self.pause(now, &error)
            }
        }
    }

    fn pause(&mut self, now: Timestamp, error: &CallError) -> Turn {
        let doubled = PAUSE_MS.saturating_mul(1 << self.failures.min(16)).min(LONGEST_PAUSE_MS);
        let pause_ms = error.retry_after_ms.map_or(doubled, |asked| asked.clamp(1, LONGEST_ASKED_MS));
        self.failures += 1;
        self.quiet_until = now.plus_millis(pause_ms);
        if !*self.stop.borrow() {
            tracing::warn!(reason = %error, pause_ms, "no vectors were made: the memories wait");
        }
        Turn::Idle(Some(self.quiet_until))
    }

    /// One batch of an agent. Answers whether there may be more.
    async fn serve(&mut self, agent: &AgentId, now: Timestamp) -> Result<bool, CallError> {
        // Whose plugin is not there any more recalls nothing; at a start it is looked for again.
        let actor = match self.host.actor(agent).await {
            Ok(Some(actor)) => actor,
            Ok(None) => return Ok(false),
            Err(error @ StoreError::Corrupt { .. }) => {
                tracing::error!(%agent, %error, "its memories get no vectors before the next start");
                return Ok(false);
            }
            Err(error) => return Err(failed(&error)),
        };
        let aside = self.aside.get(agent).map_or(0, BTreeSet::len);
        let mut rows = self.waiting(agent).await?;
        while !rows.is_empty() {
            match self.embed(&actor, &rows, now).await {
                Ok(vectors) => {
                    self.host.store.put_vectors(agent, vectors).await.map_err(|error| failed(&error))?;
                    return Ok(true);
                }
                // Fewer may be affordable, or be what the model takes.
                Err(error) if rows.len() > 1 && (is_about_texts(&error) || error.code == Code::BudgetExhausted) => {
                    rows.truncate(rows.len() / 2);
                }
                Err(error) if is_about_texts(&error) => {
                    tracing::warn!(%agent, reason = %error, "a memory has no vector: recall finds it by its words");
                    self.set_aside(agent, rows.swap_remove(0).id);
                    return Ok(true);
                }
                Err(error) => return Err(error),
            }
        }
        // Where some were set aside, others stand behind them.
        Ok(self.aside.get(agent).map_or(0, BTreeSet::len) > aside)
    }

    /// The next rows of an agent that have no vector of this model, the newest first.
    async fn waiting(&mut self, agent: &AgentId) -> Result<Vec<Memory>, CallError> {
        let aside = self.aside.get(agent).map_or(0, BTreeSet::len);
        let found = self.host.store.without_vectors(agent, &self.model.terms.model, BATCH + aside).await;
        let mut rows = Vec::new();
        let mut bytes = 0;
        for memory in found.map_err(|error| failed(&error))? {
            if self.aside.get(agent).is_some_and(|aside| aside.contains(&memory.id)) {
                continue;
            }
            if memory.content.trim().is_empty() {
                // A post may be a picture alone; no model takes it.
                self.set_aside(agent, memory.id);
                continue;
            }
            bytes += memory.content.len();
            if rows.len() == BATCH || (bytes > BATCH_BYTES && !rows.is_empty()) {
                break;
            }
            rows.push(memory);
        }
        Ok(rows)
    }

    fn set_aside(&mut self, agent: &AgentId, id: String) {
        self.aside.entry(agent.clone()).or_default().insert(id);
    }

    async fn embed(&self, actor: &Actor, rows: &[Memory], now: Timestamp) -> Result<Vec<LateVector>, CallError> {
        // A post stands in two lists: its text is paid for once.
        let texts: BTreeSet<&str> = rows.iter().map(|memory| memory.content.as_str()).collect();
        let texts: Vec<String> = texts.into_iter().map(str::to_owned).collect();
        let worst = self.model.terms.worst(texts.iter().map(|text| text.len() as u64).sum());
        let errand = Errand {
            rights: &actor.rights,
            capability: Capability::Memory,
            operation: "recall",
            at: now,
            worst: &worst,
            books: &*self.host.books,
            name: &InvocationId::from(format!("vectors:{}", actor.id)),
        };
        let mut stop = self.stop.clone();
        let given_up = async move {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => {}
                () = tokio::time::sleep(WAIT) => {}
            }
        };
        let asked = texts.clone();
        let answer = errand
            .run(&self.model.held, given_up, move |embedder| Box::pin(async move { embedder.embed(&asked).await }));
        let vectors = answer.await?;
        if vectors.len() != texts.len() {
            return Err(CallError::new(Code::ProviderUnavailable, "the answer does not hold a vector per text"));
        }
        let by_text: BTreeMap<String, Vec<f32>> = texts.into_iter().zip(vectors).collect();
        let model = &self.model.terms.model;
        let late = |memory: &Memory| {
            let numbers = by_text.get(&memory.content)?.clone();
            let vector = Vector { model: model.clone(), numbers };
            Some(LateVector { id: memory.id.clone(), content: memory.content.clone(), vector })
        };
        Ok(rows.iter().filter_map(late).collect())
    }
}

impl Host {
    /// Whose memories are stored by these changes without a vector of the present model. They are added to the
    /// backlog after the commit: the worker would not find them before.
    pub(crate) fn unembedded(&self, changes: &[Change]) -> BTreeSet<AgentId> {
        let Some(model) = &self.held.memory.model else { return BTreeSet::new() };
        let waits = |vector: &Option<Vector>| vector.as_ref().is_none_or(|vector| vector.model != model.terms.model);
        let agents = changes.iter().filter_map(|change| match change {
            Change::Remember { agent, vector, .. } if waits(vector) => Some(agent.clone()),
            _ => None,
        });
        agents.collect()
    }
}

/// The model does not take these texts: it would not take them later either.
fn is_about_texts(error: &CallError) -> bool {
    matches!(error.code, Code::InvalidInput | Code::Refused)
}

fn failed(error: &StoreError) -> CallError {
    CallError::new(Code::Internal, error.to_string())
}
