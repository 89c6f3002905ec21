//! `/v1/responses`, plain and streamed.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Asking, Model,
    problems::{Manner, Refusal},
    quirks, text,
    written::{Choice, Question, Tool, Written, any_json, plain},
};
use crate::{faults::Kind, reply::Reply};

#[derive(Deserialize)]
struct Create {
    model: String,
    input: Value,
    instructions: Option<String>,
    max_output_tokens: Option<usize>,
    #[serde(default)]
    stream: bool,
    #[serde(default)]
    tools: Vec<Value>,
    #[serde(default)]
    tool_choice: Value,
    #[serde(default)]
    text: Value,
    temperature: Option<f64>,
    top_p: Option<f64>,
    /// What this protocol does not have, and whatever else it is asked for.
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// Of the other protocol.
const UNKNOWN: [&str; 4] = ["presence_penalty", "frequency_penalty", "stop", "max_tokens"];

impl Create {
    /// What there is no place for.
    fn unknown(&self) -> Option<&'static str> {
        let is_named = |item: &Value| item.get("role").is_some() && item.get("name").is_some();
        let names = self.input.as_array().is_some_and(|items| items.iter().any(is_named));
        let unknown = UNKNOWN.into_iter().find(|name| self.other.contains_key(*name));
        unknown.or(names.then_some("input[0].name"))
    }

    /// What this model does not take.
    fn unsupported(&self) -> Option<&'static str> {
        let given = [("temperature", quirks::is_other(self.temperature)), ("top_p", quirks::is_other(self.top_p))];
        quirks::refused(&self.model, &given)
    }

    fn question(&self) -> Question {
        let mut said: Vec<String> = self.instructions.iter().map(|text| format!("system:{text}")).collect();
        let items = match &self.input {
            Value::String(text) => vec![json!({ "role": "user", "content": text })],
            Value::Array(items) => items.clone(),
            _ => Vec::new(),
        };
        let text_of = |item: &Value| match item["type"].as_str() {
            Some("function_call" | "function_call_output") => item.to_string(),
            _ => plain(&item["content"]),
        };
        said.extend(items.iter().map(|item| format!("{}:{}", item["role"].as_str().unwrap_or("tool"), text_of(item))));
        let tool = |tool: &Value| {
            Some(Tool { name: tool["name"].as_str()?.to_owned(), parameters: tool["parameters"].clone() })
        };
        let format = &self.text["format"];
        Question {
            model: self.model.clone(),
            said,
            last: items.last().map(text_of).unwrap_or_default(),
            is_of_tool: items.last().is_some_and(|item| item["type"] == "function_call_output"),
            tools: self.tools.iter().filter_map(tool).collect(),
            choice: Choice::of(&self.tool_choice),
            shape: match format["type"].as_str() {
                Some("json_schema") => Some(format["schema"].clone()),
                Some("json_object") => Some(any_json()),
                _ => None,
            },
            most: self.max_output_tokens,
        }
    }

    /// The response, with what is written of it so far.
    fn told(&self, written: &Written, status: &str, output: &[Value], usage: Value) -> Value {
        let format =
            if self.text["format"].is_null() { json!({ "type": "text" }) } else { self.text["format"].clone() };
        let choice = if self.tool_choice.is_null() { json!("auto") } else { self.tool_choice.clone() };
        let incomplete = (status == "incomplete").then(|| json!({ "reason": "max_output_tokens" }));
        json!({
            "id": format!("resp_{:016x}", written.id), "object": "response", "created_at": 0, "status": status,
            "background": false, "error": null, "incomplete_details": incomplete, "instructions": self.instructions,
            "max_output_tokens": self.max_output_tokens, "model": self.model, "output": output,
            "parallel_tool_calls": true, "previous_response_id": null,
            "reasoning": { "effort": null, "summary": null }, "temperature": 1.0,
            "text": { "format": format, "verbosity": "medium" }, "tool_choice": choice, "tools": self.tools,
            "top_p": 1.0, "truncation": "disabled", "usage": usage, "metadata": {},
        })
    }
}

