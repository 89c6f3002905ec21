//! What is answered when something is wrong: problem details (RFC 9457), or `{error}` to clients of the original.

use std::{borrow::Cow, sync::Arc, time::Duration};

use axum::response::{IntoResponse, Response};
use http_body_util::LengthLimitError;
use puppet_store::StoreError;
use puppet_types::scrub;
use serde::Serialize;
use serde_json::json;

use axum::http::{HeaderValue, StatusCode, header};

/// What sort of wrong it is. Each is one status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 400.
    Input,
    /// 401.
    Unauthorised,
    /// 403.
    Forbidden,
    /// 404.
    NotFound,
    /// 405.
    Method,
    /// 408: the body came too slowly.
    Slow,
    /// 409.
    Conflict,
    /// 412: another version than the one that the client saw.
    Stale,
    /// 413.
    TooLarge,
    /// 415.
    Unsupported,
    /// 421: a host name that is not this server's.
    Misdirected,
    /// 422.
    Unprocessable,
    /// 429.
    TooMany,
    /// 500.
    Internal,
    /// 503.
    Unavailable,
    /// 504: it goes on, and has not ended in time.
    NotInTime,
}

impl Kind {
    /// Its status.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Input => StatusCode::BAD_REQUEST,
            Self::Unauthorised => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Conflict => StatusCode::CONFLICT,
            Self::Stale => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotInTime => StatusCode::GATEWAY_TIMEOUT,
        }
    }
}

/// Something is wrong, with what to do about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// What sort.
    pub kind: Kind,
    /// kebab-case code.
    pub code: Cow<'static, str>,
    /// What is wrong.
    pub message: String,
    /// Of which field, parameter or header.
    pub field: Option<String>,
    /// What to do.
    pub remedy: String,
    /// When to try again.
    pub retry_after: Option<Duration>,
    /// Something was changed all the same: it stands in the audit log.
    pub is_change: bool,
}

/// What a handler answers.
pub type Result<T> = std::result::Result<T, Fault>;

