//! A host in a folder of its own with guests of the test's making, and a look at everything that it keeps.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
};

use puppet_agent::Profile;
use puppet_engine::{
    Actor, Casting, Clock, HeldProviders, Host, HostParts, Mailbox, Plugin, Plugins, Redaction, Remembered, StoreBooks,
    VirtualClock, simulation,
};
use puppet_grants::{Amount, CallBounds, Held, Ledger, Mode, Period, Request, Requests, Rights};
use puppet_llm::Llm;
use puppet_memory::{Embedder, Memories, VectorTerms};
use puppet_sandbox::{Limits, Pool, Sandbox, SandboxConfig};
use puppet_store::{
    AgentRow, Change, Effect, EffectState, Filter, JournalEntry, JournalStore as _, OutboxStore as _, SqliteStore,
    sqlite::Options,
};
use puppet_tweet::{Accounts, Action, Order};
use puppet_types::{
    AccountId, AgentId, Capability, Decision, Digest, Event, Json, PackId, Persona, Priority, Timestamp,
};
use puppet_wallet::Purses;
use serde_json::{Value, json};

use super::{
    guest::{End, Step, component},
    providers::{Model, Network, terms},
};

/// An hour in milliseconds.
pub const HOUR: u64 = 3_600_000;
/// A day in milliseconds.
pub const DAY: u64 = 24 * HOUR;

/// The first moment of a scene: a full day, so that windows begin here.
pub fn start() -> Timestamp {
    Timestamp::from_millis(20_000 * DAY as i64)
}

/// So many milliseconds later.
pub fn after(millis: u64) -> Timestamp {
    start().plus_millis(millis)
}

/// A plugin of the test's making.
pub struct Cast {
    /// Its pack.
    pub pack: &'static str,
    /// What it calls.
    pub steps: Vec<Step>,
    /// How it ends.
    pub end: End,
    /// What it is granted. It requests whatever it imports; what is not granted of that is optional.
    pub requests: Requests,
}

/// Everything there is to grant, without a budget worth mentioning.
pub fn everything() -> Requests {
    use Capability::{Events, Llm, Market, Memory, Schedule, State, Tweet, Wallet};
    [Llm, Tweet, Memory, Schedule, State, Events, Market, Wallet]
        .map(|capability| (capability, Request::default()))
        .into()
}

/// Replaces one amount of a request.
pub fn amount(mut requests: Requests, of: Capability, amount: Amount, period: Period, most: u64) -> Requests {
    requests.entry(of).or_default().amounts.insert((amount, period), most);
    requests
}

/// Bounds and limits of a scene, and where it lies.
#[derive(Default)]
pub struct Setting {
    /// What the gate counts.
    pub bounds: CallBounds,
    /// Virtual where none is given.
    pub clock: Option<Arc<dyn Clock>>,
    /// What happens to effects.
    pub mode: Mode,
    /// Small where none are given.
    pub limits: Option<Limits>,
    /// What is not kept.
    pub redaction: Redaction,
    /// How much mail waits for a plugin that may not run.
    pub mailbox: Mailbox,
    /// Vectors are hashed where none is given.
    pub embedder: Option<(Arc<dyn Embedder>, VectorTerms)>,
    /// What agents trade with. None where none is given.
    pub purses: Option<Arc<dyn Purses>>,
}

/// A host and what is behind it.
pub struct Scene {
    /// It.
    pub host: Arc<Host>,
    /// Its time.
    pub clock: Arc<VirtualClock>,
    /// Its rows.
    pub store: SqliteStore,
    /// Where posts go.
    pub network: Arc<Network>,
    /// Who answers prompts.
    pub model: Arc<Model>,
    folder: Arc<tempfile::TempDir>,
    granted: Granted,
}

/// What each pack was granted.
type Granted = Arc<Mutex<BTreeMap<PackId, Requests>>>;

impl Scene {
    /// A host with one plugin and the agents `ann` and `bob`, both played by it.
    pub async fn of(cast: Cast) -> Self {
        Self::with(Setting::default(), vec![cast], &["ann", "bob"]).await
    }

