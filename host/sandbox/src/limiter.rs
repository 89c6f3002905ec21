//! What wasmtime asks before a memory or a table grows: sums over all of an instance, and takes live bytes from the
//! pool as they come into use.

use std::sync::Arc;

use puppet_types::Breach;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::ResourceLimiter;

use crate::{Limits, causes::Causes};

/// Live bytes are counted in pages.
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
        if missing > 0
            && let Ok(more) = Arc::clone(pool).try_acquire_many_owned(missing)
        {
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
