//! `/chat/completions`: what is asked, and what is answered, whole and in pieces. Endpoints leave out what they do not
//! know: everything may be missing.

use puppet_types::{CallError, Code};
use serde_json::{Map, Value, json};

use crate::{
    Message, Request, Role, Sampling, Tool,
    openai::{
        fault::Fault,
        quirks::{Parameter, Quirks},
        told::{Call, Told, text_of, usage, written},
    },
    schema,
};

/// In front of a schema that the prompt alone tells. `Request::prompt_bytes` counts as much for it.
const IN_JSON: &str = "Answer in JSON that fits this schema, nothing else:\n";
/// Most characters of a speaker's name.
const NAME_CHARS: usize = 64;

/// The body of a request.
pub(super) fn body(request: &Request, model: &str, quirks: &Quirks, stream: bool) -> Result<Value, CallError> {
    let mut body = Map::new();
    let mut put = |key: &str, value: Value| drop(body.insert(key.to_owned(), value));
    put("model", json!(model));
    let mut messages: Vec<Value> = request.messages.iter().map(|one| message(one, quirks)).collect();
    if let Some(text) = &request.response_schema {
        let schema = parsed(text)?;
        match (quirks.takes_wanted(Parameter::ResponseFormat), quirks.takes_wanted(Parameter::JsonSchema)) {
            (true, true) => {
                let schema = json!({"name": "answer", "schema": schema, "strict": false});
                put("response_format", json!({"type": "json_schema", "json_schema": schema}));
            }
            (with_format, _) => {
                if with_format {
                    put("response_format", json!({"type": "json_object"}));
                }
                messages.insert(0, json!({"role": "system", "content": format!("{IN_JSON}{text}")}));
            }
        }
    }
    put("messages", Value::Array(messages));
    // Models that think do not know the old name; endpoints at home often do not know the new one.
    let bound = [Parameter::MaxTokens, Parameter::MaxCompletionTokens].into_iter().find(|name| quirks.takes(*name));
    put(bound.unwrap_or(Parameter::MaxCompletionTokens).name(), json!(request.max_tokens));
    let stream = stream && quirks.takes(Parameter::Stream);
    put("stream", json!(stream));
    if stream && quirks.takes(Parameter::StreamOptions) {
        put("stream_options", json!({"include_usage": true}));
    }
    if !request.tools.is_empty() {
        put("tools", request.tools.iter().map(tool).collect::<Result<_, _>>()?);
    }
    sampled(&request.sampling, quirks, put);
    Ok(Value::Object(body))
}

/// What was checked when it came in.
pub(super) fn parsed(text: &str) -> Result<Value, CallError> {
    let object = schema::object(text).ok_or_else(|| CallError::new(Code::InvalidInput, "a schema is no JSON object"));
    object.map(Value::Object)
}

fn tool(tool: &Tool) -> Result<Value, CallError> {
    let Tool { name, description, parameters } = tool;
    let function = json!({"name": name, "description": description, "parameters": parsed(parameters)?});
    Ok(json!({"type": "function", "function": function}))
}

/// As the protocol writes a role.
pub(super) const fn role(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    }
}

fn message(message: &Message, quirks: &Quirks) -> Value {
    let mut out = json!({"role": role(message.role), "content": message.content});
    if let Some(id) = &message.tool_call_id {
        out["tool_call_id"] = json!(id);
    } else if let Some(name) = message.name.as_deref().and_then(speaker)
        && quirks.takes_wanted(Parameter::Name)
    {
        out["name"] = json!(name);
    }
    if !message.tool_calls.is_empty() {
        let calls = message.tool_calls.iter().map(|call| {
            let function = json!({"name": call.name, "arguments": call.arguments});
            json!({"id": call.id, "type": "function", "function": function})
        });
        out["tool_calls"] = calls.collect();
    }
    out
}

