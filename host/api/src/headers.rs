//! Headers that every answer has: what browsers may and may not do with it.

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::Response,
};

use crate::limits::Stands;

/// Scripts, styles and connections of this origin alone; nothing inline, no frames.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static ALWAYS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
];

/// Puts them on an answer.
pub(crate) fn put(response: &mut Response, is_tls: bool) {
    let headers = response.headers_mut();
    for (name, value) in &ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if is_tls {
        // Of this name alone: hosts below it are not ours to bind.
        let a_year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, a_year);
    }
}

/// Says how the limit stands that is nearer.
pub(crate) fn put_limit(response: &mut Response, stands: Stands) {
    let seconds = stands.reset.as_millis().div_ceil(1_000);
    for (name, value) in [
        ("x-ratelimit-limit", u128::from(stands.limit)),
        ("x-ratelimit-remaining", u128::from(stands.remaining)),
        ("x-ratelimit-reset", seconds),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value.to_string()) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
}
