//! Trading in a host: which strategy, on which bars and terms; and the desks that a running host has.

pub(crate) mod candles;
mod chains;
mod desks;
mod drive;
mod kept;
mod lines;
pub(crate) mod progress;
pub mod purses;
pub mod quotes;
mod result;
pub(crate) mod strategy;
mod summary;
pub(crate) mod terms;
mod wanted;

pub use desks::{Around, Desks, Floor, Trading};
pub use wanted::Wanted;
