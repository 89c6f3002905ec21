//! Trading in a host: which strategy, on which bars and terms; and the desks that a running host has.

pub(crate) mod apart;
pub(crate) mod candles;
mod chains;
mod desks;
mod drive;
mod history;
mod kept;
mod lines;
mod look;
mod open;
pub(crate) mod original;
mod owned;
pub(crate) mod progress;
pub mod purses;
pub mod quotes;
mod result;
pub(crate) mod second;
pub(crate) mod strategy;
mod summary;
pub(crate) mod terms;
mod trending;
mod wanted;

pub use chains::binds_to_localnet;
pub use desks::{Around, Desks, Floor, Places, Trading};
pub use owned::Owned;
pub use purses::Seats;
pub use trending::Trending;
pub use wanted::Wanted;
