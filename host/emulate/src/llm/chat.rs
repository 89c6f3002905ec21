//! `/v1/chat/completions`, plain and streamed.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Asking, Model,
    problems::{Manner, Refusal},
    quirks, text,
    written::{Choice, Question, Tool, Written, any_json, plain},
};
use crate::{faults::Kind, reply::Reply};

#[derive(Deserialize)]
struct Chat {
    model: String,
    messages: Vec<Message>,
    max_tokens: Option<usize>,
    max_completion_tokens: Option<usize>,
    #[serde(default)]
    stream: bool,
    stream_options: Option<StreamOptions>,
    #[serde(default)]
    tools: Vec<Value>,
    #[serde(default)]
    tool_choice: Value,
    #[serde(default)]
    response_format: Value,
    n: Option<u32>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    presence_penalty: Option<f64>,
    frequency_penalty: Option<f64>,
    stop: Option<Value>,
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    #[serde(default)]
    content: Value,
    #[serde(default)]
    tool_calls: Value,
}

impl Chat {
    /// What this model does not take.
    fn unsupported(&self) -> Option<&'static str> {
        let given = [
            ("temperature", quirks::is_other(self.temperature)),
            ("top_p", quirks::is_other(self.top_p)),
            ("presence_penalty", self.presence_penalty.is_some()),
            ("frequency_penalty", self.frequency_penalty.is_some()),
            ("stop", self.stop.as_ref().is_some_and(|stop| !stop.is_null())),
            ("max_tokens", self.max_tokens.is_some()),
        ];
        quirks::refused(&self.model, &given)
    }

    fn question(&self) -> Question {
        let said = |message: &Message| match &message.tool_calls {
            Value::Null => format!("{}:{}", message.role, plain(&message.content)),
            calls => format!("{}:{}{calls}", message.role, plain(&message.content)),
        };
        let last = self.messages.last();
        let tool = |tool: &Value| {
            let function = &tool["function"];
            Some(Tool { name: function["name"].as_str()?.to_owned(), parameters: function["parameters"].clone() })
        };
        Question {
            model: self.model.clone(),
            said: self.messages.iter().map(said).collect(),
            last: last.map(|message| plain(&message.content)).unwrap_or_default(),
            is_of_tool: last.is_some_and(|message| message.role == "tool"),
            tools: self.tools.iter().filter_map(tool).collect(),
            choice: Choice::of(&self.tool_choice),
            shape: match self.response_format["type"].as_str() {
                Some("json_schema") => Some(self.response_format["json_schema"]["schema"].clone()),
                Some("json_object") => Some(any_json()),
                _ => None,
            },
            most: self.max_completion_tokens.or(self.max_tokens),
        }
    }
}

impl Model {
    pub(super) fn chat(&mut self, asking: Asking<'_>, manner: Manner, body: Value) -> Reply {
        let chat: Chat = match serde_json::from_value(body) {
            Ok(chat) => chat,
            Err(error) => return manner.refuse(Refusal::Invalid(error.to_string())),
        };
        if chat.messages.is_empty() || chat.n.is_some_and(|n| n != 1) {
            return manner.refuse(Refusal::Invalid("messages are needed, and one choice is given".to_owned()));
        }
        let question = chat.question();
        if let Some(name) = chat.unsupported() {
            return manner.refuse(Refusal::Unsupported(name));
        }
        let written = question.answered(asking);
        let usage = usage(&written, manner);
        self.count(written.prompt, written.completion + written.reasoning);
        if chat.stream {
            let with_usage = chat.stream_options.is_some_and(|options| options.include_usage);
            let chunks =
                chunks(&chat.model, &written, with_usage.then_some(usage).filter(|_| asking.tells_usage()), manner);
            return asking.stream(chunks, |_| event(&manner.broken()));
        }
        if let Some(Kind::ErrorInStream { .. }) = asking.fault {
            return Reply::new(200, manner.broken());
        }
        let mut message = json!({ "role": "assistant", "content": written.text, "refusal": null });
        if !written.calls.is_empty() {
            message["tool_calls"] =
                written.calls.iter().map(|call| called(&call.id, &call.name, &call.arguments)).collect();
        }
        let choice = json!({ "index": 0, "message": message, "logprobs": null, "finish_reason": finish(&written) });
        Reply::new(
            200,
            json!({
                "id": format!("chatcmpl-{:016x}", written.id), "object": "chat.completion", "created": 0,
                "model": chat.model, "choices": [choice], "usage": asking.tells_usage().then_some(usage),
            }),
        )
    }
}

