//! `agent import|list|show|pause|resume`.

use std::path::Path;

use puppet_types::{AgentId, counted};

use crate::{
    agents::view::{self, Shown},
    cli::Agent,
    commands::pause,
    output::{List, Output, Table, on_a_line},
    setup::Setup,
    trouble::Result,
};

/// Runs it.
pub async fn run(setup: &Setup, command: Agent, out: Output) -> Result<()> {
    match command {
        Agent::Import { file, dry_run } => import(setup, &file, dry_run, out).await,
        Agent::List => list(setup, out).await,
        Agent::Show { id } => show(setup, &AgentId::new(id), out).await,
        Agent::Pause { id, reason } => pause::pause(setup, &AgentId::new(id), reason, out).await,
        Agent::Resume { id } => pause::resume(setup, &AgentId::new(id), out).await,
    }
}

async fn import(setup: &Setup, file: &Path, dry_run: bool, out: Output) -> Result<()> {
    let imported = view::import_file(setup, file, dry_run).await?;
    if out.json {
        return out.object(&imported);
    }
    let report = &imported.report;
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
    imported.trading.map_or(Ok(()), |trading| trading.tell(dry_run, true, out))
}

async fn list(setup: &Setup, out: Output) -> Result<()> {
    let (specs, models) = view::list(setup).await?;
    if out.json {
        let items = view::rows(setup, specs, &models).await?;
        return out.object(&List { schema: "puppet.agents/1", items, next: None });
    }
    let mut table = Table::new(&["id", "name", "account", "pack", "model"]);
    for spec in specs {
        let model = models.in_words(spec.llm.as_deref());
        table.row([spec.id.to_string(), spec.name, format!("@{}", spec.handle), spec.pack.to_string(), model]);
    }
    table.print(out)
}

async fn show(setup: &Setup, id: &AgentId, out: Output) -> Result<()> {
    let shown = view::show(setup, id).await?;
    if out.json {
        return out.object(&shown);
    }
    let Shown { name, description, handle, pack, persona, mood, relationships, memory, paused, .. } = shown;
    out.line(format!("{} (@{handle}, {id}) · {pack}", out.bold(on_a_line(&name))))?;
    out.line(description)?;
    if let Some(paused) = &paused {
        out.line(out.odd(pause::words(id, paused)))?;
    }
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
