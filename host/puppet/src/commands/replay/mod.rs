//! `replay`: recorded invocations once more, answered from the journal alone, and whether fuel, reads and decisions come
//! out the same. Reads the data folder, also while a host works in it; nothing is kept, charged or done.

mod as_scenario;
mod builds;
mod bulk;
mod case;
mod report;
mod stage;
mod steps;
mod subject;
mod told;

use std::{path::Path, sync::Arc};

use puppet_store::Store;
use puppet_types::InvocationId;

use self::{
    builds::Builds,
    report::{Item, Report},
    stage::Stage,
    subject::{Found, Subjects},
};
use crate::{
    cli::Replay,
    commands::journal,
    output::Output,
    records,
    setup::Setup,
    trouble::{Exit, Result, Trouble},
};

/// Runs it.
pub async fn run(setup: &Setup, args: &Replay, out: Output) -> Result<()> {
    if args.step && out.json {
        let remedy = "leave one of the two out: --json prints everything at once";
        return Err(Trouble::input("usage", "--step is for people, --json for programs", remedy));
    }
    if args.what.is_none() && args.since.is_none() {
        let remedy = "`puppet replay ID` or `puppet replay CASE.json` for one, `puppet replay --since TIME` for all since \
                      then; --until, --agent, --kind and --outcome choose among those";
        return Err(Trouble::input("usage", "it does not say which records: neither an id nor --since", remedy));
    }
    let mut builds = Builds::new(setup, args.with.as_deref())?;
    let Some(what) = &args.what else {
        let store: Arc<dyn Store> = records::open(setup).await?.shared();
        let choice = bulk::Choice::of(setup, args)?;
        let report = bulk::run(setup, &store, &choice, &mut builds, out).await?;
        told::all(&report, out)?;
        if report.items.is_empty() {
            let no_such_kind = journal::no_such_kind(&*store, args.kind.as_deref()).await?;
            let message = no_such_kind.unwrap_or_else(|| "no invocations match".to_owned());
            return Err(Trouble::refused(
                "unreplayable",
                message,
                "`puppet journal` takes the same flags, and lists them",
            ));
        }
        return verdict(&report);
    };
    let found =
        if names_a_case(what) { Ok(case::open(Path::new(what))?) } else { recorded(setup, what, &mut builds).await? };
    if let Some(file) = &args.export {
        return case::export(found, file, out);
    }
    let report = one(setup, found, &mut builds, args.step.then_some(out)).await?;
    told::one(&report, out)?;
    verdict(&report)
}

/// One record of the data folder, run again on the version that it ran on.
pub async fn again(setup: &Setup, id: &InvocationId) -> Result<Report> {
    let mut builds = Builds::new(setup, None)?;
    let found = recorded(setup, id.as_str(), &mut builds).await?;
    one(setup, found, &mut builds, None).await
}

/// An id has neither an ending nor a folder.
fn names_a_case(what: &str) -> bool {
    what.ends_with(".json") || what.contains(std::path::is_separator) || Path::new(what).is_file()
}

/// A record of the data folder.
async fn recorded(setup: &Setup, id: &str, builds: &mut Builds<'_>) -> Result<Found> {
    let store: Arc<dyn Store> = records::open(setup).await?.shared();
    let id = InvocationId::new(id);
    let entry = store.invocation(&id).await?.ok_or_else(|| journal::no_such(&id))?;
    Subjects::new(setup, &store).find(entry, builds).await
}

/// Replays one; `steps`: where it is told step by step.
async fn one(setup: &Setup, found: Found, builds: &mut Builds<'_>, steps: Option<Output>) -> Result<Report> {
    let mut report = Report::new(builds.with());
    let ready = match found {
        Ok(subject) => Stage::new(setup).ready(subject, builds)?,
        Err(unfit) => Err(unfit),
    };
    let item = match ready {
        Ok(ready) => {
            let (recorded, replayed) = ready.replay().await?;
            if let (Some(out), Ok(replayed)) = (steps, &replayed) {
                steps::walk(&recorded, replayed, out)?;
            }
            Item::of(&recorded, replayed)
        }
        Err((recorded, reason)) => Item::of(&recorded, Err(reason)),
    };
    report.add(item);
    Ok(report)
}

fn verdict(report: &Report) -> Result<()> {
    if report.diverged > 0 {
        let message = match (report.diverged, report.replayed) {
            (1, 1) => "it does not come out as it was recorded".to_owned(),
            (diverged, replayed) => format!("{diverged} of {replayed} do not come out as they were recorded"),
        };
        let mut trouble = Trouble::input("diverged", message, "");
        trouble.exit = Exit::Failed;
        return Err(trouble);
    }
    match report.items.iter().find_map(|item| Some((item, item.unreplayable.as_ref()?))) {
        Some((item, reason)) if report.replayed == 0 => {
            let message = format!("{} cannot be run again: {reason}", item.id);
            Err(Trouble::refused("unreplayable", message, "`puppet journal` lists other records"))
        }
        _ => Ok(()),
    }
}
