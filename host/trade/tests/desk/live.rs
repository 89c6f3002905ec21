//! Real swaps: what the books move by, and what happens when the exchange does not say yes at once.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use puppet_trade::{DeskError, DeskPlan, DeskVenue, ExchangeError, Told};
use puppet_types::Timestamp;
use puppet_types::trade::{Mint, Order, OrderKind, Side, TimeInForce};

use puppet_wallet::{Mode, Rules};

use crate::exchange::Says;
use crate::fixture::{
    Around, BONK, CASH, USDC, WHOLE, agree, at, bonk, booked, close, live, rules, strategy, wallet, wish,
};
use crate::memory::Fails;
use crate::native::script::{Script, order};
use crate::native::walk::{ONE, market};

fn buys() -> Script {
    Script::default().place(0, order("in", Side::Buy, OrderKind::Market, 2 * WHOLE))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_are_exactly_the_wallet_after_every_fill() {
    let exchange = wallet();
    exchange.fee(5_123);
    let script = buys()
        .place(1, Order { reduce_only: true, ..order("stop", Side::Sell, OrderKind::Stop(95 * ONE), WHOLE) })
        .place(3, order("more", Side::Buy, OrderKind::Market, WHOLE / 7))
        .place(4, order("more2", Side::Buy, OrderKind::Market, 1));
    let mut around = Around::new();
    let desk = around.open(&live(Some(strategy(script)), &exchange)).await.unwrap();
    agree(&desk, &exchange);
    // Odd results: a little less, a little more than ordered.
    let surprise = "the wallet has a token that nobody knows";
    exchange.say([Says::Gives(2 * WHOLE - 7), Says::Gives(93_123_457), Says::Gives(WHOLE / 7 + 11)]);
    exchange.say([Says::Surprise(surprise)]);
    for (minute, price) in (1..).zip([100, 100, 94, 97, 97]) {
        close(&desk, minute, price).await;
        agree(&desk, &exchange);
    }
    assert_eq!(exchange.done(), ["main/1", "main/2", "main/3", "main/4"]);
    assert!(around.heard().contains(&Told::Note(surprise.to_owned())));
    let position = desk.view().unwrap().portfolio.markets[0].position.quantity;
    assert_eq!(booked(&desk, BONK), position + 11, "more than was ordered came without a trade");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fill_is_in_the_books_whatever_the_strategy_does_when_it_hears_of_it() {
    let exchange = wallet();
    let script = Script { traps_at_fills: true, ..buys() };
    let mut around = Around::new();
    let plan = DeskPlan { max_faults: 0, ..live(Some(strategy(script.clone())), &exchange) };
    let desk = around.open(&plan).await.unwrap();
    let error = desk.bars(at(1), crate::fixture::flat(1, 100)).await.unwrap_err();
    assert!(matches!(&error, DeskError::Stopped(why) if why.contains("at the fill in")), "{error}");
    let told = around.heard();
    assert!(matches!(&told[0], Told::Swapped(result) if result.is_done), "{told:?}");
    assert!(matches!(told.last(), Some(Told::Stopped(why)) if why.contains("at the fill in")), "{told:?}");
    let stored = puppet_trade::purse_view(&around.store.row("main")).unwrap().unwrap();
    let position = stored.portfolio.markets[0].position.quantity;
    assert_eq!((position, stored.faults, exchange.done().len()), (exchange.has(BONK), 1, 1));
    // Another start with the same strategy: it is not told again, and goes on.
    let desk = around.open(&plan).await.unwrap();
    assert_eq!(desk.view().unwrap().portfolio.markets[0].position.quantity, position);
    agree(&desk, &exchange);
    close(&desk, 2, 100).await;
    let fills = script.heard().iter().filter(|heard| heard.starts_with("fill")).count();
    assert_eq!((fills, script.heard().last().unwrap()), (1, &format!("batch 1: 2 of {position}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fill_that_was_stored_and_not_told_is_told_at_the_next_start() {
    let whole = {
        let (exchange, around) = (wallet(), Around::new());
        let desk = around.open(&live(Some(strategy(buys())), &exchange)).await.unwrap();
        close(&desk, 1, 100).await;
        around.store.writes()
    };
    let exchange = wallet();
    let script = buys();
    let around = Around::new();
    let plan = live(Some(strategy(script.clone())), &exchange);
    // The last write says that it was told; the one before, that it was filled.
    around.store.fail(Fails::Before(whole));
    let desk = around.open(&plan).await.unwrap();
    desk.bars(at(1), crate::fixture::flat(1, 100)).await.unwrap_err();
    around.store.heal();
    let fill = format!("fill in {}", exchange.has(BONK));
    let fills = |script: &Script| script.heard().iter().filter(|heard| **heard == fill).count();
    assert_eq!(fills(&script), 1);
    let desk = around.open(&plan).await.unwrap();
    assert_eq!((fills(&script), exchange.asked().len()), (2, 1), "the first instance is gone, and so is what it heard");
    agree(&desk, &exchange);
    drop(desk);
    around.open(&plan).await.unwrap();
    assert_eq!(fills(&script), 3, "from the journal, as part of what a fresh instance is told");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_order_is_triggered_by_a_price_between_bars() {
    let exchange = wallet();
    let script =
        buys().place(1, Order { reduce_only: true, ..order("s", Side::Sell, OrderKind::Stop(95 * ONE), WHOLE) });
    let around = Around::new();
    let desk = around.open(&live(Some(strategy(script.clone())), &exchange)).await.unwrap();
    close(&desk, 1, 100).await;
    close(&desk, 2, 100).await;
    let at = |seconds: u64| at(2).plus_millis(seconds * 1_000);
    assert!(desk.prices(at(5), vec![(0, 96 * ONE)]).await.unwrap().swaps.is_empty());
    let swaps = desk.prices(at(10), vec![(0, 94 * ONE)]).await.unwrap().swaps;
    assert_eq!(swaps.len(), 1);
    assert!(swaps[0].is_done && swaps[0].side == Side::Sell && swaps[0].in_amount == WHOLE);
    assert!(script.heard().contains(&format!("fill s {WHOLE}")));
    agree(&desk, &exchange);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_that_is_refused_frees_what_was_held_and_is_told() {
    let exchange = wallet();
    let script = buys();
    let mut around = Around::new();
    let desk = around.open(&live(Some(strategy(script.clone())), &exchange)).await.unwrap();
    exchange.say([Says::No("slippage")]);
    let swaps = close(&desk, 1, 100).await.swaps;
    assert_eq!((swaps[0].is_done, swaps[0].code.as_str(), swaps[0].in_amount), (false, "slippage", 200_000_000));
    assert_eq!(around.heard(), [Told::Swapped(Box::new(swaps[0].clone()))]);
    assert!(script.heard().contains(&"denied in slippage".to_owned()));
    let view = desk.view().unwrap();
    assert!(view.portfolio.balances.iter().all(|balance| balance.held == 0) && view.open_orders.is_empty());
    agree(&desk, &exchange);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_that_does_not_answer_is_asked_again_and_nothing_else_is_sent_meanwhile() {
    let exchange = wallet();
    let script = buys().place(1, order("next", Side::Buy, OrderKind::Market, WHOLE));
    let mut around = Around::new();
    let desk = around.open(&live(Some(strategy(script)), &exchange)).await.unwrap();
    exchange.say([Says::Deaf]);
    close(&desk, 1, 100).await;
    close(&desk, 2, 100).await;
    assert_eq!(exchange.asked().len(), 1, "bars go on, and nothing else is due");
    assert_eq!(desk.view().unwrap().open_orders.len(), 2);
    let told = tokio::time::timeout(Duration::from_secs(30), async {
        loop {
            match around.told.recv().await.unwrap() {
                Told::Swapped(result) => return result,
                _ => continue,
            }
        }
    });
    assert_eq!(told.await.unwrap().id, "main/1");
    close(&desk, 3, 100).await;
    assert_eq!(exchange.done(), ["main/1", "main/2"]);
    agree(&desk, &exchange);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_waits_for_a_persons_yes_and_goes_on_with_it() {
    let exchange = wallet();
    let mut around = Around::new();
    let desk = around.open(&live(Some(strategy(buys())), &exchange)).await.unwrap();
    exchange.say([Says::Error(ExchangeError::Approval { hash: "ab12".to_owned(), until: at(9) })]);
    close(&desk, 1, 100).await;
    assert!(around.heard().iter().any(|told| matches!(told, Told::Note(note) if note.contains("approve ab12"))));
    assert!(exchange.done().is_empty());
    let told = tokio::time::timeout(Duration::from_secs(30), around.told.recv());
    assert!(matches!(told.await.unwrap().unwrap(), Told::Swapped(result) if result.is_done));
    agree(&desk, &exchange);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_an_operator_can_tell_halts_the_desk() {
    let exchange = wallet();
    let script = buys().place(1, order("next", Side::Buy, OrderKind::Market, WHOLE));
    let mut around = Around::new();
    let desk = around.open(&live(Some(strategy(script.clone())), &exchange)).await.unwrap();
    exchange.say([Says::Error(ExchangeError::Operator("two answers".to_owned()))]);
    close(&desk, 1, 100).await;
    assert!(around.heard().iter().any(|told| matches!(told, Told::Halted(why) if why.contains("two answers"))));
    close(&desk, 2, 100).await;
    assert!(script.heard().contains(&"denied next kill-switch".to_owned()));
    assert_eq!(exchange.asked().len(), 1);
    desk.resume().await.unwrap();
    assert_eq!(exchange.done(), ["main/1"], "what was under way is asked for again");
    agree(&desk, &exchange);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_and_went_while_no_desk_was_open_is_booked_and_told() {
    let exchange = wallet();
    let mut around = Around::new();
    let plan = live(Some(strategy(buys())), &exchange);
    let desk = around.open(&plan).await.unwrap();
    close(&desk, 1, 100).await;
    desk.close().await.unwrap();
    exchange.change(USDC, 1_234_567);
    exchange.change(Mint::SOL, 5_000_000_000);
    around.heard();
    let desk = around.open(&plan).await.unwrap();
    agree(&desk, &exchange);
    let notes = around.heard().into_iter().filter(|told| matches!(told, Told::Note(_))).count();
    assert_eq!(notes, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_swapped_at_a_stale_price() {
    let exchange = wallet();
    let mut around = Around::new();
    let plan = live(Some(strategy(buys())), &exchange);
    let late: Arc<dyn Fn() -> Timestamp + Send + Sync> = Arc::new(|| at(3));
    let plan = DeskPlan { venue: DeskVenue::Live { exchange: exchange.clone(), now: late }, ..plan };
    let desk = around.open(&plan).await.unwrap();
    let swaps = close(&desk, 1, 100).await.swaps;
    assert_eq!(swaps[0].code, "stale-quote");
    assert!(exchange.asked().is_empty() && !around.heard().is_empty());
    assert_eq!(booked(&desk, USDC), CASH);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_to_be_had_at_once_does_not_wait_for_another_swap_or_for_the_end_of_a_halt() {
    let now = |name: &str, time_in_force, kind| Order { time_in_force, ..order(name, Side::Buy, kind, WHOLE / 10) };
    let both = |script: Script, batch: u64| {
        script
            .place(batch, now(&format!("ioc{batch}"), TimeInForce::Ioc, OrderKind::Market))
            .place(batch, now(&format!("fok{batch}"), TimeInForce::Fok, OrderKind::Limit(100 * ONE)))
    };
    let exchange = wallet();
    exchange.say([Says::Error(ExchangeError::Approval { hash: "ab12".to_owned(), until: at(9) })]);
    // Beside the first one in the same batch, and in the next while it waits for a person.
    let script = both(both(buys(), 0), 1).place(1, now("waits", TimeInForce::Gtc, OrderKind::Limit(50 * ONE)));
    let around = Around::new();
    let desk = around.open(&live(Some(strategy(script.clone())), &exchange)).await.unwrap();
    for minute in [1, 2] {
        close(&desk, minute, 100).await;
        let heard = script.heard();
        for name in ["ioc", "fok"] {
            assert!(heard.contains(&format!("denied {name}{} not-filled", minute - 1)), "{heard:?}");
        }
    }
    let open: Vec<_> = desk.view().unwrap().open_orders.into_iter().map(|open| open.order.client_id).collect();
    assert_eq!((open, exchange.asked().len()), (vec!["in".to_owned(), "waits".to_owned()], 1));

    // One that was decided before the halt, by the same bar.
    let exchange = wallet();
    let script = both(Script::default(), 0);
    let plan = DeskPlan { purse: "other".to_owned(), ..live(Some(strategy(script.clone())), &exchange) };
    let desk = around.open(&plan).await.unwrap();
    let halt = around.halt.clone();
    around.store.meanwhile(move || *halt.lock().unwrap() = Some("a bad day".to_owned()));
    close(&desk, 1, 100).await;
    assert!(script.heard().contains(&"denied ioc0 not-filled".to_owned()), "{:?}", script.heard());
    assert!(desk.view().unwrap().open_orders.is_empty() && exchange.asked().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_market_order_that_waited_for_another_swap_is_not_sent_at_a_price_that_it_was_not_decided_at() {
    let exchange = wallet();
    exchange.say([Says::Error(ExchangeError::Approval { hash: "ab12".to_owned(), until: at(9) }), Says::No("expired")]);
    let script = buys()
        .place(0, order("late", Side::Buy, OrderKind::Market, WHOLE))
        .place(0, order("limit", Side::Buy, OrderKind::Limit(99 * ONE), WHOLE));
    let clock = Arc::new(Mutex::new(at(1)));
    let mut around = Around::new();
    let plan = live(Some(strategy(script.clone())), &exchange);
    let told = clock.clone();
    let now: Arc<dyn Fn() -> Timestamp + Send + Sync> = Arc::new(move || *told.lock().unwrap());
    let plan = DeskPlan { venue: DeskVenue::Live { exchange: exchange.clone(), now }, ..plan };
    let desk = around.open(&plan).await.unwrap();
    close(&desk, 1, 100).await;
    // Prices go on, and are fresh.
    *clock.lock().unwrap() = at(3);
    close(&desk, 3, 98).await;
    let mut ends = Vec::new();
    let over = tokio::time::timeout(Duration::from_secs(30), async {
        while ends.len() < 3 {
            if let Told::Swapped(result) = around.told.recv().await.unwrap() {
                ends.push((result.id, result.code));
            }
        }
    });
    over.await.unwrap();
    let ends: Vec<_> = ends.iter().map(|(id, code)| (id.as_str(), code.as_str())).collect();
    assert_eq!(ends, [("main/1", "expired"), ("main/2", "stale-quote"), ("main/3", "")]);
    assert!(script.heard().contains(&"denied late stale-quote".to_owned()));
    agree(&desk, &exchange);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_not_spent() {
    let exchange = wallet();
    let script = Script::default().place(0, order("all", Side::Buy, OrderKind::Market, 1_000 * WHOLE));
    let around = Around::new();
    let desk = around.open(&live(Some(strategy(script.clone())), &exchange)).await.unwrap();
    close(&desk, 1, 100).await;
    assert!(script.heard().contains(&"denied all insufficient-funds".to_owned()));
    let refused = desk.swap(wish("w", 1, (USDC, BONK), CASH + 1)).await.unwrap();
    assert_eq!((refused.is_done, refused.code.as_str()), (false, "insufficient-funds"));
    assert!(exchange.asked().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_second_price_is_asked_for_there_has_to_be_one_that_agrees() {
    let exchange = wallet();
    let script = (0..3).fold(Script::default(), |script, n| {
        script.place(n, order(&format!("o{n}"), Side::Buy, OrderKind::Market, WHOLE))
    });
    let plan = live(Some(strategy(script.clone())), &exchange);
    let plan = DeskPlan { rules: Rules { max_deviation_bps: Some(100), ..plan.rules.clone() }, ..plan };
    let around = Around::new();
    let desk = around.open(&plan).await.unwrap();
    close(&desk, 1, 100).await;
    desk.second(at(2), vec![(0, 102 * ONE)]).await.unwrap();
    close(&desk, 2, 100).await;
    assert!(exchange.asked().is_empty());
    assert!(script.heard().contains(&"denied o0 no-second-price".to_owned()));
    assert!(script.heard().contains(&"denied o1 price-deviation".to_owned()));
    desk.second(at(3), vec![(0, 101 * ONE)]).await.unwrap();
    close(&desk, 3, 100).await;
    assert_eq!(exchange.done(), ["main/3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_market_more_and_another_order_of_them_leave_what_is_held_where_it_is() {
    let exchange = wallet();
    let around = Around::new();
    let plan = live(Some(strategy(buys())), &exchange);
    let desk = around.open(&plan).await.unwrap();
    close(&desk, 1, 100).await;
    let held = desk.view().unwrap().portfolio.markets[0].position;
    desk.close().await.unwrap();
    let markets = vec![market(), bonk()];
    let plan = DeskPlan { rules: rules(&markets), markets, strategy: None, ..plan };
    let desk = around.open(&plan).await.unwrap();
    let view = desk.view().unwrap();
    assert_eq!(
        view.portfolio.markets.iter().map(|inside| inside.position.quantity).collect::<Vec<_>>(),
        [0, held.quantity]
    );
    assert_eq!(view.prices, [None, Some((100 * ONE, at(1)))]);
    let sold = desk.swap(wish("out", 1, (BONK, USDC), held.quantity)).await.unwrap();
    assert!(sold.is_done, "{sold:?}");
    agree(&desk, &exchange);
    desk.close().await.unwrap();

    // What holds something cannot be left out.
    let desk = around.open(&plan).await.unwrap();
    assert!(desk.swap(wish("in", 1, (USDC, BONK), 1_000_000)).await.unwrap().is_done);
    desk.close().await.unwrap();
    let markets = vec![market()];
    let plan = DeskPlan { rules: rules(&markets), markets, ..plan };
    let error = around.open(&plan).await.err().unwrap();
    assert!(error.to_string().contains("BONK/USDC"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_that_lacks_what_open_orders_hold_halts_the_desk() {
    let exchange = wallet();
    let limit = order("limit", Side::Buy, OrderKind::Limit(50 * ONE), 10 * WHOLE);
    let mut around = Around::new();
    let plan = live(Some(strategy(Script::default().place(0, limit))), &exchange);
    let desk = around.open(&plan).await.unwrap();
    close(&desk, 1, 100).await;
    desk.close().await.unwrap();
    exchange.change(USDC, 1_000_000);
    let desk = around.open(&plan).await.unwrap();
    assert_eq!(desk.view().unwrap().admits, Mode::Halted);
    assert!(around.heard().iter().any(|told| matches!(told, Told::Halted(why) if why.contains("wallet"))));
    close(&desk, 2, 40).await;
    assert!(exchange.asked().is_empty());
}
