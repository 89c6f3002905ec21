//! What goes wrong between a wallet and its end. Whatever it is: the swap happened once or not at all, and books say which.

use std::time::Duration;

use puppet_emulate_chain::{Fault, Kind, USDC};
use puppet_solana::{jupiter::JupiterSettings, swap::Via};
use puppet_trade::{
    Exchange, ExchangeError, Swapped,
    chain::{ChainLink, LinkSettings},
};

use crate::there::{BONK, Books, There, bonk_for_dollars, free, settings, terms};

/// How it has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Done,
    /// With this code. Nothing has moved, not even a fee.
    Not(&'static str),
}

/// Methods of the node that a swap is done with.
const ASKED: [&str; 7] = [
    "getMultipleAccounts",
    "getTokenAccountsByOwner",
    "getLatestBlockhash",
    "simulateTransaction",
    "getSignatureStatuses",
    "getTransaction",
    "getRecentPrioritizationFees",
];

/// One swap of a wallet with faults on its way; blocks are made whenever it is not known how it ended.
async fn swap(there: &There, number: u32, via: Via, (faults, blocks): (Vec<Fault>, u64)) -> Swapped {
    let exchange = there.exchange(number, terms(via)).await;
    let (want, mut books) = (bonk_for_dollars(), Books::open(&exchange).await);
    there.chain.misbehave(faults.clone().into());
    let ended = there.until_it_ends(&exchange, &format!("w{number}/1"), &want, blocks).await.unwrap();
    let struck = there.chain.report()["faults"].clone();
    there.chain.misbehave(vec![].into());
    // Later nothing comes after it.
    there.chain.advance(300);
    books.book(&want, &ended);
    assert_eq!(books.all(), there.truth(&exchange.address()), "{faults:?} {ended:?}");
    assert_eq!(there.store.open_swaps().await.unwrap(), [""; 0]);
    let all_struck = struck.as_array().unwrap().iter().all(|one| one["struck"].as_u64() > Some(0));
    assert!(all_struck, "nothing went wrong: {struck}");
    ended
}

/// Each in a wallet of its own.
async fn each(via: Via, cases: Vec<(Fault, u64, End)>) {
    let there = There::start().await;
    for (number, (fault, blocks, end)) in (1..).zip(cases) {
        let ended = swap(&there, number, via, (vec![fault.clone()], blocks)).await;
        match (&ended, end) {
            (Swapped::Done { surprise: None, took: 50_000_000_000, .. }, End::Done) => {}
            (Swapped::NotDone { code, lamports: 0, .. }, End::Not(wanted)) if code == wanted => {}
            _ => panic!("{fault:?}: {ended:?}, not {end:?}"),
        }
    }
}

#[tokio::test]
async fn questions_that_are_lost_refused_or_late_are_asked_again() {
    let mut cases = Vec::new();
    for operation in ASKED {
        for kind in [
            Kind::Closed,
            Kind::LostAnswer,
            Kind::Failed { status: 503, done: false },
            Kind::Failed { status: 500, done: true },
            Kind::Unhealthy,
            Kind::Late { ms: 20 },
        ] {
            cases.push((Fault::of(operation, kind).once(), 1, End::Done));
        }
    }
    for kind in [Kind::Closed, Kind::LostAnswer, Kind::Failed { status: 502, done: false }] {
        cases.push((Fault::of("build", kind).once(), 1, End::Done));
    }
    each(Via::OwnNode, cases).await;
}

