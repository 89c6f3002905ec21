//! The error record a guest sees (`puppet:types/types.error`), with its published codes.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident $code:literal),+ $(,)?) => {
        /// The published list of codes (docs/reference/errors.md).
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Code { $($(#[$doc])* $variant),+ }
        impl Code {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// kebab-case text.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }
        }
    };
}

codes! {
    /// The operation is not granted.
    Denied "denied",
    /// The budget is spent; `retry-after-ms` tells when it comes back.
    BudgetExhausted "budget-exhausted",
    /// The provider asks to wait.
    RateLimited "rate-limited",
    /// The provider did not answer in time.
    Timeout "timeout",
    /// The arguments are not valid.
    InvalidInput "invalid-input",
    /// There is no such thing.
    NotFound "not-found",
    /// A text is longer than it may be.
    TooLong "too-long",
    /// The text came out of recall in this call.
    Echo "echo",
    /// The provider failed.
    ProviderUnavailable "provider-unavailable",
    /// The model refused, or its context is too small.
    Refused "refused",
    /// The model's answer holds no text, or does not hold to the schema of its request, after one more try.
    InvalidAnswer "invalid-answer",
    /// The invocation's bound for this call is reached.
    LimitReached "limit-reached",
    /// The host failed; nothing was done.
    Internal "internal",
}

/// Why a capability call was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{}: {message}", code.as_str())]
pub struct CallError {
    /// From the published list.
    pub code: Code,
    /// For people; never holds a secret.
    pub message: String,
    /// Set where waiting helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// Where several providers may be asked: those that were, and did not answer, in order. For the journal alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<Tried>,
}

/// A provider that was asked and did not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// Its name in the configuration.
    pub provider: String,
    /// What came of it.
    pub code: Code,
    /// For people; never holds a secret.
    pub message: String,
}

/// Bytes kept of a message: it may repeat what a guest said, and goes back to it and into the journal.
const MESSAGE_BYTES: usize = 1 << 10;

impl CallError {
    /// With no hint to wait.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if message.len() > MESSAGE_BYTES {
            message.truncate(message.floor_char_boundary(MESSAGE_BYTES));
            message.push('…');
        }
        Self { code, message, retry_after_ms: None, tried: Vec::new() }
    }
    /// With a time to wait.
    pub fn retry(code: Code, message: impl Into<String>, after_ms: u64) -> Self {
        Self { retry_after_ms: Some(after_ms), ..Self::new(code, message) }
    }
}

/// How the gate says no: an answer that the guest can act on, or the end of the invocation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The guest sees this as an `error` value.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The guest is stopped.
    #[error("{0}: {1}")]
    Breach(crate::Breach, String),
}

impl Refusal {
    /// Shorthand for a [`CallError`] with no hint to wait.
    pub fn call(code: Code, message: impl Into<String>) -> Self {
        Self::Call(CallError::new(code, message))
    }
}

/// A breach on its way through wasmtime's error; the sandbox finds it by downcast.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}: {1}")]
pub struct BreachError(pub crate::Breach, pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_does_not_grow_with_what_it_repeats() {
        let error = CallError::retry(Code::InvalidInput, format!("`{}` is no name", "ü".repeat(1 << 20)), 5);
        assert!(error.message.ends_with("ü…") && error.message.len() < 1_100);
        assert_eq!(error.retry_after_ms, Some(5));
        assert_eq!(CallError::new(Code::Denied, "no").message, "no");
    }
}
