//! The chat API: what is asked, and what becomes of answers.

use super::*;
use crate::{ToolCall, openai::quirks::Api};

fn request() -> Request {
    Request { messages: vec![Message::new(Role::User, "hi")], max_tokens: 50, ..Request::default() }
}

fn quirks(preset: Option<&str>, model: &str) -> Quirks {
    Quirks::of("p", preset, Api::Chat, model)
}

#[test]
fn what_a_model_refuses_is_left_out() {
    let sampling = Sampling {
        temperature: Some(0.7),
        presence_penalty: Some(0.5),
        stop: vec!["END".to_owned()],
        ..Sampling::default()
    };
    let request = Request { sampling, ..request() };
    let of = |model: &str| body(&request, model, &quirks(None, model), false).unwrap();
    let messages = json!([{"role": "user", "content": "hi"}]);
    let all = json!({
        "model": "m", "messages": messages, "max_tokens": 50, "stream": false, "temperature": 0.7,
        "presence_penalty": 0.5, "stop": ["END"]
    });
    assert_eq!(of("m"), all);
    let thinks = json!({"model": "o4-mini", "messages": messages, "max_completion_tokens": 50, "stream": false});
    assert_eq!(of("o4-mini"), thinks);
    let grok = json!({"model": "grok-4", "messages": messages, "max_tokens": 50, "stream": false, "temperature": 0.7});
    assert_eq!(of("grok-4"), grok);
}

#[test]
fn tools_and_their_results_are_written() {
    let parameters = r#"{"type":"object"}"#.to_owned();
    let tool = Tool { name: "look_up".to_owned(), description: "Finds.".to_owned(), parameters };
    let call = ToolCall { id: "c1".into(), name: "look_up".into(), arguments: "{\"q\":1}".into() };
    let mut asked = request();
    asked.tools = vec![tool];
    asked.messages.push(Message { tool_calls: vec![call], ..Message::new(Role::Assistant, "") });
    asked.messages.push(Message { tool_call_id: Some("c1".into()), ..Message::new(Role::Tool, "42") });
    let body = body(&asked, "m", &quirks(None, "m"), false).unwrap();
    let function = json!({"name": "look_up", "description": "Finds.", "parameters": {"type": "object"}});
    assert_eq!(body["tools"], json!([{"type": "function", "function": function}]));
    let called = json!([{"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": "{\"q\":1}"}}]);
    assert_eq!(body["messages"][1], json!({"role": "assistant", "content": "", "tool_calls": called}));
    assert_eq!(body["messages"][2], json!({"role": "tool", "content": "42", "tool_call_id": "c1"}));
}

#[test]
fn a_schema_is_sent_as_the_model_takes_it() {
    let schema = r#"{"type":"object"}"#;
    let request = Request { response_schema: Some(schema.to_owned()), ..request() };
    let of = |quirks: &Quirks| body(&request, "m", quirks, false).unwrap();
    let told = json!({"role": "system", "content": format!("{IN_JSON}{schema}")});
    let plain = quirks(None, "m");
    let format = json!({"name": "answer", "schema": {"type": "object"}, "strict": false});
    assert_eq!(of(&plain)["response_format"], json!({"type": "json_schema", "json_schema": format}));
    assert_eq!(of(&plain)["messages"].as_array().unwrap().len(), 1);
    plain.learn(Parameter::JsonSchema, true);
    assert_eq!(of(&plain)["response_format"], json!({"type": "json_object"}));
    assert_eq!(of(&plain)["messages"][0], told);
    let claude = of(&quirks(Some("anthropic"), "claude"));
    assert_eq!((&claude["response_format"], &claude["messages"][0]), (&Value::Null, &told));
    let bare = Request { response_schema: None, ..request.clone() };
    assert!(
        request.prompt_bytes() - bare.prompt_bytes() >= (IN_JSON.len() + schema.len()) as u64,
        "it is reserved for"
    );
}

#[test]
fn a_speaker_has_a_name_that_the_protocol_takes() {
    for (name, wanted) in [
        ("ada", Some("ada".to_owned())),
        (" Ada L. <x>/y ", Some("Ada_L.__x__y".to_owned())),
        ("  ", None),
        (&"ä".repeat(80), Some("ä".repeat(64))),
    ] {
        assert_eq!(speaker(name), wanted);
    }
}

#[test]
fn answers_are_read_as_loosely_as_they_are_written() {
    let of = |body: Value| answer(&body).unwrap();
    let message = |message: Value| json!({"choices": [{"message": message}]});
    assert_eq!(of(message(json!({"content": "hi"}))).text, "hi");
    let parts = json!({"content": [{"type": "text", "text": "h"}, {"type": "text", "text": "i"}], "usage": null});
    assert_eq!(of(message(parts)).text, "hi");
    let call = json!({"type": "function", "function": {"name": "f", "arguments": {"q": 1}}});
    let got = of(message(json!({"content": null, "tool_calls": [call]})));
    assert_eq!((got.calls[0].name.as_str(), got.calls[0].arguments.as_str()), ("f", "{\"q\":1}"));
    assert!(of(message(json!({"refusal": "no"}))).has_refused);
    assert_eq!(of(json!({"choices": []})).text, "");
    assert_eq!(answer(&json!({"answer": 42})), Err(Fault::Unreadable));
}

#[test]
fn pieces_of_calls_find_each_other() {
    let of = |pieces: &[Value]| {
        let mut told = Told::default();
        for calls in pieces {
            piece(&mut told, &json!({"choices": [{"index": 0, "delta": {"tool_calls": calls}}]}));
        }
        told.calls.into_iter().map(|call| (call.id, call.name, call.arguments)).collect::<Vec<_>>()
    };
    let call = |index: Option<u64>, id: &str, name: &str, arguments: &str| {
        let mut call = json!({"function": {"arguments": arguments}});
        if let Some(index) = index {
            call["index"] = json!(index);
        }
        if !id.is_empty() {
            call["id"] = json!(id);
            call["function"]["name"] = json!(name);
        }
        json!([call])
    };
    let wanted = |calls: &[(&str, &str, &str)]| {
        calls.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned())).collect::<Vec<_>>()
    };
    let numbered = of(&[
        call(Some(0), "a", "f", ""),
        call(Some(0), "", "", "{\"x\""),
        call(Some(1), "b", "g", ""),
        call(Some(0), "", "", ":1}"),
        call(Some(1), "", "", "{}"),
    ]);
    assert_eq!(numbered, wanted(&[("a", "f", "{\"x\":1}"), ("b", "g", "{}")]));
    let unnumbered = of(&[call(None, "a", "f", "{"), call(None, "", "", "}"), call(None, "b", "g", "{}")]);
    assert_eq!(unnumbered, wanted(&[("a", "f", "{}"), ("b", "g", "{}")]));
}
