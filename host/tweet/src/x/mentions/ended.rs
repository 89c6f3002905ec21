//! Why a stream is not there, and how long until it is opened again: as X's documents say for each cause.

use std::{fmt, time::Duration};

use super::{
    super::opening::{Issue, Unopened},
    Listening,
    stream::LOOK,
};
use crate::PublishError;

/// A plan that has no stream is asked again after so long.
const PLANLESS: Duration = Duration::from_secs(86_400);

/// See the head of this file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    /// It broke off, or nobody was reached.
    Network,
    /// X failed.
    Failed,
    /// X asks to wait.
    Limited(Duration),
    /// There is another one.
    TooMany,
    UsageCap,
    /// X ended it, and it may be opened again.
    Operational,
    /// It has no rules that X can use: they are made anew.
    Unruled,
    /// The plan has no streams, or no room for a rule.
    Planless(String),
    /// X does not let this app: somebody has to mend it.
    Refused(String),
    /// Nobody is to be heard.
    Nobody,
}

/// For people.
impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network => f.write_str("the connection ended, or X was not reached"),
            Self::Failed => f.write_str("X failed"),
            Self::Limited(wait) => write!(f, "X asks to wait {} s", wait.as_secs()),
            Self::TooMany => f.write_str("the app has another stream open already"),
            Self::UsageCap => f.write_str("the plan's allowance is used up"),
            Self::Operational => f.write_str("X ended it"),
            Self::Unruled => f.write_str("X has no rules for it: they are made anew"),
            Self::Planless(words) | Self::Refused(words) => f.write_str(words),
            Self::Nobody => f.write_str("nobody is to be heard"),
        }
    }
}

impl From<PublishError> for Ended {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::RateLimited { retry_after_ms } => Self::Limited(Duration::from_millis(retry_after_ms)),
            PublishError::UsageCap { .. } | PublishError::Capped { .. } => Self::UsageCap,
            PublishError::Unavailable(_) | PublishError::InDoubt(_) => Self::Failed,
            PublishError::NotAllowed(words) => Self::Planless(words),
            other => Self::Refused(other.to_string()),
        }
    }
}

impl From<Unopened> for Ended {
    fn from(unopened: Unopened) -> Self {
        match unopened {
            Unopened::Unreached => Self::Network,
            Unopened::Connection(issue) => issue.into(),
            Unopened::Planless(words) => Self::Planless(words),
            Unopened::Answer(error) => error.into(),
        }
    }
}

impl From<Issue> for Ended {
    fn from(issue: Issue) -> Self {
        match issue {
            Issue::TooMany => Self::TooMany,
            Issue::Rules => Self::Unruled,
            Issue::NotReady => Self::Failed,
        }
    }
}

impl Ended {
    /// How long until it is opened again: as X's documents say for each cause. `nth`: of its kind in a row, from 1 on.
    pub(super) fn wait(&self, nth: u32, by: Listening) -> Duration {
        let doubled = |first: u64, most: u64| Duration::from_secs((first << nth.saturating_sub(1).min(10)).min(most));
        match self {
            Self::Network | Self::Operational => Duration::from_millis(250 * u64::from(nth.min(64))),
            Self::Failed | Self::Unruled => doubled(5, 320),
            Self::Limited(wait) => doubled(60, 900).max(*wait),
            Self::TooMany => doubled(60, 900),
            Self::UsageCap => Duration::from_secs(3_600),
            Self::Planless(_) if by == Listening::Auto => PLANLESS,
            Self::Planless(_) | Self::Refused(_) => Duration::from_secs(900),
            Self::Nobody => LOOK,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_its_own_pause() {
        let secs = Duration::from_secs;
        for (ended, nth, by, wait) in [
            (Ended::Network, 1, Listening::Auto, Duration::from_millis(250)),
            (Ended::Network, 4, Listening::Auto, secs(1)),
            (Ended::Network, 900, Listening::Auto, secs(16)),
            (Ended::Operational, 1, Listening::Auto, Duration::from_millis(250)),
            (Ended::Failed, 1, Listening::Auto, secs(5)),
            (Ended::Failed, 3, Listening::Auto, secs(20)),
            (Ended::Failed, 99, Listening::Auto, secs(320)),
            (Ended::Limited(secs(700)), 1, Listening::Auto, secs(700)),
            (Ended::Limited(secs(7)), 2, Listening::Auto, secs(120)),
            (Ended::TooMany, 1, Listening::Auto, secs(60)),
            (Ended::UsageCap, 1, Listening::Auto, secs(3_600)),
            (Ended::Unruled, 1, Listening::Auto, secs(5)),
            (Ended::Planless("no".into()), 1, Listening::Auto, secs(86_400)),
            (Ended::Planless("no".into()), 1, Listening::Stream, secs(900)),
            (Ended::Refused("no".into()), 1, Listening::Auto, secs(900)),
            (Ended::Refused("no".into()), 1, Listening::Stream, secs(900)),
        ] {
            assert_eq!(ended.wait(nth, by), wait, "{ended:?} {nth}");
        }
    }
}
