//! Answers kept for requests that are asked again word for word at temperature 0. Off unless it is given room. Keys are
//! digests; answers are kept in memory alone, for a time, and never longer than the process.

use std::{
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use lru::LruCache;
use puppet_types::{Digest, Json};
use tokio::time::Instant;

use crate::{Completion, Request};

/// How much is kept, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheRules {
    /// Answers; 0: none.
    pub entries: usize,
    /// Bytes of them all.
    pub bytes: usize,
    /// Until one is forgotten.
    pub ttl: Duration,
}

/// Of one endpoint, and so of one model at one address.
pub(super) struct Cache {
    rules: CacheRules,
    kept: Mutex<Kept>,
}

struct Kept {
    answers: LruCache<Digest, Entry>,
    bytes: usize,
}

struct Entry {
    answer: Completion,
    bytes: usize,
    until: Instant,
}

impl Cache {
    /// None where nothing is to be kept.
    pub(super) fn new(rules: CacheRules) -> Option<Self> {
        let entries = NonZeroUsize::new(rules.entries)?;
        Some(Self { rules, kept: Mutex::new(Kept { answers: LruCache::new(entries), bytes: 0 }) })
    }

    /// Under what the answer to a request is kept; none where the model is to choose its words.
    pub(super) fn key(request: &Request) -> Option<Digest> {
        (request.sampling.temperature == Some(0.0)).then(|| {
            // What is not sent makes no difference.
            let sent = Request { purpose: String::new(), extra: Vec::new(), ..request.clone() };
            Digest::of(Json::of(&sent).as_str().as_bytes())
        })
    }

    /// What was answered before, marked as that: nothing is used for it.
    pub(super) fn get(&self, key: &Digest) -> Option<Completion> {
        let mut kept = self.kept();
        let entry = kept.answers.get(key)?;
        if entry.until <= Instant::now() {
            kept.forget(key);
            return None;
        }
        Some(Completion { cached: true, usage: crate::Usage::default(), ..entry.answer.clone() })
    }

    pub(super) fn put(&self, key: Digest, answer: &Completion) {
        let calls: usize = answer.tool_calls.iter().map(crate::ToolCall::bytes).sum();
        let bytes = size_of::<Entry>() + answer.text.len() + answer.model.len() + answer.finish.len() + calls;
        if bytes > self.rules.bytes {
            return;
        }
        let mut kept = self.kept();
        kept.forget(&key);
        while kept.bytes + bytes > self.rules.bytes || kept.answers.len() >= kept.answers.cap().get() {
            let Some((_, oldest)) = kept.answers.pop_lru() else { break };
            kept.bytes -= oldest.bytes;
        }
        kept.bytes += bytes;
        kept.answers.put(key, Entry { answer: answer.clone(), bytes, until: Instant::now() + self.rules.ttl });
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn forget(&mut self, key: &Digest) {
        if let Some(gone) = self.answers.pop(key) {
            self.bytes -= gone.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Sampling, testing::request};

    fn rules() -> CacheRules {
        CacheRules { entries: 3, bytes: 4 << 10, ttl: Duration::from_secs(60) }
    }

    fn still(text: &str) -> Request {
        Request { sampling: Sampling { temperature: Some(0.0), ..Sampling::default() }, ..request(text) }
    }

    fn key(text: &str) -> Digest {
        Cache::key(&still(text)).unwrap()
    }

    fn said(text: &str) -> Completion {
        Completion { text: text.to_owned(), ..Completion::default() }
    }

    #[test]
    fn only_a_request_that_leaves_no_choice_has_a_key_and_what_is_not_sent_is_no_part_of_it() {
        assert_eq!(Cache::key(&request("a")), None);
        let warm = Request { sampling: Sampling { temperature: Some(0.1), ..Sampling::default() }, ..request("a") };
        assert_eq!(Cache::key(&warm), None);
        assert_eq!(Some(key("a")), Cache::key(&Request { purpose: "other".to_owned(), ..still("a") }));
        let others = [
            still("b"),
            Request { max_tokens: 7, ..still("a") },
            Request { response_schema: Some("{}".to_owned()), ..still("a") },
        ];
        assert!(others.iter().all(|other| Cache::key(other) != Some(key("a"))));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_kept_for_its_time() {
        let cache = Cache::new(rules()).unwrap();
        cache.put(key("a"), &said("A"));
        tokio::time::advance(Duration::from_secs(59)).await;
        let hit = cache.get(&key("a")).unwrap();
        assert_eq!((hit.text.as_str(), hit.cached, cache.get(&key("b"))), ("A", true, None));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!((cache.get(&key("a")), cache.kept().bytes), (None, 0));
    }

    #[test]
    fn entries_and_bytes_are_bounded_and_the_longest_unused_goes_first() {
        let cache = Cache::new(rules()).unwrap();
        for text in ["a", "b", "c"] {
            cache.put(key(text), &said(text));
        }
        assert!(cache.get(&key("a")).is_some());
        cache.put(key("d"), &said("d"));
        let left = |cache: &Cache| ["a", "b", "c", "d", "e"].map(|text| cache.get(&key(text)).is_some());
        assert_eq!(left(&cache), [true, false, true, true, false]);
        cache.put(key("e"), &said(&"x".repeat(3_850)));
        assert_eq!(left(&cache), [false, false, false, false, true]);
        cache.put(key("a"), &said(&"x".repeat(5_000)));
        assert!(cache.get(&key("a")).is_none() && cache.kept().bytes <= rules().bytes);
        cache.put(key("e"), &said("e"));
        assert!(cache.kept().bytes < 1_000, "an answer takes the place of the one before it");
        assert!(Cache::new(CacheRules { entries: 0, ..rules() }).is_none());
    }
}
