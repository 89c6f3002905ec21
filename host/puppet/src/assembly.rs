//! The one place where parts are wired together: store, sandbox, providers, plugins and agents become a host.

use std::{collections::BTreeMap, sync::Arc};

use puppet_agent::Profile;
use puppet_engine::{Actor, Casting, Clock, HeldProviders, Host, HostParts, Plugins, Remembered, StoreBooks};
use puppet_grants::{CallBounds, Held, Ledger, Requests, Rights};
use puppet_http::{NoPages, Pages};
use puppet_market::Quotes;
use puppet_memory::Memories;
use puppet_packs::{AgentSpec, Manifest};
use puppet_sandbox::{Compiled, Sandbox, World};
use puppet_store::Store;
use puppet_tweet::{Accounts, Local, TweetPublisher, TweetReader, X, plan::Prices};
use puppet_types::{AccountId, AgentId, Digest, Json, PackId, Persona, ids};
use puppet_wallet::Purses;
use serde_json::Value;

use crate::{
    agents, firstparty,
    grants::{Grants, Vouched},
    models::Embedding,
    repertoire::{Known, Repertoire, Version},
    routes::Routes,
    rows::Rows,
    sandboxed,
    setup::Setup,
    trading::{purses::Seats, quotes::DeskQuotes},
    trouble::{Result, Trouble},
};

/// What differs between a host that runs and one that simulates.
pub struct Plan {
    /// Rows.
    pub store: Rows,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Seeds are HMACs under this.
    pub secret: [u8; 32],
    /// Generators by name with their interval in milliseconds.
    pub generators: BTreeMap<String, u64>,
    /// The operator's.
    pub grants: Arc<Grants>,
    /// Who writes for whom.
    pub models: Routes,
    /// Who makes the vectors of memory; none: they are hashed. In virtual time they always are.
    pub embedding: Option<Embedding>,
    /// IANA name, for agents that have none of their own.
    pub timezone: String,
    /// Prices and purses in the place of desks; none: desks tell them.
    pub markets: Option<Markets>,
    /// Who fetches pages of the web; none: nobody does.
    pub pages: Option<Arc<dyn Pages>>,
}

/// Where prices and purses are, in the place of desks.
#[derive(Clone)]
pub struct Markets {
    /// Prices.
    pub quotes: Arc<dyn Quotes>,
    /// Purses.
    pub purses: Arc<dyn Purses>,
}

/// The secret of a host whose seeds follow from a number alone; `purpose` keeps those of a simulation, a demo and a
/// single call apart.
pub fn seeded(purpose: &str, seed: u64) -> [u8; 32] {
    let mut secret = [0; 32];
    for (n, chunk) in secret.chunks_mut(8).enumerate() {
        chunk.copy_from_slice(&ids::derive_u64(&[purpose, &seed.to_string(), &n.to_string()]).to_le_bytes());
    }
    secret
}

/// A wired host.
pub struct Assembly {
    /// It.
    pub host: Arc<Host>,
    /// Its timeline, for people who write to it.
    pub local: Arc<Local>,
    /// Its rows.
    pub store: Rows,
    /// What is known of its plugins.
    pub repertoire: Arc<Repertoire>,
    /// Which character has which desk; none in the beginning.
    pub seats: Arc<Seats>,
}

/// A component from outside, compiled and not yet linked.
#[derive(Clone)]
pub struct Stranger {
    /// Its pack's.
    pub manifest: Manifest,
    /// What it is.
    pub world: World,
    /// Where it was compiled.
    pub sandbox: Arc<Sandbox>,
    /// It.
    pub compiled: Compiled,
}

/// Wires a host with one plugin from outside and no other.
pub fn assemble_stranger(setup: &Setup, plan: Plan, stranger: Stranger) -> Result<Assembly> {
    let requests = stranger.manifest.requests.clone();
    assemble_stranger_with(setup, plan, stranger, requests)
}

