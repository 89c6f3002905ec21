//! WASI p2 of our own, linked interface by interface: a virtual clock, seeded randomness, captured output, nothing
//! else. Files and sockets are shells: their types are there, every call of them is a breach by name.

mod cli;
mod clocks;
mod io;
mod random;
mod shells;
mod virtuals;

pub(crate) use virtuals::Virtual;

use wasmtime::{
    Engine,
    component::{Component, ComponentNamedList, Lift, Linker, LinkerInstance, Lower, types::ComponentItem},
};

use crate::{Carrier, Room};

/// The interfaces that are served, and whether by a shell.
const SERVED: &[(&str, bool)] = &[
    ("wasi:io/error", false),
    ("wasi:io/poll", false),
    ("wasi:io/streams", false),
    ("wasi:cli/environment", false),
    ("wasi:cli/exit", false),
    ("wasi:cli/stdin", false),
    ("wasi:cli/stdout", false),
    ("wasi:cli/stderr", false),
    ("wasi:cli/terminal-input", false),
    ("wasi:cli/terminal-output", false),
    ("wasi:cli/terminal-stdin", false),
    ("wasi:cli/terminal-stdout", false),
    ("wasi:cli/terminal-stderr", false),
    ("wasi:clocks/monotonic-clock", false),
    ("wasi:clocks/wall-clock", false),
    ("wasi:random/random", false),
    ("wasi:random/insecure", false),
    ("wasi:random/insecure-seed", false),
    ("wasi:filesystem/types", true),
    ("wasi:filesystem/preopens", true),
    ("wasi:sockets/network", true),
    ("wasi:sockets/instance-network", true),
    ("wasi:sockets/ip-name-lookup", true),
    ("wasi:sockets/tcp", true),
    ("wasi:sockets/tcp-create-socket", true),
    ("wasi:sockets/udp", true),
    ("wasi:sockets/udp-create-socket", true),
];

/// Whether an interface is served, by its name without a version.
pub(crate) fn is_served(interface: &str) -> bool {
    SERVED.iter().any(|(name, _)| *name == interface)
}

/// Links what a component imports of WASI. Any 0.2 version of an interface is met by the same functions: wasmtime
/// matches compatible versions.
pub(crate) fn link<T: Carrier>(linker: &mut Linker<T>, engine: &Engine, component: &Component) -> wasmtime::Result<()> {
    let component_type = component.component_type();
    for (name, import) in component_type.imports(engine) {
        let interface = name.split('@').next().unwrap_or(name);
        let Some((interface, is_shell)) = SERVED.iter().find(|(served, _)| *served == interface) else { continue };
        if !is_shell {
            one(&mut linker.instance(name)?, interface)?;
        } else if let ComponentItem::ComponentInstance(instance) = import.ty {
            shells::link(&mut linker.instance(name)?, interface, engine, &instance)?;
        }
    }
    Ok(())
}

fn one<T: Carrier>(into: &mut LinkerInstance<'_, T>, interface: &str) -> wasmtime::Result<()> {
    match interface.strip_prefix("wasi:").unwrap_or(interface) {
        "io/error" => io::error(into),
        "io/poll" => io::poll(into),
        "io/streams" => io::streams(into),
        "clocks/monotonic-clock" => clocks::monotonic(into),
        "clocks/wall-clock" => clocks::wall(into),
        "random/random" => random::random(into),
        "random/insecure" => random::insecure(into),
        "random/insecure-seed" => random::insecure_seed(into),
        other => cli::link(into, other),
    }
}

/// Defines a function that is counted and then answered from the room.
fn define<T, P, R>(
    into: &mut LinkerInstance<'_, T>,
    name: &'static str,
    answer: impl Fn(&mut Room, P) -> wasmtime::Result<R> + Send + Sync + 'static,
) -> wasmtime::Result<()>
where
    T: Carrier,
    P: ComponentNamedList + Lift + 'static,
    R: ComponentNamedList + Lower + 'static,
{
    into.func_wrap(name, move |mut store, params: P| {
        let room = store.data_mut().room();
        room.admit(name)?;
        answer(room, params)
    })
}

#[cfg(test)]
mod tests;