fn called(id: &str, name: &str, arguments: &str) -> Value {
    json!({ "id": id, "type": "function", "function": { "name": name, "arguments": arguments } })
}

fn finish(written: &Written) -> &'static str {
    match written {
        Written { calls, .. } if !calls.is_empty() => "tool_calls",
        Written { is_cut: true, .. } => "length",
        _ => "stop",
    }
}

/// With xAI thought is in the total alone.
fn usage(written: &Written, manner: Manner) -> Value {
    let Written { prompt, completion, reasoning, .. } = *written;
    let told = if manner == Manner::Xai { completion } else { completion + reasoning };
    json!({
        "prompt_tokens": prompt, "completion_tokens": told, "total_tokens": prompt + completion + reasoning,
        "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 },
        "completion_tokens_details": {
            "reasoning_tokens": reasoning, "audio_tokens": 0, "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    })
}

/// One server-sent event.
fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

/// The whole stream: a beginning, a piece at a time, why it ends, the usage where it is asked for.
fn chunks(model: &str, written: &Written, usage: Option<Value>, manner: Manner) -> Vec<String> {
    let chunk = |choices: Value, usage: Value| {
        event(&json!({
            "id": format!("chatcmpl-{:016x}", written.id), "object": "chat.completion.chunk", "created": 0,
            "model": model, "system_fingerprint": null, "choices": choices, "usage": usage,
        }))
    };
    let delta = |delta: Value, finish: Option<&str>| {
        chunk(json!([{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish }]), Value::Null)
    };
    let mut events = Vec::new();
    if manner == Manner::Openrouter {
        events.push(": OPENROUTER PROCESSING\n\n".to_owned());
    }
    let beginning = written.text.as_ref().map(|_| "");
    events.push(delta(json!({ "role": "assistant", "content": beginning, "refusal": null }), None));
    for piece in text::pieces(written.text.as_deref().unwrap_or_default()) {
        events.push(delta(json!({ "content": piece }), None));
    }
    for (index, call) in written.calls.iter().enumerate() {
        let mut begun = called(&call.id, &call.name, "");
        begun["index"] = json!(index);
        events.push(delta(json!({ "tool_calls": [begun] }), None));
        for piece in text::pieces(&call.arguments) {
            let more = json!({ "index": index, "function": { "arguments": piece } });
            events.push(delta(json!({ "tool_calls": [more] }), None));
        }
    }
    events.push(delta(json!({}), Some(finish(written))));
    events.extend(usage.map(|usage| chunk(json!([]), usage)));
    events.push("data: [DONE]\n\n".to_owned());
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{faults::Plan, reply::Content};

    fn asked(seed: u64, body: Value) -> Reply {
        let plan = Plan::default();
        let asking = Asking { seed, plan: &plan, fault: None, is_known: true };
        Model::default().chat(asking, Manner::Openai, body)
    }

    fn ask(seed: u64, content: &str, max_tokens: usize) -> Value {
        let body = json!({
            "model": "m", "messages": [{"role": "user", "content": content}], "max_tokens": max_tokens,
        });
        match asked(seed, body).content {
            Content::Json(value) => value,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_text_follows_from_seed_and_conversation() {
        assert_eq!(ask(1, "rain", 200), ask(1, "rain", 200));
        assert_ne!(ask(1, "rain", 200)["choices"], ask(2, "rain", 200)["choices"]);
        assert_ne!(ask(1, "rain", 200)["choices"], ask(1, "snow", 200)["choices"]);
        let short = ask(1, "rain", 3);
        assert_eq!(short["choices"][0]["message"]["content"].as_str().unwrap().len(), 12);
        assert_eq!(short["choices"][0]["finish_reason"], "length");
        assert_eq!((&short["usage"]["prompt_tokens"], &short["usage"]["completion_tokens"]), (&3.into(), &3.into()));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for bad in [Value::Null, json!({}), json!({ "model": "m", "messages": [] })] {
            assert_eq!(asked(1, bad.clone()).status, 400, "{bad}");
        }
    }
}
