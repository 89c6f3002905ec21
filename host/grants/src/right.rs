//! What a pack asks for, and the right that comes of it: request ∩ grant, bound to the counters it draws on.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use puppet_types::{AgentId, CallError, Capability, PackId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Amount, BudgetKey, Charge, Counter, Ledger, Period, Reservation, Scope, ceiling::ceiling};

/// What happens to effects. One that waits for the operator's yes is to come with the queue that asks: until then
/// `grants.toml` refuses `approve` by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// They leave.
    #[default]
    Live,
    /// They are journaled and shown; nothing leaves.
    DryRun,
}

/// What a pack asks for of one capability.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// Names of functions; empty = all of them.
    pub operations: BTreeSet<String>,
    /// How much per period; what is not named takes the ceiling.
    pub amounts: BTreeMap<(Amount, Period), u64>,
    /// Event kinds it may emit besides those under its own id.
    pub kinds: BTreeSet<String>,
    /// In plain words.
    pub reason: String,
    /// The plugin copes without.
    pub optional: bool,
}

/// Everything a pack asks for.
pub type Requests = BTreeMap<Capability, Request>;

/// The right to one capability.
#[derive(Debug, Default)]
pub struct Right {
    operations: Vec<Box<str>>,
    budgets: Vec<(Amount, Arc<Counter>)>,
    kinds: BTreeSet<String>,
    revoked: AtomicBool,
}

impl Right {
    /// Whether a function may be called now.
    pub fn allows(&self, operation: &str) -> bool {
        !self.revoked.load(Ordering::Acquire) && self.operations.iter().any(|allowed| &**allowed == operation)
    }
    /// The counters of an amount.
    pub fn budgets(&self, amount: Amount) -> impl Iterator<Item = &Arc<Counter>> {
        self.budgets.iter().filter(move |(of, _)| *of == amount).map(|(_, counter)| counter)
    }
    /// Holds so much of every budget that counts it, or nothing: then the error says when there may be enough.
    pub(crate) fn reserve(&self, charges: &[Charge], at: Timestamp) -> Result<Vec<(Reservation, Amount)>, CallError> {
        let mut reserved = Vec::new();
        for charge in charges {
            for counter in self.budgets(charge.amount) {
                // What was reserved so far is given back when the list is dropped.
                reserved.push((counter.reserve(charge.quantity, at)?, charge.amount));
            }
        }
        Ok(reserved)
    }
    /// Takes effect at the next call, also in a running invocation.
    pub fn revoke(&self) {
        self.revoked.store(true, Ordering::Release);
    }
    /// Event kinds beyond the pack's own.
    pub fn kinds(&self) -> &BTreeSet<String> {
        &self.kinds
    }
}

/// All rights of one pack for one agent.
#[derive(Debug, Default)]
pub struct Rights {
    by_capability: BTreeMap<Capability, Right>,
    /// What happens to its effects.
    pub mode: Mode,
}

impl Rights {
    /// Request ∩ ceiling, drawing on the ledger's counters for this agent.
    pub fn from_requests(requests: &Requests, pack: &PackId, agent: &AgentId, ledger: &Ledger) -> Self {
        let mut by_capability = BTreeMap::new();
        for (capability, request) in requests {
            let Some(most) = ceiling(*capability) else { continue };
            let operations = most
                .operations
                .iter()
                .filter(|operation| request.operations.is_empty() || request.operations.contains(**operation))
                .map(|operation| Box::from(*operation))
                .collect();
            let mut limits: BTreeMap<(Amount, Period), u64> = BTreeMap::new();
            for (amount, period, limit) in most.amounts {
                let asked = request.amounts.get(&(*amount, *period)).copied().unwrap_or(*limit);
                limits.insert((*amount, *period), asked.min(*limit));
            }
            for (key, asked) in &request.amounts {
                limits.entry(*key).or_insert(*asked);
            }
            let budgets = limits
                .into_iter()
                .map(|((amount, period), limit)| {
                    let key = BudgetKey {
                        scope: Scope::Agent,
                        agent: agent.clone(),
                        pack: pack.clone(),
                        capability: *capability,
                        amount,
                        period,
                    };
                    (amount, ledger.counter(key, limit))
                })
                .collect();
            by_capability.insert(
                *capability,
                Right { operations, budgets, kinds: request.kinds.clone(), revoked: AtomicBool::new(false) },
            );
        }
        Self { by_capability, mode: Mode::Live }
    }

    /// The right to one capability.
    pub fn get(&self, capability: Capability) -> Option<&Right> {
        self.by_capability.get(&capability)
    }
    /// Which capabilities are granted.
    pub fn capabilities(&self) -> impl Iterator<Item = Capability> {
        self.by_capability.keys().copied()
    }
}
