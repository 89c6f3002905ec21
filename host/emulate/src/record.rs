//! What was asked: how many requests of each kind and what they did, and the latest of them in their order, each with its
//! account, what came of it and what went wrong on command.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use crate::{faults::Kind, operation::Operation};

/// The latest requests that are kept one by one.
const KEPT: usize = 10_000;

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

/// What has been counted since the start, whatever the plan was meanwhile.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Counts {
    /// What was done, by its kind.
    pub(crate) effects: BTreeMap<&'static str, u64>,
    /// Every request of an operation, also those that were refused; none of a path behind which nothing stands.
    requests: u64,
    /// Posts whose text their account had posted before.
    pub(crate) duplicates: u64,
    /// How often something went wrong on command.
    faults: u64,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Record {
    entries: VecDeque<Entry>,
    /// By account and operation.
    by_account: BTreeMap<(String, Operation), u64>,
    pub(crate) counts: Counts,
}

impl Record {
    /// `effects`: those that are counted from zero.
    pub(crate) fn new(effects: impl Iterator<Item = &'static str>) -> Self {
        let counts = Counts { effects: effects.map(|effect| (effect, 0)).collect(), ..Counts::default() };
        Self { entries: VecDeque::new(), by_account: BTreeMap::new(), counts }
    }

    /// Begins one. Answers its number, and how many of the same account and operation came before.
    pub(crate) fn begin(&mut self, account: Option<&str>, operation: Operation, request: String) -> (u64, u64) {
        self.counts.requests += 1;
        let n = self.counts.requests;
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        let account_name = account.map(str::to_owned);
        self.entries.push_back(Entry { n, account: account_name, operation, request, status: None, fault: None });
        let name = account.unwrap_or_default().to_ascii_lowercase();
        let count = self.by_account.entry((name, operation)).or_default();
        *count += 1;
        (n, *count - 1)
    }

    /// What goes wrong with one.
    pub(crate) fn meets(&mut self, n: u64, fault: Kind) {
        self.counts.faults += 1;
        if let Some(entry) = self.entry(n) {
            entry.fault = Some(fault);
        }
    }

    /// One is answered.
    pub(crate) fn answered(&mut self, n: u64, status: u16) {
        if let Some(entry) = self.entry(n) {
            entry.status = Some(status);
        }
    }

    /// Something was done.
    pub(crate) fn done(&mut self, effect: &'static str) {
        *self.counts.effects.entry(effect).or_default() += 1;
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
    pub(crate) fn by_operation(&self) -> BTreeMap<Operation, u64> {
        let mut all = BTreeMap::new();
        for ((_, operation), count) in &self.by_account {
            *all.entry(*operation).or_default() += count;
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_latest_are_kept_and_all_are_counted() {
        let mut record = Record::new(["post"].into_iter());
        let most = KEPT as u64 + 3;
        for _ in 0..most {
            record.begin(Some("ada"), Operation::Me, "GET /2/users/me".to_owned());
        }
        record.answered(1, 200);
        record.answered(most, 200);
        record.meets(4, Kind::Closed);
        assert_eq!((record.entries.len(), record.counts.requests), (KEPT, most));
        let (first, last) = (record.entries.front().unwrap(), record.entries.back().unwrap());
        assert_eq!((first.n, &first.fault, first.status), (4, &Some(Kind::Closed), None));
        assert_eq!((last.n, last.status), (most, Some(200)));
        assert_eq!(record.by_operation()[&Operation::Me], most);
        assert_eq!((record.counts.effects["post"], record.counts.faults), (0, 1));
    }
}
