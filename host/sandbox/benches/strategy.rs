//! What a bar costs: a strategy in the sandbox beside a bare wasmtime loop that makes the same calls of the same component,
//! one bar per call, fuel set per call, in one run. Orders are filled at once by both, so that both hand over the same.
//!
//! `cargo bench -p puppet-sandbox --bench strategy [-- BARS]`. The component is built first:
//! `cargo build --profile guest --target wasm32-wasip2 -p sma-cross --target-dir target/plugins`.

#![allow(clippy::unwrap_used, missing_docs, reason = "a bench that cannot go on stops")]

use std::{path::Path, time::Instant};

use puppet_sandbox::{Pool, PreparedStrategy, Sandbox, SandboxConfig, StrategySetup};
use puppet_types::{
    Timestamp,
    trade::{Candle, Fill, Market, Mint, Position, Proposal, Side, Token},
};

use wasmtime::component::Component;

#[path = "strategy/bare.rs"]
mod bare;

const MINUTE_MS: i64 = 60_000;
/// Fuel of one call.
const FUEL: u64 = 10_000_000;
/// Rounds, of which the best counts: the machine is not ours alone.
const ROUNDS: usize = 5;

/// What came of a loop.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
struct Seen {
    orders: u64,
    fuel: u64,
}

/// A seeded walk around 100.00, one bar per minute.
fn bars(count: usize) -> Vec<Candle> {
    let mut state = 7_u64;
    let mut price = 100_000_000_u64;
    let one = |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let step = (state >> 40) % 200_001;
        let open = price;
        price = (price + step).saturating_sub(100_000).clamp(50_000_000, 200_000_000);
        let at = Timestamp::from_millis((n as i64 + 1) * MINUTE_MS);
        Candle { at, open, high: open.max(price), low: open.min(price), close: price, volume: 1_000_000_000 }
    };
    (0..count).map(one).collect()
}

fn market() -> Market {
    let token =
        |mint, symbol: &str, decimals| Token { mint: Mint::parse(mint).unwrap(), symbol: symbol.to_owned(), decimals };
    let (base, quote) = (token(Mint::SOL, "SOL", 9), token(Mint::USDC, "USDC", 6));
    Market { id: "SOL/USDC".to_owned(), base, quote, price_decimals: 6, min_quantity: 1 }
}

fn ours(prepared: &PreparedStrategy, bars: &[Candle]) -> (f64, Seen) {
    let setup = StrategySetup {
        parameters: Vec::new(),
        markets: vec![market()],
        bar_seconds: 60,
        seed: 7,
        at: Timestamp::default(),
        saved: None,
        client_ids: Default::default(),
    };
    let mut strategy = prepared.start(&setup).unwrap();
    let portfolio = strategy.portfolio_mut();
    (portfolio.positions, portfolio.cash) = (vec![Position::default()], vec![bare::CASH]);
    let (mut orders, before) = (0, strategy.fuel_used());
    let begin = Instant::now();
    for bar in bars {
        let answer = strategy.on_candles(bar.at, false, &[(0, *bar)]).unwrap();
        for proposal in answer.proposals {
            let Proposal::Place(order) = proposal else { continue };
            orders += 1;
            let held = if order.side == Side::Buy { order.quantity } else { 0 };
            strategy.portfolio_mut().positions[0] = Position { quantity: held, entry_price: bar.close };
            let fill = Fill {
                client_id: order.client_id,
                market: 0,
                side: order.side,
                at: bar.at,
                quantity: order.quantity,
                price: bar.close,
                fee: 0,
                remaining: 0,
            };
            strategy.on_fill(&fill).unwrap();
        }
    }
    let took = begin.elapsed().as_secs_f64();
    (bars.len() as f64 / took, Seen { orders, fuel: strategy.fuel_used() - before })
}

fn main() {
    let count = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(1_000_000);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = root.join("target/plugins/wasm32-wasip2/guest/sma_cross.wasm");
    let Ok(bytes) = std::fs::read(&path) else {
        println!("{} is not there: build it as the head of benches/strategy.rs says", path.display());
        return;
    };
    let bars = bars(count);
    let config = SandboxConfig { pool: Pool { slots: 4, ..Pool::default() }, ..SandboxConfig::default() };
    let sandbox = Sandbox::new(config).unwrap();
    let (mut floor, mut top) = (0.0_f64, 0.0_f64);
    let mut seen = None;
    let prepared = sandbox.prepare_strategy(&sandbox.compile(&bytes).unwrap()).unwrap();
    let component = Component::new(sandbox.engine(), &bytes).unwrap();
    for _ in 0..ROUNDS {
        let (bare, of_bare) = bare::run(sandbox.engine(), &component, &bars, 0);
        let (ours, of_ours) = ours(&prepared, &bars);
        assert_eq!(of_bare, of_ours, "the same calls");
        (floor, top) = (floor.max(bare), top.max(ours));
        seen = Some(of_ours);
    }
    println!("sma-cross, {count} bars, one per call, fuel set per call, best of {ROUNDS}: {seen:?}");
    println!("| loop | bars/s | us per bar |\n| --- | --- | --- |");
    for (name, rate) in [("bare wasmtime", floor), ("the sandbox", top)] {
        println!("| {name} | {rate:.0} | {:.3} |", 1e6 / rate);
    }
    println!("ratio {:.2}", top / floor);
}
