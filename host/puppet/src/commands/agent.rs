//! `agent import|list|show`.

use std::path::Path;

use puppet_agent::decayed;
use puppet_packs::{AgentSpec, import::ImportReport};
use puppet_types::{AgentId, Mood, Timestamp, counted};
use serde::Serialize;
use serde_json::json;

use crate::{
    agents::{self, NewAgent, spec_of},
    cli::Agent,
    commands::budgets::present,
    control::{Folder, Request, unknown_agent},
    models::Usable,
    output::{List, Output, Table},
    records,
    setup::Setup,
    trading::original::Kept,
    trouble::{Result, Trouble},
};

/// Runs it.
pub async fn run(setup: &Setup, command: Agent, out: Output) -> Result<()> {
    match command {
        Agent::Import { file, dry_run } => import(setup, &file, dry_run, out).await,
        Agent::List => list(setup, out).await,
        Agent::Show { id } => show(setup, &AgentId::new(id), out).await,
    }
}

async fn import(setup: &Setup, file: &Path, dry_run: bool, out: Output) -> Result<()> {
    let (imported, _) = agents::import(file)?;
    let trading = Kept::of(setup, &imported.spec)?;
    let agent = NewAgent { spec: imported.spec };
    if dry_run {
        could_be_made(setup, &agent).await?;
    } else {
        make(setup, agent, imported.secrets, trading.as_ref()).await?;
    }
    let report = imported.report;
    if out.json {
        return out.object(&Told { report: &report, trading: trading.as_ref() });
    }
    let what = if dry_run { "would become" } else { "is now" };
    out.line(format!("{} {what} agent {}", file.display(), out.bold(&report.agent_id)))?;
    let carried = counted(report.carried.len(), "field", "fields");
    out.line(format!("  {carried} carried, {}", counted(report.defaulted.len(), "default", "defaults")))?;
    for ignored in &report.ignored {
        out.line(format!("  {} {}: {}", out.odd("ignored"), ignored.field, ignored.reason))?;
    }
    for unknown in &report.unknown {
        out.line(format!("  {} {unknown}", out.odd("unknown")))?;
    }
    for secret in &report.secrets_moved {
        let to = setup.data.join("secrets.toml");
        out.line(format!("  {} {secret} to {}", out.good("moved"), to.display()))?;
    }
    trading.map_or(Ok(()), |trading| trading.tell(dry_run, true, out))
}

/// As `docs/schemas/agent-import.json` has it.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    report: &'a ImportReport,
    trading: Option<&'a Kept>,
}

/// What a real import would be refused for: its id, or its account, is another's.
async fn could_be_made(setup: &Setup, agent: &NewAgent) -> Result<()> {
    match records::if_there(setup).await? {
        Some(store) => agent.check(&*store).await,
        None => Ok(()),
    }
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

async fn list(setup: &Setup, out: Output) -> Result<()> {
    let specs = records::agents(setup).await?;
    let models = Usable::here(setup).await?;
    if out.json {
        let items = specs.iter().map(|spec| {
            json!({ "id": spec.id, "name": spec.name, "description": spec.description, "handle": spec.handle,
                "pack": spec.pack, "llm": spec.llm, "llm_in_use": models.for_agent(spec.llm.as_deref()),
                "timezone": spec.timezone })
        });
        return out.object(&List { schema: "puppet.agents/1", items: items.collect(), next: None });
    }
    let mut table = Table::new(&["id", "name", "account", "pack", "model"]);
    for spec in specs {
        let model = models.in_words(spec.llm.as_deref());
        table.row([spec.id.to_string(), spec.name, format!("@{}", spec.handle), spec.pack.to_string(), model]);
    }
    table.print(out)
}

async fn show(setup: &Setup, id: &AgentId, out: Output) -> Result<()> {
    let store = records::open(setup).await?;
    let Some(row) = store.agent(id).await? else {
        let ids: Vec<AgentId> = store.agents().await?.into_iter().map(|row| row.id).collect();
        return Err(unknown_agent(id, &ids));
    };
    let AgentSpec { name, description, handle, persona, pack, llm, timezone, settings, mood_decay, .. } =
        spec_of(&row)?;
    let mood = match (store.mood(id).await?, mood_decay) {
        (None, _) => Mood::default(),
        (Some((mood, _)), None) => mood,
        (Some((mood, since)), Some(decay)) => decayed(mood, since, present(setup), &decay),
    };
    let relationships = store.relationships(id).await?;
    let counts = store.memory_counts(id).await?;
    let memory: serde_json::Map<String, serde_json::Value> = counts
        .iter()
        .filter_map(|(kind, n)| Some((serde_json::to_value(kind).ok()?.as_str()?.to_owned(), json!(n))))
        .collect();
    if out.json {
        return out.object(&json!({
            "schema": "puppet.agent/1", "id": id, "name": name, "description": description, "handle": handle,
            "pack": pack, "llm": llm, "timezone": timezone, "persona": persona, "settings": settings, "mood": mood,
            "relationships": relationships, "memory": memory,
        }));
    }
    out.line(format!("{} (@{handle}, {id}) · {pack}", out.bold(&name)))?;
    out.line(description)?;
    let interests = &persona.personality.interests;
    out.line(format!("interests  {}", interests.join(", ")))?;
    out.line(format!(
        "mood       valence {:+.2}, arousal {:.2}, dominance {:.2}",
        mood.valence, mood.arousal, mood.dominance
    ))?;
    let kept: Vec<String> = memory.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
    out.line(format!("memory     {}", kept.join(", ")))?;
    for bond in relationships {
        out.line(format!(
            "knows      {}: sentiment {:+.2}, familiarity {:.2}, trust {:.2}, met {}",
            bond.target,
            bond.sentiment,
            bond.familiarity,
            bond.trust,
            counted(bond.interactions, "time", "times")
        ))?;
    }
    Ok(())
}
