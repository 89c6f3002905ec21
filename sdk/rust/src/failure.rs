//! How a call of the host says no, and how a plugin does.

use crate::{Timestamp, bindings::imports::puppet::types::types as wit};

/// Why the host did not carry out a call. `code` is from the published list (docs/reference/errors.md).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// `denied`, `budget-exhausted`, `rate-limited`, …
    pub code: String,
    /// For people.
    pub message: String,
    /// Set where waiting helps, in milliseconds.
    pub retry_after_ms: Option<u64>,
}

impl CallError {
    /// Whether it is of this code.
    pub fn is(&self, code: &str) -> bool {
        self.code == code
    }
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for CallError {}

impl From<wit::Error> for CallError {
    fn from(error: wit::Error) -> Self {
        Self { code: error.code, message: error.message, retry_after_ms: error.retry_after_ms }
    }
}

/// How a plugin ends an event that it does not carry out. What it decided is dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// An answer, not a fault: too soon, not mine. No strike.
    Declined {
        /// kebab-case, for example `too-soon`.
        code: String,
        /// For people.
        message: String,
        /// The event comes again then, as a new one.
        retry_at: Option<Timestamp>,
    },
    /// Something is wrong. The event is put aside with this text.
    Failed(String),
}

impl Failure {
    /// A decline.
    pub fn declined(code: &str, message: impl Into<String>, retry_at: Option<Timestamp>) -> Self {
        Self::Declined { code: code.to_owned(), message: message.into(), retry_at }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Failed(format!("JSON: {error}"))
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Failed(message)
    }
}

/// What calls of the host answer.
pub(crate) type Answer<T> = Result<T, CallError>;

/// Maps the generated error to ours.
pub(crate) fn answer<T>(result: Result<T, wit::Error>) -> Answer<T> {
    result.map_err(CallError::from)
}
