//! A host of one scenario: in memory, in virtual time, with providers that answer what the scenario says.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use puppet_author::{
    offset,
    scenario::{Character, GivenMemory, GivenPost, PersonaFrom, START, Scenario},
    script::Script,
};
use puppet_engine::{Host, VirtualClock};
use puppet_grants::{Requests, ceiling};
use puppet_llm::{Offline, route::Link};
use puppet_packs::{AgentSpec, default_handle};
use puppet_sandbox::World;
use puppet_store::{Change, Post, Relationship, StateBlob, Timer, sqlite::SqliteStore};
use puppet_types::{
    AccountId, AgentId, Capability, Digest, EffectId, Memory, Persona, PostId, TimerRule, Timestamp, Trust,
};

use super::doubles::{Doubles, Recorder};
use crate::{
    agents::{self, NewAgent, of_pack},
    assembly::{self, Assembly, Markets, Plan, Stranger},
    files,
    routes::Routes,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// See the head of this file.
pub struct Stage {
    /// The host.
    pub host: Arc<Host>,
    /// Its clock.
    pub clock: Arc<VirtualClock>,
    /// Its providers.
    pub doubles: Arc<Doubles>,
    /// Whose events the steps are.
    pub mailbox: AgentId,
}

impl Stage {
    /// Sets it up. Problems are told as those of the scenario's `file`.
    pub async fn of(
        setup: &Setup,
        (stranger, spec): (&Stranger, &AgentSpec),
        scenario: &Scenario,
        file: &Path,
        recorder: Option<Recorder>,
    ) -> Result<Self> {
        let at = scenario.at.as_deref().unwrap_or(START);
        let start = offset::moment(at, Timestamp::default()).unwrap_or_default();
        let clock = Arc::new(VirtualClock::new(start));
        let script = Script::new(with_bodies(scenario, file)?);
        let doubles = Doubles::new(script, scenario.balance.clone(), recorder);
        let timezone = scenario.timezone.clone().unwrap_or_else(|| "UTC".to_owned());
        if jiff::tz::TimeZone::get(&timezone).is_err() {
            let message = format!("`{timezone}` is no time zone");
            return Err(wrong(file, message, "write an IANA name, for example Europe/Berlin").of_field("timezone"));
        }
        let link = Link { name: "scenario".to_owned(), provider: Arc::clone(&doubles) as _, terms: Offline::terms() };
        let plan = Plan {
            store: SqliteStore::in_memory()?.into(),
            clock: Arc::clone(&clock) as _,
            secret: assembly::seeded("scenario", scenario.seed.0),
            generators: BTreeMap::new(),
            grants: Arc::default(),
            models: Routes::only(link),
            embedding: None,
            timezone: timezone.clone(),
            markets: Some(Markets { quotes: Arc::clone(&doubles) as _, purses: Arc::clone(&doubles) as _ }),
            pages: Some(Arc::clone(&doubles) as _),
        };
        known_settings(stranger, scenario, file)?;
        let granted = granted(&stranger.manifest.requests, &scenario.deny, file)?;
        let spec = self::spec(spec, scenario, timezone, file)?;
        let pack = stranger.manifest.id.clone();
        let generator = stranger.world == World::EventGenerator;
        let digest = stranger.compiled.inspection().digest;
        let mut stranger = stranger.clone();
        // Those of a generator are its pack's.
        set(&mut stranger.manifest.settings, scenario);
        let Assembly { host, .. } = assembly::assemble_stranger_with(setup, plan, stranger, granted)?;
        let mailbox = if generator { AgentId::generator(&pack) } else { spec.id.clone() };
        let mut changes = if generator { Vec::new() } else { NewAgent { spec: spec.clone() }.changes(start)? };
        changes.extend(given(scenario, (&mailbox, digest, &pack), start));
        host.store.apply(changes).await?;
        for post in &scenario.post {
            let post = published(post, &scenario.post, start);
            host.store.publish(&EffectId::from(format!("scenario-{}", post.id)), vec![post]).await?;
        }
        if !generator {
            agents::introduce(&host, &spec);
        }
        for other in &scenario.character {
            let mut spec = AgentSpec::blank(&other.id, &pack);
            named(&mut spec, other);
            agents::introduce(&host, &spec);
        }
        host.load().await?;
        Ok(Self { host, clock, doubles, mailbox })
    }
}

/// The character that plays, as the scenario has it.
fn spec(pack: &AgentSpec, scenario: &Scenario, timezone: String, file: &Path) -> Result<AgentSpec> {
    let mut spec = pack.clone();
    spec.id = AgentId::new("tester");
    spec.handle = default_handle("tester");
    named(&mut spec, &scenario.agent);
    spec.timezone = Some(timezone);
    spec.llm = None;
    if let Some(persona) = &scenario.persona {
        spec.persona = self::persona(persona, file)?;
    }
    set(&mut spec.settings, scenario);
    Ok(spec)
}

/// Settings of the scenario take the place of single ones.
fn set(settings: &mut serde_json::Value, scenario: &Scenario) {
    if let Some(all) = settings.as_object_mut() {
        let own = scenario.settings.iter();
        all.extend(own.map(|(key, value)| (key.clone(), serde_json::to_value(value).unwrap_or_default())));
    }
}

/// What the plugin declares, where it declares anything.
fn known_settings(stranger: &Stranger, scenario: &Scenario, file: &Path) -> Result<()> {
    let known: Vec<&str> = stranger.manifest.declares.iter().map(|setting| setting.name.as_str()).collect();
    let odd = scenario.settings.keys().find(|key| !known.is_empty() && !known.contains(&key.as_str()));
    odd.map_or(Ok(()), |key| {
        let message = format!("the plugin has no setting `{key}`");
        Err(wrong(file, message, puppet_author::fault::meant(key, &known)).of_field(format!("settings.{key}")))
    })
}

fn named(spec: &mut AgentSpec, character: &Character) {
    let Character { id, name, handle, description } = character;
    if !id.is_empty() {
        spec.id = AgentId::new(id);
        spec.handle = default_handle(id);
    }
    if !name.is_empty() {
        name.clone_into(&mut spec.name);
    }
    if !handle.is_empty() {
        handle.clone_into(&mut spec.handle);
    }
    if !description.is_empty() {
        description.clone_into(&mut spec.description);
    }
}

fn persona(from: &PersonaFrom, file: &Path) -> Result<Persona> {
    match from {
        PersonaFrom::File(name) => {
            let path = inside(pack_of(file), name, file, "persona")?;
            let text = files::text(&path).map_err(|error| {
                let remedy = "name a file from the pack's folder on";
                wrong(file, format!("`{}` cannot be read: {error}", path.display()), remedy).of_field("persona")
            })?;
            puppet_packs::parse_persona(&text, &path).map_err(|error| {
                let trouble = of_pack(error);
                wrong(file, trouble.in_a_line(), "mend that file").of_field("persona")
            })
        }
        PersonaFrom::Table(table) => {
            let text = toml::to_string(table).map_err(Trouble::internal)?;
            puppet_packs::parse_persona(&text, file).map_err(|error| {
                let trouble = of_pack(error);
                // It counts from the table on.
                let field = trouble.place.field.as_deref().unwrap_or_default();
                wrong(file, trouble.message.clone(), trouble.remedy.clone()).of_field(format!("persona.{field}"))
            })
        }
    }
}

/// A file below a folder: neither its name nor a link leads out of it.
fn inside(folder: &Path, name: &Path, file: &Path, field: &str) -> Result<PathBuf> {
    let path = folder.join(name);
    let (real, home) = (path.canonicalize(), folder.canonicalize());
    match (real, home) {
        (Ok(real), Ok(home)) if real.starts_with(&home) => Ok(path),
        (Err(error), _) => {
            let message = format!("`{}` cannot be read: {error}", name.display());
            Err(wrong(file, message, "name a file that is there").of_field(field))
        }
        _ => {
            let message = format!("`{}` leads out of the pack", name.display());
            Err(wrong(file, message, "put the file itself into the pack").of_field(field))
        }
    }
}

/// The pack's folder, of a file in its `tests/`.
fn pack_of(file: &Path) -> &Path {
    file.parent().and_then(Path::parent).unwrap_or_else(|| Path::new("."))
}

/// Bodies that stand in files beside the scenario are read.
fn with_bodies(scenario: &Scenario, file: &Path) -> Result<puppet_author::scenario::Answers> {
    let mut answers = scenario.answer.clone();
    for answer in &mut answers.http {
        if let Some(name) = &answer.body_file {
            let path = inside(file.parent().unwrap_or_else(|| Path::new(".")), name, file, "answer.http.body_file")?;
            answer.body = Some(files::text(&path).map_err(|error| {
                let message = format!("`{}` cannot be read: {error}", path.display());
                wrong(file, message, "name a text file beside the scenario").of_field("answer.http.body_file")
            })?);
        }
    }
    Ok(answers)
}

/// What the pack asks for without what is denied. What is left of a capability stays, also where that is nothing: a call of
/// it is answered `denied`.
fn granted(requests: &Requests, deny: &[String], file: &Path) -> Result<Requests> {
    let mut granted = requests.clone();
    for denied in deny {
        let (name, operation) =
            denied.split_once('.').map_or((denied.as_str(), None), |(name, rest)| (name, Some(rest)));
        let Some(capability) = Capability::parse(name) else { continue };
        let Some(request) = granted.get_mut(&capability) else {
            let message = format!("the pack does not ask for `{name}`");
            return Err(wrong(file, message, "take it out of deny: it is denied anyway").of_field("deny"));
        };
        let Some(operation) = operation else {
            granted.remove(&capability);
            continue;
        };
        let known = ceiling(capability).map_or(&[][..], |ceiling| ceiling.operations);
        if !known.contains(&operation) {
            let message = format!("`{name}` has no operation `{operation}`");
            return Err(wrong(file, message, puppet_author::fault::meant(operation, known)).of_field("deny"));
        }
        if request.operations.is_empty() {
            request.operations = known.iter().map(|name| (*name).to_owned()).collect();
        }
        request.operations.remove(operation);
        if request.operations.is_empty() {
            granted.remove(&capability);
        }
    }
    Ok(granted)
}

/// What is there before the first event.
fn given(
    scenario: &Scenario,
    (agent, digest, pack): (&AgentId, Digest, &puppet_types::PackId),
    start: Timestamp,
) -> Vec<Change> {
    let mut changes = Vec::new();
    if let Some(mood) = scenario.mood {
        changes.push(Change::Mood { agent: agent.clone(), mood, at: start });
    }
    for given in &scenario.memory {
        let memory = memory(agent, given, start);
        let vector = Some(puppet_memory::embedding::hashed_vector(&memory.content));
        changes.push(Change::Remember { agent: agent.clone(), memory, vector, cap: None });
    }
    for given in &scenario.relationship {
        let relationship = Relationship {
            target: given.target.clone(),
            sentiment: given.sentiment,
            familiarity: given.familiarity,
            trust: given.trust,
            interactions: given.interactions,
            last_interaction: None,
            recent_interactions: Vec::new(),
            notes: given.notes.clone(),
        };
        changes.push(Change::Relationship { agent: agent.clone(), relationship, keep: puppet_agent::KEPT });
    }
    for given in &scenario.timer {
        changes.push(Change::SetTimer(Timer {
            agent: agent.clone(),
            plugin: pack.clone(),
            name: given.name.clone(),
            rule: given.rule.clone().unwrap_or(TimerRule::Once),
            next: offset::moment(&given.at, start).unwrap_or(start),
            payload: serde_json::to_value(&given.payload).unwrap_or_default(),
            led_by: None,
        }));
    }
    if let Some(state) = &scenario.state {
        let data = match (&state.text, &state.hex, &state.json) {
            (Some(text), ..) => text.clone().into_bytes(),
            (_, Some(hex), _) => puppet_types::StateBytes::Hex(hex.clone()).into_bytes(),
            (.., Some(json)) => serde_json::to_vec(json).unwrap_or_default(),
            _ => Vec::new(),
        };
        let blob = StateBlob { version: state.version, data };
        let (agent, plugin) = (agent.clone(), pack.clone());
        changes.push(Change::PutState { agent, plugin, digest, blob, led_by: None, at: start });
    }
    changes
}

fn memory(agent: &AgentId, given: &GivenMemory, start: Timestamp) -> Memory {
    let metadata = given.metadata.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    Memory {
        id: puppet_memory::memory_id(agent, given.kind, &given.content),
        kind: given.kind,
        content: given.content.clone(),
        at: given.at.as_deref().and_then(|at| offset::moment(at, start)).unwrap_or(start),
        importance: given.importance,
        valence: given.valence,
        associations: Vec::new(),
        metadata,
        author: given.author.clone(),
        trust: given.trust.unwrap_or(Trust::Own),
        pinned: given.pinned,
        led_by: None,
    }
}

fn published(given: &GivenPost, all: &[GivenPost], start: Timestamp) -> Post {
    let id = |id: &String| PostId::new(id.as_str());
    // The first post of what it answers; no longer than there are posts.
    let mut first = given;
    for _ in all {
        let Some(before) = first.in_reply_to.as_ref().and_then(|id| all.iter().find(|post| post.id == *id)) else {
            break;
        };
        first = before;
    }
    Post {
        id: id(&given.id),
        author: AccountId::new(&given.author),
        text: given.text.clone(),
        at: given.at.as_deref().and_then(|at| offset::moment(at, start)).unwrap_or(start),
        in_reply_to: given.in_reply_to.as_ref().map(id),
        quotes: given.quotes.as_ref().map(id),
        conversation: id(&first.id),
        thread: None,
        media: Vec::new(),
        hops: 0,
        likes: 0,
        replies: 0,
        quoted: 0,
    }
}

/// A scenario that cannot be played.
pub fn wrong(file: &Path, message: impl Into<String>, remedy: impl Into<String>) -> Trouble {
    Trouble::input("scenario", message, remedy).in_file(file)
}
