//! What does not change during a call: identity, persona and settings as JSON.

use puppet_types::Json;

/// An agent as its plugin sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Stable.
    pub id: String,
    /// For people.
    pub name: String,
    /// One or two sentences.
    pub description: String,
    /// Account without `@`.
    pub handle: String,
    /// IANA time zone.
    pub timezone: String,
    /// The persona.
    pub persona: Json,
    /// The plugin's settings.
    pub settings: Json,
}
