//! Which headers an answer has, by the policy of its route and by its status. What a client gets nothing out of, as what browsers
//! are told of frames and scripts, is not described.

use serde_json::{Map, Value, json};

use crate::policy::{Least, Policy};

/// Name, what it says, and its schema.
type Header = (&'static str, &'static str, fn() -> Value);

const HEADERS: &[Header] = &[
    ("Cache-Control", "Whether the answer may be kept.", text),
    ("ETag", "Of the bytes of the answer: for `If-None-Match`, and for `If-Match` of a change.", tag),
    ("Idempotent-Replayed", "`true`: it was answered before, and is answered from that.", yes),
    ("Location", "Where to look for what was made, or for what becomes of it.", place),
    ("Puppet-Note", "A sentence that is worth knowing beside the answer; one header for each.", text),
    ("Retry-After", "When to try again, in seconds.", number),
    ("Set-Cookie", "The cookies of the session.", text),
    ("WWW-Authenticate", "How to show who one is.", text),
    ("X-RateLimit-Limit", "So many requests at once.", number),
    ("X-RateLimit-Remaining", "So many more now.", number),
    ("X-RateLimit-Reset", "Until all of them are there again, in seconds.", number),
];

fn text() -> Value {
    json!({ "type": "string", "minLength": 1 })
}
fn number() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}
fn tag() -> Value {
    json!({ "type": "string", "pattern": "^\"[A-Za-z0-9_-]+\"$" })
}
fn yes() -> Value {
    json!({ "type": "string", "const": "true" })
}
fn place() -> Value {
    json!({ "type": "string", "pattern": "^/api/v1/" })
}

/// Whether a header is there each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Is {
    Always,
    Sometimes,
}
use Is::{Always, Sometimes};

