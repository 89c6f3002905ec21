//! A host where nobody serves.

use std::sync::Arc;

use puppet_engine::{
    Actor, Casting, HeldProviders, Host, HostParts, Mailbox, Plugins, Redaction, StoreBooks, SystemClock,
};
use puppet_grants::{CallBounds, Held, Ledger};
use puppet_memory::Memories;
use puppet_sandbox::{Pool, Sandbox, SandboxConfig};
use puppet_store::{SqliteStore, Store};
use puppet_tweet::{Accounts, Local, plan::Prices};
use puppet_types::AgentId;
use serde_json::Value;

/// Casts nobody.
struct Nobody;

impl Casting for Nobody {
    fn cast(&self, _: &AgentId, _: &Value, _: &Plugins, _: &Arc<Ledger>) -> Result<Option<Actor>, String> {
        Ok(None)
    }
}

/// The host, loaded, and its timeline.
pub async fn bare(store: &SqliteStore) -> (Arc<Host>, Arc<Local>) {
    let store: Arc<dyn Store> = Arc::new(store.clone());
    let accounts = Arc::new(Accounts::default());
    let local = Arc::new(Local::new(Arc::clone(&store) as _, Arc::clone(&accounts)));
    let providers = || HeldProviders {
        agents: Held::new(Arc::clone(&store) as _),
        timers: Held::new(Arc::clone(&store) as _),
        memory: Memories::hashed(Arc::clone(&store) as _),
        tweets: Held::new(Arc::clone(&local) as _),
        prices: Prices::FREE,
        quotes: Held::new(Arc::new(puppet_market::NoQuotes) as _),
        purses: Held::new(Arc::new(puppet_wallet::NoPurses) as _),
        pages: Held::new(Arc::new(puppet_http::NoPages) as _),
        page_bounds: puppet_http::Bounds::default(),
    };
    let pool = Pool { slots: 4, ..Pool::default() };
    let sandbox = Sandbox::new(SandboxConfig { pool, ..SandboxConfig::default() }).unwrap();
    let host = Host::new(HostParts {
        store: Arc::clone(&store),
        sandbox: Arc::new(sandbox),
        clock: Arc::new(SystemClock),
        held: providers(),
        offline: providers(),
        publisher: Arc::clone(&local) as _,
        purses: Arc::new(puppet_wallet::NoPurses),
        accounts,
        ledger: Arc::new(Ledger::default()),
        books: Arc::new(StoreBooks(Arc::clone(&store) as _)),
        bounds: CallBounds::default(),
        approval_ms: 86_400_000,
        mailbox: Mailbox::default(),
        redaction: Redaction::default(),
        secret: [7; 32],
        casting: Box::new(Nobody),
    });
    host.load().await.unwrap();
    (Arc::new(host), local)
}
