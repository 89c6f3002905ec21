//! What must always hold, asked of the rows that a life left and of what the outside has seen of it. Here is what is
//! looked at; each rule has a file of its own.

mod budgets;
mod effects;
mod events;
mod failed;
mod replayed;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::Path,
    sync::Arc,
};

use puppet_engine::Host;
use puppet_grants::{BudgetKey, Owner};
use puppet_store::{
    Effect, EffectState, EventStore as _, Filter, JournalStore as _, OutboxStore as _, SqliteStore, Waiting,
};
use puppet_types::{EventId, Invocation, InvocationId, Outcome};
use serde::de::DeserializeOwned;

use super::{network::Network, world::World};

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which rule it breaks, by its number in docs/architecture.md.
    pub rule: u8,
    /// How.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule {}: {}", self.rule, self.what)
    }
}

/// What the outside knows.
pub struct Outside<'a> {
    /// Events that it was told were accepted.
    pub accepted: &'a BTreeSet<EventId>,
    /// The network that was posted to.
    pub network: &'a Network,
    /// Paid reads: what was reserved, and what the model charged.
    pub world: &'a Arc<World>,
}

/// A row of a budget.
#[derive(Debug, Clone)]
pub struct Spent {
    /// Of which.
    pub key: BudgetKey,
    /// Start of its window, in milliseconds.
    pub window: i64,
    /// Spent.
    pub used: u64,
    /// Beyond what was reserved.
    pub overrun: u64,
    /// Owed from before.
    pub debt: u64,
}

/// All that is there at the end.
pub struct Rows {
    /// In order of acceptance, each with its state and, where it is dead, why.
    pub events: Vec<(Waiting, String, Option<String>)>,
    /// Oldest first.
    pub journal: Vec<Invocation>,
    /// In order of commit.
    pub effects: Vec<Effect>,
    /// By key and window.
    pub spent: Vec<Spent>,
}

impl Rows {
    async fn of(rows: &SqliteStore, folder: &Path) -> Self {
        let db = rusqlite::Connection::open(folder.join("puppet.db")).expect("rows can be read");
        let mut events = Vec::new();
        for waiting in rows.events_after(0, usize::MAX).await.expect("rows can be read") {
            let fate = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
            let sql = "SELECT state, reason FROM events WHERE id = ?1";
            let (state, reason) = db.query_row(sql, [waiting.event.id.as_str()], fate).expect("it was there");
            events.push((waiting, state, reason));
        }
        let all = Filter { oldest_first: true, limit: 1_000_000, ..Filter::default() };
        let journal = rows.journal(&all).await.expect("rows can be read");
        Self {
            events,
            journal: journal.into_iter().map(|entry| entry.invocation).collect(),
            effects: rows.effects(&EffectState::ALL).await.expect("rows can be read"),
            spent: spent(&db),
        }
    }

    /// Records of what ended well.
    pub fn ok(&self) -> impl Iterator<Item = &Invocation> {
        self.journal.iter().filter(|record| record.outcome == Outcome::Ok)
    }

    /// Those of one event.
    pub fn records_of(&self, event: &EventId) -> Vec<&Invocation> {
        self.journal.iter().filter(|record| record.event.id == *event).collect()
    }

    /// The record that ended well, by invocation.
    pub fn by_id(&self) -> BTreeMap<&InvocationId, &Invocation> {
        self.ok().map(|record| (&record.id, record)).collect()
    }
}

fn named<T: DeserializeOwned>(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    Ok(serde_json::from_value(text.into()).expect("a name that was written"))
}

/// Every window of every budget.
fn spent(db: &rusqlite::Connection) -> Vec<Spent> {
    let sql = "SELECT scope, agent, pack, capability, amount, period, \"window\", used, overrun, debt FROM budgets \
               ORDER BY 1, 2, 3, 4, 5, 6, 7";
    let mut statement = db.prepare(sql).expect("rows can be read");
    let row = |row: &rusqlite::Row<'_>| {
        let (agent, pack): (String, String) = (row.get(1)?, row.get(2)?);
        Ok(Spent {
            key: BudgetKey {
                owner: Owner::of_parts(named(row, 0)?, &agent, &pack),
                capability: named(row, 3)?,
                amount: named(row, 4)?,
                period: named(row, 5)?,
            },
            window: row.get(6)?,
            used: row.get::<_, i64>(7)?.cast_unsigned(),
            overrun: row.get::<_, i64>(8)?.cast_unsigned(),
            debt: row.get::<_, i64>(9)?.cast_unsigned(),
        })
    };
    statement.query_map([], row).expect("rows can be read").map(|row| row.expect("rows can be read")).collect()
}

/// What does not hold, and every row as text.
pub async fn all(
    host: &Host,
    store: &SqliteStore,
    folder: &Path,
    outside: &Outside<'_>,
) -> (Vec<Violation>, Vec<String>) {
    let rows = Rows::of(store, folder).await;
    let mut found = Found(Vec::new());
    failed::check(&rows, store, &mut found).await;
    events::check(&rows, outside, &mut found);
    effects::check(&rows, outside, &mut found);
    replayed::check(&rows, host, &mut found).await;
    budgets::check(&rows, host, outside, &mut found);
    let text = |part: &dyn fmt::Debug| format!("{part:?}");
    let text = vec![text(&rows.events), text(&rows.journal), text(&rows.effects), text(&rows.spent)];
    (found.0, text)
}

/// What was found so far.
pub struct Found(Vec<Violation>);

impl Found {
    /// One more, unless it holds.
    pub fn unless(&mut self, holds: bool, rule: u8, what: impl FnOnce() -> String) {
        if !holds {
            self.0.push(Violation { rule, what: what() });
        }
    }
}
