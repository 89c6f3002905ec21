//! Traces: what a host did with each event, from its mailbox to its effects, for a collector of OpenTelemetry. `spans` takes
//! them down, `lineage` finds where they belong, `otlp` writes them, `export` sends them.

mod export;
mod ids;
mod lineage;
mod otlp;
mod spans;
#[cfg(test)]
mod tests;

pub use export::{endpoint, export};
pub use spans::{COUNTS, Counts, ROOM, Recorded, Recorder, is_traced, recorder};
