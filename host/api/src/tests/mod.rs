//! The door, from outside: who gets in, how often, with what, and what is left in the log.

mod codes;
mod doors;
mod once;
mod packs;
mod reference;
mod routes;
mod sessions;
mod stalled;
mod tls;
mod wire;