/// The same where it is granted less than its manifest requests.
pub fn assemble_stranger_with(
    setup: &Setup,
    mut plan: Plan,
    stranger: Stranger,
    granted: Requests,
) -> Result<Assembly> {
    let Stranger { manifest, sandbox, compiled, .. } = stranger;
    // The interval of a generator is its own: nothing is configured for it.
    plan.generators.clear();
    let assembly = wire(setup, plan, sandbox, None)?;
    // What it runs on is what it asks for: nothing of it is kept.
    let version = Version { manifest, bytes: Vec::new().into(), vouched: Vouched::BuiltIn };
    let plugin = version.load(&assembly.host.sandbox, &compiled).map_err(|error| refused(&version, &error))?;
    let manifest = Manifest { requests: granted, ..version.manifest };
    assembly.repertoire.add(plugin.digest(), manifest, version.vouched);
    assembly.host.install(plugin);
    Ok(assembly)
}

/// Wires a host where nobody serves: versions are tried on it that somebody has loaded.
pub fn assemble_empty(setup: &Setup, plan: Plan, sandbox: &Arc<Sandbox>) -> Result<Assembly> {
    wire(setup, plan, Arc::clone(sandbox), None)
}

/// Wires a host with the built-in plugins.
pub fn assemble(setup: &Setup, plan: Plan) -> Result<Assembly> {
    assemble_on(setup, plan, Arc::new(sandboxed::open(setup)?))
}

/// The same with effects that go to X, and reads that come from there, where there is one: a host that runs.
pub fn assemble_for(setup: &Setup, plan: Plan, x: Option<Arc<X>>) -> Result<Assembly> {
    built_in(setup, plan, Arc::new(sandboxed::open(setup)?), x)
}

/// The same with plugins that packs bring; one of the name of a built-in one takes its place.
pub fn assemble_with(setup: &Setup, plan: Plan, brought: &[Version]) -> Result<Assembly> {
    let assembly = assemble(setup, plan)?;
    for version in brought {
        let compiled = assembly.host.sandbox.compile(&version.bytes).map_err(|error| refused(version, &error))?;
        assembly.install(version, &compiled)?;
    }
    Ok(assembly)
}

/// The same on a sandbox that is there: for the benchmark, which has one that is not the configuration's.
#[doc(hidden)]
pub fn assemble_on(setup: &Setup, plan: Plan, sandbox: Arc<Sandbox>) -> Result<Assembly> {
    built_in(setup, plan, sandbox, None)
}

fn built_in(setup: &Setup, plan: Plan, sandbox: Arc<Sandbox>, x: Option<Arc<X>>) -> Result<Assembly> {
    let generators = plan.generators.clone();
    let assembly = wire(setup, plan, Arc::clone(&sandbox), x)?;
    for version in Version::built_in() {
        let id = version.manifest.id.as_str();
        if !firstparty::GENERATORS.contains(&id) || generators.contains_key(id) {
            let fault = |error: puppet_sandbox::LoadError| Trouble::internal(format!("{id}: {error}"));
            let compiled = sandbox.compile(&version.bytes).map_err(fault)?;
            assembly.install(&version, &compiled)?;
        }
    }
    Ok(assembly)
}

impl Assembly {
    /// Lets a version serve.
    pub fn install(&self, version: &Version, compiled: &Compiled) -> Result<()> {
        let plugin = version.load(&self.host.sandbox, compiled).map_err(|error| refused(version, &error))?;
        self.repertoire.add(plugin.digest(), version.manifest.clone(), version.vouched.clone());
        self.host.install(plugin);
        Ok(())
    }
}

fn refused(version: &Version, error: &puppet_sandbox::LoadError) -> Trouble {
    let remedy = "make pack.toml and the component agree, or build it anew";
    Trouble::input("component", format!("{}: {error}", version.manifest.id), remedy)
}

/// Wires a host where nobody serves, and one call may take so much, whatever is configured.
pub fn assemble_within(setup: &Setup, plan: Plan, sandbox: Arc<Sandbox>, bounds: CallBounds) -> Result<Assembly> {
    wire_within(setup, plan, sandbox, None, bounds)
}

fn wire(setup: &Setup, plan: Plan, sandbox: Arc<Sandbox>, x: Option<Arc<X>>) -> Result<Assembly> {
    wire_within(setup, plan, sandbox, x, sandboxed::bounds(setup))
}

