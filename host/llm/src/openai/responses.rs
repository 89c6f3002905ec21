//! `/responses`: OpenAI's newer protocol. Nothing is kept at the provider (`store` is false).

use puppet_types::{CallError, Code};
use serde_json::{Map, Value, json};

use crate::{
    Message, Request, Role,
    openai::{
        chat::{parsed, role, sampled, text_at},
        fault::Fault,
        quirks::{Parameter, Quirks},
        said::{Said, fault_inside},
        told::{Call, Told, usage, written},
    },
};

/// Fewest tokens of an answer.
const LEAST_TOKENS: u32 = 16;

/// The body of a request.
pub(super) fn body(request: &Request, model: &str, quirks: &Quirks, stream: bool) -> Result<Value, CallError> {
    if request.max_tokens < LEAST_TOKENS {
        let message = format!("max-tokens {}: at least {LEAST_TOKENS} at this provider", request.max_tokens);
        return Err(CallError::new(Code::InvalidInput, message));
    }
    let mut body = Map::new();
    let mut put = |key: &str, value: Value| drop(body.insert(key.to_owned(), value));
    put("model", json!(model));
    put("input", request.messages.iter().flat_map(items).collect());
    if request.messages.iter().any(|message| message.name.is_some()) {
        // It has no place for them: that is said once.
        quirks.takes_wanted(Parameter::Name);
    }
    put("max_output_tokens", json!(request.max_tokens));
    if quirks.takes(Parameter::Store) {
        put("store", json!(false));
    }
    put("stream", json!(stream && quirks.takes(Parameter::Stream)));
    if let Some(text) = &request.response_schema {
        let format = json!({"type": "json_schema", "name": "answer", "schema": parsed(text)?, "strict": false});
        put("text", json!({"format": format}));
    }
    if !request.tools.is_empty() {
        let tools = request.tools.iter().map(|tool| {
            let (name, description, parameters) = (&tool.name, &tool.description, parsed(&tool.parameters)?);
            Ok(json!({
                "type": "function", "name": name, "description": description, "parameters": parameters, "strict": false
            }))
        });
        put("tools", tools.collect::<Result<_, CallError>>()?);
    }
    sampled(&request.sampling, quirks, put);
    Ok(Value::Object(body))
}

fn items(message: &Message) -> Vec<Value> {
    if let (Role::Tool, Some(id)) = (message.role, &message.tool_call_id) {
        return vec![json!({"type": "function_call_output", "call_id": id, "output": message.content})];
    }
    let said = (!message.content.is_empty() || message.tool_calls.is_empty())
        .then(|| json!({"role": role(message.role), "content": message.content}));
    let calls = message.tool_calls.iter().map(
        |call| json!({"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments}),
    );
    said.into_iter().chain(calls).collect()
}

/// A whole answer.
pub(super) fn answer(body: &Value, clean: impl Fn(&str) -> String) -> Result<Told, Fault> {
    let Some(output) = body.get("output").and_then(Value::as_array) else { return Err(Fault::Unreadable) };
    if body["status"].as_str() == Some("failed")
        && let Some(said) = Said::of(body)
    {
        return Err(fault_inside(&said, clean));
    }
    let usage = usage(body.get("usage"), "input_tokens", "output_tokens");
    let mut told = Told { usage, model: text_at(body, "model"), ..Told::default() };
    for item in output {
        match item["type"].as_str() {
            Some("function_call") => told.calls.push(Call {
                index: None,
                id: text_at(item, "call_id").or_else(|| text_at(item, "id")).unwrap_or_default(),
                name: written(&item["name"]),
                arguments: written(&item["arguments"]),
            }),
            _ => {
                for part in item["content"].as_array().into_iter().flatten() {
                    told.has_refused |= part["type"].as_str() == Some("refusal");
                    if matches!(part["type"].as_str(), Some("output_text" | "text")) {
                        told.write(part["text"].as_str().unwrap_or_default());
                    }
                }
            }
        }
    }
    told.finish = Some(match body.pointer("/incomplete_details/reason").and_then(Value::as_str) {
        Some("max_output_tokens") => "length".to_owned(),
        Some(reason) => reason.to_owned(),
        None if told.calls.is_empty() => "stop".to_owned(),
        None => "tool_calls".to_owned(),
    });
    Ok(told)
}

/// An event of a stream. The last one holds the whole answer.
pub(super) fn piece(told: &mut Told, event: &Value, clean: impl Fn(&str) -> String) -> Result<(), Fault> {
    match event["type"].as_str().unwrap_or_default() {
        "response.completed" | "response.incomplete" | "response.failed" => *told = answer(&event["response"], clean)?,
        kind => told.has_begun |= kind.ends_with(".delta"),
    }
    Ok(())
}

#[cfg(test)]
#[path = "responses_tests.rs"]
mod tests;
