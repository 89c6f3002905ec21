//! Wallets, and what is traded.

use std::time::Duration;

use async_trait::async_trait;
use puppet_types::{AgentId, trade::Side};
use serde::{Deserialize, Serialize};

use super::Answer;

/// A swap that somebody wishes of an agent's desk: exactly so much is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trade {
    /// Id of the market, as its desk has it.
    pub market: String,
    /// Which way.
    pub side: Side,
    /// Of what is given, in its smallest unit: of the quote token where it is bought, else of the base token.
    pub amount: u64,
    /// At most as much worse than the latest price, in hundredths of a percent; none: what the desk's rules allow.
    pub max_slippage_bps: Option<u32>,
    /// For people, and for the agent.
    pub reason: String,
    /// Its id follows from it: the same request is the same swap.
    pub key: Option<String>,
}

/// Where a page of what happened on a purse begins: nothing from here on is on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastPlace {
    /// In the desk's log; none: its end.
    pub desk: Option<u64>,
    /// In the operator's.
    pub said: Option<u64>,
    /// When that was which comes next, in milliseconds: entries without a time of their own have it.
    pub at: Option<i64>,
}

/// An operator's word about a wallet.
#[derive(Debug, Clone, PartialEq)]
pub enum WalletWord {
    /// Nothing is traded.
    Halt {
        /// For whoever wonders.
        reason: Option<String>,
    },
    /// Trading goes on.
    Resume,
}

/// Wallets.
#[async_trait]
pub trait TradingOperations: Send + Sync + 'static {
    /// All of them: `wallets.json`.
    async fn wallets(&self) -> Answer;
    /// Messages that wait to be signed, with `all` also those that do not any more: `wallet-approvals.json`.
    async fn wallet_approvals(&self, all: bool) -> Answer;
    /// A yes or no to one: `wallet-approval.json`.
    async fn decide_swap(&self, hash: &str, is_yes: bool) -> Answer;
    /// A word about one: `wallet-word.json`.
    async fn wallet_word(&self, wallet: &str, word: WalletWord) -> Answer;
    /// A swap on the agent's desk, as the operator's: `agent-trade.json`. Answers when it has ended or is written down as under way;
    /// with `wait`, when it has ended, and no later than so.
    async fn trade(&self, agent: &AgentId, trade: Trade, wait: Option<Duration>) -> Answer;
    /// One of them, as it stands: `agent-trade.json`.
    async fn traded(&self, agent: &AgentId, trade: &str) -> Answer;
    /// How the agent's desk stands, by its books: `trading-stats.json`.
    async fn trading_stats(&self, agent: &AgentId) -> Answer;
    /// What is in the agent's purse: `wallet-balance.json`.
    async fn trading_balance(&self, agent: &AgentId) -> Answer;
    /// What happened on it, the last first: `wallet-history.json`, with a [`PastPlace`] as `next`.
    async fn transactions(&self, agent: &AgentId, from: PastPlace, limit: usize) -> Answer;
}
