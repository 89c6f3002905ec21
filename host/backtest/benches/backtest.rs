//! What a backtest costs, side by side in one run: the same bars, the same strategy, the same fills and the risk engine
//! on, once in the sandbox and once as native Rust; the bare wasmtime loop that makes the same calls, saves among them; the
//! risk engine's decision alone; and a sweep on one core and on all.
//!
//! `cargo bench -p puppet-backtest [-- BARS | FILE.csv]`. The component is built first:
//! `cargo build --profile guest --target wasm32-wasip2 -p sma-cross --target-dir target/plugins`.
//!
//! Fees are small and there is no slippage, so that there is money to trade with to the last bar. With the bars of a file
//! (`tests/peers/run.sh --only-data`) the trades are those of the other frameworks: they are written to `trades-puppet.csv`
//! beside it, and `tests/peers/run.sh` compares them.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark that cannot run has nothing to report")]

use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use native::sma::Sma;
use native::walk;
use puppet_backtest::{
    Backtest, Bar, FillRecord, Grid, History, Models, Outcome, Sandboxed, Strategies, StrategyId, all_cores,
};
use puppet_sandbox::{Pool, Sandbox, SandboxConfig};
use puppet_types::Timestamp;
use puppet_types::trade::{Candle, Market, Mint, Order, OrderKind, Side, TimeInForce};
use puppet_wallet::{Origin, Risk, Rules, Seen as Price};

#[path = "../../sandbox/benches/strategy/bare.rs"]
mod bare;
#[path = "../tests/native/mod.rs"]
mod native;
#[path = "../../puppet/benches/host/table.rs"]
mod table;

/// As in the program, for all that is measured.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the bare loop counts.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
struct Seen {
    orders: u64,
    fuel: u64,
}

/// Fuel of one call, as in the sandbox.
const FUEL: u64 = 10_000_000;
/// Rounds of each side; the best counts, since the machine is not ours alone.
const ROUNDS: usize = 5;

fn market() -> Market {
    walk::market()
}

fn backtest(strategies: &dyn Strategies) -> Backtest<'_> {
    let id = StrategyId { pack: "sma-cross".to_owned(), ..StrategyId::default() };
    Backtest {
        models: Models { fee_bps: 1, ..Models::free() },
        seed: 7,
        start_balance: 10_000_000_000_000,
        parameters: vec![("size".to_owned(), 9_500)],
        ..Backtest::new(id, strategies, vec![market()], 60)
    }
}

/// Bars of a file: `time,open,high,low,close,volume`, the second at which each opened, and at most nine digits after a point.
fn read(path: &Path) -> Vec<Bar> {
    let units = |text: &str| {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        format!("{whole}{part:0<9}").parse::<u64>().unwrap()
    };
    let text = std::fs::read_to_string(path).unwrap();
    let bar = |line: &str| {
        let mut cells = line.split(',');
        let second: u64 = cells.next().unwrap().parse().unwrap();
        let mut next = || units(cells.next().unwrap());
        let [open, high, low, close, volume] = std::array::from_fn(|_| next());
        (0, Candle { at: Timestamp::default().plus_millis((second + 60) * 1_000), open, high, low, close, volume })
    };
    text.lines().skip(1).map(bar).collect()
}

/// As `tests/peers` writes trades: the second at which the bar opened, billionths of the base token, millionths.
fn write(path: &Path, fills: &[FillRecord]) {
    let mut text = "time,side,quantity,price,fee\n".to_owned();
    for FillRecord { fill, .. } in fills {
        let side = if fill.side == Side::Buy { "buy" } else { "sell" };
        let opened = fill.at.as_millis() / 1_000 - 60;
        writeln!(text, "{opened},{side},{},{},{}", fill.quantity, fill.price / 1_000, fill.fee).unwrap();
    }
    std::fs::write(path, text).unwrap();
    println!("trades: {}", path.display());
}

fn timed(run: &Backtest<'_>, history: History<'_>) -> (f64, Outcome) {
    let begin = Instant::now();
    let outcome = run.run(history, &mut |_| {}).unwrap();
    (history.bars().len() as f64 / begin.elapsed().as_secs_f64(), outcome)
}

/// Microseconds of one decision: admitted and released, and denied.
fn decision(bars: &[Bar]) -> (f64, f64) {
    const COUNT: u32 = 200_000;
    let markets = vec![market()];
    let mint = Mint::parse(Mint::USDC).unwrap();
    let order = Order {
        client_id: "a".to_owned(),
        market: 0,
        side: Side::Buy,
        kind: OrderKind::Market,
        quantity: 1_000_000_000,
        reduce_only: false,
        time_in_force: TimeInForce::Ioc,
        expires_at: None,
        max_slippage_bps: None,
        reason: String::new(),
    };
    let time = |quantity: u64| {
        let mut risk =
            Risk::new(Rules::for_backtest(&markets), markets.clone(), &[(mint.clone(), 1_000_000_000)]).unwrap();
        let order = Order { quantity, ..order.clone() };
        let begin = Instant::now();
        for n in 0..COUNT {
            let (_, Candle { at, close, .. }) = bars[n as usize % bars.len()];
            let at = at.plus_millis(u64::from(n / bars.len() as u32) * 60_000 * bars.len() as u64);
            if let Ok(held) = std::hint::black_box(risk.admit(&order, Origin::Strategy, &Price::at(at, close))) {
                risk.release(held).unwrap();
            }
        }
        begin.elapsed().as_secs_f64() * 1e6 / f64::from(COUNT)
    };
    (time(1_000_000_000), time(u64::MAX >> 8))
}

