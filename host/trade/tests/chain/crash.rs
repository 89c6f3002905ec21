//! `kill -9` around every step of a swap: a process of its own swaps, and is killed before or after the first, the second,
//! … thing that it asks of the store, of the chain or of Jupiter, until it ends by itself. Another process recovers. The
//! chain lives here, and is not killed.

use std::{
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use puppet_emulate_chain::{SOL, USDC};
use puppet_solana::{Address, chain::Chain, guard::ApproveAbove, jupiter::Jupiter, swap::Via};
use puppet_store::{HostLock, Options, SqliteStore, TradeStore};
use puppet_trade::{
    Exchange, ExchangeError, Swapped, Want,
    chain::{ChainExchange, ChainLink, ChainParts, ChainTerms},
};
use puppet_types::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    dying::{self, Dying},
    there::{Books, PYUSD, There, free, markets, settings, terms, wallet, want},
};

const TASK: &str = "PUPPET_TRADE_CRASH";
/// In front of what a child answers.
const SAID: &str = "swapped: ";

/// What a child is to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Task {
    folder: String,
    solana: String,
    jupiter: String,
    wallet: u32,
    dies_at: u64,
    through_own_node: bool,
    asks_a_person: bool,
    want: Want,
}

#[tokio::test]
#[ignore = "runs in the process that is killed"]
async fn child() {
    let Ok(task) = std::env::var(TASK) else {
        println!("skipped: the crash test starts this");
        return;
    };
    let task: Task = serde_json::from_str(&task).unwrap();
    dying::die_at(task.dies_at);
    // A dead host holds nothing.
    let _lock = HostLock::take(Path::new(&task.folder)).unwrap();
    let store = SqliteStore::open(Path::new(&task.folder), Options::default()).unwrap();
    let link = ChainLink::connect(&settings(&task.solana, &task.jupiter)).await.unwrap();
    let store: Arc<dyn TradeStore> = Arc::new(Dying::<dyn TradeStore>(Arc::new(store)));
    let parts = ChainParts {
        wallet: wallet(task.wallet),
        wallets: [].into(),
        chain: Arc::new(Dying::<dyn Chain>(link.chain())),
        jupiter: Arc::new(Dying::<dyn Jupiter>(link.jupiter())),
        store: Arc::clone(&store),
        now: Arc::new(Timestamp::from_system),
    };
    let mut terms = terms(if task.through_own_node { Via::OwnNode } else { Via::Jupiter });
    if task.asks_a_person {
        terms = ChainTerms { approve_above: ApproveAbove::Amounts([].into()), ..terms };
    }
    let exchange = ChainExchange::open(parts, terms, &markets()).await.unwrap();
    let swapped = match exchange.swap("main/1", &task.want, &free).await {
        Err(ExchangeError::Approval { hash, .. }) => {
            assert!(store.grant_swap(&hash, Timestamp::from_system()).await.unwrap());
            exchange.swap("main/1", &task.want, &free).await
        }
        ended => ended,
    };
    println!("{SAID}{}", serde_json::to_string(&swapped.unwrap()).unwrap());
}

/// How it ended; none where the child was killed.
fn run(task: &Task) -> Option<Swapped> {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "crash::child", "--nocapture", "--test-threads=1"])
        .env(TASK, serde_json::to_string(task).unwrap())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    if output.status.signal() == Some(9) {
        return None;
    }
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let said = out.lines().find_map(|line| Some(line.split_once(SAID)?.1));
    let said = said.unwrap_or_else(|| panic!("{}, killed at {}: {out}{err}", output.status, task.dies_at));
    Some(serde_json::from_str(said).unwrap())
}

/// How often it ended how.
#[derive(Debug, Default)]
struct Ends {
    done: u32,
    not_filled: u32,
    expired: u32,
}

