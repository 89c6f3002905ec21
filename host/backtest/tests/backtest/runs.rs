//! What a run does with orders, money, history and threads.

use std::num::NonZeroUsize;

use puppet_backtest::{
    Backtest, Grid, History, Models, OrderStatus, Outcome, RunError, Split, Strategies, StrategyId, WalkForward,
};
use puppet_types::Timestamp;
use puppet_types::trade::{OrderKind, Proposal, Side};
use puppet_wallet::Rules;

use crate::native::script::{Script, order};
use crate::native::sma::Sma;
use crate::native::walk::{bars, bars_of, market, second};

const SOL: u64 = 1_000_000_000;

pub fn backtest(strategies: &dyn Strategies) -> Backtest<'_> {
    Backtest::new(StrategyId::default(), strategies, vec![market()], 60)
}

fn run(backtest: &Backtest<'_>, count: usize) -> Outcome {
    let bars = bars(1, count);
    backtest.run(History::new(&bars, 1).unwrap(), &mut |_| {}).unwrap()
}

/// Cash and what is held at its cost, fees paid for it apart: start plus what was made.
pub fn books_close(outcome: &Outcome) {
    let made: i128 = outcome.trades.iter().map(|trade| i128::from(trade.pnl)).sum();
    let market = &outcome.markets[0].market;
    let last = outcome.equity.last().unwrap();
    let cash = i128::from(last.equity) - i128::from(last.exposed);
    // What is still held, at what was paid for it: purchases less the cost of what was sold.
    let (mut bought, mut sold, mut fees) = (0_i128, 0_i128, 0_i128);
    for (id, side) in outcome.orders.iter().map(|record| (record.id, record.order.side)).chain([(0, Side::Sell)]) {
        let of_order = outcome.fills.iter().filter(|record| record.order == id);
        let (product, fee) = of_order.fold((0_u128, 0_i128), |(product, fee), record| {
            let fill = &record.fill;
            (product + u128::from(fill.quantity) * u128::from(fill.price), fee + i128::from(fill.fee))
        });
        use puppet_types::trade::Rounding::{Down, Up};
        fees += fee;
        match side {
            Side::Buy => bought += i128::from(market.worth(product, Up).unwrap()),
            Side::Sell => sold += i128::from(market.worth(product, Down).unwrap()),
        }
    }
    assert_eq!(cash, i128::from(outcome.start_balance) - bought + sold - fees, "cash is what was paid and received");
    assert_eq!(i128::from(outcome.fees), fees);
    if last.exposed == 0 {
        assert_eq!(cash, i128::from(outcome.start_balance) + made, "with nothing held all of it was made by trades");
    }
}

#[test]
fn a_run_comes_out_the_same_again_and_another_seed_is_another_run() {
    let models = Models {
        slippage: puppet_backtest::Slippage::Drawn { bps: 20 },
        latency_jitter_ms: 100_000,
        ..Models::default()
    };
    let of = |seed| run(&Backtest { seed, models, ..backtest(&Sma::default) }, 20_000);
    let outcome = of(1);
    assert!(outcome.trades.len() > 100, "{}", outcome.trades.len());
    assert_eq!(outcome, of(1));
    assert_ne!(outcome.fills, of(2).fills);
    books_close(&outcome);
}

#[test]
fn every_order_ends_somehow_and_its_fills_are_its_own() {
    let outcome = run(&backtest(&Sma::default), 20_000);
    for record in &outcome.orders {
        let filled: u64 =
            outcome.fills.iter().filter(|fill| fill.order == record.id).map(|fill| fill.fill.quantity).sum();
        assert_eq!(filled, record.filled);
        assert_eq!(record.status == OrderStatus::Filled, filled == record.order.quantity, "{record:?}");
        assert_eq!(record.denied_by.is_some(), matches!(record.status, OrderStatus::Denied | OrderStatus::Ended));
    }
    let ids: Vec<u64> = outcome.orders.iter().map(|record| record.id).collect();
    assert_eq!(ids, (1..=ids.len() as u64).collect::<Vec<_>>());
}

