//! As whom X is asked: what a request is authorized with, and what of it must be in no text.

use puppet_types::{MASK, Secret};
use reqwest::header::HeaderValue;

/// Who asks.
pub(super) enum Identity {
    /// A token as it is.
    Bearer(Secret),
}

impl Identity {
    /// The header of a request; none where no header can hold the token.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let Self::Bearer(token) = self;
        let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose())).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// A text without any of its secrets.
    pub(super) fn masked(&self, text: String) -> String {
        let Self::Bearer(token) = self;
        if token.expose().len() > 3 { text.replace(token.expose(), MASK) } else { text }
    }
}
