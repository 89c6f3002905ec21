//! Timers of plugins.

use async_trait::async_trait;
use puppet_grants::Spend;
use puppet_types::{AgentId, Event, PackId, TimerRule, Timestamp, trade::Origin};

use crate::{Result, Waiting};

/// A timer that is set. (agent, plugin, name) is its key.
#[derive(Debug, Clone, PartialEq)]
pub struct Timer {
    /// Whose mailbox it fires into.
    pub agent: AgentId,
    /// Who set it.
    pub plugin: PackId,
    /// Chosen by the plugin.
    pub name: String,
    /// When it fires.
    pub rule: TimerRule,
    /// When next.
    pub next: Timestamp,
    /// Handed back when it fires.
    pub payload: serde_json::Value,
    /// What was behind the call that set it, where somebody has to know: an agent that may trade. Its event carries it on.
    pub led_by: Option<Origin>,
}

/// Timers.
#[async_trait]
pub trait TimerStore: Send + Sync {
    /// All timers, by (next, agent, plugin, name). Called once at start.
    async fn timers(&self) -> Result<Vec<Timer>>;
    /// One plugin's timers of one agent, by name.
    async fn timers_of(&self, agent: &AgentId, plugin: &PackId) -> Result<Vec<Timer>>;
    /// A timer fired: its event is accepted, the timer advanced to `next` (or removed) and the firing booked, in one
    /// transaction.
    /// Nothing happens where the timer is no longer the one given (name gone, other `next`).
    async fn fire(
        &self,
        timer: &Timer,
        next: Option<Timestamp>,
        event: Event,
        spends: Vec<Spend>,
    ) -> Result<Option<Waiting>>;
}
