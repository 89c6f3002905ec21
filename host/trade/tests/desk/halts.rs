//! The kill switches: of everything, of one purse, and the risk engine's own.

use std::time::Duration;

use puppet_trade::{DeskPlan, ExchangeError, Told, purse_view};
use puppet_types::trade::{Order, OrderKind, Side};
use puppet_wallet::{Cause, Mode, Rules};

use crate::exchange::Says;
use crate::fixture::{Around, BONK, USDC, WHOLE, agree, at, close, live, paper, strategy, wallet, wish};
use crate::native::script::{Script, order};
use crate::native::walk::ONE;

fn buys_at(minutes: impl IntoIterator<Item = u64>) -> Script {
    minutes.into_iter().fold(Script::default(), |script, n| {
        script.place(n, order(&format!("o{n}"), Side::Buy, OrderKind::Market, WHOLE / 10))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_switch_of_everything_stops_admission_and_swaps_and_is_lifted_again() {
    let exchange = wallet();
    let script = buys_at(0..6)
        .place(1, Order { reduce_only: true, ..order("s", Side::Sell, OrderKind::Stop(95 * ONE), WHOLE / 20) });
    let mut around = Around::new();
    let desk = around.open(&live(Some(strategy(script.clone())), &exchange)).await.unwrap();
    close(&desk, 1, 100).await;
    close(&desk, 2, 100).await;
    let done = exchange.done().len();
    around.switch(Some("a bad day"));
    // The stop is reached, too.
    close(&desk, 3, 90).await;
    close(&desk, 4, 90).await;
    assert_eq!(exchange.done().len(), done);
    assert!(script.heard().contains(&"denied o2 kill-switch".to_owned()));
    let halted = |told: &Told| matches!(told, Told::Halted(why) if why.contains("a bad day"));
    assert_eq!(around.heard().iter().filter(|told| halted(told)).count(), 1);
    assert_eq!(desk.swap(wish("w", 4, (USDC, BONK), 1_000_000)).await.unwrap().code, "kill-switch");
    desk.resume().await.unwrap();
    assert_eq!(desk.view().unwrap().admits, Mode::Halted, "an operator of one purse does not lift it");
    around.switch(None);
    close(&desk, 5, 90).await;
    assert_eq!(desk.view().unwrap().admits, Mode::Active);
    assert_eq!(exchange.done().len(), done + 2, "the stop and the new order");
    agree(&desk, &exchange);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_was_reducing_is_so_again_after_the_switch() {
    let around = Around::new();
    let desk = around.open(&paper(None, 1)).await.unwrap();
    desk.reduce("enough").await.unwrap();
    around.switch(Some("a bad day"));
    close(&desk, 1, 100).await;
    around.switch(None);
    close(&desk, 2, 100).await;
    let state = desk.view().unwrap().state.unwrap();
    assert_eq!((state.mode, state.reason.as_str()), (Mode::Reducing, "enough"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purse_that_was_left_under_the_switch_tells_how_it_stands_without_it() {
    let around = Around::new();
    let desk = around.open(&paper(None, 1)).await.unwrap();
    let stored = || {
        let view = purse_view(&around.store.row("paper/test")).unwrap().unwrap();
        let reason = |state: Option<puppet_wallet::State>| state.map(|state| state.reason);
        (reason(view.state), reason(view.own_state))
    };
    let some = |reason: &str| Some(reason.to_owned());
    around.switch(Some("a bad day"));
    close(&desk, 1, 100).await;
    assert_eq!(stored(), (some("a bad day"), None));
    // What is said of the purse alone meanwhile is its own.
    desk.halt("enough").await.unwrap();
    assert_eq!(stored(), (some("a bad day"), some("enough")));
    desk.close().await.unwrap();
    around.switch(None);
    assert_eq!(stored(), (some("a bad day"), some("enough")), "nobody was there to see that it is off");
    let desk = around.open(&paper(None, 1)).await.unwrap();
    assert_eq!(stored(), (some("enough"), some("enough")));
    let view = desk.view().unwrap();
    assert_eq!(view.own_state, view.state);
}

/// How far it may fall is counted on over the switch of everything, and a drawdown stays one. Only a resume of the purse
/// after it begins anew.
#[tokio::test(flavor = "multi_thread")]
async fn the_switch_of_everything_leaves_drawdown_as_it_was() {
    let around = Around::new();
    let plan = paper(None, 1);
    let rules = Rules { max_drawdown_bps: 1_000, ..plan.rules.clone() };
    let desk = around.open(&DeskPlan { rules, ..plan }).await.unwrap();
    close(&desk, 1, 100).await;
    assert!(desk.swap(wish("w", 1, (USDC, puppet_types::trade::Mint::SOL), 900_000_000)).await.unwrap().is_done);
    close(&desk, 2, 200).await;
    let view = || desk.view().unwrap();
    let peak = view().portfolio.peak;
    let mut minute = 2;
    let mut switched = async |price| {
        around.switch(Some("a bad day"));
        close(&desk, minute + 1, price).await;
        assert_eq!(view().state.unwrap().reason, "a bad day");
        around.switch(None);
        close(&desk, minute + 2, price).await;
        minute += 2;
    };
    switched(190).await;
    assert_eq!((view().admits, view().portfolio.peak), (Mode::Active, peak));
    // A halt of the purse is no reason to forget the highest either.
    desk.halt("lunch").await.unwrap();
    desk.resume().await.unwrap();
    assert_eq!((view().admits, view().portfolio.peak), (Mode::Active, peak));
    switched(170).await;
    let stopped = view().state.unwrap();
    assert_eq!((stopped.mode, stopped.cause, view().portfolio.peak), (Mode::Reducing, Cause::Drawdown, peak));
    switched(170).await;
    assert_eq!((view().state, view().portfolio.peak), (Some(stopped), peak));
    // Resumed while everything is halted, it is counted from there when that is over.
    around.switch(Some("a bad day"));
    close(&desk, 10, 170).await;
    desk.resume().await.unwrap();
    assert_eq!(view().admits, Mode::Halted);
    around.switch(None);
    close(&desk, 11, 170).await;
    assert!(view().state.is_none() && view().portfolio.peak < peak);
    close(&desk, 12, 150).await;
    assert_eq!(view().admits, Mode::Reducing);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_while_the_switch_is_on_stands_when_it_is_off() {
    let around = Around::new();
    let desk = around.open(&paper(None, 1)).await.unwrap();
    let mut minute = 0;
    let mut lifted = async |desk: &puppet_trade::Desk| {
        minute += 1;
        around.switch(None);
        close(desk, minute, 100).await;
        let state = desk.view().unwrap().state;
        state.map(|state| (state.mode, state.reason))
    };
    around.switch(Some("a bad day"));
    desk.halt("lunch").await.unwrap();
    assert_eq!(lifted(&desk).await, Some((Mode::Halted, "lunch".to_owned())));
    // Resumed meanwhile, it is active; what is less strict than before changes nothing.
    around.switch(Some("a bad day"));
    desk.resume().await.unwrap();
    assert_eq!(desk.view().unwrap().admits, Mode::Halted);
    assert_eq!(lifted(&desk).await, None);
    desk.halt("lunch").await.unwrap();
    around.switch(Some("a bad day"));
    desk.reduce("enough").await.unwrap();
    assert_eq!(lifted(&desk).await, Some((Mode::Halted, "lunch".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_halt_that_stands_when_a_desk_is_opened_holds_before_anything_is_gone_on_with() {
    let exchange = wallet();
    exchange.say([Says::Deaf]);
    let around = Around::new();
    let plan = live(Some(strategy(buys_at([0]))), &exchange);
    let desk = around.open(&plan).await.unwrap();
    close(&desk, 1, 100).await;
    drop(desk);
    let asked = exchange.asked().len();
    // As a host opens it that reads what was said while there was none.
    around.switch(Some("stop"));
    let desk = around.open(&plan).await.unwrap();
    desk.halt("stop").await.unwrap();
    around.switch(None);
    close(&desk, 2, 100).await;
    // Asked once, it gives up what it has not signed.
    assert_eq!((exchange.asked().len(), exchange.done().len()), (asked + 1, 0));
    let view = desk.view().unwrap();
    assert!(view.admits == Mode::Halted && view.open_orders.is_empty());
    desk.resume().await.unwrap();
    assert!(exchange.done().is_empty());
    agree(&desk, &exchange);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_halt_of_one_purse_outlives_the_desk() {
    let exchange = wallet();
    let script = buys_at(1..6);
    let around = Around::new();
    let plan = live(Some(strategy(script.clone())), &exchange);
    let desk = around.open(&plan).await.unwrap();
    close(&desk, 1, 100).await;
    desk.halt("stop").await.unwrap();
    drop(desk);
    let desk = around.open(&plan).await.unwrap();
    close(&desk, 2, 100).await;
    assert!(exchange.asked().is_empty() && script.heard().contains(&"denied o1 kill-switch".to_owned()));
    desk.close().await.unwrap();
    assert_eq!(purse_view(&around.store.row("main")).unwrap().unwrap().admits, Mode::Halted);
    let desk = around.open(&plan).await.unwrap();
    desk.resume().await.unwrap();
    close(&desk, 3, 100).await;
    assert_eq!(exchange.done(), ["main/2"]);
    agree(&desk, &exchange);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_signed_before_a_halt_is_followed_to_its_end_and_booked() {
    for is_restarted in [false, true] {
        let exchange = wallet();
        // It is on the chain, and nobody here knows.
        exchange.say([Says::Mute]);
        let mut around = Around::new();
        let plan = live(Some(strategy(buys_at([0]))), &exchange);
        let desk = around.open(&plan).await.unwrap();
        close(&desk, 1, 100).await;
        assert!(desk.view().unwrap().open_orders[0].is_under_way);
        if is_restarted {
            desk.close().await.unwrap();
            around.switch(Some("a bad day"));
            let desk = around.open(&plan).await.unwrap();
            agree(&desk, &exchange);
        } else {
            desk.halt("a bad day").await.unwrap();
            let ended = tokio::time::timeout(Duration::from_secs(30), async {
                while !matches!(around.told.recv().await.unwrap(), Told::Swapped(result) if result.is_done) {}
            });
            ended.await.unwrap();
            agree(&desk, &exchange);
            assert!(desk.view().unwrap().open_orders.is_empty());
        }
        assert_eq!(exchange.done(), ["main/1"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_its_signature_is_given_up_by_a_halt_and_told() {
    let exchange = wallet();
    exchange.say([Says::Error(ExchangeError::Approval { hash: "ab12".to_owned(), until: at(9) })]);
    let script = buys_at([0]);
    let mut around = Around::new();
    let desk = around.open(&live(Some(strategy(script.clone())), &exchange)).await.unwrap();
    close(&desk, 1, 100).await;
    desk.halt("a bad day").await.unwrap();
    // Long before anybody would look for the approval again it is over.
    let told = tokio::time::timeout(Duration::from_secs(30), async {
        loop {
            if let Told::Swapped(result) = around.told.recv().await.unwrap() {
                return result;
            }
        }
    });
    let result = told.await.unwrap();
    assert_eq!((result.is_done, result.code.as_str()), (false, "kill-switch"), "{result:?}");
    assert!(result.detail.contains("a bad day"));
    desk.resume().await.unwrap();
    assert!(script.heard().contains(&"denied o0 kill-switch".to_owned()));
    close(&desk, 2, 100).await;
    assert_eq!((exchange.done().len(), exchange.asked().len()), (0, 2));
    agree(&desk, &exchange);
}
