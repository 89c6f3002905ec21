//! Agents on their way into a host: the row, what they remember from birth, whom they know.

pub mod view;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use puppet_engine::Host;
use puppet_packs::{AgentSpec, Component, Pack, Secret};
use puppet_sandbox::World;
use puppet_store::{AgentRow, Change, Store};
use puppet_types::{AccountId, AgentId, Event, EventId, Priority, Timestamp, ids, scrub};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    credentials, files, firstparty,
    grants::Vouched,
    repertoire::Version,
    setup::Setup,
    trouble::{Result, Trouble},
    vetting::{self, Runs},
};

/// No setting lets a component be larger.
const COMPONENT_BYTES: u64 = 256 << 20;

/// An agent that is to be made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewAgent {
    /// It.
    pub spec: AgentSpec,
}

impl NewAgent {
    /// Everything that making it writes, in one transaction.
    pub fn changes(&self, at: Timestamp) -> Result<Vec<Change>> {
        let AgentSpec { id, persona, .. } = &self.spec;
        let body = serde_json::to_value(&self.spec).map_err(Trouble::internal)?;
        let mut changes = vec![Change::Agent(AgentRow { id: id.clone(), body, created: at })];
        for memory in puppet_memory::initial_memories(id, persona, at) {
            let vector = Some(puppet_memory::embedding::hashed_vector(&memory.content));
            let cap = puppet_memory::cap(memory.kind);
            changes.push(Change::Remember { agent: id.clone(), memory, vector, cap });
        }
        for relationship in puppet_agent::initial_relationships(persona) {
            changes.push(Change::Relationship { agent: id.clone(), relationship, keep: puppet_agent::KEPT });
        }
        Ok(changes)
    }

    /// Makes it in a host that runs: from now on it lives. Whoever calls makes sure that nobody else joins meanwhile.
    pub async fn join(&self, host: &Host) -> Result<()> {
        self.check(&*host.store).await?;
        let at = host.now();
        let mut changes = self.changes(at)?;
        changes.push(Change::Event(started(&self.spec.id, at)));
        host.apply_then(changes, || introduce(host, &self.spec)).await?;
        let AgentSpec { id, handle, .. } = &self.spec;
        if !host.publisher.signs_as(&AccountId::new(handle)) {
            let remedy = format!("name it in [tweet.x.accounts.{handle}], and start again");
            tracing::warn!(agent = %id, "it posts as @{handle}, which has no token for X in this host, and what it posts waits: {remedy}");
        }
        Ok(())
    }

    /// Makes it in a folder where no host runs.
    pub async fn write(&self, store: &dyn Store, at: Timestamp) -> Result<()> {
        self.check(store).await?;
        store.apply(self.changes(at)?).await?;
        Ok(())
    }
}

impl NewAgent {
    /// Nobody else has its id or its account.
    pub async fn check(&self, store: &dyn Store) -> Result<()> {
        let id = &self.spec.id;
        if store.agent(id).await?.is_some() {
            return Err(exists(id));
        }
        self.check_account(store).await
    }

    /// Nobody else has its account.
    pub async fn check_account(&self, store: &dyn Store) -> Result<()> {
        let AgentSpec { id, handle, .. } = &self.spec;
        let mut last = None;
        loop {
            let page = store.agents_after(last.as_ref(), PAGE).await?;
            let Some(row) = page.last() else { return Ok(()) };
            last = Some(row.id.clone());
            let same = |row: &&AgentRow| {
                row.id != *id && row.body["handle"].as_str().is_some_and(|of| of.eq_ignore_ascii_case(handle))
            };
            if let Some(other) = page.iter().find(same) {
                let message = format!("`{id}` would speak as @{handle}, which is the account of `{}`", other.id);
                let remedy = "give it another: `agent.handle` in pack.toml, `id` in an agent file";
                return Err(Trouble::input("agent-exists", message, remedy).standing());
            }
        }
    }
}

/// An agent of a pack is as its pack is now; it keeps the account that it was given where the pack names none.
pub async fn refresh(store: &dyn Store, row: AgentRow, spec: &AgentSpec, names_account: bool) -> Result<()> {
    // One that cannot be read is told when the host takes it up.
    let Ok(old) = spec_of(&row) else { return Ok(()) };
    if old.pack != spec.pack {
        return Ok(());
    }
    let handle = if names_account { spec.handle.clone() } else { old.handle.clone() };
    let new = AgentSpec { handle, paused: old.paused.clone(), ..spec.clone() };
    if new != old {
        let body = serde_json::to_value(&new).map_err(Trouble::internal)?;
        store.apply(vec![Change::Agent(AgentRow { body, ..row })]).await?;
    }
    Ok(())
}