type Told = Vec<(&'static str, Is)>;

/// What the door puts on an answer. A fault of the program may come from before it; who asked for another server was not counted.
fn of_door(status: u16) -> Told {
    let limits = ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"];
    let is = if status == 500 { Sometimes } else { Always };
    limits.into_iter().filter(|_| status != 421).map(|name| (name, is)).collect()
}

/// Those of an answer that says no. The original's routes say 429 also where a character has just posted, and not for how long.
fn refused(status: u16, is_original: bool) -> Told {
    let mut told = of_door(status);
    told.push(("Cache-Control", if status == 500 { Sometimes } else { Always }));
    match status {
        401 => told.push(("WWW-Authenticate", Always)),
        429 if !is_original => told.push(("Retry-After", Always)),
        409 | 429 | 503 => told.push(("Retry-After", Sometimes)),
        _ => {}
    }
    // What is no matter of the moment is kept for an idempotency key, as what was done is.
    if matches!(status, 400 | 404 | 409 | 412 | 413 | 415 | 422) {
        told.push(("Idempotent-Replayed", Sometimes));
    }
    told
}

/// Those of an answer that says yes.
fn of_success(policy: &Policy, status: u16) -> Told {
    let mut told = of_door(status);
    if policy.path.starts_with("/api/") || policy.is_page() {
        told.push(("Cache-Control", Always));
    }
    if policy.is_tagged() {
        told.push(("ETag", Always));
    }
    if policy.is_tagged_change() {
        // A repeat is answered without: it may have changed since.
        told.push(("ETag", Sometimes));
    }
    if policy.is_v1() {
        told.push(("Puppet-Note", Sometimes));
    }
    if policy.writes && policy.least != Least::Anyone {
        told.push(("Idempotent-Replayed", Sometimes));
    }
    match status {
        201 if policy.is_v1() => told.push(("Location", Sometimes)),
        202 if policy.is_v1() => told.push(("Location", Always)),
        _ => {}
    }
    if policy.writes && policy.path.starts_with("/api/v1/session") {
        told.push(("Set-Cookie", Always));
    }
    told
}

/// As it stands at an answer: each by the name of its description.
fn references(told: Told) -> Value {
    let of = |(name, is)| (name, json!({ "$ref": format!("#/components/headers/{}", key(name, is)) }));
    told.into_iter().map(of).map(|(name, of): (&str, Value)| (name.to_owned(), of)).collect::<Map<_, _>>().into()
}

fn key(name: &str, is: Is) -> String {
    match is {
        Always => name.to_owned(),
        Sometimes => format!("{name}.sometimes"),
    }
}

/// Of an answer that many routes give alike.
pub(super) fn of_refusal(status: u16, is_original: bool) -> Value {
    references(refused(status, is_original))
}

/// Adds them to the answers that a route describes itself.
pub(super) fn tell(policy: &Policy, responses: &mut Map<String, Value>) {
    for (status, response) in responses.iter_mut().filter(|(_, response)| response["$ref"].is_null()) {
        let status = status.parse().unwrap_or_default();
        let told = if status < 400 { of_success(policy, status) } else { refused(status, policy.is_original()) };
        response["headers"] = references(told);
    }
}

/// `components.headers`: those that the description leads to.
pub(super) fn named(description: &Value) -> Value {
    let text = description.to_string();
    let both = HEADERS.iter().flat_map(|header| [Always, Sometimes].map(|is| (header, is)));
    let named = both.filter_map(|(&(name, about, schema), is)| {
        let key = key(name, is);
        let is_used = text.contains(&format!("#/components/headers/{key}\""));
        let header = || json!({ "description": about, "required": is == Always, "schema": schema() });
        is_used.then(|| (key, header()))
    });
    named.collect::<Map<_, _>>().into()
}

#[cfg(test)]
pub(crate) mod check {
    //! Holds real answers to what is described.

    use axum::http::{HeaderMap, Method};

    use super::*;
    use crate::router::DESCRIPTION;

    /// The operation that a path leads to; none where the description has none.
    fn operation(method: &Method, path: &str) -> Option<(&'static str, &'static Value)> {
        let method = if method == Method::HEAD { "get".to_owned() } else { method.as_str().to_lowercase() };
        let is_place = |part: &str| part.starts_with('{');
        let leads = |template: &str| {
            let (of, parts) = (template.split('/'), path.split('/'));
            of.clone().count() == parts.clone().count()
                && of.zip(parts).all(|(of, part)| of == part || is_place(of) && !part.is_empty())
        };
        let paths = DESCRIPTION["paths"].as_object().into_iter().flatten();
        let found = paths.filter(|(template, _)| leads(template));
        let (template, item) =
            found.min_by_key(|(template, _)| template.split('/').filter(|part| is_place(part)).count())?;
        Some((template, item.get(&method)?))
    }

    fn led(value: &'static Value) -> &'static Value {
        match value["$ref"].as_str().and_then(|place| DESCRIPTION.pointer(place.strip_prefix('#')?)) {
            Some(value) => value,
            None => value,
        }
    }

    /// What of an answer is not as described, one sentence each.
    pub(crate) fn wrong(method: &Method, path: &str, status: u16, headers: &HeaderMap) -> Vec<String> {
        let Some((template, operation)) = operation(method, path) else { return Vec::new() };
        let Some(response) = operation["responses"].get(status.to_string()) else {
            return vec![format!("{method} {template}: {status} is not described")];
        };
        let described = led(response)["headers"].as_object();
        let mut wrong = Vec::new();
        for (name, ..) in HEADERS {
            let header = described.and_then(|headers| headers.get(*name)).map(led);
            match (header, headers.get(*name)) {
                (None, Some(_)) => wrong.push(format!("{method} {template}: {name} of {status} is not described")),
                (Some(header), None) if header["required"] == true => {
                    wrong.push(format!("{method} {template}: {status} is without {name}"));
                }
                (Some(header), Some(value)) => {
                    let text = value.to_str().unwrap_or_default();
                    let number = text.parse::<u64>().ok().filter(|_| header["schema"]["type"] == "integer");
                    let value = number.map_or_else(|| json!(text), |number| json!(number));
                    if !jsonschema::validator_for(&header["schema"]).is_ok_and(|schema| schema.is_valid(&value)) {
                        wrong.push(format!("{method} {template}: {name} of {status} is {value}"));
                    }
                }
                _ => {}
            }
        }
        wrong
    }

    #[test]
    fn what_is_missing_too_much_or_of_another_form_is_found_out() {
        let put = |headers: &[(&'static str, &str)]| {
            headers
                .iter()
                .map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()))
                .collect::<HeaderMap>()
        };
        let of =
            |path: &str, status, headers: &[(&'static str, &str)]| wrong(&Method::GET, path, status, &put(headers));
        let door = [("x-ratelimit-limit", "9"), ("x-ratelimit-remaining", "8"), ("x-ratelimit-reset", "1")];
        let all = [&door[..], &[("cache-control", "no-store"), ("etag", "\"x\"")]].concat();
        let path = "/api/v1/events/waiting";
        assert_eq!(of(path, 200, &all), [""; 0]);
        for at in 0..all.len() {
            let mut less = all.clone();
            less.remove(at);
            assert_eq!(of(path, 200, &less).len(), 1, "{less:?}");
            let mut other = all.clone();
            other[at].1 = "";
            assert_eq!(of(path, 200, &other).len(), 1, "{other:?}");
        }
        for more in [("location", "/api/v1/x"), ("retry-after", "1"), ("www-authenticate", "Bearer")] {
            assert_eq!(of(path, 200, &[&all[..], &[more]].concat()).len(), 1, "{more:?}");
        }
        assert_eq!(of(path, 429, &[&door[..], &[("cache-control", "no-store")]].concat()).len(), 1, "no Retry-After");
        assert_eq!(of(path, 418, &all).len(), 1);
        assert_eq!(of("/nowhere", 200, &[]), [""; 0]);
    }
}
