//! The `log` capability: lines of the plugin's own, kept with the invocation, bounded by the gate. Comes with every
//! plugin. The latest version is implemented here; earlier ones lead to it. The host's own log is elsewhere.

use puppet_grants::Gate;
use puppet_types::Refusal;
use wasmtime::component::{HasData, Linker};

#[doc(hidden)]
pub mod fuzz;
mod since_v0_1;

mod bindings {
    wasmtime::component::bindgen!({
        path: ["../../wit/log"],
        inline: "
            package puppet:host-log;
            world host { import puppet:log/log@0.2.0; }
        ",
        imports: { default: trappable },
    });
}

use bindings::puppet::log::log::{Host, Level, add_to_linker};

/// What the interface needs of an invocation.
pub struct View<'a> {
    /// Where lines go.
    pub gate: &'a mut Gate,
}

/// An invocation that carries this capability.
pub trait Carries: Send + 'static {
    /// Its view for this interface.
    fn log(&mut self) -> View<'_>;
}

struct Interface;

impl HasData for Interface {
    type Data<'a> = View<'a>;
}

/// Links the interface, in every version that is served.
pub fn link<T: Carries>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    add_to_linker::<T, Interface>(linker, |carrier| carrier.log())?;
    since_v0_1::link(linker)
}

impl Host for View<'_> {
    fn log(&mut self, level: Level, message: String, fields: Vec<(String, String)>) -> wasmtime::Result<()> {
        let level = match level {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        };
        match self.gate.log(level, &message, fields) {
            Ok(()) => Ok(()),
            Err(Refusal::Breach(breach, detail)) => {
                Err(wasmtime::Error::new(puppet_types::BreachError(breach, detail)))
            }
            // The interface has no error value: a line that is refused is dropped.
            Err(Refusal::Call(_)) => Ok(()),
        }
    }
}
