//! What authors of plugins write and read beside code: scenarios, what they expect, and what a run of them found. Text in,
//! text out. Nothing here loads a component or knows a store: `puppet` does the running.

pub mod fault;
pub mod found;
pub mod junit;
pub mod narrow;
pub mod offset;
pub mod scenario;
pub mod script;
pub mod sdk;
pub mod templates;
pub mod update;

pub use fault::Fault;
