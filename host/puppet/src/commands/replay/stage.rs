//! Where records are run again: a host for each set of measures that calls had, with no rows, a clock that stands still and
//! the offline model. What it is asked is answered from records alone.

use std::{collections::BTreeMap, sync::Arc};

use puppet_engine::{Actor, Host, Measures, Plugin, ReplayError, Replayed, VirtualClock, Whole, replay_as};
use puppet_grants::{CallBounds, Request, Requests};
use puppet_sandbox::{AgentRef, SandboxConfig, World};
use puppet_store::sqlite::SqliteStore;
use puppet_types::{AgentId, Digest, Invocation, PackId, Timestamp};

use super::{
    builds::{Build, Builds},
    subject::{Found, Subject, Unfit},
};
use crate::{
    assembly::{self, Plan},
    routes::Routes,
    sandboxed,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// Who plays an agent on one build, by what calls had.
type Casts = Vec<(Arc<Whole>, Arc<Actor>)>;

/// Hosts, plugins and actors, each made once.
pub struct Stage<'a> {
    setup: &'a Setup,
    hosts: BTreeMap<Digest, Arc<Host>>,
    plugins: BTreeMap<(Digest, PackId, Digest), Arc<Plugin>>,
    actors: BTreeMap<(AgentId, Digest), Casts>,
}

/// A record that only has to be run.
pub struct Ready {
    host: Arc<Host>,
    actor: Arc<Actor>,
    subject: Subject,
}

impl<'a> Stage<'a> {
    /// With nobody on it.
    pub fn new(setup: &'a Setup) -> Self {
        Self { setup, hosts: BTreeMap::new(), plugins: BTreeMap::new(), actors: BTreeMap::new() }
    }

    /// Brings everything that a record needs; says what is missing where it cannot be run.
    pub fn ready(&mut self, subject: Subject, builds: &mut Builds<'_>) -> Result<std::result::Result<Ready, Unfit>> {
        let build = match builds.for_record(&subject.recorded.plugin)? {
            Ok(build) => build,
            Err(reason) => return Ok(Err((Box::new(subject.recorded), reason))),
        };
        let host = self.host(&subject.whole.circumstances.measures, &subject.whole.measures)?;
        let plugin = self.plugin(&host, &subject, &build)?;
        let generates = plugin.world == World::EventGenerator;
        if generates != subject.recorded.agent.is_generator() {
            let reason =
                format!("what ran for `{}` is of another world than `{}`", subject.recorded.agent, plugin.world.name());
            return Ok(Err((Box::new(subject.recorded), reason)));
        }
        match self.actor(&subject, &plugin) {
            Ok(actor) => Ok(Ok(Ready { host, actor, subject })),
            Err(reason) => Ok(Err((Box::new(subject.recorded), reason))),
        }
    }

    fn host(&mut self, digest: &Digest, measures: &Measures) -> Result<Arc<Host>> {
        if let Some(host) = self.hosts.get(digest) {
            return Ok(Arc::clone(host));
        }
        let config = SandboxConfig { limits: measures.limits.clone(), ..sandboxed::config(self.setup)? };
        let sandbox = Arc::new(sandboxed::open_with(config)?);
        let bounds = CallBounds::of_values(&measures.bounds)
            .map_err(|error| Trouble::input("out-of-range", error, "replay a record or a case that was not edited"))?;
        let host = assembly::assemble_within(self.setup, plan(self.setup)?, sandbox, bounds)?.host;
        self.hosts.insert(*digest, Arc::clone(&host));
        Ok(host)
    }

    fn plugin(&mut self, host: &Host, subject: &Subject, build: &Build) -> Result<Arc<Plugin>> {
        let id = &subject.recorded.plugin.id;
        let key = (subject.whole.circumstances.measures, id.clone(), build.digest);
        if let Some(plugin) = self.plugins.get(&key) {
            return Ok(Arc::clone(plugin));
        }
        let refused = |error: puppet_sandbox::LoadError| {
            Trouble::input("component", format!("{id}: {error}"), "build it with the SDK for `wasm32-wasip2`")
        };
        let compiled = host.sandbox.compile(&build.bytes).map_err(refused)?;
        // The journal says what was granted; a component asks for what it imports.
        let imports = compiled.inspection().capabilities.iter();
        let asked = imports.filter(|capability| !capability.comes_with_every_plugin());
        let requests: Requests = asked.map(|capability| (*capability, Request::default())).collect();
        let version = build.version.clone().unwrap_or_else(|| subject.recorded.plugin.version.clone());
        let plugin = Plugin::load(&host.sandbox, &compiled, id.clone(), version, requests).map_err(refused)?;
        let plugin = Arc::new(plugin);
        self.plugins.insert(key, Arc::clone(&plugin));
        Ok(plugin)
    }

    fn actor(&mut self, subject: &Subject, plugin: &Arc<Plugin>) -> std::result::Result<Arc<Actor>, String> {
        let of_agent = self.actors.entry((subject.recorded.agent.clone(), plugin.digest())).or_default();
        if let Some((_, actor)) = of_agent.iter().find(|(whole, _)| Arc::ptr_eq(whole, &subject.whole)) {
            return Ok(Arc::clone(actor));
        }
        let actor = subject.whole.cast(&subject.recorded.agent, plugin).map_err(|missing| missing.to_string())?;
        let actor = Arc::new(actor);
        of_agent.push((Arc::clone(&subject.whole), Arc::clone(&actor)));
        Ok(actor)
    }
}

fn plan(setup: &Setup) -> Result<Plan> {
    Ok(Plan {
        store: SqliteStore::in_memory()?.into(),
        clock: Arc::new(VirtualClock::new(Timestamp::default())),
        // Nothing is drawn from it: every record brings its seed.
        secret: assembly::seeded("replay", 0),
        generators: BTreeMap::new(),
        grants: Arc::default(),
        models: Routes::offline(),
        embedding: None,
        timezone: setup.config.host.timezone.clone(),
        markets: None,
        pages: None,
    })
}

impl Ready {
    /// Runs it; answers what was recorded and what came of it now, or why nothing can be said.
    pub async fn replay(self) -> Result<(Invocation, std::result::Result<Replayed, String>)> {
        let Self { host, actor, subject: Subject { recorded, whole } } = self;
        let audience = whole.audience.as_ref().map(|all| all.iter().cloned().map(AgentRef::from).collect());
        match replay_as(&host, &actor, &recorded, audience).await {
            Ok(replayed) => Ok((recorded, Ok(replayed))),
            Err(ReplayError::Unreplayable(_, reason)) => Ok((recorded, Err(reason))),
            Err(ReplayError::Store(error)) => Err(error.into()),
        }
    }
}

/// What was found, made ready.
pub fn prepare(
    stage: &mut Stage<'_>,
    found: Found,
    builds: &mut Builds<'_>,
) -> Result<std::result::Result<Ready, Unfit>> {
    match found {
        Ok(subject) => stage.ready(subject, builds),
        Err(unfit) => Ok(Err(unfit)),
    }
}
