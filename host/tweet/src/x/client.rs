//! One request to X, and what its end says (`answer`): that nothing was done, or that nobody knows. There is no second
//! attempt here, since whether a request may be repeated is not known at this place; but for one that X has refused for its
//! signature (401: nothing was done), where it would be signed otherwise now.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime},
};

use puppet_reach::is_this_machine;
use puppet_types::{AccountId, Secret, Timestamp};
use reqwest::{
    Method, StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{
    XSettings,
    answer::{Answer, NoAnswer, capped, clean, rate_limited},
    auth::{Identity, SignInFault},
    bill::Bill,
    charge, limits, mentions,
    opening::Unopened,
    windows::{self, Window, Windows},
    wire::{self, Data, User},
};
use crate::{
    PublishError,
    caps::CapLine,
    plan::{Priced, Prices},
};

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

/// So far X's clock is believed where days and months are counted, in milliseconds.
const MOST_AHEAD_MS: i64 = 300_000;

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
}

impl Client {
    pub(super) fn new(endpoint: &str, timeout: Duration) -> Result<Self, XSetupError> {
        let base = Url::parse(endpoint).map_err(|_| XSetupError::BadAddress)?;
        match base.scheme() {
            _ if base.host_str().is_none() => return Err(XSetupError::BadAddress),
            "https" => {}
            "http" if is_this_machine(&base) => {}
            "http" => return Err(XSetupError::InClear),
            _ => return Err(XSetupError::BadAddress),
        }
        let http = puppet_reach::client(&base)
            .timeout(timeout)
            .connect_timeout(CONNECT.min(timeout))
            // A post that is sent again may be posted again.
            .retry(reqwest::retry::never())
            .build()
            .map_err(|error| XSetupError::Client(error.without_url().to_string()))?;
        Ok(Self { base, http, ahead_ms: Arc::default(), windows: Arc::default(), bill: Arc::default() })
    }

    /// The same for a plan that begins anew on that day of the month.
    pub(super) fn of_plan(self, renews_on: i8) -> Self {
        self.with_bill(Bill::new(Prices::default(), Vec::new(), renews_on))
    }

    /// The same that counts on this bill.
    pub(super) fn with_bill(self, bill: Bill) -> Self {
        Self { bill: Arc::new(bill), ..self }
    }

    /// What all of it costs.
    pub(super) fn bill(&self) -> &Bill {
        &self.bill
    }

    /// Counts a post that came by a stream.
    pub(super) fn streamed(&self, who: &Identity) {
        self.bill.add(who.name(), Priced::PostRead, 1, self.billing());
    }

    /// Whether the caps leave room for one of these. `reserved`: beside all that is under way, whatever it comes to.
    ///
    /// # Errors
    /// What a request would end with that is not let through.
    pub(super) fn room(&self, what: Priced, reserved: bool, who: &Identity) -> Result<(), PublishError> {
        self.bill.room(what, reserved, self.billing()).map_err(|full| capped(&full, who.name()))
    }

    /// Refuses what one of the caps is below: it would wait for ever.
    ///
    /// # Errors
    /// `NotAllowed`, with the cap by name, and what one comes to.
    pub(super) fn can_ever(&self, what: Priced) -> Result<(), PublishError> {
        let Some((one, CapLine { cap, limit, .. })) = self.bill.never(what, self.billing()) else { return Ok(()) };
        let (name, unit, thing) = (cap.name(), cap.unit(), what.name());
        let words = format!(
            "[tweet.x.plan] {name} is {limit} {unit}, and one {thing} is {one}: it never fits. Raise the cap in puppet.toml"
        );
        Err(PublishError::NotAllowed(words))
    }

    /// Whether this is X itself, and nothing that stands for it.
    pub(super) fn is_x(&self) -> bool {
        Url::parse(XSettings::ENDPOINT).is_ok_and(|x| x.host_str() == self.base.host_str())
    }

    /// What answers there is something else.
    pub(super) fn not_x(&self, what: impl Into<String>) -> SignInFault {
        SignInFault::NotX { at: puppet_reach::shown(&self.base), what: what.into() }
    }

    /// How far X's clock is ahead of this machine's, to the second; 0 before it has answered.
    pub(super) fn ahead_ms(&self) -> i64 {
        self.ahead_ms.load(Ordering::Relaxed)
    }

    /// From now on accounts share the limits of their apps, as people call both.
    pub(super) fn share_windows(&self, apps: BTreeMap<String, String>) {
        self.windows.share(apps);
    }

    /// What is left of its limits.
    pub(super) fn windows(&self) -> Vec<Window> {
        self.windows.all(self.now())
    }

