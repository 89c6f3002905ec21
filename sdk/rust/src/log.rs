//! Lines for the plugin's own log, kept with the invocation. Comes with every plugin.

use crate::bindings::imports::puppet::log::log as wit;
pub use wit::Level;

#[cfg(not(target_family = "wasm"))]
use crate::testing::sys::log as sys;
#[cfg(target_family = "wasm")]
use wit as sys;

/// One line.
pub fn log(level: Level, message: &str) {
    sys::log(level, message);
}
/// For the author.
pub fn debug(message: &str) {
    log(Level::Debug, message);
}
/// For the operator.
pub fn info(message: &str) {
    log(Level::Info, message);
}
/// Something is odd.
pub fn warn(message: &str) {
    log(Level::Warn, message);
}
/// Something is wrong.
pub fn error(message: &str) {
    log(Level::Error, message);
}
