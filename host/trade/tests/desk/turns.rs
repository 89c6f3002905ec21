//! Orders that have to wait for another swap: which may, and how long.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use puppet_trade::{DeskPlan, DeskVenue, ExchangeError, Told};
use puppet_types::Timestamp;
use puppet_types::trade::{Mint, Order, OrderKind, Side, TimeInForce};

use crate::exchange::{Says, Scripted};
use crate::fixture::{Around, BONK, USDC, WHOLE, agree, at, close, live, strategy, wallet, wish};
use crate::live::buys;
use crate::native::script::{Script, order};
use crate::native::walk::ONE;

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
async fn who_asks_for_more_than_can_be_reckoned_with_is_answered() {
    let exchange = Arc::new(Scripted::with(&[(USDC, 1_000_000_000_000), (BONK, 0), (Mint::SOL, 1_000_000_000)]));
    let desk = Around::new().open(&live(None, &exchange)).await.unwrap();
    // So cheap that 64 bits do not hold what comes out.
    desk.prices(at(1), vec![(0, 1)]).await.unwrap();
    let asked = desk.swap(wish("w", 1, (USDC, BONK), 400_000_000_000));
    let answer = tokio::time::timeout(Duration::from_secs(30), asked).await.unwrap().unwrap();
    assert_eq!((answer.id.as_str(), answer.code.as_str(), answer.is_done), ("w", "min-quantity", false));
    assert_eq!(answer.agent.unwrap().as_str(), "luna");
    assert!(exchange.asked().is_empty());
}
