//! An answer before it is sent, and the problems that X answers with: their words are those that X documents, or was
//! seen to use.

use serde_json::{Value, json};

/// A status, JSON and headers.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Reply {
    pub(crate) fn new(status: u16, body: Value) -> Self {
        Self { status, body, headers: Vec::new() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    /// A problem that its status says everything of.
    fn plain(status: u16, title: &str, detail: &str) -> Self {
        Self::new(status, json!({ "title": title, "type": "about:blank", "status": status, "detail": detail }))
    }

    pub(crate) fn unauthorized() -> Self {
        Self::plain(401, "Unauthorized", "Unauthorized")
    }

    pub(crate) fn forbidden(detail: &str) -> Self {
        Self::plain(403, "Forbidden", detail)
    }

    pub(crate) fn duplicate() -> Self {
        Self::forbidden("You are not allowed to create a Tweet with duplicate content.")
    }

    pub(crate) fn no_such_path() -> Self {
        Self::plain(404, "Not Found", "Not Found")
    }

    pub(crate) fn too_many(reset_s: i64) -> Self {
        Self::plain(429, "Too Many Requests", "Too Many Requests")
            .with("x-rate-limit-remaining", 0)
            .with("x-rate-limit-reset", reset_s)
    }

    pub(crate) fn failed(status: u16) -> Self {
        let title = if status == 503 { "Service Unavailable" } else { "Internal Server Error" };
        Self::plain(status, title, title)
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        let body = json!({
            "errors": [{ "parameters": {}, "message": message.into() }],
            "title": "Invalid Request", "detail": "One or more parameters to your request was invalid.",
            "type": "https://api.x.com/2/problems/invalid-request",
        });
        Self::new(400, body)
    }

    /// X answers 200 where what is looked for is not there.
    pub(crate) fn not_found(kind: &str, parameter: &str, value: &str) -> Self {
        let problem = json!({
            "value": value, "resource_id": value, "parameter": parameter, "resource_type": kind,
            "title": "Not Found Error", "detail": format!("Could not find {kind} with {parameter}: [{value}]."),
            "type": "https://api.x.com/2/problems/resource-not-found",
        });
        Self::new(200, json!({ "errors": [problem] }))
    }
}
