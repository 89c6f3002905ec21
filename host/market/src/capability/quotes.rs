//! Who knows prices, and what is told of them.

use async_trait::async_trait;
use puppet_types::{
    AgentId, CallError, Code, Timestamp,
    trade::{Candle, Mint, as_text},
};
use serde::{Deserialize, Serialize};

/// A token. Decimals are the host's word, never a plugin's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenInfo {
    /// Its address.
    pub mint: Mint,
    /// How people call it.
    pub symbol: String,
    /// In full.
    pub name: String,
    /// Digits after the point of a whole token.
    pub decimals: u8,
    /// Whether the operator's list knows it.
    pub is_verified: bool,
}

/// What one whole base token costs, in quote tokens times ten to `price_decimals`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceNow {
    /// Of which market.
    pub market: String,
    /// The price.
    #[serde(with = "as_text")]
    pub price: u64,
    /// See there.
    pub price_decimals: u8,
    /// When it was so.
    pub at: Timestamp,
    /// Change within 24 hours, in hundredths of a percent.
    pub change_bps: i32,
}

/// A token that many trade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trend {
    /// Which.
    pub token: TokenInfo,
    /// What it costs.
    pub price: PriceNow,
}

/// Answers what characters ask of prices. Called within an event's deadline, on its way through the gate. An agent sees the
/// markets that it may trade in, or those of the host: whoever answers knows.
#[async_trait]
pub trait Quotes: Send + Sync {
    /// Closed bars, the newest last, so many at most; none that closed at `before` or later.
    ///
    /// # Errors
    /// `not-found` where there is no such market; `denied` where nobody keeps bars.
    async fn candles(
        &self,
        agent: &AgentId,
        market: &str,
        bar_seconds: u32,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<Candle>, CallError>;
    /// The latest price.
    ///
    /// # Errors
    /// `not-found` where there is no such market; `provider-unavailable` where it has no price yet.
    async fn quote(&self, agent: &AgentId, market: &str) -> Result<PriceNow, CallError>;
    /// What many trade now, the first the most.
    ///
    /// # Errors
    /// `provider-unavailable` where nobody tells.
    async fn trending(&self, agent: &AgentId, limit: usize) -> Result<Vec<Trend>, CallError>;
    /// A token by mint or by symbol; the symbol of an unverified one finds nothing: anybody can call a token anything.
    ///
    /// # Errors
    /// `not-found`.
    async fn token_info(&self, agent: &AgentId, token: &str) -> Result<TokenInfo, CallError>;
}

/// Nobody knows any price.
pub struct NoQuotes;

impl NoQuotes {
    /// What is told where no market is configured.
    pub fn told() -> CallError {
        let message =
            "this running host knows no prices: the operator adds a desk, `[trading.desks.NAME]`, with its markets";
        CallError::new(Code::Denied, message)
    }
}

#[async_trait]
impl Quotes for NoQuotes {
    async fn candles(&self, _: &AgentId, _: &str, _: u32, _: Timestamp, _: usize) -> Result<Vec<Candle>, CallError> {
        Err(Self::told())
    }
    async fn quote(&self, _: &AgentId, _: &str) -> Result<PriceNow, CallError> {
        Err(Self::told())
    }
    async fn trending(&self, _: &AgentId, _: usize) -> Result<Vec<Trend>, CallError> {
        Err(Self::told())
    }
    async fn token_info(&self, _: &AgentId, _: &str) -> Result<TokenInfo, CallError> {
        Err(Self::told())
    }
}
