//! What many routes are asked alike, and answer alike: pages, waits, reasons.

use std::time::Duration;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use puppet_types::is_odd;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    fault::{Fault, Result},
    operations::Told,
    page::{self, List},
};

/// Longest wait that can be asked for, in milliseconds.
const WAIT_MOST_MS: u64 = 120_000;
/// Longest reason, in characters.
const REASON_CHARS: usize = 500;

/// A page of a list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// Items: 1 to 200, 50 where it is left out.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// How long whoever asks wants to wait. None: not at all.
pub fn wait(asked: Option<u64>) -> Result<Option<Duration>> {
    match asked {
        Some(ms) if ms > WAIT_MOST_MS => {
            let message = format!("`wait_ms` is {ms}");
            Err(Fault::input("bad-value", message, format!("0 to {WAIT_MOST_MS}")).of_field("wait_ms"))
        }
        asked => Ok(asked.filter(|ms| *ms > 0).map(Duration::from_millis)),
    }
}

/// A reason in somebody's words, where one is given.
pub fn reason(given: Option<String>) -> Result<Option<String>> {
    given.map(|reason| line("reason", reason, REASON_CHARS)).transpose()
}

/// A text that stands on one line of a list: 1 to so many characters, of which none controls a terminal, ends the line or turns it.
pub fn line(field: &str, text: String, most: usize) -> Result<String> {
    if !text.trim().is_empty() && text.chars().count() <= most && !text.chars().any(is_odd) {
        return Ok(text);
    }
    let remedy = format!("write 1 to {most} characters on one line, or leave it out");
    Err(Fault::input("bad-value", format!("`{field}` does not stand on a line"), remedy).of_field(field))
}

/// A list with its next page.
pub fn list<T, P: serde::Serialize>(name: &str, schema: &'static str, items: Vec<T>, next: Option<P>) -> List<T> {
    List { schema, items, next: next.map(|place| page::cursor(name, &place)) }
}

/// What became of something that was sent: 200 with its end, or 202 with where to look for it.
pub fn accepted(told: Told, look: &str) -> Response {
    let is_open = matches!(told.value["outcome"].as_str(), Some("accepted" | "waiting"));
    let mut response = told.with(if is_open { StatusCode::ACCEPTED } else { StatusCode::OK }).into_response();
    if let Some(place) = HeaderValue::from_str(look).ok().filter(|_| is_open) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_stands_on_one_line() {
        for good in ["it's \"late\" — <b>", "ä", &"x".repeat(500)] {
            assert_eq!(reason(Some(good.to_owned())).unwrap().as_deref(), Some(good));
        }
        for bad in ["", "  ", "a\nb", "\u{0}", "\u{1b}[2J", "ok\u{202e}", &"x".repeat(501)] {
            assert_eq!(reason(Some(bad.to_owned())).unwrap_err().field.as_deref(), Some("reason"), "{bad:?}");
        }
        assert_eq!(reason(None).unwrap(), None);
    }
}
