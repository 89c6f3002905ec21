//! `budgets`: what each budget allows and what is left. A running host is asked, since it knows what is reserved.

use std::{collections::BTreeSet, sync::Arc};

use puppet_engine::budgets::{once_each, with_what_is_there};
use puppet_grants::{BudgetLine, Ledger, Owner, Spend};
use puppet_tweet::caps::{self, Load};
use puppet_types::Timestamp;
use serde_json::{Value, json};

use crate::{
    assembly, bill,
    config::{TweetProvider, usd},
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
    if out.json {
        return out.object(&told(setup).await?);
    }
    let answer = answer(setup).await?;
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
    capped(&answer["caps"], out)?;
    charged(&answer["bill"], out)
}

/// The same as `docs/schemas/budgets.json` has it.
pub async fn told(setup: &Setup) -> Result<Value> {
    let mut answer = answer(setup).await?;
    let [at, items, limits, caps, bill] = ["at", "items", "limits", "caps", "bill"].map(|key| answer[key].take());
    Ok(json!({
        "schema": "puppet.budgets/1", "at": at, "items": items, "limits": limits, "caps": caps, "bill": bill,
        "next": null,
    }))
}

/// How budgets, limits, caps and the bill stand: as a running host says, else from the folder.
pub async fn answer(setup: &Setup) -> Result<Value> {
    match control::ask(setup, &Request::Budgets).await? {
        Some(answer) => Ok(answer),
        None => stored(setup).await,
    }
}

/// What is left of the caps of the plan.
fn capped(caps: &Value, out: Output) -> Result<()> {
    let caps = caps.as_array().map_or(&[][..], Vec::as_slice);
    if caps.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(&["cap of the plan", "limit", "used", "reserved", "left", "whole again", "state"]);
    for cap in caps {
        let text = |key: &str| cap[key].as_str().unwrap_or_default().to_owned();
        let number = |key: &str| match cap[key].as_u64().unwrap_or_default() {
            micros if cap["unit"] == "usd_micros" => format!("${}", usd(micros)),
            number => number.to_string(),
        };
        let numbers = ["limit", "used", "reserved", "left"].map(number);
        table.row([text("cap")].into_iter().chain(numbers).chain([text("resets_at"), text("state")]));
    }
    table.print(out)
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
    let mut lines = of_folder(setup, spent, at).await?;
    let mut billed = Vec::new();
    let renews_on = setup.config.tweet.x.plan.renews_on;
    if let Some(store) = store {
        billed = bill::kept(&store, at, renews_on).await?;
        lines = with_what_is_there(&*store, lines).await?;
    }
    let rows: Vec<_> = lines.iter().map(puppet_engine::report::budget_row).collect();
    let caps = match setup.config.tweet.provider {
        TweetProvider::X => {
            let used = (Load::of_days(&billed, at, renews_on), Load::default());
            bill::caps(&caps::lines(&setup.config.tweet.x.plan.caps, used, at, renews_on))
        }
        TweetProvider::Local => Vec::new(),
    };
    let bill = bill::rows(&billed, at, renews_on);
    serde_json::to_value(json!({ "at": at, "items": rows, "limits": [], "caps": caps, "bill": bill }))
        .map_err(Trouble::internal)
}

/// How every budget stands that somebody has, by key, where so much was spent.
pub(super) async fn of_folder(setup: &Setup, spent: Vec<Spend>, at: Timestamp) -> Result<Vec<BudgetLine>> {
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
    Ok(once_each(lines))
}

/// Now; in a folder that was simulated, its last moment.
pub fn present(setup: &Setup) -> Timestamp {
    if let Some(inside) = &setup.inside {
        return inside.parts.host.now();
    }
    let text = std::fs::read_to_string(setup.data.join(super::simulate::CLOCK)).ok();
    let clock: Option<Value> = text.and_then(|text| serde_json::from_str(&text).ok());
    let at = clock.and_then(|clock| Timestamp::parse(clock["at"].as_str()?));
    at.unwrap_or_else(Timestamp::from_system)
}
