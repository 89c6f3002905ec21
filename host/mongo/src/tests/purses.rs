//! A host that dies in the middle of trading: a purse and its entries are of one write, a swap is over or it is not, and a
//! yes is used once.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use puppet_store::{
    Cell, PurseEntry, TradeStore as _,
    conformance::{approval, purse, purse_entries, swap},
};

use super::{rows, server::on_a_server};
use crate::{
    MongoStore, Options,
    fault::{Hook, Step},
};

type Rows = Vec<(&'static str, Vec<Cell>)>;

/// How much is done one after the other; each is one commit.
const WORK: usize = 3;

async fn work(store: &MongoStore, n: usize) -> puppet_store::Result<bool> {
    match n {
        0 => store.write_purse(purse("main", 6), 3, purse_entries(4..=6, PurseEntry::Step)).await,
        1 => store.append_swap(swap("s1", 1, true)).await,
        _ => Ok(store.take_swap_approval("h1").await?.is_some()),
    }
}

async fn before(store: &MongoStore) {
    assert!(store.write_purse(purse("main", 3), 0, purse_entries(1..=3, PurseEntry::Step)).await.unwrap());
    assert!(store.append_swap(swap("s1", 0, false)).await.unwrap());
    store.ask_swap_approval(approval("h1", 9)).await.unwrap();
    assert!(store.grant_swap("h1", puppet_types::Timestamp::default()).await.unwrap());
}

fn hooked(hook: impl Fn(Step) -> bool + Send + Sync + 'static) -> Options {
    Options { hook: Some(Hook(Arc::new(hook))), ..Options::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_write_of_trading_is_there_or_it_is_not() {
    on_a_server("each_write_of_trading_is_there_or_it_is_not", async |server| {
        let fresh = async || {
            let url = server.database();
            let store = MongoStore::open(&url, Options::default()).await.unwrap();
            before(&store).await;
            store.close().await;
            url
        };
        // What there is after each piece of work, and which steps were come to.
        let passed = Arc::new(Mutex::new(Vec::new()));
        let counts = Arc::clone(&passed);
        let watch = hooked(move |step| {
            counts.lock().unwrap().push(step);
            false
        });
        let url = fresh().await;
        let store = MongoStore::open(&url, watch).await.unwrap();
        let mut stages: Vec<Rows> = vec![rows(&store).await];
        for n in 0..WORK {
            assert!(work(&store, n).await.unwrap());
            stages.push(rows(&store).await);
        }
        store.close().await;
        let steps = passed.lock().unwrap().clone();
        for collection in ["purses", "purse_log", "swaps"] {
            assert!(steps.contains(&Step::Rows(collection)), "{collection} is not among {steps:?}");
        }
        assert!(steps.contains(&Step::Gone("swap_approvals")), "{steps:?}");

        let mut found_at = [0; WORK + 1];
        for (dies_at, step) in steps.iter().enumerate() {
            let (url, come, dead) = (fresh().await, AtomicUsize::new(0), AtomicBool::new(false));
            let dying = hooked(move |_| {
                if come.fetch_add(1, Ordering::SeqCst) == dies_at {
                    dead.store(true, Ordering::SeqCst);
                }
                dead.load(Ordering::SeqCst)
            });
            let mut answered = 0;
            if let Ok(store) = MongoStore::open(&url, dying).await {
                while answered < WORK && work(&store, answered).await.is_ok() {
                    answered += 1;
                }
                store.close().await;
            }
            let store = MongoStore::open(&url, Options::default()).await.unwrap();
            let found = rows(&store).await;
            let stage = stages.iter().position(|stage| *stage == found);
            let stage = stage.unwrap_or_else(|| panic!("died at {dies_at}, {step:?}: half of a write: {found:?}"));
            assert!(stage >= answered, "died at {dies_at}, {step:?}: what was answered is lost");
            found_at[stage] += 1;
            // Whoever was not answered does it again: what is there is not done twice.
            for n in answered..WORK {
                assert_eq!(work(&store, n).await.unwrap(), n >= stage, "died at {dies_at}, {step:?}, work {n}");
            }
            assert_eq!(rows(&store).await, stages[WORK]);
            store.close().await;
        }
        assert!(found_at.iter().all(|count| *count > 0), "{found_at:?}");
    })
    .await;
}
