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
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     memory::remember(&memory::own(memory::Kind::Event, "The rye sold out by ten."))?;
///     Ok(())
/// });
/// assert_eq!(run.decided.len(), 1);
/// ```
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
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let said = memory::said_by("ada", memory::Kind::Interaction, "I love rye.");
/// assert_eq!((said.author.as_deref(), said.trust), (Some("ada"), memory::Trust::Stranger));
/// ```
pub fn said_by(author: &str, kind: Kind, content: impl Into<String>) -> NewMemory {
    NewMemory { author: Some(author.to_owned()), trust: Trust::Stranger, ..own(kind, content) }
}

/// Decision: answers the id it will have. The same text twice is one memory.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     let id = memory::remember(&memory::own(memory::Kind::General, "Ada likes rye."))?;
///     assert!(!id.is_empty());
///     Ok(())
/// });
/// assert_eq!(run.decided.len(), 1);
/// ```
pub fn remember(memory: &NewMemory) -> Answer<String> {
    answer(sys::remember(memory))
}
/// Decision.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     let id = memory::remember(&memory::own(memory::Kind::General, "Ada likes rye."))?;
///     memory::forget(&id)?;
///     Ok(())
/// });
/// assert_eq!(run.decided.len(), 2);
/// ```
pub fn forget(id: &str) -> Answer<()> {
    answer(sys::forget(id))
}
/// Decision: replaces one memory by another.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     let id = memory::remember(&memory::own(memory::Kind::General, "Ada likes rye."))?;
///     memory::supersede(&id, &memory::own(memory::Kind::General, "Ada likes wheat now."))?;
///     Ok(())
/// });
/// assert_eq!(run.decided.len(), 2);
/// ```
pub fn supersede(id: &str, memory: &NewMemory) -> Answer<String> {
    answer(sys::supersede(id, memory))
}
/// Decision: a pinned memory is never dropped by a cap.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     let id = memory::remember(&memory::own(memory::Kind::General, "Ada likes rye."))?;
///     memory::pin(&id, true)?;
///     Ok(())
/// });
/// assert_eq!(run.decided.len(), 2);
/// ```
pub fn pin(id: &str, pinned: bool) -> Answer<()> {
    answer(sys::pin(id, pinned))
}
/// What is known about a text, best first.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     for hit in memory::recall("rye", 3)? {
///         log::info(&hit.item.content);
///     }
///     Ok(())
/// });
/// assert_eq!(run.reads, ["memory.recall"]);
/// ```
pub fn recall(text: &str, limit: u32) -> Answer<Vec<Scored>> {
    search(&Query { text: text.to_owned(), kinds: Vec::new(), limit, method: Method::Blended, follow: true })
}
/// As a query says.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     let query = memory::Query {
///         text: "rye".to_owned(), kinds: vec![memory::Kind::General], limit: 3, method: memory::Method::Keyword, follow: false,
///     };
///     assert!(memory::search(&query)?.is_empty());
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn search(query: &Query) -> Answer<Vec<Scored>> {
    answer(sys::recall(query))
}
/// Newest first.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let run = testing::Host::new().within(|| {
///     assert!(memory::recent(&[memory::Kind::General], 5)?.is_empty());
///     Ok(())
/// });
/// assert!(run.result.is_ok());
/// ```
pub fn recent(kinds: &[Kind], limit: u32) -> Answer<Vec<Item>> {
    answer(sys::recent(kinds, limit))
}
