//! The `memory` capability: what an agent remembers and how it finds it again. `recall` and `recent` are reads
//! through the gate, everything else is a decision. Rows are the store's; here are the rules: caps, ids, scores,
//! what is no new memory, whose words they are.

mod birth;
mod draft;
mod echo;
pub mod embedding;
mod host;
mod kinds;
mod model;
mod overlay;
mod question;
mod recall;
mod score;
#[cfg(test)]
mod tests;
mod text;

pub use birth::initial_memories;
pub use draft::{ASSOCIATIONS, CONTENT_BYTES, METADATA_BYTES, METADATA_PAIRS};
pub use echo::Recalled;
#[doc(hidden)]
pub use host::fuzz;
pub use host::{Carries, View, link};
pub use kinds::{cap, half_life_ms};
pub use model::{Embedder, Memories, Model, VectorTerms};
pub use question::QUESTION_WAIT;
pub use recall::{LIMIT, Method, QUERY_BYTES, Query, RECENT_LIMIT, Recaller, SCANNED_ROWS, Scored};
pub use score::{KEYWORD_ABOVE, KEYWORD_TOP, LIKENESS_FROM, WEIGHTS, Weights};
pub use text::memory_id;
