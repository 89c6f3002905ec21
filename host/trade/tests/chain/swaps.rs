//! Every kind of token, both ways to the chain, SOL wrapped and not: books that follow the answers are the chain.

use puppet_emulate_chain::{SOL, USDC};
use puppet_solana::{Address, jupiter::JupiterSettings, swap::Via};
use puppet_trade::{
    Exchange, Swapped, Want,
    chain::{ChainLink, ChainTerms, LinkSettings},
};

use crate::there::{BONK, Books, DOLLARS, LAMPORTS, PYUSD, There, free, settings, terms, wallet, want};

/// What is given, what is taken, how much, and what comes of it at the prices of the list.
const PAIRS: [(Address, Address, u64, u64); 8] = [
    (SOL, USDC, 2_000_000_000, 300_000_000),
    (USDC, SOL, 150_000_000, 1_000_000_000),
    (USDC, PYUSD, 25_000_001, 25_000_001),
    (PYUSD, USDC, 7_000_000, 7_000_000),
    (USDC, BONK, 10_000_000, 50_000_000_000),
    (BONK, USDC, 20_000_000_000, 4_000_000),
    (SOL, BONK, 100_000_000, 75_000_000_000),
    (PYUSD, SOL, 3_000_000, 20_000_000),
];

/// Asks a market maker too, who signs beside us and moves lamports as they are.
fn with_makers(there: &There) -> LinkSettings {
    let settings = settings(&there.chain.solana(), &there.chain.jupiter());
    LinkSettings { jupiter: JupiterSettings { without: vec![], ..settings.jupiter.clone() }, ..settings }
}

async fn swap_all(there: &There, link: &ChainLink, number: u32, via: Via) {
    let exchange = there.exchange_over(link, number, terms(via)).await;
    let mut books = Books::open(&exchange).await;
    assert_eq!(books.all(), [LAMPORTS, DOLLARS, 0, DOLLARS]);
    for (place, (gives, takes, amount, quoted)) in PAIRS.into_iter().enumerate() {
        let want = want(gives, takes, amount, quoted);
        let swapped = exchange.swap(&format!("w{number}/{place}"), &want, &free).await.unwrap();
        let Swapped::Done { gave, took, lamports, surprise, .. } = &swapped else { panic!("{swapped:?}") };
        assert_eq!((*gave, surprise), (amount, &None), "{gives} {takes} {via:?}");
        if takes == SOL {
            // The fee is in it.
            let fee = quoted - took;
            assert!(*lamports == 0 && (5_000..20_000).contains(&fee), "{swapped:?}");
        } else {
            // A fee, and in a first trade rent of an account.
            assert_eq!(*took, quoted);
            assert!((5_000..3_000_000).contains(lamports), "{swapped:?}");
        }
        books.book(&want, &swapped);
        assert_eq!(books, Books::open(&exchange).await, "{gives} {takes} {via:?}");
        assert_eq!(books.all(), there.truth(&exchange.address()), "{gives} {takes} {via:?}");
    }
}

#[tokio::test]
async fn books_are_the_chain_after_every_swap_through_jupiter_and_through_ones_own_node() {
    let there = There::start().await;
    let link = there.link().await;
    swap_all(&there, &link, 1, Via::Jupiter).await;
    swap_all(&there, &link, 2, Via::OwnNode).await;
}

#[tokio::test]
async fn books_are_the_chain_after_every_swap_with_a_maker_wrapped_and_not() {
    let there = There::start().await;
    let link = ChainLink::connect(&with_makers(&there)).await.unwrap();
    swap_all(&there, &link, 1, Via::Jupiter).await;
    there.chain.wrap(true);
    swap_all(&there, &link, 2, Via::Jupiter).await;
}

#[tokio::test]
async fn a_swap_that_was_done_is_answered_again_and_not_done_again() {
    let there = There::start().await;
    let link = there.link().await;
    let exchange = there.exchange_over(&link, 1, terms(Via::Jupiter)).await;
    let want = want(USDC, SOL, 150_000_000, 1_000_000_000);
    let swapped = exchange.swap("main/1", &want, &free).await.unwrap();
    let held = there.truth(&exchange.address());
    assert_eq!(exchange.swap("main/1", &want, &free).await.unwrap(), swapped);
    // Also by another process.
    let again = there.again(&link, 1, terms(Via::OwnNode)).await;
    assert_eq!(again.swap("main/1", &want, &free).await.unwrap(), swapped);
    assert_eq!(there.truth(&exchange.address()), held);
    // The id of another swap is not somebody else's.
    let other = Want { amount: 1, ..want };
    let error = again.swap("main/1", &other, &free).await.unwrap_err().to_string();
    assert!(error.contains("an operator") && error.contains("another amount"), "{error}");
}

