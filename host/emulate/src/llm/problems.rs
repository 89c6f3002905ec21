//! Refusals of models, each in the manner of its provider.

use puppet_types::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{faults::Problem, operation::Operation, reply::Reply};

/// Whose words are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manner {
    /// OpenAI's.
    Openai,
    /// A wrong key is answered with 400, and the code is a sentence.
    Xai,
    /// The code is a number.
    Openrouter,
}

/// Why something is refused.
pub(super) enum Refusal<'a> {
    WrongKey,
    NoSuchModel(&'a str, Operation),
    /// What is asked is no request.
    Invalid(String),
    /// This model takes no such parameter.
    Unsupported(&'static str),
    /// This protocol has none.
    Unknown(&'static str),
}

impl Manner {
    pub(super) fn of(model: &str) -> Self {
        if model.starts_with("grok-") {
            Self::Xai
        } else if model.contains('/') {
            Self::Openrouter
        } else {
            Self::Openai
        }
    }

    pub(super) fn refuse(self, refusal: Refusal<'_>) -> Reply {
        let (status, message, code, param) = match refusal {
            Refusal::WrongKey if self == Self::Openai => return Problem::WrongKey.reply(0),
            Refusal::WrongKey if self == Self::Openrouter => (401, "No auth credentials found".to_owned(), None, None),
            Refusal::WrongKey => {
                let message = "Incorrect API key provided. You can obtain an API key from https://console.x.ai.";
                (400, message.to_owned(), None, None)
            }
            Refusal::NoSuchModel(model, Operation::Responses) => {
                let message = format!("The requested model '{model}' does not exist.");
                (400, message, Some("model_not_found"), Some("model"))
            }
            Refusal::NoSuchModel(model, _) if self == Self::Openrouter => {
                (400, format!("{model} is not a valid model ID"), None, None)
            }
            Refusal::NoSuchModel(model, _) => {
                let message = format!("The model `{model}` does not exist or you do not have access to it.");
                (404, message, Some("model_not_found"), None)
            }
            Refusal::Invalid(message) => (400, message, None, None),
            Refusal::Unknown(name) => {
                (400, format!("Unknown parameter: '{name}'."), Some("unknown_parameter"), Some(name))
            }
            Refusal::Unsupported(name) if self == Self::Xai => {
                (400, format!("Argument not supported on this model: {name}"), None, None)
            }
            Refusal::Unsupported(name) => {
                let message = format!("Unsupported parameter: '{name}' is not supported with this model.");
                (400, message, Some("unsupported_parameter"), Some(name))
            }
        };
        let body = match self {
            Self::Openai => json!({
                "error": { "message": message, "type": "invalid_request_error", "param": param, "code": code },
            }),
            Self::Xai if status == 404 => {
                json!({ "code": "Some requested entity was not found", "error": message })
            }
            Self::Xai => json!({ "code": "Client specified an invalid argument", "error": message }),
            Self::Openrouter => json!({ "error": { "message": message, "code": status } }),
        };
        Reply::new(status, body)
    }

    /// What comes in the place of an answer whose status was 200.
    pub(super) fn broken(self) -> Value {
        match self {
            Self::Openrouter => {
                let delta = json!({ "role": "assistant", "content": "" });
                json!({
                    "id": "gen-1", "object": "chat.completion.chunk", "created": 0, "model": "emulated", "provider": "Emulated",
                    "error": { "code": 502, "message": "Provider disconnected" },
                    "choices": [{ "index": 0, "delta": delta, "finish_reason": "error" }],
                })
            }
            _ => json!({ "error": {
                "message": "The server had an error while processing your request. Sorry about that!",
                "type": "server_error", "param": null, "code": null,
            } }),
        }
    }
}

/// For so many seconds.
pub(crate) fn too_many(reset_s: u32) -> Reply {
    let at = Timestamp::from_system().as_millis() / 1_000 + i64::from(reset_s);
    let message = format!("Rate limit reached for requests. Please try again in {reset_s}s.");
    let error = json!({ "message": message, "type": "requests", "param": null, "code": "rate_limit_exceeded" });
    Reply::new(429, json!({ "error": error }))
        .with("retry-after", reset_s)
        .with("x-ratelimit-remaining-requests", 0)
        .with("x-ratelimit-reset-requests", format!("{reset_s}s"))
        .with("x-rate-limit-reset", at)
}

pub(crate) fn failed(status: u16) -> Reply {
    let message = "The server had an error while processing your request. Sorry about that!";
    let error = json!({ "message": message, "type": "server_error", "param": null, "code": null });
    Reply::new(status, json!({ "error": error }))
}
