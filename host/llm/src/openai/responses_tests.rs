use super::*;
use crate::{Sampling, Tool, ToolCall, openai::quirks::Api};

fn quirks() -> Quirks {
    Quirks::of("p", None, Api::Responses, "m")
}

#[test]
fn a_request_has_what_the_protocol_knows() {
    let sampling = Sampling {
        temperature: Some(0.5),
        presence_penalty: Some(1.0),
        stop: vec!["END".to_owned()],
        ..Sampling::default()
    };
    let call = ToolCall { id: "c1".into(), name: "f".into(), arguments: "{}".into() };
    let messages = vec![
        Message { name: Some("ada".to_owned()), ..Message::new(Role::User, "hi") },
        Message { tool_calls: vec![call], ..Message::new(Role::Assistant, "") },
        Message { tool_call_id: Some("c1".into()), ..Message::new(Role::Tool, "42") },
    ];
    let tools = vec![Tool { name: "f".into(), description: "d".into(), parameters: "{}".into() }];
    let request = Request {
        messages,
        tools,
        sampling,
        max_tokens: 50,
        response_schema: Some("{}".to_owned()),
        ..Request::default()
    };
    let format = json!({"type": "json_schema", "name": "answer", "schema": {}, "strict": false});
    let wanted = json!({
        "model": "m", "max_output_tokens": 50, "store": false, "stream": true, "temperature": 0.5,
        "input": [
            {"role": "user", "content": "hi"},
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "42"}
        ],
        "tools": [{"type": "function", "name": "f", "description": "d", "parameters": {}, "strict": false}],
        "text": {"format": format}
    });
    assert_eq!(body(&request, "m", &quirks(), true).unwrap(), wanted);
    let short = Request { max_tokens: 15, ..request };
    assert_eq!(body(&short, "m", &quirks(), true).unwrap_err().code, Code::InvalidInput);
}

#[test]
fn answers_are_text_calls_or_refusals() {
    let of = |body: Value| answer(&body, str::to_owned);
    let text = json!({"type": "message", "content": [{"type": "output_text", "text": "hi"}]});
    let call = json!({"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"});
    let usage = json!({"input_tokens": 22, "output_tokens": 6, "total_tokens": 28});
    let told = of(json!({"output": [{"type": "reasoning"}, text], "usage": usage, "model": "m-1"})).unwrap();
    assert_eq!((told.text.as_str(), told.finish.as_deref(), told.model.as_deref()), ("hi", Some("stop"), Some("m-1")));
    assert_eq!(told.usage.map(|usage| (usage.prompt_tokens, usage.completion_tokens)), Some((22, 6)));
    let told = of(json!({"output": [call]})).unwrap();
    assert_eq!((told.calls[0].id.as_str(), told.finish.as_deref()), ("c1", Some("tool_calls")));
    let long = json!({"output": [], "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}});
    assert_eq!(of(long).unwrap().finish.as_deref(), Some("length"));
    assert!(of(json!({"output": [{"content": [{"type": "refusal", "refusal": "no"}]}]})).unwrap().has_refused);
    let failed = json!({"output": [], "status": "failed", "error": {"code": "server_error", "message": "oops"}});
    assert_eq!(of(failed), Err(Fault::Failed(500)));
    assert_eq!(of(json!({"choices": []})), Err(Fault::Unreadable));
}

#[test]
fn the_last_event_holds_the_answer() {
    let mut told = Told::default();
    let mut hear = |event: Value| piece(&mut told, &event, str::to_owned);
    hear(json!({"type": "response.created", "response": {"output": []}})).unwrap();
    hear(json!({"type": "response.output_text.delta", "delta": "h"})).unwrap();
    let text = json!({"type": "message", "content": [{"type": "output_text", "text": "hi"}]});
    hear(json!({"type": "response.completed", "response": {"output": [text], "status": "completed"}})).unwrap();
    assert_eq!((told.text.as_str(), told.finish.as_deref(), told.has_begun), ("hi", Some("stop"), true));
}
