//! Pages of the web, of hosts that the operator granted: reads, answered at once. A plugin has no socket and sees no key: a
//! request names a [credential](Request::credential) of the operator's, and the host adds it.

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    bindings::imports::puppet::http::http as wit,
    failure::{Answer, CallError, answer},
};

#[cfg(not(target_family = "wasm"))]
use crate::testing::sys::http as sys;
#[cfg(target_family = "wasm")]
use wit as sys;

/// What is asked. It goes out with [`Request::send`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET` or `POST`.
    pub method: String,
    /// `https://…`.
    pub url: String,
    /// Name and value, each name once.
    pub headers: Vec<(String, String)>,
    /// Of a `POST`.
    pub body: Option<Vec<u8>>,
    /// By name.
    pub credential: Option<String>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// Of any kind: 404 is an answer, too.
    pub status: u16,
    /// Where it came from, after redirects.
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its content.
    pub body: Vec<u8>,
    /// What the host had kept of it is still right.
    pub is_cached: bool,
}

/// The page at an address.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let mut host = testing::Host::new();
/// host.pages.insert("https://example.org/".to_owned(), http::Page::of("sunny"));
/// let run = host.within(|| {
///     assert_eq!(http::get("https://example.org/")?.text(), "sunny");
///     assert!(http::get("https://example.org/other").is_err_and(|error| error.is("provider-unavailable")));
///     Ok(())
/// });
/// assert!(run.result.is_ok(), "{:?}", run.result);
/// ```
pub fn get(url: &str) -> Answer<Page> {
    Request::get(url).send()
}

/// What a service answers to a document. It is refused where the pack does not run `live`: it may change something there.
///
/// ```
/// use puppet_sdk::prelude::*;
///
/// let mut host = testing::Host::new();
/// host.pages.insert("https://example.org/ask".to_owned(), http::Page::of("{\"answer\": 42}"));
/// let run = host.within(|| {
///     let page = http::post_json("https://example.org/ask", &json!({"question": "?"}))?;
///     assert_eq!(page.json::<serde_json::Value>()?["answer"], 42);
///     Ok(())
/// });
/// assert!(run.result.is_ok(), "{:?}", run.result);
/// ```
pub fn post_json<T: Serialize + ?Sized>(url: &str, document: &T) -> Answer<Page> {
    Request::post(url).json(document)?.send()
}

impl Request {
    fn new(method: &str, url: &str) -> Self {
        let (method, url) = (method.to_owned(), url.to_owned());
        Self { method, url, headers: Vec::new(), body: None, credential: None }
    }

    /// A page.
    ///
    /// ```
    /// use puppet_sdk::http::Request;
    ///
    /// let request = Request::get("https://example.org/").header("accept", "text/html").credential("example");
    /// assert_eq!((request.method.as_str(), request.headers.len()), ("GET", 1));
    /// ```
    pub fn get(url: &str) -> Self {
        Self::new("GET", url)
    }

    /// A question with a body.
    ///
    /// ```
    /// use puppet_sdk::http::Request;
    ///
    /// let request = Request::post("https://example.org/ask").body("text/plain", "why?");
    /// assert_eq!(request.body.as_deref(), Some(&b"why?"[..]));
    /// ```
    pub fn post(url: &str) -> Self {
        Self::new("POST", url)
    }

    /// With a header: `accept`, `accept-language`, `content-type` or `x-…`.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a key of the operator's, by its name.
    pub fn credential(mut self, name: &str) -> Self {
        self.credential = Some(name.to_owned());
        self
    }

    /// With a body of a type.
    pub fn body(self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { body: Some(body.into()), ..self.header("content-type", content_type) }
    }

    /// With a document.
    ///
    /// # Errors
    /// `invalid-input`: it cannot be written as JSON.
    ///
    /// ```
    /// use puppet_sdk::http::Request;
    ///
    /// let request = Request::post("https://example.org/ask").json(&[1, 2]).unwrap();
    /// assert_eq!(request.body.as_deref(), Some(&b"[1,2]"[..]));
    /// ```
    pub fn json<T: Serialize + ?Sized>(self, document: &T) -> Answer<Self> {
        let body = serde_json::to_vec(document).map_err(|error| fault("invalid-input", &error))?;
        Ok(self.body("application/json", body))
    }

    /// Asks.
    ///
    /// # Errors
    /// There is no answer: `denied`, `timeout`, `provider-unavailable`, … (docs/capabilities/http.md).
    ///
    /// ```
    /// use puppet_sdk::{http::{Page, Request}, testing};
    ///
    /// let mut host = testing::Host::new();
    /// host.pages.insert("https://example.org/".to_owned(), Page::of("sunny"));
    /// let run = host.within(|| Ok(assert_eq!(Request::get("https://example.org/").send()?.status, 200)));
    /// assert!(run.result.is_ok(), "{:?}", run.result);
    /// ```
    pub fn send(self) -> Answer<Page> {
        answer(sys::fetch(&self.into())).map(Page::from)
    }
}

impl Page {
    /// One with status 200: for tests.
    ///
    /// ```
    /// assert!(puppet_sdk::http::Page::of("sunny").is_ok());
    /// ```
    pub fn of(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, body: body.into(), ..Self::default() }
    }

    /// Whether the status says that all is well.
    ///
    /// ```
    /// use puppet_sdk::http::Page;
    ///
    /// assert!(!Page { status: 404, ..Page::default() }.is_ok());
    /// ```
    pub fn is_ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header, by its name in lower case.
    ///
    /// ```
    /// use puppet_sdk::http::Page;
    ///
    /// let headers = vec![("etag".to_owned(), "7".to_owned())];
    /// assert_eq!(Page { headers, ..Page::default() }.header("etag"), Some("7"));
    /// ```
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The body as text; what is no UTF-8 in it becomes the replacement character.
    ///
    /// ```
    /// assert_eq!(puppet_sdk::http::Page::of("sunny").text(), "sunny");
    /// ```
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as a document.
    ///
    /// # Errors
    /// `invalid-answer`: it is none of this shape.
    ///
    /// ```
    /// let page = puppet_sdk::http::Page::of("[1,2]");
    /// assert_eq!(page.json::<Vec<u8>>().unwrap(), [1, 2]);
    /// assert!(page.json::<String>().unwrap_err().is("invalid-answer"));
    /// ```
    pub fn json<T: DeserializeOwned>(&self) -> Answer<T> {
        serde_json::from_slice(&self.body).map_err(|error| fault("invalid-answer", &error))
    }
}

fn fault(code: &str, error: &serde_json::Error) -> CallError {
    CallError { code: code.to_owned(), message: format!("JSON: {error}"), retry_after_ms: None }
}

impl From<Request> for wit::Request {
    fn from(request: Request) -> Self {
        let Request { method, url, headers, body, credential } = request;
        Self { method, url, headers, body, credential, extra: Vec::new() }
    }
}

impl From<wit::Request> for Request {
    fn from(request: wit::Request) -> Self {
        let wit::Request { method, url, headers, body, credential, .. } = request;
        Self { method, url, headers, body, credential }
    }
}

impl From<wit::Response> for Page {
    fn from(response: wit::Response) -> Self {
        let wit::Response { status, url, headers, body, is_cached } = response;
        Self { status, url, headers, body, is_cached }
    }
}

impl From<Page> for wit::Response {
    fn from(page: Page) -> Self {
        let Page { status, url, headers, body, is_cached } = page;
        Self { status, url, headers, body, is_cached }
    }
}
