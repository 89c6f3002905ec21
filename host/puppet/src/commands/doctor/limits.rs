//! `doctor --limits`: every limit in force.

use puppet_engine::MAILBOX;
use puppet_types::{Breach, Limit};
use serde::Serialize;

use crate::{
    output::{List, Output, Table},
    sandboxed,
    setup::Setup,
    trouble::Result,
};

#[derive(Serialize)]
struct LimitRow {
    name: &'static str,
    value: u64,
    least: u64,
    most: u64,
    unit: &'static str,
    config_key: &'static str,
    breach: Option<&'static str>,
    hostile_guest: &'static str,
    #[serde(skip)]
    about: &'static str,
}

impl LimitRow {
    fn of(limit: &Limit, value: u64) -> Self {
        let Limit { name, least, most, unit, config_key, breach, hostile_guest, about, .. } = *limit;
        let breach = breach.map(Breach::code);
        Self { name, value, least, most, unit, config_key, breach, hostile_guest, about }
    }
}

/// Every limit in force: those of the sandbox, those that the host counts, and what all invocations share.
fn limit_rows(setup: &Setup) -> Result<Vec<LimitRow>> {
    let config = sandboxed::config(setup)?;
    let bounds = sandboxed::bounds(setup);
    let of_all = puppet_sandbox::shared(&config.pool, &config.strikes);
    let mail = (&MAILBOX, setup.config.mailbox.waiting as u64);
    let all = config.limits.values().into_iter().chain(bounds.values()).chain(of_all).chain([mail]);
    Ok(all.map(|(limit, value)| LimitRow::of(limit, value)).collect())
}

pub(super) fn limits(setup: &Setup, out: Output) -> Result<()> {
    let rows = limit_rows(setup)?;
    if out.json {
        return out.object(&List { schema: "puppet.limits/1", items: rows, next: None });
    }
    let mut table = Table::new(&["limit", "value", "least", "most", "unit", "set by", "beyond it", "test"]);
    for row in &rows {
        let beyond = row.breach.unwrap_or("dropped, refused, or waits");
        let numbers = [row.value, row.least, row.most].map(|n| n.to_string());
        let words = [row.unit, row.config_key, beyond, row.hostile_guest].map(str::to_owned);
        table.row([row.name.to_owned()].into_iter().chain(numbers).chain(words));
    }
    table.print(out)?;
    rows.iter().try_for_each(|row| out.line(out.dim(format!("{}: {}", row.name, row.about))))
}
