//! Asks the web: each step of a fetch, redirects included, is looked at as if it were the first.

use std::{collections::BTreeMap, error::Error, sync::Arc, time::SystemTime};

use async_trait::async_trait;
use puppet_grants::{Amount, Answer, Charge, Failure, Used, Web};
use puppet_reach::NoConnection;
use puppet_types::{CallError, Code, StateBytes, scrub};
use reqwest::{
    Client, Method, Response, StatusCode, Url,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, IF_MODIFIED_SINCE, IF_NONE_MATCH, LOCATION},
    redirect::Policy,
};

use crate::{
    Credential, Fetch, Lookup, Page, Pages, Rules,
    address::{IsPrivate, Public, of_the_machine},
    asked::Place,
    cache::{Cache, Kept, Key},
    headers,
    pace::Pace,
};

/// What is told of a host in an error: not its path, which may hold what is nobody else's.
type Result<T> = std::result::Result<T, CallError>;

/// A client cannot be made, or a credential cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// Of the client.
    #[error("no HTTP client can be made: {0}")]
    Client(#[from] reqwest::Error),
    /// By name.
    #[error("the credential `{0}` cannot be sent: its header is no header, or its key holds what none may hold")]
    Credential(String),
}

/// See the head of this file.
pub struct Fetcher {
    rules: Rules,
    credentials: BTreeMap<String, Credential>,
    /// Reaches public addresses.
    public: Client,
    /// Reaches what the operator lets be at private ones.
    private: Client,
    cache: Cache,
    pace: Pace,
}

/// Bytes of one fetch, over all its steps.
#[derive(Debug, Default)]
struct Bytes {
    sent: u64,
    received: u64,
}

impl Fetcher {
    /// Under these rules, with these credentials by name.
    ///
    /// # Errors
    /// See [`Unusable`].
    pub fn new(rules: Rules, credentials: BTreeMap<String, Credential>) -> std::result::Result<Self, Unusable> {
        Self::with_lookup(rules, credentials, of_the_machine())
    }

    /// The same where names are looked up otherwise.
    ///
    /// # Errors
    /// See [`Unusable`].
    pub fn with_lookup(
        rules: Rules,
        credentials: BTreeMap<String, Credential>,
        lookup: Lookup,
    ) -> std::result::Result<Self, Unusable> {
        puppet_reach::ready();
        if let Some((name, _)) = credentials.iter().find(|(_, credential)| credential.header().is_none()) {
            return Err(Unusable::Credential(name.clone()));
        }
        // No proxy: it would look names up by itself. No cookies; no redirects but our own.
        let client = || {
            Client::builder()
                .no_proxy()
                .redirect(Policy::none())
                .referer(false)
                .connect_timeout(rules.timeout)
                .user_agent(concat!("puppet-engine/", env!("CARGO_PKG_VERSION")))
        };
        let public = client().dns_resolver(Arc::new(Public(lookup))).build()?;
        let private = client().build()?;
        let cache = Cache::new(rules.cache_bytes);
        Ok(Self { rules, credentials, public, private, cache, pace: Pace::default() })
    }

    async fn steps(&self, of: &Fetch, bytes: &mut Bytes) -> Result<Page> {
        let mut url = Url::parse(&of.ask.url).map_err(|error| CallError::new(Code::InvalidInput, error.to_string()))?;
        let first = url.origin();
        for _ in 0..=self.rules.redirects {
            let place = reached(&url, &of.web)?;
            // Whoever else is asked gets no key.
            let with_key = url.origin() == first;
            match self.step(of, (&url, &place), with_key, bytes).await? {
                Step::There(page) => return Ok(page),
                Step::Elsewhere(next) => {
                    stays_secure(&url, &next, &place)?;
                    url = next;
                }
            }
        }
        let message = format!("more than {} redirects", self.rules.redirects);
        Err(CallError::new(Code::InvalidAnswer, message))
    }

