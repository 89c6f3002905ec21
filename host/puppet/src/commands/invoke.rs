//! `invoke`: one event through a component in the real sandbox, with the gate, the offline model and empty rows.
//! Nothing is committed and no data folder is touched.

mod recorded;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use puppet_engine::{Recorded, VirtualClock};
use puppet_grants::{Request, Requests};
use puppet_packs::{AgentSpec, Manifest};
use puppet_sandbox::World;
use puppet_store::sqlite::SqliteStore;
use puppet_types::{AgentId, Event, EventId, Invocation, Outcome, Priority, ReadStatus, Timestamp, counted, ids};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    agents::{self, NewAgent, of_pack},
    assembly::{self, Assembly, Plan, Stranger},
    cli::Invoke,
    files, firstparty,
    output::Output,
    repertoire::Version,
    routes::Routes,
    sandboxed,
    setup::Setup,
    trouble::{Exit, Result, Trouble},
    vetting,
};
use puppet_api::view::invocation::{EventView, seed_text};

use recorded::Record;

/// The seed where neither a flag nor a record has one.
const SEED: u64 = 42;

/// When it happens, unless the event says so.
const START: &str = "2026-01-05T12:00:00Z";

/// No setting lets a component be larger.
const COMPONENT_BYTES: u64 = 256 << 20;

/// The event as it is typed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    kind: String,
    #[serde(default)]
    payload: Value,
    author: Option<String>,
    #[serde(default)]
    priority: Priority,
    at: Option<Timestamp>,
}

/// Runs it.
pub async fn run(setup: &Setup, args: &Invoke, out: Output) -> Result<()> {
    let given = args.event.as_deref().map(event).transpose()?;
    let record = args.answers.as_deref().map(Record::open).transpose()?;
    let (stranger, spec) = target(setup, &args.target, firstparty::plugins())?;
    let typed = given.as_ref().and_then(|given| given.at);
    let recorded = record.as_ref().and_then(|record| record.at);
    let at = typed.or(recorded).or_else(|| Timestamp::parse(START)).unwrap_or_default();
    let generator = stranger.world == World::EventGenerator;
    let pack = stranger.manifest.id.clone();
    let plan = Plan {
        store: SqliteStore::in_memory()?.into(),
        clock: Arc::new(VirtualClock::new(at)),
        secret: assembly::seeded("invoke", args.seed.unwrap_or(SEED)),
        generators: BTreeMap::new(),
        grants: Arc::default(),
        models: Routes::offline(),
        embedding: None,
        timezone: setup.config.host.timezone.clone(),
        markets: None,
        pages: None,
    };
    let Assembly { host, .. } = assembly::assemble_stranger(setup, plan, stranger)?;
    host.apply(NewAgent { spec: spec.clone() }.changes(at)?).await?;
    agents::introduce(&host, &spec);
    let mailbox = if generator { AgentId::generator(&pack) } else { spec.id.clone() };
    let own_event = given.is_none();
    let event = match given {
        Some(given) => as_event(given, mailbox, at),
        None => record.as_ref().and_then(|record| record.event(&mailbox)).ok_or_else(no_event)?,
    };
    let differences = record.as_ref().map(Record::differences);
    let mut recorded = record.map_or_else(Recorded::default, |record| record.given(own_event));
    if args.seed.is_some() {
        recorded.seed = None;
    }
    let invocation = puppet_engine::preview(&host, event, recorded).await?;
    let Some(invocation) = invocation else {
        return Err(Trouble::internal("the component was loaded and cannot be called"));
    };
    for part in differences.into_iter().flat_map(|differences| differences(&invocation)) {
        out.note(format!("the {part} is not the one of the record"));
    }
    tell(&invocation, out)
}

fn no_event() -> Trouble {
    let remedy = "write --event '{\"kind\": …}', or give --answers a record of `puppet journal show ID --json`";
    Trouble::input("event", "nothing says what happens", remedy).of_field("--event")
}

fn event(text: &str) -> Result<Given> {
    let read;
    let text = match text.strip_prefix('@') {
        Some(path) => {
            read = files::text(path.as_ref()).map_err(|error| {
                Trouble::input("event", format!("`{path}` cannot be read: {error}"), "name a file with a JSON object")
            })?;
            &read
        }
        None => text,
    };
    serde_json::from_str(text).map_err(|error| {
        let remedy = "write an object: --event '{\"kind\": \"mention\", \"payload\": {}}'";
        Trouble::input("event", format!("no event: {error}"), remedy).of_field("--event")
    })
}

