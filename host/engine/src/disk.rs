//! A disk that does not do what it should. It meets every event at once and is told once. While it lasts the driver tries
//! one event now and then; what else was accepted waits, and so does everybody who sends. With the first that is written
//! it goes on by itself.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use puppet_store::{DiskFault, StoreError};
use tokio::{sync::Notify, time::Instant};

/// How long a disk that fails is left alone before it is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// How it stands.
#[derive(Debug, Default)]
pub struct Disk {
    state: Mutex<State>,
    /// Told once the host has to end.
    ends: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Since the last that was written.
    fault: Option<DiskFault>,
    /// Not tried before then.
    again: Option<Instant>,
    /// A damaged page stays: it is told once, whatever else can be written.
    said_corrupt: bool,
    /// Another host writes there: this one ends, and whoever ends it tells why.
    taken_over: Option<String>,
}

impl State {
    fn at_once(&self, most: usize, now: Instant) -> usize {
        match (self.fault, self.again) {
            (None, _) => most,
            (Some(_), Some(again)) if now < again => 0,
            (Some(_), _) => most.min(1),
        }
    }
}

impl Disk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something could not be written or read. Answers whether the disk is why, or another host: then it is told here, or
    /// by whoever ends.
    pub(crate) fn failed(&self, error: &StoreError) -> bool {
        if let StoreError::TakenOver { url } = error {
            self.state().taken_over = Some(url.clone());
            self.ends.notify_one();
            return true;
        }
        let StoreError::Disk { fault, .. } = error else { return false };
        let mut state = self.state();
        let is_new = state.fault != Some(*fault) && !(*fault == DiskFault::Corrupt && state.said_corrupt);
        state.fault = Some(*fault);
        state.again = Some(Instant::now() + PAUSE);
        state.said_corrupt |= *fault == DiskFault::Corrupt;
        drop(state);
        if is_new {
            let remedy = fault.remedy();
            let after = if *fault == DiskFault::Corrupt { "" } else { "; nothing is lost, and it goes on by itself" };
            tracing::error!("{error}: nothing is accepted, and what was accepted waits; {remedy}{after}");
        }
        true
    }

    /// The same, for who passes the error on in any case.
    pub(crate) fn tell(&self, error: &StoreError) {
        self.failed(error);
    }

    /// Something was written. While the disk is left alone that may have been before it failed, and tells nothing.
    pub(crate) fn wrote(&self) {
        let mut state = self.state();
        if state.again.is_some_and(|again| Instant::now() < again) {
            return;
        }
        let fault = state.fault.take();
        state.again = None;
        drop(state);
        if fault.is_some_and(|fault| fault != DiskFault::Corrupt) {
            tracing::warn!("the disk of the data folder takes writes again: everything goes on");
        }
    }

    /// What is wrong with it; none where the last thing was written.
    pub fn fault(&self) -> Option<DiskFault> {
        self.state().fault
    }

    /// Why this host has to end: another one has its place.
    pub(crate) fn lost(&self) -> Option<StoreError> {
        self.state().taken_over.clone().map(|url| StoreError::TakenOver { url })
    }

    /// Returns when the host has to end.
    pub(crate) async fn ends(&self) {
        self.ends.notified().await;
    }

    /// How much may be under way at once, of so much: one thing, while it is not known whether it can be written.
    pub(crate) fn at_once(&self, most: usize) -> usize {
        self.state().at_once(most, Instant::now())
    }

    /// Returns when it may be tried again; never where nothing is wrong.
    pub(crate) async fn again(&self) {
        let again = self.state().again;
        match again.filter(|again| Instant::now() < *again) {
            Some(again) => tokio::time::sleep_until(again).await,
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(fault: DiskFault) -> StoreError {
        StoreError::Disk { fault, reason: "x".to_owned() }
    }

    #[tokio::test]
    async fn one_thing_is_tried_at_a_time_until_one_is_written() {
        let disk = Disk::default();
        let later = Instant::now() + Duration::from_secs(3_600);
        let tried = |now: Instant| disk.state().at_once(9, now);
        assert!(!disk.failed(&StoreError::Closed), "no matter of the disk");
        assert_eq!((disk.fault(), tried(later)), (None, 9));
        let before = Instant::now();
        assert!(disk.failed(&error(DiskFault::Full)));
        assert_eq!((disk.fault(), tried(before), tried(later)), (Some(DiskFault::Full), 0, 1));
        disk.wrote();
        assert_eq!(disk.fault(), Some(DiskFault::Full), "that was written before");
        disk.again().await;
        assert_eq!(disk.at_once(9), 1);
        disk.wrote();
        assert_eq!((disk.fault(), tried(before)), (None, 9));
    }

    #[test]
    fn what_cannot_be_written_at_all_is_no_more_than_one() {
        let disk = Disk::default();
        disk.tell(&error(DiskFault::ReadOnly));
        let later = Instant::now() + PAUSE;
        assert_eq!(disk.state().at_once(0, later), 0);
        assert_eq!(disk.state().at_once(9, later), 1);
    }
}
