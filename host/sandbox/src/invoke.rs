//! One event in a fresh instance: admitted to the pool, metered, stopped at its deadline, taken apart afterwards.

use std::{sync::Arc, time::Duration};

use puppet_types::{Breach, LogLine, Outcome, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::Store;

use crate::{
    Carrier, Limits, Prepared,
    causes::{TAIL_BYTES, stop},
    exports::{self, Ask, Made, Said},
    limiter::{Limiter, PAGE},
};

/// What a call starts with, beside its event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallSetup {
    /// Of the guest's randomness.
    pub seed: u64,
    /// Where the guest's wall clock begins.
    pub wall: Timestamp,
    /// Wall time for all of the call, host calls included, counted from its admission. `None` in virtual time.
    pub deadline: Option<Duration>,
}

/// How a call ended, and what is left of it.
#[derive(Debug)]
pub struct Ended<T> {
    /// The store's data.
    pub carrier: T,
    /// How it ended.
    pub outcome: Outcome,
    /// Instructions used.
    pub fuel: u64,
    /// Sum over all memories at its highest.
    pub peak_memory_bytes: u64,
    /// What the guest printed.
    pub output: Vec<LogLine>,
}

/// The pool as calls see it: both semaphores are fair, so nobody is overtaken for ever.
#[derive(Debug, Clone)]
pub(crate) struct Admission {
    pub(crate) slots: Arc<Semaphore>,
    /// For calls within calls.
    pub(crate) within: Arc<Semaphore>,
    pub(crate) live_pages: Arc<Semaphore>,
    pub(crate) all_pages: u32,
}

impl Admission {
    /// Waits for a slot and for the memory that the component is known to need. Waiting is no strike: the deadline
    /// begins afterwards.
    async fn admit(&self, bytes: u64) -> wasmtime::Result<(OwnedSemaphorePermit, OwnedSemaphorePermit)> {
        let closed = |_| wasmtime::format_err!("the pool is closed");
        // What is free goes to those who wait first, so trying overtakes nobody.
        let slot = match Arc::clone(&self.slots).try_acquire_owned() {
            Ok(slot) => slot,
            Err(_) => Arc::clone(&self.slots).acquire_owned().await.map_err(closed)?,
        };
        let pages = self.pages(bytes);
        let live = match Arc::clone(&self.live_pages).try_acquire_many_owned(pages) {
            Ok(live) => live,
            Err(_) => Arc::clone(&self.live_pages).acquire_many_owned(pages).await.map_err(closed)?,
        };
        Ok((slot, live))
    }

    /// For a call within one that holds a slot and pages already: it waits for neither. It has places of its own, and
    /// takes pages where there are some.
    async fn admit_within(&self, bytes: u64) -> wasmtime::Result<(OwnedSemaphorePermit, OwnedSemaphorePermit)> {
        let closed = |_| wasmtime::format_err!("the pool is closed");
        let place = Arc::clone(&self.within).acquire_owned().await.map_err(closed)?;
        let live = match Arc::clone(&self.live_pages).try_acquire_many_owned(self.pages(bytes)) {
            Ok(live) => live,
            Err(_) => Arc::clone(&self.live_pages).try_acquire_many_owned(0)?,
        };
        Ok((place, live))
    }

    /// Where there is room at once. For who must not wait: a thread that runs a strategy.
    pub(crate) fn try_admit(&self, bytes: u64) -> Option<(OwnedSemaphorePermit, OwnedSemaphorePermit)> {
        let slot = Arc::clone(&self.slots).try_acquire_owned().ok()?;
        let live = Arc::clone(&self.live_pages).try_acquire_many_owned(self.pages(bytes)).ok()?;
        Some((slot, live))
    }

    fn pages(&self, bytes: u64) -> u32 {
        u32::try_from(bytes.div_ceil(PAGE)).unwrap_or(u32::MAX).min(self.all_pages)
    }
}

