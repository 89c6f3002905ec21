//! `budgets`: what each budget allows and what is left. A running host is asked, since it knows what is reserved.

use std::{collections::BTreeSet, sync::Arc};

use puppet_grants::Ledger;
use puppet_store::BudgetStore as _;
use puppet_types::Timestamp;
use serde_json::{Value, json};

use crate::{
    assembly,
    config::usd,
    control::{self, Request},
    grants::Grants,
    output::{Output, Table},
    records,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// Runs it.
pub async fn run(setup: &Setup, out: Output) -> Result<()> {
    let mut answer = match control::ask(&setup.data, &Request::Budgets).await? {
        Some(answer) => answer,
        None => stored(setup).await?,
    };
    if out.json {
        let items = answer["items"].take();
        return out.object(&json!({ "schema": "puppet.budgets/1", "at": answer["at"], "items": items, "next": null }));
    }
    let header = ["agent", "capability", "amount", "limit", "used", "reserved", "left", "whole again", "state"];
    let mut table = Table::new(&header);
    for item in answer["items"].as_array().into_iter().flatten() {
        let text = |key: &str| match &item[key] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let amount = format!("{}/{}", text("amount"), text("period"));
        let number = |key: &str| match item[key].as_u64() {
            Some(micros) if item["unit"] == "usd_micros" => format!("${}", usd(micros)),
            Some(number) => number.to_string(),
            None => String::new(),
        };
        let numbers = ["limit", "used", "reserved", "left"].map(number);
        let words = [text("agent"), text("capability"), amount];
        table.row(words.into_iter().chain(numbers).chain([text("resets_at"), text("state")]));
    }
    table.print(out)
}

/// From the folder alone.
async fn stored(setup: &Setup) -> Result<Value> {
    let at = present(setup);
    let spent = match records::if_there(setup)? {
        Some(store) => store.spent().await?,
        None => Vec::new(),
    };
    let ledger = Arc::new(Ledger::default());
    ledger.restore(spent.clone());
    let mut lines = Vec::new();
    let grants = Grants::of(setup)?;
    let manifests = assembly::manifests();
    // Of every right that somebody has, and of no other.
    for spec in records::readable(setup).await? {
        if let Some(manifest) = manifests.get(&spec.plugin) {
            lines.extend(assembly::rights(manifest, &spec, &grants, &ledger).lines(at));
        }
    }
    let drawn: BTreeSet<_> = spent.iter().map(|spend| (&spend.key.agent, &spend.key.pack)).collect();
    for (id, pack) in drawn.into_iter().filter(|(id, _)| id.is_generator()) {
        if let Some(manifest) = manifests.get(pack) {
            lines.extend(assembly::rights_of_generator(manifest, id, &grants, &ledger).lines(at));
        }
    }
    lines.sort_by(|a, b| a.key.cmp(&b.key));
    let rows: Vec<_> = lines.iter().map(puppet_engine::report::budget_row).collect();
    serde_json::to_value(json!({ "at": at, "items": rows })).map_err(Trouble::internal)
}

/// Now; in a folder that was simulated, its last moment.
pub fn present(setup: &Setup) -> Timestamp {
    let text = std::fs::read_to_string(setup.data.join(super::simulate::CLOCK)).ok();
    let clock: Option<Value> = text.and_then(|text| serde_json::from_str(&text).ok());
    let at = clock.and_then(|clock| Timestamp::parse(clock["at"].as_str()?));
    at.unwrap_or_else(Timestamp::from_system)
}