    /// A host with these plugins. Agents are played by the plugin of their name, or by the first;
    /// `name+owner` draws on the budgets of `owner`.
    pub async fn with(setting: Setting, casts: Vec<Cast>, agents: &[&str]) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let scene = Self::open(folder, setting, casts, start()).await;
        for name in agents {
            scene.join(name).await;
        }
        scene
    }

    /// One agent more.
    pub async fn join(&self, name: &str) {
        let (name, owner) = name.split_once('+').unwrap_or((name, name));
        let plugins = self.host.plugins();
        let pack = PackId::new(name);
        let pack = if plugins.contains_key(&pack) { pack } else { plugins.keys().next().unwrap().clone() };
        let body = json!({ "plugin": &pack, "owner": owner });
        self.host.apply(vec![Change::Agent(AgentRow { id: name.into(), body, created: start() })]).await.unwrap();
        self.host.agents.put(name.into(), name, AccountId::new(name), pack);
    }

    /// Another host on the same folder, as after a restart. The old one is left as it lies.
    pub async fn again(&self, setting: Setting, casts: Vec<Cast>) -> Self {
        self.store.close();
        let scene = Self::open(Arc::clone(&self.folder), setting, casts, self.clock.now()).await;
        for id in self.host.agents.ids() {
            let pack = self.host.agents.plugin_of(&id).unwrap();
            scene.host.agents.put(id.clone(), id.as_str(), AccountId::new(id.as_str()), pack);
        }
        scene
    }

    async fn open(folder: Arc<tempfile::TempDir>, setting: Setting, casts: Vec<Cast>, at: Timestamp) -> Self {
        let small = || Limits { fuel: 2_000_000, memory_bytes: 4 << 20, ..Limits::default() };
        let limits = setting.limits.unwrap_or_else(small);
        let live_bytes = limits.memory_bytes * 16;
        let pool = Pool { slots: 8, live_bytes, yield_interval: 10_000, ..Pool::default() };
        let sandbox = Arc::new(Sandbox::new(SandboxConfig { limits, pool, ..SandboxConfig::default() }).unwrap());
        let store = SqliteStore::open(folder.path(), Options::default()).unwrap();
        let rows = Arc::new(store.clone());
        let clock = Arc::new(VirtualClock::new(at));
        let (network, model) = (Arc::new(Network::default()), Arc::new(Model::default()));
        let memory = match setting.embedder {
            Some((embedder, terms)) => Memories::embedded(Arc::clone(&rows) as _, embedder, terms),
            None => Memories::hashed(Arc::clone(&rows) as _),
        };
        let llm = Llm::new(Arc::clone(&model) as _, terms());
        let granted = Granted::default();
        let purses = setting.purses.unwrap_or_else(|| Arc::new(puppet_wallet::NoPurses));
        let host = Host::new(HostParts {
            store: Arc::clone(&rows) as _,
            sandbox: Arc::clone(&sandbox),
            clock: setting.clock.unwrap_or_else(|| Arc::clone(&clock) as _),
            held: HeldProviders {
                agents: Held::new(Arc::clone(&rows) as _),
                timers: Held::new(Arc::clone(&rows) as _),
                memory,
                tweets: Held::new(Arc::clone(&network) as _),
                prices: puppet_tweet::plan::Prices::FREE,
                quotes: Held::new(Arc::new(puppet_market::NoQuotes) as _),
                purses: Held::new(Arc::clone(&purses)),
                pages: Held::new(Arc::new(puppet_http::NoPages) as _),
                page_bounds: puppet_http::Bounds::default(),
            },
            offline: HeldProviders {
                agents: Held::new(Arc::clone(&rows) as _),
                timers: Held::new(Arc::clone(&rows) as _),
                memory: Memories::hashed(Arc::clone(&rows) as _),
                tweets: Held::new(Arc::clone(&network) as _),
                prices: puppet_tweet::plan::Prices::FREE,
                quotes: Held::new(Arc::new(puppet_market::NoQuotes) as _),
                purses: Held::new(Arc::new(puppet_wallet::NoPurses) as _),
                pages: Held::new(Arc::new(puppet_http::NoPages) as _),
                page_bounds: puppet_http::Bounds::default(),
            },
            publisher: Arc::clone(&network) as _,
            purses,
            accounts: Arc::new(Accounts::default()),
            ledger: Arc::new(Ledger::default()),
            books: Arc::new(StoreBooks(rows)),
            bounds: setting.bounds,
            approval_ms: DAY,
            mailbox: setting.mailbox,
            redaction: setting.redaction,
            secret: [7; 32],
            casting: Box::new(Company { llm, granted: Arc::clone(&granted), mode: setting.mode }),
        });
        let scene = Self { host: Arc::new(host), clock, store, network, model, folder, granted };
        for Cast { pack, steps, end, requests } in casts {
            scene.install(pack, &component(&steps, end), requests);
        }
        scene.host.load().await.unwrap();
        scene
    }

    /// One plugin more.
    pub fn install(&self, pack: &str, component: &[u8], granted: Requests) {
        let sandbox = &self.host.sandbox;
        let compiled = sandbox.compile(component).unwrap();
        let optional = || Request { optional: true, ..Request::default() };
        let imports = compiled.inspection().capabilities.iter().filter(|import| !import.comes_with_every_plugin());
        let requests = imports.map(|import| (*import, granted.get(import).cloned().unwrap_or_else(optional))).collect();
        self.granted.lock().unwrap().insert(pack.into(), granted);
        self.host.install(Plugin::load(sandbox, &compiled, pack.into(), "1.0.0".to_owned(), requests).unwrap());
    }

    /// Runs everything that is due before a time.
    pub async fn run_until(&self, end: Timestamp) {
        simulation::run(&self.host, &self.clock, end, 1, |_| {}).await.unwrap();
    }

    /// One event, accepted and run with what follows from it within a minute. Answers its record.
    pub async fn handle(&self, event: Event) -> JournalEntry {
        let (id, at) = (event.id.clone(), event.at.max(self.clock.now()));
        self.host.submit(vec![event]).await.unwrap();
        self.run_until(at.plus_millis(60_000)).await;
        let entries = self.journal().await;
        entries.into_iter().find(|entry| entry.invocation.event.id == id).expect("it was handled")
    }

    /// The whole journal, oldest first.
    pub async fn journal(&self) -> Vec<JournalEntry> {
        self.store.journal(&Filter { oldest_first: true, limit: 100_000, ..Filter::default() }).await.unwrap()
    }

    /// Every row of every table, as text.
    pub fn rows(&self) -> BTreeMap<String, Vec<String>> {
        all_rows(self.folder.path())
    }

    /// From now on no row can be added to a table.
    pub fn refuse(&self, table: &str) {
        let trigger = format!("CREATE TRIGGER refuse BEFORE INSERT ON {table} BEGIN SELECT RAISE(FAIL, 'full'); END");
        self.on_file(&trigger);
    }

    /// Rows can be added again.
    pub fn allow(&self) {
        self.on_file("DROP TRIGGER refuse");
    }

    /// Runs statements on the file, beside the host.
    pub fn on_file(&self, sql: &str) {
        let db = rusqlite::Connection::open(self.folder.path().join("puppet.db")).unwrap();
        db.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
        db.execute_batch(sql).unwrap();
    }

    /// Every effect, by seq.
    pub async fn effects(&self) -> Vec<Effect> {
        self.store.effects(&EffectState::ALL).await.unwrap()
    }

    /// What was posted, in the order in which it left.
    pub fn posted(&self) -> Vec<String> {
        let orders = self.network.orders.lock().unwrap();
        let text = |order: &Order| match &order.action {
            Action::Post { text, .. } => text.clone(),
            other => format!("{other:?}"),
        };
        orders.iter().map(text).collect()
    }

    /// Spent and held of an amount, summed over the windows of this moment.
    pub async fn used(&self, amount: Amount, period: Period) -> (u64, u64) {
        let lines = self.host.budget_lines().await.unwrap();
        let lines = lines.iter().filter(|line| line.key.amount == amount && line.key.period == period);
        lines.fold((0, 0), |(used, reserved), line| (used + line.used, reserved + line.reserved))
    }
}

