//! `journal prune`: drops the records that the configuration does not keep. What is beyond its bounds is read from the
//! folder; it is dropped through the running host where there is one, and otherwise in the folder.

use puppet_engine::retention::{Piece, Retention, Sweep, old_ids};
use puppet_store::{Old, Pruned};
use puppet_types::{AgentId, counted};
use serde::Serialize;
use serde_json::json;

use crate::{
    cli::Prune,
    commands::budgets::present,
    control::{Folder, Request},
    output::Output,
    records, retention,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// What goes of one agent.
#[derive(Debug, Serialize)]
struct Gone {
    agent: AgentId,
    records: u64,
    bytes: u64,
    /// Beyond the bounds too, and not ended: they stay.
    needed: u64,
}

/// What goes in all.
#[derive(Debug, Default)]
struct Told {
    agents: Vec<Gone>,
    letters: u64,
}

/// Runs it.
pub async fn run(setup: &Setup, args: &Prune, out: Output) -> Result<()> {
    let bounds = retention::retention(&setup.config);
    let (reader, now) = (records::open(setup).await?, present(setup));
    let mut folder = Folder::of(setup);
    let mut told = Told::default();
    let mut sweep = Sweep::begin(&*reader, &bounds, now).await?;
    while let Some(piece) = sweep.next().await? {
        let old = piece.old();
        let gone = match args.dry_run {
            true => Pruned { records: old.records.len() as u64, events: old.letters.len() as u64, ..Pruned::default() },
            false => prune(&mut folder, old).await?,
        };
        told.add(&piece, gone);
    }
    while !args.dry_run && prune(&mut folder, old_ids(now)).await?.ids > 0 {}
    say(setup, args, (&bounds, &told), out)
}

impl Told {
    fn add(&mut self, piece: &Piece, gone: Pruned) {
        let Piece::Records(agent, records) = piece else {
            self.letters += gone.events;
            return;
        };
        if self.agents.last().is_none_or(|last| last.agent != *agent) {
            self.agents.push(Gone { agent: agent.clone(), records: 0, bytes: 0, needed: 0 });
        }
        if let Some(last) = self.agents.last_mut() {
            last.records += gone.records;
            last.bytes += records.iter().filter(|record| !record.needed).map(|record| record.bytes).sum::<u64>();
            last.needed += records.iter().filter(|record| record.needed).count() as u64;
        }
    }
}

async fn prune(folder: &mut Folder<'_>, old: Old) -> Result<Pruned> {
    match folder.ask(&Request::Prune { old: old.clone() }).await? {
        Some(answer) => serde_json::from_value(answer).map_err(Trouble::internal),
        None => Ok(folder.rows().await?.prune(old).await?),
    }
}

fn say(setup: &Setup, args: &Prune, (bounds, told): (&Retention, &Told), out: Output) -> Result<()> {
    let journal = &setup.config.journal;
    let sum = |of: fn(&Gone) -> u64| told.agents.iter().map(of).sum::<u64>();
    if out.json {
        return out.object(&json!({
            "schema": "puppet.prune/1", "dry_run": args.dry_run, "keep_days": journal.keep_days,
            "keep_bytes": journal.keep_bytes, "keep_last": bounds.last, "agents": told.agents,
            "records": sum(|gone| gone.records), "bytes": sum(|gone| gone.bytes), "dead_letters": told.letters,
        }));
    }
    if !bounds.is_bounded() {
        out.note("the journal is kept for ever: set `keep_days` or `keep_bytes` in `[journal]`");
    }
    let goes = if args.dry_run { "would go" } else { "gone" };
    for Gone { agent, records, bytes, needed } in &told.agents {
        let stay = match needed {
            0 => String::new(),
            more => format!("; {} of what has not ended stay", counted(*more, "record", "records")),
        };
        let what = format!("{}, {}", counted(*records, "record", "records"), counted(*bytes, "byte", "bytes"));
        out.line(format!("{agent}: {what} {goes}{stay}"))?;
    }
    let letters = counted(told.letters, "dead letter", "dead letters");
    out.line(format!("{}, {letters} {goes}", counted(sum(|gone| gone.records), "record", "records")))
}
