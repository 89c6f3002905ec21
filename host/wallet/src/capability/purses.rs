//! Who has the purses of characters: what is asked of them in a call, and what the outbox hands them after it.

use async_trait::async_trait;
use puppet_types::{
    AgentId, CallError, Code, EffectId, Read, Timestamp,
    trade::{Mint, Origin, SwapIntent, as_text},
};
use serde::{Deserialize, Serialize};

use super::SwapResult;
use crate::Rule;

/// How much there is of a token. Decimals are the host's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenBalance {
    /// Which.
    pub mint: Mint,
    /// How people call it.
    pub symbol: String,
    /// In its smallest unit, less what is held for orders under way.
    #[serde(with = "as_text")]
    pub amount: u64,
    /// Digits after the point of a whole token.
    pub decimals: u8,
}

/// What a swap would give now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwapQuote {
    /// What is given.
    pub in_mint: Mint,
    /// What is taken.
    pub out_mint: Mint,
    /// In the smallest unit of `in_mint`.
    #[serde(with = "as_text")]
    pub in_amount: u64,
    /// In the smallest unit of `out_mint`.
    #[serde(with = "as_text")]
    pub out_amount: u64,
    /// What the trade itself moves the price, in hundredths of a percent.
    pub price_impact_bps: u32,
    /// Of the network.
    pub fee_lamports: u64,
    /// When it was true.
    pub at: Timestamp,
}

/// Why it is not known how a swap ended. Nothing is lost: it is handed over again by the same id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SwapError {
    /// Nobody took it: nothing was done. Given up after the tries of the outbox.
    #[error("{0}")]
    Unavailable(String),
    /// It was taken, and has not ended: asked again, as often as it takes.
    #[error("it is under way: {0}")]
    UnderWay(String),
}

/// The purses of a host's characters. What is asked in a call is answered at once; nothing of it changes anything.
#[async_trait]
pub trait Purses: Send + Sync {
    /// What is in the agent's purse.
    ///
    /// # Errors
    /// `denied` where it has none; `provider-unavailable` where it does not answer yet.
    async fn balances(&self, agent: &AgentId) -> Result<Vec<TokenBalance>, CallError>;
    /// What a swap would give now, in the smallest units.
    ///
    /// # Errors
    /// `denied` where the agent has no purse; `not-found` where nothing trades these tokens; `provider-unavailable` where
    /// there is no price, or the purse does not answer yet.
    async fn quote(
        &self,
        agent: &AgentId,
        in_mint: &Mint,
        out_mint: &Mint,
        amount: u64,
    ) -> Result<SwapQuote, CallError>;
    /// Whether the risk engine would admit it now. Nothing is reserved: it is asked again when the swap is carried out.
    ///
    /// # Errors
    /// `denied`: [`denial`] of the rule, or the agent has no purse; `provider-unavailable` where it does not answer yet.
    async fn look(&self, agent: &AgentId, intent: &SwapIntent, origin: Origin) -> Result<(), CallError>;
    /// The name of the purse that the agent's swaps go to now, also while its desk is not open; none where it has none.
    fn purse(&self, agent: &AgentId) -> Option<String>;
    /// Carries a swap out and waits for its end, or for as long as is fit. Called after the commit, by the outbox alone,
    /// and again with the same effect and purse after a crash: a purse does one effect at most once. Where `purse` is not
    /// the agent's any more, nobody takes it.
    ///
    /// # Errors
    /// It has not ended.
    async fn swap(
        &self,
        effect: &EffectId,
        purse: &str,
        agent: &AgentId,
        intent: &SwapIntent,
        origin: Origin,
    ) -> Result<SwapResult, SwapError>;
    /// The operator has dropped this effect: where its swap waits for its turn it is not begun any more. What has begun goes
    /// on. Called after the effect has ended; nothing is to be done where no swap waits.
    async fn forget(&self, _: &EffectId, _: &AgentId) {}
}

/// What a call answers to.
#[async_trait]
pub trait Behind: Send + Sync {
    /// What its event is and what led to that, and what the answers to its reads so far bring in: somebody's words make it
    /// [`Origin::HumanRequest`], whatever its event is. What cannot be told is that, too.
    ///
    /// # Errors
    /// The store failed.
    async fn origin(&self, reads: &[Read]) -> Result<Origin, CallError>;
}

/// The error of an order that a rule denies: `denied`, with the rule's code in front.
pub fn denial(rule: Rule, detail: &str, retry_after_ms: Option<u64>) -> CallError {
    let detail = if detail.is_empty() { rule.about().denies } else { detail };
    CallError { retry_after_ms, ..CallError::new(Code::Denied, format!("{rule}: {detail}")) }
}

/// Nobody has a purse.
pub struct NoPurses;

impl NoPurses {
    /// What an agent is told that no desk trades for.
    pub fn told(agent: &AgentId) -> CallError {
        let message = format!(
            "no desk trades for `{agent}`: the operator names it in one of this running host, `[trading.desks.NAME]` with \
             `agent = \"{agent}\"`"
        );
        CallError::new(Code::Denied, message)
    }
}

#[async_trait]
impl Purses for NoPurses {
    async fn balances(&self, agent: &AgentId) -> Result<Vec<TokenBalance>, CallError> {
        Err(Self::told(agent))
    }
    async fn quote(&self, agent: &AgentId, _: &Mint, _: &Mint, _: u64) -> Result<SwapQuote, CallError> {
        Err(Self::told(agent))
    }
    async fn look(&self, agent: &AgentId, _: &SwapIntent, _: Origin) -> Result<(), CallError> {
        Err(Self::told(agent))
    }
    fn purse(&self, _: &AgentId) -> Option<String> {
        None
    }
    async fn swap(
        &self,
        _: &EffectId,
        _: &str,
        agent: &AgentId,
        _: &SwapIntent,
        _: Origin,
    ) -> Result<SwapResult, SwapError> {
        Err(SwapError::Unavailable(Self::told(agent).message))
    }
}
