//! What rows say of other rows: an entry of the journal has its event, and only one that ended well is what a memory came
//! from. Reads the rows as they are, since whoever joins them does not see what has nothing to join.

use puppet_store::{Cell, Store, StoreError, Table};
use puppet_types::InvocationId;

use super::{PAGE, Rule, Tell};

/// Both rules: `entries-have-events`, and more of `a-failure-changes-nothing`.
pub async fn walk(
    store: &dyn Store,
    failed: &mut Rule,
    (events, failures): (&[u64], &[u64]),
    tell: Tell<'_>,
) -> Result<Rule, StoreError> {
    let mut rule = Rule::new("entries-have-events");
    tell("references", 0);
    let (journal, remembered) = (table("journal")?, table("remembered")?);
    let mut after = None;
    loop {
        let page = store.rows_after(journal, after.take(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(journal.key_of(last).to_vec());
        for row in &page {
            let event = number(journal, row, "event");
            let has = events.binary_search(&event).is_ok() || is_there(store, event).await?
                // Retention took both since.
                || !is_still_there(store, journal, row).await?;
            rule.check(has, || {
                format!("{} speaks of event number {event}, which is not there", text(journal, row, "id"))
            });
        }
    }
    let mut after = None;
    loop {
        let page = store.rows_after(remembered, after.take(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(remembered.key_of(last).to_vec());
        for row in &page {
            let seq = number(remembered, row, "journal");
            failed.check(failures.binary_search(&seq).is_err(), || {
                let (id, agent) = (text(remembered, row, "id"), text(remembered, row, "agent"));
                format!("memory {id} of {agent} comes from entry number {seq}, which did not end well")
            });
        }
    }
    Ok(rule)
}

/// What a read may cost is reserved until its event has ended.
pub async fn reservations(store: &dyn Store) -> Result<Rule, StoreError> {
    let mut rule = Rule::new("reservations-are-open-while-they-are-needed");
    let open = table("open_reads")?;
    let mut after = None;
    loop {
        let page = store.rows_after(open, after.take(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(rule) };
        after = Some(open.key_of(last).to_vec());
        for row in &page {
            let id = text(open, row, "invocation");
            let event = store.invocation(&InvocationId::new(id)).await?.map(|entry| entry.invocation.event.id);
            let state = match &event {
                Some(event) => store.event(event).await?.map(|(_, state)| state),
                // Not ended yet, or the host's own.
                None => None,
            };
            // It may have been closed with the end of its event, since the page was read.
            let is_left = matches!(state, Some("done" | "dead")) && is_still_there(store, open, row).await?;
            rule.check(!is_left, || format!("a read of {id} is open, and its event has ended"));
        }
    }
}

async fn is_still_there(store: &dyn Store, table: &'static Table, row: &[Cell]) -> Result<bool, StoreError> {
    let key = table.key_of(row);
    let mut before = key.to_vec();
    if let Some(Cell::Int(last)) = before.last_mut() {
        *last = last.saturating_sub(1);
    }
    let found = store.rows_after(table, Some(before), 1).await?;
    Ok(found.first().is_some_and(|other| table.key_of(other) == key))
}

/// One that was accepted since the events were read.
async fn is_there(store: &dyn Store, event: u64) -> Result<bool, StoreError> {
    let events = table("events")?;
    let before = vec![Cell::Int(event.cast_signed().saturating_sub(1))];
    let found = store.rows_after(events, Some(before), 1).await?;
    Ok(found.first().is_some_and(|row| number(events, row, "seq") == event))
}

pub(super) fn table(name: &'static str) -> Result<&'static Table, StoreError> {
    Table::named(name).ok_or_else(|| StoreError::Failed(format!("there are no {name}")))
}

fn cell<'a>(table: &Table, row: &'a [Cell], column: &str) -> Option<&'a Cell> {
    table.columns.iter().position(|name| *name == column).and_then(|at| row.get(at))
}

fn number(table: &Table, row: &[Cell], column: &str) -> u64 {
    match cell(table, row, column) {
        Some(Cell::Int(number)) => number.cast_unsigned(),
        _ => 0,
    }
}

pub(super) fn text<'a>(table: &Table, row: &'a [Cell], column: &str) -> &'a str {
    match cell(table, row, column) {
        Some(Cell::Text(text)) => text,
        _ => "?",
    }
}
