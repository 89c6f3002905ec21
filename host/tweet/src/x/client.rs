//! One request to X, and what its end says (`answer`): that nothing was done, or that nobody knows. There is no second
//! attempt here, since whether a request may be repeated is not known at this place; but for one that X has refused for its
//! signature (401: nothing was done), where it would be signed otherwise now.

use std::{
    net::IpAddr,
    sync::{
        Arc, Once,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime},
};

use puppet_types::{AccountId, Secret, Timestamp};
use reqwest::{
    Method, StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    XSettings,
    answer::{Answer, NoAnswer, clean, rate_limited},
    auth::{Identity, SignInFault},
    bill::{self, Bill},
    limits,
    windows::{self, Window, Windows},
    wire::{self, Data, User},
};
use crate::{PublishError, plan::Priced};

/// Bytes of an answer.
const MOST_BYTES: usize = 4 << 20;
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long the head of an answer that does not end may take.
const HEAD: Duration = Duration::from_secs(30);
/// It does not end by itself.
const FOREVER: Duration = Duration::from_secs(u32::MAX as u64);

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
    #[error("what @{0} signs with cannot be sent: it is empty, or holds a character that no header may hold")]
    BadToken(AccountId),
    /// The same of an app's.
    #[error("the bearer token of the app `{0}` cannot be sent: it holds a character that no header may hold")]
    BadBearer(String),
    /// The client cannot be built.
    #[error("no HTTP client: {0}")]
    Client(String),
}

/// Asks X.
#[derive(Clone)]
pub(super) struct Client {
    base: Url,
    http: reqwest::Client,
    /// How far X's clock is ahead of this machine's, as its last answer said.
    ahead_ms: Arc<AtomicI64>,
    /// What is left of its limits.
    windows: Arc<Windows>,
    /// What all of it costs.
    bill: Arc<Bill>,
    /// The day of the month on which the plan begins anew.
    renews_on: i8,
}

/// Why an answer that does not end did not begin.
pub(super) enum Unopened {
    /// Nobody answered.
    Unreached,
    /// There is another one already.
    TooMany,
    /// What X says.
    Answer(PublishError),
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
        let builder = reqwest::Client::builder();
        // What is sent in clear to this machine is for nobody between.
        let builder = if base.scheme() == "http" { builder.no_proxy() } else { builder };
        let http = builder
            .timeout(timeout)
            .connect_timeout(CONNECT.min(timeout))
            // A token must not follow a redirect to somebody else.
            .redirect(reqwest::redirect::Policy::none())
            // A post that is sent again may be posted again.
            .retry(reqwest::retry::never())
            .user_agent(concat!("puppet-engine/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| XSetupError::Client(error.without_url().to_string()))?;
        Ok(Self {
            base,
            http,
            ahead_ms: Arc::default(),
            windows: Arc::default(),
            bill: Arc::default(),
            renews_on: XSettings::RENEWS_ON,
        })
    }

    /// The same for a plan that begins anew on that day of the month.
    pub(super) fn of_plan(self, renews_on: i8) -> Self {
        Self { renews_on, ..self }
    }

    /// The same that counts on this bill.
    pub(super) fn with_bill(self, bill: Bill) -> Self {
        Self { bill: Arc::new(bill), ..self }
    }

    /// What all of it costs.
    pub(super) fn bill(&self) -> &Bill {
        &self.bill
    }

    /// The day of the month on which the plan begins anew.
    pub(super) fn renews_on(&self) -> i8 {
        self.renews_on
    }

    /// Counts a post that came by a stream.
    pub(super) fn streamed(&self, who: &Identity) {
        self.bill.add(who.name(), Priced::PostRead, 1, self.now());
    }

    /// Whether this is X itself, and nothing that stands for it.
    pub(super) fn is_x(&self) -> bool {
        Url::parse(XSettings::ENDPOINT).is_ok_and(|x| x.host_str() == self.base.host_str())
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
    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_millis(Timestamp::from_system().as_millis().saturating_add(self.ahead_ms()))
    }

    /// Asks without changing anything, for things that are priced so: without an answer nothing is known, and nothing lost.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        who: &Identity,
        what: Option<Priced>,
    ) -> Result<T, PublishError> {
        self.read_paced(path, query, who, what).await.map(|(read, _)| read)
    }

