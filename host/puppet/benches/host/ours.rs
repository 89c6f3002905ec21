//! A host around the measured guest, with a memory that answers from its hand and a publisher that has nothing to do.

use std::sync::Arc;

use async_trait::async_trait;
use puppet_agent::Profile;
use puppet_engine::{
    Actor, Casting, Clock, HeldProviders, Host, HostParts, Mailbox, Plugin, Plugins, Remembered, StoreBooks,
};
use puppet_grants::{CallBounds, Held, Ledger, Request, Requests, Rights};
use puppet_llm::Llm;
use puppet_memory::Memories;
use puppet_sandbox::{Pool, Sandbox, SandboxConfig};
use puppet_store::{MemorySize, MemoryStore, Result, TextHit, sqlite::SqliteStore};
use puppet_tweet::{Accounts, Local};
use puppet_types::{AgentId, Capability, Digest, Json, Memory, MemoryKind, PackId, Persona, Timestamp, Trust};
use serde_json::Value;

use crate::guest;

/// Answers one memory.
struct OneMemory;

#[async_trait]
impl MemoryStore for OneMemory {
    async fn memories(&self, _: &AgentId, _: &[MemoryKind], _: usize) -> Result<Vec<TextHit>> {
        let memory = Memory {
            id: "mem_1".to_owned(),
            kind: MemoryKind::Core,
            content: "rain is good for gardens".to_owned(),
            at: Timestamp::from_millis(1_767_571_200_000),
            importance: 0.5,
            valence: 0.0,
            associations: Vec::new(),
            metadata: Vec::new(),
            author: None,
            trust: Trust::Own,
            pinned: false,
            led_by: None,
        };
        Ok(vec![TextHit { memory, vector: None }])
    }
    async fn memories_after(
        &self,
        _: &AgentId,
        _: &[MemoryKind],
        _: (Timestamp, &str),
        _: usize,
    ) -> Result<Vec<TextHit>> {
        Ok(Vec::new())
    }
    async fn memory(&self, _: &AgentId, _: &str) -> Result<Option<TextHit>> {
        Ok(None)
    }
    async fn text_candidates(&self, _: &AgentId, _: &[String], _: &[MemoryKind], _: usize) -> Result<Vec<TextHit>> {
        Ok(Vec::new())
    }
    async fn memory_counts(&self, _: &AgentId) -> Result<Vec<(MemoryKind, u64)>> {
        Ok(Vec::new())
    }
    async fn memory_size(&self, _: &AgentId) -> Result<MemorySize> {
        Ok(MemorySize::default())
    }
}

/// Everybody runs the guest, with the rights it asks for.
struct Everybody(Requests);

impl Casting for Everybody {
    fn cast(
        &self,
        id: &AgentId,
        _: &Value,
        plugins: &Plugins,
        ledger: &Arc<Ledger>,
    ) -> std::result::Result<Option<Actor>, String> {
        // A hostile agent has a plugin of its own name.
        let hostile = PackId::new(id.as_str());
        let pack = if plugins.contains_key(&hostile) { hostile } else { PackId::new("bench") };
        let persona = Persona::default();
        let profile = Profile {
            id: id.to_string(),
            name: id.to_string(),
            description: String::new(),
            handle: id.to_string(),
            timezone: "UTC".to_owned(),
            persona: Json::of(&persona),
            settings: Json::of(&serde_json::json!({})),
        };
        let Some(plugin) = plugins.get(&pack) else { return Ok(None) };
        Ok(Some(Actor {
            id: id.clone(),
            account: id.as_str().into(),
            profile,
            persona: Arc::new(persona),
            persona_digest: Digest::of(b"persona"),
            settings_digest: Digest::of(b"settings"),
            plugin: Arc::clone(plugin),
            rights: Arc::new(Rights::from_requests(&self.0, &pack, id, ledger)),
            llm: Llm::offline(),
            assets: Vec::new(),
            decay: None,
            remembered: Remembered::default(),
            kept: Default::default(),
        }))
    }
}

/// The pool as it is, or as `--pool` wants it.
fn pool() -> Pool {
    let args: Vec<String> = std::env::args().collect();
    let wanted = args.iter().position(|arg| arg == "--pool").and_then(|at| args.get(at + 1));
    wanted.map(|text| serde_json::from_str(text).unwrap()).unwrap_or_default()
}

/// A host over this store.
pub fn host(store: &SqliteStore, clock: Arc<dyn Clock>) -> Host {
    let store: Arc<SqliteStore> = Arc::new(store.clone());
    let accounts = Arc::new(Accounts::default());
    let local = Arc::new(Local::new(Arc::clone(&store) as _, Arc::clone(&accounts)));
    let sandbox = Arc::new(Sandbox::new(SandboxConfig { pool: pool(), ..SandboxConfig::default() }).unwrap());
    let requests: Requests =
        [Capability::Memory, Capability::Tweet].map(|capability| (capability, Request::default())).into();
    let compiled = sandbox.compile(&guest::bytes()).unwrap();
    let plugin = Plugin::load(&sandbox, &compiled, "bench".into(), "0.1.0".to_owned(), requests.clone()).unwrap();
    let host = Host::new(HostParts {
        store: Arc::clone(&store) as _,
        sandbox,
        clock,
        held: HeldProviders {
            agents: Held::new(Arc::clone(&store) as _),
            timers: Held::new(Arc::clone(&store) as _),
            memory: Memories::hashed(Arc::new(OneMemory)),
            tweets: Held::new(Arc::clone(&local) as _),
            prices: puppet_tweet::plan::Prices::FREE,
            quotes: Held::new(Arc::new(puppet_market::NoQuotes) as _),
            purses: Held::new(Arc::new(puppet_wallet::NoPurses) as _),
            pages: Held::new(Arc::new(puppet_http::NoPages) as _),
            page_bounds: puppet_http::Bounds::default(),
        },
        offline: HeldProviders {
            agents: Held::new(Arc::clone(&store) as _),
            timers: Held::new(Arc::clone(&store) as _),
            memory: Memories::hashed(Arc::new(OneMemory)),
            tweets: Held::new(Arc::clone(&local) as _),
            prices: puppet_tweet::plan::Prices::FREE,
            quotes: Held::new(Arc::new(puppet_market::NoQuotes) as _),
            purses: Held::new(Arc::new(puppet_wallet::NoPurses) as _),
            pages: Held::new(Arc::new(puppet_http::NoPages) as _),
            page_bounds: puppet_http::Bounds::default(),
        },
        publisher: local,
        purses: Arc::new(puppet_wallet::NoPurses),
        accounts,
        ledger: Arc::new(Ledger::default()),
        books: Arc::new(StoreBooks(store as _)),
        approval_ms: 86_400_000,
        mailbox: Mailbox::default(),
        redaction: Default::default(),
        bounds: CallBounds::default(),
        secret: [7; 32],
        casting: Box::new(Everybody(requests)),
    });
    host.install(plugin);
    host
}