/// There is one of that name.
pub fn exists(id: &AgentId) -> Trouble {
    let message = format!("there is an agent `{id}` already");
    Trouble::input("agent-exists", message, "give the new one another id, or name another folder with --data")
        .standing()
}

/// Makes an agent known: its id, its name, its account.
pub fn introduce(host: &Host, spec: &AgentSpec) {
    let account = AccountId::new(&spec.handle);
    host.accounts.put(account.clone(), spec.id.clone());
    host.agents.put(spec.id.clone(), &spec.name, account, spec.plugin.clone());
}

/// Rows read at a time: each holds a whole persona.
const PAGE: usize = 128;

/// The handles of all who live here. A row that cannot be read is told when it is taken up.
pub async fn handles(store: &dyn Store) -> Result<Vec<String>> {
    let (mut handles, mut last) = (Vec::new(), None);
    loop {
        let page = store.agents_after(last.as_ref(), PAGE).await?;
        let Some(row) = page.last() else { return Ok(handles) };
        last = Some(row.id.clone());
        handles.extend(page.iter().filter_map(|row| spec_of(row).ok()).map(|spec| spec.handle));
    }
}

/// Makes known whoever the store holds, and tells each that it starts. Answers how many there are; `seen` is shown
/// each. One whose row cannot be understood is left out, and its events wait.
pub async fn take_up(
    host: &Host,
    generators: impl Iterator<Item = String>,
    mut seen: impl FnMut(&AgentSpec),
) -> Result<usize> {
    let at = host.now();
    let (mut count, mut last) = (0, None);
    loop {
        let page = host.store.agents_after(last.as_ref(), PAGE).await?;
        let Some(row) = page.last() else { break };
        last = Some(row.id.clone());
        let mut events = Vec::with_capacity(page.len());
        for row in &page {
            let spec = match spec_of(row) {
                Ok(spec) => spec,
                Err(trouble) => {
                    tracing::error!("{}: its events wait", trouble.message);
                    continue;
                }
            };
            introduce(host, &spec);
            host.take_up_pause(row);
            seen(&spec);
            events.push(started(&row.id, at));
        }
        count += events.len();
        host.submit(events).await?;
    }
    let mut events = Vec::new();
    for name in generators {
        events.push(started(&AgentId::generator(&name.as_str().into()), at));
    }
    host.submit(events).await?;
    Ok(count)
}

/// The body of an agent's row.
pub fn parsed(body: &Value) -> std::result::Result<AgentSpec, serde_json::Error> {
    AgentSpec::deserialize(body)
}

/// An agent's row as its specification.
pub fn spec_of(row: &AgentRow) -> Result<AgentSpec> {
    parsed(&row.body).map_err(|error| {
        let message = format!("the row of agent `{}` does not read back: {error}", row.id);
        Trouble::unreachable("data-corrupt", message, "restore the folder from a backup")
    })
}

/// The host starts with this agent in it.
pub fn started(agent: &AgentId, at: Timestamp) -> Event {
    Event {
        id: EventId::from(ids::derive("evt", &["started", agent.as_str(), &at.to_string()])),
        kind: "agent_started".to_owned(),
        source: "host".to_owned(),
        agent: agent.clone(),
        author: None,
        priority: Priority::High,
        at,
        payload: json!({}),
        hops: 0,
        cause: None,
        broadcast: None,
    }
}

/// A pack says for which versions of the plugin contract it was built.
pub fn check_contract(pack: &Pack) -> Result<()> {
    let served = puppet_sandbox::SERVED.iter().filter_map(|served| semver::Version::parse(served.version).ok());
    let served: std::collections::BTreeSet<semver::Version> = served.collect();
    pack.check_contract(&Vec::from_iter(served)).map_err(of_pack)
}

/// A pack with a persona makes a character: what runs in it is a personality, and this is none.
pub fn no_character(path: &Path, component: &Component, world: World) -> Trouble {
    let (field, what) = match component {
        Component::BuiltIn(id) => ("plugin", id.as_str()),
        Component::File(file) => ("component", file.as_str()),
    };
    let message = format!("`{what}` is of the world `{}`, and a pack with a persona needs a personality", world.name());
    let remedy = "write plugin = \"standard-personality\", or leave `persona` out";
    Trouble::input("bad-pack", message, remedy).in_file(&path.join("pack.toml")).of_field(field)
}

/// The component that a pack brings, read.
pub fn brought(pack: &Pack) -> Result<Option<Version>> {
    let Component::File(file) = &pack.manifest.component else { return Ok(None) };
    let path = pack.dir.join(file);
    let unread = |error: std::io::Error| {
        let remedy = "build it, or name it in pack.toml";
        Trouble::input("component", format!("cannot be read: {error}"), remedy).in_file(&path)
    };
    let bytes = files::bytes(&path, COMPONENT_BYTES).map_err(unread)?;
    Ok(Some(Version { manifest: pack.manifest.clone(), bytes: bytes.into(), vouched: Vouched::BuiltIn }))
}