#[tokio::test]
async fn what_is_sent_through_ones_own_node_lands_once_or_expires() {
    let send = |kind| Fault::of("sendTransaction", kind).once();
    let cases = vec![
        (send(Kind::LostAnswer), 1, End::Done),
        (send(Kind::Late { ms: 20 }), 1, End::Done),
        (send(Kind::Failed { status: 500, done: true }), 1, End::Done),
        (send(Kind::Held { blocks: 5 }), 1, End::Done),
        (send(Kind::Held { blocks: 149 }), 10, End::Done),
        // Nothing is sent again: it is waited for until it can land no more.
        (send(Kind::Closed), 30, End::Not("expired")),
        (send(Kind::Failed { status: 503, done: false }), 30, End::Not("expired")),
        (send(Kind::Unhealthy), 30, End::Not("expired")),
        (send(Kind::Dropped), 30, End::Not("expired")),
        (send(Kind::Held { blocks: 200 }), 30, End::Not("expired")),
        (send(Kind::Preflight), 30, End::Not("expired")),
        (send(Kind::Expired), 30, End::Not("expired")),
        // Before a signature it is refused.
        (Fault::of("simulateTransaction", Kind::Expired).once(), 1, End::Not("failed")),
        (Fault::from(Kind::StaleBlockhash), 1, End::Not("failed")),
        // The status is told in the end.
        (Fault { times: Some(3), ..Fault::of("getSignatureStatuses", Kind::UnknownStatus) }, 1, End::Done),
        // It is known how it ended before it is known what it did.
        (Fault { times: Some(3), ..Fault::of("getTransaction", Kind::UnknownStatus) }, 1, End::Done),
    ];
    each(Via::OwnNode, cases).await;
}

#[tokio::test]
async fn what_jupiter_sends_lands_once_or_expires() {
    let execute = |kind| Fault::of("execute", kind).once();
    let order = |kind| Fault::of("order", kind).once();
    let cases = vec![
        (order(Kind::Closed), 1, End::Done),
        (order(Kind::LostAnswer), 1, End::Done),
        (order(Kind::Failed { status: 500, done: false }), 1, End::Done),
        (order(Kind::Late { ms: 20 }), 1, End::Done),
        (execute(Kind::LostAnswer), 1, End::Done),
        (execute(Kind::Late { ms: 20 }), 1, End::Done),
        (execute(Kind::Failed { status: 502, done: true }), 1, End::Done),
        (execute(Kind::Held { blocks: 5 }), 1, End::Done),
        (execute(Kind::Closed), 30, End::Not("expired")),
        (execute(Kind::Failed { status: 503, done: false }), 30, End::Not("expired")),
        (execute(Kind::Dropped), 30, End::Not("expired")),
        (execute(Kind::RateLimited { reset_s: 0 }), 30, End::Not("expired")),
        (execute(Kind::Held { blocks: 200 }), 30, End::Not("expired")),
        (execute(Kind::Expired), 30, End::Not("expired")),
        (Fault::of("simulateTransaction", Kind::Expired).once(), 1, End::Not("stale-quote")),
        (Fault { times: Some(3), ..Fault::of("getSignatureStatuses", Kind::UnknownStatus) }, 1, End::Done),
    ];
    each(Via::Jupiter, cases).await;
}

#[tokio::test]
async fn what_fails_on_the_chain_costs_its_fee_and_nothing_else() {
    let there = There::start().await;
    let exchange = there.exchange(1, terms(Via::Jupiter)).await;
    let (want, mut books) = (bonk_for_dollars(), Books::open(&exchange).await);
    there.chain.misbehave(vec![Fault::of("execute", Kind::Held { blocks: 3 })].into());
    let error = exchange.swap("main/1", &want, &free).await.unwrap_err();
    assert!(matches!(error, ExchangeError::Unreachable(_)), "{error}");
    // The market moves before it lands.
    there.chain.drift(500).unwrap();
    let ended = there.until_it_ends(&exchange, "main/1", &want, 1).await.unwrap();
    let Swapped::NotDone { code, lamports: 7_000, signature: Some(_), .. } = &ended else { panic!("{ended:?}") };
    assert_eq!(code, "slippage");
    books.book(&want, &ended);
    assert_eq!(books.all(), there.truth(&exchange.address()));
}

