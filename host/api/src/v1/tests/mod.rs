//! The agents' side of the API against a host without plugins.

mod audited;
mod lists;
pub mod rows;
mod trades;
mod words;