fn main() {
    let is_bench = std::env::args().any(|word| word == "--bench");
    let asked = std::env::args().skip(1).find_map(|word| word.parse().ok());
    let file = std::env::args().skip(1).map(PathBuf::from).find(|word| word.extension() == Some("csv".as_ref()));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins/wasm32-wasip2/guest/sma_cross.wasm");
    let Ok(bytes) = std::fs::read(&path) else {
        println!("{} is not there: build it as the head of benches/backtest.rs says", path.display());
        return;
    };
    let bars = match &file {
        Some(file) => read(file),
        None => walk::bars(7, asked.unwrap_or(if is_bench { 1_000_000 } else { 10_000 })),
    };
    let count = bars.len();
    let candles: Vec<Candle> = bars.iter().map(|(_, candle)| *candle).collect();
    let history = History::new(&bars, 1).unwrap();
    let sandbox =
        Sandbox::new(SandboxConfig { pool: Pool { slots: 64, ..Pool::default() }, ..SandboxConfig::default() })
            .unwrap();
    let prepared = Arc::new(sandbox.prepare_strategy(&sandbox.compile(&bytes).unwrap()).unwrap());
    let component = wasmtime::component::Component::new(sandbox.engine(), &bytes).unwrap();
    let sandboxed = Sandboxed::new(prepared, sandbox.strategy_stack_bytes());
    let (ours, native) = (backtest(&sandboxed), backtest(&Sma::default));

    let (mut best, mut kept) = ([0.0_f64; 3], None);
    for _ in 0..if is_bench { ROUNDS } else { 1 } {
        let (floor, _) = bare::run(sandbox.engine(), &component, &candles, puppet_backtest::SAVE_EVERY);
        let (ours, in_sandbox) = timed(&ours, history);
        let (native, in_native) = timed(&native, history);
        assert_eq!((&in_sandbox.orders, &in_sandbox.fills), (&in_native.orders, &in_native.fills), "bar for bar");
        assert_eq!((&in_sandbox.trades, &in_sandbox.equity), (&in_native.trades, &in_native.equity), "bar for bar");
        for (best, seen) in best.iter_mut().zip([floor, ours, native]) {
            *best = best.max(seen);
        }
        kept = Some(in_sandbox);
    }
    let [floor, ours_rate, native_rate] = best;
    let outcome = kept.unwrap();
    if let Some(file) = &file {
        write(&file.with_file_name("trades-puppet.csv"), &outcome.fills);
    }
    println!(
        "{count} bars of one minute, sma-cross, one core, risk engine on, best of {ROUNDS}: {} orders, {} trades, fuel {}; orders, fills, trades and equity are those of the native loop\n",
        outcome.orders.len(),
        outcome.trades.len(),
        outcome.fuel
    );
    let mut table = table::Table::new(false);
    let mut row = |name: &str, value, unit, peer, against, limit| {
        table.add(table::Row { name: name.to_owned(), value, unit, peer, against, limit });
    };
    use table::Limit::{AtLeast, AtMost, None as Report};
    row("sandbox, risk on", ours_rate, "bars/s", 1_500_000.0, "bars/s that are asked for", AtLeast(1.0));
    row("sandbox, risk on", ours_rate, "bars/s", floor, "bare wasmtime, same calls", AtLeast(0.7));
    row("sandbox, risk on", ours_rate, "bars/s", native_rate, "native Rust, same code path", Report);
    let (admitted, denied) = decision(&bars);
    row("order to decision: admitted, released", admitted, "us", 5.0, "us that are allowed", AtMost(1.0));
    row("order to decision: denied", denied, "us", 5.0, "us that are allowed", AtMost(1.0));

    let part = History::new(&bars[..count / 10], 1).unwrap();
    let grid = Grid::parse(["fast=5..20:1", "slow=30,60"]).unwrap();
    let sweep = |threads| {
        let begin = Instant::now();
        let runs = ours.sweep(part, &grid, None, threads, &|outcome| outcome.end_equity(), &mut |_| {}).unwrap();
        ((runs.len() * part.bars().len()) as f64 / begin.elapsed().as_secs_f64(), runs)
    };
    let (one, first) = sweep(NonZeroUsize::MIN);
    let (all, second) = sweep(all_cores());
    assert_eq!(first, second, "the number of threads changes nothing");
    row(&format!("sweep of 32 runs, {} cores", all_cores()), all, "bars/s", one, "one core", Report);
    table.finish();
}