    async fn step(&self, of: &Fetch, (url, place): (&Url, &Place), with_key: bool, bytes: &mut Bytes) -> Result<Step> {
        self.pace.take(&of.pack, &place.host, self.rules.per_host_per_minute, SystemTime::now()).map_err(|wait| {
            let most = self.rules.per_host_per_minute;
            let message = format!("more than {most} requests to {} within a minute", place.shown());
            CallError {
                retry_after_ms: Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
                ..CallError::new(Code::RateLimited, message)
            }
        })?;
        let is_private = self.rules.allows_private(&place.host, place.port);
        let client = if is_private { &self.private } else { &self.public };
        let is_get = of.ask.method == "GET";
        let key = self.key(of, url, with_key);
        let kept = if is_get { self.cache.get(&key) } else { None };
        let mut request = client.request(if is_get { Method::GET } else { Method::POST }, url.clone());
        for (name, value) in &of.ask.headers {
            request = request.header(name, value);
        }
        if let Some(name) = of.ask.credential.as_deref().filter(|_| with_key) {
            let (header, value) = self.credential(name, place, is_private)?;
            request = request.header(header, value);
        }
        if let Some(kept) = &kept {
            let tell = |request: reqwest::RequestBuilder, name, value: &Option<String>| match value {
                Some(value) => request.header(name, value),
                None => request,
            };
            request = tell(request, IF_NONE_MATCH, &kept.etag);
            request = tell(request, IF_MODIFIED_SINCE, &kept.last_modified);
        }
        if let Some(body) = &of.ask.body {
            request = request.body(body.clone().into_bytes());
        }
        bytes.sent += of.ask.bytes();
        let response = request.send().await.map_err(|error| unreached(&error, place))?;
        let status = response.status();
        if let Some(kept) = kept.filter(|_| status == StatusCode::NOT_MODIFIED) {
            let page = Page {
                status: StatusCode::OK.as_u16(),
                url: url.to_string(),
                headers: kept.headers.clone(),
                body: kept.body.clone(),
                is_cached: true,
            };
            return Ok(Step::There(page));
        }
        let moves = matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308);
        if let Some(location) = response.headers().get(LOCATION).filter(|_| is_get && moves) {
            let next = location.to_str().ok().and_then(|location| url.join(location).ok());
            let odd = || CallError::new(Code::InvalidAnswer, format!("{} redirects to nowhere", place.shown()));
            return Ok(Step::Elsewhere(next.ok_or_else(odd)?));
        }
        self.page(of, (url, place), key, response, bytes).await.map(Step::There)
    }

    /// The page of an answer, within its bounds.
    async fn page(
        &self,
        of: &Fetch,
        (url, place): (&Url, &Place),
        key: Key,
        mut response: Response,
        bytes: &mut Bytes,
    ) -> Result<Page> {
        let too_long = || {
            let message = format!("{} answers with more than {} bytes", place.shown(), of.most_bytes);
            CallError::new(Code::TooLong, message)
        };
        let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // None was asked for; one that is taken apart here could become any size.
        let encoding = text(CONTENT_ENCODING).to_owned();
        if !matches!(encoding.as_str(), "" | "identity") {
            let message = format!("{} answers in an encoding that was not asked for", place.shown());
            return Err(CallError::new(Code::InvalidAnswer, message));
        }
        let content_type = text(CONTENT_TYPE).to_owned();
        if text(CONTENT_LENGTH).parse().is_ok_and(|length: u64| length > of.most_bytes) {
            return Err(too_long());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unreached(&error, place))? {
            bytes.received += chunk.len() as u64;
            if (body.len() + chunk.len()) as u64 > of.most_bytes {
                return Err(too_long());
            }
            body.extend_from_slice(&chunk);
        }
        if !body.is_empty() && !self.rules.takes(&content_type) {
            let shown: String = content_type.chars().filter(|c| c.is_ascii_graphic()).take(60).collect();
            let message = format!("{} answers with `{shown}`, which is not taken here", place.shown());
            return Err(CallError::new(Code::InvalidAnswer, message));
        }
        let (seen, length) = (headers::seen(response.headers()), body.len() as u64);
        let body = StateBytes::new(body);
        holds_no_key(&body, place)?;
        if of.ask.method == "GET" && response.status() == StatusCode::OK {
            let kept = Kept::of(response.headers(), &seen, &body, length);
            kept.into_iter().for_each(|kept| self.cache.put(key.clone(), kept));
        }
        let status = response.status().as_u16();
        Ok(Page { status, url: url.to_string(), headers: seen, body, is_cached: false })
    }

    fn credential(
        &self,
        name: &str,
        place: &Place,
        is_private: bool,
    ) -> Result<(reqwest::header::HeaderName, reqwest::header::HeaderValue)> {
        let denied = |why: &str| CallError::new(Code::Denied, format!("the credential `{name}` {why}"));
        let credential = self.credentials.get(name).ok_or_else(|| denied("is not set up on this host"))?;
        if !credential.is_for(place, is_private) {
            return Err(denied(&format!("is not for {}", place.shown())));
        }
        credential.header().ok_or_else(|| denied("cannot be sent"))
    }

    fn key(&self, of: &Fetch, url: &Url, with_key: bool) -> Key {
        Key {
            pack: of.pack.clone(),
            url: url.to_string(),
            headers: of.ask.headers.clone(),
            credential: of.ask.credential.clone().filter(|_| with_key),
        }
    }
}

