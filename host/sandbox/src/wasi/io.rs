//! `wasi:io`: one stream that is always at its end, two that take everything, and pollables that are always ready.

use wasmtime::component::{ComponentType, LinkerInstance, Lower, Resource, ResourceType};

use super::define;
use crate::{Carrier, Room, output::Channel};

/// Bytes that `check-write` offers at a time.
const OFFER: u64 = 64 << 10;

/// An error of a stream. None is ever made.
pub(super) struct IoError;

/// Standard input: at its end.
pub(super) struct InputStream;

/// Standard output or error.
pub(super) struct OutputStream(pub(super) Channel);

/// Ready at once, or a sleep until a time of the guest's own clock.
pub(super) struct Pollable(pub(super) u64);

#[derive(ComponentType, Lower)]
#[component(variant)]
enum StreamError {
    #[component(name = "last-operation-failed")]
    #[allow(dead_code, reason = "the contract has it; our streams never fail")]
    LastOperationFailed(Resource<IoError>),
    #[component(name = "closed")]
    Closed,
}

type Answer<A> = wasmtime::Result<(Result<A, StreamError>,)>;

/// Defines a resource whose handles live in the room.
pub(super) fn resource<T: Carrier, R: Send + 'static>(
    into: &mut LinkerInstance<'_, T>,
    name: &str,
) -> wasmtime::Result<()> {
    into.resource(name, ResourceType::host::<R>(), |mut store, rep| {
        store.data_mut().room().handles.delete(Resource::<R>::new_own(rep))?;
        Ok(())
    })
}

pub(super) fn error<T: Carrier>(into: &mut LinkerInstance<'_, T>) -> wasmtime::Result<()> {
    resource::<T, IoError>(into, "error")?;
    define(into, "[method]error.to-debug-string", |_, (_,): (Resource<IoError>,)| Ok((String::new(),)))
}

pub(super) fn poll<T: Carrier>(into: &mut LinkerInstance<'_, T>) -> wasmtime::Result<()> {
    resource::<T, Pollable>(into, "pollable")?;
    define(into, "[method]pollable.ready", |room, (pollable,)| {
        sleep(room, &[pollable])?;
        Ok((true,))
    })?;
    define(into, "[method]pollable.block", |room, (pollable,)| sleep(room, &[pollable]).map(drop))?;
    define(into, "poll", |room, (pollables,): (Vec<Resource<Pollable>>,)| Ok((sleep(room, &pollables)?,)))
}

/// Sleeps until the first of them is ready, which takes no time, and tells which are.
pub(super) fn sleep(room: &mut Room, pollables: &[Resource<Pollable>]) -> wasmtime::Result<Vec<u32>> {
    let mut times = Vec::with_capacity(pollables.len());
    for pollable in pollables {
        times.push(room.handles.get(pollable)?.0);
    }
    let Some(first) = times.iter().min() else { wasmtime::bail!("`poll` of an empty list") };
    room.world.sleep_until(*first);
    let now = room.world.now();
    let ready = (0..).zip(times).filter(|(_, at)| *at <= now).map(|(index, _)| index);
    Ok(ready.collect())
}

pub(super) fn streams<T: Carrier>(into: &mut LinkerInstance<'_, T>) -> wasmtime::Result<()> {
    input(into)?;
    output(into)
}

fn input<T: Carrier>(into: &mut LinkerInstance<'_, T>) -> wasmtime::Result<()> {
    type Input = Resource<InputStream>;
    resource::<T, InputStream>(into, "input-stream")?;
    for name in ["[method]input-stream.read", "[method]input-stream.blocking-read"] {
        define(into, name, |_, _: (Input, u64)| -> Answer<Vec<u8>> { Ok((Err(StreamError::Closed),)) })?;
    }
    for name in ["[method]input-stream.skip", "[method]input-stream.blocking-skip"] {
        define(into, name, |_, _: (Input, u64)| -> Answer<u64> { Ok((Err(StreamError::Closed),)) })?;
    }
    define(into, "[method]input-stream.subscribe", |room, _: (Input,)| Ok((room.push(Pollable(0))?,)))
}

fn output<T: Carrier>(into: &mut LinkerInstance<'_, T>) -> wasmtime::Result<()> {
    type Output = Resource<OutputStream>;
    resource::<T, OutputStream>(into, "output-stream")?;
    define(into, "[method]output-stream.check-write", |_, _: (Output,)| -> Answer<u64> { Ok((Ok(OFFER),)) })?;
    for name in ["[method]output-stream.write", "[method]output-stream.blocking-write-and-flush"] {
        define(into, name, |room, (stream, bytes): (Output, Vec<u8>)| print(room, &stream, &bytes))?;
    }
    for name in ["[method]output-stream.write-zeroes", "[method]output-stream.blocking-write-zeroes-and-flush"] {
        define(into, name, |room, (stream, len): (Output, u64)| {
            let zeroes = vec![0; usize::try_from(len.min(OFFER)).unwrap_or(0)];
            print(room, &stream, &zeroes)
        })?;
    }
    for name in ["[method]output-stream.flush", "[method]output-stream.blocking-flush"] {
        define(into, name, |_, _: (Output,)| -> Answer<()> { Ok((Ok(()),)) })?;
    }
    for name in ["[method]output-stream.splice", "[method]output-stream.blocking-splice"] {
        define(into, name, |_, _: (Output, Resource<InputStream>, u64)| -> Answer<u64> {
            Ok((Err(StreamError::Closed),))
        })?;
    }
    define(into, "[method]output-stream.subscribe", |room, _: (Output,)| Ok((room.push(Pollable(0))?,)))
}

fn print(room: &mut Room, stream: &Resource<OutputStream>, bytes: &[u8]) -> Answer<()> {
    let channel = room.handles.get(stream)?.0;
    room.output.write(channel, bytes);
    Ok((Ok(()),))
}
