//! The server: REST, live stream, who may do what. It reads rows and the host itself; what only the program can do
//! (packs, configuration, desks) it asks of [`operations`].

pub mod app;
pub mod audit;
pub mod auth;
mod body;
mod compat;
mod cors;
pub mod door;
mod errors;
pub mod etag;
pub mod extract;
pub mod fault;
mod guarded;
mod headers;
mod health;
pub mod idempotency;
pub mod limits;
pub mod live;
pub mod metrics;
pub mod openapi;
pub mod operations;
pub mod page;
pub mod pages;
pub mod parts;
mod places;
pub mod policy;
mod refusals;
pub mod roster;
pub mod router;
pub mod schema;
pub mod server;
mod shape;
#[cfg(test)]
#[allow(dead_code, reason = "whoever writes a route uses another part")]
mod testing;
#[cfg(test)]
mod tests;
pub mod tls;
pub mod trace;
mod turns;
pub mod v1;
pub mod view;

pub use app::App;
pub use auth::{Keys, NewKey, Principal, PrincipalKind, Role};
pub use fault::{Fault, Kind};
pub use operations::{Answer, Operations, Told};
pub use parts::{Parts, Settings};
pub use server::{Listener, Peer, Server};
pub use tls::{Tls, TlsFault};
