//! Refusals by their names, as the services write them: what X documents or was seen to answer, and what OpenAI and
//! providers like it do.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::reply::Reply;

/// A refusal that a plan names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Problem {
    /// X, 429: too many requests, without a header that says until when.
    TooManyRequests,
    /// X, 429: the same in the words of the older API, code 88.
    RateLimitExceeded,
    /// X, 429: the account has used up its day, while the window has room.
    UserDayLimit,
    /// X, 429: the app has.
    AppDayLimit,
    /// X, 429: the plan's month is used up.
    UsageCap,
    /// X, 402: nothing is left to pay requests with.
    CreditsDepleted,
    /// X, 429: the app has a stream already.
    TooManyConnections,
    /// X, 400: a parameter is missing.
    InvalidQuery,
    /// X, 200: some of what was asked for, and an error beside it.
    Partial,
    /// X, 400: a code that was used or made up.
    InvalidCode,
    /// X, 401.
    Unauthorized,
    /// X, 401, code 32: a signature that is wrong.
    CouldNotAuthenticate,
    /// X, 401, code 89: a token that has expired or was revoked.
    InvalidToken,
    /// X, 401, code 135: a clock that is wrong.
    Timestamp,
    /// X, 403: not in this plan.
    AccessLevel,
    /// X, 403: the app is in no project.
    ClientNotEnrolled,
    /// X, 403: not with a token of this kind.
    UnsupportedAuthentication,
    /// X, 403: the app may only read.
    Oauth1Permissions,
    /// X, 403: the account is suspended.
    Suspended,
    /// X, 403, code 326: the account is locked.
    Locked,
    /// X, 403: the same text again.
    Duplicate,
    /// X, 403: without a reason.
    NotPermitted,
    /// X, 403: whoever is answered has not asked for it.
    ReplyNotAllowed,
    /// X, 503.
    OverCapacity,
    /// A model, 401: the key is wrong.
    WrongKey,
    /// A model, 429: nothing is left to pay with.
    QuotaSpent,
    /// A model, 429: for a second.
    ModelBusy,
    /// A model behind OpenRouter, 429: the code is a number.
    UpstreamBusy,
    /// A model, 404.
    NoSuchModel,
    /// A model, 400: the conversation is too long.
    ContextLength,
    /// A model, 400: for what was said.
    ContentPolicy,
    /// A model, 503.
    Overloaded,
}

impl Problem {
    /// Its answer, with headers where it has some. `now_s`: seconds since 1970.
    pub(crate) fn reply(self, now_s: i64) -> Reply {
        let (status, body) = self.written();
        let reply = Reply::new(status, body);
        let day = |whose: &str, reply: Reply| {
            let name = |what: &str| format!("x-{whose}-limit-24hour-{what}");
            reply.with(name("limit"), 100).with(name("remaining"), 0).with(name("reset"), now_s + 86_400)
        };
        match self {
            Self::UserDayLimit => day("user", reply),
            Self::AppDayLimit => day("app", reply),
            Self::ModelBusy => reply.with("retry-after", 1),
            _ => reply,
        }
    }