/// A pack's folder, with what runs for it: its own component, or the one of these that it names; none where it names
/// another.
pub fn opened_with(path: &Path, known: Vec<firstparty::BuiltIn>) -> Result<(Pack, Option<Version>)> {
    let pack = Pack::open(path).map_err(of_pack)?;
    check_contract(&pack)?;
    let version = match &pack.manifest.component {
        Component::BuiltIn(id) => known.into_iter().find(|plugin| plugin.manifest.id == *id).map(Version::from),
        Component::File(_) => brought(&pack)?,
    };
    Ok((pack, version))
}

/// Agents of a folder: original agent files (`*.json`) and packs (folders with a `pack.toml`), by id.
#[derive(Default)]
pub struct Found {
    /// Specifications.
    pub specs: Vec<AgentSpec>,
    /// Files read, with their digests.
    pub inputs: Vec<(String, String)>,
    /// Credentials that agent files held, by agent.
    pub secrets: BTreeMap<AgentId, Vec<(String, Secret)>>,
    /// Components for agents that packs bring, granted what they request: whoever lets them live says who vouches for them.
    pub brought: Vec<Version>,
    /// What people should know.
    pub notes: Vec<String>,
}

impl Found {
    /// Event generators among what packs bring.
    pub fn generators(&self) -> impl Iterator<Item = String> {
        generators(&self.brought)
    }
}

/// The event generators among versions.
pub fn generators(versions: &[Version]) -> impl Iterator<Item = String> {
    versions.iter().filter(|version| version.is_generator()).map(|version| version.manifest.id.to_string())
}

/// Looks for agents in a folder, where all of them must be fit. `others` are plugins that packs may run, besides those
/// of the program and those that the folder holds.
pub fn find(folder: &Path, others: Vec<Runs>) -> Result<Found> {
    let (found, troubles) = look(folder, others)?;
    troubles.into_iter().next().map_or(Ok(found), |(_, trouble)| Err(trouble))
}

/// The same, and what is wrong with those that are not fit: the others can live without them.
pub fn look(folder: &Path, mut known: Vec<Runs>) -> Result<(Found, Vec<(PathBuf, Trouble)>)> {
    let cannot = |error: std::io::Error| {
        Trouble::input("agents-folder", format!("cannot be read: {error}"), "name a folder with agent files or packs")
            .in_file(folder)
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        paths.push(entry.map_err(cannot)?.path());
    }
    paths.sort();
    known.extend(vetting::built_in()?);
    let (mut found, mut packs) = (Found::default(), BTreeMap::new());
    for path in paths.iter().filter(|path| path.join("pack.toml").is_file()) {
        let opened = opened(path).map(|(pack, own)| {
            if let Some((version, runs)) = own {
                known.retain(|other| other.plugin != runs.plugin);
                known.insert(0, runs);
                if !version.is_strategy() {
                    found.brought.push(version);
                }
            }
            pack
        });
        packs.insert(path.clone(), opened);
    }
    let mut troubles = Vec::new();
    for path in paths {
        let read = match packs.remove(&path) {
            Some(pack) => pack.and_then(|pack| found.pack(&path, &pack, &known)),
            None if path.extension().is_some_and(|ext| ext == "json") => found.file(&path),
            None => Ok(()),
        };
        troubles.extend(read.err().map(|trouble| (path, trouble)));
    }
    found.notes = distinct(&mut found.specs)?;
    Ok((found, troubles))
}

/// A pack's folder, with the component that it brings.
fn opened(path: &Path) -> Result<(Pack, Option<(Version, Runs)>)> {
    let pack = Pack::open(path).map_err(of_pack)?;
    let Some(version) = brought(&pack)? else { return Ok((pack, None)) };
    let runs = vetting::vet(&pack, Some(&version.bytes), &[])?;
    Ok((pack, Some((version, runs))))
}

