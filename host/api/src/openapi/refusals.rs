//! What is answered when something is wrong: which statuses a route has, and in which form.

use serde_json::{Map, Value, json};

use super::headers;
use crate::policy::{Least, Policy};

const PROBLEM: &str = "#/components/schemas/problem";

/// Answers that a route gives when something is wrong, whatever it is about: status, and when.
const REFUSALS: &[(u16, &str)] = &[
    (400, "What is asked does not read, or is not within bounds."),
    (401, "Nobody is known to ask."),
    (403, "Whoever asks may not."),
    (404, "There is no such thing, or not for whoever asks."),
    (408, "The body did not come in time."),
    (409, "It does not go with how things stand."),
    (412, "It has changed since it was seen."),
    (413, "The body is too long."),
    (415, "The body is not said to be of a kind that is read."),
    (421, "The server is not of that name."),
    (422, "Another request was made under this idempotency key."),
    (429, "That was too often."),
    (500, "A fault of this program."),
    (503, "Not now: the host is stopping, or its disk fails, or too many events wait."),
    (504, "It goes on, and has not ended in time."),
];

/// Which of them a route has.
fn refusals(policy: &Policy, has_if_match: bool) -> impl Iterator<Item = &'static (u16, &'static str)> {
    let (is_open, writes) = (policy.least == Least::Anyone, policy.writes);
    let is_v1 = policy.is_v1();
    REFUSALS.iter().filter(move |(status, _)| match status {
        401 | 403 => !is_open || writes,
        404 => !is_open || policy.path.contains('{'),
        408 | 409 | 413 | 415 | 504 => writes,
        412 => has_if_match,
        422 => writes && is_v1,
        429 => policy.cost > 0,
        503 => !is_open || writes || policy.path == "/ready",
        _ => true,
    })
}

fn problem() -> Value {
    json!({ "application/problem+json": { "schema": { "$ref": PROBLEM } } })
}

fn original_error() -> Value {
    json!({ "application/json": { "schema": { "$ref": "#/components/schemas/OriginalError" } } })
}

/// Answers that many routes give alike: `components.responses`.
pub(super) fn shared() -> Value {
    let bodies = [("problem", problem()), ("original", original_error())];
    let all = bodies.iter().flat_map(|(of, content)| {
        REFUSALS.iter().map(move |(status, about)| {
            let told = json!({ "description": about, "content": content, "headers": headers::of_refusal(*status, *of == "original") });
            (format!("{of}-{status}"), told)
        })
    });
    Value::Object(all.collect())
}

/// Adds those of a route, and gives what it says of its own the form that all of them have.
pub(super) fn tell(policy: &Policy, has_if_match: bool, responses: &mut Map<String, Value>) {
    let is_original = policy.is_original();
    let fault = if is_original { original_error() } else { problem() };
    for (status, response) in responses.iter_mut() {
        let is_problem = response["content"]["application/json"]["schema"]["$ref"] == PROBLEM;
        let says_nothing = status.starts_with(['4', '5']) && response["content"].is_null();
        if is_problem || says_nothing {
            response["content"] = fault.clone();
        }
    }
    let of = if is_original { "original" } else { "problem" };
    for (status, _) in refusals(policy, has_if_match) {
        let shared = || json!({ "$ref": format!("#/components/responses/{of}-{status}") });
        responses.entry(status.to_string()).or_insert_with(shared);
    }
}