/// Every table of a data folder, also those that full text search keeps for itself; events and records by the views that
/// say them in words.
fn all_rows(folder: &Path) -> BTreeMap<String, Vec<String>> {
    const TABLES: &str = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT IN \
                          ('event_rows', 'journal_rows', 'names', 'plugin_versions', 'characters') ORDER BY name";
    let db = rusqlite::Connection::open(folder.join("puppet.db")).unwrap();
    let mut tables = db.prepare(TABLES).unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let rows = |table: &str| -> Vec<String> {
        let mut statement = db.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let row = |row: &rusqlite::Row<'_>| -> rusqlite::Result<String> {
            let cells = names.iter().enumerate().map(|(n, name)| Ok(format!("{name}={:?}", row.get_ref(n)?)));
            Ok(cells.collect::<rusqlite::Result<Vec<_>>>()?.join(" "))
        };
        statement.query_map([], row).unwrap().map(Result::unwrap).collect()
    };
    tables.into_iter().map(|table| (table.clone(), rows(&table))).collect()
}

/// An event to an agent.
pub fn event(id: &str, agent: &str, at: Timestamp) -> Event {
    Event {
        id: id.into(),
        kind: "news".to_owned(),
        source: "test".to_owned(),
        agent: agent.into(),
        author: None,
        priority: Priority::Low,
        at,
        payload: json!({}),
        hops: 0,
        cause: None,
        broadcast: None,
    }
}