impl Fault {
    /// Of a kind.
    pub fn new(
        kind: Kind,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let (code, message, remedy) = (code.into(), message.into(), remedy.into());
        Self { kind, code, message, field: None, remedy, retry_after: None, is_change: false }
    }
    /// Bad input.
    pub fn input(code: &'static str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Kind::Input, code, message, remedy)
    }
    /// There is no such thing, or it is not to be seen.
    pub fn not_found(code: &'static str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, code, message, remedy)
    }
    /// It does not go with how things stand.
    pub fn conflict(code: &'static str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, code, message, remedy)
    }
    /// Not now.
    pub fn unavailable(code: &'static str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Kind::Unavailable, code, message, remedy)
    }
    /// Nobody of that name, as far as whoever asks may know.
    pub fn unknown_agent(id: impl std::fmt::Display) -> Self {
        Self::not_found("unknown-agent", format!("there is no agent `{id}`"), "`GET /api/v1/agents` lists them")
    }
    /// A fault of ours. What is behind it is for the log.
    pub fn internal(error: impl std::fmt::Display) -> Self {
        tracing::error!("a request failed: {}", scrub::text(&error.to_string()));
        let remedy = "this is a fault of puppet: the host's log says more";
        Self::new(Kind::Internal, "internal", "it could not be done", remedy)
    }
    /// Of a field, a parameter or a header.
    pub fn of_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }
    /// Worth another try after so long.
    pub fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }
    /// Said of something that was changed all the same.
    pub fn of_change(mut self) -> Self {
        self.is_change = true;
        self
    }

    /// As problem details.
    pub fn problem(&self) -> Response {
        let status = self.kind.status();
        let (detail, field) = (self.detail(), self.field.as_deref().map(|field| short(field, MOST_OF_FIELD)));
        let body = Problem {
            r#type: format!("/errors/{}", self.code),
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: &detail,
            code: &self.code,
            remedy: &self.remedy,
            field: field.as_deref(),
        };
        let text = serde_json::to_string(&body).unwrap_or_default();
        self.answer("application/problem+json", scrub::json(&text).into_owned())
    }

    /// As the original engine told errors.
    pub fn of_old(&self) -> Response {
        let text = json!({ "error": self.detail() }).to_string();
        self.answer("application/json", scrub::json(&text).into_owned())
    }

    /// What is wrong, as long as it may be.
    fn detail(&self) -> Cow<'_, str> {
        short(&self.message, MOST)
    }

    fn answer(&self, media: &'static str, body: String) -> Response {
        let mut response = (self.kind.status(), [(header::CONTENT_TYPE, media)], body).into_response();
        // For those behind whom the answer passes: the log, and the audit log.
        response.extensions_mut().insert(Arc::new(self.clone()));
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_millis().div_ceil(1_000).max(1);
            if let Ok(value) = HeaderValue::from_str(&seconds.to_string()) {
                response.headers_mut().insert(header::RETRY_AFTER, value);
            }
        }
        if self.kind == Kind::Unauthorised {
            let challenge = HeaderValue::from_static("Bearer realm=\"puppet\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// Longest message, and longest name of a field, in characters: what was sent is not sent back whole.
const MOST: usize = 1_000;
const MOST_OF_FIELD: usize = 200;

/// A text with its middle left out where it has more characters: what is wrong is said at the beginning, and where at the end.
/// What is secret in it goes first, since a half of it would not be known any more.
pub(crate) fn short(text: &str, most: usize) -> Cow<'_, str> {
    let text = scrub::text(text);
    let count = text.chars().count();
    if count <= most {
        return text;
    }
    let head: String = text.chars().take(most * 2 / 3).collect();
    let tail: String = text.chars().skip(count - most / 3).collect();
    format!("{head} … {tail}").into()
}

/// The body, in this order of keys.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    remedy: &'a str,
    field: Option<&'a str>,
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        self.problem()
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Disk { fault, .. } => {
                tracing::error!("a request failed: {}", scrub::text(&error.to_string()));
                Self::unavailable("store-failing", fault.to_string(), fault.remedy())
            }
            StoreError::TooLarge { what, bytes, most } => {
                let message = format!("{what} has {bytes} bytes, at most {most} can be kept");
                Self::new(Kind::TooLarge, "too-large", message, "send less")
            }
            StoreError::Closed | StoreError::TakenOver { .. } => {
                Self::unavailable("stopping", "the host is being stopped", "ask again when it runs")
            }
            _ => Self::internal(error),
        }
    }
}

/// Why a body could not be read to its end.
pub(crate) fn of_body(error: &(dyn std::error::Error + 'static)) -> Fault {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return Fault::new(Kind::TooLarge, "too-large", "the body is too long", "send less at once");
        }
        if error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::TimedOut) {
            return Fault::new(Kind::Slow, "slow-body", "the body did not come in time", "send it faster");
        }
        cause = error.source();
    }
    Fault::input("broken-body", "the body broke off", "send it whole")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_text_the_beginning_and_the_end_are_told() {
        assert_eq!(short("it's \u{e4}", 6), "it's \u{e4}");
        let text = format!("unknown field `{}`, expected `a`", "\u{e4}".repeat(5_000));
        let told = short(&text, 200);
        assert!(
            told.chars().count() <= 203 && told.starts_with("unknown field `\u{e4}") && told.ends_with("expected `a`")
        );
    }

    #[test]
    fn a_problem_names_the_code_the_field_and_what_to_do() {
        let fault = Fault::input("bad-value", "`limit` is 0", "1 to 200").of_field("limit");
        let response = fault.problem();
        assert_eq!(response.status(), 400);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let late = Fault::unavailable("stopping", "x", "y").after(Duration::from_millis(1_200)).problem();
        assert_eq!(late.headers()[header::RETRY_AFTER], "2");
        let unknown = Fault::new(Kind::Unauthorised, "no-key", "x", "y").of_old();
        assert_eq!(unknown.headers()[header::WWW_AUTHENTICATE], "Bearer realm=\"puppet\"");
    }
}
