//! Answers that are kept with what their servers tell them apart by (`ETag`, `Last-Modified`): the server is asked each time
//! whether one is still right, and does not send it again if so (RFC 9110 §13). One pack never gets what another one was sent.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use lru::LruCache;
use puppet_types::{PackId, StateBytes};
use reqwest::header::{CACHE_CONTROL, ETAG, HeaderMap, LAST_MODIFIED, VARY};

/// What makes two requests the same one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) pack: PackId,
    pub(crate) url: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) credential: Option<String>,
}

/// An answer with its validators.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: StateBytes,
    pub(crate) bytes: u64,
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
}

impl Kept {
    /// Of an answer with status 200; none where it has no validator, or is not to be kept.
    pub(crate) fn of(headers: &HeaderMap, seen: &[(String, String)], body: &StateBytes, bytes: u64) -> Option<Self> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let says = |name, word: &str| {
            text(name).is_some_and(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(word)))
        };
        if says(CACHE_CONTROL, "no-store") || says(VARY, "*") {
            return None;
        }
        let [etag, last_modified] = [ETAG, LAST_MODIFIED].map(|name| text(name).map(str::to_owned));
        let has_validator = etag.is_some() || last_modified.is_some();
        has_validator.then(|| Self { headers: seen.to_vec(), body: body.clone(), bytes, etag, last_modified })
    }
}

/// See the head of this file.
#[derive(Debug)]
pub(crate) struct Cache {
    most: u64,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    bytes: u64,
    answers: LruCache<Key, Arc<Kept>>,
}

/// What is counted for an answer beside its body.
const OVERHEAD: u64 = 1_024;

impl Cache {
    pub(crate) fn new(most: u64) -> Self {
        Self { most, held: Mutex::new(Held { bytes: 0, answers: LruCache::unbounded() }) }
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Kept>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).answers.get(key).cloned()
    }

    /// Keeps one; who was asked for longest ago makes way.
    pub(crate) fn put(&self, key: Key, kept: Kept) {
        let bytes = kept.bytes + OVERHEAD;
        if bytes > self.most {
            return;
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = held.answers.put(key, Arc::new(kept)) {
            held.bytes -= before.bytes + OVERHEAD;
        }
        held.bytes += bytes;
        while held.bytes > self.most {
            let Some((_, oldest)) = held.answers.pop_lru() else { break };
            held.bytes -= oldest.bytes + OVERHEAD;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(url: &str) -> Key {
        Key { pack: "p".into(), url: url.to_owned(), headers: BTreeMap::new(), credential: None }
    }

    fn kept(headers: &[(&str, &str)], bytes: u64) -> Option<Kept> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(reqwest::header::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        Kept::of(&map, &[], &StateBytes::Text(String::new()), bytes)
    }

    #[test]
    fn what_has_no_validator_or_is_nobodys_to_keep_is_not_kept() {
        assert!(kept(&[("etag", "\"1\"")], 1).is_some() && kept(&[("last-modified", "Tue")], 1).is_some());
        assert!(kept(&[], 1).is_none());
        assert!(kept(&[("etag", "\"1\""), ("cache-control", "private, No-Store")], 1).is_none());
        assert!(kept(&[("etag", "\"1\""), ("vary", "*")], 1).is_none());
    }

    #[test]
    fn the_bytes_of_all_answers_are_bounded_and_the_oldest_makes_way() {
        let cache = Cache::new(3 * (100 + OVERHEAD));
        let put = |url: &str, bytes| cache.put(key(url), kept(&[("etag", "\"1\"")], bytes).unwrap());
        for url in ["a", "b", "c", "a"] {
            put(url, 100);
        }
        put("d", 100);
        let there: Vec<&str> = ["a", "b", "c", "d"].into_iter().filter(|url| cache.get(&key(url)).is_some()).collect();
        assert_eq!(there, ["a", "c", "d"]);
        put("huge", 1 << 20);
        assert!(cache.get(&key("huge")).is_none() && cache.get(&key("a")).is_some());
    }
}
