//! X as a provider, over HTTP on loopback, against the emulator.

mod apps;
mod bill;
mod caps;
mod media;
pub(in crate::x) mod properties;
mod publishing;
mod reading;
mod reconciling;
mod refusals;
mod signing;
pub(in crate::x) mod spec;
pub(in crate::x) mod stand;
mod tokens;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use puppet_emulate::{Emulator, Fault, Kind, Operation, Plan, Services, token};
use puppet_store::Post;
use puppet_types::{Image, PostId, Timestamp};
use serde_json::Value;

use super::{wire::Data, *};
use crate::{Action, Lost, Order, Published, Reconciled, TweetPublisher};

/// A request may take so long.
const TIMEOUT: Duration = Duration::from_secs(20);
/// And a post so long to be seen.
const SETTLE: Duration = Duration::from_secs(10);

fn settings(endpoint: String, timeout: Duration, accounts: BTreeMap<AccountId, XSign>) -> XSettings {
    XSettings { endpoint, timeout, settle: SETTLE, renews_on: 1, accounts, apps: BTreeMap::new() }
}

/// An emulated network, and a publisher for some of its accounts.
struct There {
    emulator: Emulator,
    x: X,
}

impl There {
    async fn with(accounts: &[&str], timeout: Duration) -> Self {
        let emulator = Emulator::start(Services { x: true, llm: false }, 1, Plan::default()).await.unwrap();
        let accounts = accounts.iter().map(|name| (AccountId::new(name), Secret::new(token(name)).into())).collect();
        let x = X::new(settings(emulator.url(), timeout, accounts)).unwrap();
        Self { emulator, x }
    }

    async fn new() -> Self {
        Self::with(&["ada", "bob"], TIMEOUT).await
    }

    /// From now on the next attempt to post meets this.
    fn strike(&self, kind: Kind) {
        let fault = Fault { operation: Some(Operation::CreatePost), times: Some(1), ..Fault::from(kind) };
        self.emulator.misbehave(Plan { faults: vec![fault], ..Plan::default() });
    }

    async fn publish(&self, account: &str, action: Action) -> Result<Published, PublishError> {
        self.x.publish(&order(account, action)).await
    }

    async fn posted(&self, account: &str, action: Action) -> Post {
        self.publish(account, action).await.unwrap().posts.remove(0)
    }

    /// What an account has posted, in order, as the emulator has it.
    fn posts(&self, account: &str) -> Vec<Value> {
        let report = self.emulator.report();
        let accounts = report["accounts"].as_array().unwrap().iter();
        accounts
            .filter(|one| one["account"] == account)
            .flat_map(|one| one["posts"].as_array().unwrap().clone())
            .collect()
    }

    fn requests(&self) -> usize {
        self.emulator.report()["requests"].as_array().unwrap().len()
    }
}

fn order(account: &str, action: Action) -> Order {
    Order {
        effect: "eff-1".into(),
        account: account.into(),
        at: Timestamp::from_system(),
        hops: 2,
        of_thread: false,
        action,
    }
}

fn post(text: &str) -> Action {
    Action::Post { text: text.to_owned(), images: Vec::new() }
}

fn reply(to: &PostId, text: &str) -> Action {
    Action::Reply { to: to.clone(), text: text.to_owned(), images: Vec::new() }
}
