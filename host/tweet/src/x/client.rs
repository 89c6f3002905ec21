//! One request to X, and what its end says: that nothing was done, or that nobody knows. There is no second attempt
//! here: whether a request may be repeated is not known at this place.

use std::{
    net::IpAddr,
    sync::{
        Once,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime},
};

use puppet_types::{AccountId, Timestamp, scrub};
use reqwest::{
    Method, StatusCode, Url,
    header::{AUTHORIZATION, HeaderMap},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    Member,
    identity::Identity,
    limits,
    problems::{self, Cap, Problem},
    windows::{self, Window, Windows},
    wire,
};
use crate::PublishError;

/// Bytes of an answer.
const MOST_BYTES: usize = 4 << 20;
/// Characters of what X says in an error.
const WORDS: usize = 300;
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// Why X cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XSetupError {
    /// Not an address.
    #[error("the address of X is no http or https address")]
    BadAddress,
    /// A token would be readable on its way.
    #[error("the address of X is plain http: a token is sent so to this machine only")]
    InClear,
    /// It has characters that no header may have.
    #[error("the token of @{0} cannot be sent: it holds a character that no header may hold")]
    BadToken(AccountId),
    /// The client cannot be built.
    #[error("no HTTP client: {0}")]
    Client(String),
}

/// Asks X.
pub(super) struct Client {
    base: Url,
    http: reqwest::Client,
    /// How far X's clock is ahead of this machine's, as its last answer said.
    ahead_ms: AtomicI64,
    /// What is left of its limits.
    windows: Windows,
    /// The day of the month on which the plan begins anew.
    renews_on: i8,
}

/// An answer, whole.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// Why there is none.
enum NoAnswer {
    /// Nothing left this machine.
    Unreached,
    /// It was sent, or may have been.
    Lost(&'static str),
    /// Its limit is used up: it was not sent.
    UsedUp(Duration),
}

impl Client {
    pub(super) fn new(endpoint: &str, timeout: Duration, renews_on: i8) -> Result<Self, XSetupError> {
        let base = Url::parse(endpoint).map_err(|_| XSetupError::BadAddress)?;
        let host = base.host_str().ok_or(XSetupError::BadAddress)?;
        match base.scheme() {
            "https" => {}
            "http" if is_this_machine(host) => {}
            "http" => return Err(XSetupError::InClear),
            _ => return Err(XSetupError::BadAddress),
        }
        static RING: Once = Once::new();
        // Whoever installed one before has the same right to it.
        RING.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let http = reqwest::Client::builder()
            .timeout(timeout)
            .connect_timeout(CONNECT.min(timeout))
            // A token must not follow a redirect to somebody else.
            .redirect(reqwest::redirect::Policy::none())
            // A post that is sent again may be posted again.
            .retry(reqwest::retry::never())
            .user_agent(concat!("puppet-engine/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| XSetupError::Client(error.without_url().to_string()))?;
        Ok(Self { base, http, ahead_ms: AtomicI64::default(), windows: Windows::default(), renews_on })
    }

    /// How far X's clock is ahead of this machine's, to the second; 0 before it has answered.
    pub(super) fn ahead_ms(&self) -> i64 {
        self.ahead_ms.load(Ordering::Relaxed)
    }

    /// What is left of its limits.
    pub(super) fn windows(&self) -> Vec<Window> {
        self.windows.all(self.now())
    }

    /// By the clock of X, as far as it is known.
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(Timestamp::from_system().as_millis().saturating_add(self.ahead_ms()))
    }

    /// Asks without changing anything: without an answer nothing is known, and nothing lost.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        member: &Member,
    ) -> Result<T, PublishError> {
        let who = &member.identity;
        let answer = match self.send(Method::GET, (path, query), None, member).await {
            Ok(answer) => answer,
            Err(NoAnswer::UsedUp(wait)) => return Err(rate_limited(wait)),
            Err(error) => return Err(PublishError::Unavailable(error.words().to_owned())),
        };
        if let Some(error) = answer.nothing_done(member, self.renews_on) {
            return Err(error);
        }
        if !answer.status.is_success() {
            return Err(PublishError::Unavailable(answer.failure(who)));
        }
        if let Some(words) = wire::missing(&answer.body) {
            return Err(PublishError::NotFound(clean(&words, who)));
        }
        let unread = |_| PublishError::Unavailable("the answer of X is not what it answers".to_owned());
        serde_json::from_slice(&answer.body).map_err(unread)
    }