#[tokio::test]
async fn what_somebody_else_moves_between_signature_and_settlement_is_not_the_swaps() {
    for (number, via) in (1..).zip([Via::Jupiter, Via::OwnNode]) {
        let there = There::start().await;
        let exchange = there.exchange(number, terms(via)).await;
        let (want, mut books) = (bonk_for_dollars(), Books::open(&exchange).await);
        let operation = if via == Via::Jupiter { "execute" } else { "sendTransaction" };
        there.chain.misbehave(vec![Fault::of(operation, Kind::Held { blocks: 2 })].into());
        exchange.swap("main/1", &want, &free).await.unwrap_err();
        // More than is given comes in of it, and some of what is taken, and lamports.
        let of = exchange.address();
        there.chain.mint_to(&of, &USDC, 25_000_003).unwrap();
        there.chain.mint_to(&of, &BONK, 77).unwrap();
        there.chain.airdrop(&of, 1_000_000_007).unwrap();
        let ended = there.until_it_ends(&exchange, "main/1", &want, 1).await.unwrap();
        let Swapped::Done { gave: 10_000_000, took: 50_000_000_000, surprise: None, .. } = &ended else {
            panic!("{via:?}: {ended:?}")
        };
        books.book(&want, &ended);
        let [lamports, dollars, bonk, other] = there.truth(&of);
        assert_eq!([lamports - 1_000_000_007, dollars - 25_000_003, bonk - 77, other], books.all(), "{via:?}");
    }
}

#[tokio::test]
async fn a_halt_keeps_nothing_that_is_signed_from_its_end() {
    let there = There::start().await;
    let exchange = there.exchange(1, terms(Via::OwnNode)).await;
    let (want, mut books) = (bonk_for_dollars(), Books::open(&exchange).await);
    there.chain.misbehave(vec![Fault::of("sendTransaction", Kind::Held { blocks: 2 })].into());
    exchange.swap("main/1", &want, &free).await.unwrap_err();
    let halted = || Some("a bad day".to_owned());
    exchange.swap("main/1", &want, &halted).await.unwrap_err();
    there.chain.advance(5);
    let ended = exchange.swap("main/1", &want, &halted).await.unwrap();
    assert!(matches!(ended, Swapped::Done { took: 50_000_000_000, .. }), "{ended:?}");
    books.book(&want, &ended);
    assert_eq!(books.all(), there.truth(&exchange.address()));
    // And nothing new begins.
    let next = exchange.swap("main/2", &want, &halted).await.unwrap();
    assert!(matches!(&next, Swapped::NotDone { code, signature: None, .. } if code == "kill-switch"), "{next:?}");
    assert_eq!(books.all(), there.truth(&exchange.address()));
}

#[tokio::test]
async fn a_market_that_moved_before_the_signature_costs_nothing() {
    for via in [Via::Jupiter, Via::OwnNode] {
        let there = There::start().await;
        let exchange = there.exchange(1, terms(via)).await;
        there.chain.drift(500).unwrap();
        let held = there.truth(&exchange.address());
        let ended = exchange.swap("main/1", &bonk_for_dollars(), &free).await.unwrap();
        assert!(matches!(&ended, Swapped::NotDone { lamports: 0, signature: None, .. }), "{ended:?}");
        assert_eq!(there.truth(&exchange.address()), held);
    }
}

#[tokio::test]
async fn a_node_without_history_is_for_an_operator_and_one_that_has_it_goes_on() {
    let there = There::start().await;
    let exchange = there.exchange(1, terms(Via::OwnNode)).await;
    let (want, mut books) = (bonk_for_dollars(), Books::open(&exchange).await);
    there.chain.misbehave(vec![Fault::of("getTransaction", Kind::UnknownStatus)].into());
    let error = there.until_it_ends(&exchange, "main/1", &want, 100).await.unwrap_err();
    let names_it = |words: &str| words.contains("no record of") && words.contains("name a node with history");
    assert!(matches!(&error, ExchangeError::Operator(words) if names_it(words)), "{error}");
    there.chain.misbehave(vec![].into());
    let ended = exchange.swap("main/1", &want, &free).await.unwrap();
    books.book(&want, &ended);
    assert!(matches!(ended, Swapped::Done { .. }), "{ended:?}");
    assert_eq!(books.all(), there.truth(&exchange.address()));
}

