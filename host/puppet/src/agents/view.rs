//! Agents as `agent list`, `agent show` and `agent import` tell them, from the rows or from what a host would find.

use std::path::Path;

use puppet_agent::{MoodDecay, decayed};
use puppet_engine::Doing;
use puppet_packs::{AgentSpec, import::ImportReport};
use puppet_store::{Relationship, Store};
use puppet_types::{AgentId, MemoryKind, Mood, PackId, Paused, Persona, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{NewAgent, spec_of};
use crate::{
    agents,
    commands::budgets::present,
    control::{Folder, Request, unknown_agent},
    models::Usable,
    records,
    setup::Setup,
    trading::original::Kept,
    trouble::{Result, Trouble},
};

/// One of `docs/schemas/agent-list.json`.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct Row {
    pub id: AgentId,
    pub name: String,
    pub description: String,
    pub handle: String,
    pub pack: PackId,
    pub llm: Option<String>,
    pub llm_in_use: String,
    pub timezone: Option<String>,
    pub mood: Mood,
    pub paused: Option<Paused>,
    pub doing: Option<Doing>,
    pub last_post_at: Option<Timestamp>,
}

/// Agents with how they are at the moment: from the rows, and what they do from the host that this is within.
pub async fn rows(setup: &Setup, specs: Vec<AgentSpec>, models: &Usable) -> Result<Vec<Row>> {
    let (store, at) = (records::if_there(setup).await?, present(setup));
    let host = setup.inside.as_ref().map(|inside| &inside.parts.host);
    let mut rows = Vec::with_capacity(specs.len());
    for spec in specs {
        let (mut mood, mut last_post_at) = (Mood::default(), None);
        if let Some(store) = &store {
            mood = felt(&**store, &spec.id, spec.mood_decay.as_ref(), at).await?;
            last_post_at = store.memories(&spec.id, &[MemoryKind::Post], 1).await?.first().map(|hit| hit.memory.at);
        }
        let llm_in_use = models.for_agent(spec.llm.as_deref()).to_owned();
        let doing = host.and_then(|host| host.doing(&spec.id));
        let AgentSpec { id, name, description, handle, pack, llm, timezone, paused, .. } = spec;
        rows.push(Row {
            id,
            name,
            description,
            handle,
            pack,
            llm,
            llm_in_use,
            timezone,
            mood,
            paused,
            doing,
            last_post_at,
        });
    }
    Ok(rows)
}

/// How an agent feels at a moment.
async fn felt(store: &dyn Store, id: &AgentId, decay: Option<&MoodDecay>, at: Timestamp) -> Result<Mood> {
    Ok(match (store.mood(id).await?, decay) {
        (None, _) => Mood::default(),
        (Some((mood, _)), None) => mood,
        (Some((mood, since)), Some(decay)) => decayed(mood, since, at, decay),
    })
}

/// Everybody, by id, and which models can be used.
pub async fn list(setup: &Setup) -> Result<(Vec<AgentSpec>, Usable)> {
    Ok((records::agents(setup).await?, Usable::here(setup).await?))
}

/// `docs/schemas/agent-show.json`.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "fields are named by the schema")]
pub struct Shown {
    pub schema: &'static str,
    pub id: AgentId,
    pub name: String,
    pub description: String,
    pub handle: String,
    pub pack: PackId,
    pub llm: Option<String>,
    pub timezone: Option<String>,
    pub persona: Persona,
    pub settings: Value,
    pub mood: Mood,
    pub relationships: Vec<Relationship>,
    pub memory: Map<String, Value>,
    pub paused: Option<Paused>,
}

/// One agent.
pub async fn show(setup: &Setup, id: &AgentId) -> Result<Shown> {
    let store = records::open(setup).await?;
    let Some(row) = store.agent(id).await? else {
        let ids: Vec<AgentId> = store.agents().await?.into_iter().map(|row| row.id).collect();
        return Err(unknown_agent(id, &ids));
    };
    let AgentSpec { name, description, handle, persona, pack, llm, timezone, settings, mood_decay, paused, .. } =
        spec_of(&row)?;
    let mood = felt(&*store, id, mood_decay.as_ref(), present(setup)).await?;
    let counts = store.memory_counts(id).await?;
    let named =
        counts.iter().filter_map(|(kind, n)| Some((serde_json::to_value(kind).ok()?.as_str()?.to_owned(), json!(n))));
    Ok(Shown {
        schema: "puppet.agent/1",
        id: id.clone(),
        name,
        description,
        handle,
        pack,
        llm,
        timezone,
        persona,
        settings,
        mood,
        relationships: store.relationships(id).await?,
        memory: named.collect(),
        paused,
    })
}

/// What became of a file of the original engine: `docs/schemas/agent-import.json`.
#[derive(Debug, Serialize)]
pub struct Imported {
    /// Field by field.
    #[serde(flatten)]
    pub report: ImportReport,
    /// What it said about trading.
    pub trading: Option<Kept>,
}

/// Reads a file, and with `dry_run` makes nothing of it.
pub async fn import_file(setup: &Setup, file: &Path, dry_run: bool) -> Result<Imported> {
    let (imported, _) = agents::import(file)?;
    import(setup, imported, dry_run).await
}

/// Makes an agent of what was read, or says what a real import would be refused for: its id, or its account, is another's.
pub async fn import(setup: &Setup, read: puppet_packs::import::Imported, dry_run: bool) -> Result<Imported> {
    let trading = Kept::of(setup, &read.spec)?;
    let agent = NewAgent { spec: read.spec };
    if !dry_run {
        make(setup, agent, read.secrets, trading.as_ref()).await?;
    } else if let Some(store) = records::if_there(setup).await? {
        agent.check(&*store).await?;
    }
    Ok(Imported { report: read.report, trading })
}

/// Credentials and rules first: an import that ends between the two can be made again, and an agent is never without them.
async fn make(
    setup: &Setup,
    agent: NewAgent,
    secrets: Vec<(String, puppet_packs::Secret)>,
    trading: Option<&Kept>,
) -> Result<()> {
    let keep = |secrets| agents::keep(setup, secrets).and_then(|()| trading.map_or(Ok(()), Kept::write));
    let mut folder = Folder::of(setup);
    if let Some(ids) = folder.ask(&Request::Agents).await? {
        let ids: Vec<AgentId> = serde_json::from_value(ids).map_err(Trouble::internal)?;
        if ids.contains(&agent.spec.id) {
            return Err(agents::exists(&agent.spec.id));
        }
        keep(secrets)?;
        let made = folder.ask(&Request::AddAgent { agent: Box::new(agent) }).await?;
        let gone = || Trouble::unreachable("host-lost", "the host ended before it had the agent", "import it again");
        return made.map(drop).ok_or_else(gone);
    }
    let store = folder.rows().await?;
    agent.check(store).await?;
    keep(secrets)?;
    agent.write(store, Timestamp::from_system()).await
}
