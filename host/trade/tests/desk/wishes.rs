//! Swaps that a personality asks for: the same door, the same caps, and once by id.

use std::sync::{Arc, Barrier, Mutex};
use std::task::Poll;
use std::time::Duration;

use puppet_trade::{Desk, DeskError, DeskPlan, DeskVenue, ExchangeError, SwapResult, Told};
use puppet_types::Timestamp;
use puppet_types::trade::{Mint, OrderKind, Side};
use puppet_wallet::{Origin, Rules};

use crate::exchange::Says;
use crate::fixture::{
    Around, BONK, CASH, USDC, WHOLE, agree, at, booked, close, flat, live, paper, strategy, wallet, wish,
};
use crate::native::script::{Script, order};

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_gives_exactly_its_amount_and_an_id_is_carried_out_once() {
    let exchange = wallet();
    let mut around = Around::new();
    let desk = around.open(&live(None, &exchange)).await.unwrap();
    close(&desk, 1, 100).await;
    let first = desk.swap(wish("w1", 1, (USDC, BONK), 7_000_003)).await.unwrap();
    assert!(first.is_done && first.in_amount == 7_000_003 && first.market == "BONK/USDC", "{first:?}");
    assert_eq!(first.signature.as_deref(), Some("signature of main/1"));
    assert_eq!(booked(&desk, USDC), CASH - 7_000_003);
    agree(&desk, &exchange);
    let told = |around: &mut Around| around.heard().iter().filter(|told| matches!(told, Told::Swapped(_))).count();
    assert_eq!(told(&mut around), 1);
    assert_eq!(desk.swap(wish("w1", 1, (USDC, BONK), 7_000_003)).await.unwrap(), first);
    drop(desk);
    let desk = around.open(&live(None, &exchange)).await.unwrap();
    assert_eq!(told(&mut around), 1, "nobody has acknowledged it");
    assert_eq!(desk.swap(wish("w1", 1, (USDC, BONK), 7_000_003)).await.unwrap(), first);
    desk.heard("w1").await;
    let sold = desk.swap(wish("w2", 1, (BONK, USDC), first.out_amount)).await.unwrap();
    assert!(sold.is_done && sold.in_amount == first.out_amount);
    desk.heard("w2").await;
    desk.close().await.unwrap();
    told(&mut around);
    let desk = around.open(&live(None, &exchange)).await.unwrap();
    assert_eq!(told(&mut around), 0);
    assert_eq!(exchange.done(), ["main/1", "main/2"]);
    agree(&desk, &exchange);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_paper_a_wish_is_filled_at_the_latest_price_with_its_costs() {
    let around = Around::new();
    let desk = around.open(&paper(None, 1)).await.unwrap();
    let none = desk.swap(wish("early", 1, (USDC, Mint::SOL), 1_000_000)).await.unwrap();
    assert_eq!(none.code, "no-price");
    close(&desk, 1, 100).await;
    let bought = desk.swap(wish("w1", 1, (USDC, Mint::SOL), 100_000_000)).await.unwrap();
    // 0.3 % of fee, then 0.1 % of slippage.
    assert_eq!((bought.in_amount, bought.out_amount), (100_000_000, 996_003_996));
    let sold = desk.swap(wish("w2", 1, (Mint::SOL, USDC), 996_003_996)).await.unwrap();
    assert_eq!(sold.out_amount, 99_202_296);
    assert_eq!(booked(&desk, USDC), CASH - 100_000_000 + 99_202_296);
    let unknown = desk.swap(wish("w3", 1, (BONK, USDC), 1)).await.unwrap();
    assert_eq!((unknown.code.as_str(), unknown.in_mint.as_str()), ("unknown-market", BONK));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_words_are_not_a_strategy() {
    let around = Around::new();
    let desk = around.open(&paper(None, 1)).await.unwrap();
    close(&desk, 1, 100).await;
    for (id, origin) in [("a", Origin::HumanRequest), ("b", Origin::Strategy), ("c", Origin::Gift)] {
        let asked = puppet_trade::Intent { origin, ..wish(id, 1, (USDC, Mint::SOL), 1_000_000) };
        let answer = desk.swap(asked).await.unwrap();
        assert!(["human-request", "gift"].contains(&answer.code.as_str()), "{answer:?}");
    }
    assert_eq!(booked(&desk, USDC), CASH);
}

#[tokio::test(flavor = "multi_thread")]
async fn wishes_that_race_bars_keep_the_caps_to_the_unit() {
    let exchange = wallet();
    let most = 50_000_000;
    let script = (0..20).fold(Script::default(), |script, n| {
        script.place(n, order(&format!("o{n}"), Side::Buy, OrderKind::Market, WHOLE / 25))
    });
    let plan = live(Some(strategy(script)), &exchange);
    let plan = DeskPlan {
        rules: Rules {
            max_hour_notional: Some(u64::MAX),
            max_day_notional: Some(most),
            max_slippage_bps: 0,
            ..plan.rules.clone()
        },
        ..plan
    };
    let around = Around::new();
    let desk = Arc::new(around.open(&plan).await.unwrap());
    close(&desk, 1, 100).await;
    let wishes: Vec<_> = (0..30)
        .map(|n| {
            let desk = desk.clone();
            tokio::spawn(async move { desk.swap(wish(&format!("w{n}"), 1, (USDC, BONK), 4_000_000)).await.unwrap() })
        })
        .collect();
    for minute in 2..=20 {
        desk.bars(at(minute), flat(minute, 100)).await.unwrap();
    }
    for one in wishes {
        let answer = one.await.unwrap();
        assert!(answer.is_done || answer.code == "max-day-notional", "{} {}", answer.code, answer.detail);
    }
    // Twelve of four: the thirteenth would be beyond the cap.
    assert_eq!(exchange.done().len(), 12);
    assert_eq!(booked(&desk, USDC), CASH - 48_000_000);
    agree(&desk, &exchange);
}

#[tokio::test(flavor = "multi_thread")]
async fn wishes_wait_for_each_other_and_all_are_answered() {
    let exchange = wallet();
    let around = Around::new();
    let desk = Arc::new(around.open(&live(None, &exchange)).await.unwrap());
    close(&desk, 1, 100).await;
    exchange.say([Says::Deaf, Says::Mute]);
    let wishes: Vec<_> = ["a", "b", "a"]
        .map(|id| {
            let desk = desk.clone();
            tokio::spawn(async move { desk.swap(wish(id, 1, (USDC, BONK), 1_000_000)).await.unwrap() })
        })
        .into();
    let mut answers = Vec::new();
    for one in wishes {
        answers.push(one.await.unwrap());
    }
    assert!(answers.iter().all(|answer| answer.is_done));
    assert_eq!(answers[0], answers[2]);
    assert_eq!(exchange.done().len(), 2);
    agree(&desk, &exchange);
}

/// A desk that waits for a person's yes to `first`, and who asked for it.
async fn busy(around: &Around, plan: &DeskPlan) -> (Arc<Desk>, Asked) {
    let desk = Arc::new(around.open(plan).await.unwrap());
    close(&desk, 1, 100).await;
    let first = ask(&desk, "first").await;
    assert!(desk.view().unwrap().open_orders[0].is_under_way);
    (desk, first)
}

type Asked = tokio::task::JoinHandle<Result<SwapResult, DeskError>>;

/// Returns when the desk has taken it in.
async fn ask(desk: &Arc<Desk>, id: &str) -> Asked {
    let (asks, wish) = (Arc::clone(desk), wish(id, 1, (USDC, BONK), 1_000_000));
    let mut asked = Box::pin(async move { asks.swap(wish).await });
    let is_pending = std::future::poll_fn(|context| Poll::Ready(asked.as_mut().poll(context).is_pending()));
    assert!(is_pending.await);
    let asked = tokio::spawn(asked);
    // One question after the other.
    desk.prices(at(1), Vec::new()).await.unwrap();
    asked
}

fn approval() -> Says {
    Says::Error(ExchangeError::Approval { hash: "ab12".to_owned(), until: at(9) })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_that_waited_for_its_turn_is_not_swapped_at_a_price_of_then() {
    let exchange = wallet();
    exchange.say([approval(), Says::No("expired")]);
    let clock = Arc::new(Mutex::new(at(1)));
    let told = clock.clone();
    let now: Arc<dyn Fn() -> Timestamp + Send + Sync> = Arc::new(move || *told.lock().unwrap());
    let plan = DeskPlan { venue: DeskVenue::Live { exchange: exchange.clone(), now }, ..live(None, &exchange) };
    let around = Around::new();
    let (desk, first) = busy(&around, &plan).await;
    let second = ask(&desk, "second").await;
    *clock.lock().unwrap() = at(3);
    assert_eq!(first.await.unwrap().unwrap().code, "expired");
    let late = second.await.unwrap().unwrap();
    assert_eq!((late.code.as_str(), late.market.as_str()), ("stale-quote", "BONK/USDC"), "{late:?}");
    assert!(late.detail.contains("120 s"), "{late:?}");
    assert_eq!(desk.swap(wish("second", 3, (USDC, BONK), 1_000_000)).await.unwrap(), late);
    // Asked for now, the price is what is too old; a new one is good.
    let old = desk.swap(wish("third", 3, (USDC, BONK), 1_000_000)).await.unwrap();
    assert!(old.code == "stale-quote" && old.detail.starts_with("the price"), "{old:?}");
    close(&desk, 3, 100).await;
    assert!(desk.swap(wish("fourth", 3, (USDC, BONK), 1_000_000)).await.unwrap().is_done);
    agree(&desk, &exchange);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_and_what_waits_are_bounded() {
    let exchange = wallet();
    exchange.say((0..100).map(|_| approval()));
    let around = Around::new();
    let (desk, _first) = busy(&around, &live(None, &exchange)).await;
    let mut asked = Vec::new();
    for n in 0..64 {
        asked.push(ask(&desk, &format!("w{n}")).await);
    }
    let busy = desk.swap(wish("one more", 1, (USDC, BONK), 1_000_000)).await.unwrap_err();
    assert_eq!(busy, DeskError::Busy(65));
    // Who gives up makes room for who asks; what they asked for stays.
    for _ in 0..300 {
        let patience =
            tokio::time::timeout(Duration::from_millis(1), desk.swap(wish("w1", 1, (USDC, BONK), 1_000_000)));
        assert!(patience.await.is_err(), "it waits");
    }
    for _ in 65..256 {
        asked.push(ask(&desk, "w1").await);
    }
    let busy = desk.swap(wish("w1", 1, (USDC, BONK), 1_000_000)).await.unwrap_err();
    assert_eq!(busy, DeskError::Busy(256));
    assert_eq!((exchange.done().len(), asked.iter().filter(|one| one.is_finished()).count()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_that_is_taken_back_before_its_turn_never_has_it() {
    let exchange = wallet();
    exchange.say([approval()]);
    let around = Around::new();
    let (desk, first) = busy(&around, &live(None, &exchange)).await;
    let second = ask(&desk, "second").await;
    assert!(desk.forget("second").await.unwrap());
    let taken_back = second.await.unwrap().unwrap();
    assert_eq!((taken_back.is_done, taken_back.code.as_str()), (false, "not-filled"), "{taken_back:?}");
    assert!(!desk.forget("first").await.unwrap(), "it has begun");
    assert!(first.await.unwrap().unwrap().is_done);
    // Whoever asks again is told the same.
    assert_eq!(desk.swap(wish("second", 1, (USDC, BONK), 1_000_000)).await.unwrap(), taken_back);
    assert_eq!(exchange.done(), ["main/1"]);
    agree(&desk, &exchange);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_is_taken_back_also_where_its_turn_comes_before_the_desk_hears_of_it() {
    let exchange = wallet();
    let around = Around::new();
    let desk = Arc::new(around.open(&live(None, &exchange)).await.unwrap());
    close(&desk, 1, 100).await;
    // While the desk stores the first one, the second is asked for and taken back.
    let (stores, may_store) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let once = std::sync::Once::new();
    let (held, let_go) = (stores.clone(), may_store.clone());
    around.store.meanwhile(move || {
        once.call_once(|| {
            held.wait();
            let_go.wait();
        });
    });
    let first = tokio::spawn({
        let desk = desk.clone();
        async move { desk.swap(wish("first", 1, (USDC, BONK), 1_000_000)).await }
    });
    tokio::task::block_in_place(|| stores.wait());
    let (second, forgotten) = (desk.swap(wish("second", 1, (USDC, BONK), 1_000_000)), desk.forget("second"));
    let (mut second, mut forgotten) = (Box::pin(second), Box::pin(forgotten));
    std::future::poll_fn(|context| Poll::Ready(second.as_mut().poll(context).is_pending())).await;
    std::future::poll_fn(|context| Poll::Ready(forgotten.as_mut().poll(context).is_pending())).await;
    may_store.wait();
    assert!(first.await.unwrap().unwrap().is_done);
    assert_eq!(second.await.unwrap().code, "not-filled");
    assert!(forgotten.await.unwrap());
    assert_eq!(exchange.done(), ["main/1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_the_same_however_many_came_after_it() {
    let mut around = Around::new();
    let desk = around.open(&paper(None, 1)).await.unwrap();
    close(&desk, 1, 100).await;
    let done = desk.swap(wish("done", 1, (USDC, Mint::SOL), 1_000_000)).await.unwrap();
    let denied = desk.swap(wish("denied", 1, (USDC, Mint::SOL), CASH + 1)).await.unwrap();
    let unknown = desk.swap(wish("unknown", 1, (BONK, USDC), 1)).await.unwrap();
    let codes = [&done, &denied, &unknown].map(|answer| answer.code.as_str());
    assert_eq!(codes, ["", "insufficient-funds", "unknown-market"]);
    for n in 0..300 {
        assert!(desk.swap(wish(&format!("w{n}"), 1, (USDC, Mint::SOL), 10_000)).await.unwrap().is_done);
    }
    let kept = around.store.body("paper/test")["desk"]["notes"]["answered"].as_array().unwrap().len();
    assert_eq!(kept, 256, "at hand");
    let cash = booked(&desk, USDC);
    around.heard();
    for before in [done, denied, unknown] {
        let (gives, takes) = (before.in_mint.as_str(), before.out_mint.as_str());
        assert_eq!(desk.swap(wish(&before.id, 1, (gives, takes), before.in_amount)).await.unwrap(), before);
    }
    assert_eq!((booked(&desk, USDC), around.heard().len()), (cash, 0));
}
