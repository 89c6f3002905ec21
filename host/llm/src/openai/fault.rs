//! What can stand between a request and its answer, and the one table of what is done about it: which code a guest
//! sees, whether another attempt may mend it, whether the attempt may be billed, and what the operator does.

use std::time::Duration;

use puppet_reach::NoConnection;
use puppet_types::{CallError, Code};

use crate::openai::quirks::Parameter;

/// Bytes of an answer.
pub(super) const MOST_BYTES: usize = 8 << 20;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// The name of its address is not known.
    UnknownHost,
    /// Nobody takes the connection.
    Unreachable,
    /// There is no secure connection, because of this.
    Insecure(&'static str),
    /// Not within the time of an attempt.
    TooLate,
    /// A stream that had begun says no more.
    Stalled,
    /// The connection ended before the answer did.
    Broken,
    TooLong,
    /// It asks to wait.
    RateLimited(Option<Duration>),
    /// It fails, with this status.
    Failed(u16),
    /// With this status.
    KeyRefused(u16),
    /// The key is known and may not do this.
    Forbidden(u16),
    /// What was paid for is used up.
    QuotaSpent,
    NoModel,
    /// Another protocol, or none, is spoken there: what is said instead.
    WrongAddress(String),
    /// JSON that is not of this protocol.
    Unreadable,
    /// The prompt does not fit into the model: its words.
    TooSmall(String),
    /// Against its rules: its words.
    Policy(String),
    /// A parameter that the model does not take.
    Unsupported {
        parameter: Parameter,
        /// The error says so by its code, and names the parameter; else by its words alone.
        by_code: bool,
        words: String,
    },
    /// The request is not valid: its words.
    Invalid(String),
    /// The model did not want to.
    Declined,
    /// An answer without a text.
    Empty,
    /// Every token went into thinking.
    OnlyThought,
}

/// What is done about a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Treatment {
    /// What the guest sees.
    pub(super) code: Code,
    /// Another attempt may mend it.
    pub(super) is_passing: bool,
    /// A model may have been asked.
    pub(super) may_be_billed: bool,
    /// For the operator.
    remedy: &'static str,
}

impl Fault {
    /// The table (docs/models.md shows it).
    pub(super) const fn treatment(&self) -> Treatment {
        use Code::{InvalidAnswer, InvalidInput, ProviderUnavailable as Unavailable, RateLimited, Refused, Timeout};
        let (code, is_passing, may_be_billed, remedy) = match self {
            Self::UnknownHost => (Unavailable, true, false, "check `base_url`, and the network of this machine"),
            Self::Unreachable => (Unavailable, true, false, "see that it runs, and check `base_url`"),
            Self::Insecure(_) => {
                (Unavailable, false, false, "check `base_url` (http or https), the clock and the certificate")
            }
            Self::TooLate => (Timeout, true, true, "raise `timeout_ms`, or use a faster model"),
            Self::Stalled => (Timeout, true, true, "raise `idle_timeout_ms` if the model pauses that long"),
            Self::Broken => (Unavailable, true, true, ""),
            Self::TooLong => (Unavailable, false, true, ""),
            Self::RateLimited(_) => (RateLimited, true, false, ""),
            Self::Failed(_) => (Unavailable, true, true, ""),
            Self::KeyRefused(_) => (Unavailable, false, false, "put a valid key where the provider names it"),
            Self::Forbidden(_) => (Unavailable, false, false, "allow the key this model, or use another key"),
            Self::QuotaSpent => (Unavailable, false, false, "add credit, or raise the limit, at the provider"),
            Self::NoModel => (Unavailable, false, false, "correct `model`; `puppet doctor` looks for it in the list"),
            Self::WrongAddress(_) => (Unavailable, false, false, "correct `base_url`; it mostly ends in /v1"),
            Self::Unreadable => (Unavailable, false, true, "check that `base_url` speaks this protocol"),
            Self::TooSmall(_) => (Refused, false, false, "use a model with a longer context"),
            Self::Policy(_) | Self::Declined => (Refused, false, true, ""),
            Self::Unsupported { .. } | Self::Invalid(_) => (InvalidInput, false, false, ""),
            Self::Empty => (InvalidAnswer, false, true, ""),
            Self::OnlyThought => (InvalidAnswer, false, true, "ask for more tokens, or use a model that thinks less"),
        };
        Treatment { code, is_passing, may_be_billed, remedy }
    }

