//! `wasi:cli`: no arguments, no environment, no terminal; output is captured, and leaving by `exit` is a breach.

use puppet_types::Breach;
use wasmtime::component::{LinkerInstance, Resource};

use super::{
    define,
    io::{InputStream, OutputStream, resource},
};
use crate::{Carrier, Room, output::Channel};

struct TerminalInput;
struct TerminalOutput;

pub(super) fn link<T: Carrier>(into: &mut LinkerInstance<'_, T>, interface: &str) -> wasmtime::Result<()> {
    match interface {
        "cli/environment" => environment(into),
        "cli/exit" => {
            define(into, "exit", |room, _: (Result<(), ()>,)| exit(room))?;
            define(into, "exit-with-code", |room, _: (u8,)| exit(room))
        }
        "cli/stdin" => define(into, "get-stdin", |room, ()| Ok((room.push(InputStream)?,))),
        "cli/stdout" => define(into, "get-stdout", |room, ()| Ok((room.push(OutputStream(Channel::Stdout))?,))),
        "cli/stderr" => define(into, "get-stderr", |room, ()| Ok((room.push(OutputStream(Channel::Stderr))?,))),
        "cli/terminal-input" => resource::<T, TerminalInput>(into, "terminal-input"),
        "cli/terminal-output" => resource::<T, TerminalOutput>(into, "terminal-output"),
        "cli/terminal-stdin" => define(into, "get-terminal-stdin", |_, ()| Ok((None::<Resource<TerminalInput>>,))),
        "cli/terminal-stdout" => define(into, "get-terminal-stdout", |_, ()| Ok((None::<Resource<TerminalOutput>>,))),
        "cli/terminal-stderr" => define(into, "get-terminal-stderr", |_, ()| Ok((None::<Resource<TerminalOutput>>,))),
        // Instantiation names what is missing.
        _ => Ok(()),
    }
}

fn environment<T: Carrier>(into: &mut LinkerInstance<'_, T>) -> wasmtime::Result<()> {
    define(into, "get-environment", |_, ()| Ok((Vec::<(String, String)>::new(),)))?;
    define(into, "get-arguments", |_, ()| Ok((Vec::<String>::new(),)))?;
    define(into, "initial-cwd", |_, ()| Ok((None::<String>,)))
}

fn exit(room: &mut Room) -> wasmtime::Result<()> {
    Err(room.breach(Breach::Forbidden, "`wasi:cli/exit`: return from the call instead".to_owned()))
}
