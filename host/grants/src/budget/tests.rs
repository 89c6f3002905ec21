use std::sync::{Arc, Mutex};

use puppet_types::Code;

use super::*;

const HOUR: i64 = 3_600_000;

fn counter(limit: u64) -> (Ledger, Arc<Counter>) {
    let ledger = Ledger::default();
    let key = BudgetKey {
        owner: Owner::Agent { agent: "a".into(), pack: "p".into() },
        capability: Capability::Tweet,
        amount: Amount::Posts,
        period: Period::Hour,
    };
    let counter = ledger.counter(key, limit);
    (ledger, counter)
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(100 * HOUR + millis)
}

#[test]
fn nothing_passes_a_limit_and_a_drop_gives_back() {
    let (_, counter) = counter(3);
    let held = counter.reserve(2, at(0)).unwrap();
    let error = counter.reserve(2, at(60_000)).unwrap_err();
    assert_eq!((error.code, error.retry_after_ms), (Code::BudgetExhausted, Some(3_540_000)));
    drop(held);
    let spend = counter.reserve(3, at(0)).unwrap().spend(1);
    assert_eq!((spend.used, spend.window), (1, 100 * HOUR));
    let line = counter.line(at(0));
    assert_eq!((line.used, line.reserved, line.left, line.state), (1, 0, 2, BudgetState::Ok));
}

#[test]
fn a_new_window_starts_whole_but_carries_debt() {
    let (_, counter) = counter(10);
    let spend = counter.reserve(10, at(0)).unwrap().spend(14);
    assert_eq!((spend.used, spend.overrun), (10, 4));
    assert_eq!(counter.line(at(0)).state, BudgetState::Spent);
    let next = counter.line(at(HOUR));
    assert_eq!((next.used, next.left, next.overrun), (4, 6, 0));
}

#[test]
fn a_lowered_limit_leaves_nothing_and_the_sum_right() {
    let (ledger, counter) = counter(10);
    let spend = counter.reserve(8, at(0)).unwrap().spend(8);
    let held = counter.reserve(2, at(0)).unwrap();
    ledger.counter(spend.key, 5);
    let line = counter.line(at(0));
    assert_eq!((line.limit, line.used, line.reserved, line.left, line.overrun), (5, 5, 0, 0, 3));
    drop(held);
}

#[test]
fn a_debt_survives_a_restart_and_a_look_before_the_limit_is_known() {
    let (_, first) = counter(10);
    let overrun = first.reserve(10, at(0)).unwrap().spend(34);
    // 24 are owed: 10 in the second hour, 10 in the third, 4 in the fourth.
    let restarted = |row: &Spend, hour: i64| {
        let ledger = Ledger::default();
        ledger.restore([row.clone()]);
        ledger.lines(at(hour * HOUR));
        ledger.counter(row.key.clone(), 10)
    };
    let second = restarted(&overrun, 1);
    assert!(second.reserve(1, at(HOUR)).is_err() && second.reserve(1, at(2 * HOUR)).is_err());
    let held = second.reserve(1, at(3 * HOUR)).unwrap();
    assert_eq!((held.open().used, held.open().debt), (1, 4), "a crash now forgives nothing");
    let row = held.spend(1);
    assert_eq!((row.used, row.overrun, row.debt), (1, 0, 4));
    assert_eq!(second.line(at(3 * HOUR)).left, 5);
    assert_eq!(restarted(&row, 3).line(at(3 * HOUR)).left, 5);
    assert_eq!(restarted(&overrun, 3).line(at(3 * HOUR)).left, 6, "hours in which nobody ran have paid, too");
    assert_eq!(restarted(&overrun, 4).line(at(4 * HOUR)).left, 10);
}

#[test]
fn every_row_tells_of_the_debt_and_what_is_opened_stays_spent() {
    let (_, counter) = counter(10);
    assert_eq!(counter.reserve(10, at(0)).unwrap().spend(14).overrun, 4);
    let [one, mut two] = [2, 3].map(|quantity| counter.reserve(quantity, at(HOUR)).unwrap());
    assert_eq!([&one, &two].map(|held| (held.open().used, held.open().debt)), [(2, 4), (3, 4)]);
    two.opened();
    drop(two);
    assert_eq!(counter.line(at(HOUR)).left, 10 - 4 - 2 - 3, "its row is there, whoever waited for the answer");
    drop(one);
    assert_eq!(counter.line(at(HOUR)).left, 10 - 4 - 3, "that row was never stored");
    let mut late = counter.reserve(3, at(HOUR)).unwrap();
    late.opened();
    let booking = late.book(1);
    assert_eq!(booking.row().used, 1);
    assert_eq!(counter.line(at(HOUR)).left, 0, "all is held until the row is there");
    booking.stored();
    assert_eq!(counter.line(at(HOUR)).left, 2);
}

