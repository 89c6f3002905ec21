//! `wasi:random`: from the call's seed, in bounded pieces.

use puppet_types::Breach;
use wasmtime::component::LinkerInstance;

use super::{define, virtuals::Stream};
use crate::{Carrier, Room};

pub(super) fn random<T: Carrier>(into: &mut LinkerInstance<'_, T>) -> wasmtime::Result<()> {
    define(into, "get-random-bytes", |room, (len,): (u64,)| Ok((bytes(room, Stream::Random, len)?,)))?;
    define(into, "get-random-u64", |room, ()| Ok((room.world.number(Stream::Random),)))
}

pub(super) fn insecure<T: Carrier>(into: &mut LinkerInstance<'_, T>) -> wasmtime::Result<()> {
    define(into, "get-insecure-random-bytes", |room, (len,): (u64,)| Ok((bytes(room, Stream::Insecure, len)?,)))?;
    define(into, "get-insecure-random-u64", |room, ()| Ok((room.world.number(Stream::Insecure),)))
}

pub(super) fn insecure_seed<T: Carrier>(into: &mut LinkerInstance<'_, T>) -> wasmtime::Result<()> {
    define(into, "insecure-seed", |room, ()| {
        let mut number = || room.world.number(Stream::Insecure);
        Ok(((number(), number()),))
    })
}

pub(super) fn bytes(room: &mut Room, stream: Stream, len: u64) -> wasmtime::Result<Vec<u8>> {
    let most = room.limits.random_bytes_per_call;
    if len > most {
        return Err(room.breach(Breach::TooManyHostBytes, format!("{len} random bytes in one call: at most {most}")));
    }
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
    room.world.fill(stream, &mut bytes);
    Ok(bytes)
}