#[tokio::test]
async fn a_node_that_denies_what_the_balances_show_is_for_an_operator() {
    let there = There::start().await;
    let exchange = there.exchange(1, terms(Via::OwnNode)).await;
    let (want, mut books) = (bonk_for_dollars(), Books::open(&exchange).await);
    there.chain.misbehave(vec![Fault::from(Kind::UnknownStatus)].into());
    let error = there.until_it_ends(&exchange, "main/1", &want, 100).await.unwrap_err();
    assert!(matches!(&error, ExchangeError::Operator(words) if words.contains("never landed")), "{error}");
    // Nothing else is begun meanwhile.
    let other = exchange.swap("main/2", &want, &free).await.unwrap_err();
    assert!(matches!(other, ExchangeError::Operator(_)), "{other}");
    there.chain.misbehave(vec![].into());
    let ended = exchange.swap("main/1", &want, &free).await.unwrap();
    books.book(&want, &ended);
    assert!(matches!(ended, Swapped::Done { .. }), "{ended:?}");
    assert_eq!(books.all(), there.truth(&exchange.address()));
}

#[tokio::test]
async fn a_node_that_lies_about_balances_gets_no_signature() {
    for (percent, via) in [(300, Via::Jupiter), (300, Via::OwnNode), (50, Via::Jupiter), (50, Via::OwnNode)] {
        let there = There::start().await;
        let exchange = there.exchange(1, terms(via)).await;
        let held = there.truth(&exchange.address());
        there.chain.misbehave(vec![Fault::from(Kind::WrongBalance { percent })].into());
        let ended = exchange.swap("main/1", &bonk_for_dollars(), &free).await.unwrap();
        assert!(matches!(&ended, Swapped::NotDone { code, signature: None, .. } if code == "failed"), "{ended:?}");
        assert_eq!(there.truth(&exchange.address()), held);
    }
}

#[tokio::test]
async fn balances_that_are_lied_about_after_the_signature_are_a_surprise() {
    let there = There::start().await;
    let exchange = there.exchange(1, terms(Via::OwnNode)).await;
    let want = bonk_for_dollars();
    there.chain.misbehave(vec![Fault::of("sendTransaction", Kind::Held { blocks: 1 })].into());
    exchange.swap("main/1", &want, &free).await.unwrap_err();
    there.chain.misbehave(vec![Fault::from(Kind::WrongBalance { percent: 50 })].into());
    let ended = there.until_it_ends(&exchange, "main/1", &want, 1).await.unwrap();
    let Swapped::Done { surprise: Some(words), .. } = &ended else { panic!("{ended:?}") };
    assert!(words.contains("is gone of what was given"), "{words}");
}

#[tokio::test]
async fn silence_has_an_end() {
    let there = There::start().await;
    let quick = Duration::from_millis(500);
    let settings = settings(&there.chain.solana(), &there.chain.jupiter());
    let jupiter = JupiterSettings { timeout: quick, ..settings.jupiter.clone() };
    let link = ChainLink::connect(&LinkSettings { rpc_timeout: quick, jupiter, ..settings }).await.unwrap();
    for (number, (operation, via)) in
        (1..).zip([("simulateTransaction", Via::OwnNode), ("order", Via::Jupiter), ("execute", Via::Jupiter)])
    {
        let exchange = there.exchange_over(&link, number, terms(via)).await;
        let (want, mut books) = (bonk_for_dollars(), Books::open(&exchange).await);
        there.chain.misbehave(vec![Fault::of(operation, Kind::Silent).once()].into());
        let ended = there.until_it_ends(&exchange, &format!("w{number}/1"), &want, 30).await.unwrap();
        books.book(&want, &ended);
        assert_eq!(books.all(), there.truth(&exchange.address()), "{operation}");
        let moved = there.chain.tokens(&exchange.address(), &BONK) > 0;
        assert_eq!(moved, operation != "execute", "what was never taken expires");
        assert_eq!(there.chain.tokens(&exchange.address(), &USDC), books.0[&USDC]);
    }
}