fn wire_within(
    setup: &Setup,
    plan: Plan,
    sandbox: Arc<Sandbox>,
    x: Option<Arc<X>>,
    bounds: CallBounds,
) -> Result<Assembly> {
    let repertoire = Arc::new(Repertoire::default());
    let accounts = Arc::new(Accounts::default());
    let store: Arc<dyn Store> = plan.store.shared();
    let local = Arc::new(Local::new(Arc::clone(&store) as _, Arc::clone(&accounts)));
    // Nothing leaves in virtual time.
    let x = x.filter(|_| !plan.clock.is_virtual());
    let leaves = x.is_some();
    let (reader, publisher): (Held<dyn TweetReader>, Arc<dyn TweetPublisher>) = match &x {
        Some(x) => (Held::new(Arc::clone(x) as _), Arc::clone(x) as _),
        None => (Held::new(Arc::clone(&local) as _), Arc::clone(&local) as _),
    };
    let memory = match plan.embedding {
        Some((embedder, terms)) if !plan.clock.is_virtual() => {
            Memories::embedded(Arc::clone(&store) as _, embedder, terms)
        }
        _ => Memories::hashed(Arc::clone(&store) as _),
    };
    let seats = Arc::new(Seats::default());
    let denied = setup.config.trading.risk.as_ref().map_or_else(Vec::new, |rules| rules.deny_mints.clone());
    let markets = plan.markets.unwrap_or_else(|| Markets {
        quotes: Arc::new(DeskQuotes::new(Arc::clone(&seats), plan.store.shared(), denied)),
        purses: Arc::clone(&seats) as _,
    });
    let pages = plan.pages.unwrap_or_else(|| Arc::new(NoPages) as _);
    let casting = Cast {
        repertoire: Arc::clone(&repertoire),
        grants: plan.grants,
        generators: plan.generators,
        models: plan.models,
        timezone: plan.timezone,
    };
    let host = Host::new(HostParts {
        store: Arc::clone(&store) as _,
        sandbox,
        clock: plan.clock,
        held: HeldProviders {
            agents: Held::new(Arc::clone(&store) as _),
            timers: Held::new(Arc::clone(&store) as _),
            memory,
            tweets: reader,
            prices: if leaves { setup.config.tweet.x.prices.0 } else { Prices::FREE },
            quotes: Held::new(Arc::clone(&markets.quotes)),
            purses: Held::new(Arc::clone(&markets.purses)),
            pages: Held::new(pages),
            page_bounds: setup.config.http.rules.bounds,
        },
        offline: HeldProviders {
            agents: Held::new(Arc::clone(&store) as _),
            timers: Held::new(Arc::clone(&store) as _),
            memory: Memories::hashed(Arc::clone(&store) as _),
            tweets: Held::new(Arc::clone(&local) as _),
            prices: Prices::FREE,
            quotes: Held::new(Arc::new(puppet_market::NoQuotes) as _),
            purses: Held::new(Arc::new(puppet_wallet::NoPurses) as _),
            pages: Held::new(Arc::new(NoPages) as _),
            page_bounds: setup.config.http.rules.bounds,
        },
        publisher,
        purses: markets.purses,
        accounts,
        ledger: Arc::new(Ledger::default()),
        books: Arc::new(StoreBooks(Arc::clone(&store) as _)),
        bounds,
        approval_ms: setup.config.approvals.expires_ms,
        mailbox: setup.config.mailbox,
        redaction: setup.config.journal.redaction.clone(),
        secret: plan.secret,
        casting: Box::new(casting),
    });
    host.set_outbox_rules(setup.config.outbox.clone());
    host.set_posting_rules(leaves.then(|| setup.config.tweet.posting_rules()));
    host.set_rehearsal_rules(setup.config.tweet.posting_rules());
    Ok(Assembly { host: Arc::new(host), local, store: plan.store, repertoire, seats })
}

/// What an agent may do: what its plugin and its pack both request, cut to what the operator leaves each of them.
/// `data` vouches for its pack, where that is not the plugin's.
pub fn rights(known: &Known, spec: &AgentSpec, data: &Vouched, grants: &Grants, ledger: &Arc<Ledger>) -> Rights {
    let grants = grants.in_force();
    let mut requests = spec.requests_of(&known.manifest.requests);
    let mut terms = grants.cut(&mut requests, (&spec.plugin, &known.vouched), Some(&spec.id));
    let mut others = Vec::new();
    if spec.pack != spec.plugin {
        terms = terms.both(&grants.cut(&mut requests, (&spec.pack, data), Some(&spec.id)));
        others.push(spec.pack.clone());
    }
    let shared = grants.shared(&AccountId::new(&spec.handle));
    Rights::on_terms(&requests, (&spec.plugin, &others), &spec.id, ledger, terms, shared)
}

