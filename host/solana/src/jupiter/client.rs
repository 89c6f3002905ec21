//! One request to Jupiter, and what its end says. There is no second attempt here.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use async_trait::async_trait;
use puppet_types::{MASK, Secret, Timestamp, scrub};
use reqwest::{Method, StatusCode, Url, header::HeaderValue};
use serde_json::{Value, json};

use crate::host_of;

use super::{Ask, Built, Executed, Jupiter, JupiterError, Order, limits, wire};

/// Bytes of an answer: a transaction and a route, many times over.
const MOST_BYTES: usize = 1 << 20;
/// Characters of what Jupiter says.
const WORDS: usize = 300;
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// Where the key goes.
const KEY: &str = "x-api-key";

/// Where Jupiter is.
#[derive(Clone)]
pub struct JupiterSettings {
    /// `https://api.jup.ag/swap/v2`, or what stands for it.
    pub endpoint: String,
    /// Without one, a request every two seconds is allowed.
    pub key: Option<Secret>,
    /// For one request. `/execute` answers when the transaction has landed.
    pub timeout: Duration,
    /// Routers that are not asked. Those of other programs than the aggregator build what the guard refuses.
    pub without: Vec<String>,
}

impl JupiterSettings {
    /// Jupiter itself.
    pub const ENDPOINT: &'static str = "https://api.jup.ag/swap/v2";
    /// For one request, where nothing is said.
    pub const TIMEOUT: Duration = Duration::from_secs(30);
    /// Routers that build for other programs than the aggregator.
    pub const OTHER_ROUTERS: [&'static str; 3] = ["jupiterz", "dflow", "okx"];
}

impl Default for JupiterSettings {
    fn default() -> Self {
        Self {
            endpoint: Self::ENDPOINT.to_owned(),
            key: None,
            timeout: Self::TIMEOUT,
            without: Self::OTHER_ROUTERS.map(str::to_owned).to_vec(),
        }
    }
}

// The address may hold a name and a password.
impl fmt::Debug for JupiterSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JupiterSettings").field("has_key", &self.key.is_some()).finish_non_exhaustive()
    }
}

/// Why Jupiter cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JupiterSetupError {
    /// Not an address.
    #[error("the address of Jupiter is no http or https address")]
    BadAddress,
    /// The key would be readable on its way.
    #[error("the address of Jupiter is plain http: that is for this machine only")]
    InClear,
    /// It has characters that no header may have.
    #[error("the key of Jupiter cannot be sent: it holds a character that no header may hold")]
    BadKey,
    /// The client cannot be built.
    #[error("no HTTP client: {0}")]
    Client(String),
}

/// Jupiter over HTTP.
pub struct JupiterApi {
    base: Url,
    http: reqwest::Client,
    key: Option<HeaderValue>,
    secret: Option<Secret>,
    without: String,
    /// Until when its own headers say that it takes nothing.
    closed: Mutex<Option<Instant>>,
}

impl fmt::Debug for JupiterApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JupiterApi").field("key", &self.key.as_ref().map(|_| MASK)).finish_non_exhaustive()
    }
}

impl JupiterApi {
    /// Checks address and key. Nothing is sent.
    ///
    /// # Errors
    /// One of them cannot be used.
    pub fn new(settings: &JupiterSettings) -> Result<Self, JupiterSetupError> {
        let base = Url::parse(&settings.endpoint).map_err(|_| JupiterSetupError::BadAddress)?;
        match base.scheme() {
            _ if base.host_str().is_none() => return Err(JupiterSetupError::BadAddress),
            "https" => {}
            "http" if puppet_reach::is_this_machine(&base) => {}
            "http" => return Err(JupiterSetupError::InClear),
            _ => return Err(JupiterSetupError::BadAddress),
        }
        let key = settings.key.as_ref().map(|key| {
            let mut value = HeaderValue::try_from(key.expose()).map_err(|_| JupiterSetupError::BadKey)?;
            value.set_sensitive(true);
            Ok(value)
        });
        let http = puppet_reach::client(&base)
            .timeout(settings.timeout)
            .connect_timeout(CONNECT.min(settings.timeout))
            .retry(reqwest::retry::never())
            .build()
            .map_err(|error| JupiterSetupError::Client(error.without_url().to_string()))?;
        Ok(Self {
            base,
            http,
            key: key.transpose()?,
            secret: settings.key.clone(),
            without: settings.without.join(","),
            closed: Mutex::new(None),
        })
    }

