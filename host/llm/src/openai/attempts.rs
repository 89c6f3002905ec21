//! Attempts of one request: which failures are tried again, when, and until when.

use std::{
    future::Future,
    time::{Duration, SystemTime},
};

use puppet_reach::retry_after;
use puppet_types::ids::derive_u64;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use tokio::time::Instant;

use crate::openai::{Endpoint, fault::Fault};

/// Longest that an endpoint's word to wait is believed.
const LONGEST_WAIT: Duration = Duration::from_secs(86_400);

/// How often, how long, and how far apart.
#[derive(Debug, Clone)]
pub(super) struct Attempts {
    attempts: u32,
    timeout: Duration,
    total: Duration,
    backoff: Duration,
    seed: u64,
}

/// An attempt that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lost {
    pub(super) fault: Fault,
    /// It may have been answered, and billed, after all.
    pub(super) may_be_billed: bool,
    /// How long the provider asks to wait.
    pub(super) asked: Option<Duration>,
}

impl From<Fault> for Lost {
    fn from(fault: Fault) -> Self {
        let asked = if let Fault::RateLimited(asked) = fault { asked } else { None };
        Self { may_be_billed: fault.treatment().may_be_billed, fault, asked }
    }
}

impl Attempts {
    pub(super) fn new(endpoint: &Endpoint, seed: u64) -> Self {
        let Endpoint { timeout, total, backoff, .. } = *endpoint;
        Self { attempts: endpoint.attempts(), timeout, total, backoff, seed }
    }

    /// Makes them until one is answered, with how many failed that may have been billed. `learn`: a request that was not
    /// valid can be written otherwise; that is no attempt, since no model was asked.
    pub(super) async fn run<T, F: Future<Output = Result<T, Lost>>>(
        &self,
        mut once: impl FnMut() -> F,
        learn: impl Fn(&Fault) -> bool,
    ) -> (Result<T, Fault>, u32) {
        let until = Instant::now() + self.total;
        let (mut attempt, mut billed) = (1, 0);
        loop {
            let left = until.saturating_duration_since(Instant::now()).min(self.timeout);
            let lost = match tokio::time::timeout(left, once()).await {
                Ok(Ok(answer)) => return (Ok(answer), billed),
                Ok(Err(lost)) => lost,
                Err(_) => Fault::TooLate.into(),
            };
            billed += u32::from(lost.may_be_billed);
            if !lost.may_be_billed && learn(&lost.fault) {
                continue;
            }
            let wait = lost.asked.unwrap_or_else(|| self.pause(attempt));
            if !lost.fault.treatment().is_passing || attempt >= self.attempts || Instant::now() + wait >= until {
                return (Err(lost.fault), billed);
            }
            tracing::debug!(attempt, wait_ms = wait.as_millis() as u64, fault = ?lost.fault, "trying again");
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    /// Twice as long each time, and up to half as long again, by the seed.
    fn pause(&self, attempt: u32) -> Duration {
        let base = self.backoff.saturating_mul(1 << attempt.saturating_sub(1).min(16));
        let jitter = derive_u64(&["retry", &self.seed.to_string(), &attempt.to_string()]) % 500;
        base + base.saturating_mul(jitter as u32) / 1_000
    }
}

/// How long an answer asks to wait.
pub(super) fn asked(headers: &HeaderMap) -> Option<Duration> {
    let wait = retry_after(headers.get(RETRY_AFTER)?.to_str().ok()?, SystemTime::now())?;
    Some(wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_waited_for_longer_than_a_day() {
        for (value, wanted) in [
            ("3", Some(3_000)),
            ("1e19", Some(86_400_000)),
            ("inf", Some(86_400_000)),
            ("14 Nov 2990 22:13:30 GMT", Some(86_400_000)),
            ("soon", None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
            assert_eq!(asked(&headers), wanted.map(Duration::from_millis), "{value}");
        }
        assert_eq!(asked(&HeaderMap::new()), None);
    }

    #[test]
    fn pauses_double_and_differ_by_seed() {
        let endpoint = Endpoint::new("x", "http://127.0.0.1/v1", "m");
        let attempts = |seed| Attempts::new(&endpoint, seed);
        for seed in 0..20 {
            for (attempt, base) in [(1, 500), (2, 1_000), (3, 2_000)] {
                let pause = attempts(seed).pause(attempt).as_millis();
                assert!((base..=base * 3 / 2).contains(&pause), "{pause}");
            }
        }
        assert_eq!(attempts(1).pause(1), attempts(1).pause(1));
        assert_ne!(attempts(1).pause(1), attempts(2).pause(1));
    }
}