#[test]
fn what_was_not_stored_is_given_back_and_the_debt_stands() {
    let (_, first) = counter(10);
    let overrun = first.reserve(10, at(0)).unwrap().spend(14);
    let ledger = Ledger::default();
    ledger.restore([overrun.clone()]);
    let second = ledger.counter(overrun.key, 10);
    let [lost, other] = [3, 2].map(|quantity| second.reserve(quantity, at(HOUR)).unwrap());
    let (lost, other) = (lost.book(1), other.book_all());
    assert_eq!((second.line(at(HOUR)).reserved, second.line(at(HOUR)).left), (3, 3), "less was used: the rest is free");
    drop(lost);
    other.stored();
    let line = second.line(at(HOUR));
    assert_eq!((line.used, line.reserved, line.left), (4 + 2, 0, 4));
}

#[test]
fn an_overrun_that_is_told_after_its_window_is_owed_by_the_one_that_is_open() {
    let (ledger, counter) = counter(10);
    let late = [(); 2].map(|()| counter.reserve(2, at(0)).unwrap());
    let before = counter.reserve(3, at(HOUR)).unwrap();
    let rows: Vec<Vec<Spend>> = late.map(|held| held.book(5).rows().collect()).into();
    let told = |row: &Spend| (row.window / HOUR - 100, row.used, row.overrun, row.debt);
    assert_eq!(
        rows.iter().flatten().map(told).collect::<Vec<_>>(),
        [(0, 2, 3, 0), (1, 0, 0, 3), (0, 2, 3, 0), (1, 0, 0, 6)]
    );
    assert_eq!(counter.line(at(HOUR)).left, 10 - 6 - 3);
    assert_eq!(before.spend(3).debt, 0, "it was not owed yet, and another row says it");
    ledger.restore([rows[1][1].clone()]);
    assert_eq!(counter.line(at(HOUR)).left, 10 - 6);
}

#[test]
fn a_window_that_begins_owes_what_is_on_its_way_to_the_store() {
    let (_, counter) = counter(10);
    let coming = counter.reserve(10, at(0)).unwrap().book(14);
    assert_eq!(counter.line(at(HOUR)).left, 10 - 4);
    let next = counter.reserve(1, at(HOUR)).unwrap();
    assert_eq!(next.open().debt, 4);
    coming.stored();
    assert_eq!(counter.line(at(HOUR)).left, 10 - 4 - 1);
    drop(next);
    let refused = counter.reserve(6, at(HOUR)).unwrap().book(9);
    drop(refused);
    assert_eq!(counter.reserve(1, at(2 * HOUR)).unwrap().open().debt, 0, "what was not stored is owed by nobody");
}

#[test]
fn a_reservation_of_a_past_window_does_not_touch_the_present_one() {
    let (_, counter) = counter(5);
    let old = counter.reserve(5, at(0)).unwrap();
    let new = counter.reserve(5, at(HOUR)).unwrap();
    drop(old);
    assert_eq!(counter.line(at(HOUR)).reserved, 5);
    drop(new);
    assert_eq!(counter.line(at(HOUR)).reserved, 0);
}

#[test]
fn a_restart_resets_nothing() {
    let (_, first) = counter(5);
    let spend = first.reserve(4, at(0)).unwrap().spend(4);
    let ledger = Ledger::default();
    ledger.restore([spend.clone()]);
    let second = ledger.counter(spend.key, 5);
    assert_eq!(second.line(at(1)).left, 1);
}

#[test]
fn exact_under_concurrency() {
    let (_, counter) = counter(100);
    let admitted: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| (0..50).filter(|_| counter.reserve(1, at(0)).map(|held| held.spend(1)).is_ok()).count())
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(admitted, 100);
    assert_eq!(counter.line(at(0)).left, 0);
}

/// Everything that is raised, as state and key.
fn heard(ledger: &Ledger) -> Arc<Mutex<Vec<(BudgetState, String, u64)>>> {
    let heard: Arc<Mutex<Vec<_>>> = Arc::default();
    let to = Arc::clone(&heard);
    ledger.on_alarm(move |line| {
        let BudgetKey { amount, period, .. } = line.key;
        to.lock().unwrap().push((line.state, amount.key(period), line.used));
    });
    heard
}

