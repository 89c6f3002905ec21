//! One JSON document of the web: asked for once, within bounds of time and length, with a key in a header where it wants
//! one. Nothing is kept and nothing asked a second time: that is whoever asks.

mod pointer;
#[cfg(test)]
mod tests;
mod trending;

use std::{fmt, time::Duration};

use puppet_market::{Decimal, MAX_PRICE};
use puppet_solana::host_of;
use puppet_types::{Secret, trade::Market};
use reqwest::{
    StatusCode, Url,
    header::{HeaderName, HeaderValue},
};

pub use pointer::Pointer;
pub use trending::Listed;

/// Bytes of an answer.
const MOST_BYTES: usize = 1 << 20;
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// Where it is.
#[derive(Clone)]
pub struct WebPlace {
    /// An address, `https://…`; plain http reaches this machine only.
    pub url: String,
    /// Names and values of headers. The values are nobody's business.
    pub headers: Vec<(String, Secret)>,
    /// For all of a request.
    pub timeout: Duration,
}

/// Why it cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebSetupError {
    /// Not an address.
    #[error("the address is no http or https address")]
    BadAddress,
    /// Whoever is on the way could change what is read.
    #[error("the address is plain http: that is for this machine only")]
    InClear,
    /// It has characters that no header may have.
    #[error("the header `{0}` cannot be sent: its name or value holds a character that no header may hold")]
    BadHeader(String),
    /// The client cannot be built.
    #[error("no HTTP client: {0}")]
    Client(String),
}

/// Why there is no answer, or none that is understood. What the other side said is not repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebError {
    /// Nobody is there.
    #[error("{0} cannot be reached")]
    Unreachable(String),
    /// It takes too long.
    #[error("no answer of {0} in time")]
    Late(String),
    /// It broke off.
    #[error("the connection to {0} broke off")]
    Lost(String),
    /// Not a yes. A redirect is none: a key must not follow it.
    #[error("{host} answers with status {status}")]
    Status {
        /// Who answers.
        host: String,
        /// What.
        status: u16,
    },
    /// Longer than a megabyte.
    #[error("its answer is too long")]
    TooLong,
    /// Something else than was expected is there.
    #[error("its answer is not understood: {0}")]
    Unread(String),
}

/// See the head of this file.
pub struct Web {
    url: Url,
    http: reqwest::Client,
    headers: Vec<(HeaderName, HeaderValue)>,
}

// The address may hold what is nobody's business.
impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Web").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

impl Web {
    /// Checks address and headers. Nothing is sent.
    ///
    /// # Errors
    /// One of them cannot be used.
    pub fn new(place: &WebPlace) -> Result<Self, WebSetupError> {
        let url = Url::parse(&place.url).map_err(|_| WebSetupError::BadAddress)?;
        match url.scheme() {
            _ if url.host_str().is_none() => return Err(WebSetupError::BadAddress),
            "https" => {}
            "http" if puppet_reach::is_this_machine(&url) => {}
            "http" => return Err(WebSetupError::InClear),
            _ => return Err(WebSetupError::BadAddress),
        }
        let header = |(name, value): &(String, Secret)| {
            let bad = || WebSetupError::BadHeader(name.clone());
            let mut value = HeaderValue::try_from(value.expose()).map_err(|_| bad())?;
            value.set_sensitive(true);
            Ok((name.parse::<HeaderName>().map_err(|_| bad())?, value))
        };
        let headers = place.headers.iter().map(header).collect::<Result<_, _>>()?;
        let http = puppet_reach::client(&url)
            .timeout(place.timeout)
            .connect_timeout(CONNECT.min(place.timeout))
            .retry(reqwest::retry::never())
            .build()
            .map_err(|error| WebSetupError::Client(error.without_url().to_string()))?;
        Ok(Self { url, http, headers })
    }

    /// The document as it is now.
    ///
    /// # Errors
    /// There is none.
    pub async fn get(&self) -> Result<Vec<u8>, WebError> {
        let mut request = self.http.get(self.url.clone());
        for (name, value) in &self.headers {
            request = request.header(name.clone(), value.clone());
        }
        let mut response = request.send().await.map_err(|error| self.lost(&error))?;
        if response.status() != StatusCode::OK {
            return Err(WebError::Status { host: host_of(&self.url), status: response.status().as_u16() });
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.lost(&error))? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(WebError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn lost(&self, error: &reqwest::Error) -> WebError {
        let host = host_of(&self.url);
        match error {
            _ if error.is_timeout() => WebError::Late(host),
            _ if error.is_connect() || error.is_builder() => WebError::Unreachable(host),
            _ => WebError::Lost(host),
        }
    }

    /// The price that stands at a place of the document, as a market counts it: to the nearest of what it counts, from the
    /// digits as they are written.
    ///
    /// # Errors
    /// There is no document, or no price in it.
    pub async fn price(&self, at: &Pointer, market: &Market) -> Result<u64, WebError> {
        price(&self.get().await?, at, market.price_decimals).map_err(WebError::Unread)
    }
}

/// A number, or a text that is one.
fn price(document: &[u8], at: &Pointer, decimals: u8) -> Result<u64, String> {
    let digits = at.find(document)?.digits().ok_or_else(|| format!("there is no number at `{at}`"))?;
    counted(&digits, decimals).ok_or_else(|| format!("what is at `{at}` is no price that can be counted"))
}

fn counted(digits: &str, decimals: u8) -> Option<u64> {
    let units = Decimal::parse(digits.as_bytes()).ok()?.to_units(decimals)?.units;
    (1..=MAX_PRICE).contains(&units).then_some(units)
}
