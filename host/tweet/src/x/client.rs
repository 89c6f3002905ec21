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

use puppet_types::{AccountId, scrub};
use reqwest::{
    Method, StatusCode, Url,
    header::{AUTHORIZATION, HeaderMap},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{identity::Identity, limits, wire};
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
}

impl Client {
    pub(super) fn new(endpoint: &str, timeout: Duration) -> Result<Self, XSetupError> {
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
        Ok(Self { base, http, ahead_ms: AtomicI64::default() })
    }

    /// How far X's clock is ahead of this machine's, to the second; 0 before it has answered.
    pub(super) fn ahead_ms(&self) -> i64 {
        self.ahead_ms.load(Ordering::Relaxed)
    }

    /// Asks without changing anything: without an answer nothing is known, and nothing lost.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        who: &Identity,
    ) -> Result<T, PublishError> {
        let answer = self.send(Method::GET, self.url(path, query), None, who).await;
        let answer = answer.map_err(|error| PublishError::Unavailable(error.words().to_owned()))?;
        if let Some(error) = answer.nothing_done(who) {
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
        who: &Identity,
    ) -> Result<T, PublishError> {
        let answer = match self.send(method, self.url(path, &[]), body, who).await {
            Ok(answer) => answer,
            Err(unreached @ NoAnswer::Unreached) => {
                return Err(PublishError::Unavailable(unreached.words().to_owned()));
            }
            Err(lost) => return Err(PublishError::InDoubt(lost.words().to_owned())),
        };
        if let Some(error) = answer.nothing_done(who) {
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

    async fn send(&self, method: Method, url: Url, body: Option<&Value>, who: &Identity) -> Result<Answer, NoAnswer> {
        let authorization = who.header().ok_or(NoAnswer::Unreached)?;
        let mut request = self.http.request(method, url).header(AUTHORIZATION, authorization);
        if let Some(body) = body {
            request = request.json(body);
        }
        let mut response = request.send().await.map_err(|error| NoAnswer::of(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        if let Some(ahead) = limits::ahead_ms(&headers, SystemTime::now()) {
            self.ahead_ms.store(ahead, Ordering::Relaxed);
        }
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
        }
    }
}

impl Answer {
    /// The error of an answer that says that nothing was done.
    fn nothing_done(&self, who: &Identity) -> Option<PublishError> {
        let status = self.status;
        Some(match status {
            StatusCode::TOO_MANY_REQUESTS => {
                let wait = limits::wait(&self.headers, SystemTime::now());
                PublishError::RateLimited { retry_after_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX) }
            }
            // It may have been at work when it gave up.
            StatusCode::REQUEST_TIMEOUT => return None,
            // Words about a token may hold a part of it.
            StatusCode::UNAUTHORIZED => PublishError::Refused("X does not accept the token".to_owned()),
            StatusCode::NOT_FOUND => PublishError::NotFound(self.said(who)),
            _ if status.is_redirection() => PublishError::Unavailable(format!("status {status}: this is not X")),
            _ if status == StatusCode::FORBIDDEN && wire::is_duplicate(&self.body) => {
                let said = self.said(who);
                PublishError::Duplicate(format!("X takes it for a duplicate of what this account has posted: {said}"))
            }
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

/// What X says, without secrets, on one line of bounded length.
fn clean(words: &str, who: &Identity) -> String {
    let words: String = scrub::text(words).split_whitespace().collect::<Vec<_>>().join(" ");
    who.masked(words).chars().take(WORDS).collect()
}
