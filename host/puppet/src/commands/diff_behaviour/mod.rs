//! `diff-behaviour`: two versions of a plugin on the same recorded invocations, decision by decision. Reads the data
//! folder, also while a host works in it; nothing is kept, charged or done.

mod columns;
mod compared;
mod records;
pub(super) mod side;
mod stage;
pub(super) mod told;

use puppet_store::Store;
use puppet_types::{AgentId, PackId};

use self::{compared::Report, records::Choice, side::Side, stage::Stage};
use crate::{
    agents,
    cli::DiffBehaviour,
    commands::{budgets::present, journal},
    moment,
    output::Output,
    records as folder,
    setup::Setup,
    trouble::{Exit, Result, Trouble},
};

/// Runs it.
pub async fn run(setup: &Setup, args: &DiffBehaviour, out: Output) -> Result<()> {
    let report = compared(setup, args).await?;
    if out.json {
        out.object(&report)?;
    } else {
        told::tell(&report, usize::try_from(args.show).unwrap_or(usize::MAX), out)?;
    }
    verdict(&report)
}

/// What two versions do with the records that were asked for.
pub async fn compared(setup: &Setup, args: &DiffBehaviour) -> Result<Report> {
    let store = folder::open(setup).await?;
    let choice = choice(setup, args)?;
    if let Some(agent) = &choice.agent {
        journal::known(&*store, agent).await?;
    }
    let plays = plays(&*store, choice.agent.as_ref()).await?;
    let sides = side::pair(setup, [&args.old, &args.new], plays.as_ref())?;
    let stages = stage::pair(setup, &store, &sides).await?;
    let agents = agents_of(&stages, &sides, choice.agent.as_ref());
    let plugins: Vec<PackId> = sides.iter().map(|side| side.plugin.manifest.id.clone()).collect();
    let mut report = Report::new(&sides);
    for agent in &agents {
        let records = records::of(&*store, agent, &plugins, &choice).await?;
        report.add(&stages, agent, records).await?;
    }
    report.sum();
    if report.is_empty() {
        return Err(nothing(&sides));
    }
    Ok(report)
}

fn choice(setup: &Setup, args: &DiffBehaviour) -> Result<Choice> {
    let since = args.since.as_deref().map(|text| moment::since(text, present(setup), "--since")).transpose()?;
    Ok(Choice {
        agent: args.agent.as_deref().map(AgentId::new),
        kind: args.kind.clone(),
        since,
        last: usize::try_from(args.last).unwrap_or(usize::MAX),
    })
}

/// The plugin that plays an agent.
async fn plays(store: &dyn Store, agent: Option<&AgentId>) -> Result<Option<PackId>> {
    let Some(agent) = agent else { return Ok(None) };
    let row = store.agent(agent).await?;
    row.as_ref().map(|row| agents::spec_of(row).map(|spec| spec.plugin)).transpose()
}

/// Whose records count: the agent that is named, those of a pack that brings data alone, or all that the plugin plays.
fn agents_of(stages: &[Stage; 2], sides: &[Side; 2], named: Option<&AgentId>) -> Vec<AgentId> {
    if let Some(named) = named {
        return vec![named.clone()];
    }
    if let Some(own) = sides.iter().filter(|side| side.is_data).find_map(|side| side.spec.as_ref()) {
        return vec![own.id.clone()];
    }
    stages[0].played_by(&sides[0])
}

fn nothing([old, new]: &[Side; 2]) -> Trouble {
    let pack = &old.plugin.manifest.id;
    let message = format!("the journal has no invocation of `{pack}` that was asked for");
    let remedy = if old.is_named || new.is_named {
        "let it live for a while (`puppet run`), or ask for others with --agent, --kind, --since; `puppet journal` lists \
         what there is, and `puppet preview` needs no records"
    } else {
        "name the pack that the components are of: `puppet diff-behaviour PACK NEW.wasm`, or --agent"
    };
    Trouble::input("nothing-recorded", message, remedy).standing()
}

fn verdict(report: &Report) -> Result<()> {
    if report.changed > 0 {
        let mut trouble = Trouble::input("behaviour-differs", "the two behave differently", "");
        trouble.exit = Exit::Failed;
        return Err(trouble);
    }
    match report.left_out.first() {
        Some(first) if report.replayed == 0 => {
            let message = format!("nothing could be run again; the first, {}: {}", first.invocation, first.reason);
            Err(Trouble::refused("unreplayable", message, "--last takes more records, --agent others"))
        }
        _ => Ok(()),
    }
}
