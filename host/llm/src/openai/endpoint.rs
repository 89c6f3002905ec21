//! Where an endpoint is, and how it is asked.

use std::{collections::BTreeMap, fmt, time::Duration};

use puppet_types::{MASK, Timestamp, scrub};
use reqwest::{
    Url,
    header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue},
};

use crate::{
    Price, Terms,
    openai::{Api, Preset, Secret},
};

/// Which model makes vectors, where none is named.
pub const EMBEDDING_MODEL: &str = "text-embedding-3-small";

/// Most attempts after the first.
pub const MOST_RETRIES: u32 = 3;

/// An endpoint.
#[derive(Clone)]
pub struct Endpoint {
    /// Name in the configuration; errors are told by it.
    pub name: String,
    /// Without `/chat/completions`; with or without a slash at the end.
    pub base_url: String,
    /// Which known provider it is; none for any other.
    pub preset: Option<&'static Preset>,
    /// In which protocol it is asked.
    pub api: Api,
    /// Answers come in pieces.
    pub stream: bool,
    /// Longest pause of an answer that has begun to come in pieces.
    pub idle_timeout: Duration,
    /// None for endpoints that want none.
    pub key: Option<Secret>,
    /// The model.
    pub model: String,
    /// The model of vectors.
    pub embedding_model: String,
    /// For one attempt.
    pub timeout: Duration,
    /// Attempts after the first; at most 3 are made.
    pub retries: u32,
    /// For all attempts and the waiting between them.
    pub total: Duration,
    /// Before the second attempt; twice that before the third, and so on.
    pub backoff: Duration,
    /// Sent with every request.
    pub headers: BTreeMap<String, Secret>,
    /// Goes before the list.
    pub price: Option<Price>,
}

/// Why an endpoint cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// Dollars could not be counted.
    #[error("model `{model}` of `{name}` has no listed price: configure what its tokens cost, 0 where they are free")]
    NoPrice {
        /// Of the endpoint.
        name: String,
        /// Of the model.
        model: String,
    },
    /// Not an address.
    #[error("the address of `{0}` is no http or https address")]
    BadAddress(String),
    /// A key would be readable on its way.
    #[error("the address of `{0}` is plain http: a key or a header of yours is sent so to this machine only")]
    InClear(String),
    /// Not a header.
    #[error("header `{header}` of `{name}` cannot be sent")]
    BadHeader {
        /// Of the endpoint.
        name: String,
        /// Of the header.
        header: String,
    },
    /// The key has characters that no header may have.
    #[error("the key of `{0}` cannot be sent: it holds a character that no header may hold")]
    BadKey(String),
    /// The client cannot be built.
    #[error("no HTTP client: {0}")]
    Client(String),
}

// The address may hold a name and a password.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("name", &self.name).field("model", &self.model).finish_non_exhaustive()
    }
}

