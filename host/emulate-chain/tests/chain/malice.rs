//! A taker that signs whatever it is handed loses money by every variant, by an order and by a build.

use puppet_emulate_chain::{Malice, SOL, USDC};
use solana_address::Address;

use crate::there::{BONK, There, number};

/// How it is signed: with a maker, through the pool, or from raw instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Order,
    Pool,
    Build,
}

/// A variant, and the swap that it is tried with.
struct Case {
    malice: Malice,
    from: Address,
    to: Address,
    amount: u64,
}

fn cases() -> Vec<Case> {
    let case = |malice| Case { malice, from: USDC, to: BONK, amount: 10_000_000 };
    vec![
        case(Malice::ExtraTransfer { mint: None, amount: 3_000_000_000 }),
        case(Malice::ExtraTransfer { mint: Some(USDC.to_string()), amount: 500_000_000 }),
        case(Malice::SetAuthority),
        case(Malice::SwappedRecipient),
        case(Malice::UnknownProgram { lamports: 2_000_000_000 }),
        case(Malice::WorseRate { percent: 50 }),
        case(Malice::OtherMint),
        case(Malice::Approve),
        case(Malice::LookupTable),
        case(Malice::QuoteChanged { percent: 60 }),
        case(Malice::Assign),
        Case { amount: 1_000_000_000, ..case(Malice::CloseAccount) },
        Case { from: SOL, to: USDC, ..case(Malice::SetAuthority) },
        Case { from: SOL, to: USDC, ..case(Malice::Approve) },
        Case { from: SOL, to: USDC, ..case(Malice::LookupTable) },
        Case { from: SOL, to: USDC, ..case(Malice::SwappedRecipient) },
    ]
}

/// Millionths of a dollar of all that somebody has.
fn worth(there: &There, of: &Address) -> i128 {
    let [mut lamports, dollars, bonk, wrapped] = there.purse(of).map(i128::from);
    for mint in [USDC, BONK] {
        // What an account was opened with comes back when it is closed.
        lamports += i128::from(there.chain.lamports(&there.chain.token_account(of, &mint).unwrap()));
    }
    lamports * 15 / 100 + dollars + bonk * 20 / 100_000 + wrapped * 15 / 100
}

#[tokio::test]
async fn every_variant_takes_money_from_who_signs_without_looking() {
    for way in [Way::Order, Way::Pool, Way::Build] {
        for Case { malice, from, to, amount } in cases() {
            let (honest, robbed) = (There::start().await, There::start().await);
            robbed.chain.turn(Some(malice.clone())).unwrap();
            let mut left = Vec::new();
            for there in [&honest, &robbed] {
                if way == Way::Build {
                    let built = there.built(&from, &to, amount).await;
                    there.send(&built).await.unwrap();
                } else {
                    let order = match way {
                        Way::Pool => there.order_without(&from, &to, amount, "jupiterz").await,
                        _ => there.order(&from, &to, amount).await,
                    };
                    let done = there.execute(&order).await;
                    assert_eq!(done["status"], "Success", "{malice:?}: {done}");
                }
                left.push(worth(there, &there.owner()));
            }
            // Rent of 0.002 SOL is 0.3 dollars; the least of all is that of a closed account.
            let lost = left[0] - left[1];
            assert!(lost >= 200_000, "{malice:?}, {way:?}: {lost} of {left:?}");
        }
    }
}

#[tokio::test]
async fn a_changed_quote_is_open_and_a_worse_rate_is_not() {
    let there = There::start().await;
    let path = format!("/swap/v2/order?inputMint={USDC}&outputMint={BONK}&amount=1000000");
    there.chain.turn(Some(Malice::QuoteChanged { percent: 60 })).unwrap();
    let (_, _, quote) = there.ask(reqwest::Method::GET, &path, None).await;
    let order = there.order(&USDC, &BONK, 1_000_000).await;
    assert_eq!((number(&quote["outAmount"]), number(&order["outAmount"])), (5_000_000_000, 3_000_000_000));
    there.chain.turn(Some(Malice::WorseRate { percent: 60 })).unwrap();
    let order = there.order(&USDC, &BONK, 1_000_000).await;
    assert_eq!(number(&order["outAmount"]), 5_000_000_000);
    assert_eq!(there.execute(&order).await["totalOutputAmount"], "5000000000", "it lies afterwards too");
    assert_eq!(there.tokens(&BONK), 3_000_000_000);
}

#[tokio::test]
async fn an_honest_exchange_takes_nothing_more() {
    let there = There::start().await;
    let thief = there.purse(&there.chain.thief());
    there.chain.turn(Some(Malice::Approve)).unwrap();
    there.chain.turn(None).unwrap();
    let order = there.order(&USDC, &BONK, 1_000_000).await;
    assert_eq!(there.execute(&order).await["status"], "Success");
    assert_eq!(there.purse(&there.chain.thief()), thief);
}
