//! What characters see of prices: the latest of the desks' markets, and the bars that the store keeps of them.

use std::sync::Arc;

use async_trait::async_trait;
use puppet_market::{NoQuotes, PriceNow, Quotes, TokenInfo, Trend};
use puppet_store::TradeStore;
use puppet_trade::DeskView;
use puppet_types::{
    AgentId, CallError, Code, Timestamp,
    trade::{Candle, Market},
};

use super::purses::Seats;

const HOUR_MS: i64 = 3_600_000;
/// More bars of a minute than an hour has.
const HOUR_OF_BARS: usize = 100;

/// Prices of a host with these desks.
pub struct DeskQuotes {
    seats: Arc<Seats>,
    store: Arc<dyn TradeStore>,
}

impl DeskQuotes {
    /// Of these desks, with bars of this store.
    pub fn new(seats: Arc<Seats>, store: Arc<dyn TradeStore>) -> Self {
        Self { seats, store }
    }

    async fn views(&self, agent: &AgentId) -> Result<Vec<DeskView>, CallError> {
        let views = self.seats.views(agent).await;
        if views.is_empty() { Err(NoQuotes::told()) } else { Ok(views) }
    }

    async fn bars(
        &self,
        market: &str,
        seconds: u32,
        (from, to): (Timestamp, Timestamp),
        limit: usize,
    ) -> Result<Vec<Candle>, CallError> {
        let bars = self.store.candles(market, seconds, Some(from), Some(to), limit).await;
        bars.map_err(|error| CallError::new(Code::ProviderUnavailable, format!("the store of bars: {error}")))
    }
}

/// A market, its latest price, and how long its bars are.
type Found<'v> = (&'v Market, Option<(u64, Timestamp)>, u32);

/// The market of this id.
fn found<'v>(views: &'v [DeskView], market: &str) -> Result<Found<'v>, CallError> {
    let all = views.iter().flat_map(|view| {
        let prices = view.prices.iter().copied().chain(std::iter::repeat(None));
        view.markets.iter().zip(prices).map(|(market, price)| (market, price, view.bar_seconds))
    });
    let mut same = all.filter(|(known, ..)| known.id == market).peekable();
    let first = same.peek().copied();
    let priced = same.find(|(_, price, _)| price.is_some());
    let shown: String = market.chars().take(40).collect();
    let unknown = || CallError::new(Code::NotFound, format!("no desk of this host has a market `{shown}`"));
    priced.or(first).ok_or_else(unknown)
}

fn before(at: Timestamp, millis: i64) -> Timestamp {
    Timestamp::from_millis(at.as_millis().saturating_sub(millis))
}

#[async_trait]
impl Quotes for DeskQuotes {
    async fn candles(
        &self,
        agent: &AgentId,
        market: &str,
        bar_seconds: u32,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Candle>, CallError> {
        let views = self.views(agent).await?;
        found(&views, market)?;
        let span = i64::from(bar_seconds) * 1_000 * i64::try_from(limit).unwrap_or(i64::MAX / 100_000_000);
        let (from, to) = (before(now, span.saturating_add(1)), before(now, 1));
        self.bars(market, bar_seconds, (from, to), limit).await
    }

    async fn quote(&self, agent: &AgentId, market: &str) -> Result<PriceNow, CallError> {
        let views = self.views(agent).await?;
        let (known, price, bar_seconds) = found(&views, market)?;
        let none = || CallError::new(Code::ProviderUnavailable, format!("`{}` has no price yet", known.id));
        let (price, at) = price.ok_or_else(none)?;
        let day = (before(at, 25 * HOUR_MS), before(at, 24 * HOUR_MS));
        let then = self.bars(market, bar_seconds, day, HOUR_OF_BARS).await?;
        let change_bps = then.last().map_or(0, |bar| change_bps(bar.close, price));
        Ok(PriceNow { market: known.id.clone(), price, price_decimals: known.price_decimals, at, change_bps })
    }

    async fn trending(&self, agent: &AgentId, _: usize) -> Result<Vec<Trend>, CallError> {
        self.views(agent).await?;
        Err(CallError::new(Code::Denied, "nobody tells this host what is trending"))
    }

    async fn token_info(&self, agent: &AgentId, token: &str) -> Result<TokenInfo, CallError> {
        let views = self.views(agent).await?;
        let mut all = views.iter().flat_map(|view| &view.markets).flat_map(|market| [&market.base, &market.quote]);
        let shown: String = token.chars().take(40).collect();
        let unknown = || CallError::new(Code::NotFound, format!("no market of this host has a token `{shown}`"));
        let found = all.find(|known| known.mint.as_str() == token || known.symbol == token).ok_or_else(unknown)?;
        Ok(TokenInfo {
            mint: found.mint.clone(),
            symbol: found.symbol.clone(),
            name: found.symbol.clone(),
            decimals: found.decimals,
            // The operator's list of markets has it.
            is_verified: true,
        })
    }
}

/// From one price to another, in hundredths of a percent, towards zero; as far as 32 bits go.
fn change_bps(from: u64, to: u64) -> i32 {
    let change = (i128::from(to) - i128::from(from)) * 10_000 / i128::from(from.max(1));
    i32::try_from(change.clamp(i128::from(i32::MIN), i128::from(i32::MAX))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_in_hundredths_of_a_percent() {
        for (from, to, told) in [
            (100, 101, 100),
            (100, 99, -100),
            (3, 3, 0),
            (10_000, 10_001, 1),
            (100_000, 99_999, 0),
            (0, 5, 50_000),
            (1, u64::MAX, i32::MAX),
        ] {
            assert_eq!(change_bps(from, to), told, "{from} {to}");
        }
    }
}
