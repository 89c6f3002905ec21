//! The two cookies of the dashboard: of the session, and of what renews it. No script can read them, no other site sends them.

use axum::http::{HeaderMap, HeaderValue, header};

/// Of the session.
pub const SESSION: &str = "puppet_session";
/// The same under TLS: browsers take a `__Host-` cookie from this host alone.
pub const SESSION_TLS: &str = "__Host-puppet_session";
/// Of what renews it; sent to one path alone.
pub const REFRESH: &str = "puppet_refresh";
const REFRESH_PATH: &str = "/api/v1/session";

/// The value of a cookie; none where it is there twice, since nobody can tell which is ours.
pub fn of<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(of, _)| *of == name).map(|(_, value)| value);
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

/// That of a session.
pub fn session(headers: &HeaderMap, is_tls: bool) -> Option<&str> {
    of(headers, if is_tls { SESSION_TLS } else { SESSION })
}

/// Both, to be set for so many seconds; 0 takes them away.
pub fn both(session: (&str, u64), refresh: (&str, u64), is_tls: bool) -> [Option<HeaderValue>; 2] {
    let secure = if is_tls { "; Secure" } else { "" };
    let set = |name: &str, (value, seconds): (&str, u64), path: &str| {
        let text = format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
        HeaderValue::from_str(&text).ok()
    };
    [set(if is_tls { SESSION_TLS } else { SESSION }, session, "/"), set(REFRESH, refresh, REFRESH_PATH)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_that_is_there_twice_is_nobodys() {
        let headers = |texts: &[&str]| {
            HeaderMap::from_iter(texts.iter().map(|text| (header::COOKIE, HeaderValue::from_str(text).unwrap())))
        };
        assert_eq!(of(&headers(&["a=1; puppet_session=x; b=2"]), SESSION), Some("x"));
        assert_eq!(of(&headers(&["puppet_session=x", "puppet_session=y"]), SESSION), None);
        assert_eq!(of(&headers(&["xpuppet_session=x; puppet_sessio=y"]), SESSION), None);
        assert_eq!(session(&headers(&["puppet_session=x"]), true), None);
    }
}
