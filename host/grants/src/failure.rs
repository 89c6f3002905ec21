//! What an error of a provider costs. One rule for reads and errands: an error that tells its usage costs that; one
//! that certainly reached no model costs nothing; of any other nobody knows, so it costs what was reserved.

use puppet_types::{CallError, Code};

use crate::{Amount, Answer, Charge};

/// Why a provider that is paid for has no answer, and what that took.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct Failure {
    /// What the guest gets.
    pub error: CallError,
    /// What it took.
    pub used: Used,
}

/// What a call took of what was reserved for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Used {
    /// No model was asked.
    Nothing,
    /// So much; what is missing costs its reservation.
    Told(Vec<Charge>),
    /// It may have been answered, and billed, after all.
    Unknown,
}

impl Failure {
    /// With what it took.
    pub fn told(error: CallError, used: Vec<Charge>) -> Self {
        Self { error, used: Used::Told(used) }
    }
}

/// By its code, where a provider says no more.
impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let used = match error.code {
            Code::Denied
            | Code::BudgetExhausted
            | Code::RateLimited
            | Code::InvalidInput
            | Code::NotFound
            | Code::TooLong
            | Code::Echo
            | Code::LimitReached => Used::Nothing,
            Code::Timeout | Code::ProviderUnavailable | Code::Refused | Code::InvalidAnswer | Code::Internal => {
                Used::Unknown
            }
        };
        Self { error, used }
    }
}

impl Used {
    /// Of one amount.
    pub(crate) fn of(&self, amount: Amount, reserved: u64) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::Told(used) => {
                used.iter().find(|charge| charge.amount == amount).map_or(reserved, |charge| charge.quantity)
            }
            Self::Unknown => reserved,
        }
    }
}

/// The value of an answer or its error, and what it took.
pub(crate) fn settled<A>(answer: Result<Answer<A>, Failure>) -> (Result<A, CallError>, Used) {
    match answer {
        Ok(answer) => (Ok(answer.value), Used::Told(answer.used)),
        Err(Failure { error, used }) => (Err(error), used),
    }
}
