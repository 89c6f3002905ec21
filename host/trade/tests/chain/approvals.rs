//! A person's yes, through the store: asked once with all that there is to see, used once, and never of another message.

use puppet_emulate_chain::USDC;
use puppet_solana::{guard::ApproveAbove, programs, swap::Via};
use puppet_trade::{
    Exchange, ExchangeError, Swapped,
    chain::{Ask, ChainTerms},
};
use puppet_types::Timestamp;

use crate::there::{BONK, Books, DOLLARS, There, bonk_for_dollars, free, terms, wallet};

/// Above nine dollars.
fn asking() -> ChainTerms {
    ChainTerms { approve_above: ApproveAbove::Amounts([(USDC, 9_000_000)].into()), ..terms(Via::Jupiter) }
}

#[tokio::test]
async fn a_person_sees_what_would_be_signed_and_a_yes_is_used_once() {
    let there = There::start().await;
    let exchange = there.exchange(1, asking()).await;
    let (want, mut books) = (bonk_for_dollars(), Books::open(&exchange).await);
    let ExchangeError::Approval { hash, until } = exchange.swap("main/1", &want, &free).await.unwrap_err() else {
        panic!()
    };
    let [asked] = there.store.swap_approvals().await.unwrap().try_into().unwrap();
    assert_eq!((&asked.hash, asked.expires_at, asked.granted_at, asked.swap.as_str()), (&hash, until, None, "main/1"));
    // A blockhash is good for 150 blocks of 400 ms: no yes is worth more.
    assert!(until.millis_since(Timestamp::from_system()) <= 60_000);
    let ask: Ask = serde_json::from_value(asked.body).unwrap();
    assert_eq!((ask.message, ask.wallet), (hash.clone(), wallet(1).address().to_string()));
    assert_eq!((ask.gives, ask.amount), (USDC.to_string(), 10_000_000));
    assert_eq!((ask.takes, ask.out_amount, ask.least_out), (BONK.to_string(), 50_000_000_000, 49_500_000_000));
    assert!(ask.programs.contains(&programs::JUPITER.to_string()) && ask.fee_lamports == 7_000, "{:?}", ask.programs);
    // Nothing happens before, however often it is asked, and a yes to something else is none.
    assert!(!there.store.grant_swap("another", Timestamp::from_system()).await.unwrap());
    let again = exchange.swap("main/1", &want, &free).await.unwrap_err();
    assert_eq!(again, ExchangeError::Approval { hash: hash.clone(), until });
    assert_eq!(books.all(), there.truth(&exchange.address()));
    assert!(there.store.grant_swap(&hash, Timestamp::from_system()).await.unwrap());
    let swapped = exchange.swap("main/1", &want, &free).await.unwrap();
    assert!(matches!(swapped, Swapped::Done { took: 50_000_000_000, .. }), "{swapped:?}");
    books.book(&want, &swapped);
    assert_eq!(books.all(), there.truth(&exchange.address()));
    assert_eq!(there.store.swap_approvals().await.unwrap(), []);
    // Of the next swap as well.
    assert!(
        matches!(exchange.swap("main/2", &want, &free).await.unwrap_err(), ExchangeError::Approval { hash: other, .. } if other != hash)
    );
}

#[tokio::test]
async fn a_halt_gives_up_what_waits_for_a_person() {
    let there = There::start().await;
    let exchange = there.exchange(1, asking()).await;
    let (want, held) = (bonk_for_dollars(), there.truth(&exchange.address()));
    let ExchangeError::Approval { hash, .. } = exchange.swap("main/1", &want, &free).await.unwrap_err() else {
        panic!()
    };
    assert!(there.store.grant_swap(&hash, Timestamp::from_system()).await.unwrap());
    let halted = || Some("a bad day".to_owned());
    let ended = exchange.swap("main/1", &want, &halted).await.unwrap();
    let Swapped::NotDone { code, lamports: 0, signature: None, reason } = &ended else { panic!("{ended:?}") };
    assert!(code == "kill-switch" && reason.contains("a bad day"), "{ended:?}");
    // For good, and with nothing left to say yes to.
    assert_eq!(exchange.swap("main/1", &want, &free).await.unwrap(), ended);
    assert_eq!(there.store.swap_approvals().await.unwrap(), []);
    assert_eq!(there.truth(&exchange.address()), held);
}

#[tokio::test]
async fn nobody_is_asked_below_the_threshold_and_a_yes_that_never_comes_ends_it() {
    let there = There::start().await;
    let exchange = there.exchange(1, asking()).await;
    let small = crate::there::want(USDC, BONK, 9_000_000, 45_000_000_000);
    assert!(matches!(exchange.swap("main/1", &small, &free).await.unwrap(), Swapped::Done { .. }));
    let want = bonk_for_dollars();
    assert!(matches!(exchange.swap("main/2", &want, &free).await.unwrap_err(), ExchangeError::Approval { .. }));
    there.chain.expire();
    let ended = exchange.swap("main/2", &want, &free).await.unwrap();
    assert!(matches!(&ended, Swapped::NotDone { lamports: 0, signature: None, .. }), "{ended:?}");
    assert_eq!(there.store.swap_approvals().await.unwrap(), [], "there is nothing to decide any more");
    assert_eq!(there.chain.tokens(&exchange.address(), &USDC), DOLLARS - 9_000_000);
}
