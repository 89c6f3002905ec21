//! `plugins`: what runs, what it imports, what it asked for and got, and how it behaved by the journal.

use puppet_engine::report::quantile;
use puppet_store::{Filter, Store};
use puppet_types::{Digest, Outcome, PackId};

use std::collections::BTreeMap;

use crate::{
    inventory::{self, Behaviour, Behaviours, Fuel},
    output::{List, Output, Table},
    records,
    setup::Setup,
    trouble::Result,
};

/// Entries read at a time.
const PAGE: usize = 2_000;

/// Runs it.
pub async fn run(setup: &Setup, out: Output) -> Result<()> {
    let behaviours = match records::if_there(setup).await? {
        Some(store) => behaviours(&*store).await?,
        None => Behaviours::default(),
    };
    let rows = inventory::rows(setup, None, &behaviours).await?;
    if out.json {
        return out.object(&List { schema: "puppet.plugins/1", items: rows, next: None });
    }
    let header =
        ["pack", "version", "state", "share", "world", "imports", "agents", "invocations", "fuel p50", "strikes"];
    let mut table = Table::new(&header);
    let reasons: Vec<String> =
        rows.iter().filter_map(|row| Some(format!("{} {}: {}", row.pack, row.version, row.reason.as_ref()?))).collect();
    for row in rows {
        table.row([
            row.pack,
            row.version,
            row.state.clone(),
            format!("{} %", row.share),
            row.world.to_owned(),
            row.imports.join(" "),
            row.agents.len().to_string(),
            row.invocations.to_string(),
            row.fuel.p50.map_or_else(|| "-".to_owned(), |fuel| fuel.to_string()),
            row.strikes.to_string(),
        ]);
    }
    table.print(out)?;
    reasons.into_iter().try_for_each(|reason| out.line(out.odd(reason)))
}

/// By all that was recorded.
async fn behaviours(store: &dyn Store) -> Result<Behaviours> {
    let mut all: BTreeMap<(PackId, Digest), (Behaviour, Vec<u64>)> = BTreeMap::new();
    let mut after = 0;
    loop {
        let filter = Filter { after_seq: Some(after), oldest_first: true, limit: PAGE, ..Filter::default() };
        let page = store.journal(&filter).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for entry in page {
            let invocation = entry.invocation;
            let (one, fuel) = all.entry((invocation.plugin.id, invocation.plugin.digest)).or_default();
            one.invocations += 1;
            fuel.push(invocation.fuel);
            one.strikes = invocation.strikes;
            if let Outcome::Breach(breach, _) = invocation.outcome {
                one.last_breach = Some(breach.code().to_owned());
            }
        }
    }
    let of = |(of, (one, mut fuel)): (_, (Behaviour, Vec<u64>))| {
        fuel.sort_unstable();
        (of, Behaviour { fuel: Fuel { p50: quantile(&fuel, 50), p99: quantile(&fuel, 99) }, ..one })
    };
    Ok(Behaviours { since: None, of: all.into_iter().map(of).collect() })
}
