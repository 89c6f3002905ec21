//! Strategies: what they see, what they may answer, and that the same run is the same run. Those that hit limits are in
//! `hostile_strategies.rs`.

#![allow(clippy::unwrap_used, reason = "test code outside of test functions")]

mod guest;

use guest::{
    Guest, sandbox,
    strategy::{Strategist, at, bar, denial, fill, run},
    with_pool,
};
use puppet_sandbox::{Limits, Pool, StrategyError, StrategyInstance, StrategySetup, World, inspect};
use puppet_types::{
    Capability,
    trade::{OrderKind, Position, Proposal},
};

/// Ids of the orders that a batch was answered with.
fn ids(strategy: &mut StrategyInstance, minute: i64, closes: &[u64]) -> Vec<String> {
    let bars: Vec<_> = closes.iter().map(|close| bar(minute, *close)).collect();
    let answer = strategy.on_candles(at(minute), false, &bars).unwrap();
    assert_eq!(answer.denials, []);
    let id = |proposal: Proposal| match proposal {
        Proposal::Place(order) => order.client_id,
        Proposal::Cancel { client_id, .. } => format!("cancel {client_id}"),
    };
    answer.proposals.into_iter().map(id).collect()
}

#[test]
fn what_a_component_exports_makes_it_a_strategy() {
    let inspection = inspect(&Strategist::default().bytes()).unwrap();
    assert_eq!((inspection.world, inspection.capabilities), (World::TradingStrategy, [Capability::Log].into()));
    assert_eq!(inspection.contract, "0.2.0");
    let sandbox = sandbox(Limits::default());
    let other = sandbox.compile(&Guest::default().bytes()).unwrap();
    let error = sandbox.prepare_strategy(&other).err().unwrap();
    assert_eq!(error, StrategyError::World("personality"));
    let error = guest::prepare(&sandbox, &Strategist::default().bytes()).err().unwrap().to_string();
    assert!(error.contains("no agent runs one"), "{error}");
}

#[test]
fn a_strategy_imports_neither_money_nor_voice_nor_network() {
    let with = |world: &str, import: &str| {
        let export = format!("(instance $i) (export \"puppet:{world}@0.1.0\" (instance $i))");
        inspect(&wat::parse_str(format!("(component (import \"{import}\" (instance)) {export})")).unwrap())
    };
    for package in ["agent", "llm", "tweet", "memory", "schedule", "state", "events", "market", "wallet", "http"] {
        let import = format!("puppet:{package}/{package}@0.1.0");
        let error = with("trading/strategy", &import).unwrap_err();
        assert_eq!(error.to_string(), format!("import `{import}` is not allowed in the world `trading-strategy`"));
    }
    let http = with("trading/strategy", "wasi:http/outgoing-handler@0.2.0").unwrap_err();
    assert!(http.to_string().contains("is refused"), "{http}");
    let portfolio = with("plugin/handler", "puppet:trading/portfolio@0.1.0").unwrap_err();
    let says = "import `puppet:trading/portfolio@0.1.0` is not allowed in the world `personality`";
    assert_eq!(portfolio.to_string(), says);
    let newer = with("trading/strategy", "puppet:trading/portfolio@0.2.0").unwrap_err();
    assert!(newer.to_string().contains("`puppet:trading/portfolio@0.2.0` needs host > 0.1.0"), "{newer}");
}

