//! A hostile strategy per limit: each hits it, is told by its name, and is never entered again. What they leave alone
//! goes on.

#![allow(clippy::unwrap_used, reason = "test code outside of test functions")]

mod guest;

use guest::{
    sandbox,
    strategy::{Strategist, at, bar, denial, fill, run},
};
use puppet_sandbox::{Limits, STRATEGY_LIMITS, StrategyError, StrategyInstance, StrategySetup};
use puppet_types::{Breach, BreachError};

const PAGE: u64 = 64 << 10;

type Call = fn(&mut StrategyInstance) -> Result<(), StrategyError>;

fn candles(strategy: &mut StrategyInstance) -> Result<(), StrategyError> {
    strategy.on_candles(at(1), false, &[bar(1, 5)]).map(drop)
}

/// Asserts that the call ends with a breach, that the instance is entered no more, and that another one is well.
fn breaches(limits: Limits, strategist: &Strategist<'_>, call: Call, expected: Breach) -> String {
    let sandbox = sandbox(limits);
    let prepared = strategist.prepare(&sandbox).unwrap();
    let mut strategy = prepared.start(&run()).unwrap();
    let StrategyError::Breach(breach) = call(&mut strategy).unwrap_err() else { panic!("no breach") };
    assert_eq!(breach.0, expected, "{breach}");
    assert_eq!(strategy.poison(), Some(&breach));
    let fuel = strategy.fuel_used();
    let calls: [Call; 4] = [
        candles,
        |strategy| strategy.on_fill(&fill()),
        |strategy| strategy.on_denied(&denial()),
        |strategy| strategy.save().map(drop),
    ];
    for call in calls {
        assert_eq!(call(&mut strategy), Err(StrategyError::Poisoned(breach.clone())));
    }
    assert_eq!(strategy.fuel_used(), fuel, "it was not entered");
    let mut well = Strategist::default().start(&sandbox).unwrap();
    candles(&mut well).unwrap();
    drop((strategy, well));
    assert_eq!((sandbox.pool_use().slots, sandbox.pool_use().live_bytes), (0, 0));
    breach.1
}

fn of(name: &'static str, body: &str, call: Call, expected: Breach) -> String {
    breaches(Limits::default(), &Strategist { bodies: &[(name, body)], ..Strategist::default() }, call, expected)
}

#[test]
fn a_strategy_that_spins_runs_out_of_fuel() {
    let spins = "(loop $l (br $l)) unreachable";
    of("on-candles", spins, candles, Breach::OutOfFuel);
    of("on-fill", "(loop $l (br $l))", |strategy| strategy.on_fill(&fill()), Breach::OutOfFuel);
    of("on-denied", "(loop $l (br $l))", |strategy| strategy.on_denied(&denial()), Breach::OutOfFuel);
    of("save", spins, |strategy| strategy.save().map(drop), Breach::OutOfFuel);
    // Those that are asked before there is an instance to ask again.
    for name in ["describe", "init"] {
        let sandbox = sandbox(Limits::default());
        let error = Strategist { bodies: &[(name, spins)], ..Strategist::default() }.start(&sandbox).err().unwrap();
        assert_eq!(error.breach().map(|BreachError(breach, _)| *breach), Some(Breach::OutOfFuel), "{name}");
        assert_eq!(sandbox.pool_use().slots, 0);
    }
}

#[test]
fn every_call_has_its_own_fuel_and_never_more_than_ten_million() {
    // 3 million rounds of a loop: nine of ten calls fit into ten million together only if each has its own.
    let body = "(local $n i32)
        (loop $l (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const ROUNDS))))
        (i32.const 16)";
    let start = |limits: Limits, rounds: &str| {
        let body = body.replace("ROUNDS", rounds);
        Strategist { bodies: &[("on-candles", &body)], ..Strategist::default() }.start(&sandbox(limits)).unwrap()
    };
    let mut strategy = start(Limits::default(), "1000000");
    let before = strategy.fuel_used();
    for minute in 1..=10 {
        strategy.on_candles(at(minute), false, &[]).unwrap();
    }
    assert!(strategy.fuel_used() - before > 10_000_000, "{}", strategy.fuel_used());
    let plenty = Limits { fuel: 2_000_000_000, ..Limits::default() };
    let mut strategy = start(plenty, "3000000");
    assert!(matches!(candles(&mut strategy), Err(StrategyError::Breach(BreachError(Breach::OutOfFuel, _)))));
    let little = Limits { fuel: 1_000_000, ..Limits::default() };
    let mut strategy = start(little, "1000000");
    assert!(matches!(candles(&mut strategy), Err(StrategyError::Breach(BreachError(Breach::OutOfFuel, _)))));
}