/// An effect that is due at the start.
pub fn effect(id: &str, agent: &str, n: u32, body: Decision) -> Effect {
    Effect {
        id: id.into(),
        seq: 0,
        agent: agent.into(),
        account: agent.into(),
        invocation: "inv".into(),
        n,
        not_before: start(),
        hops: 0,
        body,
        state: EffectState::Waiting,
        attempts: 0,
        provider_id: None,
        reason: None,
        expires: None,
        doubt: None,
        purse: None,
    }
}

/// Plays agents as their rows say.
struct Company {
    llm: Llm,
    granted: Granted,
    mode: Mode,
}

impl Casting for Company {
    fn cast(
        &self,
        id: &AgentId,
        body: &Value,
        plugins: &Plugins,
        ledger: &Arc<Ledger>,
    ) -> Result<Option<Actor>, String> {
        let (pack, owner) = match id.as_str().strip_prefix("generator:") {
            Some(pack) => (pack, id.as_str()),
            None => {
                let text = |key: &str| body[key].as_str().ok_or_else(|| format!("`{key}` is missing"));
                (text("plugin")?, text("owner")?)
            }
        };
        let (Some(plugin), owner) = (plugins.get(&PackId::new(pack)), AgentId::new(owner)) else { return Ok(None) };
        let granted = self.granted.lock().unwrap()[&plugin.id].clone();
        let mut rights = Rights::from_requests(&granted, &plugin.id, &owner, ledger);
        rights.mode = self.mode;
        let profile = Profile {
            id: id.to_string(),
            name: id.to_string(),
            description: String::new(),
            handle: id.to_string(),
            timezone: "UTC".to_owned(),
            persona: Json::of(&Persona::default()),
            settings: Json::of(&json!({})),
        };
        Ok(Some(Actor {
            id: id.clone(),
            account: AccountId::new(id.as_str()),
            persona: Arc::new(Persona::default()),
            persona_digest: Digest::of(profile.persona.as_str().as_bytes()),
            settings_digest: Digest::of(profile.settings.as_str().as_bytes()),
            profile,
            plugin: Arc::clone(plugin),
            rights: Arc::new(rights),
            llm: self.llm.clone(),
            assets: Vec::new(),
            decay: None,
            remembered: Remembered::default(),
            kept: Default::default(),
        }))
    }
}