    /// The same, with how long to wait between two such requests so that what is left of the limits lasts.
    pub(super) async fn read_paced<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        who: &Identity,
        what: Option<Priced>,
    ) -> Result<(T, Option<Duration>), PublishError> {
        let answer = self.send(Method::GET, (path, query), None, who, what).await;
        let answer = answer.map_err(|error| error.of_read(who.name()))?;
        if let Some(error) = answer.nothing_done(who, self.renews_on) {
            return Err(error);
        }
        if !answer.status.is_success() {
            return Err(PublishError::Unavailable(answer.failure(who)));
        }
        if let Some(words) = wire::missing(&answer.body) {
            return Err(PublishError::NotFound(clean(&words, who)));
        }
        let unread = |_| PublishError::Unavailable("the answer of X is not what it answers".to_owned());
        let read = serde_json::from_slice(&answer.body).map_err(unread)?;
        Ok((read, limits::pace(&answer.headers, SystemTime::now())))
    }

    /// Asks for a change: unless it was not sent, or the answer says that it was refused, it may have been made.
    pub(super) async fn write<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
        who: &Identity,
    ) -> Result<T, PublishError> {
        let answer = self.changed(method, path, body, who).await?;
        let unread = |_| PublishError::InDoubt("the answer of X is not what it answers".to_owned());
        serde_json::from_slice(&answer.body).map_err(unread)
    }

    /// The same of what X answers with nothing but a status.
    pub(super) async fn tell(&self, path: &[&str], body: &Value, who: &Identity) -> Result<(), PublishError> {
        self.changed(Method::POST, path, Some(body), who).await.map(drop)
    }

    async fn changed(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
        who: &Identity,
    ) -> Result<Answer, PublishError> {
        let what = bill::of_write(&method, path, body);
        let answer = match self.send(method, (path, &[]), body, who, what).await {
            Ok(answer) => answer,
            Err(NoAnswer::Fault(fault)) => return Err(fault.of(who.name())),
            Err(NoAnswer::UsedUp(wait)) => return Err(rate_limited(wait)),
            Err(NoAnswer::Lost(words)) => return Err(PublishError::InDoubt(words.to_owned())),
        };
        if let Some(error) = answer.nothing_done(who, self.renews_on) {
            return Err(error);
        }
        if !answer.status.is_success() {
            return Err(PublishError::InDoubt(answer.failure(who)));
        }
        match wire::missing(&answer.body) {
            Some(words) => Err(PublishError::NotFound(clean(&words, who))),
            None => Ok(answer),
        }
    }

    /// Whose signature it is, by X's own word; what is wrong with it, where X does not know.
    pub(super) async fn me(&self, who: &Identity) -> Result<User, SignInFault> {
        let unavailable = |words: String| SignInFault::Answer(PublishError::Unavailable(words));
        let answer = match self.send(Method::GET, (&["2", "users", "me"], &[]), None, who, Some(Priced::UserRead)).await
        {
            Ok(answer) => answer,
            Err(NoAnswer::Fault(fault)) => return Err(fault),
            Err(NoAnswer::UsedUp(wait)) => return Err(SignInFault::Answer(rate_limited(wait))),
            Err(NoAnswer::Lost(words)) => return Err(unavailable(words.to_owned())),
        };
        let status = answer.status.as_u16();
        match status {
            200..=299 => {
                let not_x = |_| SignInFault::NotX("it answers `users/me` with no account".to_owned());
                Ok(serde_json::from_slice::<Data<User>>(&answer.body).map_err(not_x)?.data)
            }
            300..=399 | 404 | 405 => Err(SignInFault::NotX(format!("status {status} where X has `users/me`"))),
            401 => Err(answer.unauthorized(who)),
            403 => Err(answer.forbidden(who)),
            _ => Err(match answer.nothing_done(who, self.renews_on) {
                Some(error) => SignInFault::Answer(error),
                None => unavailable(answer.failure(who)),
            }),
        }
    }

    /// A form for X's token endpoint, with a name and a password where it has one.
    pub(super) async fn form(
        &self,
        path: &[&str],
        form: &[(&str, &str)],
        password: Option<(&str, &Secret)>,
    ) -> Result<Answer, NoAnswer> {
        let url = self.url(path, form);
        let body = url.query().unwrap_or_default().to_owned();
        let request = self.http.post(self.url(path, &[])).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = match password {
            Some((name, password)) => request.basic_auth(name, Some(password.expose())),
            None => request,
        };
        self.answer(request.body(body)).await
    }

    pub(super) fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// The place where every request is counted, but for the opening of a stream.
    async fn send(
        &self,
        method: Method,
        asked: (&[&str], &[(&str, &str)]),
        body: Option<&Value>,
        who: &Identity,
        what: Option<Priced>,
    ) -> Result<Answer, NoAnswer> {
        let answer = self.send_signed(method, asked, body, who).await;
        self.bill.note(who.name(), what, &answer, self.now());
        answer
    }

    async fn send_signed(
        &self,
        method: Method,
        (path, query): (&[&str], &[(&str, &str)]),
        body: Option<&Value>,
        who: &Identity,
    ) -> Result<Answer, NoAnswer> {
        let limited = windows::request(&method, path);
        if let Some(wait) = self.windows.exhausted(who.name(), &limited, self.now()) {
            return Err(NoAnswer::UsedUp(windows::apart(who.name(), wait)));
        }
        let url = self.url(path, query);
        let mut is_second = false;
        loop {
            let signed = who.sign(self, &method, &url).await.map_err(NoAnswer::Fault)?;
            let request = self.http.request(method.clone(), url.clone()).header(AUTHORIZATION, signed.header.clone());
            let answer = self.answer(body.into_iter().fold(request, reqwest::RequestBuilder::json)).await?;
            self.windows.note(who.name(), &limited, &answer.headers, self.now());
            if answer.status != StatusCode::UNAUTHORIZED
                || is_second
                || !who.would_sign_anew(self, &signed).await.map_err(NoAnswer::Fault)?
            {
                return Ok(answer);
            }
            is_second = true;
        }
    }

    /// Opens an answer that does not end. Without its head in time there is none.
    pub(super) async fn open(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        who: &Identity,
    ) -> Result<reqwest::Response, Unopened> {
        let limited = windows::request(&Method::GET, path);
        if let Some(wait) = self.windows.exhausted(who.name(), &limited, self.now()) {
            return Err(Unopened::Answer(rate_limited(windows::apart(who.name(), wait))));
        }
        let url = self.url(path, query);
        let signed = who.sign(self, &Method::GET, &url).await;
        let signed = signed.map_err(|fault| Unopened::Answer(fault.of(who.name())))?;
        let request = self.http.get(url).header(AUTHORIZATION, signed.header).timeout(FOREVER);
        let Ok(Ok(response)) = tokio::time::timeout(HEAD, request.send()).await else {
            return Err(Unopened::Unreached);
        };
        self.windows.note(who.name(), &limited, response.headers(), self.now());
        if response.status().is_success() {
            return Ok(response);
        }
        let answer = tokio::time::timeout(HEAD, Self::whole(response, &self.ahead_ms)).await;
        let Ok(Ok(answer)) = answer else { return Err(Unopened::Unreached) };
        Err(match wire::problem(&answer.body).as_deref() {
            Some("streaming-connection") if answer.status == StatusCode::TOO_MANY_REQUESTS => Unopened::TooMany,
            _ => Unopened::Answer(
                answer
                    .nothing_done(who, self.renews_on)
                    .unwrap_or_else(|| PublishError::Unavailable(answer.failure(who))),
            ),
        })
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Answer, NoAnswer> {
        let response = request.send().await.map_err(|error| NoAnswer::of(&error))?;
        Self::whole(response, &self.ahead_ms).await
    }

    async fn whole(mut response: reqwest::Response, ahead_ms: &AtomicI64) -> Result<Answer, NoAnswer> {
        let (status, headers) = (response.status(), response.headers().clone());
        if let Some(ahead) = limits::ahead_ms(&headers, SystemTime::now()) {
            ahead_ms.store(ahead, Ordering::Relaxed);
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
