//! Budgets: counters per calendar window that nothing passes. Reserve before, commit or release after.
//!
//! The ledger in memory is authoritative while a host runs (a data folder has one host); what was spent is
//! written with the commit that spent it, and read back at start. A reservation is returned by dropping it,
//! so that a cancelled call cannot leak one. Exact under concurrency: one lock per counter, no read-modify-write
//! outside it.
//!
//! Here is what a budget is called and how it is told; `counter` counts, `ledger` holds all counters.

mod counter;
mod ledger;

use std::fmt;

use puppet_types::{AccountId, AgentId, Capability, PackId, Timestamp};
use serde::{Deserialize, Serialize};

pub use counter::{Booking, Bookings, Counter, Reservation};
pub use ledger::{Ledger, Usage};

use crate::{Amount, Mode, Period};

/// Whose budget, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One agent's.
    Agent,
    /// An account's, shared by the agents that post as it.
    Account,
    /// The whole host's.
    Host,
}

/// Whose budget.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// What one pack may draw on for one agent.
    Agent {
        /// The agent.
        agent: AgentId,
        /// The pack.
        pack: PackId,
    },
    /// All agents' that post as this account.
    Account(AccountId),
    /// Everybody's.
    Host,
}

impl Owner {
    /// In a word, with the name and the pack by which it is stored; both may be empty.
    pub fn parts(&self) -> (Scope, &str, &str) {
        match self {
            Self::Agent { agent, pack } => (Scope::Agent, agent.as_str(), pack.as_str()),
            Self::Account(account) => (Scope::Account, account.as_str(), ""),
            Self::Host => (Scope::Host, "", ""),
        }
    }

    /// Of what [`Owner::parts`] gave.
    pub fn of_parts(scope: Scope, name: &str, pack: &str) -> Self {
        match scope {
            Scope::Agent => Self::Agent { agent: AgentId::new(name), pack: PackId::new(pack) },
            Scope::Account => Self::Account(AccountId::new(name)),
            Scope::Host => Self::Host,
        }
    }
}

/// Names a counter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct BudgetKey {
    /// Whose.
    pub owner: Owner,
    /// The interface.
    pub capability: Capability,
    /// What is counted.
    pub amount: Amount,
    /// Over what period.
    pub period: Period,
}

/// `ember`, `@ember` for all that post as it, `host`.
impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent { agent, .. } => write!(f, "{agent}"),
            Self::Account(account) => write!(f, "@{account}"),
            Self::Host => f.write_str("host"),
        }
    }
}

/// `tweet.posts/hour`.
impl fmt::Display for BudgetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.capability, self.amount.key(self.period))
    }
}

impl BudgetKey {
    /// The agent, where it is one agent's.
    pub fn agent(&self) -> Option<&AgentId> {
        match &self.owner {
            Owner::Agent { agent, .. } => Some(agent),
            _ => None,
        }
    }
}

/// A key as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    scope: Scope,
    agent: String,
    pack: String,
    capability: Capability,
    amount: Amount,
    period: Period,
}

impl From<Stored> for BudgetKey {
    fn from(stored: Stored) -> Self {
        let Stored { scope, agent, pack, capability, amount, period } = stored;
        Self { owner: Owner::of_parts(scope, &agent, &pack), capability, amount, period }
    }
}

impl From<BudgetKey> for Stored {
    fn from(key: BudgetKey) -> Self {
        let (scope, agent, pack) = key.owner.parts();
        let (agent, pack) = (agent.to_owned(), pack.to_owned());
        Self { scope, agent, pack, capability: key.capability, amount: key.amount, period: key.period }
    }
}

/// What was spent of one budget in one window: a row of the store, added to what is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spend {
    /// The counter.
    pub key: BudgetKey,
    /// Start of the window, milliseconds since 1970.
    pub window: i64,
    /// To be added.
    pub used: u64,
    /// To be added: reported by a provider beyond what was reserved.
    pub overrun: u64,
    /// What was owed from earlier windows as this one began, or since. It is said, not added: the most of all rows holds.
    #[serde(default)]
    pub debt: u64,
}

impl Spend {
    /// Takes in another row of the same window.
    pub fn add(&mut self, other: &Self) {
        self.used = self.used.saturating_add(other.used);
        self.overrun = self.overrun.saturating_add(other.overrun);
        self.debt = self.debt.max(other.debt);
    }
}

/// How much is left, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetState {
    /// Below 80 %.
    #[default]
    Ok,
    /// 80 % and more.
    Near,
    /// Nothing left.
    Spent,
}

impl BudgetState {
    /// As it is written everywhere.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Near => "near",
            Self::Spent => "spent",
        }
    }

    /// Of so much taken of a limit.
    fn of(taken: u64, limit: u64) -> Self {
        if taken >= limit {
            Self::Spent
        } else if u128::from(taken) * 5 >= u128::from(limit) * 4 {
            Self::Near
        } else {
            Self::Ok
        }
    }
}

/// One line of `puppet budgets`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetLine {
    /// The counter.
    pub key: BudgetKey,
    /// The most per window.
    pub limit: u64,
    /// Spent in this window, never more than the limit.
    pub used: u64,
    /// Held for calls under way.
    pub reserved: u64,
    /// `limit − used − reserved`.
    pub left: u64,
    /// What a provider reported beyond its reservation, and what was spent before the limit was lowered below it.
    pub overrun: u64,
    /// When the window ends; none for what bounds what is there at once.
    pub resets_at: Option<Timestamp>,
    /// In words.
    pub state: BudgetState,
    /// What happens to the effects of who draws on it; of a budget that is shared, `live`.
    pub mode: Mode,
}

impl BudgetLine {
    /// The same line with so much there; its limit bounds what is there at once.
    pub fn there(self, there: u64) -> Self {
        Self { mode: self.mode, ..Self::at_once(self.key, self.limit, there) }
    }

    /// Of what bounds what is there at once, with so much there.
    pub fn at_once(key: BudgetKey, limit: u64, there: u64) -> Self {
        let used = there.min(limit);
        let (left, overrun) = (limit - used, there - used);
        let state = BudgetState::of(used, limit);
        Self { key, limit, used, reserved: 0, left, overrun, resets_at: None, state, mode: Mode::Live }
    }
}

#[cfg(test)]
mod tests;