    /// Status and body.
    fn written(self) -> (u16, Value) {
        match self {
            Self::TooManyRequests | Self::UserDayLimit | Self::AppDayLimit => plain(429, "Too Many Requests"),
            Self::RateLimitExceeded => coded(429, 88, "Rate limit exceeded"),
            Self::UsageCap => {
                let beside = json!({ "period": "Monthly", "scope": "Product", "product_name": "standard-basic" });
                typed(429, "usage-capped", "UsageCapExceeded", "Usage cap exceeded: Monthly product cap", beside)
            }
            Self::CreditsDepleted => {
                let detail = "Your enrolled account does not have any credits to fulfill this request.";
                typed(402, "credits", "CreditsDepleted", detail, json!({}))
            }
            Self::TooManyConnections => {
                let detail = "This stream is currently at the maximum allowed connection limit.";
                let beside = json!({ "connection_issue": "TooManyConnections" });
                typed(429, "streaming-connection", "ConnectionException", detail, beside)
            }
            Self::InvalidQuery => {
                typed(400, "invalid-request", "Invalid Request", "The 'query' parameter is required.", json!({}))
            }
            Self::Partial => (
                200,
                json!({
                    "data": [{ "id": "123", "text": "Hello" }],
                    "errors": [{
                        "resource_id": "456", "resource_type": "tweet", "title": "Not Found Error",
                        "detail": "Could not find tweet with id: [456].",
                        "type": "https://api.x.com/2/problems/resource-not-found",
                    }],
                }),
            ),
            Self::InvalidCode => {
                let described = "Value passed for the authorization code was invalid.";
                (400, json!({ "error": "invalid_request", "error_description": described }))
            }
            Self::Unauthorized => plain(401, "Unauthorized"),
            Self::CouldNotAuthenticate => coded(401, 32, "Could not authenticate you."),
            Self::InvalidToken => coded(401, 89, "Invalid or expired token."),
            Self::Timestamp => coded(401, 135, "Timestamp out of bounds."),
            Self::AccessLevel => coded(403, 453, SUBSET),
            Self::ClientNotEnrolled => {
                let detail = "When authenticating requests to the Twitter API v2 endpoints, you must use keys and tokens \
                              from a Twitter developer App that is attached to a Project.";
                let beside = json!({
                    "reason": "client-not-enrolled", "client_id": "17",
                    "registration_url": "https://developer.twitter.com/en/docs/projects/overview",
                });
                typed(403, "client-forbidden", "Client Forbidden", detail, beside)
            }
            Self::UnsupportedAuthentication => {
                let detail = "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.  Supported \
                              authentication types are [OAuth 1.0a User Context, OAuth 2.0 User Context].";
                let title = "Unsupported Authentication";
                typed(403, "unsupported-authentication", title, detail, json!({ "status": 403 }))
            }
            Self::Oauth1Permissions => {
                let detail = "Your client app is not configured with the appropriate oauth1 app permissions for this \
                              endpoint.";
                typed(403, "oauth1-permissions", "Forbidden", detail, json!({ "status": 403 }))
            }
            Self::Suspended => forbidden("Your account is suspended and is not permitted to access this feature."),
            Self::Locked => coded(403, 326, LOCKED),
            Self::Duplicate => forbidden("You are not allowed to create a Tweet with duplicate content."),
            Self::NotPermitted => forbidden("You are not permitted to perform this action."),
            Self::ReplyNotAllowed => forbidden(
                "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by \
                 the author of the post you are replying to.",
            ),
            Self::OverCapacity => plain(503, "Service Unavailable"),
            Self::WrongKey => {
                let message = "Incorrect API key provided. You can find your API key at \
                               https://platform.openai.com/account/api-keys.";
                of_model(401, message, "invalid_request_error", Value::Null, "invalid_api_key")
            }
            Self::QuotaSpent => {
                let message = "You exceeded your current quota, please check your plan and billing details.";
                of_model(429, message, "insufficient_quota", Value::Null, "insufficient_quota")
            }
            Self::ModelBusy => {
                let message = "Rate limit reached for requests. Please try again in 1s.";
                of_model(429, message, "requests", Value::Null, "rate_limit_exceeded")
            }
            Self::UpstreamBusy => {
                let metadata = json!({ "provider_name": "Emulated", "raw": "temporarily rate-limited upstream" });
                let error = json!({ "code": 429, "message": "Provider returned error", "metadata": metadata });
                (429, json!({ "error": error, "user_id": "user_1" }))
            }
            Self::NoSuchModel => {
                let message = "The model does not exist or you do not have access to it.";
                of_model(404, message, "invalid_request_error", Value::Null, "model_not_found")
            }
            Self::ContextLength => {
                let message =
                    "This model's maximum context length is 4096 tokens. Please reduce the length of the messages.";
                of_model(400, message, "invalid_request_error", json!("messages"), "context_length_exceeded")
            }
            Self::ContentPolicy => {
                let message = "Your request was rejected as a result of our safety system.";
                of_model(400, message, "invalid_request_error", Value::Null, "content_policy_violation")
            }
            Self::Overloaded => {
                let message = "The engine is currently overloaded, please try again later.";
                (503, json!({ "error": { "message": message, "type": "server_error", "param": null, "code": null } }))
            }
        }
    }
}

const SUBSET: &str = "You currently have access to a subset of Twitter API v2 endpoints and limited v1.1 endpoints (e.g. media \
                      post, oauth) only. If you need access to this endpoint, you may need a different access level. You \
                      can learn more here: https://developer.twitter.com/en/portal/product";
const LOCKED: &str = "To protect our users from spam and other malicious activity, this account is temporarily locked. Please \
                      log in to https://twitter.com to unlock your account.";

/// A problem of X's that its status says everything of.
fn plain(status: u16, title: &str) -> (u16, Value) {
    (status, json!({ "title": title, "detail": title, "type": "about:blank", "status": status }))
}

fn forbidden(detail: &str) -> (u16, Value) {
    (403, json!({ "title": "Forbidden", "detail": detail, "type": "about:blank", "status": 403 }))
}

/// As the older API of X writes it.
fn coded(status: u16, code: u16, message: &str) -> (u16, Value) {
    (status, json!({ "errors": [{ "code": code, "message": message }] }))
}

/// A problem of X's with a type of its own, and what is said beside it.
fn typed(status: u16, kind: &str, title: &str, detail: &str, beside: Value) -> (u16, Value) {
    let mut body = json!({ "title": title, "detail": detail, "type": format!("https://api.x.com/2/problems/{kind}") });
    if let (Value::Object(body), Value::Object(beside)) = (&mut body, beside) {
        body.extend(beside);
    }
    (status, body)
}

/// As OpenAI writes it.
fn of_model(status: u16, message: &str, kind: &str, param: Value, code: &str) -> (u16, Value) {
    (status, json!({ "error": { "message": message, "type": kind, "param": param, "code": code } }))
}
