//! What an import says: all of it for scripts, in a few lines for people.

use std::collections::BTreeMap;

use puppet_import::{FileReport, Moved, Problem};
use puppet_memory::initial_memories;
use puppet_types::{AgentId, counted};
use serde::Serialize;

use super::plan::{Kept, Plan, Standing};
use crate::{cli::Import, output::Output, trading::original, trouble::Result};

/// Fields that are named for people, of each file.
const NAMED: usize = 5;

/// As `docs/schemas/import.json` has it.
#[derive(Serialize)]
struct Told<'a> {
    schema: &'static str,
    dry_run: bool,
    agents: Vec<Agent<'a>>,
    files: &'a [FileReport],
    kept: &'a [Kept],
    unread: &'a [String],
    problems: &'a [Problem],
    seen: usize,
    replayed: usize,
    replayed_new: Option<usize>,
    totals: Totals,
}

#[derive(Serialize)]
struct Agent<'a> {
    id: &'a AgentId,
    status: Standing,
    memories: usize,
    relationships: usize,
    events: usize,
    trading: Option<&'a original::Kept>,
}

#[derive(Default, Serialize)]
struct Totals {
    files: usize,
    leaves: usize,
    carried: usize,
    ignored: usize,
    secrets_moved: usize,
    unknown: usize,
}

impl Totals {
    fn of(files: &[FileReport]) -> Self {
        files.iter().fold(Self::default(), |all, file| Self {
            files: all.files + 1,
            leaves: all.leaves + file.leaves,
            carried: all.carried + file.fates.carried.len(),
            ignored: all.ignored + file.fates.ignored.len(),
            secrets_moved: all.secrets_moved + file.fates.secrets_moved.len(),
            unknown: all.unknown + file.fates.unknown.len(),
        })
    }
}

impl Totals {
    fn in_a_line(&self) -> String {
        let Self { files, leaves, carried, ignored, secrets_moved, unknown } = self;
        let all = format!("{} of {}", counted(*leaves, "field", "fields"), counted(*files, "file", "files"));
        format!("{all}: {carried} carried, {ignored} ignored, {secrets_moved} to the secrets, {unknown} unknown")
    }
}

/// Says it. What became of each field is told to people before anything is done, and to scripts always.
pub fn tell(plan: &Plan, args: &Import, out: Output) -> Result<()> {
    let deployment = &plan.deployment;
    let agents = agents(plan);
    if out.json {
        return out.object(&Told {
            schema: "puppet.import/1",
            dry_run: args.dry_run,
            agents,
            files: &deployment.files,
            kept: &plan.kept,
            unread: &deployment.unread,
            problems: &deployment.problems,
            seen: deployment.seen.len(),
            replayed: plan.replayed.len(),
            replayed_new: plan.replayed_new,
            totals: Totals::of(&deployment.files),
        });
    }
    let what = if args.dry_run { "would be imported" } else { "is imported" };
    out.line(format!("{} {what}", plan.folder.display()))?;
    for agent in agents {
        out.line(agent.in_a_line(args.dry_run, out))?;
        agent.trading.map_or(Ok(()), |trading| trading.tell(args.dry_run, false, out))?;
    }
    if args.dry_run {
        deployment.files.iter().try_for_each(|file| tell_file(file, out))?;
    }
    out.line(format!("  {}", Totals::of(&deployment.files).in_a_line()))?;
    for setting in &plan.settings.new {
        let what = if args.dry_run { "would get" } else { "has got" };
        out.line(format!("  puppet.toml {what} {setting} ({})", setting.variable))?;
    }
    for kept in &plan.kept {
        out.line(format!("  {} {}: {}", out.odd("kept"), kept.name, kept.reason))?;
    }
    for file in &deployment.unread {
        out.line(format!("  {} {file}: nothing reads it", out.odd("left")))?;
    }
    if !deployment.seen.is_empty() {
        let seen = counted(deployment.seen.len(), "post", "posts");
        out.line(format!("  {seen} seen to before: no mention of them is taken in again"))?;
    }
    if args.replay_events {
        let events = counted(plan.replayed.len(), "event", "events");
        out.line(match plan.replayed_new {
            None => format!("  {events} would be sent once more, the highest priority first"),
            Some(new) if new == plan.replayed.len() => {
                format!("  {events} sent once more, the highest priority first")
            }
            Some(new) => format!("  {new} of {events} sent once more: the others were sent before"),
        })?;
    }
    plan.notes.iter().for_each(|note| out.note(note));
    Ok(())
}

fn agents(plan: &Plan) -> Vec<Agent<'_>> {
    let of = |id: &AgentId| plan.deployment.events.iter().filter(|past| past.event.agent == *id).count();
    let mut agents = Vec::new();
    let all = plan.deployment.agents.iter().zip(&plan.standing).zip(&plan.trading);
    for ((Moved { spec, memories, bonds, .. }, status), trading) in all {
        // With those that it is born with: as many as `agent show` counts.
        let born = initial_memories(&spec.id, &spec.persona, plan.at);
        let (memories, relationships, events) = (memories.len() + born.len(), bonds.len(), of(&spec.id));
        let (id, status, trading) = (&spec.id, *status, trading.as_ref());
        agents.push(Agent { id, status, memories, relationships, events, trading });
    }
    agents
}

impl Agent<'_> {
    fn in_a_line(&self, dry_run: bool, out: Output) -> String {
        let status = match (self.status, dry_run) {
            (Standing::Same, _) => "is here already, from these files",
            (Standing::New, true) => "would be new",
            (Standing::New, false) => "is new",
            (Standing::Replaced, true) => "would take the place of the one that is here",
            (Standing::Replaced, false) => "has taken the place of the one that was here",
        };
        let brings = [
            counted(self.memories, "memory", "memories"),
            counted(self.relationships, "relationship", "relationships"),
            counted(self.events, "past event", "past events"),
        ];
        format!("  agent {} {status}: {}", out.bold(self.id), brings.join(", "))
    }
}

fn tell_file(file: &FileReport, out: Output) -> Result<()> {
    let fates = &file.fates;
    let mut parts = vec![format!("{} carried", fates.carried.len())];
    let more = [
        (fates.ignored.len(), "ignored"),
        (fates.secrets_moved.len(), "to the secrets"),
        (fates.unknown.len(), "unknown"),
    ];
    parts.extend(more.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")));
    out.line(format!("  {} of {}: {}", counted(file.leaves, "field", "fields"), file.file, parts.join(", ")))?;
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for ignored in &fates.ignored {
        reasons.entry(&ignored.reason).or_default().push(&ignored.field);
    }
    for (reason, fields) in reasons {
        out.line(format!("    {} {}: {reason}", out.odd("ignored"), named(&fields)))?;
    }
    if !fates.unknown.is_empty() {
        let fields: Vec<&str> = fates.unknown.iter().map(String::as_str).collect();
        out.line(format!("    {} {}", out.odd("unknown"), named(&fields)))?;
    }
    Ok(())
}

fn named(fields: &[&str]) -> String {
    let shown = fields.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match fields.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
