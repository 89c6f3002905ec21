//! What was asked, in its order: every request with its account, what came of it and what went wrong on command.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{asked::Operation, faults::Kind};

/// One request.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    /// From 1, over all accounts.
    pub(crate) n: u64,
    /// None: it came without a token.
    account: Option<String>,
    operation: Operation,
    /// Method and path, with the query.
    request: String,
    /// None: the connection was closed instead, or nobody waited for the answer.
    status: Option<u16>,
    /// What went wrong on command.
    fault: Option<Kind>,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Record {
    entries: Vec<Entry>,
    /// By account and operation.
    counts: BTreeMap<(String, Operation), u64>,
}

impl Record {
    /// Begins one. Answers its number, and how many of the same account and operation came before.
    pub(crate) fn begin(&mut self, account: Option<&str>, operation: Operation, request: String) -> (u64, u64) {
        let n = self.entries.len() as u64 + 1;
        let account_name = account.map(str::to_owned);
        self.entries.push(Entry { n, account: account_name, operation, request, status: None, fault: None });
        let name = account.unwrap_or_default().to_ascii_lowercase();
        let count = self.counts.entry((name, operation)).or_default();
        *count += 1;
        (n, *count - 1)
    }

    /// What goes wrong with one.
    pub(crate) fn meets(&mut self, n: u64, fault: Option<Kind>) {
        if let Some(entry) = self.entry(n) {
            entry.fault = fault;
        }
    }

    /// One is answered.
    pub(crate) fn answered(&mut self, n: u64, status: u16) {
        if let Some(entry) = self.entry(n) {
            entry.status = Some(status);
        }
    }

    fn entry(&mut self, n: u64) -> Option<&mut Entry> {
        let place = usize::try_from(n).ok().and_then(|n| n.checked_sub(1));
        place.and_then(|place| self.entries.get_mut(place))
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many of each operation.
    pub(crate) fn by_operation(&self) -> BTreeMap<Operation, u64> {
        let mut all = BTreeMap::new();
        for ((_, operation), count) in &self.counts {
            *all.entry(*operation).or_default() += count;
        }
        all
    }
}
