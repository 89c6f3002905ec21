//! The engine from outside: orders in, answers out.

mod boundaries;
mod closed;
mod fixture;
mod money;
mod original;
mod racing;
mod random;
mod rebuilt;
mod settings;
mod state;
mod written;
