//! What an answer of X says, or that there is none: that nothing was done and why, or that nobody knows. By the status and by
//! what stands in the body; its words are told without secrets and within bounds.

use std::time::{Duration, SystemTime};

use puppet_reach::NoConnection;
use puppet_types::scrub;
use reqwest::{StatusCode, Url, header::HeaderMap};
use serde_json::Value;

use super::{
    auth::{Identity, SignInFault},
    bill::Capped,
    limits,
    problems::{self, Cap, Problem},
    windows, wire,
};
use crate::PublishError;

/// Characters of what X says in an error.
const WORDS: usize = 300;
/// Clocks further apart than this are why X refuses a signature: it takes five minutes for too much.
const CLOCKS_APART_S: i64 = 240;

/// An answer, whole.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// Why there is none.
pub(super) enum NoAnswer {
    /// Nothing left this machine, or nothing of it can have been done.
    Fault(SignInFault),
    /// It was sent, or may have been.
    Lost(&'static str),
    /// Its limit is used up: it was not sent.
    UsedUp(Duration),
    /// A cap of the operator's has no room for it: it was not sent.
    Capped(Capped),
}

impl NoAnswer {
    pub(super) fn of(error: &reqwest::Error, at: &Url) -> Self {
        match NoConnection::of(error) {
            _ if error.is_builder() => Self::Fault(SignInFault::Unfit),
            Some(why) => Self::Fault(SignInFault::Unreached { at: puppet_reach::shown(at), why }),
            None => Self::lost(error),
        }
    }

    /// There was a connection.
    pub(super) fn lost(error: &reqwest::Error) -> Self {
        Self::Lost(if error.is_timeout() { "X did not answer in time" } else { "the connection to X broke off" })
    }

    /// Of a question: nothing is lost with it.
    pub(super) fn of_question(self, name: &str) -> SignInFault {
        SignInFault::Answer(match self {
            Self::Fault(fault) => return fault,
            Self::Lost(words) => PublishError::Unavailable(words.to_owned()),
            Self::UsedUp(wait) => rate_limited(wait),
            Self::Capped(full) => capped(&full, name),
        })
    }

    /// The same as what a read ends with.
    pub(super) fn of_read(self, name: &str) -> PublishError {
        self.of_question(name).of(name)
    }
}

impl Answer {
    /// The error of an answer that says that nothing was done.
    pub(super) fn nothing_done(&self, who: &Identity, renews_on: i8) -> Option<PublishError> {
        let status = self.status;
        if status.is_success() {
            return None;
        }
        match problems::of(status.as_u16(), &self.body) {
            Problem::UsageCap(cap) => {
                let (now, told) = (SystemTime::now(), || limits::told(&self.headers, SystemTime::now()));
                let wait = match cap {
                    Cap::Daily => told().unwrap_or_else(|| limits::until_day(now)),
                    Cap::Monthly => limits::until_month(now, renews_on),
                    Cap::Unknown => told().unwrap_or(limits::UNPAID),
                };
                let retry_after_ms = millis(windows::apart(who.name(), wait));
                return Some(PublishError::UsageCap { words: self.said(who), retry_after_ms });
            }
            Problem::Suspended => return Some(PublishError::Suspended(self.said(who))),
            Problem::NotEnrolled => return Some(self.not_taken(who)),
            Problem::Unauthorized if status != StatusCode::UNAUTHORIZED => return Some(self.not_taken(who)),
            Problem::NotAllowed => return Some(PublishError::NotAllowed(self.said(who))),
            Problem::Duplicate => {
                let said = self.said(who);
                let words = format!("X takes it for a duplicate of what this account has posted: {said}");
                return Some(PublishError::Duplicate(words));
            }
            Problem::Unauthorized | Problem::Other => {}
        }
        Some(match status {
            StatusCode::TOO_MANY_REQUESTS => self.rate_limited(who.name()),
            // It may have been at work when it gave up.
            StatusCode::REQUEST_TIMEOUT => return None,
            StatusCode::UNAUTHORIZED => self.unauthorized(who).of(who.name()),
            StatusCode::NOT_FOUND => PublishError::NotFound(self.said(who)),
            _ if status.is_redirection() => PublishError::Unavailable(format!("status {status}: this is not X")),
            _ if status.is_client_error() => {
                PublishError::Refused(format!("status {}: {}", status.as_u16(), self.said(who)))
            }
            _ => return None,
        })
    }

