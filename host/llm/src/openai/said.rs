//! The words of an error, in each of the shapes that endpoints write them, and what they mean.

use std::time::Duration;

use serde_json::Value;

use crate::openai::{fault::Fault, quirks::Parameter};

/// Codes of errors about a parameter, and not about what it holds.
const REFUSALS: [&str; 2] = ["unsupported_parameter", "unsupported_value"];

/// What an error says of itself; empty where it does not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// A status, where the code is a number.
    status: Option<u16>,
    code: String,
    kind: String,
    param: String,
    message: String,
}

impl Said {
    /// The error of a body, where it is one: an object or a text under `error`, or the body itself.
    pub(super) fn of(body: &Value) -> Option<Self> {
        // Some gateways wrap it into a list.
        let body = body.as_array().and_then(|list| list.first()).unwrap_or(body);
        match body.get("error") {
            Some(error @ Value::Object(_)) => Some(Self::read(error)),
            Some(Value::String(message)) => Some(Self { message: message.clone(), ..Self::read(body) }),
            _ => {
                let is_error = body.get("object").and_then(Value::as_str) == Some("error")
                    || body.get("type").and_then(Value::as_str) == Some("error")
                    || body.get("detail").is_some();
                is_error.then(|| Self::read(body))
            }
        }
    }

    /// Of an event that is called an error.
    pub(super) fn of_event(body: &Value) -> Self {
        Self::of(body).unwrap_or_else(|| Self::read(body))
    }

    fn read(error: &Value) -> Self {
        let text = |key: &str| match error.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        };
        let status = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
        let status = ["code", "status"].iter().find_map(|key| error.get(key).and_then(status));
        let status = status.and_then(|status| u16::try_from(status).ok()).filter(|status| (400..600).contains(status));
        let mut message = text("message");
        if message.is_empty() {
            message = text("detail");
        }
        // A gateway hands on what the model's own provider said.
        if let Some(raw) = error.pointer("/metadata/raw").and_then(Value::as_str) {
            message = format!("{message}: {raw}");
        }
        Self { status, code: text("code"), kind: text("type"), param: text("param"), message }
    }

    /// Whether it says by its code that a parameter is not taken, and which.
    fn names_parameter(&self) -> bool {
        let by_code = [&self.code, &self.kind].into_iter().any(|code| REFUSALS.contains(&code.as_str()));
        by_code && !self.param.is_empty()
    }

    /// The status of an error that came with none of its own: inside an answer that began well.
    fn likely_status(&self) -> u16 {
        let words = format!("{} {}", self.code, self.kind).to_lowercase();
        let has = |part: &str| words.contains(part);
        self.status.unwrap_or(match () {
            () if has("rate_limit") => 429,
            () if has("overloaded") => 529,
            () if has("authentication") || has("api_key") => 401,
            () if has("not_found") => 404,
            () if has("invalid") => 400,
            () => 500,
        })
    }
}

/// What an answer with a status that is no success means. `said`: the words of its error; none where the body is no
/// error of any known shape. `clean` takes secrets out of words that are shown.
pub(super) fn fault_of(
    status: u16,
    said: Option<&Said>,
    after: Option<Duration>,
    clean: impl Fn(&str) -> String,
) -> Fault {
    let Some(said) = said else { return of_status(status, after) };
    let words = format!("{}\n{}\n{}", said.code, said.kind, said.message).to_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    let shown = || clean(&said.message);
    // Told with a 400 by xAI, and with other numbers by others: the words decide.
    let key = &["incorrect api key", "invalid api key", "invalid_api_key", "api key not valid", "authentication_error"];
    let quota = &[
        "insufficient_quota",
        "insufficient credit",
        "insufficient balance",
        "credit balance",
        "used all available credits",
        "billing_hard_limit",
    ];
    let no_model = words.contains("model")
        && has(&["does not exist", "not found", "not_found", "not a valid model", "no such model", "unknown model"]);
    let is_policy = has(&["content_policy", "content_filter", "content policy", "moderation", "flagged"]);
    let is_too_long = has(&[
        "context_length",
        "context length",
        "context window",
        "exceed_context_size",
        "available context size",
        "prompt is too long",
    ]);
    match status {
        400..=403 | 422 if has(key) => Fault::KeyRefused(status),
        401 => Fault::KeyRefused(status),
        402 => Fault::QuotaSpent,
        400 | 403 | 429 if has(quota) => Fault::QuotaSpent,
        400 | 422 if no_model => Fault::NoModel,
        404 if words.contains("model") || has(&["no endpoints found"]) => Fault::NoModel,
        400 | 403 | 413 | 422 if is_policy => Fault::Policy(shown()),
        400 | 413 | 422 if is_too_long => Fault::TooSmall(shown()),
        // llama.cpp calls it a failure, where it notices while it reads.
        500 if has(&["context size has been exceeded"]) => Fault::TooSmall(shown()),
        400 | 413 | 422 => match Parameter::refused_by(&said.param, &said.message) {
            Some(parameter) => Fault::Unsupported { parameter, by_code: said.names_parameter(), words: shown() },
            None => Fault::Invalid(shown()),
        },
        _ => of_status(status, after),
    }
}