    /// Asks for a change: unless it was not sent, or the answer says that it was refused, it may have been made.
    pub(super) async fn write<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
        member: &Member,
    ) -> Result<T, PublishError> {
        let who = &member.identity;
        let answer = match self.send(method, (path, &[]), body, member).await {
            Ok(answer) => answer,
            Err(NoAnswer::UsedUp(wait)) => return Err(rate_limited(wait)),
            Err(unreached @ NoAnswer::Unreached) => {
                return Err(PublishError::Unavailable(unreached.words().to_owned()));
            }
            Err(lost) => return Err(PublishError::InDoubt(lost.words().to_owned())),
        };
        if let Some(error) = answer.nothing_done(member, self.renews_on) {
            return Err(error);
        }
        if !answer.status.is_success() {
            return Err(PublishError::InDoubt(answer.failure(who)));
        }
        if let Some(words) = wire::missing(&answer.body) {
            return Err(PublishError::NotFound(clean(&words, who)));
        }
        let unread = |_| PublishError::InDoubt("the answer of X is not what it answers".to_owned());
        serde_json::from_slice(&answer.body).map_err(unread)
    }

    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    async fn send(
        &self,
        method: Method,
        (path, query): (&[&str], &[(&str, &str)]),
        body: Option<&Value>,
        member: &Member,
    ) -> Result<Answer, NoAnswer> {
        let limited = windows::request(&method, path);
        if let Some(wait) = self.windows.exhausted(&member.account, &limited, self.now()) {
            return Err(NoAnswer::UsedUp(windows::apart(&member.account, wait)));
        }
        let url = self.url(path, query);
        let authorization = member.identity.header().ok_or(NoAnswer::Unreached)?;
        let mut request = self.http.request(method, url).header(AUTHORIZATION, authorization);
        if let Some(body) = body {
            request = request.json(body);
        }
        let mut response = request.send().await.map_err(|error| NoAnswer::of(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        if let Some(ahead) = limits::ahead_ms(&headers, SystemTime::now()) {
            self.ahead_ms.store(ahead, Ordering::Relaxed);
        }
        self.windows.note(&member.account, &limited, &headers);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| NoAnswer::of(&error))? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(NoAnswer::Lost("the answer of X is too long"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body })
    }
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    address.map_or(host == "localhost", |address| address.is_loopback())
}

impl NoAnswer {
    fn of(error: &reqwest::Error) -> Self {
        match error {
            _ if error.is_connect() || error.is_builder() => Self::Unreached,
            _ if error.is_timeout() => Self::Lost("X did not answer in time"),
            _ => Self::Lost("the connection to X broke off"),
        }
    }

    fn words(&self) -> &'static str {
        match self {
            Self::Unreached => "X cannot be reached",
            Self::Lost(words) => words,
            Self::UsedUp(_) => "the limit of X is used up",
        }
    }
}

impl Answer {
    /// The error of an answer that says that nothing was done.
    fn nothing_done(&self, member: &Member, renews_on: i8) -> Option<PublishError> {
        let (status, who) = (self.status, &member.identity);
        if status.is_success() {
            return None;
        }
        let told = limits::told(&self.headers, SystemTime::now());
        match problems::of(status.as_u16(), &self.body) {
            Problem::UsageCap(cap) => {
                let wait = match cap {
                    Cap::Daily => told.unwrap_or_else(|| limits::until_day(SystemTime::now())),
                    Cap::Monthly => limits::until_month(SystemTime::now(), renews_on),
                    Cap::Unknown => told.unwrap_or(limits::UNPAID),
                };
                let wait = windows::apart(&member.account, wait);
                return Some(PublishError::UsageCap { words: self.said(who), retry_after_ms: millis(wait) });
            }
            Problem::Suspended => return Some(PublishError::Suspended(self.said(who))),
            // Words about a token may hold a part of it.
            Problem::Unauthorized if status == StatusCode::UNAUTHORIZED => {
                return Some(PublishError::Unauthorized("X does not accept the token".to_owned()));
            }
            Problem::Unauthorized => {
                let said = self.said(who);
                return Some(PublishError::Unauthorized(format!("X does not take what the app signs with: {said}")));
            }
            Problem::NotAllowed => return Some(PublishError::NotAllowed(self.said(who))),
            Problem::Duplicate => {
                let said = self.said(who);
                let words = format!("X takes it for a duplicate of what this account has posted: {said}");
                return Some(PublishError::Duplicate(words));
            }
            Problem::Other => {}
        }
        Some(match status {
            StatusCode::TOO_MANY_REQUESTS => {
                rate_limited(windows::apart(&member.account, told.unwrap_or(limits::UNTOLD)))
            }
            // It may have been at work when it gave up.
            StatusCode::REQUEST_TIMEOUT => return None,
            StatusCode::NOT_FOUND => PublishError::NotFound(self.said(who)),
            _ if status.is_redirection() => PublishError::Unavailable(format!("status {status}: this is not X")),
            _ if status.is_client_error() => {
                PublishError::Refused(format!("status {}: {}", status.as_u16(), self.said(who)))
            }
            _ => return None,
        })
    }

    fn failure(&self, who: &Identity) -> String {
        format!("X failed with status {}: {}", self.status.as_u16(), self.said(who))
    }

    fn said(&self, who: &Identity) -> String {
        clean(&wire::words(&self.body).unwrap_or_else(|| "without a word".to_owned()), who)
    }
}

fn rate_limited(wait: Duration) -> PublishError {
    PublishError::RateLimited { retry_after_ms: millis(wait) }
}

fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}

/// What X says, without secrets, on one line of bounded length.
fn clean(words: &str, who: &Identity) -> String {
    let words: String = scrub::text(words).split_whitespace().collect::<Vec<_>>().join(" ");
    who.masked(words).chars().take(WORDS).collect()
}