/// What a generator may do.
pub fn rights_of_generator(known: &Known, id: &AgentId, grants: &Grants, ledger: &Arc<Ledger>) -> Rights {
    let grants = grants.in_force();
    let Known { manifest, vouched } = known;
    let mut requests = manifest.requests.clone();
    let terms = grants.cut(&mut requests, (&manifest.id, vouched), Some(id));
    Rights::on_terms(&requests, (&manifest.id, &[]), id, ledger, terms, grants.shared_by_all())
}

/// Rows become actors.
struct Cast {
    repertoire: Arc<Repertoire>,
    grants: Arc<Grants>,
    generators: BTreeMap<String, u64>,
    models: Routes,
    timezone: String,
}

impl Cast {
    fn generator(&self, id: &AgentId, plugins: &Plugins, ledger: &Arc<Ledger>) -> Option<Actor> {
        let pack = PackId::new(id.as_str().strip_prefix("generator:")?);
        let plugin = plugins.get(&pack)?;
        let known = self.repertoire.known(&pack, plugin.digest())?;
        let manifest = &known.manifest;
        let mut settings = manifest.settings.clone();
        if let (Some(interval), Some(table)) = (self.generators.get(pack.as_str()), settings.as_object_mut()) {
            table.insert("interval_ms".to_owned(), Value::from(*interval));
        }
        let persona = Persona::default();
        let profile = Profile {
            id: id.to_string(),
            name: manifest.name.clone(),
            description: manifest.description.clone(),
            handle: pack.to_string(),
            timezone: self.timezone.clone(),
            persona: Json::of(&persona),
            settings: Json::of(&settings),
        };
        Some(Actor {
            id: id.clone(),
            account: AccountId::new(id.as_str()),
            persona_digest: Digest::of(profile.persona.as_str().as_bytes()),
            settings_digest: Digest::of(profile.settings.as_str().as_bytes()),
            profile,
            persona: Arc::new(persona),
            plugin: Arc::clone(plugin),
            rights: Arc::new(rights_of_generator(&known, id, &self.grants, ledger)),
            llm: self.models.of_agent(id, None)?,
            assets: Vec::new(),
            decay: None,
            remembered: Remembered::default(),
            kept: Default::default(),
        })
    }
}

impl Casting for Cast {
    fn cast(
        &self,
        id: &AgentId,
        body: &Value,
        plugins: &Plugins,
        ledger: &Arc<Ledger>,
    ) -> std::result::Result<Option<Actor>, String> {
        if id.is_generator() {
            return Ok(self.generator(id, plugins, ledger));
        }
        let spec = agents::parsed(body).map_err(|error| error.to_string())?;
        let Some(plugin) = plugins.get(&spec.plugin) else { return Ok(None) };
        let Some(known) = self.repertoire.known(&plugin.id, plugin.digest()) else { return Ok(None) };
        let rights = rights(&known, &spec, &self.repertoire.vouched(&spec.pack), &self.grants, ledger);
        let llm = self.models.of_agent(id, spec.llm.as_deref()).ok_or("there is no model for it")?;
        let profile = Profile {
            id: id.to_string(),
            name: spec.name.clone(),
            description: spec.description.clone(),
            handle: spec.handle.clone(),
            timezone: spec.timezone.clone().unwrap_or_else(|| self.timezone.clone()),
            persona: Json::of(&spec.persona),
            settings: Json::of(&spec.settings),
        };
        Ok(Some(Actor {
            id: id.clone(),
            account: AccountId::new(&spec.handle),
            persona_digest: Digest::of(profile.persona.as_str().as_bytes()),
            settings_digest: Digest::of(profile.settings.as_str().as_bytes()),
            profile,
            plugin: Arc::clone(plugin),
            rights: Arc::new(rights),
            llm,
            assets: spec.assets,
            decay: spec.mood_decay,
            remembered: Remembered::default(),
            kept: Default::default(),
            persona: Arc::new(spec.persona),
        }))
    }
}