#[test]
fn orders_during_history_are_refused_by_the_rule_warm_up() {
    let script = Script { warm_up: 3, ..Script::default() }
        .place(2, order("early", Side::Buy, OrderKind::Market, SOL))
        .place(3, order("first", Side::Buy, OrderKind::Market, SOL));
    let outcome = run(&backtest(&script), 6);
    let ended: Vec<_> = outcome.orders.iter().map(|record| (record.status, record.denied_by.as_deref())).collect();
    assert_eq!(ended, [(OrderStatus::Denied, Some("warm-up")), (OrderStatus::Filled, None)]);
    assert_eq!(outcome.equity.len(), 3, "history has no equity");
    assert!(script.heard().contains(&"denied early warm-up".to_owned()));

    let from = Timestamp::default().plus_millis(5 * 60_000);
    let script = Script::default().place(3, order("early", Side::Buy, OrderKind::Market, SOL));
    let outcome = run(&Backtest { trade_from: Some(from), ..backtest(&script) }, 6);
    assert_eq!(outcome.orders[0].denied_by.as_deref(), Some("warm-up"), "before the time that trading begins");
}

#[test]
fn what_is_decided_at_a_close_is_filled_in_the_next_bar_and_told_before_it() {
    let script = Script::default().place(2, order("a", Side::Buy, OrderKind::Market, SOL));
    let outcome = run(&backtest(&script), 5);
    let history = bars(1, 5);
    let fill = &outcome.fills[0].fill;
    assert_eq!((fill.at, outcome.orders[0].at), (history[3].1.at, history[2].1.at));
    // 0.1 % above the open, and 0.3 % of it as the fee.
    assert_eq!(fill.price, history[3].1.open + history[3].1.open.div_ceil(1_000));
    let heard = script.heard();
    let place = |words: &str| heard.iter().position(|heard| heard == words).unwrap();
    assert!(place("batch 2: 3 of 0") < place("fill a 1000000000"));
    assert!(place("fill a 1000000000") < place("batch 3: 4 of 1000000000"));
}

#[test]
fn the_risk_engine_decides_and_its_rule_is_told() {
    let rules = Rules { max_order_notional: Some(50_000_000), ..Rules::for_backtest(&[market()]) };
    let script = Script::default()
        .place(1, order("big", Side::Buy, OrderKind::Market, SOL))
        .place(1, order("small", Side::Buy, OrderKind::Market, SOL / 10))
        .place(2, order("small", Side::Buy, OrderKind::Market, SOL / 10))
        .place(2, order("", Side::Buy, OrderKind::Market, SOL / 10))
        .say(2, [Proposal::Cancel { market: 0, client_id: "nobody".to_owned() }]);
    let outcome = run(&Backtest { rules, ..backtest(&script) }, 6);
    let seen: Vec<_> = outcome.denials.iter().map(|record| (record.order, record.denial.rule.as_str())).collect();
    assert_eq!(seen, [(1, "max-order-notional"), (3, "duplicate"), (4, "invalid"), (0, "invalid")]);
    assert_eq!(outcome.orders[1].status, OrderStatus::Filled);
}

#[test]
fn an_order_that_is_taken_back_frees_what_was_held_for_it() {
    let all = order("all", Side::Buy, OrderKind::Limit(50_000_000_000), 19 * SOL);
    let script = Script::default()
        .place(1, all.clone())
        .place(2, puppet_types::trade::Order { client_id: "second".into(), ..all.clone() })
        .say(3, [Proposal::Cancel { market: 0, client_id: "all".to_owned() }])
        .place(3, puppet_types::trade::Order { client_id: "third".into(), ..all });
    let outcome = run(&backtest(&script), 6);
    let ended: Vec<_> = outcome.orders.iter().map(|record| (record.status, record.denied_by.as_deref())).collect();
    assert_eq!(
        ended,
        [(OrderStatus::Cancelled, None), (OrderStatus::Denied, Some("insufficient-funds")), (OrderStatus::Open, None)]
    );
}

#[test]
fn what_is_open_at_the_end_is_valued_or_sold() {
    let script = || Script::default().place(1, order("a", Side::Buy, OrderKind::Market, 5 * SOL));
    let (one, other) = (script(), script());
    let valued = run(&backtest(&one), 50);
    assert!(valued.trades.is_empty() && valued.equity.last().unwrap().exposed > 0);
    books_close(&valued);

    let mut models = Models::default();
    models.fill.close_at_end = true;
    let sold = run(&Backtest { models, ..backtest(&other) }, 50);
    assert_eq!((sold.trades.len(), sold.fills.last().unwrap().order), (1, 0));
    assert_eq!(sold.equity.last().unwrap().exposed, 0);
    assert!(sold.end_equity() < valued.end_equity(), "selling costs a fee and slippage");
    books_close(&sold);
}