/// What is to be run, and whom it plays. `known` are the plugins that a pack may name.
pub(crate) fn target(setup: &Setup, path: &Path, known: Vec<firstparty::BuiltIn>) -> Result<(Stranger, AgentSpec)> {
    if !path.is_dir() {
        let bytes = read(path)?;
        let sandbox = Arc::new(sandboxed::open(setup)?);
        let compiled = sandbox.compile(&bytes).map_err(|error| refused(path, &error))?;
        let inspection = compiled.inspection();
        // A bare component asks for what it imports.
        let asked = inspection.capabilities.iter().filter(|capability| !capability.comes_with_every_plugin());
        let requests: Requests = asked.map(|capability| (*capability, Request::default())).collect();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().replace('_', "-");
        let manifest = Manifest::bare(&name, requests);
        let spec = AgentSpec::blank("tester", &manifest.id);
        return Ok((Stranger { manifest, world: inspection.world, sandbox, compiled }, spec));
    }
    let (pack, version) = agents::opened_with(path, known)?;
    let Some(Version { manifest, bytes, .. }) = version else {
        let known: Vec<String> = firstparty::plugins().iter().map(|plugin| plugin.manifest.id.to_string()).collect();
        let message = format!("there is no plugin `{}`", pack.manifest.plugin());
        let remedy = format!("use one of {}", known.join(", "));
        return Err(Trouble::input("unknown-plugin", message, remedy).in_file(path));
    };
    pack.check_settings(&manifest.declares).map_err(of_pack)?;
    let sandbox = Arc::new(sandboxed::open(setup)?);
    let compiled = sandbox.compile(&bytes).map_err(|error| refused(path, &error))?;
    let world = compiled.inspection().world;
    if world != World::Personality && pack.persona.is_some() {
        return Err(agents::no_character(path, &pack.manifest.component, world));
    }
    vetting::hold_to_claims(&pack, &manifest.id, world, compiled.inspection().digest)?;
    let mut spec = AgentSpec::from_pack(&pack).unwrap_or_else(|| AgentSpec::blank("tester", &manifest.id));
    spec.plugin = manifest.id.clone();
    Ok((Stranger { manifest, world, sandbox, compiled }, spec))
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    files::bytes(path, COMPONENT_BYTES).map_err(|error| {
        Trouble::input("component", format!("cannot be read: {error}"), "name a component (`.wasm`) or a pack's folder")
            .in_file(path)
    })
}

pub(crate) fn refused(path: &Path, error: &puppet_sandbox::LoadError) -> Trouble {
    Trouble::input("component", error.to_string(), "build it with the SDK for `wasm32-wasip2`").in_file(path)
}

fn as_event(given: Given, agent: AgentId, at: Timestamp) -> Event {
    let payload = if given.payload.is_null() { json!({}) } else { given.payload };
    let id = ids::derive("evt", &["invoke", &given.kind, &payload.to_string(), &at.to_string()]);
    Event {
        id: EventId::from(id),
        kind: given.kind,
        source: "cli".to_owned(),
        agent,
        author: given.author,
        priority: given.priority,
        at,
        payload,
        hops: 0,
        cause: None,
        broadcast: None,
    }
}

fn tell(invocation: &Invocation, out: Output) -> Result<()> {
    let (breach, detail) = match &invocation.outcome {
        Outcome::Breach(breach, detail) => (Some(breach.code()), Some(detail.clone())),
        Outcome::Failed(message) => (None, Some(message.clone())),
        Outcome::Declined(declined) => (None, Some(format!("{}: {}", declined.code, declined.message))),
        Outcome::Ok => (None, None),
    };
    let refused = invocation.reads.iter().filter(|read| matches!(read.status, ReadStatus::Denied | ReadStatus::Budget));
    let denied: Vec<Value> = refused
        .map(|read| json!({ "capability": read.capability, "operation": read.operation, "answer": read.answer }))
        .collect();
    if out.json {
        out.object(&json!({
            "schema": "puppet.invoke/1", "outcome": invocation.outcome.name(), "breach": breach, "detail": detail,
            "denied": denied, "fuel": invocation.fuel, "peak_memory_bytes": invocation.peak_memory_bytes,
            "host_calls": invocation.host_calls, "decisions": invocation.decisions, "log": invocation.log,
            "committed": false, "id": invocation.id, "at": invocation.at, "agent": invocation.agent,
            "plugin": invocation.plugin, "persona_digest": invocation.persona_digest,
            "settings_digest": invocation.settings_digest, "seed": invocation.seed.map(seed_text),
            "event": EventView::of(invocation.event.clone()), "reads": invocation.reads,
        }))?;
    } else {
        let outcome = breach.unwrap_or(invocation.outcome.name());
        out.line(format!("{} {}", out.bold(outcome), detail.unwrap_or_default()))?;
        out.line(format!(
            "{} fuel, {} of memory",
            invocation.fuel,
            counted(invocation.peak_memory_bytes, "byte", "bytes")
        ))?;
        for decision in &invocation.decisions {
            let body = serde_json::to_value(&decision.decision).map_err(Trouble::internal)?;
            out.line(format!("{} {}", out.good(decision.decision.kind()), body["body"]))?;
        }
        for line in &invocation.log {
            out.line(out.dim(format!("log {line}")))?;
        }
        out.line(out.dim("nothing was committed"))?;
    }
    match breach {
        Some(code) => {
            let mut trouble = Trouble::input(
                "breach",
                format!("the component ran into a limit: {code}"),
                "`puppet doctor --limits` lists the limits",
            );
            trouble.exit = Exit::Failed;
            Err(trouble)
        }
        None => Ok(()),
    }
}
