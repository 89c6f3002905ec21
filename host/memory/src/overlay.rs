//! What a call has decided, laid over what the store answered: a call sees its own memories. It is laid over
//! after the answer is journaled and reads nothing, so a replay sees the same.

use std::collections::{BTreeMap, BTreeSet};

use puppet_types::{Decision, Memory, MemoryKind, NumberedDecision, Timestamp};

use crate::{
    embedding::hashed_vector,
    recall::{Found, Query, Scored},
    score::{Scorer, rounded, sort},
};

/// A hit brings what it is associated with at this share of its own score.
const ASSOCIATED: f64 = 0.5;

/// The decisions about memory of one call, as they stand after the last of them.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    written: BTreeMap<String, Memory>,
    gone: BTreeSet<String>,
    pins: BTreeMap<String, bool>,
}

impl Overlay {
    pub fn of(decided: &[NumberedDecision]) -> Self {
        let mut overlay = Self::default();
        for NumberedDecision { decision, .. } in decided {
            match decision {
                Decision::Remember { memory } => overlay.write(memory),
                Decision::Supersede { id, memory } => {
                    overlay.forget(id);
                    overlay.write(memory);
                }
                Decision::Forget { id } => overlay.forget(id),
                Decision::Pin { id, pinned } => match overlay.written.get_mut(id) {
                    Some(memory) => memory.pinned = *pinned,
                    None => {
                        overlay.pins.insert(id.clone(), *pinned);
                    }
                },
                _ => {}
            }
        }
        overlay
    }

    fn write(&mut self, memory: &Memory) {
        self.forget(&memory.id);
        self.gone.remove(&memory.id);
        self.written.insert(memory.id.clone(), memory.clone());
    }

    fn forget(&mut self, id: &str) {
        self.written.remove(id);
        self.pins.remove(id);
        self.gone.insert(id.to_owned());
    }

    /// How many stored rows it may take away.
    pub fn touched(&self) -> usize {
        self.written.len() + self.gone.len()
    }

    /// What it adds.
    pub fn written(&self) -> impl Iterator<Item = &Memory> {
        self.written.values()
    }

    /// A stored row as the call sees it.
    fn seen(&self, mut memory: Memory) -> Option<Memory> {
        if self.gone.contains(&memory.id) || self.written.contains_key(&memory.id) {
            return None;
        }
        if let Some(pinned) = self.pins.get(&memory.id) {
            memory.pinned = *pinned;
        }
        Some(memory)
    }

    /// Newest first; ties by id.
    pub fn over_recent(&self, stored: Vec<Memory>, kinds: &[MemoryKind], limit: usize) -> Vec<Memory> {
        let of_kind = |memory: &&Memory| kinds.is_empty() || kinds.contains(&memory.kind);
        let written = self.written().filter(of_kind).cloned();
        let mut rows: Vec<Memory> = stored.into_iter().filter_map(|memory| self.seen(memory)).chain(written).collect();
        rows.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.id.cmp(&b.id)));
        rows.truncate(limit);
        rows
    }

    /// Best first, then what the hits are associated with.
    pub fn over_found(&self, found: Found, query: &Query, at: Timestamp) -> Vec<Scored> {
        let Found { hits, linked, corpus } = found;
        // What was not stored yet has no vector: it is compared by its wording, whoever makes the vectors.
        let scorer = Scorer::new(query, at, Some(hashed_vector(&query.text)), corpus);
        let score = |memory: &Memory| scorer.score(memory.clone(), Some(&hashed_vector(&memory.content)));
        let seen = |scored: Scored| self.seen(scored.memory.clone()).map(|memory| Scored { memory, ..scored });
        let written = self.written().filter(|memory| query.covers(memory.kind)).map(score);
        let written = written.filter(|(_, kept)| *kept).map(|(scored, _)| scored);
        let mut list: Vec<Scored> = hits.into_iter().filter_map(seen).chain(written).collect();
        sort(&mut list);
        list.truncate(query.most());
        if !query.follow {
            return list;
        }
        let linked: BTreeMap<String, Scored> =
            linked.into_iter().filter_map(seen).map(|scored| (scored.memory.id.clone(), scored)).collect();
        let direct = list.len();
        let mut listed: BTreeSet<String> = list.iter().map(|scored| scored.memory.id.clone()).collect();
        for hit in 0..direct {
            let (via, share) = (list[hit].memory.id.clone(), list[hit].score * ASSOCIATED);
            for id in list[hit].memory.associations.clone() {
                if list.len() >= query.most() {
                    return list;
                }
                let associated =
                    self.written.get(&id).map(|memory| score(memory).0).or_else(|| linked.get(&id).cloned());
                if let Some(associated) = associated.filter(|_| listed.insert(id)) {
                    list.push(Scored { score: rounded(share), via: Some(via.clone()), ..associated });
                }
            }
        }
        list
    }
}
