//! An answer before it is sent, and how what goes wrong on its way changes it.

use std::time::Duration;

use hyper::{
    Response, StatusCode,
    body::Bytes,
    header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue},
};
use serde_json::Value;

use crate::{
    body::{Body, Ending, Live},
    faults::Kind,
};

const JSON: &str = "application/json; charset=utf-8";
const EVENTS: &str = "text/event-stream; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

/// What is said.
#[derive(Debug)]
pub(crate) enum Content {
    /// One value.
    Json(Value),
    /// A page for a person.
    Html(String),
    /// Server-sent events, each so much later than the one before.
    Events { events: Vec<String>, pace: Duration },
    /// Lines of JSON, as long as somebody listens.
    Live(Live),
}

/// A status, what is said, and headers.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content: Content,
    pub(crate) headers: Vec<(String, String)>,
}

impl Reply {
    pub(crate) fn new(status: u16, body: Value) -> Self {
        Self { status, content: Content::Json(body), headers: Vec::new() }
    }

    /// A page for a person.
    pub(crate) fn page(status: u16, page: String) -> Self {
        Self { status, content: Content::Html(page), headers: Vec::new() }
    }

    /// A stream of events.
    pub(crate) fn events(events: Vec<String>, pace: Duration) -> Self {
        Self { status: 200, content: Content::Events { events, pace }, headers: Vec::new() }
    }

    pub(crate) fn with(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.headers.push((name.into(), value.to_string()));
        self
    }

    /// As it leaves, with what goes wrong on its way.
    pub(crate) fn sent(self, fault: Option<&Kind>) -> Response<Body> {
        let Self { status, content, headers } = self;
        let (kind, pieces, pace) = match content {
            Content::Live(live) => return with_headers(Response::new(Body::live(live)), status, JSON, headers),
            Content::Json(value) => (JSON, vec![Bytes::from(value.to_string())], Duration::ZERO),
            Content::Html(page) => (HTML, vec![Bytes::from(page)], Duration::ZERO),
            Content::Events { events, pace } => (EVENTS, events.into_iter().map(Bytes::from).collect(), pace),
        };
        let whole = pieces.iter().map(Bytes::len).sum::<usize>();
        let is_one = pieces.len() == 1;
        let (kind, pieces, ending) = match fault {
            Some(Kind::Truncated) => (kind, half(pieces), Ending::Whole),
            Some(Kind::CutShort) => (kind, half(pieces), Ending::Cut),
            Some(Kind::Stall { .. }) if is_one => (kind, half(pieces), Ending::Stalled),
            Some(Kind::Stall { after }) => {
                let after = usize::try_from(*after).unwrap_or(usize::MAX);
                (kind, pieces.into_iter().take(after).collect(), Ending::Stalled)
            }
            Some(Kind::WrongType) => (HTML, pieces, Ending::Whole),
            Some(Kind::Garbage) => (kind, vec![Bytes::from_static(GARBAGE)], Ending::Whole),
            _ => (kind, pieces, Ending::Whole),
        };
        let mut response = with_headers(Response::new(Body::new(pieces, ending, pace)), status, kind, headers);
        if ending != Ending::Whole && is_one {
            // More is promised than comes.
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(whole));
        }
        response
    }
}

fn with_headers(
    mut response: Response<Body>,
    status: u16,
    kind: &'static str,
    headers: Vec<(String, String)>,
) -> Response<Body> {
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let into = response.headers_mut();
    into.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value)) {
            into.insert(name, value);
        }
    }
    response
}

/// Neither JSON nor text.
const GARBAGE: &[u8] = b"\x1f\x8b\x00\xff{\"data\": <\xc3\x28 ]]>\x00 no answer";

/// The first half, as if that were all: half of the pieces, or of the one piece.
fn half(mut pieces: Vec<Bytes>) -> Vec<Bytes> {
    match pieces.as_mut_slice() {
        [one] => one.truncate(one.len() / 2),
        more => {
            let half = more.len() / 2;
            pieces.truncate(half);
        }
    }
    pieces
}