#[test]
fn several_markets_share_one_purse_and_each_has_its_own_bars() {
    let mut both = bars_of(0, 1, 100);
    // The second market has a bar every other minute.
    both.extend(bars_of(1, 2, 100).into_iter().step_by(2));
    both.sort_by_key(|(market, candle)| (candle.at, *market));
    let script = Script::default()
        .place(4, puppet_types::trade::Order { market: 1, ..order("b", Side::Buy, OrderKind::Market, 300_000) })
        .place(5, order("a", Side::Buy, OrderKind::Market, 4 * SOL));
    let run = Backtest {
        markets: vec![market(), second()],
        ..Backtest::new(StrategyId::default(), &script, vec![market(), second()], 60)
    };
    let outcome = run.run(History::new(&both, 2).unwrap(), &mut |_| {}).unwrap();
    let minute = |place: usize| outcome.fills[place].fill.at.as_millis() / 60_000;
    assert_eq!(outcome.fills.iter().map(|record| record.fill.market).collect::<Vec<_>>(), [1, 0]);
    assert_eq!((minute(0), minute(1)), (7, 7), "the order for the second market waited for its next bar");
    assert_eq!((outcome.markets.len(), outcome.markets[1].closes.len()), (2, outcome.equity.len()));
}

#[test]
fn a_run_that_cannot_begin_says_why() {
    let bars = bars(1, 10);
    let history = History::new(&bars, 1).unwrap();
    let error = |edit: &dyn Fn(&mut Backtest<'_>)| {
        let mut run = backtest(&Sma::default);
        edit(&mut run);
        run.run(history, &mut |_| {}).unwrap_err().to_string()
    };
    assert_eq!(
        error(&|run| run.parameters = vec![("fast".into(), 0)]),
        "the parameter `fast` is 0: it must be between 1 and 499 bars"
    );
    assert!(error(&|run| run.parameters = vec![("fast".into(), 30)]).contains("the fast average is the shorter one"));
    assert_eq!(error(&|run| run.markets.push(second())), "the strategy trades 1 to 1 markets at once, and there are 2");
    assert!(error(&|run| run.models.fee_bps = 101).contains("`max_fee_bps`"));
    assert!(error(&|run| run.rules.quote = None).contains("trading.risk.quote"));
    let empty = backtest(&Sma::default).run(History::new(&[], 1).unwrap(), &mut |_| {});
    assert_eq!(empty, Err(RunError::NoBars));
}

#[test]
fn progress_is_told_up_to_the_last_bar() {
    let bars = bars(1, 10_000);
    let mut told = Vec::new();
    let run = backtest(&Sma::default);
    run.run(History::new(&bars, 1).unwrap(), &mut |progress| told.push((progress.done, progress.all))).unwrap();
    assert_eq!(told, [(4_096, 10_000), (8_192, 10_000), (10_000, 10_000)]);
}

#[test]
fn a_sweep_is_the_same_with_one_thread_and_with_many() {
    let bars = bars(3, 3_000);
    let history = History::new(&bars, 1).unwrap();
    let run = Backtest { parameters: vec![("size".into(), 9_000)], ..backtest(&Sma::default) };
    let grid = Grid::parse(["fast=5..9:2", "slow=20,40"]).unwrap();
    let walk = Some(WalkForward { folds: 2, train_bps: 6_000 });
    let sweep = |threads| {
        let mut ready = 0;
        let threads = NonZeroUsize::new(threads).unwrap();
        let runs = run.sweep(history, &grid, walk, threads, &|outcome| outcome, &mut |done| ready = done).unwrap();
        assert_eq!(ready, runs.len());
        runs
    };
    let runs = sweep(1);
    assert_eq!(runs, sweep(7));
    assert_eq!(runs.len(), 6 * 4);
    for one in &runs {
        assert_eq!(one.parameters[2], ("size".to_owned(), 9_000));
        let (first, last) = (one.result.equity[0].at, one.result.equity.last().unwrap().at);
        assert_eq!(last, one.window.to);
        let is_first = one.window.from == bars[0].1.at;
        // The first window has no bars before it to warm up on, and spends its own.
        assert_eq!(first, if is_first { bars[500].1.at } else { one.window.from }, "{:?}", one.window);
    }
    let judged: Vec<_> = runs.iter().filter(|one| one.window.split == Some(Split::Test)).collect();
    assert_eq!(judged.len(), 12);
    assert!(runs.iter().any(|one| !one.result.trades.is_empty()));
}
