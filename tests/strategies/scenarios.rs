//! The scenario beside each strategy, `plugins/<name>/scenario.toml`: a way of prices, and the orders that it has to answer
//! with. `UPDATE=1` writes the orders anew.

use std::{fs, path::PathBuf};

use puppet_backtest::{Backtest, Outcome, StrategyId};
use puppet_types::{
    Timestamp,
    trade::{Candle, OrderKind, Side},
};
use serde::Deserialize;

use super::{STRATEGIES, market, prepared, run, sandbox};

/// As it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    /// What it shows.
    about: String,
    /// Of the strategy.
    parameters: toml::Table,
    /// Of each market: ways of its close, one after the other. The first one begins at its own end.
    markets: Vec<Vec<Leg>>,
    /// `bar 512: buy 1.25 M0/USDC, market`, in order.
    orders: Vec<String>,
}

/// Straight to a price, in whole quote tokens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Leg {
    bars: u64,
    to: u64,
}

const MINUTE: u64 = 60_000;
/// Nine digits of a price, as the market has them.
const PRICE: u64 = 1_000_000_000;
/// A market is deep enough for every order of a scenario.
const VOLUME: u64 = 1_000_000 * PRICE;

impl Scenario {
    fn bars(&self) -> Vec<(u32, Candle)> {
        let mut bars = Vec::new();
        for (place, legs) in (0..).zip(&self.markets) {
            let (mut close, mut at) = (legs[0].to * PRICE, 0);
            for Leg { bars: count, to } in legs {
                let (from, to) = (close, to * PRICE);
                for step in 1..=*count {
                    let open = close;
                    // To the unit, and at the end exactly there.
                    close = u64::try_from(
                        i128::from(from) + (i128::from(to) - i128::from(from)) * i128::from(step) / i128::from(*count),
                    )
                    .unwrap();
                    at += MINUTE;
                    let (high, low, at) = (open.max(close), open.min(close), Timestamp::from_millis(at as i64));
                    bars.push((place, Candle { at, open, high, low, close, volume: VOLUME }));
                }
            }
        }
        bars.sort_by_key(|(market, bar)| (bar.at, *market));
        bars
    }
}

/// Every order that was admitted, as the file has it.
fn lines(outcome: &Outcome) -> Vec<String> {
    let line = |record: &puppet_backtest::OrderRecord| {
        let (order, bar) = (&record.order, record.at.as_millis() as u64 / MINUTE);
        let market = &outcome.markets[order.market as usize].market;
        let way = if order.side == Side::Buy { "buy" } else { "sell" };
        let amount = decimal(order.quantity, market.base.decimals);
        let price = |price: u64| decimal(price, market.price_decimals);
        let kind = match order.kind {
            OrderKind::Market => "market".to_owned(),
            OrderKind::Limit(at) => format!("limit {}", price(at)),
            OrderKind::Stop(at) => format!("stop {}", price(at)),
            OrderKind::TakeProfit(at) => format!("take-profit {}", price(at)),
            OrderKind::Trailing(bps) => format!("trailing {bps} bps"),
        };
        let denied = record.denied_by.as_ref().map_or_else(String::new, |rule| format!(", {rule}"));
        format!("bar {bar}: {way} {amount} {}, {kind}{denied}", market.id)
    };
    outcome.orders.iter().map(line).collect()
}

fn decimal(units: u64, decimals: u8) -> String {
    let power = 10_u64.pow(decimals.into());
    let text = format!("{}.{:0>width$}", units / power, units % power, width = decimals.into());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[test]
fn each_decides_as_its_scenario_says() {
    let sandbox = sandbox();
    for (id, component, ..) in &STRATEGIES {
        let file: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../plugins", id, "scenario.toml"].iter().collect();
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let scenario: Scenario = toml::from_str(&text).unwrap_or_else(|error| panic!("{id}: {error}"));
        assert!(!scenario.about.is_empty());
        let strategies = prepared(&sandbox, component);
        let name = StrategyId { pack: (*id).to_owned(), version: "0.1.0".to_owned(), digest: None };
        let markets = (0..scenario.markets.len() as u32).map(market).collect();
        let mut backtest = Backtest::new(name, &strategies, markets, 60);
        backtest.seed = 42;
        backtest.parameters =
            scenario.parameters.iter().map(|(name, value)| (name.clone(), value.as_integer().unwrap())).collect();
        let outcome = run(&backtest, &scenario.bars());
        assert_eq!((&outcome.stopped, &outcome.breaches[..]), (&None, &[][..]), "{id}");
        let found = lines(&outcome);
        assert!(found.len() >= 2, "{id}: a scenario that shows nothing");
        if std::env::var_os("UPDATE").is_some() {
            let head = text.split("\norders = ").next().unwrap();
            let list: String = found.iter().map(|line| format!("    \"{line}\",\n")).collect();
            fs::write(&file, format!("{head}\norders = [\n{list}]\n")).unwrap();
        } else {
            assert_eq!(found, scenario.orders, "{id}");
        }
    }
}
