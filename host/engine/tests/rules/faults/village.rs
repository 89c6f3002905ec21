//! Who lives there: six agents, played by packs that call everything there is and end in every way, with budgets that
//! are soon spent, some of them shared.

use std::sync::{Arc, OnceLock};

use puppet_agent::Profile;
use puppet_engine::{
    Actor, Casting, HeldProviders, Host, HostParts, Mailbox, Plugin, Plugins, Redaction, Remembered, StoreBooks,
    VirtualClock,
};
use puppet_grants::{
    Amount, BudgetKey, CallBounds, Held, Ledger, Limits, Mode, Owner, Period, Request, Requests, Rights,
};
use puppet_grants::{Shared, Terms};
use puppet_llm::Llm;
use puppet_memory::Memories;
use puppet_sandbox::{Compiled, Pool, Sandbox, SandboxConfig};
use puppet_store::Store;
use puppet_tweet::Accounts;
use puppet_types::{AccountId, AgentId, Capability, Digest, Json, PackId, Persona};
use serde_json::{Value, json};

use super::{
    model::{self, Model},
    network::Network,
    world::World,
};
use crate::guest::{End, Step, component};

/// Everybody. Ann and bob post as one.
pub const AGENTS: [&str; 6] = ["ann", "bob", "cid", "dot", "eve", "fay"];

/// As whom an agent posts.
pub fn account_of(agent: &AgentId) -> AccountId {
    AccountId::new(if ["ann", "bob"].contains(&agent.as_str()) { "both" } else { agent.as_str() })
}

/// Packs: what they call, and how they end.
const PACKS: &[(&str, &[Step], End)] = &[
    ("poster", &[Step::PostEventId, Step::RememberEventId, Step::Befriend("cid"), Step::ShiftMood], End::ByPriority),
    ("pair", &[Step::ThreadEventId, Step::ReplyDecision(0), Step::Like("1")], End::ByPriority),
    ("thinker", &[Step::RememberEventId, Step::Complete, Step::Befriend("dot")], End::ByPriority),
    ("speaker", &[Step::PostAnswer, Step::RememberEventId, Step::Recall("news")], End::ByPriority),
    (
        "talker",
        &[Step::EmitAll("talker.spoke"), Step::RememberEventId, Step::GetState, Step::PutState("x")],
        End::ByPriority,
    ),
    ("echo", &[Step::Emit("echo.back"), Step::Befriend("ann"), Step::Log("back")], End::Ok),
    ("clock", &[Step::After("tea"), Step::Every("tick"), Step::RememberEventId], End::Ok),
    ("shy", &[Step::Complete, Step::RememberEventId], End::AgainForAWhile),
    (
        "reader",
        &[Step::EndAtKind("post_failed"), Step::Timeline, Step::RememberEventId, Step::Like("2"), Step::PostEventId],
        End::ByPriority,
    ),
    ("grump", &[Step::PostEventId, Step::RememberEventId], End::Failed),
];

/// Of these an agent posts only what the operator approves, which nobody does.
const ASKS: &str = "reader";

/// The most of what an agent has by itself.
const OWN: [(Capability, Amount, Period, u64); 7] = [
    (Capability::Llm, Amount::Tokens, Period::Day, 300),
    (Capability::Tweet, Amount::Posts, Period::Hour, 4),
    (Capability::Tweet, Amount::Replies, Period::Hour, 2),
    (Capability::Tweet, Amount::Likes, Period::Hour, 2),
    (Capability::Memory, Amount::Rows, Period::Day, 30),
    (Capability::Schedule, Amount::Timers, Period::Hour, 7),
    (Capability::Events, Amount::Events, Period::Hour, 14),
];
/// Of what an account has.
const OF_ACCOUNT: [(Capability, Amount, Period, u64); 1] = [(Capability::Tweet, Amount::Posts, Period::Hour, 5)];
/// Of what all have together.
const OF_HOST: [(Capability, Amount, Period, u64); 2] =
    [(Capability::Llm, Amount::Tokens, Period::Day, 700), (Capability::Tweet, Amount::Posts, Period::Hour, 9)];

/// The limit of a budget; none of one that nobody here comes near.
pub fn limit_of(key: &BudgetKey) -> Option<u64> {
    let of: &[_] = match key.owner {
        Owner::Agent { .. } => &OWN,
        Owner::Account(_) => &OF_ACCOUNT,
        Owner::Host => &OF_HOST,
    };
    let found = of.iter().find(|(capability, amount, period, _)| {
        (*capability, *amount, *period) == (key.capability, key.amount, key.period)
    });
    found.map(|(.., limit)| *limit)
}

fn limits(of: &[(Capability, Amount, Period, u64)]) -> Limits {
    let mut limits = Limits::new();
    for (capability, amount, period, limit) in of {
        limits.entry(*capability).or_default().insert((*amount, *period), *limit);
    }
    limits
}

fn requests(imports: impl Iterator<Item = Capability>) -> Requests {
    let own = limits(&OWN);
    let request = |of: &Capability| {
        let amounts = own.get(of).cloned().unwrap_or_default();
        Request { amounts, ..Request::default() }
    };
    imports.filter(|import| !import.comes_with_every_plugin()).map(|import| (import, request(&import))).collect()
}

