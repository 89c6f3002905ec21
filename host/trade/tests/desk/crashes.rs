//! A desk that is cut off between any two writes, with its exchange in whatever state, ends with the books of one that never
//! was: nothing is swapped twice, and no fill is lost.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use puppet_backtest::Event;
use puppet_store::{Options, PurseEntry, SqliteStore, TradeStore};
use puppet_trade::{Desk, DeskError, DeskPlan, Told};
use puppet_types::trade::{Mint, Order, OrderKind, Side};
use serde_json::Value;

use crate::exchange::{Says, Scripted};
use crate::fixture::{Around, BONK, USDC, WHOLE, at, flat, live, paper, strategy, wallet, wish};
use crate::memory::{Fails, Memory};
use crate::native::script::{Script, order};
use crate::native::walk::ONE;

/// Buys, sells a part by a stop, and the rest by a take-profit.
fn script(unit: u64) -> Script {
    let exit = |name: &str, kind, quantity| Order { reduce_only: true, ..order(name, Side::Sell, kind, quantity) };
    Script::default()
        .place(1, order("a", Side::Buy, OrderKind::Market, 2 * unit))
        .place(4, exit("stop", OrderKind::Stop(95 * ONE), unit / 2))
        .place(5, order("b", Side::Buy, OrderKind::Limit(94 * ONE), unit / 3))
        .place(7, exit("profit", OrderKind::TakeProfit(103 * ONE), unit))
        .place(11, order("c", Side::Buy, OrderKind::Market, unit))
}

const PRICES: [u64; 16] = [100, 100, 100, 101, 100, 98, 94, 93, 97, 101, 104, 103, 103, 102, 102, 103];

/// What has to be the same in the end: everything that is stored to go on from, but where in the log it stands.
fn books(store: &Memory, purse: &str) -> (Value, Vec<Value>) {
    let mut body = store.body(purse);
    let notes = body["desk"]["notes"].as_object_mut().unwrap();
    notes.remove("since");
    let events = store.rows(purse, PurseEntry::Event);
    (body, events)
}

