//! Why a call ended: causes are noted where they happen (limiter, WASI, gate), since the error alone does not tell,
//! and one of them is chosen by a fixed precedence, the order of [`Breach`].

use puppet_types::{Breach, BreachError};
use wasmtime::{Trap, WasmBacktrace, component::ResourceTableError};

use crate::config::BACKTRACE_FRAMES;

/// Bytes of a guest's stderr that explain a trap.
pub(crate) const TAIL_BYTES: usize = 2_048;

/// The strongest cause noted so far.
#[derive(Debug, Default)]
pub(crate) struct Causes(Option<(Breach, String)>);

impl Causes {
    /// Notes a cause; of equal ones the first stays.
    pub(crate) fn note(&mut self, breach: Breach, detail: impl FnOnce() -> String) {
        if self.0.as_ref().is_none_or(|(noted, _)| breach < *noted) {
            self.0 = Some((breach, detail()));
        }
    }

    /// The cause that is told for a call that ended with `error`.
    pub(crate) fn choose(&mut self, error: &wasmtime::Error, stderr: &str) -> (Breach, String) {
        let (breach, detail) = read(error);
        let detail = if breach == Breach::Trap && !stderr.is_empty() { stderr.to_owned() } else { detail };
        self.note(breach, || detail.clone());
        self.0.take().unwrap_or((breach, detail))
    }
}

/// A breach, on its way out of a host function.
pub(crate) fn stop(breach: Breach, detail: impl Into<String>) -> wasmtime::Error {
    wasmtime::Error::new(BreachError(breach, detail.into()))
}

/// What an error says by itself.
fn read(error: &wasmtime::Error) -> (Breach, String) {
    if let Some(BreachError(breach, detail)) = error.downcast_ref::<BreachError>() {
        return (*breach, detail.clone());
    }
    let text = error.root_cause().to_string();
    if let Some(trap) = error.downcast_ref::<Trap>() {
        let depth = error.downcast_ref::<WasmBacktrace>().map_or(0, |trace| trace.frames().len());
        return (of_trap(*trap, depth), text);
    }
    if let Some(ResourceTableError::Full) = error.downcast_ref::<ResourceTableError>() {
        return (Breach::TooManyHandles, text);
    }
    (of_text(&text), text)
}

/// Recursion ends at the native stack, or, where the guest keeps a stack of its own in its memory, below that
/// memory's first byte: an access out of bounds in a call that is deeper than any ordinary one.
fn of_trap(trap: Trap, depth: usize) -> Breach {
    match trap {
        Trap::OutOfFuel => Breach::OutOfFuel,
        Trap::StackOverflow => Breach::OutOfStack,
        Trap::MemoryOutOfBounds if depth >= BACKTRACE_FRAMES => Breach::OutOfStack,
        _ => Breach::Trap,
    }
}

/// Errors of wasmtime that have no public type. `tests/hostile.rs` hits each of them, so a new wording is noticed.
fn of_text(text: &str) -> Breach {
    let table: &[(&str, Breach)] = &[
        ("too much data for the host to copy", Breach::TooManyHostBytes),
        ("hostcall fuel", Breach::TooManyHostBytes),
        ("fuel allocated for hostcalls", Breach::TooManyHostBytes),
        ("store handle limit exceeded", Breach::TooManyHandles),
        ("instance count too high", Breach::TooManyInstances),
        ("memory count too high", Breach::TooManyInstances),
        ("table count too high", Breach::TooManyInstances),
        ("exceeds memory limits", Breach::OutOfMemory),
        ("exceeds table limits", Breach::TableTooLarge),
    ];
    table.iter().find(|(part, _)| text.contains(part)).map_or(Breach::Trap, |(_, breach)| *breach)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_cause_is_told() {
        let out_of_fuel = || wasmtime::Error::from(Trap::OutOfFuel);
        let mut causes = Causes::default();
        assert_eq!(causes.choose(&out_of_fuel(), "").0, Breach::OutOfFuel);
        let mut causes = Causes::default();
        causes.note(Breach::OutOfMemory, || "grow".to_owned());
        causes.note(Breach::TableTooLarge, || "table".to_owned());
        assert_eq!(causes.choose(&out_of_fuel(), ""), (Breach::OutOfMemory, "grow".to_owned()));
        let mut causes = Causes::default();
        causes.note(Breach::OutOfMemory, || "grow".to_owned());
        causes.note(Breach::OutOfMemory, || "grow again".to_owned());
        assert_eq!(causes.choose(&out_of_fuel(), "").1, "grow", "of equal ones the first");
        let mut causes = Causes::default();
        causes.note(Breach::OutOfMemory, || "grow".to_owned());
        let forbidden = stop(Breach::Forbidden, "exit").context("while calling");
        assert_eq!(causes.choose(&forbidden, ""), (Breach::Forbidden, "exit".to_owned()));
    }

    #[test]
    fn depth_tells_recursion_from_a_wild_pointer() {
        assert_eq!(of_trap(Trap::MemoryOutOfBounds, 3), Breach::Trap);
        assert_eq!(of_trap(Trap::MemoryOutOfBounds, BACKTRACE_FRAMES), Breach::OutOfStack);
        assert_eq!(of_trap(Trap::StackOverflow, 3), Breach::OutOfStack);
        assert_eq!(of_trap(Trap::UnreachableCodeReached, 99), Breach::Trap);
    }

    #[test]
    fn a_panic_is_told_in_the_guests_words() {
        let error = wasmtime::Error::from(Trap::UnreachableCodeReached);
        assert_eq!(Causes::default().choose(&error, "panicked at x"), (Breach::Trap, "panicked at x".to_owned()));
        let silent = Causes::default().choose(&error, "").1;
        assert!(silent.contains("unreachable"), "{silent}");
        let (breach, detail) = Causes::default().choose(&Trap::OutOfFuel.into(), "panicked at x");
        assert_eq!(breach, Breach::OutOfFuel);
        assert!(detail.contains("fuel"), "what a guest prints is no reason for a limit: {detail}");
    }
}
