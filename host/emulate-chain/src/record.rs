//! What was asked, in its order: every call, what came of it and what went wrong on command.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::faults::Kind;

/// One call.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    /// From 1.
    n: u64,
    operation: String,
    /// None: the connection was closed instead, or nobody waited for the answer.
    status: Option<u16>,
    /// JSON-RPC's code, or the exchange's, where it answered with an error.
    error: Option<i64>,
    /// What went wrong on command.
    fault: Option<Kind>,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Record {
    entries: Vec<Entry>,
    counts: BTreeMap<String, u64>,
}

impl Record {
    /// Begins one. Answers its place, and how many of the same operation came before.
    pub(crate) fn begin(&mut self, operation: &str) -> (usize, u64) {
        let place = self.entries.len();
        let n = place as u64 + 1;
        self.entries.push(Entry { n, operation: operation.to_owned(), status: None, error: None, fault: None });
        let count = self.counts.entry(operation.to_owned()).or_default();
        *count += 1;
        (place, *count - 1)
    }

    pub(crate) fn meets(&mut self, place: usize, fault: Option<Kind>) {
        if let Some(entry) = self.entries.get_mut(place) {
            entry.fault = fault;
        }
    }

    pub(crate) fn answered(&mut self, place: usize, status: u16, error: Option<i64>) {
        if let Some(entry) = self.entries.get_mut(place) {
            entry.status = Some(status);
            entry.error = error;
        }
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many of each operation.
    pub(crate) fn counts(&self) -> &BTreeMap<String, u64> {
        &self.counts
    }
}