/// Waits until nothing is under way any more. Answers false where the desk ended before.
async fn is_over(desk: &Desk) -> bool {
    let is_free = || !desk.view().unwrap().open_orders.iter().any(|open| open.is_under_way);
    loop {
        // Between two swaps of one close there is a moment at which nothing is: what is answered in its turn comes after both.
        let was_free = is_free();
        if desk.history(Vec::new()).await.is_err() {
            return false;
        }
        if was_free && is_free() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// All bars and one wish, from a store that fails now and then; opened again until all of it is done. Answers how often.
async fn drive(store: &Arc<Memory>, plan: &DeskPlan, pair: (&str, &str), amount: u64) -> usize {
    let mut opened = 0;
    'again: loop {
        opened += 1;
        assert!(opened < 5);
        let around = Around::of(store.clone());
        let desk = match around.open(plan).await {
            Ok(desk) => desk,
            Err(DeskError::Store(_)) => {
                store.heal();
                continue;
            }
            Err(other) => panic!("{other}"),
        };
        for (minute, price) in (1..).zip(PRICES) {
            if desk.bars(at(minute), flat(minute, price)).await.is_err() || !is_over(&desk).await {
                store.heal();
                continue 'again;
            }
            // Asked again at every bar and after every crash: carried out once.
            if minute == 3 && desk.swap(wish("w1", 3, pair, amount)).await.is_err() {
                store.heal();
                continue 'again;
            }
        }
        if desk.close().await.is_err() {
            store.heal();
            continue;
        }
        return opened;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paper_desk_that_is_cut_off_at_any_write_ends_with_the_same_books() {
    let plan = || paper(Some(strategy(script(1_000_000_000))), 1);
    let whole = Arc::new(Memory::default());
    let pair = (USDC, Mint::SOL);
    assert_eq!(drive(&whole, &plan(), pair, 5_000_001).await, 1);
    let (body, events) = books(&whole, "paper/test");
    assert!(events.iter().filter(|event| event["event"] == "filled").count() >= 4, "{events:#?}");
    for write in 1..=whole.writes() {
        for fails in [Fails::Before(write), Fails::After(write)] {
            let store = Arc::new(Memory::default());
            store.fail(fails);
            assert_eq!(drive(&store, &plan(), pair, 5_000_001).await, 2, "{fails:?}");
            let (again, happened) = books(&store, "paper/test");
            assert_eq!(differences("", &again, &body), Vec::<String>::new(), "{fails:?}");
            assert_eq!(happened, events, "{fails:?}");
        }
    }
}

/// Where two bodies differ, in words.
fn differences(path: &str, one: &Value, other: &Value) -> Vec<String> {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let keys: BTreeSet<_> = one.keys().chain(other.keys()).collect();
            let at = |map: &serde_json::Map<String, Value>, key: &str| map.get(key).cloned().unwrap_or_default();
            keys.into_iter()
                .flat_map(|key| differences(&format!("{path}/{key}"), &at(one, key), &at(other, key)))
                .collect()
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let pairs = one.iter().zip(other).enumerate();
            pairs.flat_map(|(n, (one, other))| differences(&format!("{path}/{n}"), one, other)).collect()
        }
        _ if one == other => Vec::new(),
        _ => vec![format!("{path}: {one}, {other}")],
    }
}

/// Live, with an exchange that is as it is told: cut off before and after every write.
async fn cut_off_everywhere(tell: impl Fn(&Scripted)) {
    let run = async |store: Arc<Memory>| -> (Arc<Scripted>, usize) {
        let exchange = wallet();
        exchange.fee(5_000);
        tell(&exchange);
        let plan = live(Some(strategy(script(WHOLE))), &exchange);
        let opened = drive(&store, &plan, (USDC, BONK), 5_000_001).await;
        (exchange, opened)
    };
    let whole = Arc::new(Memory::default());
    let (exchange, _) = run(whole.clone()).await;
    let (body, events) = books(&whole, "main");
    assert_eq!(exchange.done(), ["main/1", "main/2", "main/3", "main/4", "main/5", "main/6"]);
    for write in 1..=whole.writes() {
        for fails in [Fails::Before(write), Fails::After(write)] {
            let store = Arc::new(Memory::default());
            store.fail(fails);
            let (other, opened) = run(store.clone()).await;
            // A swap that is known at once after an opening takes fewer writes than one that is asked for again.
            assert!(opened <= 2, "{fails:?}");
            assert_eq!(other.done(), exchange.done(), "{fails:?}");
            for mint in [USDC, BONK, Mint::SOL] {
                assert_eq!(other.has(mint), exchange.has(mint), "{fails:?} {mint}");
            }
            let (again, happened) = books(&store, "main");
            assert_eq!(differences("", &again, &body), Vec::<String>::new(), "{fails:?}");
            assert_eq!(happened, events, "{fails:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_desk_that_is_cut_off_at_any_write_ends_with_the_same_books_and_swaps_nothing_twice() {
    cut_off_everywhere(|_| {}).await;
}

#[tokio::test(start_paused = true)]
async fn the_same_where_the_exchange_does_every_swap_and_nobody_hears_of_it() {
    cut_off_everywhere(Scripted::be_mute).await;
}

#[tokio::test(start_paused = true)]
async fn the_same_where_the_exchange_does_not_hear_the_first_question() {
    cut_off_everywhere(|exchange| exchange.say([Says::Deaf, Says::Deaf, Says::Mute])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_file_the_same_is_kept_as_in_memory_and_a_desk_goes_on_from_it() {
    let exchange = wallet();
    let whole = Arc::new(Memory::default());
    drive(&whole, &live(Some(strategy(script(WHOLE))), &exchange), (USDC, BONK), 5_000_001).await;

    let exchange = wallet();
    let plan = live(Some(strategy(script(WHOLE))), &exchange);
    let folder = tempfile::tempdir().unwrap();
    let open = || Around::of(Arc::new(SqliteStore::open(folder.path(), Options::default()).unwrap()));
    for (minute, price) in (1..).zip(PRICES) {
        // Another process at every bar.
        let around = open();
        let desk = around.open(&plan).await.unwrap();
        desk.bars(at(minute), flat(minute, price)).await.unwrap();
        if minute == 3 {
            desk.swap(wish("w1", 3, (USDC, BONK), 5_000_001)).await.unwrap();
        }
        if minute == 16 {
            desk.close().await.unwrap();
        }
    }
    let store = open().store;
    let mut body = store.purse("main").await.unwrap().unwrap().body;
    body["desk"]["notes"].as_object_mut().unwrap().remove("since");
    let (expected, events) = books(&whole, "main");
    assert_eq!(body, expected);
    let rows = store.purse_log("main", &[PurseEntry::Event], 0, 1_000).await.unwrap();
    assert_eq!(rows.into_iter().map(|row| row.body).collect::<Vec<_>>(), events);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_that_was_done_while_the_host_died_is_booked_once() {
    let exchange = wallet();
    let plan = live(Some(strategy(script(WHOLE))), &exchange);
    let mut around = Around::new();
    let desk = around.open(&plan).await.unwrap();
    desk.bars(at(1), flat(1, 100)).await.unwrap();
    exchange.say([Says::Mute]);
    desk.bars(at(2), flat(2, 100)).await.unwrap();
    let view = desk.view().unwrap();
    assert!(view.open_orders[0].is_under_way && view.open_orders[0].waits.is_some());
    assert_eq!(exchange.done(), ["main/1"]);
    // The handle is dropped: as if the process had died.
    drop(desk);
    let desk = around.open(&plan).await.unwrap();
    crate::fixture::agree(&desk, &exchange);
    assert_eq!(exchange.asked().len(), 2);
    assert_eq!(desk.view().unwrap().open_orders.len(), 0);
    let swapped = |told: &Told| matches!(told, Told::Swapped(result) if result.is_done && result.id == "main/1");
    assert_eq!(around.heard().iter().filter(|told| swapped(told)).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_writer_stops_the_desk() {
    let mut around = Around::new();
    let first = around.open(&paper(None, 1)).await.unwrap();
    let second = around.open(&paper(None, 1)).await.unwrap();
    second.bars(at(1), flat(1, 100)).await.unwrap();
    let error = first.bars(at(1), flat(1, 101)).await.unwrap_err();
    assert_eq!(error, DeskError::Taken("paper/test".to_owned()));
    assert!(matches!(&around.heard()[..], [Told::Stopped(_)]));
    assert!(first.bars(at(2), flat(2, 100)).await.is_err());
    assert!(first.view().unwrap().stopped.is_some());
    // Whoever keeps it learns what it was, and also who asked nothing.
    assert_eq!(first.ended(), Some(error.clone()));
    assert_eq!(first.over().await, DeskError::Stopped(error.to_string()));
    assert_eq!(second.ended(), None);
    second.bars(at(2), flat(2, 100)).await.unwrap();
    second.close().await.unwrap();
    assert_eq!(second.over().await, DeskError::Stopped("it is closed".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_strategy_begins_afresh_and_what_is_owned_stays() {
    let around = Around::new();
    let unit = 1_000_000_000;
    let first = Script::default()
        .place(1, order("a", Side::Buy, OrderKind::Market, unit))
        .place(2, order("far", Side::Buy, OrderKind::Limit(10 * ONE), unit));
    let plan = paper(Some(strategy(first)), 1);
    let desk = around.open(&plan).await.unwrap();
    for minute in 1..=6 {
        desk.bars(at(minute), flat(minute, 100)).await.unwrap();
    }
    desk.close().await.unwrap();
    let second = Script::default().place(6, order("a", Side::Sell, OrderKind::Market, unit / 2));
    let mut other = strategy(second.clone());
    other.id.pack = "other".to_owned();
    let plan = DeskPlan { strategy: Some(other.clone()), ..plan };
    let desk = around.open(&plan).await.unwrap();
    let view = desk.view().unwrap();
    assert_eq!((view.batches, view.portfolio.markets[0].position.quantity), (0, unit));
    assert!(view.open_orders.is_empty(), "what waited was the other's");
    assert_eq!(second.heard(), ["init 0"]);
    let happened = desk.bars(at(7), flat(7, 100)).await.unwrap();
    assert!(
        !happened.events.iter().any(|event| matches!(event, Event::Denied { .. })),
        "its names are its own: {happened:?}"
    );
    desk.close().await.unwrap();

    // Another version of it goes on from its save.
    other.id.version = "2".to_owned();
    let plan = DeskPlan { strategy: Some(other), ..plan };
    let desk = around.open(&plan).await.unwrap();
    assert_eq!(desk.view().unwrap().batches, 1);
    assert_eq!(second.heard().last().unwrap(), "init 1");
}
