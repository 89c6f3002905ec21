//! How often: by key and by address. Each has a bucket of so many requests that fills again at its rate (the generic cell
//! rate algorithm: one number for each). As many are kept as fit; whoever was not seen for longest begins anew.

mod address;

pub use address::{Network, client, is_tls};

use std::{
    hash::Hash,
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use lru::LruCache;
use tokio::time::Instant;

/// Keys and addresses that are kept in mind.
const KEPT: NonZeroUsize = NonZeroUsize::new(16_384).expect("it is not 0");

/// How it stands after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stands {
    /// So many at once.
    pub limit: u32,
    /// So many more now.
    pub remaining: u32,
    /// Until all of them are there again.
    pub reset: Duration,
    /// Where it was too many: until this one would not be.
    pub refused: Option<Duration>,
}

/// A bucket for each of them.
pub struct Limiter<K: Hash + Eq> {
    /// Between two requests, in nanoseconds.
    interval: u64,
    burst: u32,
    from: Instant,
    /// When the bucket is full again, in nanoseconds from the beginning.
    full: Mutex<LruCache<K, u64>>,
}

impl<K: Hash + Eq> Limiter<K> {
    /// So many a minute, and so many at once.
    pub fn new(per_minute: u32, burst: u32) -> Self {
        let interval = 60_000_000_000 / u64::from(per_minute.max(1));
        Self { interval, burst: burst.max(1), from: Instant::now(), full: Mutex::new(LruCache::new(KEPT)) }
    }

    /// Takes so many. Where there are not as many, none are taken.
    pub fn take(&self, whose: K, cost: u8) -> Stands {
        let now = u64::try_from(self.from.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let whole = self.interval.saturating_mul(u64::from(self.burst));
        // What costs more than the bucket holds takes all of it.
        let cost = self.interval.saturating_mul(u64::from(cost)).min(whole);
        let mut full = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        let before = full.get(&whose).copied().unwrap_or(0).max(now);
        let after = before.saturating_add(cost);
        let is_refused = after.saturating_sub(now) > whole;
        let stands = if is_refused { before } else { after };
        if !is_refused {
            full.put(whose, after);
        }
        let left = whole.saturating_sub(stands.saturating_sub(now)) / self.interval.max(1);
        Stands {
            limit: self.burst,
            remaining: u32::try_from(left).unwrap_or(u32::MAX),
            reset: Duration::from_nanos(stands.saturating_sub(now)),
            refused: is_refused.then(|| Duration::from_nanos(after.saturating_sub(now).saturating_sub(whole))),
        }
    }

    /// Gives so many back that were taken and were none after all.
    pub fn give_back(&self, whose: &K, cost: u8) {
        let cost = self.interval.saturating_mul(u64::from(cost));
        if let Some(full) = self.full.lock().unwrap_or_else(PoisonError::into_inner).get_mut(whose) {
            *full = full.saturating_sub(cost);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_bucket_empties_and_fills_at_its_rate_each_for_itself() {
        let limiter = Limiter::new(60, 3);
        let took = |whose: &'static str, cost| limiter.take(whose, cost);
        assert_eq!((took("a", 1).remaining, took("a", 2).remaining), (2, 0));
        let refused = took("a", 1);
        assert_eq!(
            (refused.refused, refused.reset, refused.limit),
            (Some(Duration::from_secs(1)), Duration::from_secs(3), 3)
        );
        assert!(took("b", 1).refused.is_none());
        tokio::time::advance(Duration::from_millis(1_500)).await;
        assert!(took("a", 1).refused.is_none());
        assert!(took("a", 1).refused.is_some());
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(took("a", 200).remaining, 0);
        limiter.give_back(&"a", 1);
        limiter.give_back(&"c", 1);
        assert!(took("a", 1).refused.is_none());
        assert!(took("a", 1).refused.is_some());
    }

    #[test]
    fn no_more_are_kept_than_fit() {
        let limiter = Limiter::new(60, 1);
        for n in 0..20_000_u32 {
            assert!(limiter.take(n, 1).refused.is_none());
        }
        assert_eq!(limiter.full.lock().unwrap().len(), KEPT.get());
    }
}
