//! How long a trade is waited for.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use puppet_types::{Timestamp, trade::Mint};
use tokio::sync::oneshot;

use super::*;

fn result(is_done: bool) -> SwapResult {
    let intent = SwapIntent {
        in_mint: Mint::usdc(),
        out_mint: Mint::sol(),
        amount: 5,
        max_slippage_bps: 1,
        reason: "tea".to_owned(),
    };
    let agent = AgentId::new("luna");
    let not_done = ("not-filled", "it was taken back");
    let told = SwapResult::not_done("trd-1", &agent, (&intent, Origin::Operator), Timestamp::default(), not_done);
    SwapResult { is_done, ..told }
}

#[test]
fn a_key_that_made_another_trade_makes_no_other_one() {
    let made = result(false);
    let same = SwapIntent {
        in_mint: made.in_mint.clone(),
        out_mint: made.out_mint.clone(),
        amount: made.in_amount,
        max_slippage_bps: 9,
        reason: made.reason.clone(),
    };
    assert!(is_same(&same, &made).is_ok());
    let other_amount = SwapIntent { amount: 1, ..same.clone() };
    assert!(is_same(&other_amount, &SwapResult { is_done: true, ..made.clone() }).is_ok());
    let (turned, less) = ((same.out_mint.clone(), same.in_mint.clone()), same.amount - 1);
    for other in [
        SwapIntent { in_mint: turned.0, out_mint: turned.1, ..same.clone() },
        SwapIntent { amount: less, ..same.clone() },
        SwapIntent { reason: "coffee".to_owned(), ..same },
    ] {
        assert_eq!(is_same(&other, &made).unwrap_err().code, "trade-differs");
    }
}

type Ends = oneshot::Sender<std::result::Result<SwapResult, SwapError>>;

/// A swap that ends when somebody says so.
fn swap() -> (Ends, JoinHandle<std::result::Result<SwapResult, SwapError>>) {
    let (ends, ended) = oneshot::channel();
    (ends, tokio::spawn(async move { ended.await.unwrap_or_else(|_| Err(SwapError::UnderWay("gone".to_owned()))) }))
}

async fn never() {
    panic!("it is not taken back");
}

const WAIT: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn one_that_is_under_way_is_told_at_once_or_when_the_wait_is_over_and_an_end_as_soon_as_it_is_there() {
    let accepted = || async { Ok(Some(json!({ "outcome": "accepted" }))) }.boxed();
    for (wait, least) in [(Duration::ZERO, LOOK), (WAIT, WAIT)] {
        let (asked, (_ends, swap)) = (Instant::now(), swap());
        let told = awaited(swap, wait, accepted, never()).await.unwrap();
        assert!(matches!(told, Awaited::Stands(told) if told["outcome"] == "accepted"));
        assert!((least..least + LOOK * 2).contains(&asked.elapsed()), "{:?}", asked.elapsed());
    }
    let (ends, swap) = swap();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(7)).await;
        ends.send(Ok(result(true))).unwrap();
    });
    let asked = Instant::now();
    let told = awaited(swap, WAIT, accepted, never()).await.unwrap();
    assert!(matches!(told, Awaited::Ended(ended) if ended.as_ref().as_ref().is_ok_and(|result| result.is_done)));
    assert_eq!(asked.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn one_that_waits_for_a_person_is_told_before_the_wait_is_over() {
    let (asked, (_ends, swap)) = (Instant::now(), swap());
    let waits = || {
        let outcome = if asked.elapsed().as_secs() < 3 { "accepted" } else { "waiting" };
        async move { Ok(Some(json!({ "outcome": outcome }))) }.boxed()
    };
    let told = awaited(swap, WAIT, waits, never()).await.unwrap();
    assert!(matches!(told, Awaited::Stands(told) if told["outcome"] == "waiting"));
    assert_eq!(asked.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn one_that_has_no_turn_is_taken_back_and_never_answered_as_accepted() {
    for (wait, turn) in [(Duration::ZERO, TURN), (WAIT, WAIT)] {
        let (asked, (ends, swap)) = (Instant::now(), swap());
        let take_back = async move { ends.send(Ok(result(false))).unwrap() };
        let told = awaited(swap, wait, || async { Ok(None) }.boxed(), take_back).await.unwrap();
        assert!(
            matches!(told, Awaited::Ended(ended) if ended.as_ref().as_ref().is_ok_and(|result| result.code.as_deref() == Some("not-filled")))
        );
        assert!((turn..turn + LOOK * 2).contains(&asked.elapsed()), "{:?}", asked.elapsed());
    }
    // A desk that does not even say so: nobody knows, which is no yes.
    let (taken, (_ends, swap)) = (AtomicBool::new(false), swap());
    let take_back = async { taken.store(true, SeqCst) };
    let told = awaited(swap, Duration::ZERO, || async { Ok(None) }.boxed(), take_back).await.unwrap();
    assert!(
        matches!(told, Awaited::Ended(ended) if matches!(*ended, Err(SwapError::UnderWay(_)))) && taken.load(SeqCst)
    );
}