impl Model {
    pub(super) fn respond(&mut self, asking: Asking<'_>, manner: Manner, body: Value) -> Reply {
        let create: Create = match serde_json::from_value(body) {
            Ok(create) => create,
            Err(error) => return manner.refuse(Refusal::Invalid(error.to_string())),
        };
        if let Some(name) = create.unknown() {
            return manner.refuse(Refusal::Unknown(name));
        }
        if let Some(name) = create.unsupported() {
            return manner.refuse(Refusal::Unsupported(name));
        }
        let question = create.question();
        if question.said.is_empty() {
            return manner.refuse(Refusal::Invalid("input is needed".to_owned()));
        }
        let written = question.answered(asking);
        let usage = json!({
            "input_tokens": written.prompt, "input_tokens_details": { "cached_tokens": 0, "cache_write_tokens": 0 },
            "output_tokens": written.completion + written.reasoning,
            "output_tokens_details": { "reasoning_tokens": written.reasoning },
            "total_tokens": written.prompt + written.completion + written.reasoning,
        });
        let usage = if asking.tells_usage() { usage } else { Value::Null };
        self.count(written.prompt, written.completion + written.reasoning);
        let status = if written.is_cut { "incomplete" } else { "completed" };
        let output = output(&written, status);
        let whole = create.told(&written, status, &output, usage);
        if create.stream {
            let begun = create.told(&written, "in_progress", &[], Value::Null);
            let events = events(&begun, &whole, &output);
            let error = json!({ "type": "error", "code": "server_error", "message": "The server had an error.", "param": null });
            return asking.stream(events, |before| event(before, error));
        }
        if let Some(Kind::ErrorInStream { .. }) = asking.fault {
            return Reply::new(200, manner.broken());
        }
        Reply::new(200, whole)
    }
}

/// One message, or the calls.
fn output(written: &Written, status: &str) -> Vec<Value> {
    let id = written.id;
    let message = written.text.as_ref().map(|text| {
        let part = json!({ "type": "output_text", "text": text, "annotations": [], "logprobs": [] });
        json!({ "id": format!("msg_{id:016x}"), "type": "message", "role": "assistant", "status": status, "content": [part] })
    });
    let calls = written.calls.iter().map(|call| {
        json!({
            "id": format!("fc_{}", call.id), "type": "function_call", "call_id": call.id, "name": call.name,
            "arguments": call.arguments, "status": "completed",
        })
    });
    message.into_iter().chain(calls).collect()
}

/// One server-sent event with its place.
fn event(n: usize, mut data: Value) -> String {
    data["sequence_number"] = json!(n);
    format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap_or_default())
}

fn events(begun: &Value, whole: &Value, output: &[Value]) -> Vec<String> {
    let mut all = vec![
        json!({ "type": "response.created", "response": begun }),
        json!({ "type": "response.in_progress", "response": begun }),
    ];
    for (place, item) in output.iter().enumerate() {
        let at = |kind: &str, more: Value| {
            let mut event = json!({ "type": kind, "output_index": place, "item_id": item["id"] });
            if let (Value::Object(event), Value::Object(more)) = (&mut event, more) {
                event.extend(more);
            }
            event
        };
        let mut empty = item.clone();
        empty["status"] = json!("in_progress");
        if item["type"] == "message" {
            empty["content"] = json!([]);
            let (part, whole) = (&item["content"][0], item["content"][0]["text"].as_str().unwrap_or_default());
            let mut blank = part.clone();
            blank["text"] = json!("");
            all.push(json!({ "type": "response.output_item.added", "output_index": place, "item": empty }));
            all.push(at("response.content_part.added", json!({ "content_index": 0, "part": blank })));
            let delta = |piece: &&str| {
                at("response.output_text.delta", json!({ "content_index": 0, "delta": piece, "logprobs": [] }))
            };
            all.extend(text::pieces(whole).iter().map(delta));
            all.push(at("response.output_text.done", json!({ "content_index": 0, "text": whole, "logprobs": [] })));
            all.push(at("response.content_part.done", json!({ "content_index": 0, "part": part })));
        } else {
            empty["arguments"] = json!("");
            all.push(json!({ "type": "response.output_item.added", "output_index": place, "item": empty }));
            let arguments = &item["arguments"];
            all.push(at("response.function_call_arguments.delta", json!({ "delta": arguments })));
            let done = json!({ "arguments": arguments, "name": item["name"] });
            all.push(at("response.function_call_arguments.done", done));
        }
        all.push(json!({ "type": "response.output_item.done", "output_index": place, "item": item }));
    }
    let end = if whole["status"] == "incomplete" { "response.incomplete" } else { "response.completed" };
    all.push(json!({ "type": end, "response": whole }));
    all.into_iter().enumerate().map(|(n, data)| event(n, data)).collect()
}