#[test]
fn a_budget_is_told_at_eighty_percent_and_at_its_end_once_in_each_window() {
    let (ledger, counter) = counter(10);
    let heard = heard(&ledger);
    let spend = |quantity, hour: i64| counter.reserve(quantity, at(hour * HOUR)).map(|held| held.spend(quantity));
    let told = |what: &[(BudgetState, u64)]| {
        let expected: Vec<_> = what.iter().map(|(state, used)| (*state, "posts/hour".to_owned(), *used)).collect();
        assert_eq!(std::mem::take(&mut *heard.lock().unwrap()), expected);
    };
    spend(7, 0).unwrap();
    told(&[]);
    assert!(counter.reserve(11, at(0)).is_err());
    told(&[]);
    let held = counter.reserve(1, at(0)).unwrap();
    told(&[]);
    held.spend(1);
    told(&[(BudgetState::Near, 8)]);
    spend(1, 0).unwrap();
    told(&[]);
    assert!(spend(2, 0).is_err());
    told(&[(BudgetState::Spent, 9)]);
    spend(1, 0).unwrap();
    assert!(spend(1, 0).is_err());
    told(&[]);
    spend(10, 1).unwrap();
    told(&[(BudgetState::Spent, 10)]);
    // What is held for others does not make it spent.
    let others = counter.reserve(2, at(2 * HOUR)).unwrap();
    spend(8, 2).unwrap();
    told(&[(BudgetState::Near, 8)]);
    drop(others);
}

#[test]
fn what_is_there_at_once_is_told_when_it_comes_near_and_when_it_is_full() {
    let ledger = Ledger::default();
    let heard = heard(&ledger);
    let owner = Owner::Agent { agent: "a".into(), pack: "p".into() };
    let key = BudgetKey { owner, capability: Capability::Schedule, amount: Amount::Timers, period: Period::AtOnce };
    for reached in [7, 8, 9, 10, 11, 3, 8] {
        ledger.reached(key.clone(), 10, reached);
    }
    let timers = |state, there| (state, "timers".to_owned(), there);
    let expected = [timers(BudgetState::Near, 8), timers(BudgetState::Spent, 10), timers(BudgetState::Near, 8)];
    assert_eq!(*heard.lock().unwrap(), expected);
}

#[test]
fn another_limit_holds_at_once() {
    let (ledger, counter) = counter(10);
    ledger.relimit(|key| (key.amount == Amount::Likes).then_some(1));
    assert_eq!(counter.line(at(0)).limit, 10);
    ledger.relimit(|key| (key.amount == Amount::Posts).then_some(1));
    assert!(counter.reserve(2, at(0)).is_err());
}

#[test]
fn keys_are_stored_as_they_were() {
    let text = r#"{"scope":"agent","agent":"a","pack":"p","capability":"tweet","amount":"posts","period":"hour"}"#;
    let (_, counter) = counter(1);
    let key: BudgetKey = serde_json::from_str(text).unwrap();
    assert_eq!(key, counter.reserve(1, at(0)).unwrap().spend_all().key);
    assert_eq!(serde_json::to_string(&key).unwrap(), text);
    for owner in [Owner::Account("ada".into()), Owner::Host] {
        let key = BudgetKey { owner, ..key.clone() };
        assert_eq!(serde_json::from_str::<BudgetKey>(&serde_json::to_string(&key).unwrap()).unwrap(), key);
    }
}

#[test]
fn the_state_tells_four_fifths_and_all_of_it() {
    // (held of ten, in words)
    for (held, state) in [(0, BudgetState::Ok), (7, BudgetState::Ok), (8, BudgetState::Near), (10, BudgetState::Spent)]
    {
        let (_, counter) = counter(10);
        let reserved = counter.reserve(held, at(0)).unwrap();
        assert_eq!(counter.line(at(0)).state, state, "{held} are held");
        drop(reserved.spend(held));
        assert_eq!(counter.line(at(0)).state, state, "{held} are spent");
    }
}

#[test]
fn an_overrun_adds_up_with_what_a_lowered_limit_leaves_over() {
    let (ledger, counter) = counter(10);
    let spend = counter.reserve(8, at(0)).unwrap().spend(12);
    ledger.counter(spend.key, 5);
    let line = counter.line(at(0));
    assert_eq!((line.used, line.overrun), (5, 4 + 3));
}

#[test]
fn a_debt_of_many_windows_is_paid_with_the_limit_of_each() {
    let (ledger, counter) = counter(10);
    let spend = counter.reserve(10, at(0)).unwrap().spend(44);
    // Of the 34 that are owed, 10 are of the second hour, and 24 of those after it. The limit is raised in it.
    assert!(counter.reserve(1, at(HOUR)).is_err());
    let line = counter.line(at(HOUR));
    assert_eq!((line.used, line.left, line.overrun), (10, 0, 24));
    ledger.counter(spend.key, 20);
    let line = counter.line(at(HOUR));
    assert_eq!((line.used, line.left, line.overrun), (20, 0, 14));
    let row = counter.reserve(3, at(2 * HOUR)).unwrap().spend(3);
    assert_eq!((row.used, row.overrun, row.debt), (3, 0, 14));
    assert_eq!(counter.line(at(2 * HOUR)).left, 3);
    assert_eq!(counter.reserve(1, at(3 * HOUR)).unwrap().spend(1).debt, 0);
}

