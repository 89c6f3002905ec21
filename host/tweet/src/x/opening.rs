//! Why a stream is not opened, or ends, as X says it.

use reqwest::StatusCode;
use serde_json::Value;

use super::{answer::Answer, auth::Identity};
use crate::PublishError;

/// Why an answer that does not end did not begin.
#[derive(Debug)]
pub(super) enum Unopened {
    /// Nobody answered.
    Unreached,
    /// Something is wrong with the connection.
    Connection(Issue),
    /// The plan has no streams, or the app is in no project: X says the same of both. In its words.
    Planless(String),
    /// What else X says.
    Answer(PublishError),
}

/// What X says is wrong with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Issue {
    /// There is another one already.
    TooMany,
    /// There are no rules, or none that X can use.
    Rules,
    /// It is not ready as yet.
    NotReady,
}

impl From<PublishError> for Unopened {
    fn from(error: PublishError) -> Self {
        Self::Answer(error)
    }
}

impl Issue {
    /// None of what is not about a connection.
    pub(super) fn of(problem: &Value) -> Option<Self> {
        let kind = problem["type"].as_str()?.rsplit('/').next()?;
        (kind == "streaming-connection").then(|| match problem["connection_issue"].as_str() {
            Some("RuleConfigurationIssue" | "RulesInvalidIssue") => Self::Rules,
            Some("ProvisioningSubscription") => Self::NotReady,
            _ => Self::TooMany,
        })
    }
}

impl Unopened {
    /// Of an answer that is a refusal.
    pub(super) fn of(answer: &Answer, who: &Identity, renews_on: i8) -> Self {
        if answer.status == StatusCode::CONFLICT {
            return Self::Connection(Issue::Rules);
        }
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if let Some(issue) = Issue::of(&body).filter(|_| answer.status.is_client_error()) {
            return Self::Connection(issue);
        }
        if answer.is_planless() {
            return Self::Planless(answer.said(who));
        }
        let error = answer.nothing_done(who, renews_on);
        Self::Answer(error.unwrap_or_else(|| PublishError::Unavailable(answer.failure(who))))
    }
}
