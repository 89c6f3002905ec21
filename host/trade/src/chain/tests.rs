//! What follows from entries alone. What is asked of a chain is in `tests/chain`, on the emulated one.

use std::sync::Arc;

use puppet_solana::{
    Address,
    swap::{Cause, Entry, Held, LogError, SwapLog, Want},
};
use puppet_store::SqliteStore;
use puppet_types::{Timestamp, trade::Mint};

use super::{log::StoredLog, outcome};
use crate::Swapped;

const BONK: &str = "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263";

fn wanted(gives: &str, takes: &str) -> Entry {
    Entry::Wanted(Want {
        taker: "taker".to_owned(),
        gives: gives.to_owned(),
        takes: takes.to_owned(),
        amount: 1_000,
        max_slippage_bps: 50,
        max_impact_bps: 50,
        least_out: 1,
    })
}

/// Lamports with rent count elsewhere: here what can be paid with.
fn held(gives: u64, takes: u64, liquid: u64) -> Held {
    Held { gives, takes, lamports: liquid + 4_000_000, liquid }
}

fn signed(before: Held) -> Entry {
    let signature = "signature".to_owned();
    Entry::Signed { signature, last_valid_height: 9, before, fee_lamports: 5_000, least_out: 1 }
}

fn settled(pair: (&str, &str), before: Held, after: Held) -> Swapped {
    let end = Entry::Settled { before, after, is_done: true, surprise: None };
    outcome::of(&[wanted(pair.0, pair.1), signed(before), end]).unwrap()
}

#[test]
fn a_lamport_is_in_one_place_only() {
    let (sol, usdc) = (Mint::SOL, Mint::USDC);
    for (pair, before, after, (gave, took, lamports), is_odd) in [
        // Fee and rent of an account are beside what was given.
        ((sol, usdc), held(0, 0, 9_000_000), held(0, 150, 6_953_720), (1_000, 150, 2_045_280), false),
        // What comes has the fee in it.
        ((usdc, sol), held(5_000, 0, 100_000), held(4_000, 0, 595_000), (1_000, 495_000, 0), false),
        // A fee of more than comes.
        ((usdc, sol), held(5_000, 0, 100_000), held(4_000, 0, 95_100), (1_000, 0, 4_900), false),
        ((usdc, BONK), held(5_000, 7, 100_000), held(4_000, 57, 95_000), (1_000, 50, 5_000), false),
        // What no swap does: it is told, and not counted as the swap's.
        ((usdc, BONK), held(5_000, 7, 100_000), held(4_000, 57, 195_000), (1_000, 50, 0), true),
        ((usdc, BONK), held(5_000, 7, 100_000), held(5_001, 57, 95_000), (0, 50, 5_000), true),
        ((sol, usdc), held(0, 0, 100_000), held(0, 150, 99_500), (500, 150, 0), false),
    ] {
        let Swapped::Done { gave: g, took: t, lamports: l, surprise, signature } = settled(pair, before, after) else {
            panic!("{pair:?}")
        };
        assert_eq!(((g, t, l), surprise.is_some()), ((gave, took, lamports), is_odd), "{pair:?} {surprise:?}");
        assert_eq!(signature, "signature");
    }
}

#[test]
fn every_other_end_is_a_denial_with_a_published_rule() {
    let before = held(5_000, 7, 100_000);
    let reverted = |error: &str| {
        let after = held(5_000, 7, 95_000);
        vec![
            signed(before),
            Entry::Reverted { slot: 1, error: error.to_owned() },
            Entry::Settled { before, after, is_done: false, surprise: None },
        ]
    };
    let refused = |cause| vec![Entry::Refused { cause, reason: "so it is".to_owned() }];
    for (rest, code, lamports, is_signed) in [
        (vec![Entry::Abandoned], "not-filled", 0, false),
        (refused(Cause::Exchange), "failed", 0, false),
        (refused(Cause::Unsafe), "failed", 0, false),
        (refused(Cause::Price), "slippage", 0, false),
        (refused(Cause::Stale), "stale-quote", 0, false),
        (refused(Cause::Approval), "expired", 0, false),
        (refused(Cause::Halted), "kill-switch", 0, false),
        (vec![signed(before), Entry::Expired { height: 300 }], "expired", 0, true),
        (reverted("Error processing Instruction 2: custom program error: 0x1771"), "slippage", 5_000, true),
        (reverted("Error processing Instruction 2: insufficient funds"), "failed", 5_000, true),
    ] {
        let entries = [vec![wanted(Mint::USDC, BONK)], rest].concat();
        let Some(Swapped::NotDone { code: told, lamports: paid, signature, reason }) = outcome::of(&entries) else {
            panic!("{entries:?}")
        };
        assert_eq!((told.as_str(), paid, signature.is_some()), (code, lamports, is_signed), "{reason}");
        assert!(puppet_wallet::Rule::parse(&told).is_some() && !reason.is_empty());
        // Before its last entry it had not ended.
        assert_eq!(outcome::of(&entries[..entries.len() - 1]), None);
    }
}

fn log(store: &SqliteStore) -> StoredLog {
    let now = Arc::new(|| Timestamp::from_millis(5));
    StoredLog::new(Arc::new(store.clone()), Address::new_from_array([7; 32]), now)
}

#[tokio::test]
async fn entries_are_read_by_whoever_comes_next() {
    let store = SqliteStore::in_memory().unwrap();
    let all =
        [wanted(Mint::USDC, BONK), signed(held(1, 2, 3)), Entry::Sent { complaint: None }, Entry::Landed { slot: 7 }];
    let first = log(&store);
    assert_eq!(first.read("main/1").await.unwrap(), []);
    for entry in &all {
        first.append("main/1", entry).await.unwrap();
    }
    let next = log(&store);
    assert_eq!(next.read("main/1").await.unwrap(), all);
    assert_eq!(next.open().await.unwrap(), ["main/1"]);
    next.append("main/1", &Entry::Abandoned).await.unwrap();
    assert_eq!(next.open().await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn what_somebody_else_wrote_meanwhile_is_not_written_over() {
    let store = SqliteStore::in_memory().unwrap();
    let (one, other) = (log(&store), log(&store));
    // Nobody adds to what they have not read.
    assert!(matches!(one.append("main/1", &Entry::Abandoned).await, Err(LogError(_))));
    one.read("main/1").await.unwrap();
    other.read("main/1").await.unwrap();
    one.append("main/1", &wanted(Mint::USDC, BONK)).await.unwrap();
    // Both would begin it.
    assert!(other.append("main/1", &wanted(Mint::USDC, BONK)).await.is_err());
    other.read("main/1").await.unwrap();
    other.append("main/1", &Entry::Abandoned).await.unwrap();
    // And the first would sign what the other has given up.
    assert!(one.append("main/1", &signed(held(1, 2, 3))).await.is_err());
    one.read("main/1").await.unwrap();
    assert!(one.append("main/1", &signed(held(1, 2, 3))).await.is_err());
    assert_eq!(other.read("main/1").await.unwrap().len(), 2);
}