#[test]
fn memory_that_grows_is_stopped_also_over_many_calls() {
    let body = "(if (i32.lt_s (memory.grow (i32.const 1)) (i32.const 0)) (then unreachable)) (i32.const 16)";
    let strategist = Strategist { bodies: &[("on-candles", body)], ..Strategist::default() };
    let limits = Limits { memory_bytes: 10 * PAGE, ..Limits::default() };
    let until: Call = |strategy| (1..100).try_for_each(|minute| strategy.on_candles(at(minute), false, &[]).map(drop));
    breaches(limits, &strategist, until, Breach::OutOfMemory);
}

#[test]
fn tables_stack_and_traps_are_told_apart() {
    let table = Strategist {
        more: "(table $t 10 funcref)",
        bodies: &[(
            "on-candles",
            "(loop $l (br_if $l (i32.ge_s (table.grow $t (ref.null func) (i32.const 1000)) (i32.const 0)))) unreachable",
        )],
        ..Strategist::default()
    };
    breaches(Limits::default(), &table, candles, Breach::TableTooLarge);
    let stack = Strategist {
        more: "(func $f (param i64) (result i64) (i64.add (call $f (i64.add (local.get 0) (i64.const 1))) (local.get 0)))",
        bodies: &[("on-candles", "(drop (call $f (i64.const 1))) (i32.const 16)")],
        ..Strategist::default()
    };
    breaches(Limits::default(), &stack, candles, Breach::OutOfStack);
    of("on-candles", "unreachable", candles, Breach::Trap);
    of("on-fill", "unreachable", |strategy| strategy.on_fill(&fill()), Breach::Trap);
    // A list that lies outside of its memory.
    let wild =
        "(i32.store (i32.const 1000) (i32.const -8)) (i32.store (i32.const 1004) (i32.const 9)) (i32.const 1000)";
    of("on-candles", wild, candles, Breach::Trap);
}

/// Answers `COUNT` orders, each with a client id of its own of four letters.
const MANY: &str = "(local $n i32) (local $p i32)
    (loop $next
      (local.set $p (i32.add (i32.const 131072) (i32.mul (local.get $n) (i32.const 104))))
      (memory.copy (local.get $p) (i32.const 704) (i32.const 104))
      (i32.store (local.get $p) (i32.add (i32.const 4096) (i32.mul (local.get $n) (i32.const 4))))
      (i32.store offset=4 (local.get $p) (i32.const 4))
      (i32.store (i32.add (i32.const 4096) (i32.mul (local.get $n) (i32.const 4)))
        (i32.add (i32.const 0x61616161)
          (i32.or (i32.and (local.get $n) (i32.const 15))
            (i32.or (i32.shl (i32.and (local.get $n) (i32.const 0xf0)) (i32.const 4))
              (i32.or (i32.shl (i32.and (local.get $n) (i32.const 0xf00)) (i32.const 8))
                (i32.shl (i32.and (local.get $n) (i32.const 0xf000)) (i32.const 12)))))))
      (br_if $next (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const COUNT))))
    (i32.store (i32.const 1000) (i32.const 131072)) (i32.store (i32.const 1004) (i32.const COUNT)) (i32.const 1000)";

#[test]
fn orders_beyond_a_batch_are_refused_and_counted() {
    let answer = |count: &str| {
        let body = MANY.replace("COUNT", count);
        let strategist = Strategist { bodies: &[("on-candles", &body)], pages: 40, ..Strategist::default() };
        let mut strategy = strategist.start(&sandbox(Limits::default())).unwrap();
        strategy.on_candles(at(1), false, &[bar(1, 5)]).unwrap()
    };
    let fits = answer("64");
    assert_eq!((fits.proposals.len(), fits.denials.len()), (64, 0));
    let many = answer("2000");
    assert_eq!((many.proposals.len(), many.denials.len()), (64, 1));
    assert_eq!(many.denials[0].rule, "invalid");
    assert_eq!(many.denials[0].detail, "2000 orders in one batch: at most 64, the rest is refused");
}

#[test]
fn more_bytes_of_orders_than_the_host_copies_are_a_breach() {
    let body = MANY.replace("COUNT", "10000");
    let strategist = Strategist { bodies: &[("on-candles", &body)], pages: 60, ..Strategist::default() };
    breaches(Limits::default(), &strategist, candles, Breach::TooManyHostBytes);
}

#[test]
fn a_save_that_is_too_big_is_a_breach() {
    let save = |bytes: u32| format!("(i32.store (i32.const 1004) (i32.const {bytes})) (i32.const 1000)");
    let with = |body: &str, expected| {
        let strategist = Strategist { bodies: &[("save", body)], pages: 64, ..Strategist::default() };
        breaches(Limits::default(), &strategist, |strategy| strategy.save().map(drop), expected)
    };
    let detail = with(&save((256 << 10) + 1), Breach::TooManyHostBytes);
    assert_eq!(detail, "a save of 262145 bytes: at most 262144");
    with(&save(1 << 20), Breach::TooManyHostBytes);
    let most = save(256 << 10);
    let most = Strategist { bodies: &[("save", &most)], pages: 64, ..Strategist::default() };
    assert_eq!(most.start(&sandbox(Limits::default())).unwrap().save().unwrap().len(), 256 << 10);
}

