//! The strategies that come with the program, as they are built, in the real sandbox under the risk engine: over a market
//! that is made up from a seed, and over candles of somebody's own where they are named. The scenario beside each is run by
//! `tests/scenarios.rs`.
//! What each decides in detail is tested in its own folder.

use std::{num::NonZeroUsize, path::Path, sync::Arc};

use puppet_backtest::{Backtest, Description, History, Outcome, Parameter, Sandboxed, Strategies, StrategyId};
use puppet_market::{Dataset, Markets, ReadOptions, Synthetic};
use puppet_sandbox::{Pool, Sandbox, SandboxConfig};
use puppet_types::trade::{Candle, Market, Mint, Rounding, Side, Token};

/// Id, component, parameters that trade often, and in how many markets.
type Case = (&'static str, &'static [u8], &'static [(&'static str, i64)], u32);

const STRATEGIES: [Case; 5] = [
    ("sma-cross", include_bytes!(env!("PUPPET_PLUGIN_SMA_CROSS")), &[], 1),
    (
        "impulse",
        include_bytes!(env!("PUPPET_PLUGIN_IMPULSE")),
        &[("min_hours", 1), ("probability", 5_000), ("max_trades_per_day", 10), ("max_amount", 5_000)],
        3,
    ),
    ("dca", include_bytes!(env!("PUPPET_PLUGIN_DCA")), &[("every", 60), ("dip_bps", 50), ("take_profit_bps", 150)], 2),
    (
        "grid",
        include_bytes!(env!("PUPPET_PLUGIN_GRID")),
        &[("spacing_bps", 40), ("recentre_bps", 100), ("notional", 10_000)],
        1,
    ),
    ("momentum", include_bytes!(env!("PUPPET_PLUGIN_MOMENTUM")), &[("exit_bps", -100)], 4),
];

/// Minutes of each market.
const MINUTES: u32 = 6_000;

fn market(n: u32) -> Market {
    let token = |symbol: String, mint: &str, decimals| Token { mint: Mint::parse(mint).unwrap(), symbol, decimals };
    // Digits of base58 have no zero.
    let base = token(format!("M{n}"), &format!("M{}", n + 1).repeat(16), 9);
    let quote = token("USDC".to_owned(), Mint::USDC, 6);
    Market { id: format!("M{n}/USDC"), base, quote, price_decimals: 9, min_quantity: 1_000 }
}

/// Bars of so many markets, some of them missing here and there.
fn bars(markets: u32, seed: u64) -> Vec<(u32, Candle)> {
    let of = |market: u32| {
        let made = Synthetic { missing_per_million: 3_000, ..Synthetic::minutes(seed + u64::from(market), MINUTES) };
        made.candles().unwrap().bars().iter().map(|bar| (market, *bar)).collect::<Vec<_>>()
    };
    let mut bars: Vec<_> = (0..markets).flat_map(of).collect();
    bars.sort_by_key(|(market, bar)| (bar.at, *market));
    bars
}

fn sandbox() -> Sandbox {
    let pool = Pool { slots: 64, ..Pool::default() };
    Sandbox::new(SandboxConfig { pool, ..SandboxConfig::default() }).unwrap()
}

fn prepared(sandbox: &Sandbox, component: &[u8]) -> Sandboxed {
    let compiled = sandbox.compile(component).unwrap();
    Sandboxed::new(Arc::new(sandbox.prepare_strategy(&compiled).unwrap()), sandbox.strategy_stack_bytes())
}

fn backtest<'a>(strategies: &'a dyn Strategies, case: &Case) -> Backtest<'a> {
    let (id, _, parameters, markets) = case;
    let id = StrategyId { pack: (*id).to_owned(), version: "0.1.0".to_owned(), digest: None };
    let mut run = Backtest::new(id, strategies, (0..*markets).map(market).collect(), 60);
    run.parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    run.seed = 42;
    run
}

fn run(run: &Backtest<'_>, bars: &[(u32, Candle)]) -> Outcome {
    run.run(History::new(bars, run.markets.len()).unwrap(), &mut |_| {}).unwrap()
}

/// Candles of somebody's own: `PUPPET_TEST_CANDLES` names a file or a folder of them. As many markets as are paid with one
/// token and have bars of one length.
fn candles_of_somebody() -> Option<Vec<Dataset>> {
    let Some(place) = std::env::var_os("PUPPET_TEST_CANDLES") else {
        println!("skipped: PUPPET_TEST_CANDLES names no candles");
        return None;
    };
    let mut sets = puppet_market::read(Path::new(&place), &ReadOptions::default(), &Markets::built_in()).unwrap();
    let (quote, seconds) = (sets[0].market.quote.clone(), sets[0].candles.bar_seconds());
    sets.retain(|set| set.market.quote == quote && set.candles.bar_seconds() == seconds);
    Some(sets)
}

