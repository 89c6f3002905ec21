//! Entries of a log as they are told: each thing once, and each at a time that there was.

use puppet_backtest::{Event, OrderStatus};
use puppet_store::PurseRow;
use puppet_types::Timestamp;

/// An entry to be told.
pub struct Entry {
    /// As the log has it.
    pub row: PurseRow,
    /// When.
    pub at: Timestamp,
    /// Why it ended so, where the log has that beside it.
    pub why: Option<String>,
}

/// Of a log's entries, the last first. A desk that begins does not know the time until its first bar closes: what it wrote
/// before is of the time after it (`later`, of what was told before these), and is not told where there is none. A denial stands behind the order or the end that it is of, and is told with it.
pub fn told(rows: Vec<PurseRow>, mut later: Option<Timestamp>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(at) = Some(row.at).filter(|at| *at > Timestamp::default()).or(later) else { continue };
        later = Some(at);
        let why = denied(&row).and_then(|of| {
            let place = entries
                .iter()
                .rposition(|entry| denial(&entry.row).is_some_and(|(order, rule, _)| (order, rule) == of))?;
            denial(&entries.remove(place).row).map(|(.., detail)| detail)
        });
        entries.push(Entry { row, at, why });
    }
    entries
}

/// Order and rule of an order that was denied, or ended by a rule.
fn denied(row: &PurseRow) -> Option<(u64, String)> {
    match serde_json::from_value(row.body.clone()).ok()? {
        Event::Ordered(record) if record.status == OrderStatus::Denied => Some((record.id, record.denied_by?)),
        Event::Ended { order, rule, .. } => Some((order, rule?)),
        _ => None,
    }
}

/// Order, rule and detail of a denial.
fn denial(row: &PurseRow) -> Option<(u64, String, String)> {
    match serde_json::from_value(row.body.clone()).ok()? {
        Event::Denied { order, denial } => Some((order, denial.rule, denial.detail)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use puppet_store::PurseEntry;
    use serde_json::{Value, json};

    use super::*;

    fn row(seq: u64, millis: i64, body: Value) -> PurseRow {
        PurseRow { seq, kind: PurseEntry::Event, at: Timestamp::from_millis(millis), body }
    }

    fn of(order: u64, rule: &str) -> Value {
        let denial = json!({
            "at": Timestamp::from_millis(5), "market": 0, "client_id": "a", "rule": rule, "detail": format!("why {order}"),
            "retry_at": null,
        });
        json!({ "event": "denied", "order": order, "denial": denial })
    }

    fn ended(order: u64, rule: Option<&str>) -> Value {
        json!({ "event": "ended", "order": order, "status": "ended", "rule": rule })
    }

    #[test]
    fn a_denial_is_told_with_what_it_is_of_and_a_beginning_with_its_first_bar() {
        let rows = vec![
            row(7, 90, of(0, "invalid")),
            row(6, 80, of(2, "expired")),
            row(5, 80, of(1, "slippage")),
            row(4, 80, ended(1, Some("slippage"))),
            row(3, 80, ended(2, Some("expired"))),
            row(2, 80, ended(3, None)),
            row(1, 0, json!({ "word": "begins" })),
        ];
        let entries = told(rows, None);
        let seen: Vec<_> =
            entries.iter().map(|entry| (entry.row.seq, entry.at.as_millis(), entry.why.as_deref())).collect();
        let expected = [(7, 90, None), (4, 80, Some("why 1")), (3, 80, Some("why 2")), (2, 80, None), (1, 80, None)];
        assert_eq!(seen, expected);
        assert!(told(vec![row(1, 0, json!({ "word": "begins" }))], None).is_empty(), "nobody knows when that was");
    }
}
