//! What characters see of prices: the latest of the desks' markets, and the bars that the store keeps of them.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use puppet_market::{NoQuotes, PriceNow, Quotes, TokenInfo, Trend};
use puppet_store::TradeStore;
use puppet_trade::{DeskView, Listed};
use puppet_types::{
    AgentId, CallError, Code, Timestamp,
    trade::{Candle, Market, Mint, Token},
};

use super::purses::Seats;

const HOUR_MS: i64 = 3_600_000;
/// More bars of a minute than an hour has.
const HOUR_OF_BARS: usize = 100;

/// Prices of a host with these desks.
pub struct DeskQuotes {
    seats: Arc<Seats>,
    store: Arc<dyn TradeStore>,
    /// Nobody hears of these.
    denied: Vec<Mint>,
}

impl DeskQuotes {
    /// Of these desks, with bars of this store, and without a word of these mints in what is trending.
    pub fn new(seats: Arc<Seats>, store: Arc<dyn TradeStore>, denied: Vec<Mint>) -> Self {
        Self { seats, store, denied }
    }

    async fn views(&self, agent: &AgentId) -> Result<Vec<DeskView>, CallError> {
        let views = self.seats.views(agent);
        if views.is_empty() { Err(NoQuotes::told()) } else { Ok(views) }
    }

    /// What may not be traded by whoever asks, nor by this host at all.
    fn denied(&self, agent: &AgentId) -> BTreeSet<Mint> {
        let seat = self.seats.of(agent);
        let of_agent = seat.iter().flat_map(|seat| seat.rules().deny_mints.iter());
        self.denied.iter().chain(of_agent).cloned().collect()
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

/// What is told where no list is configured.
fn nobody() -> CallError {
    let message = "nobody tells this host what is trending: the operator adds `[trading.trending]`";
    CallError::new(Code::ProviderUnavailable, message)
}

/// The list as an agent sees it: without what the operator denies, without what calls itself as a token that the operator's
/// markets have and is another one, and with SOL, where its price is known. Prices of the list are in dollars.
fn trends(denied: &BTreeSet<Mint>, views: &[DeskView], (at, list): (Timestamp, &[Listed])) -> Vec<Trend> {
    let known: Vec<&Token> =
        views.iter().flat_map(|view| &view.markets).flat_map(|market| [&market.base, &market.quote]).collect();
    let is_another =
        |token: &Listed| known.iter().any(|known| known.symbol == token.symbol && known.mint != token.mint);
    let trend = |token: &Listed| {
        let (price, price_decimals) = token.price?;
        let Listed { mint, symbol, name, decimals, change_bps, .. } = token.clone();
        let known = known.iter().find(|known| known.mint == mint);
        Some(Trend {
            price: PriceNow { market: format!("{symbol}/USD"), price, price_decimals, at, change_bps },
            token: TokenInfo {
                mint,
                symbol,
                name,
                decimals: known.map_or(decimals, |known| known.decimals),
                is_verified: known.is_some(),
            },
        })
    };
    let is_told = |token: &&Listed| !denied.contains(&token.mint) && !is_another(token);
    let mut trends: Vec<Trend> = list.iter().filter(is_told).filter_map(trend).collect();
    let has_sol = trends.iter().any(|trend| trend.token.mint == Mint::sol());
    if !has_sol && !denied.contains(&Mint::sol()) {
        trends.extend(sol(views));
    }
    trends
}

/// SOL at the latest price of a desk.
fn sol(views: &[DeskView]) -> Option<Trend> {
    let all = views.iter().flat_map(|view| view.markets.iter().zip(&view.prices));
    let mut of_sol = all.filter(|(market, _)| market.base.mint == Mint::sol());
    let (market, (price, at)) = of_sol.find_map(|(market, seen)| Some((market, (*seen)?)))?;
    let Token { mint, symbol, decimals } = market.base.clone();
    let price = PriceNow { market: market.id.clone(), price, price_decimals: market.price_decimals, at, change_bps: 0 };
    Some(Trend { token: TokenInfo { mint, name: symbol.clone(), symbol, decimals, is_verified: true }, price })
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

    async fn trending(&self, agent: &AgentId, limit: usize) -> Result<Vec<Trend>, CallError> {
        let Some(trending) = self.seats.trending() else { return Err(nobody()) };
        let list = trending.now().await;
        let (at, list) = list.map_err(|why| CallError::new(Code::ProviderUnavailable, format!("the list: {why}")))?;
        let views = self.seats.views(agent);
        Ok(trends(&self.denied(agent), &views, (at, &list)).into_iter().take(limit).collect())
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

    fn mint(letter: char) -> Mint {
        Mint::parse(&letter.to_string().repeat(40)).unwrap()
    }

    fn listed(mint: Mint, symbol: &str, price: Option<(u64, u8)>) -> Listed {
        Listed { mint, symbol: symbol.to_owned(), name: String::new(), decimals: 3, price, change_bps: 7 }
    }

    #[test]
    fn a_list_is_shown_without_what_is_denied_and_with_sol() {
        let view = super::super::purses::tests::view();
        let at = Timestamp::from_millis(5);
        let list = [
            listed(mint('A'), "AAA", Some((5, 1))),
            listed(mint('B'), "BBB", Some((6, 1))),
            listed(mint('C'), "USDC", Some((1, 0))),
            listed(mint('D'), "DDD", None),
        ];
        let symbols = |denied: &[Mint], views: &[DeskView], list: &[Listed]| {
            let trends = trends(&denied.iter().cloned().collect(), views, (at, list));
            trends.into_iter().map(|trend| (trend.token.symbol, trend.token.is_verified)).collect::<Vec<_>>()
        };
        let (named, sol) = (|name: &str, is_verified| (name.to_owned(), is_verified), Mint::sol());
        let views = [view];
        assert_eq!(symbols(&[], &views, &list), [named("AAA", false), named("BBB", false), named("SOL", true)]);
        assert_eq!(symbols(&[mint('A'), sol.clone()], &views, &list), [named("BBB", false)], "the deny list counts");
        // One of the list is told as the list has it, with the decimals of the operator's market.
        let with_sol = [listed(sol, "SOL", Some((9, 0)))];
        let told = trends(&BTreeSet::new(), &views, (at, &with_sol));
        assert_eq!((told.len(), told[0].token.decimals, told[0].price.market.as_str()), (1, 9, "SOL/USD"));
        assert_eq!((told[0].price.price, told[0].price.at, told[0].price.change_bps), (9, at, 7));
        assert_eq!(symbols(&[], &[], &list[..1]), [named("AAA", false)], "nobody knows what SOL costs");
    }

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