#[test]
fn each_trades_candles_of_somebodys_own_and_the_money_adds_up() {
    let Some(sets) = candles_of_somebody() else { return };
    let sandbox = sandbox();
    for (id, component, parameters, _) in &STRATEGIES {
        let strategies = prepared(&sandbox, component);
        let about: Description = strategies.fresh().unwrap().describe().unwrap();
        let places = sets.len().min(about.max_markets as usize);
        if places < about.min_markets as usize {
            println!("skipped: {id} trades {} markets at least, and there are {places}", about.min_markets);
            continue;
        }
        let sets = &sets[..places];
        let mut bars: Vec<(u32, Candle)> = (0_u32..)
            .zip(sets)
            .flat_map(|(place, set)| set.candles.bars().iter().map(move |bar| (place, *bar)))
            .collect();
        bars.sort_by_key(|(market, bar)| (bar.at, *market));
        let name = StrategyId { pack: (*id).to_owned(), version: "0.1.0".to_owned(), digest: None };
        let markets = sets.iter().map(|set| set.market.clone()).collect();
        let mut backtest = Backtest::new(name, &strategies, markets, sets[0].candles.bar_seconds());
        backtest.parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        if sets.iter().any(|set| set.quality.details.no_volume) {
            backtest.models = backtest.models.without_volume();
        }
        let outcome = run(&backtest, &bars);
        assert_eq!((&outcome.stopped, &outcome.breaches[..]), (&None, &[][..]), "{id}");
        assert_eq!(outcome.end_equity(), reckoned(&outcome), "{id}: the money does not add up");
        println!("{id}: {} bars, {} fills, {} trades", bars.len(), outcome.fills.len(), outcome.trades.len());
    }
}

/// What is owned at the end, reckoned from the fills alone.
fn reckoned(outcome: &Outcome) -> u64 {
    let (mut cash, mut held) = (i128::from(outcome.start_balance), vec![0_u64; outcome.markets.len()]);
    let market = |place: u32| &outcome.markets[place as usize].market;
    for record in &outcome.fills {
        let fill = &record.fill;
        let value = |rounding| market(fill.market).notional(fill.quantity, fill.price, rounding).unwrap();
        let held = &mut held[fill.market as usize];
        match fill.side {
            Side::Buy => {
                cash -= i128::from(value(Rounding::Up));
                *held += fill.quantity;
            }
            Side::Sell => {
                cash += i128::from(value(Rounding::Down));
                *held = held.checked_sub(fill.quantity).expect("more was sold than bought");
            }
        }
        cash -= i128::from(fill.fee);
        assert!(cash >= 0, "money was spent that was not there: {fill:?}");
    }
    let worth = outcome.markets.iter().zip(held).map(|(series, held)| {
        let close = *series.closes.last().unwrap();
        series.market.notional(held, close, Rounding::Down).unwrap()
    });
    u64::try_from(cash).unwrap() + worth.sum::<u64>()
}

#[test]
fn each_trades_a_made_up_market_the_same_way_twice_and_the_money_adds_up() {
    let sandbox = sandbox();
    for case in &STRATEGIES {
        let (id, component, _, markets) = case;
        let strategies = prepared(&sandbox, component);
        let backtest = backtest(&strategies, case);
        let bars = bars(*markets, 11);
        let outcome = run(&backtest, &bars);
        assert_eq!(outcome, run(&backtest, &bars), "{id}: the same run twice");
        assert_eq!((&outcome.stopped, &outcome.breaches[..]), (&None, &[][..]), "{id}");
        assert_eq!(outcome.end_equity(), reckoned(&outcome), "{id}: the money does not add up");
        assert_eq!(outcome.fees, outcome.fills.iter().map(|record| record.fill.fee).sum::<u64>(), "{id}");
        let (fills, trades) = (outcome.fills.len(), outcome.trades.len());
        assert!(fills > 10 && trades > 1, "{id}: {fills} fills, {trades} trades");
        // Nothing that a strategy should have known not to ask for.
        let silly = ["invalid", "duplicate", "warm-up", "no-position", "reduce-only", "min-quantity"];
        let denied = outcome.denials.iter().find(|record| silly.contains(&record.denial.rule.as_str()));
        assert_eq!(denied, None, "{id}");
    }
}

#[test]
fn none_decides_otherwise_when_the_future_is_taken_away() {
    let sandbox = sandbox();
    for case in &STRATEGIES {
        let (id, component, _, markets) = case;
        let strategies = prepared(&sandbox, component);
        let bars = bars(*markets, 12);
        let history = History::new(&bars[..bars.len() / 2], *markets as usize).unwrap();
        let found = backtest(&strategies, case).look_ahead(history, 5, NonZeroUsize::MIN, &mut |_| {}).unwrap();
        assert_eq!((found.cuts, &found.differences[..]), (5, &[][..]), "{id}");
    }
}

#[test]
fn the_page_says_what_each_says_of_itself() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/trading/first-party.md");
    let page = std::fs::read_to_string(page).unwrap();
    let sandbox = sandbox();
    for (id, component, ..) in &STRATEGIES {
        let strategies = prepared(&sandbox, component);
        let about: Description = strategies.fresh().unwrap().describe().unwrap();
        let section = page.split("\n## ").find(|section| section.starts_with(&format!("{id}\n"))).expect(id);
        for Parameter { name, default, min, max, .. } in &about.parameters {
            let row = format!("| `{name}` | {} ", written(*default));
            let line = section.lines().find(|line| line.starts_with(&row));
            let line = line.unwrap_or_else(|| panic!("{id}: no row that begins with `{row}`"));
            let range = format!("| {}–{} |", written(*min), written(*max));
            assert!(line.contains(&range), "{id}: `{range}` is not in `{line}`");
        }
        let history =
            if about.warm_up == 0 { "none".to_owned() } else { format!("{} bars", written(about.warm_up.into())) };
        let row = page.lines().find(|line| line.starts_with(&format!("| `{id}` |"))).expect(id);
        assert!(row.ends_with(&format!("| {history} |")), "{id}: {history} is not at the end of `{row}`");
    }
}

/// As people write it: 1,440 and −9,999.
fn written(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap()).collect();
    format!("{}{}", if number < 0 { "−" } else { "" }, groups.join(","))
}
