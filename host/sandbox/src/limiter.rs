//! What wasmtime asks before a memory or a table grows: sums over all of an instance, and takes live bytes from the
//! pool as they come into use.

use std::sync::Arc;

use puppet_types::Breach;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::ResourceLimiter;

use crate::{Limits, causes::Causes};

/// Live bytes are counted in pages of WebAssembly.
pub(crate) const PAGE: u64 = 64 << 10;

/// Sums of one call.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    pub(crate) causes: Causes,
    pub(crate) peak_memory: u64,
    limits: Arc<Limits>,
    memory: u64,
    growing: u64,
    elements: u64,
    table_growing: u64,
    reserved: Option<OwnedSemaphorePermit>,
    pool: Option<Arc<Semaphore>>,
}

impl Limiter {
    /// For one call that was admitted with `reserved` pages.
    pub(crate) fn new(limits: Arc<Limits>, reserved: OwnedSemaphorePermit, pool: Arc<Semaphore>) -> Self {
        Self { limits, reserved: Some(reserved), pool: Some(pool), ..Self::default() }
    }

    /// Beyond what a call was admitted with, it takes more where there is more. Where there is none it goes on all
    /// the same: a call that waited here would hold its pages while others wait for them. The next call of the
    /// component is admitted with its true need, so the pool is overdrawn once per component at most.
    fn take_live(&mut self) {
        let (Some(reserved), Some(pool)) = (self.reserved.as_mut(), self.pool.as_ref()) else { return };
        let needed = self.memory.div_ceil(PAGE);
        let missing = needed.saturating_sub(reserved.num_permits() as u64);
        let missing = u32::try_from(missing).unwrap_or(u32::MAX);
        if let Ok(more) = Arc::clone(pool).try_acquire_many_owned(missing) {
            reserved.merge(more);
        }
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.growing = 0;
        let by = desired.saturating_sub(current) as u64;
        let sum = self.memory.saturating_add(by);
        let most = self.limits.memory_bytes;
        if sum > most || maximum.is_some_and(|maximum| desired > maximum) {
            self.causes.note(Breach::OutOfMemory, || format!("memory of {sum} bytes: at most {most}"));
            return Ok(false);
        }
        self.growing = by;
        self.memory = sum;
        self.peak_memory = self.peak_memory.max(sum);
        self.take_live();
        Ok(true)
    }

