//! The `agent` capability: who the plugin is playing. Persona, settings and time are facts of the call; mood and
//! relationships are reads with this call's own decisions on top. Comes with every plugin.

mod bond;
mod host;
mod mood;
mod profile;

pub use bond::{KEPT, RECENT, apply_change, initial_relationships};
#[doc(hidden)]
pub use host::fuzz;
pub use host::{Carries, View, link};
pub use mood::{MoodDecay, apply_shift, decayed};
pub use profile::Profile;