/// A name as the protocol takes it: no spaces, and nothing that looks like markup. None where nothing is left.
fn speaker(name: &str) -> Option<String> {
    let is_bad = |char: char| char.is_whitespace() || char.is_control() || matches!(char, '<' | '>' | '|' | '\\' | '/');
    let name: String = name.trim().chars().map(|char| if is_bad(char) { '_' } else { char }).take(NAME_CHARS).collect();
    (!name.is_empty()).then_some(name)
}

/// What of these can be sent.
pub(super) fn sampled(sampling: &Sampling, quirks: &Quirks, mut put: impl FnMut(&str, Value)) {
    let Sampling { temperature, top_p, presence_penalty, frequency_penalty, stop } = sampling;
    let numbers = [
        (Parameter::Temperature, temperature),
        (Parameter::TopP, top_p),
        (Parameter::PresencePenalty, presence_penalty),
        (Parameter::FrequencyPenalty, frequency_penalty),
    ];
    for (parameter, number) in numbers {
        if let Some(number) = number
            && quirks.takes_wanted(parameter)
        {
            // Through its shortest text: 0.7, not 0.699999988079071.
            let number = number.to_string().parse::<f64>().unwrap_or_else(|_| f64::from(*number));
            put(parameter.name(), json!(number));
        }
    }
    if !stop.is_empty() && quirks.takes_wanted(Parameter::Stop) {
        put(Parameter::Stop.name(), json!(stop));
    }
}

/// A whole answer.
pub(super) fn answer(body: &Value) -> Result<Told, Fault> {
    let Some(choices) = body.get("choices").and_then(Value::as_array) else { return Err(Fault::Unreadable) };
    let mut told = Told { usage: usage_of(body), model: text_at(body, "model"), ..Told::default() };
    let Some(choice) = choices.first() else { return Ok(told) };
    hear(&mut told, choice, choice.get("message").unwrap_or(&Value::Null));
    Ok(told)
}

/// A piece of a stream.
pub(super) fn piece(told: &mut Told, body: &Value) {
    told.usage = usage_of(body).or(told.usage);
    told.model = told.model.take().or_else(|| text_at(body, "model"));
    let choices = body.get("choices").and_then(Value::as_array).into_iter().flatten();
    // Other choices than the first were not asked for.
    for choice in choices.filter(|choice| choice.get("index").and_then(Value::as_u64).unwrap_or(0) == 0) {
        hear(told, choice, choice.get("delta").or_else(|| choice.get("message")).unwrap_or(&Value::Null));
    }
}

fn hear(told: &mut Told, choice: &Value, message: &Value) {
    told.write(&text_of(&message["content"]));
    told.has_refused |= message["refusal"].as_str().is_some_and(|refusal| !refusal.is_empty());
    told.has_begun |= ["reasoning_content", "reasoning"].iter().any(|key| message[*key].as_str().is_some());
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        told.has_begun = true;
        add_call(&mut told.calls, call);
    }
    told.finish = told.finish.take().or_else(|| text_at(choice, "finish_reason"));
}

/// A call, or what is missing of one: by its number, or of the last one where it has none and no id of its own.
fn add_call(calls: &mut Vec<Call>, piece: &Value) {
    let index = piece["index"].as_u64();
    let id = text_at(piece, "id").unwrap_or_default();
    let known = match index {
        Some(_) => calls.iter_mut().find(|call| call.index == index),
        None => calls.last_mut().filter(|call| id.is_empty() || call.id == id),
    };
    let function = &piece["function"];
    let (name, arguments) = (written(&function["name"]), written(&function["arguments"]));
    match known {
        Some(call) => {
            call.name.push_str(&name);
            call.arguments.push_str(&arguments);
        }
        None => calls.push(Call { index, id, name, arguments }),
    }
}

fn usage_of(body: &Value) -> Option<crate::Usage> {
    usage(body.get("usage"), "prompt_tokens", "completion_tokens")
}

/// A text that is not empty.
pub(super) fn text_at(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
#[path = "chat_tests.rs"]
mod tests;
