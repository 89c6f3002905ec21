//! The problems that X answers with: their words are those that X documents, or was seen to use.

use serde_json::json;

use crate::{faults::Problem, reply::Reply};

/// A problem that its status says everything of.
fn plain(status: u16, title: &str, detail: &str) -> Reply {
    Reply::new(status, json!({ "title": title, "type": "about:blank", "status": status, "detail": detail }))
}

pub(crate) fn unauthorized() -> Reply {
    Problem::Unauthorized.reply(0)
}

pub(crate) fn forbidden(detail: &str) -> Reply {
    plain(403, "Forbidden", detail)
}

pub(crate) fn duplicate() -> Reply {
    Problem::Duplicate.reply(0)
}

pub(crate) fn no_such_path() -> Reply {
    plain(404, "Not Found", "Not Found")
}

/// `reset_s`: when the window begins anew, in seconds since 1970.
pub(crate) fn too_many(reset_s: i64) -> Reply {
    Problem::TooManyRequests.reply(0).with("x-rate-limit-remaining", 0).with("x-rate-limit-reset", reset_s)
}

pub(crate) fn failed(status: u16) -> Reply {
    let title = if status == 503 { "Service Unavailable" } else { "Internal Server Error" };
    plain(status, title, title)
}

pub(crate) fn invalid(message: impl Into<String>) -> Reply {
    Reply::new(400, invalid_request(message))
}

/// One such problem.
pub(super) fn invalid_request(message: impl Into<String>) -> serde_json::Value {
    json!({
        "errors": [{ "parameters": {}, "message": message.into() }],
        "title": "Invalid Request", "detail": "One or more parameters to your request was invalid.",
        "type": "https://api.x.com/2/problems/invalid-request",
    })
}

/// X answers 200 where what is looked for is not there.
pub(crate) fn not_found(kind: &str, parameter: &str, value: &str) -> Reply {
    Reply::new(200, json!({ "errors": [missing(kind, parameter, value)] }))
}

/// Not with the token of an account.
pub(super) fn app_only() -> Reply {
    let detail = "Authenticating with OAuth 2.0 User Context is forbidden for this endpoint.  Supported authentication types \
                  are [OAuth 2.0 Application-Only].";
    let body = json!({
        "title": "Unsupported Authentication", "detail": detail, "status": 403,
        "type": "https://api.x.com/2/problems/unsupported-authentication",
    });
    Reply::new(403, body)
}

/// One error of that kind.
pub(crate) fn missing(kind: &str, parameter: &str, value: &str) -> serde_json::Value {
    json!({
        "value": value, "resource_id": value, "parameter": parameter, "resource_type": kind,
        "title": "Not Found Error", "detail": format!("Could not find {kind} with {parameter}: [{value}]."),
        "type": "https://api.x.com/2/problems/resource-not-found",
    })
}
