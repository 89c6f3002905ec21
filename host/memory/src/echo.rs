//! What came out of recall in this call, so that it is not stored a second time: remembering one's own
//! memories would make them grow by being looked at.

use std::collections::{BTreeMap, BTreeSet};

use puppet_types::{Memory, Trust};

use crate::text::{normalised, words};

/// From this many words on a text has a wording of its own.
const WORDS: usize = 6;
/// Texts compared word by word; further ones only as a whole.
const COMPARED: usize = 512;

/// Memories that wait to be looked into; more are looked into at once.
const PENDING: usize = 128;

/// What one call has recalled. The carrier of the call holds it. Most calls store nothing of the kind, so texts are
/// only looked into when one does.
#[derive(Debug, Default)]
pub struct Recalled {
    pending: Vec<Memory>,
    whole: BTreeMap<String, BTreeSet<String>>,
    compared: Vec<Source>,
    strangers: BTreeSet<String>,
    seen: BTreeSet<(String, String)>,
}

#[derive(Debug)]
struct Source {
    id: String,
    /// With a space on either side.
    spaced: String,
    counts: BTreeMap<String, usize>,
}

impl Recalled {
    /// Notes what the guest is about to see.
    pub(crate) fn note<'m>(&mut self, memories: impl IntoIterator<Item = &'m Memory>) {
        self.pending.extend(memories.into_iter().cloned());
        if self.pending.len() > PENDING {
            self.look_into_pending();
        }
    }

    fn look_into_pending(&mut self) {
        for memory in std::mem::take(&mut self.pending) {
            let text = normalised(&memory.content);
            if memory.trust == Trust::Stranger {
                self.strangers.insert(memory.id.clone());
            }
            if !self.seen.insert((memory.id.clone(), text.clone())) {
                continue;
            }
            self.whole.entry(text).or_default().insert(memory.id.clone());
            let words = words(&memory.content);
            if words.len() >= WORDS && self.compared.len() < COMPARED {
                let spaced = spaced(&words);
                let mut counts = BTreeMap::new();
                words.into_iter().for_each(|word| *counts.entry(word).or_default() += 1);
                self.compared.push(Source { id: memory.id.clone(), spaced, counts });
            }
        }
    }

    /// Whether a text is one that was recalled, or nine tenths of its words are taken from one. What it
    /// replaces does not count: correcting a memory repeats most of it.
    pub(crate) fn echoes(&mut self, content: &str, replaced: Option<&str>) -> bool {
        self.look_into_pending();
        let other = |id: &str| Some(id) != replaced;
        if self.whole.get(&normalised(content)).is_some_and(|ids| ids.iter().any(|id| other(id))) {
            return true;
        }
        let words = words(content);
        if words.is_empty() {
            return false;
        }
        let spaced = spaced(&words);
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        words.iter().for_each(|word| *counts.entry(word).or_default() += 1);
        self.compared.iter().filter(|source| other(&source.id)).any(|source| {
            if words.len() < WORDS {
                // A few words are found in many texts; they were taken from one only if they stand there like this.
                return source.spaced.contains(&spaced);
            }
            let taken: usize =
                counts.iter().map(|(word, n)| (*n).min(source.counts.get(*word).copied().unwrap_or(0))).sum();
            taken * 10 >= words.len() * 9
        })
    }

    /// Whether this id was seen as somebody else's words.
    pub(crate) fn is_strangers(&mut self, id: &str) -> bool {
        self.look_into_pending();
        self.strangers.contains(id)
    }
}

fn spaced(words: &[String]) -> String {
    format!(" {} ", words.join(" "))
}
