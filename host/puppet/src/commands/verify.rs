//! `verify`: whether everything in the data folder is as it must be. Reads, also while a host works in it.

use puppet_store::{DiskFault, SqliteStore, StoreError};
use puppet_types::counted;
use serde_json::json;

use crate::{
    backup::DATABASE,
    installing,
    output::Output,
    records,
    setup::Setup,
    trouble::{Exit, Result, Trouble},
    verify::{self, Rule},
};

/// Runs it.
pub async fn run(setup: &Setup, out: Output) -> Result<()> {
    let progress = |what: &str, n: u64| match n {
        0 => out.note(format!("looking at {what}")),
        n => out.note(format!("looking at {what}: {n}")),
    };
    let mut rules = stored(setup, &progress).await?;
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

/// The database and its rows; of one that cannot even be opened, why.
async fn stored(setup: &Setup, progress: verify::Tell<'_>) -> Result<Vec<Rule>> {
    // A folder that is not there is told by whoever opens rows.
    if setup.config.store.mongodb.is_some() {
        return verify::rows(&*records::open(setup).await?, progress).await;
    }
    if setup.data.join(DATABASE).is_file()
        && let Err(error @ StoreError::Disk { fault: DiskFault::Corrupt, .. }) =
            SqliteStore::open_read_only(&setup.data)
    {
        let mut rule = Rule::new(verify::FILE);
        rule.violated(error.to_string());
        return Ok(vec![rule]);
    }
    let rows = records::open(setup).await?;
    let file = SqliteStore::open_read_only(&setup.data)?;
    let mut rules = vec![verify::file(&file, progress).await?];
    rules.extend(verify::rows(&*rows, progress).await?);
    Ok(rules)
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
