//! Another version of the strategy on a desk that trades: shown first, then in place of the one that ran, with a way back.

use std::sync::Arc;

use puppet_backtest::{Event, StrategyId};
use puppet_store::PurseEntry;
use puppet_trade::{Desk, DeskError, DeskPlan, DeskStrategy, Told, Trial};
use puppet_types::trade::{Order, OrderKind, Side};

use crate::exchange::Says;
use crate::fixture::{Around, WHOLE, agree, at, close, flat, live, paper, strategy, wallet};
use crate::memory::{Fails, Memory};
use crate::native::script::{Script, order};
use crate::native::sma::Sma;

const UNIT: u64 = 1_000_000_000;
pub const TRIAL: Trial = Trial { batches: 5, strikes: 0 };

pub fn version(number: &str, script: &Script) -> DeskStrategy {
    named(number, strategy(script.clone()))
}

pub fn named(number: &str, strategy: DeskStrategy) -> DeskStrategy {
    DeskStrategy { id: StrategyId { version: number.to_owned(), ..strategy.id }, ..strategy }
}

fn buy(name: &str) -> Order {
    order(name, Side::Buy, OrderKind::Market, UNIT)
}

/// Buys with the second bar, and leaves an order waiting.
pub fn first() -> Script {
    let far = order("far", Side::Buy, OrderKind::Limit(10_000_000), UNIT);
    Script::default().place(1, buy("a")).place(2, far)
}

pub fn plan(script: &Script) -> DeskPlan {
    paper(Some(version("1", script)), 1)
}

pub fn runs(desk: &Desk) -> String {
    desk.view().unwrap().strategy.unwrap().version
}