#[test]
fn a_strategy_of_another_contract_is_refused() {
    let export = r#"(component (instance $i) (export "puppet:trading/strategy@0.3.0" (instance $i)))"#;
    let error = inspect(&wat::parse_str(export).unwrap()).unwrap_err().to_string();
    assert!(error.contains("`puppet:trading/strategy@0.3.0` needs host > 0.1.0"), "{error}");
    // Each of the functions, not the first alone.
    for name in ["describe", "init", "on-candles", "on-fill", "on-denied", "save"] {
        let misnamed = Strategist { misnames: name, ..Strategist::default() };
        let error = misnamed.prepare(&sandbox(Limits::default())).err().unwrap().to_string();
        assert!(error.contains(&format!("has no function `{name}`")), "{name}: {error}");
    }
    let text = r#"(component (core module $m (func (export "f"))) (core instance $m (instantiate $m))
        (func $f (canon lift (core func $m "f"))) (instance $i (export "describe" (func $f)))
        (export "puppet:trading/strategy@0.1.0" (instance $i)))"#;
    let sandbox = sandbox(Limits::default());
    let compiled = sandbox.compile(&wat::parse_str(text).unwrap()).unwrap();
    let error = sandbox.prepare_strategy(&compiled).err().unwrap().to_string();
    assert!(error.contains("`puppet:trading/strategy@0.1.0.describe` is `func() -> `, the contract says"), "{error}");
}

#[test]
fn the_bars_that_closed_are_handed_over_and_orders_come_back() {
    // Orders where the first bar's close is above its open's neighbour: the close lies at 40 of a candle of 56 bytes.
    let body = "(if (result i32) (i64.gt_u (i64.load offset=40 (local.get $bars)) (i64.const 100))
        (then (call $one (i32.add (i32.const 97) (local.get $count)))) (else (i32.const 16)))";
    let sandbox = sandbox(Limits::default());
    let mut strategy = Strategist { bodies: &[("on-candles", body)], ..Strategist::default() }.start(&sandbox).unwrap();
    assert_eq!(ids(&mut strategy, 1, &[100]), [""; 0]);
    let answer = strategy.on_candles(at(2), false, &[bar(2, 101)]).unwrap();
    let [Proposal::Place(order)] = &answer.proposals[..] else { panic!("{answer:?}") };
    assert_eq!((order.client_id.as_str(), order.kind, order.quantity), ("b", OrderKind::Market, 5));
    strategy.on_fill(&fill()).unwrap();
    strategy.on_denied(&denial()).unwrap();
    assert_eq!(strategy.save().unwrap(), [0_u8; 0]);
    let again = strategy.on_candles(at(3), false, &[bar(3, 101)]).unwrap();
    assert_eq!(again.denials[0].detail, "the client id was used before");
}

#[test]
fn orders_in_answer_to_history_are_refused() {
    let sandbox = sandbox(Limits::default());
    let body = "(call $one (i32.const 97))";
    let mut strategy = Strategist { bodies: &[("on-candles", body)], ..Strategist::default() }.start(&sandbox).unwrap();
    let answer = strategy.on_candles(at(3), true, &[bar(1, 5), bar(2, 5), bar(3, 5)]).unwrap();
    assert_eq!((answer.proposals.len(), answer.denials[0].rule.as_str()), (0, "warm-up"));
    assert_eq!(ids(&mut strategy, 4, &[5]), ["a"], "the id was not used by it");
}

/// Looks for the close of a bar through all of its memory, and orders where it is there.
const PEEKS: &str = "(local $p i32)
    (loop $next
      (if (i64.eq (i64.load (local.get $p)) (i64.const 0x7077777777777777)) (then (return (call $one (i32.const 97)))))
      (local.set $p (i32.add (local.get $p) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $p) (i32.const 65536))))
    (i32.const 16)";

