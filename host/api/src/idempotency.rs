//! The same question under the same key is answered in the same way, and done once: header `Idempotency-Key`.
//!
//! Before a change is made, the answer to a repeat stands in the store: that nobody knows whether it was made. The answer to the
//! change takes its place. Where the host dies in between, a repeat is told so and makes nothing twice. What makes events whose ids
//! follow from the key needs no such note: a repeat makes the same ones.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    body::Body,
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, StatusCode, header, request::Parts, response},
    middleware::Next,
    response::Response,
};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use puppet_store::{ApiAnswer, ApiQuestion};
use puppet_types::{Digest, Timestamp};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    app::App,
    auth::Principal,
    extract,
    fault::{Fault, Kind, Result, of_body},
    policy,
};

/// How long an answer is kept, in milliseconds.
const KEPT_MS: u64 = 86_400_000;
/// Longest answer that is kept, in bytes; and longest that says no.
const MOST: usize = 64 << 10;
const MOST_OF_NO: usize = 8 << 10;
/// Answers that are kept for one principal.
const ANSWERS: u64 = 5_000;
/// Headers of an answer that are kept with it.
const HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::LOCATION, HeaderName::from_static("puppet-note")];

/// Put among the extensions of an answer that shows a secret: it is not kept.
#[derive(Debug, Clone, Copy)]
pub struct NotKept;

/// Questions that are being answered.
#[derive(Default)]
pub struct UnderWay(Mutex<HashSet<ApiQuestion>>);

/// One of them, until it is answered.
struct Place<'a>(&'a UnderWay, ApiQuestion);

impl UnderWay {
    fn begin(&self, question: &ApiQuestion) -> Option<Place<'_>> {
        let is_first = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(question.clone());
        is_first.then(|| Place(self, question.clone()))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

/// The key that a request names.
///
/// # Errors
/// It is none.
pub(crate) fn key(request: &Request) -> Result<Option<String>> {
    let mut keys = request.headers().get_all("idempotency-key").iter();
    let Some(key) = keys.next() else { return Ok(None) };
    let text = key.to_str().unwrap_or_default();
    let is_key = (1..=200).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_key || keys.next().is_some() {
        let remedy = "send one of 1 to 200 visible ASCII characters";
        return Err(Fault::input("bad-value", "the key is none", remedy).of_field("Idempotency-Key"));
    }
    Ok(Some(text.to_owned()))
}

/// Answers once.
pub(crate) async fn once(
    app: &Arc<App>,
    key: String,
    principal: &Principal,
    request: Request,
    next: Next,
) -> Result<Response> {
    // An empty query asks for nothing.
    let query = request.uri().query().filter(|query| !query.is_empty());
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    let route = format!("{} {}{query}", request.method(), request.uri().path());
    let question = ApiQuestion { principal: principal.id.clone(), route, key };
    let Some(_place) = app.under_way.begin(&question) else {
        let fault = Fault::conflict("idempotency-under-way", "the same request is under way", "ask again in a moment");
        return Err(fault.of_field("Idempotency-Key").after(std::time::Duration::from_secs(1)));
    };
    let (head, body) = request.into_parts();
    let media = head.headers.get(header::CONTENT_TYPE).cloned();
    let body = extract::whole(Request::from_parts(head.clone(), body)).await?;
    let asked = Sha256::new()
        .chain_update(media.as_ref().map_or(&b""[..], HeaderValue::as_bytes))
        .chain_update([0])
        .chain_update(&body);
    let asked = Digest::from_bytes(asked.finalize().into());
    let now = app.host.now();
    if let Some(answer) = app.store.api_answer(&question, now).await? {
        if answer.asked != asked {
            let message = "another request was made under this key";
            let fault = Fault::new(Kind::Unprocessable, "idempotency-mismatch", message, "take a new key for it");
            return Err(fault.of_field("Idempotency-Key"));
        }
        return replayed(answer);
    }
    let note =
        Note { question, asked, is_old: !head.uri.path().starts_with("/api/v1/"), until: now.plus_millis(KEPT_MS) };
    if !makes_the_same(&head, &body) {
        let message = "this request was begun before, and nobody knows how it ended";
        let remedy = "look whether what it makes is there; take a new key to ask for it again";
        note.keep(app, note.of_fault(Fault::conflict("idempotency-unknown", message, remedy)).await?).await?;
    }
    let response = next.run(Request::from_parts(head, Body::from(body))).await;
    note.answered(app, response).await
}

/// Whether a repeat makes the events that the first one made. A mention with a text is a post, which has a number.
fn makes_the_same(head: &Parts, body: &[u8]) -> bool {
    let route = head.extensions.get::<MatchedPath>();
    let is_by_key =
        route.and_then(|route| policy::of(&head.method, route.as_str())).is_some_and(|policy| policy.by_key);
    let is_mention = |event: Value| ["kind", "type"].iter().any(|field| event[field] == "mention");
    is_by_key && !serde_json::from_slice(body).is_ok_and(is_mention)
}

/// What is kept of a request.
struct Note {
    question: ApiQuestion,
    asked: Digest,
    /// Of the original's routes.
    is_old: bool,
    until: Timestamp,
}

impl Note {
    /// A fault as a repeat is to hear it.
    async fn of_fault(&self, fault: Fault) -> Result<ApiAnswer> {
        let fault = fault.of_field("Idempotency-Key");
        let (head, body) = if self.is_old { fault.of_old() } else { fault.problem() }.into_parts();
        let body = body.collect().await.map_err(|error| of_body(&error))?.to_bytes();
        Ok(self.of(&head, &body))
    }