impl Found {
    fn pack(&mut self, path: &Path, pack: &Pack, known: &[Runs]) -> Result<()> {
        if matches!(pack.manifest.component, Component::BuiltIn(_)) {
            vetting::vet(pack, None, known)?;
        }
        self.spec(AgentSpec::from_pack(pack))?;
        let prompts = pack.prompts().map_err(of_pack)?;
        for name in ["pack.toml", "persona.toml"].into_iter().chain(prompts.iter().map(String::as_str)) {
            if let Ok(bytes) = std::fs::read(path.join(name)) {
                let folder = path.file_name().unwrap_or_default().to_string_lossy();
                self.inputs.push((format!("{folder}/{name}"), puppet_types::Digest::of(&bytes).to_string()));
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path) -> Result<()> {
        let (imported, digest) = import(path)?;
        let id = imported.spec.id.clone();
        self.spec(Some(imported.spec))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.inputs.push((name, digest));
        if !imported.secrets.is_empty() {
            self.secrets.insert(id, imported.secrets);
        }
        Ok(())
    }

    fn spec(&mut self, spec: Option<AgentSpec>) -> Result<()> {
        if let Some(spec) = spec.as_ref().filter(|spec| self.specs.iter().any(|other| other.id == spec.id)) {
            return Err(same_id(&spec.id));
        }
        self.specs.extend(spec);
        Ok(())
    }
}

fn same_id(id: &AgentId) -> Trouble {
    Trouble::input("agent-exists", format!("two agents have the id `{id}`"), "give one of them another id")
}

/// Reads one original agent file. Answers it with the digest of its bytes.
pub fn import(path: &Path) -> Result<(puppet_packs::import::Imported, String)> {
    let bytes = files::bytes(path, files::TEXT_BYTES).map_err(|error| {
        Trouble::input("agent-file", format!("cannot be read: {error}"), "name an agent file of the original engine")
            .in_file(path)
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Trouble::input("agent-file", "is not UTF-8", "save it as UTF-8").in_file(path))?;
    let digest = puppet_types::Digest::of(text.as_bytes()).to_string();
    Ok((import_text(path, &text)?, digest))
}

/// The same of a text. `path` is what it is called where something is wrong with it.
pub fn import_text(path: &Path, text: &str) -> Result<puppet_packs::import::Imported> {
    let imported = puppet_packs::import::agent_file(path, text).map_err(of_import)?;
    scrub::learn(imported.secrets.iter().map(|(_, secret)| secret));
    Ok(imported)
}

/// Ids are unique, and so are accounts: a second agent of an account gets one of its own. Answers whose changed.
pub fn distinct(specs: &mut [AgentSpec]) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    let mut ids = std::collections::BTreeSet::new();
    let mut handles = std::collections::BTreeSet::new();
    for spec in specs.iter_mut() {
        if !ids.insert(spec.id.clone()) {
            return Err(same_id(&spec.id));
        }
        let mut handle = spec.handle.clone();
        let mut n = 1;
        while !handles.insert(handle.to_lowercase()) {
            n += 1;
            handle = format!("{}_{n}", spec.handle.chars().take(12).collect::<String>());
        }
        if handle != spec.handle {
            notes.push(format!("{}: @{} is another agent's account, so it speaks as @{handle}", spec.id, spec.handle));
        }
        spec.handle = handle;
    }
    Ok(notes)
}

/// Puts the credentials of an agent file into the secrets of the data folder.
pub fn keep(setup: &Setup, secrets: Vec<(String, Secret)>) -> Result<()> {
    if secrets.is_empty() {
        return Ok(());
    }
    let mut file = credentials::secrets(setup)?;
    for (name, secret) in secrets {
        file.set(&name, secret);
    }
    file.save().map_err(credentials::of_secrets)
}

/// A pack's error at its place.
pub fn of_pack(error: puppet_packs::PackError) -> Trouble {
    use puppet_packs::ErrorKind as Kind;
    let (message, remedy) = (error.message(), error.remedy());
    let mut trouble = match error.kind() {
        Kind::NotAnArchive
        | Kind::Truncated
        | Kind::AfterEnd
        | Kind::BadPath
        | Kind::Duplicate
        | Kind::NotAFile
        | Kind::FileMissing
        | Kind::FileUnlisted => Trouble::input("bad-archive", message, remedy),
        Kind::WrongDigest => Trouble::input("wrong-digest", message, remedy),
        Kind::NativeCode => Trouble::input("native-code", message, remedy),
        Kind::BadSignature => Trouble::input("bad-signature", message, remedy),
        Kind::OtherContract => Trouble::input("other-contract", message, remedy),
        _ => Trouble::input("bad-pack", message, remedy),
    };
    trouble.place.file = error.file().map(|file| file.display().to_string());
    trouble.place.line = error.line();
    trouble.place.field = error.field().map(str::to_owned);
    trouble
}

fn of_import(error: puppet_packs::import::ImportError) -> Trouble {
    let mut trouble = Trouble::input("bad-agent-file", error.message(), error.remedy());
    trouble.place.file = Some(error.file().display().to_string());
    trouble.place.line = error.line();
    trouble.place.field = error.field().map(str::to_owned);
    trouble
}

/// All of a store, for those who only read.
pub async fn rows(store: &dyn Store) -> Result<Vec<AgentSpec>> {
    store.agents().await?.iter().map(spec_of).collect()
}
