//! A circuit breaker: after so many failures in a row nobody asks an endpoint for a while; then one request tries it,
//! and the rest wait for what comes of that. Without it every event of every agent would wait for the same dead host.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use puppet_types::{CallError, Code};
use tokio::time::Instant;

/// Longest that an endpoint is left alone, whatever it asks for.
const LONGEST: Duration = Duration::from_secs(600);

/// When an endpoint is left alone, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerRules {
    /// Failures in a row; 0: never.
    pub failures: u32,
    /// Until one request tries it again.
    pub open: Duration,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Everybody may ask; so many failed in a row.
    Closed(u32),
    /// Nobody may until then.
    Open(Instant),
    /// One is asking.
    Probing,
}

/// Of one endpoint.
pub(super) struct Breaker {
    name: String,
    rules: BreakerRules,
    state: Mutex<State>,
}

/// Leave to ask. Dropped without an outcome (the invocation's time was over), it says nothing of the endpoint, and a
/// probe leaves the next one to try.
pub(super) struct Leave<'a> {
    breaker: &'a Breaker,
    probes: bool,
}

impl Breaker {
    pub(super) fn new(name: &str, rules: BreakerRules) -> Self {
        Self { name: name.to_owned(), rules, state: Mutex::new(State::Closed(0)) }
    }

    /// Leave to ask, or how long there is none.
    pub(super) fn enter(&self) -> Result<Leave<'_>, CallError> {
        let mut state = self.state();
        let now = Instant::now();
        let left = match *state {
            State::Closed(_) => return Ok(Leave { breaker: self, probes: false }),
            State::Open(until) if until <= now => {
                *state = State::Probing;
                return Ok(Leave { breaker: self, probes: true });
            }
            State::Open(until) => until - now,
            State::Probing => self.rules.open,
        };
        Err(self.left_alone(left))
    }

    /// Whether there would be leave; takes none.
    pub(super) fn look(&self) -> Result<(), CallError> {
        let left = match *self.state() {
            State::Closed(_) => return Ok(()),
            State::Open(until) => until.saturating_duration_since(Instant::now()),
            State::Probing => self.rules.open,
        };
        if left.is_zero() { Ok(()) } else { Err(self.left_alone(left)) }
    }

    fn left_alone(&self, left: Duration) -> CallError {
        let left = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
        let Self { name, rules, .. } = self;
        let message = format!("`{name}` failed {} times in a row and is left alone for a while", rules.failures);
        CallError::retry(Code::ProviderUnavailable, message, left)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, error: &CallError, probed: bool) {
        let mut state = self.state();
        let failures = match *state {
            State::Closed(failures) => failures.saturating_add(1),
            // The probe alone tells of an endpoint that is left alone; others were asked before.
            State::Probing if probed => self.rules.failures,
            State::Open(_) | State::Probing => return,
        };
        if self.rules.failures == 0 || failures < self.rules.failures {
            *state = State::Closed(failures);
            return;
        }
        let asked = error.retry_after_ms.map_or(Duration::ZERO, Duration::from_millis);
        let open = self.rules.open.max(asked).min(LONGEST.max(self.rules.open));
        *state = State::Open(Instant::now() + open);
        drop(state);
        if !probed {
            tracing::warn!(provider = self.name, failures, seconds = open.as_secs(), reason = %error, "left alone");
        }
    }

    fn answered(&self, probed: bool) {
        let mut state = self.state();
        match *state {
            State::Closed(_) => *state = State::Closed(0),
            State::Probing if probed => {
                *state = State::Closed(0);
                drop(state);
                tracing::info!(provider = self.name, "answers again");
            }
            State::Open(_) | State::Probing => {}
        }
    }
}

impl Leave<'_> {
    /// It answered: also one that refuses is there.
    pub(super) fn answered(mut self) {
        self.breaker.answered(std::mem::take(&mut self.probes));
    }

    /// It did not.
    pub(super) fn failed(mut self, error: &CallError) {
        self.breaker.failed(error, std::mem::take(&mut self.probes));
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if self.probes {
            *self.breaker.state() = State::Open(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: Duration = Duration::from_secs(30);

    fn breaker(failures: u32) -> Breaker {
        Breaker::new("far", BreakerRules { failures, open: OPEN })
    }

    fn gone() -> CallError {
        CallError::new(Code::ProviderUnavailable, "gone")
    }

    fn fail(breaker: &Breaker, times: u32) {
        (0..times).for_each(|_| breaker.enter().ok().unwrap().failed(&gone()));
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_failures_in_a_row_open_it_and_one_probe_closes_it() {
        let breaker = breaker(3);
        fail(&breaker, 2);
        breaker.enter().ok().unwrap().answered();
        fail(&breaker, 3);
        let refused = breaker.enter().err().unwrap();
        assert_eq!((refused.code, refused.retry_after_ms), (Code::ProviderUnavailable, Some(30_000)));
        assert!(refused.message.contains("`far` failed 3 times in a row"), "{refused}");
        tokio::time::advance(OPEN).await;
        let probe = breaker.enter().ok().unwrap();
        assert!(breaker.enter().is_err(), "one asks, and nobody beside it");
        probe.failed(&gone());
        assert!(breaker.enter().is_err(), "one failure is enough now");
        tokio::time::advance(OPEN).await;
        breaker.enter().ok().unwrap().answered();
        fail(&breaker, 2);
        assert!(breaker.enter().is_ok(), "it counts from nothing again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_nobody_waited_for_leaves_the_next_one_to_try() {
        let breaker = breaker(1);
        fail(&breaker, 1);
        tokio::time::advance(OPEN).await;
        drop(breaker.enter());
        assert!(breaker.enter().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn who_was_asked_before_tells_nothing_of_one_that_is_left_alone() {
        let breaker = breaker(1);
        let (early, late) = (breaker.enter().ok().unwrap(), breaker.enter().ok().unwrap());
        fail(&breaker, 1);
        early.answered();
        assert!(breaker.enter().is_err());
        tokio::time::advance(OPEN).await;
        let probe = breaker.enter().ok().unwrap();
        late.failed(&gone());
        probe.answered();
        assert!(breaker.enter().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn it_waits_as_long_as_the_endpoint_asks_within_reason() {
        for (asked, waits) in [(1_000, 30), (90_000, 90), (86_400_000, 600)] {
            let breaker = breaker(1);
            breaker.enter().ok().unwrap().failed(&CallError::retry(Code::RateLimited, "wait", asked));
            tokio::time::advance(Duration::from_secs(waits) - Duration::from_millis(1)).await;
            assert!(breaker.enter().is_err(), "{asked}");
            tokio::time::advance(Duration::from_millis(1)).await;
            assert!(breaker.enter().is_ok(), "{asked}");
        }
    }

    #[tokio::test]
    async fn none_at_all_never_opens() {
        let breaker = breaker(0);
        fail(&breaker, 1_000);
        assert!(breaker.enter().is_ok());
    }
}
