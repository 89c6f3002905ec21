//! `budgets`: what each budget allows and what is left. A running host is asked, since it knows what is reserved.

use std::{collections::BTreeSet, sync::Arc};

use puppet_engine::budgets::{once_each, with_what_is_there};
use puppet_grants::{Ledger, Owner};
use puppet_types::Timestamp;
use serde_json::{Value, json};

use crate::{
    assembly, bill,
    config::usd,
    control::{self, Request},
    grants::Grants,
    installing,
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
        let [items, limits, bill] = ["items", "limits", "bill"].map(|key| answer[key].take());
        let at = &answer["at"];
        return out.object(&json!({
            "schema": "puppet.budgets/1", "at": at, "items": items, "limits": limits, "bill": bill, "next": null,
        }));
    }
    let header = ["whose", "capability", "amount", "limit", "used", "reserved", "left", "whole again", "state"];
    let mut table = Table::new(&header);
    for item in answer["items"].as_array().into_iter().flatten() {
        let text = |key: &str| match &item[key] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let amount = match item["period"].as_str() {
            Some(period) => format!("{}/{period}", text("amount")),
            None => text("amount"),
        };
        let whose = match (item["agent"].as_str(), item["account"].as_str()) {
            (Some(agent), _) => agent.to_owned(),
            (None, Some(account)) => format!("@{account}"),
            (None, None) => "host".to_owned(),
        };
        let number = |key: &str| match item[key].as_u64() {
            Some(micros) if item["unit"] == "usd_micros" => format!("${}", usd(micros)),
            Some(number) => number.to_string(),
            None => String::new(),
        };
        let numbers = ["limit", "used", "reserved", "left"].map(number);
        let resets = item["resets_at"].as_str().unwrap_or("when there is room").to_owned();
        let words = [whose, text("capability"), amount];
        table.row(words.into_iter().chain(numbers).chain([resets, text("state")]));
    }
    table.print(out)?;
    limits(&answer["limits"], out)?;
    charged(&answer["bill"], out)
}

/// What X charges for what was done there.
fn charged(bill: &Value, out: Output) -> Result<()> {
    let bill = bill.as_array().map_or(&[][..], Vec::as_slice);
    if bill.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(&["on X", "period", "since", "posts", "reads", "cost"]);
    for row in bill {
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let number = |key: &str| row[key].as_u64().unwrap_or_default();
        table.row([
            text("account"),
            text("period"),
            text("since"),
            number("posts").to_string(),
            number("reads").to_string(),
            format!("${}", usd(number("usd_micros"))),
        ]);
    }
    table.print(out)
}

/// What the network itself leaves each account, where it has said so since the host started.
fn limits(limits: &Value, out: Output) -> Result<()> {
    let limits = limits.as_array().map_or(&[][..], Vec::as_slice);
    if limits.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(&["account", "request", "window", "limit", "left", "whole again"]);
    for limit in limits {
        let text = |key: &str| limit[key].as_str().unwrap_or_default().to_owned();
        let number = |key: &str| limit[key].as_u64().map_or_else(|| "unknown".to_owned(), |number| number.to_string());
        table.row([
            text("account"),
            text("request"),
            text("window"),
            number("limit"),
            number("remaining"),
            text("resets_at"),
        ]);
    }
    table.print(out)
}

/// From the folder alone.
async fn stored(setup: &Setup) -> Result<Value> {
    let at = present(setup);
    let store = records::if_there(setup).await?;
    let spent = match &store {
        Some(store) => store.spent().await?,
        None => Vec::new(),
    };
    let ledger = Arc::new(Ledger::default());
    ledger.restore(spent.clone());
    let mut lines = Vec::new();
    let grants = Grants::of(setup)?;
    let repertoire = installing::repertoire(&installing::of(setup))?;
    // Of every right that somebody has, and of no other.
    for spec in records::readable(setup).await? {
        if let Some(known) = repertoire.serving(&spec.plugin) {
            let data = repertoire.vouched(&spec.pack);
            lines.extend(assembly::rights(&known, &spec, &data, &grants, &ledger).lines(at));
        }
    }
    let drawn: BTreeSet<_> = spent.iter().map(|spend| &spend.key.owner).collect();
    for owner in drawn {
        let Owner::Agent { agent, pack } = owner else { continue };
        if let Some(known) = repertoire.serving(pack).filter(|_| agent.is_generator()) {
            lines.extend(assembly::rights_of_generator(&known, agent, &grants, &ledger).lines(at));
        }
    }
    let mut lines = once_each(lines);
    let mut billed = Vec::new();
    let renews_on = setup.config.tweet.x.plan.renews_on;
    if let Some(store) = store {
        billed = bill::kept(&store, at, renews_on).await?;
        lines = with_what_is_there(&*store, lines).await?;
    }
    let rows: Vec<_> = lines.iter().map(puppet_engine::report::budget_row).collect();
    serde_json::to_value(json!({ "at": at, "items": rows, "limits": [], "bill": bill::rows(&billed, at, renews_on) }))
        .map_err(Trouble::internal)
}

/// Now; in a folder that was simulated, its last moment.
pub fn present(setup: &Setup) -> Timestamp {
    let text = std::fs::read_to_string(setup.data.join(super::simulate::CLOCK)).ok();
    let clock: Option<Value> = text.and_then(|text| serde_json::from_str(&text).ok());
    let at = clock.and_then(|clock| Timestamp::parse(clock["at"].as_str()?));
    at.unwrap_or_else(Timestamp::from_system)
}
