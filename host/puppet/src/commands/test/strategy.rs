//! A scenario of a trading strategy: a way of prices, and the orders that it answers with.

use std::sync::Arc;

use puppet_author::{
    found::Difference,
    scenario::{Scenario, Strategy},
};
use puppet_backtest::{Backtest, History, OrderRecord, Outcome, Sandboxed, StrategyId};
use puppet_types::{
    Timestamp,
    trade::{Candle, Market, Mint, OrderKind, Side, Token},
};

use crate::{
    assembly::Stranger,
    trouble::{Result, Trouble},
};

/// Nine digits of a price, as the markets of scenarios have them.
const PRICE: u64 = 1_000_000_000;
/// A market is deep enough for every order of a scenario.
const VOLUME: u64 = 1_000_000 * PRICE;

/// What came of it.
pub struct Run {
    /// Every order that was admitted, or denied and by which rule.
    pub orders: Vec<String>,
    /// What differs.
    pub differences: Vec<Difference>,
    /// Instructions of all batches.
    pub fuel: u64,
}

/// Runs it.
pub fn run(stranger: &Stranger, scenario: &Scenario, strategy: &Strategy, line: usize) -> Result<Run> {
    let sandbox = &stranger.sandbox;
    let prepared = sandbox.prepare_strategy(&stranger.compiled).map_err(|error| {
        Trouble::input("component", error.to_string(), "a scenario with [strategy] is of a trading strategy")
    })?;
    let strategies = Sandboxed::new(Arc::new(prepared), sandbox.strategy_stack_bytes());
    let manifest = &stranger.manifest;
    let name = StrategyId { pack: manifest.id.to_string(), version: manifest.version.to_string(), digest: None };
    let places = u32::try_from(strategy.markets.len()).unwrap_or(u32::MAX);
    let markets = (0..places).map(market).collect::<Option<Vec<_>>>().ok_or_else(|| {
        Trouble::input("scenario", "a scenario has at most nine markets", "leave some out").of_field("strategy.markets")
    })?;
    let mut backtest = Backtest::new(name, &strategies, markets, strategy.bar_seconds);
    backtest.seed = scenario.seed.0;
    backtest.parameters = strategy.parameters.iter().map(|(name, value)| (name.clone(), *value)).collect();
    let bars = bars(strategy);
    let bad = |error: String| Trouble::input("scenario", error, "see docs/reference/scenario.md").of_field("strategy");
    let history = History::new(&bars, backtest.markets.len()).map_err(|error| bad(error.to_string()))?;
    let outcome = backtest.run(history, &mut |_| {}).map_err(|error| bad(error.to_string()))?;
    let orders = lines(&outcome, strategy.bar_seconds);
    let differences = compare(strategy, &outcome, &orders, line);
    Ok(Run { orders, differences, fuel: outcome.fuel })
}

/// Of nine, by its number: mints are base58, which has no zero.
fn market(n: u32) -> Option<Market> {
    let mint = Mint::parse(&format!("M{}", n + 1).repeat(16)).filter(|_| n < 9)?;
    let base = Token { mint, symbol: format!("M{n}"), decimals: 9 };
    let quote = Token { mint: Mint::parse(Mint::USDC)?, symbol: "USDC".to_owned(), decimals: 6 };
    Some(Market { id: format!("M{n}/USDC"), base, quote, price_decimals: 9, min_quantity: 1_000 })
}

/// The bars that the ways of a scenario are.
fn bars(strategy: &Strategy) -> Vec<(u32, Candle)> {
    let millis = u64::from(strategy.bar_seconds) * 1_000;
    let mut bars = Vec::new();
    for (place, legs) in (0..).zip(&strategy.markets) {
        let first = legs.first().map_or(0, |leg| leg.to);
        let (mut close, mut at) = (first.saturating_mul(PRICE), 0);
        for leg in legs {
            let (from, to) = (i128::from(close), i128::from(leg.to.saturating_mul(PRICE)));
            for step in 1..=leg.bars {
                let open = close;
                // To the unit, and at the end exactly there.
                close = u64::try_from(from + (to - from) * i128::from(step) / i128::from(leg.bars)).unwrap_or(0);
                at += millis;
                let at = Timestamp::from_millis(i64::try_from(at).unwrap_or(i64::MAX));
                let (high, low) = (open.max(close), open.min(close));
                bars.push((place, Candle { at, open, high, low, close, volume: VOLUME }));
            }
        }
    }
    bars.sort_by_key(|(market, bar)| (bar.at, *market));
    bars
}

/// `bar 512: buy 1.25 M0/USDC, market`.
fn lines(outcome: &Outcome, bar_seconds: u32) -> Vec<String> {
    let line = |record: &OrderRecord| {
        let order = &record.order;
        let bar = record.at.as_millis() / (i64::from(bar_seconds) * 1_000);
        let market = outcome.markets.get(order.market as usize).map(|series| &series.market);
        let (id, base, price_decimals) =
            market.map_or(("?", 0, 0), |market| (market.id.as_str(), market.base.decimals, market.price_decimals));
        let way = if order.side == Side::Buy { "buy" } else { "sell" };
        let price = |price: u64| decimal(price, price_decimals);
        let kind = match order.kind {
            OrderKind::Market => "market".to_owned(),
            OrderKind::Limit(at) => format!("limit {}", price(at)),
            OrderKind::Stop(at) => format!("stop {}", price(at)),
            OrderKind::TakeProfit(at) => format!("take-profit {}", price(at)),
            OrderKind::Trailing(bps) => format!("trailing {bps} bps"),
        };
        let denied = record.denied_by.as_ref().map_or_else(String::new, |rule| format!(", {rule}"));
        format!("bar {bar}: {way} {} {id}, {kind}{denied}", decimal(order.quantity, base))
    };
    outcome.orders.iter().map(line).collect()
}

fn decimal(units: u64, decimals: u8) -> String {
    let power = 10_u64.pow(decimals.into());
    let text = format!("{}.{:0>width$}", units / power, units % power, width = decimals.into());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn compare(strategy: &Strategy, outcome: &Outcome, found: &[String], line: usize) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut differs = |path: String, expected: &str, found: &str| {
        let (expected, found) = (expected.to_owned(), found.to_owned());
        differences.push(Difference { step: None, path, expected, found, line, remedy: None });
    };
    if let Some(stopped) = &outcome.stopped {
        differs("stopped".to_owned(), "that it runs to the end", stopped);
    }
    // The first one says why; where the run goes on, there may be more.
    if let Some(breach) = outcome.breaches.first() {
        let bar = breach.at.as_millis() / (i64::from(strategy.bar_seconds) * 1_000);
        let path = format!("bar {bar}: breach");
        differs(path, "none", &format!("{} (of {}): {}", breach.breach, outcome.breaches.len(), breach.detail));
    }
    for n in 0..found.len().max(strategy.orders.len()) {
        let (expected, is) = (strategy.orders.get(n), found.get(n));
        if expected != is {
            let nothing = "nothing".to_owned();
            let (expected, is) = (expected.unwrap_or(&nothing), is.unwrap_or(&nothing));
            differs(format!("strategy.orders[{}]", n + 1), expected, is);
        }
    }
    differences
}