/// What a step came to.
enum Step {
    There(Page),
    Elsewhere(Url),
}

/// Whether the pack may reach it.
pub(crate) fn reached(url: &Url, web: &Web) -> Result<Place> {
    let Some(place) = Place::of(url) else {
        return Err(CallError::new(Code::Denied, "it redirects to an address in numbers"));
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(CallError::new(Code::Denied, "it redirects to an address with a user or a password"));
    }
    if !web.reaches(&place.scheme, &place.host, place.port) {
        return Err(CallError::new(Code::Denied, format!("the host {} was not granted", place.shown())));
    }
    Ok(place)
}

/// What was asked securely is not asked in clear, whatever was granted.
fn stays_secure(from: &Url, to: &Url, place: &Place) -> Result<()> {
    if from.scheme() == "https" && to.scheme() != "https" {
        let message = format!("{} redirects to where it would go in clear", place.shown());
        return Err(CallError::new(Code::Denied, message));
    }
    Ok(())
}

/// Text is looked through on its way to the journal; bytes are here.
fn holds_no_key(body: &StateBytes, place: &Place) -> Result<()> {
    let StateBytes::Hex(_) = body else { return Ok(()) };
    let bytes = body.clone().into_bytes();
    let text = String::from_utf8_lossy(&bytes);
    match scrub::text(&text) == text {
        true => Ok(()),
        false => {
            let message = format!("{} answers with a credential of the host, which is kept back", place.shown());
            Err(CallError::new(Code::InvalidAnswer, message))
        }
    }
}

/// Why nobody answered, without the address, which may hold what is nobody else's.
fn unreached(error: &reqwest::Error, place: &Place) -> CallError {
    let at = place.shown();
    if is_private(error) {
        return CallError::new(Code::Denied, format!("{at} is at a private address"));
    }
    match NoConnection::of(error) {
        Some(why) => CallError::new(Code::ProviderUnavailable, format!("{at}: {why}")),
        None if error.is_timeout() => CallError::new(Code::Timeout, format!("{at} did not answer in time")),
        None => CallError::new(Code::ProviderUnavailable, format!("{at}: the connection broke")),
    }
}

fn is_private(error: &reqwest::Error) -> bool {
    let mut next: Option<&dyn Error> = Some(error);
    while let Some(error) = next {
        if error.downcast_ref::<IsPrivate>().is_some() {
            return true;
        }
        next = error.source();
    }
    false
}

#[async_trait]
impl Pages for Fetcher {
    async fn fetch(&self, of: &Fetch) -> std::result::Result<Answer<Page>, Failure> {
        let (mut bytes, began) = (Bytes::default(), std::time::Instant::now());
        let done = tokio::time::timeout(self.rules.timeout, self.steps(of, &mut bytes)).await;
        let done = done.unwrap_or_else(|_| {
            let message = format!("no whole answer within {} ms", self.rules.timeout.as_millis());
            Err(CallError::new(Code::Timeout, message))
        });
        let used = || {
            vec![
                Charge { amount: Amount::Requests, quantity: 1 },
                Charge { amount: Amount::Bytes, quantity: bytes.sent + bytes.received },
            ]
        };
        match done {
            Ok(value) => Ok(Answer { value, used: used(), latency: began.elapsed() }),
            // Nobody was asked.
            Err(error) if bytes.sent == 0 => Err(Failure { error, used: Used::Nothing }),
            Err(error) => Err(Failure::told(error, used())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_securely_stays_so() {
        let url = |text: &str| Url::parse(text).unwrap();
        let from = url("https://a.test/");
        let place = Place::of(&from).unwrap();
        let to = |text: &str| stays_secure(&from, &url(text), &place);
        assert!(to("https://b.test/").is_ok());
        assert_eq!(to("http://a.test/").unwrap_err().code, Code::Denied);
        let clear = url("http://a.test/");
        assert!(stays_secure(&clear, &clear, &place).is_ok() && stays_secure(&clear, &from, &place).is_ok());
    }
}
