//! What the database of a host says has happened: the end of every event, and what came of it.

use std::{collections::BTreeMap, time::Duration};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::place::Place;

/// Read beside the host.
pub struct Ledger(Connection);

impl Ledger {
    pub fn of(place: &Place) -> Self {
        let path = place.data().join("puppet.db");
        let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        db.busy_timeout(Duration::from_secs(10)).unwrap();
        Self(db)
    }

    fn count(&self, sql: &str, of: &str) -> i64 {
        self.0.query_row(sql, [of], |row| row.get(0)).unwrap()
    }

    /// Events that are not at their end.
    pub fn waiting(&self) -> i64 {
        self.count("SELECT count(*) FROM events WHERE state = 'waiting' AND ?1 = ''", "")
    }

    /// Events that were given up.
    pub fn dead(&self) -> i64 {
        self.count("SELECT count(*) FROM events WHERE state = 'dead' AND ?1 = ''", "")
    }

    /// Records of a component that found this as its state.
    pub fn reads(&self, digest: &str, state: &str) -> usize {
        let bytes = state.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(",");
        let mut statement = self.0.prepare("SELECT lower(hex(digest)), reads FROM journal").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let records: Vec<(String, String)> = rows.map(Result::unwrap).collect();
        let of_it: Vec<_> = records.iter().filter(|(of, _)| digest.ends_with(of.as_str())).collect();
        assert!(!of_it.is_empty() && of_it.iter().all(|(_, reads)| reads.contains("\"state\"")), "{of_it:?}");
        of_it.iter().filter(|(_, reads)| reads.contains(&format!("[{bytes}]"))).count()
    }

    /// Each has one record, which ended well.
    pub fn each_was_handled_once(&self, ids: &[String]) {
        const SQL: &str = "SELECT e.state, coalesce(e.reason, ''), count(j.seq), coalesce(max(j.outcome), '') \
                           FROM events e LEFT JOIN journal j ON j.event = e.seq WHERE e.id = ?1 GROUP BY e.seq";
        let mut statement = self.0.prepare(SQL).unwrap();
        let mut fates: Vec<(String, (String, String, i64, String))> = Vec::new();
        for id in ids {
            let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
            let fate: Option<(String, String, i64, String)> = statement.query_row([id], row).optional().unwrap();
            fates.push((id.clone(), fate.unwrap_or_else(|| ("lost".to_owned(), String::new(), 0, String::new()))));
        }
        fates.retain(|(_, (state, _, records, outcome))| {
            (state.as_str(), *records, outcome.as_str()) != ("done", 1, "ok")
        });
        assert!(fates.is_empty(), "{} were not handled well, once: {:?}", fates.len(), &fates[..fates.len().min(9)]);
    }

    /// Each was remembered once.
    pub fn each_effect_happened_once(&self, ids: &[String]) {
        let mut statement = self.0.prepare("SELECT content, count(*) FROM memories GROUP BY content").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let remembered: BTreeMap<String, i64> = rows.map(Result::unwrap).collect();
        let wrong: Vec<_> = ids.iter().filter(|id| remembered.get(*id) != Some(&1)).collect();
        assert!(wrong.is_empty(), "{} were not remembered once: {:?}", wrong.len(), &wrong[..wrong.len().min(9)]);
    }

    /// What the plugin `pup` has kept for an agent.
    pub fn state(&self, agent: &str) -> Option<String> {
        const SQL: &str = "SELECT data FROM plugin_state WHERE agent = ?1 AND plugin = 'pup' AND NOT cleared";
        let data: Option<Vec<u8>> = self.0.query_row(SQL, [agent], |row| row.get(0)).optional().unwrap();
        data.map(|data| String::from_utf8(data).unwrap())
    }
}
