//! `verify`: whether everything in the data folder is as it must be. Reads, also while a host works in it.

use puppet_store::SqliteStore;
use puppet_types::counted;
use serde_json::json;

use crate::{
    installing,
    output::Output,
    records,
    setup::Setup,
    trouble::{Exit, Result, Trouble},
    verify::{self, Rule},
};

/// Runs it.
pub async fn run(setup: &Setup, out: Output) -> Result<()> {
    let rows = records::open(setup).await?;
    let file = SqliteStore::open_read_only(&setup.data)?;
    let progress = |what: &str, n: u64| match n {
        0 => out.note(format!("looking at {what}")),
        n => out.note(format!("looking at {what}: {n}")),
    };
    let mut rules = vec![verify::file(&file, &progress).await?];
    rules.extend(verify::rows(&*rows, &progress).await?);
    rules.push(verify::packs(&installing::of(setup)));
    let violated = rules.iter().filter(|rule| !rule.holds()).count();
    if out.json {
        out.object(&json!({ "schema": "puppet.verify/1", "ok": violated == 0, "rules": rules }))?;
    } else {
        rules.iter().try_for_each(|rule| tell(rule, out))?;
    }
    if violated == 0 {
        return Ok(());
    }
    let message = format!("{} broken", counted(violated, "rule is", "rules are"));
    let remedy = "keep a copy of the folder, and `puppet restore` a backup into another";
    let mut trouble = Trouble::input("checks-failed", message, remedy);
    trouble.exit = Exit::Failed;
    Err(trouble)
}

fn tell(rule: &Rule, out: Output) -> Result<()> {
    let status = if rule.holds() { out.good("ok  ") } else { out.bad("fail") };
    out.line(format!("{status}  {}: {} checked", out.bold(rule.rule), rule.checked))?;
    rule.violations.iter().try_for_each(|violation| out.line(format!("      {violation}")))?;
    if rule.more > 0 {
        out.line(format!("      and {} more", rule.more))?;
    }
    Ok(())
}
