//! The `memory` capability: what an agent remembers, with caps per kind, and how it recalls. Full text only proposes
//! rows; every score is computed over the agent's own rows alone.

mod birth;
mod caps;
mod echo;
pub mod embedding;
mod host;
mod identity;
mod overlay;
mod recall;
mod score;
mod wire;

pub use birth::initial_memories;
pub use caps::cap;
pub use echo::Recalled;
pub use host::{CONTENT_BYTES, Carries, View, link};
pub use identity::{memory_id, normal};
pub use recall::{Method, Query, Recaller, Scored};
pub use score::{Weights, half_life_ms};