    fn of(&self, head: &response::Parts, body: &Bytes) -> ApiAnswer {
        let of = |name: &HeaderName| {
            let values = head.headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
            values.map(|value| (name.to_string(), value.to_owned())).collect::<Vec<_>>()
        };
        let headers = HEADERS.iter().flat_map(of).collect();
        let status = head.status.as_u16();
        ApiAnswer { asked: self.asked, status, headers, body: body.to_vec(), expires_at: self.until }
    }

    async fn keep(&self, app: &App, answer: ApiAnswer) -> Result<()> {
        Ok(app.store.keep_api_answer(self.question.clone(), answer, ANSWERS).await?)
    }

    /// Puts the answer in the place of the note. A fault of the host leaves that: nobody knows how far it came.
    async fn answered(&self, app: &App, response: Response) -> Result<Response> {
        let (head, body) = response.into_parts();
        let body: Bytes = body.collect().await.map_err(|error| of_body(&error))?.to_bytes();
        let (status, is_secret) = (head.status, head.extensions.get::<NotKept>().is_some());
        let is_of_now =
            [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS].contains(&status);
        let answer = if status.is_success() && (is_secret || body.len() > MOST) {
            let message = format!("this was done and answered with {}, and the answer was not kept", status.as_u16());
            let remedy = "look what it made; take a new key to ask for it again";
            Some(self.of_fault(Fault::conflict("idempotency-not-kept", message, remedy)).await?)
        } else if status.is_success() || status.is_client_error() && !is_of_now && body.len() <= MOST_OF_NO {
            Some(self.of(&head, &body))
        } else if status.is_client_error() || status == StatusCode::SERVICE_UNAVAILABLE {
            // Nothing was done, and a repeat may fare better.
            Some(ApiAnswer { expires_at: Timestamp::default(), ..self.of(&head, &Bytes::new()) })
        } else {
            None
        };
        // It was done: not to keep the answer is no reason to say that it was not.
        if let Some(answer) = answer
            && let Err(fault) = self.keep(app, answer).await
        {
            tracing::error!("an answer was not kept for its idempotency key: {}", fault.message);
        }
        Ok(Response::from_parts(head, Body::from(body)))
    }
}

fn replayed(answer: ApiAnswer) -> Result<Response> {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).map_err(Fault::internal)?;
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    let replayed = HeaderName::from_static("idempotent-replayed");
    response.headers_mut().insert(replayed, HeaderValue::from_static("true"));
    Ok(response)
}
