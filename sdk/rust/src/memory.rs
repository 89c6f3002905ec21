//! What the agent remembers.

use crate::{
    bindings::imports::puppet::memory::memory as wit,
    failure::{Answer, answer},
};
pub use wit::{Item, Kind, Method, NewMemory, Query, Scored, Trust};

#[cfg(not(target_family = "wasm"))]
use crate::testing::sys::memory as sys;
#[cfg(target_family = "wasm")]
use wit as sys;

/// A memory of the agent's own: importance 0.5, no author.
pub fn own(kind: Kind, content: impl Into<String>) -> NewMemory {
    NewMemory {
        kind,
        content: content.into(),
        importance: 0.5,
        valence: 0.0,
        associations: Vec::new(),
        metadata: Vec::new(),
        author: None,
        trust: Trust::Own,
    }
}

/// What somebody else said: marked as a stranger's.
pub fn said_by(author: &str, kind: Kind, content: impl Into<String>) -> NewMemory {
    NewMemory { author: Some(author.to_owned()), trust: Trust::Stranger, ..own(kind, content) }
}

/// Decision: answers the id it will have. The same text twice is one memory.
pub fn remember(memory: &NewMemory) -> Answer<String> {
    answer(sys::remember(memory))
}
/// Decision.
pub fn forget(id: &str) -> Answer<()> {
    answer(sys::forget(id))
}
/// Decision: replaces one memory by another.
pub fn supersede(id: &str, memory: &NewMemory) -> Answer<String> {
    answer(sys::supersede(id, memory))
}
/// Decision: a pinned memory is never dropped by a cap.
pub fn pin(id: &str, pinned: bool) -> Answer<()> {
    answer(sys::pin(id, pinned))
}
/// What is known about a text, best first.
pub fn recall(text: &str, limit: u32) -> Answer<Vec<Scored>> {
    search(&Query { text: text.to_owned(), kinds: Vec::new(), limit, method: Method::Blended, follow: true })
}
/// As a query says.
pub fn search(query: &Query) -> Answer<Vec<Scored>> {
    answer(sys::recall(query))
}
/// Newest first.
pub fn recent(kinds: &[Kind], limit: u32) -> Answer<Vec<Item>> {
    answer(sys::recent(kinds, limit))
}
