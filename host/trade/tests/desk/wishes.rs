//! Swaps that a personality asks for: the same door, the same caps, and once by id.

use std::sync::Arc;

use puppet_trade::{DeskPlan, Told};
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