    pub(super) fn rate_limited(&self, name: &str) -> PublishError {
        let wait = limits::told(&self.headers, SystemTime::now()).unwrap_or(limits::UNTOLD);
        rate_limited(windows::apart(name, wait))
    }

    /// The word that OAuth 2 has for what went wrong; nothing else can stand there.
    pub(super) fn oauth2_error(&self) -> Option<String> {
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        let error = body["error"].as_str()?;
        let is_word = error.len() <= 40 && error.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        is_word.then(|| error.to_owned())
    }

    /// Why X does not accept the signature. By its numbers: its words about a token may hold a part of it.
    pub(super) fn unauthorized(&self, who: &Identity) -> SignInFault {
        let ahead_s = limits::ahead_ms(&self.headers, SystemTime::now()).map(|ahead| ahead / 1_000);
        match wire::code(&self.body) {
            Some(135) => SignInFault::ClockSkew(ahead_s),
            Some(416) => SignInFault::AppSuspended("invalid or suspended application".to_owned()),
            _ if who.is_renewed() => SignInFault::PairRefused,
            Some(89) if who.is_oauth1() => SignInFault::Revoked,
            _ if who.is_oauth1() && ahead_s.is_some_and(|ahead| ahead.abs() >= CLOCKS_APART_S) => {
                SignInFault::ClockSkew(ahead_s)
            }
            _ if who.is_oauth1() => SignInFault::WrongKeys,
            _ => SignInFault::WrongToken,
        }
    }

    fn not_taken(&self, who: &Identity) -> PublishError {
        PublishError::Unauthorized(format!("X does not take what the app signs with: {}", self.said(who)))
    }

    /// What is wrong with somebody who asks what everybody may ask, by the same refusals as everywhere.
    pub(super) fn fault(&self, who: &Identity, renews_on: i8) -> SignInFault {
        let said = || self.said(who);
        match problems::of(self.status.as_u16(), &self.body) {
            Problem::Suspended => SignInFault::Suspended(said()),
            Problem::NotEnrolled => SignInFault::AppSuspended(said()),
            Problem::NotAllowed => SignInFault::PlanLacks(said()),
            _ if self.status == StatusCode::UNAUTHORIZED => self.unauthorized(who),
            Problem::Unauthorized if wire::code(&self.body) == Some(416) => SignInFault::AppSuspended(said()),
            Problem::Unauthorized | Problem::Duplicate | Problem::Other if self.status == StatusCode::FORBIDDEN => {
                SignInFault::NotAllowed(said())
            }
            problem => match self.nothing_done(who, renews_on) {
                Some(error) if problem == Problem::UsageCap(Cap::Unknown) => SignInFault::Unpaid(error),
                Some(error) => SignInFault::Answer(error),
                None => SignInFault::Answer(PublishError::Unavailable(self.failure(who))),
            },
        }
    }

    pub(super) fn failure(&self, who: &Identity) -> String {
        format!("X failed with status {}: {}", self.status.as_u16(), self.said(who))
    }

    /// Whether it says that the plan has no such request, or that the app is in no project.
    pub(super) fn is_planless(&self) -> bool {
        matches!(problems::of(self.status.as_u16(), &self.body), Problem::NotAllowed | Problem::NotEnrolled)
    }

    pub(super) fn said(&self, who: &Identity) -> String {
        clean(&wire::words(&self.body).unwrap_or_else(|| "without a word".to_owned()), who)
    }
}

pub(super) fn rate_limited(wait: Duration) -> PublishError {
    PublishError::RateLimited { retry_after_ms: millis(wait) }
}

/// What ends where a cap of the operator's has no room for it.
pub(super) fn capped(full: &Capped, name: &str) -> PublishError {
    let retry_after_ms = millis(windows::apart(name, full.wait));
    PublishError::Capped { words: full.to_string(), retry_after_ms }
}

fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}

/// What X says, without secrets, on one line of bounded length.
pub(super) fn clean(words: &str, who: &Identity) -> String {
    let words: String = scrub::text(words).split_whitespace().collect::<Vec<_>>().join(" ");
    who.masked(words).chars().take(WORDS).collect()
}