#[test]
fn what_is_restored_keeps_the_limit_that_is_known() {
    let (_, first) = counter(10);
    let spend = first.reserve(4, at(0)).unwrap().spend(4);
    let (ledger, counter) = counter(10);
    ledger.restore([spend]);
    assert_eq!(counter.line(at(0)).left, 6);
}

#[test]
fn a_line_says_when_its_window_ends() {
    let (_, counter) = counter(10);
    for millis in [0, 1, HOUR - 1] {
        assert_eq!(counter.line(at(millis)).resets_at, Some(at(HOUR)));
    }
    assert_eq!(counter.line(at(HOUR)).resets_at, Some(at(2 * HOUR)));
}

#[test]
fn a_line_of_what_is_there_at_once_adds_up() {
    let owner = Owner::Agent { agent: "a".into(), pack: "p".into() };
    let key = BudgetKey { owner, capability: Capability::Memory, amount: Amount::Rows, period: Period::AtOnce };
    let whole = BudgetLine { mode: Mode::DryRun, ..BudgetLine::at_once(key, 10, 0) };
    for (there, used, left, overrun, state) in
        [(0, 0, 10, 0, "ok"), (8, 8, 2, 0, "near"), (10, 10, 0, 0, "spent"), (13, 10, 0, 3, "spent")]
    {
        let line = whole.clone().there(there);
        assert_eq!((line.used, line.left, line.overrun, line.state.name()), (used, left, overrun, state));
        assert_eq!((line.mode, line.resets_at), (Mode::DryRun, None));
    }
}

#[test]
fn budgets_are_called_by_what_they_count_and_whose_they_are() {
    let (_, counter) = counter(1);
    let key = counter.reserve(1, at(0)).unwrap().spend_all().key;
    assert_eq!((key.to_string(), key.owner.to_string()), ("tweet.posts/hour".to_owned(), "a".to_owned()));
    assert_eq!(
        (Owner::Account("ada".into()).to_string(), Owner::Host.to_string()),
        ("@ada".to_owned(), "host".to_owned())
    );
}

#[test]
fn a_peak_is_the_most_that_was_used_and_held_at_one_time_in_any_window() {
    let (ledger, counter) = counter(10);
    let key = counter.reserve(1, at(0)).unwrap().spend(1).key;
    assert_eq!(ledger.peak(&key), Some(1));
    // Held beside what is spent counts, also where less is used in the end, or nothing.
    let held = counter.reserve(5, at(0)).unwrap();
    assert!(counter.reserve(7, at(0)).is_err(), "what is refused was never there");
    drop(held.spend(2));
    drop(counter.reserve(1, at(0)).unwrap());
    assert_eq!((counter.peak(), counter.line(at(0)).used), (6, 3));
    // A quieter window changes nothing, a busier one does, and a debt of the one before belongs to it.
    drop(counter.reserve(4, at(HOUR)).unwrap());
    assert_eq!(counter.peak(), 6);
    counter.reserve(7, at(2 * HOUR)).unwrap().spend(13);
    counter.reserve(3, at(3 * HOUR)).unwrap().spend(3);
    assert_eq!(counter.peak(), 6 + 3);
    let other = BudgetKey { amount: Amount::Likes, ..key };
    assert_eq!(ledger.peak(&other), None);
}

#[test]
fn usage_is_kept_from_when_somebody_asks() {
    let ledger = Ledger::default();
    let key = || BudgetKey {
        owner: Owner::Agent { agent: "a".into(), pack: "p".into() },
        capability: Capability::Memory,
        amount: Amount::Rows,
        period: Period::AtOnce,
    };
    let use_it = |rows| {
        ledger.used(&"a".into(), Capability::Memory, "recall");
        ledger.stood_at(key, rows);
    };
    use_it(9);
    assert!(ledger.usage().operations.is_empty() && ledger.usage().at_once.is_empty());
    ledger.keep_usage();
    [3, 7, 5].into_iter().for_each(use_it);
    let Usage { operations, at_once } = ledger.usage();
    assert_eq!(operations, [("a".into(), Capability::Memory, "recall".to_owned())].into());
    assert_eq!(at_once, [(key(), 7)].into());
}