    /// By the clock of X, as far as it is known.
    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_millis(Timestamp::from_system().as_millis().saturating_add(self.ahead_ms()))
    }

    /// The same as what is counted goes by it: whatever an answer says of the time, no day and no month begins much before
    /// this machine's does.
    pub(super) fn billing(&self) -> Timestamp {
        let ahead = self.ahead_ms().clamp(-MOST_AHEAD_MS, MOST_AHEAD_MS);
        Timestamp::from_millis(Timestamp::from_system().as_millis().saturating_add(ahead))
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

    /// The same of what only an app has that streams.
    pub(super) async fn read_of_stream<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        who: &Identity,
    ) -> Result<T, Unopened> {
        let answer = self.send(Method::GET, (path, query), None, who, None).await;
        let answer = answer.map_err(|error| error.of_read(who.name()))?;
        if !answer.status.is_success() {
            return Err(Unopened::of(&answer, who, self.bill.renews_on()));
        }
        let unread = |_| PublishError::Unavailable("the answer of X is not what it answers".to_owned());
        Ok(serde_json::from_slice(&answer.body).map_err(unread)?)
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
        if let Some(error) = answer.nothing_done(who, self.bill.renews_on()) {
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
        self.changed(method, path, body, (who, None)).await.and_then(|answer| made(&answer))
    }

    /// Makes a post, which is priced so.
    pub(super) async fn create<T: DeserializeOwned>(
        &self,
        body: &Value,
        who: &Identity,
        what: Priced,
    ) -> Result<T, PublishError> {
        let path = ["2", "tweets"];
        self.changed(Method::POST, &path, Some(body), (who, Some(what))).await.and_then(|answer| made(&answer))
    }

    /// The same of what X answers with nothing but a status.
    pub(super) async fn tell(&self, path: &[&str], body: &Value, who: &Identity) -> Result<(), PublishError> {
        self.changed(Method::POST, path, Some(body), (who, None)).await.map(drop)
    }

    async fn changed(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
        (who, what): (&Identity, Option<Priced>),
    ) -> Result<Answer, PublishError> {
        let answer = match self.send(method, (path, &[]), body, who, what).await {
            Ok(answer) => answer,
            Err(NoAnswer::Fault(fault)) => return Err(fault.of(who.name())),
            Err(NoAnswer::UsedUp(wait)) => return Err(rate_limited(wait)),
            Err(NoAnswer::Capped(full)) => return Err(capped(&full, who.name())),
            Err(NoAnswer::Lost(words)) => return Err(PublishError::InDoubt(words.to_owned())),
        };
        if let Some(error) = answer.nothing_done(who, self.bill.renews_on()) {
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
        let answer = self.asked(&charge::ME, who, Some(Priced::UserRead)).await?;
        if !answer.status.is_success() {
            return Err(answer.fault(who, self.bill.renews_on()));
        }
        let not_x = |_| self.not_x("it answers `users/me` with no account");
        Ok(serde_json::from_slice::<Data<User>>(&answer.body).map_err(not_x)?.data)
    }

    /// Whether X lets an app stream; what is wrong with its token, where it does not take that. The rules of its stream are
    /// asked for, which costs nothing.
    pub(super) async fn streams(&self, who: &Identity) -> Result<bool, SignInFault> {
        let answer = self.asked(&mentions::RULES, who, None).await?;
        match answer.status.is_success() {
            true => {
                let not_x = |_| self.not_x("it answers with no rules of a stream");
                serde_json::from_slice::<Map<String, Value>>(&answer.body).map(|_| true).map_err(not_x)
            }
            false if answer.is_planless() => Ok(false),
            false => Err(answer.fault(who, self.bill.renews_on())),
        }
    }

    async fn asked(&self, path: &[&str], who: &Identity, what: Option<Priced>) -> Result<Answer, SignInFault> {
        let answer = self.send(Method::GET, (path, &[]), None, who, what).await;
        let answer = answer.map_err(|error| error.of_question(who.name()))?;
        let status = answer.status.as_u16();
        match status {
            300..=399 | 404 | 405 => {
                let place = path.get(1..).unwrap_or_default().join("/");
                Err(self.not_x(format!("status {status} where X has `{place}`")))
            }
            _ => Ok(answer),
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

    /// The place where every request is counted, and where none passes that a cap has no room for, but for the opening of a
    /// stream.
    async fn send(
        &self,
        method: Method,
        asked: (&[&str], &[(&str, &str)]),
        body: Option<&Value>,
        who: &Identity,
        what: Option<Priced>,
    ) -> Result<Answer, NoAnswer> {
        let Some(what) = what else { return self.send_signed(method, asked, body, who).await };
        let (most, beside) = charge::most(asked.1);
        let most = self.bill.load(what, most, beside);
        let held_by = charge::held_by(asked.0);
        let begun = self.bill.begin(who.name(), what, (most, held_by), self.billing()).await;
        let begun = begun.map_err(NoAnswer::Capped)?;
        let answer = self.send_signed(method, asked, body, who).await;
        begun.end(&answer, self.billing());
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
        Err(Unopened::of(&answer, who, self.bill.renews_on()))
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Answer, NoAnswer> {
        let response = request.send().await.map_err(|error| NoAnswer::of(&error, &self.base))?;
        Self::whole(response, &self.ahead_ms).await
    }

    async fn whole(mut response: reqwest::Response, ahead_ms: &AtomicI64) -> Result<Answer, NoAnswer> {
        let (status, headers) = (response.status(), response.headers().clone());
        if let Some(ahead) = limits::ahead_ms(&headers, SystemTime::now()) {
            ahead_ms.store(ahead, Ordering::Relaxed);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| NoAnswer::lost(&error))? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(NoAnswer::Lost("the answer of X is too long"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body })
    }
}

/// What was made: an answer that cannot be read says nothing of whether it was.
fn made<T: DeserializeOwned>(answer: &Answer) -> Result<T, PublishError> {
    let unread = |_| PublishError::InDoubt("the answer of X is not what it answers".to_owned());
    serde_json::from_slice(&answer.body).map_err(unread)
}
