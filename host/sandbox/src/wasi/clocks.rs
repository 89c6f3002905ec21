//! `wasi:clocks`: the guest's own time. A sleep is over at once and moves the clock.

use wasmtime::component::{ComponentType, LinkerInstance, Lower};

use super::{define, io::Pollable};
use crate::Carrier;

#[derive(ComponentType, Lower)]
#[component(record)]
struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

pub(super) fn monotonic<T: Carrier>(into: &mut LinkerInstance<'_, T>) -> wasmtime::Result<()> {
    define(into, "now", |room, ()| Ok((room.world.now(),)))?;
    define(into, "resolution", |_, ()| Ok((1_u64,)))?;
    define(into, "subscribe-instant", |room, (at,): (u64,)| Ok((room.push(Pollable(at))?,)))?;
    define(into, "subscribe-duration", |room, (wait,): (u64,)| {
        let at = room.world.now().saturating_add(wait);
        Ok((room.push(Pollable(at))?,))
    })
}

pub(super) fn wall<T: Carrier>(into: &mut LinkerInstance<'_, T>) -> wasmtime::Result<()> {
    define(into, "now", |room, ()| {
        let (seconds, nanoseconds) = room.world.wall();
        Ok((Datetime { seconds, nanoseconds },))
    })?;
    define(into, "resolution", |_, ()| Ok((Datetime { seconds: 0, nanoseconds: 1_000_000 },)))
}