/// An error inside an answer that began well.
pub(super) fn fault_inside(said: &Said, clean: impl Fn(&str) -> String) -> Fault {
    fault_of(said.likely_status(), Some(said), None, clean)
}

fn of_status(status: u16, after: Option<Duration>) -> Fault {
    match status {
        401 => Fault::KeyRefused(status),
        402 => Fault::QuotaSpent,
        403 => Fault::Forbidden(status),
        429 => Fault::RateLimited(after),
        408 | 409 | 425 | 500.. => Fault::Failed(status),
        300..=399 => Fault::WrongAddress(format!("it sends elsewhere (status {status}), and a key does not follow")),
        404 | 405 => Fault::WrongAddress(format!("nothing is there (status {status})")),
        _ => Fault::WrongAddress(format!("what answers there says {status}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(status: u16, body: &Value) -> Fault {
        fault_of(status, Said::of(body).as_ref(), None, str::to_owned)
    }

    fn error(code: Value, kind: &str, message: &str) -> Value {
        json!({"error": {"code": code, "type": kind, "message": message, "param": null}})
    }

    #[test]
    fn words_decide_where_a_status_does_not() {
        let invalid = "invalid_request_error";
        let xai = json!({
            "code": "Client specified an invalid argument",
            "error": "Incorrect API key provided: xa***88. You can obtain an API key from https://console.x.ai."
        });
        let vllm = json!({"object": "error", "message": "The model `m` does not exist.", "type": "NotFoundError", "code": 404});
        let upstream =
            json!({"error": {"code": 429, "message": "Provider returned error", "metadata": {"raw": "m is busy"}}});
        let claude = json!({"type": "error", "error": {"type": "invalid_request_error", "message": "Your credit balance is too low"}});
        for (status, body, wanted) in [
            (401, error("invalid_api_key".into(), invalid, "Incorrect API key provided"), Fault::KeyRefused(401)),
            (400, xai, Fault::KeyRefused(400)),
            (403, error(json!(null), "permission_error", "no"), Fault::Forbidden(403)),
            (404, error("model_not_found".into(), invalid, "The model `m` does not exist"), Fault::NoModel),
            (400, error("model_not_found".into(), invalid, "The requested model 'm' does not exist."), Fault::NoModel),
            (404, vllm, Fault::NoModel),
            (404, json!({"error": {"message": "model \"m\" not found, try pulling it first"}}), Fault::NoModel),
            (404, error(404.into(), "", "No endpoints found for m."), Fault::NoModel),
            (400, error(400.into(), "", "m is not a valid model ID"), Fault::NoModel),
            (404, json!({"error": {"message": "no model for you"}}), Fault::NoModel),
            (404, json!({"detail": "Not Found"}), Fault::WrongAddress("nothing is there (status 404)".into())),
            (429, error("insufficient_quota".into(), "insufficient_quota", "You exceeded"), Fault::QuotaSpent),
            (402, error(402.into(), "", "Insufficient credits"), Fault::QuotaSpent),
            (400, claude, Fault::QuotaSpent),
            (429, error("rate_limit_exceeded".into(), "tokens", "slow down"), Fault::RateLimited(None)),
            (429, upstream, Fault::RateLimited(None)),
            (400, error("context_length_exceeded".into(), invalid, "too long"), Fault::TooSmall("too long".into())),
            (403, error(403.into(), "", "Your input was flagged"), Fault::Policy("Your input was flagged".into())),
            (529, error(json!(null), "overloaded_error", "Overloaded"), Fault::Failed(529)),
            (400, json!({"error": "what?"}), Fault::Invalid("what?".into())),
            (
                422,
                json!({"detail": [{"loc": ["body"], "msg": "bad"}]}),
                Fault::Invalid(r#"[{"loc":["body"],"msg":"bad"}]"#.into()),
            ),
            (400, json!([{"error": {"code": 400, "message": "no"}}]), Fault::Invalid("no".into())),
        ] {
            assert_eq!(fault(status, &body), wanted, "{status} {body}");
        }
        for (status, wanted) in [
            (307, "it sends elsewhere (status 307), and a key does not follow"),
            (405, "nothing is there (status 405)"),
            (418, "what answers there says 418"),
        ] {
            assert_eq!(fault(status, &json!("<html>")), Fault::WrongAddress(wanted.to_owned()));
        }
    }

    /// As their servers write them.
    #[test]
    fn errors_of_servers_at_home_and_of_gateways_are_understood() {
        let too_small = |said: &str| Fault::TooSmall(said.to_owned());
        let size = "request (4390 tokens) exceeds the available context size (4096 tokens), try increasing it";
        let exceeded = "Context size has been exceeded.";
        let length = "This model's maximum context length is 6048 tokens. However, you requested 6616 tokens.";
        let passed = "You passed 1015 input tokens and requested 10 output tokens. However, the model's context length \
                      is only 1024 tokens.";
        let number =
            |code: u16, kind: &str, said: &str| json!({"error": {"code": code, "message": said, "type": kind}});
        for (whose, status, body, wanted) in [
            ("llamacpp", 400, number(400, "exceed_context_size_error", size), too_small(size)),
            ("llamacpp", 500, number(500, "server_error", exceeded), too_small(exceeded)),
            ("llamacpp", 503, number(503, "unavailable_error", "Loading model"), Fault::Failed(503)),
            ("llamacpp", 401, number(401, "authentication_error", "Invalid API Key"), Fault::KeyRefused(401)),
            (
                "vllm",
                400,
                json!({"object": "error", "message": length, "type": "BadRequestError", "param": null, "code": 400}),
                too_small(length),
            ),
            (
                "vllm",
                400,
                json!({"error": {"message": passed, "type": "BadRequestError", "param": "input_tokens", "code": 400}}),
                too_small(passed),
            ),
            (
                "ollama",
                404,
                json!({"error": {"message": "model 'm' not found", "type": "not_found_error", "param": null, "code": null}}),
                Fault::NoModel,
            ),
            ("openrouter", 502, number(502, "", "Provider returned error"), Fault::Failed(502)),
        ] {
            assert_eq!(fault(status, &body), wanted, "{whose}: {status} {body}");
        }
    }

    #[test]
    fn an_error_inside_an_answer_has_the_status_that_it_names() {
        let inside = |body: Value| fault_inside(&Said::of(&body).unwrap(), str::to_owned);
        assert_eq!(inside(error(429.into(), "", "wait")), Fault::RateLimited(None));
        assert_eq!(inside(error("502".into(), "", "bad gateway")), Fault::Failed(502));
        assert_eq!(inside(error("rate_limit_exceeded".into(), "requests", "wait")), Fault::RateLimited(None));
        assert_eq!(inside(error(json!(null), "server_error", "oops")), Fault::Failed(500));
        assert_eq!(inside(json!({"type": "error", "error": {"type": "overloaded_error"}})), Fault::Failed(529));
        assert_eq!(Said::of(&json!({"choices": [], "error": null})), None);
        assert_eq!(Said::of(&json!({"data": []})), None);
    }
}
