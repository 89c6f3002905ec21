//! Real swaps: what the books move by, and what happens when the exchange does not say yes at once.

use std::sync::Arc;
use std::time::Duration;

use puppet_trade::{DeskPlan, DeskVenue, ExchangeError, Told};
use puppet_types::Timestamp;
use puppet_types::trade::{Mint, Order, OrderKind, Side};

use puppet_wallet::{Mode, Rules};

use crate::exchange::Says;
use crate::fixture::{
    Around, BONK, CASH, USDC, WHOLE, agree, at, bonk, booked, close, live, rules, strategy, wallet, wish,
};
use crate::native::script::{Script, order};
use crate::native::walk::{ONE, market};

pub fn buys() -> Script {
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
    let notes = around.heard().into_iter().filter_map(|told| match told {
        Told::Note(note) => Some(note),
        _ => None,
    });
    let notes: Vec<String> = notes.collect();
    let of = |unit: &str| notes.iter().filter(|note| note.contains(&format!(" {unit}, and the books had "))).count();
    assert_eq!((notes.len(), of("USDC"), of("lamports")), (2, 1, 1), "{notes:?}");
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
async fn a_token_that_is_not_always_tradable_is_while_it_is_on_a_list() {
    let exchange = wallet();
    let script = (0..2).fold(Script::default(), |script, n| {
        script.place(n, order(&format!("o{n}"), Side::Buy, OrderKind::Market, WHOLE))
    });
    let plan = live(Some(strategy(script.clone())), &exchange);
    let rules = Rules { always_tradable: Some(Vec::new()), consider_trending: true, ..plan.rules.clone() };
    let desk = Around::new().open(&DeskPlan { rules, ..plan }).await.unwrap();
    close(&desk, 1, 100).await;
    assert!(script.heard().contains(&"denied o0 not-trending".to_owned()));
    desk.trending(at(2), vec![0]).await.unwrap();
    close(&desk, 2, 100).await;
    assert_eq!(exchange.done(), ["main/2"]);
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