    /// What it is.
    fn cause(&self, model: &str) -> String {
        match self {
            Self::UnknownHost => "its address has no host of that name".to_owned(),
            Self::Unreachable => "it cannot be reached".to_owned(),
            Self::Insecure(why) => format!("there is no secure connection: {why}"),
            Self::TooLate => "no answer in time".to_owned(),
            Self::Stalled => "the answer stopped in the middle".to_owned(),
            Self::Broken => "the connection broke off".to_owned(),
            Self::TooLong => format!("the answer is longer than {MOST_BYTES} bytes"),
            Self::RateLimited(_) => "it asks to wait".to_owned(),
            Self::Failed(status) => format!("it failed with status {status}"),
            Self::KeyRefused(status) => format!("the key is not accepted (status {status})"),
            Self::Forbidden(status) => format!("the key may not do this (status {status})"),
            Self::QuotaSpent => "the quota or the credit of the key is used up".to_owned(),
            Self::NoModel => format!("it has no model `{model}`, or not for this key"),
            Self::WrongAddress(what) => format!("the address is wrong: {what}"),
            Self::Unreadable => "the answer is not what this protocol answers".to_owned(),
            Self::TooSmall(said) | Self::Policy(said) | Self::Invalid(said) => said.clone(),
            Self::Unsupported { words, .. } => words.clone(),
            Self::Declined => "the model refused".to_owned(),
            Self::Empty => "the answer holds no text".to_owned(),
            Self::OnlyThought => "the model used all tokens for thinking".to_owned(),
        }
    }

    /// For people: cause and remedy, apart.
    pub(super) fn told(&self, model: &str) -> (String, &'static str) {
        (self.cause(model), self.treatment().remedy)
    }

    /// For the guest and the journal: which provider, what, and what to do.
    pub(super) fn call_error(&self, provider: &str, model: &str) -> CallError {
        let Treatment { code, remedy, .. } = self.treatment();
        let separator = if remedy.is_empty() { "" } else { "; " };
        let message = format!("`{provider}`: {}{separator}{remedy}", self.cause(model));
        match self {
            Self::RateLimited(Some(after)) => {
                CallError::retry(code, message, u64::try_from(after.as_millis()).unwrap_or(u64::MAX))
            }
            _ => CallError::new(code, message),
        }
    }

    /// Of a connection.
    pub(super) fn of_transport(error: &reqwest::Error) -> Self {
        match NoConnection::of(error) {
            Some(NoConnection::UnknownHost) => Self::UnknownHost,
            Some(NoConnection::Insecure(why)) => Self::Insecure(why),
            Some(NoConnection::Refused | NoConnection::TooLate | NoConnection::Other) => Self::Unreachable,
            None if error.is_builder() => Self::Unreachable,
            None if error.is_timeout() => Self::TooLate,
            None => Self::Broken,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_provider_cause_and_remedy() {
        let error = Fault::NoModel.call_error("home", "gpt-9");
        assert_eq!(error.code, Code::ProviderUnavailable);
        assert!(error.message.starts_with("`home`: it has no model `gpt-9`"), "{error}");
        assert!(error.message.ends_with("; correct `model`; `puppet doctor` looks for it in the list"), "{error}");
        // No failure of the endpoint: it is left alone for those.
        for fault in [Fault::Empty, Fault::OnlyThought] {
            assert_eq!(fault.call_error("home", "m").code, Code::InvalidAnswer);
        }
        let wait = Fault::RateLimited(Some(Duration::from_secs(2))).call_error("home", "m");
        assert_eq!((wait.code, wait.retry_after_ms), (Code::RateLimited, Some(2_000)));
        assert_eq!(Fault::Broken.call_error("home", "m").message, "`home`: the connection broke off");
    }
}