/// Compiled once for all hosts of this process.
struct Workshop {
    sandbox: Arc<Sandbox>,
    packs: Vec<(&'static str, Compiled)>,
}

fn workshop() -> &'static Workshop {
    static WORKSHOP: OnceLock<Workshop> = OnceLock::new();
    WORKSHOP.get_or_init(|| {
        let limits =
            puppet_sandbox::Limits { fuel: 60_000, memory_bytes: 1 << 20, ..puppet_sandbox::Limits::default() };
        // Nobody ever waits for a slot: what runs beside a seed in this process has no part in it.
        let pool = Pool { slots: 256, live_bytes: 1 << 30, yield_interval: 10_000, ..Pool::default() };
        let config = SandboxConfig { limits, pool, ..SandboxConfig::default() };
        let sandbox = Arc::new(Sandbox::new(config).expect("these limits are within their table"));
        let packs = PACKS.iter().map(|(name, steps, end)| {
            (*name, sandbox.compile(&component(steps, *end)).expect("these guests are whole"))
        });
        Workshop { packs: packs.collect(), sandbox: Arc::clone(&sandbox) }
    })
}

/// Names of all packs.
pub fn packs() -> Vec<&'static str> {
    PACKS.iter().map(|(name, ..)| *name).collect()
}

/// A host over rows, not loaded yet.
pub fn host(rows: Arc<dyn Store>, clock: Arc<VirtualClock>, network: Arc<Network>, world: &Arc<World>) -> Host {
    let workshop = workshop();
    let held = || HeldProviders {
        agents: Held::new(Arc::clone(&rows) as _),
        timers: Held::new(Arc::clone(&rows) as _),
        memory: Memories::hashed(Arc::clone(&rows) as _),
        tweets: Held::new(Arc::clone(&network) as _),
        prices: puppet_tweet::plan::Prices::FREE,
        quotes: Held::new(Arc::new(puppet_market::NoQuotes) as _),
        purses: Held::new(Arc::new(puppet_wallet::NoPurses) as _),
        pages: Held::new(Arc::new(puppet_http::NoPages) as _),
        page_bounds: puppet_http::Bounds::default(),
    };
    let host = Host::new(HostParts {
        store: Arc::clone(&rows),
        sandbox: Arc::clone(&workshop.sandbox),
        clock,
        held: held(),
        offline: held(),
        publisher: Arc::clone(&network) as _,
        purses: Arc::new(puppet_wallet::NoPurses),
        accounts: Arc::new(Accounts::default()),
        ledger: Arc::new(Ledger::default()),
        books: Arc::new(StoreBooks(Arc::clone(&rows))),
        bounds: CallBounds::default(),
        approval_ms: 3_600_000,
        mailbox: Mailbox { waiting: 12, ..Mailbox::default() },
        redaction: Redaction::default(),
        secret: [7; 32],
        casting: Box::new(Company(Llm::new(Arc::new(Model::new(Arc::clone(world))), model::terms()))),
    });
    for (name, compiled) in &workshop.packs {
        let requests = requests(compiled.inspection().capabilities.iter().copied());
        let plugin = Plugin::load(&workshop.sandbox, compiled, (*name).into(), "1.0.0".to_owned(), requests);
        host.install(plugin.expect("they ask for what they import"));
    }
    host
}

/// Plays agents as their rows say.
struct Company(Llm);

impl Casting for Company {
    fn cast(
        &self,
        id: &AgentId,
        body: &Value,
        plugins: &Plugins,
        ledger: &Arc<Ledger>,
    ) -> Result<Option<Actor>, String> {
        let pack = body["plugin"].as_str().ok_or("`plugin` is missing")?;
        let Some(plugin) = plugins.get(&PackId::new(pack)) else { return Ok(None) };
        let account = account_of(id);
        let shared = Shared { account: Some((account.clone(), limits(&OF_ACCOUNT))), host: limits(&OF_HOST) };
        let mode = if pack == ASKS { Mode::Approve } else { Mode::Live };
        let terms = Terms { mode, expires: None };
        let rights = Rights::on_terms(&plugin.requests, (&plugin.id, &[]), id, ledger, terms, shared);
        let profile = Profile {
            id: id.to_string(),
            name: id.to_string(),
            description: String::new(),
            handle: account.to_string(),
            timezone: "UTC".to_owned(),
            persona: Json::of(&Persona::default()),
            settings: Json::of(&json!({})),
        };
        Ok(Some(Actor {
            id: id.clone(),
            account,
            persona: Arc::new(Persona::default()),
            persona_digest: Digest::of(profile.persona.as_str().as_bytes()),
            settings_digest: Digest::of(profile.settings.as_str().as_bytes()),
            profile,
            plugin: Arc::clone(plugin),
            rights: Arc::new(rights),
            llm: self.0.clone(),
            assets: Vec::new(),
            decay: None,
            remembered: Remembered::default(),
            kept: Default::default(),
        }))
    }
}