#[test]
fn a_strategy_that_peeks_sees_no_later_bar() {
    let marked = 0x7077_7777_7777_7777;
    let bars = [bar(1, 5), bar(2, 6), bar(3, marked)];
    let sandbox = sandbox(Limits::default());
    let mut strategy =
        Strategist { bodies: &[("on-candles", PEEKS)], ..Strategist::default() }.start(&sandbox).unwrap();
    for n in 0..2 {
        let answer = strategy.on_candles(bars[n].1.at, false, &bars[n..=n]).unwrap();
        assert_eq!(answer.proposals, [], "bar {n}: what is later is not in its memory");
    }
    // Whoever runs it hands over too much: it is refused, and the guest was not asked.
    let fuel = strategy.fuel_used();
    for (at, is_warm_up) in [(at(2), false), (at(2), true)] {
        let error = strategy.on_candles(at, is_warm_up, &bars[1..]).unwrap_err();
        assert!(matches!(&error, StrategyError::Batch(why) if why.contains("is the future")), "{error}");
    }
    assert_eq!(strategy.fuel_used(), fuel);
    let answer = strategy.on_candles(at(3), false, &bars[2..]).unwrap();
    assert_eq!(answer.proposals.len(), 1, "when the bar has closed, the same look finds it");
}

#[test]
fn a_batch_is_of_one_close_and_time_goes_on() {
    let sandbox = sandbox(Limits::default());
    let setup = StrategySetup { markets: [run().markets, run().markets].concat(), ..run() };
    let mut strategy = Strategist::default().prepare(&sandbox).unwrap().start(&setup).unwrap();
    let other = |minute| (1, bar(minute, 5).1);
    strategy.on_candles(at(2), true, &[bar(1, 5), other(1), bar(2, 5), other(2)]).unwrap();
    strategy.on_candles(at(3), false, &[bar(3, 5), other(3)]).unwrap();
    for (minute, bars, says) in [
        (4, vec![bar(3, 5)], "is history"),
        (4, vec![bar(4, 5), bar(4, 5)], "two bars of market 0"),
        (4, vec![(2, bar(4, 5).1)], "there is no market 2: the run has 2"),
        (2, vec![bar(2, 5)], "before"),
    ] {
        let error = strategy.on_candles(at(minute), false, &bars).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    assert_eq!(strategy.poison(), None, "the caller's fault is not the guest's");
    strategy.on_candles(at(4), false, &[]).unwrap();
}

#[test]
fn the_portfolio_is_what_it_was_last_told_to_be() {
    // Orders `d` where 3 are held at 7 and 9 are free and no order is open; `n` of nothing.
    let body = "(local $held i64)
        (call $position (i32.const 0) (i32.const 32)) (call $open (i32.const 48))
        (if (result i32) (i32.and (i32.and (i64.eq (i64.load (i32.const 32)) (i64.const 3))
              (i64.eq (i64.load (i32.const 40)) (i64.const 7)))
            (i32.and (i64.eq (call $cash (i32.const 0)) (i64.const 9)) (i32.eq (i32.load (i32.const 52)) (i32.const 2))))
          (then (call $one (i32.const 100))) (else (i32.const 16)))";
    let sandbox = sandbox(Limits::default());
    let mut strategy = Strategist { bodies: &[("on-candles", body)], ..Strategist::default() }.start(&sandbox).unwrap();
    assert_eq!(ids(&mut strategy, 1, &[5]), [""; 0], "nothing is owned");
    let portfolio = strategy.portfolio_mut();
    (portfolio.positions, portfolio.cash) = (vec![Position { quantity: 3, entry_price: 7 }], vec![9]);
    portfolio.open_orders = vec!["x".to_owned(), "y".to_owned()];
    assert_eq!(ids(&mut strategy, 2, &[5]), ["d"]);
}

#[test]
fn its_clock_is_the_batch_and_its_chance_is_the_runs() {
    // The client id is a letter of the random number; nothing where the clock is not at two minutes.
    let body = "(local $s i32)
        (call $wall (i32.const 32))
        (if (i64.ne (i64.load (i32.const 32)) (i64.div_u (local.get $at) (i64.const 1000))) (then unreachable))
        (if (i64.ne (call $now) (i64.mul (local.get $at) (i64.const 1000000))) (then unreachable))
        (call $one (i32.add (i32.const 33) (i32.wrap_i64 (i64.rem_u (call $number) (i64.const 90)))))";
    let strategist = Strategist { bodies: &[("on-candles", body)], wasi: true, ..Strategist::default() };
    let sandbox = sandbox(Limits::default());
    let prepared = strategist.prepare(&sandbox).unwrap();
    let drawn = |seed, from: i64| {
        let mut strategy = prepared.start(&StrategySetup { seed, ..run() }).unwrap();
        (from..30)
            .flat_map(|minute| {
                let answer = strategy.on_candles(at(minute), false, &[bar(minute, 5)]).unwrap();
                let taken = answer.proposals.into_iter().map(|proposal| match proposal {
                    Proposal::Place(order) => order.client_id,
                    Proposal::Cancel { client_id, .. } => client_id,
                });
                let refused = answer.denials.into_iter().map(|denial| denial.client_id);
                taken.chain(refused).collect::<Vec<_>>()
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(drawn(7, 1), drawn(7, 1));
    assert_ne!(drawn(7, 1), drawn(8, 1));
    assert_eq!(drawn(7, 1)[9..], drawn(7, 10)[..], "an instance that takes another's place draws what that would have");
}

/// Keeps a sum of closes at 2000 and orders by its last bits; `save` gives it, `init` takes it.
const SUMS: &[(&str, &str)] = &[
    (
        "init",
        "(if (local.get 6) (then (i64.store (i32.const 2000) (i64.load (local.get 7)))))
         (global.set $n (i64.load (i32.const 2000))) (i32.const 16)",
    ),
    (
        "on-candles",
        "(global.set $n (i64.add (global.get $n) (i64.load offset=40 (local.get $bars))))
         (if (result i32) (i64.eqz (i64.rem_u (global.get $n) (i64.const 5)))
           (then (call $one (i32.add (i32.const 33) (i32.wrap_i64 (i64.rem_u (global.get $n) (i64.const 89))))))
           (else (i32.const 16)))",
    ),
    (
        "save",
        "(i64.store (i32.const 2000) (global.get $n))
         (i32.store (i32.const 1000) (i32.const 2000)) (i32.store (i32.const 1004) (i32.const 8)) (i32.const 1000)",
    ),
];

#[test]
fn the_same_run_twice_gives_the_same_orders_and_burns_the_same_fuel() {
    let sandbox = sandbox(Limits::default());
    let more = "(global $n (mut i64) (i64.const 0))";
    let prepared = Strategist { bodies: SUMS, more, ..Strategist::default() }.prepare(&sandbox).unwrap();
    let seen = || {
        let mut strategy = prepared.start(&run()).unwrap();
        let answers: Vec<_> = (1..200)
            .map(|minute| strategy.on_candles(at(minute), false, &[bar(minute, minute as u64 * 7919 % 1000)]).unwrap())
            .collect();
        (answers, strategy.fuel_used(), strategy.peak_memory_bytes())
    };
    let first = seen();
    assert_eq!(first, seen());
    assert!(first.0.iter().filter(|answer| !answer.proposals.is_empty()).count() > 10);
    assert!(first.1 > 0 && first.2 == 64 << 10);
}

#[test]
fn a_run_that_goes_on_from_a_save_answers_as_if_nothing_had_happened() {
    let sandbox = sandbox(Limits::default());
    let more = "(global $n (mut i64) (i64.const 0))";
    let prepared = Strategist { bodies: SUMS, more, ..Strategist::default() }.prepare(&sandbox).unwrap();
    let answers = |saves: bool| {
        let mut strategy = prepared.start(&run()).unwrap();
        let mut answers = Vec::new();
        for minute in 1..200 {
            if saves && minute % 10 == 0 {
                let (saved, client_ids) = (Some(strategy.save().unwrap()), strategy.client_ids().clone());
                strategy = prepared.start(&StrategySetup { saved, client_ids, at: at(minute), ..run() }).unwrap();
            }
            answers.push(strategy.on_candles(at(minute), false, &[bar(minute, minute as u64 * 7919 % 1000)]).unwrap());
        }
        answers
    };
    assert_eq!(answers(false), answers(true));
}

#[test]
fn a_run_that_does_not_fit_the_strategy_does_not_begin() {
    let sandbox = sandbox(Limits::default());
    let prepared = Strategist::default().prepare(&sandbox).unwrap();
    assert_eq!((prepared.description().min_markets, prepared.description().max_markets), (1, 2));
    let start = |setup: StrategySetup| prepared.start(&setup).err().unwrap().to_string();
    let none = start(StrategySetup { markets: Vec::new(), ..run() });
    assert_eq!(none, "the strategy cannot begin so: it trades 1 to 2 markets at once, not 0");
    let unknown = start(StrategySetup { parameters: vec![("fast".to_owned(), 1)], ..run() });
    assert_eq!(unknown, "there is no parameter `fast`: the strategy has none");
    let big = start(StrategySetup { saved: Some(vec![0; (256 << 10) + 1]), ..run() });
    assert_eq!(big, "the strategy cannot begin so: a save of 262145 bytes: at most 262144");
    let says_no = "(i32.store8 (i32.const 32) (i32.const 1)) (i32.store (i32.const 36) (i32.const 640))
        (i32.store (i32.const 40) (i32.const 6)) (i32.const 32)";
    let no = Strategist { bodies: &[("init", says_no)], ..Strategist::default() }.start(&sandbox).err().unwrap();
    assert_eq!(no, StrategyError::Refused("market".to_owned()));
}

/// Whoever runs strategies moves them to threads of their own.
#[test]
fn a_strategy_lives_on_another_thread() {
    let sandbox = sandbox(Limits::default());
    let mut strategy = Strategist::default().start(&sandbox).unwrap();
    let thread = std::thread::Builder::new().stack_size(sandbox.strategy_stack_bytes());
    let answer = thread.spawn(move || strategy.on_candles(at(1), false, &[bar(1, 5)])).unwrap().join().unwrap();
    assert_eq!(answer, Ok(puppet_sandbox::Answer::default()));
}

#[test]
fn a_full_pool_is_told_and_room_comes_back() {
    let sandbox = with_pool(Limits::default(), Pool { slots: 2, ..Pool::default() });
    let prepared = Strategist::default().prepare(&sandbox).unwrap();
    let first = prepared.start(&run()).unwrap();
    let second = prepared.start(&run()).unwrap();
    assert_eq!((sandbox.pool_use().slots, sandbox.pool_use().live_bytes), (2, 128 << 10));
    assert_eq!(prepared.start(&run()).err().unwrap(), StrategyError::Full);
    drop(first);
    drop((prepared.start(&run()).unwrap(), second));
    assert_eq!((sandbox.pool_use().slots, sandbox.pool_use().live_bytes), (0, 0));
}

#[test]
fn what_it_logs_is_kept_until_it_is_taken() {
    let body = "(call $line (i32.const 2) (i32.const 640) (i32.const 6) (i32.const 0) (i32.const 0)) (i32.const 16)";
    let sandbox = sandbox(Limits { output_lines: 3, ..Limits::default() });
    let mut strategy = Strategist { bodies: &[("on-candles", body)], ..Strategist::default() }.start(&sandbox).unwrap();
    for minute in 1..=2 {
        strategy.on_candles(at(minute), false, &[]).unwrap();
    }
    let lines: Vec<String> = strategy.take_log().iter().map(ToString::to_string).collect();
    assert_eq!(lines, ["warn: market", "warn: market"]);
    for minute in 3..=9 {
        strategy.on_candles(at(minute), false, &[]).unwrap();
    }
    let lines = strategy.take_log();
    assert_eq!((lines.len(), lines[3].message.as_str()), (4, "24 more bytes of output were dropped"));
    assert_eq!(strategy.take_log(), []);
}