    async fn ask(&self, path: &str, ask: &Ask, more: &[(&str, &str)]) -> Result<Vec<u8>, JupiterError> {
        let mut query = vec![
            ("inputMint", ask.gives.to_string()),
            ("outputMint", ask.takes.to_string()),
            ("amount", ask.amount.to_string()),
            ("slippageBps", ask.slippage_bps.to_string()),
        ];
        query.extend(ask.taker.map(|taker| ("taker", taker.to_string())));
        query.extend(
            more.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (*name, (*value).to_owned())),
        );
        let mut url = self.url(path);
        url.query_pairs_mut().extend_pairs(query);
        self.send(Method::GET, url, None).await
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push(path);
        }
        url
    }

    async fn send(&self, method: Method, url: Url, body: Option<&Value>) -> Result<Vec<u8>, JupiterError> {
        self.is_open()?;
        let mut request = self.http.request(method, url);
        if let Some(key) = &self.key {
            request = request.header(KEY, key.clone());
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let mut response = request.send().await.map_err(|error| self.lost(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let now = SystemTime::now();
        if let Some(wait) = limits::closed_for(&headers, now) {
            self.close(wait);
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            let wait = limits::wait(&headers, now);
            self.close(wait);
            return Err(limited(wait));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.lost(&error))? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(JupiterError::Lost { host: host_of(&self.base), why: "its answer is too long" });
            }
            body.extend_from_slice(&chunk);
        }
        let said = || self.clean(&wire::words(&body).unwrap_or_else(|| format!("status {}", status.as_u16())));
        match status {
            _ if status.is_success() => Ok(body),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(JupiterError::Unauthorized),
            _ if status.is_client_error() => Err(JupiterError::Refused(said())),
            _ => Err(JupiterError::Failed(said())),
        }
    }

    fn lost(&self, error: &reqwest::Error) -> JupiterError {
        let (host, is_late) = (host_of(&self.base), error.is_timeout());
        match error {
            _ if error.is_connect() || error.is_builder() => JupiterError::Unreachable(host),
            _ => JupiterError::Lost { host, why: if is_late { "not in time" } else { "the connection broke off" } },
        }
    }

    fn close(&self, wait: Duration) {
        *self.closed.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now().checked_add(wait);
    }

    /// A request that would be refused is not made: it would only count against the next window.
    fn is_open(&self) -> Result<(), JupiterError> {
        let closed = *self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        let left = closed.and_then(|until| until.checked_duration_since(Instant::now()));
        left.filter(|left| !left.is_zero()).map_or(Ok(()), |left| Err(limited(left)))
    }

    /// What it says, without the key, on one line of bounded length.
    fn clean(&self, words: &str) -> String {
        let words: String = scrub::text(words).split_whitespace().collect::<Vec<_>>().join(" ");
        let key = self.secret.as_ref().map(Secret::expose).filter(|key| key.len() > 3);
        let words = key.map_or(words.clone(), |key| words.replace(key, MASK));
        words.chars().take(WORDS).collect()
    }
}

fn limited(wait: Duration) -> JupiterError {
    JupiterError::RateLimited { retry_after_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1) }
}

fn unread() -> JupiterError {
    JupiterError::Failed("its answer is not what it answers".to_owned())
}

#[async_trait]
impl Jupiter for JupiterApi {
    async fn order(&self, ask: &Ask) -> Result<Order, JupiterError> {
        let body = self.ask("order", ask, &[("excludeRouters", &self.without)]).await?;
        let mut order = wire::order(&body, Timestamp::from_system()).ok_or_else(unread)?;
        order.reason = order.reason.map(|words| self.clean(&words));
        Ok(order)
    }

    async fn execute(&self, signed: &str, order: &str) -> Result<Executed, JupiterError> {
        let body = json!({ "signedTransaction": signed, "requestId": order });
        let body = self.send(Method::POST, self.url("execute"), Some(&body)).await?;
        let mut executed = wire::executed(&body).ok_or_else(unread)?;
        executed.words = self.clean(&executed.words);
        Ok(executed)
    }

    async fn build(&self, ask: &Ask) -> Result<Built, JupiterError> {
        let body = self.ask("build", ask, &[]).await?;
        wire::built(&body, Timestamp::from_system()).ok_or_else(unread)
    }
}
