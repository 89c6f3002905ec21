//! The rows of events and records, written by hand: one connection, one thread, and every number known beforehand.

use std::{collections::BTreeMap, path::Path};

use puppet_types::{Event, Invocation};
use rusqlite::{Connection, params};

/// A connection as the store's writer has it, to a database that the store has made.
pub struct ByHand {
    pub db: Connection,
    names: BTreeMap<String, i64>,
    /// The texts of every record.
    example: Invocation,
    texts: [Option<String>; 4],
}

impl ByHand {
    /// Writes down what repeats: the names of these events, and what the example ran with.
    pub fn open(data: &Path, example: &Invocation, events: impl Iterator<Item = Event>) -> Self {
        let db = Connection::open(data.join("puppet.db")).unwrap();
        let settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; \
                        PRAGMA cache_size = -4096; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;";
        db.execute_batch(settings).unwrap();
        let mut names = BTreeMap::new();
        for event in events {
            for name in [event.kind, event.source, event.agent.to_string()] {
                let next = names.len() as i64 + 1;
                names.entry(name).or_insert(next);
            }
        }
        db.execute_batch("BEGIN").unwrap();
        for (name, n) in &names {
            db.execute("INSERT INTO names (n, name) VALUES (?1, ?2)", params![n, name]).unwrap();
        }
        let plugin = &example.plugin;
        let version = params![plugin.id.as_str(), plugin.version, plugin.digest.as_bytes()];
        db.execute("INSERT INTO plugin_versions VALUES (1, ?1, ?2, ?3)", version).unwrap();
        let character = [example.persona_digest.as_bytes(), example.settings_digest.as_bytes()];
        db.execute("INSERT INTO characters VALUES (1, ?1, ?2)", character).unwrap();
        db.execute_batch("COMMIT").unwrap();
        let texts = [
            serde_json::to_string(&example.host_calls).unwrap(),
            serde_json::to_string(&example.reads).unwrap(),
            serde_json::to_string(&example.decisions).unwrap(),
            serde_json::to_string(&example.log).unwrap(),
        ];
        let texts = texts.map(|text| (text != "[]" && text != "{}").then_some(text));
        Self { db, names, example: example.clone(), texts }
    }

    /// An event comes.
    pub fn accept(&self, event: &Event) {
        const SQL: &str = "INSERT INTO event_rows (id, state, attempts, kind, source, agent, priority, at, payload, hops) \
                           VALUES (?1, 'waiting', 0, ?2, ?3, ?4, 1, ?5, ?6, 0)";
        let [kind, source, agent] = [&event.kind, &event.source, event.agent.as_str()].map(|name| self.names[name]);
        let payload = event.payload.to_string();
        let values = params![event.id.as_str(), kind, source, agent, event.at.as_millis(), payload];
        self.db.prepare_cached(SQL).unwrap().execute(values).unwrap();
    }

    /// It is handled, as the example was.
    pub fn commit(&self, event: &Event, id: &str) {
        const END: &str =
            "UPDATE event_rows SET state = 'done', attempts = attempts + 1, ended = ?2 WHERE id = ?1 RETURNING seq";
        const INSERT: &str = "INSERT INTO journal_rows (id, at, agent, event, plugin_version, character, outcome, fuel, \
                              peak_memory, strikes, sandbox_us, reads_us, commit_us, host_calls, seed, reads, decisions, \
                              log) VALUES (?1, ?2, ?3, ?4, 1, 1, 'ok', ?5, ?6, 0, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
        let at = event.at.as_millis();
        let ended = params![event.id.as_str(), at];
        let seq: i64 = self.db.prepare_cached(END).unwrap().query_row(ended, |row| row.get(0)).unwrap();
        let [host_calls, reads, decisions, log] = &self.texts;
        let timing = self.example.timing.as_ref();
        let values = params![
            id,
            at,
            self.names[event.agent.as_str()],
            seq,
            self.example.fuel as i64,
            self.example.peak_memory_bytes as i64,
            timing.map(|timing| timing.sandbox as i64),
            timing.map(|timing| timing.reads as i64),
            timing.map(|timing| timing.commit as i64),
            host_calls,
            self.example.seed.map(u64::cast_signed),
            reads,
            decisions,
            log,
        ];
        self.db.prepare_cached(INSERT).unwrap().execute(values).unwrap();
    }

    /// Everything between is one transaction.
    pub fn together(&self, work: impl FnOnce(&Self)) {
        self.db.execute_batch("BEGIN IMMEDIATE").unwrap();
        work(self);
        self.db.execute_batch("COMMIT").unwrap();
    }
}
