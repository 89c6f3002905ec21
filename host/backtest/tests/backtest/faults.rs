//! A strategy that fails in the middle of a run: rebuilt from its last save and from what it was told since.

use puppet_backtest::{Backtest, History, Outcome};
use puppet_types::trade::{OrderKind, Side};

use crate::native::script::{Script, order};
use crate::native::walk::bars;
use crate::runs::backtest;

const SOL: u64 = 1_000_000_000;

fn run(script: &Script, count: usize, max_faults: u32) -> Outcome {
    let bars = bars(1, count);
    let run = Backtest { max_faults, ..backtest(script) };
    run.run(History::new(&bars, 1).unwrap(), &mut |_| {}).unwrap()
}

#[test]
fn a_fault_leaves_out_its_batch_and_keeps_position_and_orders() {
    let script = Script { traps_at: vec![150], ..Script::default() }
        .place(110, order("a", Side::Buy, OrderKind::Market, SOL))
        .place(149, order("b", Side::Buy, OrderKind::Market, SOL))
        .place(150, order("never", Side::Buy, OrderKind::Market, SOL))
        .place(160, order("c", Side::Sell, OrderKind::Market, 2 * SOL));
    let outcome = run(&script, 200, 3);
    let filled: Vec<_> = outcome.fills.iter().map(|record| record.fill.client_id.as_str()).collect();
    assert_eq!(filled, ["a", "b", "c"]);
    assert_eq!(outcome.trades[0].quantity, 2 * SOL);
    assert_eq!((outcome.breaches.len(), outcome.breaches[0].breach.as_str()), (1, "trap"));
    assert_eq!(outcome.stopped, None);

    let heard = script.heard();
    let rebuilt = heard.iter().position(|words| words == "init 100").unwrap();
    // Saved after batch 99; then told again what came since, the fills included, and not the batch that failed.
    assert_eq!(heard[rebuilt + 1], "batch 100: 101 of 0");
    let again: Vec<_> = heard[rebuilt..].iter().filter(|words| words.starts_with("fill")).collect();
    assert_eq!(again, ["fill a 1000000000", "fill b 1000000000", "fill c 2000000000"]);
    let next = heard.iter().position(|words| words.starts_with("batch 151")).unwrap();
    assert_eq!(heard[next], "batch 151: 151 of 2000000000", "its state is that of 150 batches");
}

#[test]
fn too_many_faults_end_the_run_and_what_was_reached_is_told() {
    let script = Script { traps_at: vec![10, 20, 30], ..Script::default() };
    let outcome = run(&script, 100, 2);
    assert_eq!(outcome.stopped.as_deref(), Some("the strategy failed 3 times, the last time with trap: at 30"));
    assert_eq!((outcome.breaches.len(), outcome.equity.len()), (3, 31));
    assert_eq!(run(&script, 100, 3).stopped, None);
}

#[test]
fn a_save_is_asked_for_every_hundred_batches() {
    let script = Script::default();
    run(&script, 350, 0);
    let saves: Vec<_> = script.heard().into_iter().filter(|words| words.starts_with("save")).collect();
    assert_eq!(saves, ["save 100", "save 200", "save 300"]);
}
