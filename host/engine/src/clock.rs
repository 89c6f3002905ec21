//! Where time comes from. The system's clock for a host, a scaled one for the demo, a virtual one that only
//! moves when it is told to. Everything else asks a [`Clock`]; nothing asks the system.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use puppet_types::Timestamp;

/// Time.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;
    /// Returns when `at` has come. Cancellation-safe. A virtual clock never returns: its driver moves it.
    async fn sleep_until(&self, at: Timestamp);
    /// Whether time is virtual: then the wall never counts, and no wall time is recorded.
    fn is_virtual(&self) -> bool {
        false
    }
}

/// The system's clock.
#[derive(Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_system()
    }
    async fn sleep_until(&self, at: Timestamp) {
        // Long waits are cut, so that a clock that was set forward is noticed.
        loop {
            let left = at.millis_since(self.now());
            if left == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(left.min(60_000))).await;
        }
    }
}

/// Starts at a time of its own and runs faster than the wall.
#[derive(Debug)]
pub struct ScaledClock {
    start: Timestamp,
    since: Instant,
    /// Virtual milliseconds per wall millisecond.
    speed: u64,
}

impl ScaledClock {
    /// `speed` of 3600 is an hour per second; 0 counts as 1.
    pub fn new(start: Timestamp, speed: u64) -> Self {
        Self { start, since: Instant::now(), speed: speed.max(1) }
    }
}

#[async_trait]
impl Clock for ScaledClock {
    fn now(&self) -> Timestamp {
        let micros = u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.start.plus_millis(micros.saturating_mul(self.speed) / 1000)
    }
    async fn sleep_until(&self, at: Timestamp) {
        let left = at.millis_since(self.now());
        tokio::time::sleep(Duration::from_micros(left.saturating_mul(1000) / self.speed)).await;
    }
}

/// Moves only when told to.
#[derive(Debug)]
pub struct VirtualClock(AtomicI64);

impl VirtualClock {
    /// Stands at `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(AtomicI64::new(start.as_millis()))
    }
    /// Moves forward; never back.
    pub fn advance_to(&self, at: Timestamp) {
        self.0.fetch_max(at.as_millis(), Ordering::AcqRel);
    }
    /// Jumps, also back, as a system's clock does that is set right. Not while a driver runs.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.as_millis(), Ordering::Release);
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Acquire))
    }
    async fn sleep_until(&self, at: Timestamp) {
        if at > self.now() {
            std::future::pending::<()>().await;
        }
    }
    fn is_virtual(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_time_moves_forward_only() {
        let clock = VirtualClock::new(Timestamp::from_millis(1_000));
        clock.advance_to(Timestamp::from_millis(5_000));
        clock.advance_to(Timestamp::from_millis(2_000));
        assert_eq!(clock.now(), Timestamp::from_millis(5_000));
        assert!(clock.is_virtual());
        clock.set(Timestamp::from_millis(3_000));
        assert_eq!(clock.now(), Timestamp::from_millis(3_000), "unless it is set");
    }
}
