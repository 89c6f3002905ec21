//! What repeats in events and records, and stands once in a table of its own: names, plugin versions, characters. Such a
//! row is never deleted and keeps its number. So the numbers of rows that are surely there are remembered, and a commit
//! looks nothing up; what was found in a transaction is learned after its end, since one that fails takes its rows back.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard},
};

use puppet_types::{Digest, Event, Invocation, PluginRef};
use rusqlite::{Connection, ToSql};

use super::{
    lock,
    values::{first, run},
};
use crate::Result;

/// Most of a kind that are remembered: beyond that it begins anew.
const MOST: usize = 65_536;

/// Numbers that are surely there.
#[derive(Default)]
pub(super) struct Names(Mutex<Known>);

#[derive(Default)]
struct Known {
    names: HashMap<String, i64>,
    versions: HashMap<Digest, (PluginRef, i64)>,
    characters: HashMap<(Digest, Digest), i64>,
}

/// Numbers of an event's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EventNames {
    pub(super) kind: i64,
    pub(super) source: i64,
    pub(super) agent: i64,
}

/// Numbers of what a record names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RecordNames {
    pub(super) agent: i64,
    pub(super) version: i64,
    pub(super) character: i64,
}

impl Names {
    /// Those of an event, where all are known.
    pub(super) fn of_event(&self, event: &Event) -> Option<EventNames> {
        let known = self.known();
        let name = |name: &str| known.names.get(name).copied();
        Some(EventNames { kind: name(&event.kind)?, source: name(&event.source)?, agent: name(event.agent.as_str())? })
    }

    /// Those of a record, where all are known.
    pub(super) fn of_record(&self, record: &Invocation) -> Option<RecordNames> {
        let known = self.known();
        let (plugin, version) = known.versions.get(&record.plugin.digest)?;
        if *plugin != record.plugin {
            return None;
        }
        let character = *known.characters.get(&(record.persona_digest, record.settings_digest))?;
        Some(RecordNames { agent: *known.names.get(record.agent.as_str())?, version: *version, character })
    }

    /// After the transaction.
    pub(super) fn learn_event(&self, event: &Event, found: EventNames) {
        let mut known = self.known();
        for (name, n) in
            [(&*event.kind, found.kind), (&event.source, found.source), (event.agent.as_str(), found.agent)]
        {
            put(&mut known.names, name.to_owned(), n);
        }
    }

    /// After the transaction.
    pub(super) fn learn_record(&self, record: &Invocation, found: RecordNames) {
        let mut known = self.known();
        put(&mut known.names, record.agent.to_string(), found.agent);
        put(&mut known.versions, record.plugin.digest, (record.plugin.clone(), found.version));
        put(&mut known.characters, (record.persona_digest, record.settings_digest), found.character);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        lock(&self.0)
    }
}

fn put<K: Eq + std::hash::Hash, V>(known: &mut HashMap<K, V>, key: K, value: V) {
    if known.len() >= MOST {
        known.clear();
    }
    known.insert(key, value);
}

impl EventNames {
    /// Looks them up; writes down what is new.
    pub(super) fn find(conn: &Connection, event: &Event) -> Result<Self> {
        Ok(Self {
            kind: name(conn, &event.kind)?,
            source: name(conn, &event.source)?,
            agent: name(conn, event.agent.as_str())?,
        })
    }
}

impl RecordNames {
    /// Looks them up; writes down what is new.
    pub(super) fn find(conn: &Connection, record: &Invocation) -> Result<Self> {
        const VERSION: [&str; 2] = [
            "SELECT n FROM plugin_versions WHERE digest = ?1 AND plugin = ?2 AND version = ?3",
            "INSERT INTO plugin_versions (digest, plugin, version) VALUES (?1, ?2, ?3)",
        ];
        const CHARACTER: [&str; 2] = [
            "SELECT n FROM characters WHERE persona = ?1 AND settings = ?2",
            "INSERT INTO characters (persona, settings) VALUES (?1, ?2)",
        ];
        let plugin = &record.plugin;
        let version: [&dyn ToSql; 3] = [plugin.digest.as_bytes(), &plugin.id.as_str(), &plugin.version];
        let character: [&dyn ToSql; 2] = [record.persona_digest.as_bytes(), record.settings_digest.as_bytes()];
        Ok(Self {
            agent: name(conn, record.agent.as_str())?,
            version: number(conn, VERSION, &version)?,
            character: number(conn, CHARACTER, &character)?,
        })
    }
}

fn name(conn: &Connection, name: &str) -> Result<i64> {
    const SQL: [&str; 2] = ["SELECT n FROM names WHERE name = ?1", "INSERT INTO names (name) VALUES (?1)"];
    number(conn, SQL, &[&name])
}

/// The number of what the first statement finds or the second writes.
fn number(conn: &Connection, [find, write]: [&str; 2], values: &[&dyn ToSql]) -> Result<i64> {
    match first(conn, find, values, |row| Ok(row.get(0)?))? {
        Some(n) => Ok(n),
        None => {
            run(conn, write, values)?;
            Ok(conn.last_insert_rowid())
        }
    }
}

#[cfg(test)]
mod tests {
    use puppet_types::{AgentId, Mood};

    use crate::{
        Change, Commit, CommitStore as _, EventStore as _, Filter, JournalStore as _, SqliteStore,
        conformance::{at, commit, event},
    };

    /// A number that was taken back is somebody else's next.
    #[tokio::test]
    async fn what_was_taken_back_is_not_remembered() {
        let store = SqliteStore::in_memory().unwrap();
        let broken = || {
            let mood = Mood { valence: f64::NAN, arousal: 0.0, dominance: 0.0 };
            let changes = vec![Change::Mood { agent: AgentId::new("a"), mood, at: at(1) }];
            Commit { changes, ..commit("i1", event("e1", "a")) }
        };
        let record = broken().invocation;
        store.commit(broken()).await.unwrap_err();
        assert_eq!(store.inner.names.of_record(&record), None);
        for (id, agent) in [("i2", "b"), ("i1", "a"), ("i3", "a")] {
            store.commit(commit(id, event(&id.replace('i', "e"), agent))).await.unwrap();
        }
        assert!(store.inner.names.of_record(&record).is_some(), "nothing is looked up from now on");
        store.accept(vec![event("e4", "c"), event("e5", "c")]).await.unwrap();
        assert!(store.inner.names.of_event(&event("e6", "c")).is_some());
        let all = Filter { limit: 9, oldest_first: true, ..Filter::default() };
        let agents: Vec<_> =
            store.journal(&all).await.unwrap().into_iter().map(|entry| entry.invocation.agent.to_string()).collect();
        assert_eq!(agents, ["b", "a", "a"]);
        let mut other = commit("i9", event("e9", "a"));
        other.invocation.plugin.version = "9.9.9".into();
        assert_eq!(store.inner.names.of_record(&other.invocation), None, "the same component under another version");
    }
}