pub async fn closes(desk: &Desk, minutes: std::ops::RangeInclusive<u64>) {
    for minute in minutes {
        close(desk, minute, 100).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_takes_over_from_the_save_and_what_is_owned_and_open_stays() {
    let mut around = Around::new();
    let (one, two) = (first(), Script::default().place(6, buy("b")));
    let desk = around.open(&plan(&one)).await.unwrap();
    closes(&desk, 1..=5).await;
    let before = desk.view().unwrap();
    assert_eq!((before.portfolio.markets[0].position.quantity, before.open_orders.len()), (UNIT, 1));

    desk.take_over(version("2", &two), Some(TRIAL)).await.unwrap();
    let after = desk.view().unwrap();
    assert_eq!((&after.portfolio, &after.open_orders), (&before.portfolio, &before.open_orders));
    assert_eq!((runs(&desk), after.batches, two.heard()), ("2".to_owned(), 5, vec!["init 5".to_owned()]));
    assert_eq!(desk.before().unwrap().version, "1");
    let words = around.store.rows("paper/test", PurseEntry::Word);
    let word = words.last().unwrap();
    assert_eq!(
        (&word["word"], &word["from"]["version"], &word["to"]["version"]),
        (&"version".into(), &"1".into(), &"2".into())
    );
    // A name that was used stays used.
    closes(&desk, 6..=9).await;
    assert_eq!(desk.view().unwrap().portfolio.markets[0].position.quantity, 2 * UNIT);
    assert_eq!(one.heard().iter().filter(|word| word.starts_with("init")).count(), 1, "{:?}", one.heard());
    // Of five batches the fifth ends the trial.
    assert!(desk.before().is_some());
    close(&desk, 10, 100).await;
    assert_eq!((desk.tried().await, desk.before()), (None, None));
    assert!(!desk.go_back("too late").await.unwrap());
    assert!(!around.heard().iter().any(|told| matches!(told, Told::Stopped(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_cannot_begin_from_the_save_or_run_here_does_not_take_over() {
    let around = Around::new();
    let one = first();
    let desk = around.open(&plan(&one)).await.unwrap();
    closes(&desk, 1..=5).await;
    desk.close().await.unwrap();
    let desk = around.open(&plan(&one)).await.unwrap();
    let other = named("2", strategy(Sma::default));
    let shown = desk.shadow(&other).await.unwrap();
    assert!(shown.stops().unwrap().contains("cannot begin from the save"), "{shown:?}");
    let refused = desk.take_over(other, Some(TRIAL)).await.unwrap_err();
    assert!(matches!(&refused, DeskError::Strategy(why) if why.contains("not a save")), "{refused}");
    // Another pack's has no business here.
    let mut stranger = version("2", &one);
    stranger.id.pack = "other".to_owned();
    assert!(matches!(desk.take_over(stranger, Some(TRIAL)).await, Err(DeskError::Plan(_))));
    // The one that ran goes on, as if nothing had been.
    closes(&desk, 6..=7).await;
    assert_eq!((runs(&desk).as_str(), desk.view().unwrap().batches, desk.before()), ("1", 7, None));
    assert_eq!(one.heard().last().unwrap(), &format!("batch 6: 7 of {UNIT}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_tells_what_the_other_would_do_and_leaves_no_trace() {
    let around = Around::new();
    let desk = around.open(&plan(&first())).await.unwrap();
    closes(&desk, 1..=5).await;
    let writes = around.store.writes();
    let shown = desk.shadow(&version("2", &first().place(3, buy("more")))).await.unwrap();
    assert_eq!((shown.batches, shown.changed.len(), shown.stops()), (5, 1, None));
    let shown = desk.shadow(&version("3", &Script { traps_at: vec![4], ..first() })).await.unwrap();
    assert!(shown.stops().unwrap().contains("first on batch 5"), "{shown:?}");
    assert_eq!((around.store.writes(), runs(&desk).as_str()), (writes, "1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_fails_on_trial_has_decided_nothing_and_the_one_before_is_told_what_came() {
    let mut around = Around::new();
    let one = first().place(7, buy("c"));
    let desk = around.open(&plan(&one)).await.unwrap();
    closes(&desk, 1..=5).await;
    // It buys, and fails one bar later.
    let two = Script { traps_at: vec![7], ..Script::default().place(6, buy("b")) };
    desk.take_over(version("2", &two), Some(TRIAL)).await.unwrap();
    // Whoever looks at every moment of it hears how it ended.
    let looks = tokio::spawn(desk.tried());
    closes(&desk, 6..=8).await;
    let reason = looks.await.unwrap().unwrap();
    assert_eq!(desk.tried().await.as_ref(), Some(&reason));
    assert!(reason.contains("1 fault in the first 3 batches") && reason.contains("trap: at 7"), "{reason}");
    let view = desk.view().unwrap();
    assert_eq!((runs(&desk).as_str(), view.batches, view.faults, desk.before()), ("1", 8, 0, None));
    // From its own save it was told the bars of the other's time, and the other's fill; then it was asked about the bar.
    let heard = one.heard();
    let back = heard.iter().rposition(|word| word == "init 5").unwrap();
    let words = [
        "init 5",
        "batch 5: 6 of 1000000000",
        "batch 6: 7 of 1000000000",
        "save 7",
        "fill b 1000000000",
        "batch 7: 8 of 2000000000",
    ];
    assert_eq!(heard[back..].iter().filter(|word| !word.starts_with("denied")).collect::<Vec<_>>(), words);
    assert!(around.heard().iter().any(|told| matches!(told, Told::Note(note) if note.contains("trap: at 7"))));
    let events = around.store.rows("paper/test", PurseEntry::Event);
    assert!(!events.iter().any(|event| event["event"] == "breached"), "it has not been: {events:?}");
    // What it ordered on that bar is filled with the next.
    let happened = close(&desk, 9, 100).await;
    let fills = |event: &&Event| matches!(event, Event::Filled { fill, .. } if fill.client_id == "c");
    assert_eq!(happened.events.iter().filter(fills).count(), 1, "{happened:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn strikes_that_are_borne_leave_it_and_an_operator_goes_back_all_the_same() {
    let around = Around::new();
    let one = first();
    let desk = around.open(&plan(&one)).await.unwrap();
    closes(&desk, 1..=5).await;
    let two = Script { traps_at: vec![6], ..Script::default() };
    desk.take_over(version("2", &two), Some(Trial { strikes: 1, ..TRIAL })).await.unwrap();
    closes(&desk, 6..=8).await;
    assert_eq!((runs(&desk).as_str(), desk.view().unwrap().faults), ("2", 1));
    // Without a trial, and to its own save: it sees the bar on which the other failed.
    desk.take_over(version("1", &one), None).await.unwrap();
    assert_eq!((runs(&desk).as_str(), desk.view().unwrap().faults, desk.before()), ("1", 0, None));
    assert_eq!(one.heard().last().unwrap(), "save 8");
    // To one that cannot go on from the save it goes all the same.
    desk.take_over(named("3", strategy(Sma::default)), None).await.unwrap();
    let view = desk.view().unwrap();
    assert_eq!((runs(&desk).as_str(), view.batches, view.open_orders.len()), ("3", 0, 0));
    assert_eq!(view.portfolio.markets[0].position.quantity, UNIT);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_that_is_cut_off_at_any_write_leaves_one_of_the_two_with_the_same_books() {
    let script = || Script::default().place(1, buy("a")).place(6, buy("b"));
    for write in 1..=4 {
        for fails in [Fails::Before, Fails::After] {
            let store = Arc::new(Memory::default());
            let around = Around::of(store.clone());
            let (one, two) = (script(), script());
            let desk = around.open(&plan(&one)).await.unwrap();
            closes(&desk, 1..=5).await;
            let before = desk.view().unwrap().portfolio;
            let fails = fails(store.writes() + write);
            store.fail(fails);
            let swapped = desk.take_over(version("2", &two), Some(TRIAL)).await;
            // The save is one write, the other version's beginning another.
            assert_eq!(swapped.is_ok(), write > 2, "{fails:?}");
            if write > 2 {
                continue;
            }
            drop(desk);
            store.heal();
            let head = store.body("paper/test")["desk"]["terms"]["strategy"]["version"].clone();
            let is_new = fails == Fails::After(store.writes()) && write == 2;
            assert_eq!(head, if is_new { "2" } else { "1" }, "{fails:?}");
            // The host says which is to run: that version goes on, whichever the head has.
            let mut desk = around.open(&plan(&one)).await.unwrap();
            assert_eq!((runs(&desk).as_str(), desk.view().unwrap().batches), ("1", 5), "{fails:?}");
            desk.close().await.unwrap();
            let next = DeskPlan { strategy: Some(version("2", &two)), ..plan(&one) };
            desk = around.open(&next).await.unwrap();
            let view = desk.view().unwrap();
            assert_eq!((runs(&desk).as_str(), view.batches, &view.portfolio), ("2", 5, &before), "{fails:?}");
            closes(&desk, 6..=8).await;
            assert_eq!(desk.view().unwrap().portfolio.markets[0].position.quantity, 2 * UNIT, "{fails:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_back_that_is_cut_off_at_any_write_ends_with_the_same_books() {
    let mut ends = Vec::new();
    for write in 0..=4 {
        for fails in [Fails::Before, Fails::After] {
            let store = Arc::new(Memory::default());
            let around = Around::of(store.clone());
            let one = first().place(7, buy("c"));
            let two = Script { traps_at: vec![7], ..Script::default().place(6, buy("b")) };
            let (old, new) = (plan(&one), DeskPlan { strategy: Some(version("2", &two)), ..plan(&one) });
            let desk = around.open(&old).await.unwrap();
            closes(&desk, 1..=5).await;
            desk.take_over(version("2", &two), Some(TRIAL)).await.unwrap();
            closes(&desk, 6..=7).await;
            if write > 0 {
                store.fail(fails(store.writes() + write));
            }
            let cut = desk.bars(at(8), flat(8, 100)).await.is_err();
            assert_eq!(cut, (1..=2).contains(&write), "{write}");
            drop(desk);
            store.heal();
            // A host that begins runs the version of the head, brings the one before and looks on; or it went back already.
            let head = store.body("paper/test")["desk"]["terms"]["strategy"]["version"].clone();
            let desk = around.open(if head == "2" { &new } else { &old }).await.unwrap();
            desk.try_on(version("1", &one), TRIAL).await.unwrap();
            desk.bars(at(8), flat(8, 100)).await.unwrap();
            assert_eq!((runs(&desk).as_str(), desk.before()), ("1", None), "{write}");
            closes(&desk, 9..=10).await;
            let view = desk.view().unwrap();
            assert_eq!((view.batches, view.faults), (10, 0), "{write}");
            ends.push((view.portfolio, store.rows("paper/test", PurseEntry::Event)));
        }
    }
    assert!(ends.windows(2).all(|pair| pair[0] == pair[1]), "{ends:#?}");
    assert_eq!(ends[0].0.markets[0].position.quantity, 3 * UNIT);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_with_the_exchange_stays_there_while_another_version_takes_over() {
    let exchange = wallet();
    let (one, two) = (Script::default().place(0, buy_bonk("a")), Script::default().place(3, buy_bonk("b")));
    let around = Around::new();
    let plan = live(Some(version("1", &one)), &exchange);
    let desk = around.open(&plan).await.unwrap();
    exchange.say([Says::Mute]);
    close(&desk, 1, 100).await;
    let under_way = desk.view().unwrap().open_orders;
    assert!(under_way[0].is_under_way);
    desk.take_over(version("2", &two), Some(TRIAL)).await.unwrap();
    // Asked again by the same id; the other version is told of the fill.
    for _ in 0..200 {
        if desk.view().unwrap().open_orders.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(exchange.done(), ["main/1"]);
    assert!(two.heard().iter().any(|word| word.starts_with("fill a")), "{:?}", two.heard());
    for minute in 2..=4 {
        close(&desk, minute, 100).await;
    }
    assert_eq!((exchange.done().len(), runs(&desk).as_str()), (2, "2"));
    agree(&desk, &exchange);
}

pub fn buy_bonk(name: &str) -> Order {
    order(name, Side::Buy, OrderKind::Market, 2 * WHOLE)
}