#[tokio::test]
async fn what_makes_no_sense_or_cannot_be_paid_moves_nothing() {
    let there = There::start().await;
    let exchange = there.exchange(1, terms(Via::Jupiter)).await;
    let held = there.truth(&exchange.address());
    let sol = want(USDC, SOL, 150_000_000, 1_000_000_000);
    for (place, (bad, code)) in [
        (Want { amount: 0, ..sol.clone() }, "invalid"),
        (Want { takes: sol.gives.clone(), ..sol.clone() }, "invalid"),
        (Want { amount: DOLLARS + 1, ..sol.clone() }, "failed"),
        (Want { least_out: 1_000_000_001, ..sol.clone() }, "slippage"),
    ]
    .into_iter()
    .enumerate()
    {
        let ended = exchange.swap(&format!("main/{place}"), &bad, &free).await.unwrap();
        let Swapped::NotDone { code: told, lamports: 0, signature: None, .. } = &ended else { panic!("{ended:?}") };
        assert_eq!(told, code, "{ended:?}");
    }
    assert_eq!(there.truth(&exchange.address()), held);
    // And the wallet is free for the next.
    let ended = exchange.swap("main/9", &sol, &free).await.unwrap();
    assert!(matches!(ended, Swapped::Done { .. }), "{ended:?}");
}

#[tokio::test]
async fn a_swap_that_nobody_asks_for_any_more_is_ended_before_the_next_begins() {
    let there = There::start().await;
    let link = there.link().await;
    let asks =
        ChainTerms { approve_above: puppet_solana::guard::ApproveAbove::Amounts([].into()), ..terms(Via::Jupiter) };
    let before = there.exchange_over(&link, 1, asks).await;
    let want = want(USDC, SOL, 150_000_000, 1_000_000_000);
    before.swap("main/1", &want, &free).await.unwrap_err();
    // A host that forgot the order begins another: the first one was not signed.
    let after = there.again(&link, 1, terms(Via::Jupiter)).await;
    let ended = after.swap("main/2", &want, &free).await.unwrap();
    assert!(matches!(ended, Swapped::Done { .. }), "{ended:?}");
    let first = after.swap("main/1", &want, &free).await.unwrap();
    assert!(matches!(&first, Swapped::NotDone { code, lamports: 0, .. } if code == "not-filled"), "{first:?}");
    assert_eq!(there.chain.tokens(&wallet(1).address(), &USDC), DOLLARS - 150_000_000);
    assert_eq!(there.store.swap_approvals().await.unwrap(), [], "nobody is asked any more");
}

#[tokio::test]
async fn two_hosts_on_one_wallet_make_one_swap_of_an_order() {
    let there = There::start().await;
    let link = there.link().await;
    let one = there.exchange_over(&link, 1, terms(Via::Jupiter)).await;
    let other = there.again(&link, 1, terms(Via::OwnNode)).await;
    let want = want(USDC, SOL, 15_000_000, 100_000_000);
    let mut books = Books::open(&one).await;
    let landed = || there.chain.report()["chain"]["landed"].as_u64().unwrap();
    let mut done = 0;
    // The second one comes when the first has written so much: nothing, or all of it.
    for n in 0..=7 {
        let (id, before) = (format!("main/{n}"), landed());
        let both = tokio::join!(there.until_it_ends(&one, &id, &want, 30), async {
            while there.store.swap(&id).await.unwrap().len() < n {
                tokio::task::yield_now().await;
            }
            there.until_it_ends(&other, &id, &want, 30).await
        });
        let (Ok(first), Ok(second)) = &both else { panic!("{both:?}") };
        assert_eq!(first, second, "{n}");
        done += u32::from(matches!(first, Swapped::Done { .. }));
        assert_eq!(landed() - before, u64::from(matches!(first, Swapped::Done { .. })), "{n}: {first:?}");
        books.book(&want, first);
        assert_eq!(books.all(), there.truth(&one.address()), "{n}: {first:?}");
    }
    assert!((1..8).contains(&done), "given up by the second before the signature, and done after it: {done}");
}