#[test]
fn calls_of_the_portfolio_and_of_the_log_are_counted_per_call() {
    let calls = |what: &str, count: u32| {
        format!(
            "(local $n i32) (loop $l {what}
              (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const {count})))) (i32.const 16)"
        )
    };
    for what in [
        "(drop (call $cash (i32.const 0)))",
        "(call $position (i32.const 9) (i32.const 32))",
        "(call $open (i32.const 32))",
        "(call $line (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))",
    ] {
        let body = calls(what, 1_001);
        let many = Strategist { bodies: &[("on-candles", &body)], ..Strategist::default() };
        breaches(Limits::default(), &many, candles, Breach::TooManyHostCalls);
        let body = calls(what, 1_000);
        let fits = Strategist { bodies: &[("on-candles", &body)], ..Strategist::default() };
        let mut fits = fits.start(&sandbox(Limits::default())).unwrap();
        for minute in 1..=3 {
            fits.on_candles(at(minute), false, &[]).unwrap();
        }
    }
}

#[test]
fn a_strategy_that_leaves_by_exit_is_stopped_by_name() {
    let strategist = Strategist {
        bodies: &[("on-candles", "(call $exit (i32.const 0)) (i32.const 16)")],
        wasi: true,
        ..Strategist::default()
    };
    let detail = breaches(Limits::default(), &strategist, candles, Breach::Forbidden);
    assert!(detail.contains("exit"), "{detail}");
}

#[test]
fn handles_are_bounded_over_all_calls() {
    let strategist = Strategist {
        bodies: &[("on-candles", "(drop (call $stderr)) (i32.const 16)")],
        wasi: true,
        ..Strategist::default()
    };
    let limits = Limits { handles: 16, ..Limits::default() };
    let until: Call = |strategy| (1..100).try_for_each(|minute| strategy.on_candles(at(minute), false, &[]).map(drop));
    breaches(limits, &strategist, until, Breach::TooManyHandles);
}

#[test]
fn what_was_saved_before_a_trap_begins_another_instance() {
    // Counts bars, and traps at a fill.
    let bodies = [
        ("init", "(if (local.get 6) (then (global.set $n (i32.load8_u (local.get 7))))) (i32.const 16)"),
        (
            "on-candles",
            "(global.set $n (i32.add (global.get $n) (i32.const 1))) (call $one (i32.add (i32.const 96) (global.get $n)))",
        ),
        ("on-fill", "unreachable"),
        (
            "save",
            "(i32.store8 (i32.const 2000) (global.get $n)) (i32.store (i32.const 1000) (i32.const 2000))
             (i32.store (i32.const 1004) (i32.const 1)) (i32.const 1000)",
        ),
    ];
    let strategist =
        Strategist { bodies: &bodies, more: "(global $n (mut i32) (i32.const 0))", ..Strategist::default() };
    let sandbox = sandbox(Limits::default());
    let prepared = strategist.prepare(&sandbox).unwrap();
    let mut strategy = prepared.start(&run()).unwrap();
    for minute in 1..=2 {
        strategy.on_candles(at(minute), false, &[]).unwrap();
    }
    let saved = strategy.save().unwrap();
    assert_eq!(saved, [2]);
    assert!(strategy.on_fill(&fill()).is_err());
    let setup = StrategySetup { saved: Some(saved), client_ids: strategy.client_ids().clone(), at: at(2), ..run() };
    let mut again = prepared.start(&setup).unwrap();
    let answer = again.on_candles(at(3), false, &[]).unwrap();
    let puppet_types::trade::Proposal::Place(order) = &answer.proposals[0] else { panic!() };
    assert_eq!(order.client_id, "c");
}

#[test]
fn every_limit_of_strategies_names_a_test_that_exists_and_stands_on_its_page() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let suite =
        [read("tests/hostile_strategies.rs"), read("src/strategy/orders_tests.rs"), read("src/strategy/describe.rs")]
            .concat();
    let page = read("../../docs/trading/strategies.md");
    let mut rows = 0;
    for limit in STRATEGY_LIMITS {
        assert!(suite.contains(&format!("fn {}(", limit.hostile_guest)), "{}", limit.hostile_guest);
        let beyond = limit.breach.map_or_else(|| "refused".to_owned(), |breach| format!("`{breach}`"));
        let row = format!("| `{}` | {} {} | {beyond} | {} |", limit.name, limit.value, limit.unit, limit.about);
        assert!(page.contains(&row), "docs/trading/strategies.md: {row}");
        rows += 1;
    }
    let section = page.split("## Limits").nth(1).unwrap().split("\n## ").next().unwrap();
    let shown = section.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(shown, rows, "rows of limits that there are not");
}
