//! What a pack asks for, and the right that comes of it: request ∩ grant, bound to the counters it draws on.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use puppet_types::{AgentId, CallError, Capability, PackId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Amount, BudgetKey, BudgetLine, Charge, Counter, Ledger, Period, Reservation, Scope, ceiling::ceiling};

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

/// Whose rights they are, and where their counters stand.
#[derive(Debug)]
struct Holder {
    agent: AgentId,
    pack: PackId,
    ledger: Arc<Ledger>,
}

/// A limit, and its counter as soon as something is drawn on it: most agents touch few of theirs.
#[derive(Debug)]
struct Budget {
    amount: Amount,
    period: Period,
    limit: u64,
    counter: OnceLock<Arc<Counter>>,
}

/// The right to one capability.
#[derive(Debug)]
pub struct Right {
    holder: Arc<Holder>,
    capability: Capability,
    operations: Vec<&'static str>,
    budgets: Vec<Budget>,
    kinds: BTreeSet<String>,
    revoked: AtomicBool,
}

impl Right {
    /// Whether a function may be called now.
    pub fn allows(&self, operation: &str) -> bool {
        !self.revoked.load(Ordering::Acquire) && self.operations.contains(&operation)
    }
    fn key(&self, budget: &Budget) -> BudgetKey {
        BudgetKey {
            scope: Scope::Agent,
            agent: self.holder.agent.clone(),
            pack: self.holder.pack.clone(),
            capability: self.capability,
            amount: budget.amount,
            period: budget.period,
        }
    }
    /// The counters of an amount.
    fn counters(&self, amount: Amount) -> impl Iterator<Item = &Arc<Counter>> {
        let of_amount = self.budgets.iter().filter(move |budget| budget.amount == amount);
        of_amount
            .map(|budget| budget.counter.get_or_init(|| self.holder.ledger.counter(self.key(budget), budget.limit)))
    }
    /// Holds so much of every budget that counts it, or nothing: then the error says when there may be enough.
    pub(crate) fn reserve(&self, charges: &[Charge], at: Timestamp) -> Result<Vec<(Reservation, Amount)>, CallError> {
        let mut reserved = Vec::new();
        self.hold(charges, at, &mut reserved)?;
        Ok(reserved)
    }
    /// The same, added to a list that is there: nothing is allocated where the list has room.
    pub(crate) fn hold(
        &self,
        charges: &[Charge],
        at: Timestamp,
        held: &mut Vec<(Reservation, Amount)>,
    ) -> Result<(), CallError> {
        let before = held.len();
        for charge in charges {
            for counter in self.counters(charge.amount) {
                match counter.reserve(charge.quantity, at) {
                    Ok(reservation) => held.push((reservation, charge.amount)),
                    Err(error) => {
                        // What was reserved so far is given back when it is dropped.
                        held.truncate(before);
                        return Err(error);
                    }
                }
            }
        }
        Ok(())
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
    pub fn from_requests(requests: &Requests, pack: &PackId, agent: &AgentId, ledger: &Arc<Ledger>) -> Self {
        let holder = Arc::new(Holder { agent: agent.clone(), pack: pack.clone(), ledger: Arc::clone(ledger) });
        let mut by_capability = BTreeMap::new();
        for (capability, request) in requests {
            let Some(most) = ceiling(*capability) else { continue };
            let operations = most
                .operations
                .iter()
                .filter(|operation| request.operations.is_empty() || request.operations.contains(**operation))
                .copied()
                .collect();
            let mut limits: BTreeMap<(Amount, Period), u64> = BTreeMap::new();
            for (amount, period, limit) in most.amounts {
                let asked = request.amounts.get(&(*amount, *period)).copied().unwrap_or(*limit);
                limits.insert((*amount, *period), asked.min(*limit));
            }
            for (key, asked) in &request.amounts {
                limits.entry(*key).or_insert(*asked);
            }
            let budget = |((amount, period), limit)| Budget { amount, period, limit, counter: OnceLock::new() };
            let right = Right {
                holder: Arc::clone(&holder),
                capability: *capability,
                operations,
                budgets: limits.into_iter().map(budget).collect(),
                kinds: request.kinds.clone(),
                revoked: AtomicBool::new(false),
            };
            by_capability.insert(*capability, right);
        }
        Self { by_capability, mode: Mode::Live }
    }

    /// The right to one capability.
    pub fn get(&self, capability: Capability) -> Option<&Right> {
        self.by_capability.get(&capability)
    }
    /// How every budget stands, by key; what nobody has drawn on is whole.
    pub fn lines(&self, at: Timestamp) -> Vec<BudgetLine> {
        let mut lines = Vec::new();
        for right in self.by_capability.values() {
            lines.extend(
                right.budgets.iter().map(|budget| right.holder.ledger.line(right.key(budget), budget.limit, at)),
            );
        }
        lines
    }
    /// Which capabilities are granted.
    pub fn capabilities(&self) -> impl Iterator<Item = Capability> {
        self.by_capability.keys().copied()
    }
}
