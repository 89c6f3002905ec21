//! Which pages may ask. Those of this server; those of the origins that the operator names, with a key and never with a cookie;
//! and, where the routes of the original are open, every page there is, for these routes.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};

use crate::{
    fault::{Fault, Kind, Result},
    parts::Settings,
};

/// What a page of another origin may send.
const METHODS: &str = "GET, POST, PATCH, DELETE, OPTIONS";
const HEADERS: &str = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, X-API-Key";
const SHOWN: &str = "ETag, Idempotent-Replayed, Location, Puppet-Note, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset";
/// How long a browser may remember it, in seconds.
const MEMORY: &str = "600";

/// From which page a request comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum From {
    /// Of no page, or of one of ours.
    Here,
    /// Of one that may ask; its origin, or `*`.
    Allowed(HeaderValue),
    /// Of another.
    Elsewhere,
}

impl From {
    pub(crate) fn of(headers: &HeaderMap, settings: &Settings, is_open: bool) -> Self {
        let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
        let Some(origin) = headers.get(header::ORIGIN) else {
            // An image or a link of another page; a browser says so.
            return match site {
                Some(b"cross-site" | b"same-site") => Self::Elsewhere,
                _ => Self::Here,
            };
        };
        let text = origin.to_str().unwrap_or_default();
        let authority = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        if authority.is_some() && authority.map(str::to_ascii_lowercase) == host.map(str::to_ascii_lowercase) {
            return Self::Here;
        }
        match () {
            () if is_open => Self::Allowed(HeaderValue::from_static("*")),
            () if settings.cors_origins.iter().any(|one| one == text) => Self::Allowed(origin.clone()),
            () => Self::Elsewhere,
        }
    }

    /// Refuses what a page of elsewhere would change.
    pub(crate) fn may_write(&self) -> Result<()> {
        if *self != Self::Elsewhere {
            return Ok(());
        }
        let remedy = "name the origin in `[api] cors_origins`, where it is one of yours";
        Err(Fault::new(Kind::Forbidden, "cross-origin", "a page of another origin asks", remedy).of_field("Origin"))
    }

    /// Puts on an answer what the browser wants to know.
    pub(crate) fn put(&self, response: &mut Response) {
        let headers = response.headers_mut();
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        if let Self::Allowed(origin) = self {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(SHOWN));
        }
    }

    /// The answer to a browser that asks before it sends; none where it does not.
    pub(crate) fn asked_before(&self, method: &Method, headers: &HeaderMap) -> Option<Response> {
        let asks = *method == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if !asks {
            return None;
        }
        if !matches!(self, Self::Allowed(_)) {
            return self.may_write().err().map(|fault| fault.problem());
        }
        let put = |name: HeaderName, value: &'static str| (name, HeaderValue::from_static(value));
        let mut response = StatusCode::OK.into_response();
        response.headers_mut().extend([
            put(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
            put(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
            put(header::ACCESS_CONTROL_MAX_AGE, MEMORY),
        ]);
        Some(response)
    }
}

/// Whether the name that the client knows the server by may be its name. A page whose name was led to loopback by its maker
/// (DNS rebinding) says its own.
pub(crate) fn known_host(headers: &HeaderMap, settings: &Settings) -> Result<()> {
    let refused = |kind, message: &str| {
        let remedy = "ask 127.0.0.1 or localhost; `[api] behind_proxy` is for other names";
        Err(Fault::new(kind, "bad-host", message, remedy).of_field("Host"))
    };
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return refused(Kind::Input, "there is more than one `Host`");
    }
    if settings.behind_proxy || !settings.listen.ip().is_loopback() {
        return Ok(());
    }
    // A browser always says it.
    let Some(host) = host else { return Ok(()) };
    let host = host.to_str().unwrap_or("?");
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(""),
        None => host.split(':').next().unwrap_or(""),
    };
    let is_ours = name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
    if is_ours { Ok(()) } else { refused(Kind::Misdirected, "this server is not of that name") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        HeaderMap::from_iter(pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())))
    }

    #[test]
    fn pages_of_elsewhere_are_told_from_ours() {
        let settings = Settings { cors_origins: vec!["https://a.org".to_owned()], ..Settings::default() };
        let of = |pairs: &[(&'static str, &str)]| From::of(&headers(pairs), &settings, false);
        assert_eq!(of(&[]), From::Here);
        assert_eq!(of(&[("origin", "http://LOCALHOST:3000"), ("host", "localhost:3000")]), From::Here);
        assert_eq!(of(&[("origin", "http://localhost:3001"), ("host", "localhost:3000")]), From::Elsewhere);
        assert_eq!(of(&[("origin", "null"), ("host", "localhost:3000")]), From::Elsewhere);
        assert_eq!(of(&[("origin", "null")]), From::Elsewhere);
        assert_eq!(of(&[("sec-fetch-site", "cross-site")]), From::Elsewhere);
        assert_eq!(of(&[("origin", "https://a.org")]), From::Allowed("https://a.org".parse().unwrap()));
        assert_eq!(of(&[("origin", "https://a.org.evil.org")]), From::Elsewhere);
    }

    #[test]
    fn on_loopback_only_names_of_loopback_are_known() {
        let check = |host: &str, settings: &Settings| known_host(&headers(&[("host", host)]), settings).is_ok();
        let settings = Settings::default();
        for good in ["localhost:3000", "127.0.0.1", "127.0.0.1:3000", "[::1]:3000", "LOCALHOST"] {
            assert!(check(good, &settings), "{good}");
        }
        for bad in ["evil.org", "localhost.evil.org:3000", "127.0.0.1.evil.org", "192.168.0.1", "", "[::2]", "0.0.0.0"]
        {
            assert!(!check(bad, &settings), "{bad}");
        }
        assert!(check("puppets.example.org", &Settings { behind_proxy: true, ..Settings::default() }));
        let twice = known_host(&headers(&[("host", "localhost"), ("host", "localhost")]), &settings);
        assert_eq!(twice.unwrap_err().kind, Kind::Input);
    }
}