/// What every call is given.
pub(crate) struct Given<'a> {
    pub(crate) limits: &'a Arc<Limits>,
    pub(crate) yield_interval: Option<u64>,
    pub(crate) admission: &'a Admission,
}

pub(crate) async fn invoke<T: Carrier>(
    given: Given<'_>,
    prepared: &Prepared<T>,
    mut carrier: T,
    ask: Ask,
    setup: CallSetup,
) -> (Ended<T>, Made) {
    let limits = given.limits;
    let admitted = match ask {
        Ask::Migrate(_) => given.admission.admit_within(prepared.peak()).await,
        _ => given.admission.admit(prepared.peak()).await,
    };
    let (slot, live) = match admitted {
        Ok(admitted) => admitted,
        Err(error) => return (unborn(carrier, &error), Made::Nothing),
    };
    let limiter = Limiter::new(Arc::clone(limits), live, Arc::clone(&given.admission.live_pages));
    carrier.room().furnish(limits, limiter, &setup);

    let mut store = Store::new(prepared.pre.engine(), carrier);
    let result = match bound(&mut store, limits, given.yield_interval) {
        Ok(()) => timed(setup.deadline, run(&mut store, prepared, ask)).await,
        Err(error) => Err(error),
    };
    let fuel = store.get_fuel().map_or(0, |left| limits.fuel.saturating_sub(left));

    // A store that trapped, or was left in the middle, is never entered again: none is.
    let mut carrier = store.into_data();
    let room = carrier.room();
    let said = result.unwrap_or_else(|error| {
        let stderr = room.output.stderr_tail(TAIL_BYTES);
        let (breach, detail) = room.limiter.causes.choose(&error, &stderr);
        Said { outcome: Outcome::Breach(breach, detail), made: Made::Nothing }
    });
    let limiter = std::mem::take(&mut room.limiter);
    let output = std::mem::take(&mut room.output).finish();
    room.handles = Default::default();
    let peak_memory_bytes = limiter.peak_memory;
    prepared.used(peak_memory_bytes);
    drop((limiter, slot));
    (Ended { carrier, outcome: said.outcome, fuel, peak_memory_bytes, output }, said.made)
}

/// Puts the limits on a store.
pub(crate) fn bound<T: Carrier>(
    store: &mut Store<T>,
    limits: &Limits,
    yield_interval: Option<u64>,
) -> wasmtime::Result<()> {
    let small = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    store.limiter(|carrier| &mut carrier.room().limiter);
    if let Some(interval) = yield_interval {
        store.set_fuel(limits.fuel)?;
        store.fuel_async_yield_interval(Some(interval.max(1)))?;
    }
    store.set_hostcall_fuel(small(limits.host_bytes_per_call));
    store.set_max_component_handles(small(limits.handles));
    Ok(())
}

async fn run<T: Carrier>(store: &mut Store<T>, prepared: &Prepared<T>, ask: Ask) -> wasmtime::Result<Said> {
    let instance = prepared.pre.instantiate_async(&mut *store).await?;
    let function = match ask {
        Ask::Migrate(_) => prepared.migration.ok_or_else(|| wasmtime::format_err!("there is no `migrate`"))?,
        _ => prepared.function,
    };
    exports::call(store, &instance, function, ask).await
}

async fn timed(
    deadline: Option<Duration>,
    call: impl Future<Output = wasmtime::Result<Said>>,
) -> wasmtime::Result<Said> {
    let Some(deadline) = deadline else { return call.await };
    match tokio::time::timeout(deadline, call).await {
        Ok(result) => result,
        Err(_) => Err(stop(Breach::Deadline, format!("after {} ms", deadline.as_millis()))),
    }
}

fn unborn<T>(carrier: T, error: &wasmtime::Error) -> Ended<T> {
    let outcome = Outcome::Breach(Breach::Deadline, error.to_string());
    Ended { carrier, outcome, fuel: 0, peak_memory_bytes: 0, output: Vec::new() }
}
