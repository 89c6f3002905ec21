//! What a plugin does, as its author wants to see it: each call with its end, its decisions, its fuel, and what it logged.

use std::path::PathBuf;

use puppet_author::found;
use puppet_store::{Filter, JournalStore as _, sqlite::SqliteStore};
use puppet_types::{Invocation, Outcome, PackId};
use serde_json::json;

use crate::{commands::test::grouped, output::Output};

/// The most calls that are shown at a time.
const SHOWN: usize = 200;

/// See the head of this file.
pub struct Follow {
    data: PathBuf,
    plugin: PackId,
    out: Output,
    store: Option<SqliteStore>,
    seen: Option<u64>,
}

impl Follow {
    /// From now on; what an earlier time left is not shown again.
    pub fn new(data: PathBuf, plugin: &PackId, out: Output) -> Self {
        let mut follow = Self { data, plugin: plugin.clone(), out, store: None, seen: None };
        follow.store = SqliteStore::open_read_only(&follow.data).ok();
        follow
    }

    /// Prints what is new.
    pub async fn show(&mut self) {
        if self.store.is_none() {
            self.store = SqliteStore::open_read_only(&self.data).ok();
            self.seen = self.store.as_ref().map(|_| 0);
        }
        let Some(store) = &self.store else { return };
        if self.seen.is_none() {
            let last = store.journal(&Filter { limit: 1, ..Filter::default() }).await;
            self.seen = last.ok().map(|entries| entries.first().map_or(0, |entry| entry.seq));
        }
        let filter = Filter { after_seq: self.seen, oldest_first: true, limit: SHOWN, ..Filter::default() };
        for entry in store.journal(&filter).await.unwrap_or_default() {
            self.seen = Some(entry.seq);
            if entry.invocation.plugin.id == self.plugin {
                self.line(&entry.invocation);
            }
        }
    }

    fn line(&self, invocation: &Invocation) {
        let out = self.out;
        if out.json {
            let _ = out.object_line(&json!({
                "kind": "invocation", "id": invocation.id, "at": invocation.at, "agent": invocation.agent,
                "event": invocation.event.kind, "outcome": invocation.outcome.name(), "detail": found::end(invocation),
                "plugin": invocation.plugin, "fuel": invocation.fuel, "decisions": invocation.decisions,
                "log": invocation.log,
            }));
            return;
        }
        let at = invocation.at.to_jiff().strftime("%T");
        let end = found::end(invocation);
        let end = match invocation.outcome {
            Outcome::Ok => out.good(end),
            Outcome::Declined(_) => out.odd(end),
            _ => out.bad(end),
        };
        let fuel = out.dim(format!("{} fuel", grouped(invocation.fuel)));
        let _ = out.heard(format!("{at} {} {end} {fuel}", out.bold(&invocation.event.kind)));
        for decision in &invocation.decisions {
            if let Ok(decision) = serde_json::to_value(&decision.decision) {
                let _ = out.heard(format!("  {}", found::written(&decision)));
            }
        }
        for line in &invocation.log {
            let _ = out.heard(out.dim(format!("  log {line}")));
        }
    }
}
