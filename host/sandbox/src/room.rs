//! What the sandbox keeps beside a call's own data: sums, handles, the guest's clock and randomness, its output.

use std::sync::Arc;

use puppet_types::{Breach, LogLine, Timestamp};
use wasmtime::component::{Resource, ResourceTable, ResourceTableError};

use crate::{CallSetup, Limits, causes::stop, limiter::Limiter, output::Output, wasi::Virtual};

/// The data of a store: whatever the capabilities need, and the sandbox's room in it.
pub trait Carrier: Send + 'static {
    /// The sandbox's part.
    fn room(&mut self) -> &mut Room;
}

/// The sandbox's part of a call. Made empty; filled when the call begins.
#[derive(Debug, Default)]
pub struct Room {
    pub(crate) limits: Arc<Limits>,
    pub(crate) limiter: Limiter,
    pub(crate) handles: ResourceTable,
    pub(crate) world: Virtual,
    pub(crate) output: Output,
    wasi_calls: u64,
}

impl Room {
    /// For a call that begins.
    pub(crate) fn furnish(&mut self, limits: &Arc<Limits>, limiter: Limiter, setup: &CallSetup) {
        let mut handles = ResourceTable::new();
        handles.set_max_capacity(usize::try_from(limits.handles).unwrap_or(usize::MAX));
        *self = Self {
            limits: Arc::clone(limits),
            limiter,
            handles,
            world: Virtual::new(setup.seed, setup.wall),
            output: Output::bounded(limits.output_bytes, limits.output_lines),
            wasi_calls: 0,
        };
    }

    /// For another call of an instance that stays: its handles and its sums stay too; its time and chance begin anew, so
    /// that a call depends on its own time and not on how many there were before it.
    pub(crate) fn enter_again(&mut self, seed: u64, at: Timestamp) {
        self.wasi_calls = 0;
        self.world = Virtual::at(seed, at);
    }

    /// What the guest printed so far. The bound holds for what comes as it held for what was.
    pub(crate) fn take_output(&mut self) -> Vec<LogLine> {
        let empty = Output::bounded(self.limits.output_bytes, self.limits.output_lines);
        std::mem::replace(&mut self.output, empty).finish()
    }

    /// Admits one WASI call.
    pub(crate) fn admit(&mut self, name: &str) -> wasmtime::Result<()> {
        self.wasi_calls += 1;
        let most = self.limits.wasi_calls;
        if self.wasi_calls > most {
            return Err(self.breach(Breach::TooManyHostCalls, format!("`{name}` after {most} WASI calls")));
        }
        Ok(())
    }

    /// Notes a breach and makes the error that ends the call.
    pub(crate) fn breach(&mut self, breach: Breach, detail: String) -> wasmtime::Error {
        self.limiter.causes.note(breach, || detail.clone());
        stop(breach, detail)
    }

    /// A new handle, where the table has room for it.
    pub(crate) fn push<R: Send + 'static>(&mut self, resource: R) -> wasmtime::Result<Resource<R>> {
        match self.handles.push(resource) {
            Ok(handle) => Ok(handle),
            Err(ResourceTableError::Full) => {
                let detail = format!("more than {} handles at once", self.limits.handles);
                Err(self.breach(Breach::TooManyHandles, detail))
            }
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use puppet_types::{BreachError, Timestamp};

    use super::*;

    fn furnished(limits: Limits) -> Room {
        let mut room = Room::default();
        room.furnish(
            &Arc::new(limits),
            Limiter::default(),
            &CallSetup { seed: 7, wall: Timestamp::default(), deadline: None },
        );
        room
    }

    fn breach(error: &wasmtime::Error) -> Option<Breach> {
        error.downcast_ref().map(|BreachError(breach, _)| *breach)
    }

    #[test]
    fn the_last_wasi_call_that_fits_is_admitted_and_the_next_is_not() {
        let mut room = furnished(Limits { wasi_calls: 3, ..Limits::default() });
        for _ in 0..3 {
            room.admit("now").unwrap();
        }
        for _ in 0..2 {
            assert_eq!(breach(&room.admit("now").unwrap_err()), Some(Breach::TooManyHostCalls));
        }
    }

    #[test]
    fn a_handle_that_is_given_back_makes_room_for_another() {
        let mut room = furnished(Limits { handles: 2, ..Limits::default() });
        let first = room.push(1_u8).unwrap();
        let second = room.push(2_u8).unwrap();
        assert_eq!((*room.handles.get(&first).unwrap(), *room.handles.get(&second).unwrap()), (1, 2));
        assert_eq!(breach(&room.push(3_u8).unwrap_err()), Some(Breach::TooManyHandles));
        room.handles.delete(first).unwrap();
        room.push(4_u8).unwrap();
    }
}
