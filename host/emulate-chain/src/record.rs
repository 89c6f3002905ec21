//! What was asked: how many calls of each kind, and the latest of them in their order, each with what came of it and what went
//! wrong on command.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use crate::faults::Kind;

/// The latest calls that are kept one by one.
const KEPT: usize = 10_000;

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
    entries: VecDeque<Entry>,
    counts: BTreeMap<String, u64>,
    requests: u64,
    faults: u64,
}

impl Record {
    /// Begins one. Answers its number, and how many of the same operation came before.
    pub(crate) fn begin(&mut self, operation: &str) -> (u64, u64) {
        self.requests += 1;
        let n = self.requests;
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry { n, operation: operation.to_owned(), status: None, error: None, fault: None });
        let count = self.counts.entry(operation.to_owned()).or_default();
        *count += 1;
        (n, *count - 1)
    }

    /// What goes wrong with one.
    pub(crate) fn meets(&mut self, n: u64, fault: Kind) {
        self.faults += 1;
        if let Some(entry) = self.entry(n) {
            entry.fault = Some(fault);
        }
    }

    /// One is answered.
    pub(crate) fn answered(&mut self, n: u64, status: u16, error: Option<i64>) {
        if let Some(entry) = self.entry(n) {
            entry.status = Some(status);
            entry.error = error;
        }
    }

    fn entry(&mut self, n: u64) -> Option<&mut Entry> {
        let first = self.entries.front()?.n;
        let place = usize::try_from(n.checked_sub(first)?).ok()?;
        self.entries.get_mut(place)
    }

    pub(crate) fn entries(&self) -> &VecDeque<Entry> {
        &self.entries
    }

    /// How many of each operation.
    pub(crate) fn counts(&self) -> &BTreeMap<String, u64> {
        &self.counts
    }

    /// How many calls there were, also those that were refused, and how often something went wrong on command.
    pub(crate) fn totals(&self) -> (u64, u64) {
        (self.requests, self.faults)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    #[test]
    fn only_the_latest_are_kept_and_all_are_counted() {
        let mut record = Record::default();
        let most = KEPT as u64 + 3;
        for _ in 0..most {
            record.begin("getSlot");
        }
        record.answered(1, 200, None);
        record.answered(most, 200, Some(-32005));
        record.meets(4, Kind::Closed);
        assert_eq!((record.entries.len(), record.counts["getSlot"], record.totals()), (KEPT, most, (most, 1)));
        let (first, last) = (record.entries.front().unwrap(), record.entries.back().unwrap());
        assert_eq!((first.n, &first.fault, first.status), (4, &Some(Kind::Closed), None));
        assert_eq!((last.n, last.status, last.error), (most, Some(200), Some(-32005)));
    }
}
