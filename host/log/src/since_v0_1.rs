//! `puppet:log@0.1.0`, frozen in `wit/frozen/log-0.1.0`: a line without fields. Each function calls the latest one.

use wasmtime::component::Linker;

use crate::{Carries, Interface, View, bindings::puppet::log::log as latest};

mod bindings {
    wasmtime::component::bindgen!({
        path: ["../../wit/frozen/log-0.1.0"],
        inline: "
            package puppet:host-log;
            world host { import puppet:log/log@0.1.0; }
        ",
        imports: { default: trappable },
    });
}

use bindings::puppet::log::log::{Host, Level, add_to_linker};

/// Links this version.
pub fn link<T: Carries>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    add_to_linker::<T, Interface>(linker, |carrier| carrier.log())
}

impl Host for View<'_> {
    fn log(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        latest::Host::log(self, level.into(), message, Vec::new())
    }
}

impl From<Level> for latest::Level {
    fn from(level: Level) -> Self {
        match level {
            Level::Debug => Self::Debug,
            Level::Info => Self::Info,
            Level::Warn => Self::Warn,
            Level::Error => Self::Error,
        }
    }
}