impl Endpoint {
    /// With the defaults of a host.
    pub fn new(name: impl Into<String>, base_url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            base_url: base_url.into(),
            preset: None,
            api: Api::Chat,
            stream: true,
            idle_timeout: Duration::from_secs(30),
            key: None,
            model: model.into(),
            embedding_model: EMBEDDING_MODEL.to_owned(),
            timeout: Duration::from_secs(60),
            retries: 2,
            total: Duration::from_secs(110),
            backoff: Duration::from_millis(500),
            headers: BTreeMap::new(),
            price: None,
        }
    }

    /// At the prices that hold now.
    pub(super) fn terms(&self) -> Result<Terms, SetupError> {
        let now = Timestamp::from_system();
        let listed = Price::listed(&self.model, now);
        let (price, priced_as) = match (self.price, listed) {
            (Some(price), _) => (price, "configured"),
            (None, Some((price, name))) => (price, name),
            (None, None) => return Err(SetupError::NoPrice { name: self.name.clone(), model: self.model.clone() }),
        };
        let paid = price != Price::FREE;
        Ok(Terms {
            paid,
            price: Some(price),
            embedding_price: Some(self.embedding_price(price, now)),
            attempts: self.attempts(),
            model: self.model.clone(),
            priced_as: priced_as.to_owned(),
        })
    }

    /// In all.
    pub(super) fn attempts(&self) -> u32 {
        self.retries.min(MOST_RETRIES) + 1
    }

    /// The list price of the model of vectors; of one that is not listed, what the endpoint's prompts cost. Where
    /// those are free, vectors are.
    fn embedding_price(&self, of_prompts: Price, at: Timestamp) -> Price {
        match Price::listed(&self.embedding_model, at) {
            Some((listed, _)) if of_prompts != Price::FREE => listed,
            _ => of_prompts,
        }
    }

    /// Where requests go to, without a slash at the end.
    pub(super) fn base(&self) -> Result<String, SetupError> {
        let url = self.url()?;
        let has_secrets = self.key.is_some() || !self.headers.is_empty();
        if url.scheme() == "http" && has_secrets && !puppet_reach::is_this_machine(&url) {
            return Err(SetupError::InClear(self.name.clone()));
        }
        let base = self.base_url.trim_end_matches('/').trim_end_matches("/chat/completions");
        Ok(base.trim_end_matches('/').to_owned())
    }

    fn url(&self) -> Result<Url, SetupError> {
        let url = Url::parse(&self.base_url).ok();
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some());
        url.ok_or_else(|| SetupError::BadAddress(self.name.clone()))
    }

    /// The key, and what else is sent with every request.
    pub(super) fn header_map(&self) -> Result<HeaderMap, SetupError> {
        let mut map = HeaderMap::new();
        if let Some(key) = &self.key {
            let value = HeaderValue::try_from(format!("Bearer {}", key.expose()));
            map.insert(AUTHORIZATION, value.map_err(|_| SetupError::BadKey(self.name.clone()))?);
        }
        for (header, value) in &self.headers {
            let bad = || SetupError::BadHeader { name: self.name.clone(), header: header.clone() };
            let name: HeaderName = header.parse().map_err(|_| bad())?;
            map.insert(name, HeaderValue::try_from(value.expose()).map_err(|_| bad())?);
        }
        map.values_mut().for_each(|value| value.set_sensitive(true));
        Ok(map)
    }

    pub(super) fn http_client(&self) -> Result<reqwest::Client, SetupError> {
        puppet_reach::client(&self.url()?)
            .default_headers(self.header_map()?)
            .timeout(self.timeout)
            .connect_timeout(self.timeout)
            .build()
            .map_err(|error| SetupError::Client(error.without_url().to_string()))
    }

    /// What a provider says, without secrets, on one line of bounded length.
    pub(super) fn masked(&self, text: &str) -> String {
        let clean = scrub::text(text);
        let text: String = clean.split_whitespace().collect::<Vec<_>>().join(" ");
        self.without_secrets(text).chars().take(300).collect()
    }

    /// The same text, with no secret of ours in it: guests and the journal get to see it.
    pub(super) fn without_secrets(&self, mut text: String) -> String {
        for secret in self.key.iter().chain(self.headers.values()).map(Secret::expose).filter(|secret| secret.len() > 3)
        {
            if text.contains(secret) {
                text = text.replace(secret, MASK);
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_and_headers_go_in_clear_to_this_machine_only() {
        let in_clear = SetupError::InClear("home".to_owned());
        let (key, header, none) = ((true, false), (false, true), (false, false));
        for (url, (has_key, has_header), refused) in [
            ("http://models.example/v1", key, true),
            ("http://192.0.2.7:8080/v1", header, true),
            ("http://127.0.0.1.example/v1", key, true),
            ("http://localhost@models.example/v1", key, true),
            ("http://models.example/v1", none, false),
            ("https://models.example/v1", key, false),
            ("http://127.0.0.1:8080/v1", key, false),
            ("http://[::1]:8080/v1", header, false),
            ("http://localhost:8080/v1", key, false),
        ] {
            let mut endpoint = Endpoint::new("home", url, "m");
            endpoint.key = has_key.then(|| Secret::new("k"));
            endpoint.headers.extend(has_header.then(|| ("x-key".to_owned(), Secret::new("k"))));
            assert_eq!(endpoint.base().err(), refused.then(|| in_clear.clone()), "{url}");
        }
    }
}