async fn killed_everywhere(pick: impl Fn(&mut Task), (gives, takes): (Address, Address), amounts: (u64, u64)) -> Ends {
    let there = There::start().await;
    let mut ends = Ends::default();
    for dies_at in 1.. {
        assert!(dies_at < 400, "it never ends by itself");
        let folder = tempfile::tempdir().unwrap();
        let mut task = Task {
            folder: folder.path().to_str().unwrap().to_owned(),
            solana: there.chain.solana(),
            jupiter: there.chain.jupiter(),
            wallet: dies_at,
            dies_at: dies_at.into(),
            through_own_node: false,
            asks_a_person: false,
            want: want(gives, takes, amounts.0, amounts.1),
        };
        pick(&mut task);
        let address = wallet(dies_at).address();
        there.fund(&address);
        let exchange = there.again(&there.link().await, dies_at, terms(Via::Jupiter)).await;
        let (mut books, landed) = (Books::open(&exchange).await, landed(&there));
        let by_itself = run(&task);
        // What was handed in has landed by now, or never will.
        there.chain.advance(300);
        let ended = run(&Task { dies_at: 0, ..task.clone() }).expect("nobody kills it");
        assert!(by_itself.as_ref().is_none_or(|first| *first == ended), "{by_itself:?}, then {ended:?}");
        let at = format!("killed at {dies_at}: {ended:?}");
        books.book(&task.want, &ended);
        assert_eq!(books.all(), there.truth(&address), "{at}");
        let landed = self::landed(&there) - landed;
        match &ended {
            Swapped::Done { gave, took, surprise, .. } => {
                ends.done += 1;
                assert_eq!((*gave, landed, surprise), (amounts.0, 1, &None), "{at}");
                assert!(*took <= amounts.1 && amounts.1 - took < 20_000, "{at}");
            }
            Swapped::NotDone { code, lamports, .. } => {
                assert_eq!((landed, *lamports), (0, 0), "{at}");
                match code.as_str() {
                    "not-filled" => ends.not_filled += 1,
                    "expired" => ends.expired += 1,
                    _ => panic!("{at}"),
                }
            }
        }
        let store = SqliteStore::open(folder.path(), Options::default()).unwrap();
        assert_eq!(store.open_swaps().await.unwrap(), [""; 0], "{at}");
        assert_eq!(store.swap_approvals().await.unwrap(), [], "{at}");
        let entries = store.swap("main/1").await.unwrap();
        let signed = entries.iter().filter(|row| row.body["step"] == "signed").count();
        assert!(signed <= 1 && entries.iter().filter(|row| row.is_end).count() == 1, "{at}");
        if by_itself.is_some() {
            break;
        }
    }
    ends
}

/// How many transactions the chain has.
fn landed(there: &There) -> u64 {
    there.chain.report()["chain"]["landed"].as_u64().unwrap()
}

/// Killed before anything was noted it is begun anew, and done; then given up; then looked for.
fn assert_all_were_met(ends: &Ends) {
    assert!(ends.done > 20 && ends.not_filled > 20 && ends.expired >= 1, "{ends:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_anywhere_in_a_swap_through_jupiter_it_happened_once_or_not_at_all() {
    let ends = killed_everywhere(|_| (), (USDC, SOL), (150_000_000, 1_000_000_000)).await;
    assert_all_were_met(&ends);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_anywhere_in_a_swap_through_ones_own_node_it_happened_once_or_not_at_all() {
    let own_node = |task: &mut Task| task.through_own_node = true;
    let ends = killed_everywhere(own_node, (SOL, USDC), (2_000_000_000, 300_000_000)).await;
    assert_all_were_met(&ends);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_anywhere_in_a_swap_that_a_person_approves_it_happened_once_or_not_at_all() {
    let asks = |task: &mut Task| task.asks_a_person = true;
    let ends = killed_everywhere(asks, (USDC, PYUSD), (25_000_000, 25_000_000)).await;
    assert_all_were_met(&ends);
}