    /// Also told of a growth that it was never asked about: past what the memory's type can address.
    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.causes.note(Breach::OutOfMemory, || error.to_string());
        if !error.to_string().contains("memory type's limits") {
            self.memory = self.memory.saturating_sub(std::mem::take(&mut self.growing));
        }
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.table_growing = 0;
        let by = desired.saturating_sub(current) as u64;
        let sum = self.elements.saturating_add(by);
        let most = self.limits.table_elements;
        if sum > most || maximum.is_some_and(|maximum| desired > maximum) {
            self.causes.note(Breach::TableTooLarge, || format!("tables of {sum} elements: at most {most}"));
            return Ok(false);
        }
        self.table_growing = by;
        self.elements = sum;
        Ok(true)
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.causes.note(Breach::TableTooLarge, || error.to_string());
        self.elements = self.elements.saturating_sub(std::mem::take(&mut self.table_growing));
        Ok(())
    }

    fn instances(&self) -> usize {
        usize::try_from(self.limits.core_instances).unwrap_or(usize::MAX)
    }

    fn tables(&self) -> usize {
        usize::try_from(self.limits.tables).unwrap_or(usize::MAX)
    }

    fn memories(&self) -> usize {
        usize::try_from(self.limits.memories).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(memory_bytes: u64) -> Limiter {
        Limiter { limits: Arc::new(Limits { memory_bytes, ..Limits::default() }), ..Limiter::default() }
    }

    #[test]
    fn a_growth_that_failed_gives_its_bytes_back() {
        let mut limiter = limiter(300);
        assert!(limiter.memory_growing(0, 100, None).unwrap());
        assert!(limiter.memory_growing(100, 250, None).unwrap());
        limiter.memory_grow_failed(wasmtime::format_err!("mmap")).unwrap();
        assert_eq!(limiter.memory, 100);
        limiter.memory_grow_failed(wasmtime::format_err!("memory growth exceeds memory type's limits")).unwrap();
        assert_eq!(limiter.memory, 100);
        assert!(limiter.memory_growing(0, 200, None).unwrap());
        assert!(!limiter.memory_growing(200, 201, None).unwrap());
        assert_eq!(limiter.peak_memory, 300);
        let told = limiter.causes.choose(&wasmtime::format_err!("x"), "");
        assert_eq!(told, (Breach::OutOfMemory, "mmap".to_owned()));
    }

    #[test]
    fn a_table_that_did_not_grow_gives_its_elements_back() {
        let mut limiter =
            Limiter { limits: Arc::new(Limits { table_elements: 300, ..Limits::default() }), ..Limiter::default() };
        assert!(limiter.table_growing(0, 100, None).unwrap());
        assert!(limiter.table_growing(0, 150, None).unwrap());
        limiter.table_grow_failed(wasmtime::format_err!("no room")).unwrap();
        assert_eq!(limiter.elements, 100);
        let failed = limiter.causes.choose(&wasmtime::format_err!("x"), "");
        assert_eq!(failed, (Breach::TableTooLarge, "no room".to_owned()));
        assert!(limiter.table_growing(0, 200, None).unwrap());
        assert!(!limiter.table_growing(200, 201, None).unwrap());
        assert_eq!(limiter.elements, 300);
    }

    /// The sum may reach its limit, and one memory or table its own maximum; neither may be passed.
    #[test]
    fn the_last_byte_and_the_last_element_that_fit_are_given() {
        // (wanted, maximum of this one, given)
        let table = [
            (10, None, true),
            (11, None, false),
            (9, Some(9), true),
            (9, Some(8), false),
            (9, Some(10), true),
            (11, Some(12), false),
        ];
        for (wanted, maximum, given) in table {
            let limits = Arc::new(Limits { memory_bytes: 10, table_elements: 10, ..Limits::default() });
            let mut limiter = Limiter { limits, ..Limiter::default() };
            let case = format!("{wanted} of at most {maximum:?}");
            assert_eq!(limiter.memory_growing(0, wanted, maximum).unwrap(), given, "memory: {case}");
            assert_eq!(limiter.table_growing(0, wanted, maximum).unwrap(), given, "table: {case}");
            let sum = if given { wanted as u64 } else { 0 };
            assert_eq!((limiter.memory, limiter.elements), (sum, sum), "{case}");
            let (breach, _) = limiter.causes.choose(&wasmtime::Trap::OutOfFuel.into(), "");
            assert_eq!(breach == Breach::OutOfMemory, !given, "{case}");
        }
    }

    #[test]
    fn what_an_instance_may_have_is_what_the_limits_say() {
        let limits = Limits { core_instances: 5, tables: 6, memories: 7, ..Limits::default() };
        let limiter = Limiter { limits: Arc::new(limits), ..Limiter::default() };
        assert_eq!((limiter.instances(), limiter.tables(), limiter.memories()), (5, 6, 7));
    }

    #[test]
    fn live_pages_are_taken_as_they_come_into_use() {
        let pool = Arc::new(Semaphore::new(10));
        let reserved = Arc::clone(&pool).try_acquire_many_owned(1).unwrap();
        let mut limiter = Limiter::new(Arc::new(Limits::default()), reserved, Arc::clone(&pool));
        let page = PAGE as usize;
        assert!(limiter.memory_growing(0, page, None).unwrap());
        assert_eq!(pool.available_permits(), 9);
        assert!(limiter.memory_growing(page, 4 * page, None).unwrap());
        assert_eq!(pool.available_permits(), 6);
        assert!(limiter.memory_growing(4 * page, 40 * page, None).unwrap());
        assert_eq!(pool.available_permits(), 6);
        drop(limiter);
        assert_eq!(pool.available_permits(), 10);
    }
}
