//! Models: what they answer, streamed and whole, and how they refuse.

use super::*;

const CHAT: &str = "/v1/chat/completions";

fn asks(content: &str) -> Value {
    json!({ "model": "m", "messages": [{ "role": "user", "content": content }] })
}

fn with(mut body: Value, more: Value) -> Value {
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// The data of each event of a stream.
async fn events(asking: &Asking, path: &str, body: Value) -> Vec<String> {
    let (status, text) =
        asking.ask(Method::POST, path, "ada", Some(with(body, json!({ "stream": true })))).await.unwrap();
    assert_eq!(status, 200, "{text}");
    assert!(text.ends_with("\n\n"));
    text.lines().filter_map(|line| line.strip_prefix("data: ")).map(str::to_owned).collect()
}

async fn chunks(asking: &Asking, body: Value) -> Vec<Value> {
    let mut events = events(asking, CHAT, body).await;
    assert_eq!(events.pop().as_deref(), Some("[DONE]"));
    events.iter().map(|event| serde_json::from_str(event).unwrap()).collect()
}

#[tokio::test]
async fn a_model_answers_and_counts_its_tokens() {
    let asking = Asking::start(Vec::new()).await;
    let body = json!({ "model": "m", "messages": [{ "role": "user", "content": "rain" }] });
    let (status, answer) = asking.json(Method::POST, "/v1/chat/completions", "ada", Some(body.clone())).await;
    let (_, again) = asking.json(Method::POST, "/v1/chat/completions", "ada", Some(body)).await;
    assert_eq!((status, &answer), (200, &again));
    let of_one = answer["usage"]["total_tokens"].as_u64().unwrap();
    let told = asking.emulator.report()["llm"].clone();
    let tokens = told["prompt_tokens"].as_u64().unwrap() + told["completion_tokens"].as_u64().unwrap();
    assert_eq!((told["requests"].as_u64(), tokens), (Some(2), 2 * of_one));
}

#[tokio::test]
async fn a_stream_says_what_the_whole_answer_does() {
    let asking = Asking::start(Vec::new()).await;
    let (_, whole) = asking.json(Method::POST, CHAT, "ada", Some(asks("rain"))).await;
    let told = chunks(&asking, with(asks("rain"), json!({ "stream_options": { "include_usage": true } }))).await;
    let text: String = told.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(whole["choices"][0]["message"]["content"], text.as_str());
    assert!(told.len() > 8, "{}", told.len());
    let (usage, before) = (told.last().unwrap(), &told[told.len() - 2]);
    assert_eq!((&usage["usage"], &usage["choices"]), (&whole["usage"], &json!([])));
    assert_eq!((&before["choices"][0]["finish_reason"], &before["usage"]), (&"stop".into(), &Value::Null));
    let without = chunks(&asking, asks("rain")).await;
    assert!(without.iter().all(|chunk| chunk["usage"].is_null()));
    assert_eq!(asking.emulator.counts()["effects"]["completion"], 3);
}

#[tokio::test]
async fn tools_are_called_and_their_answers_taken() {
    let asking = Asking::start(Vec::new()).await;
    let tool = |name: &str| {
        let parameters =
            json!({ "type": "object", "properties": { "port": { "type": "string" } }, "required": ["port"] });
        json!({ "type": "function", "function": { "name": name, "parameters": parameters } })
    };
    let tools = json!({ "tools": [tool("tide"), tool("wind")] });
    let calls = |answer: &Value| -> Vec<String> {
        let calls = answer["choices"][0]["message"]["tool_calls"].as_array().cloned().unwrap_or_default();
        calls.iter().map(|call| call["function"]["name"].as_str().unwrap().to_owned()).collect()
    };
    let ask = async |content: &str, more: Value| {
        asking.json(Method::POST, CHAT, "ada", Some(with(with(asks(content), tools.clone()), more))).await.1
    };
    assert_eq!(calls(&ask("hello", json!({})).await), [""; 0]);
    assert_eq!(calls(&ask("hello", json!({ "tool_choice": "required" })).await), ["tide"]);
    assert_eq!(calls(&ask("tide and wind", json!({})).await), ["tide", "wind"]);
    assert_eq!(calls(&ask("tide", json!({ "tool_choice": "none" })).await), [""; 0]);
    let named = json!({ "tool_choice": { "type": "function", "function": { "name": "wind" } } });
    let called = ask("tide", named.clone()).await;
    assert_eq!(
        (calls(&called), &called["choices"][0]["finish_reason"]),
        (vec!["wind".to_owned()], &"tool_calls".into())
    );
    let call = &called["choices"][0]["message"]["tool_calls"][0];
    let arguments: Value = serde_json::from_str(call["function"]["arguments"].as_str().unwrap()).unwrap();
    assert!(arguments["port"].is_string());

    let streamed = chunks(&asking, with(with(asks("tide"), tools.clone()), named)).await;
    let deltas = streamed.iter().flat_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"].as_array()).flatten();
    let pieces: String = deltas.filter_map(|delta| delta["function"]["arguments"].as_str()).collect();
    assert_eq!(call["function"]["arguments"], pieces.as_str());

    let mut body = with(asks("tide"), tools.clone());
    let said = json!([{ "role": "assistant", "content": null, "tool_calls": [call] },
        { "role": "tool", "tool_call_id": call["id"], "content": "tide: high" }]);
    body["messages"].as_array_mut().unwrap().extend(said.as_array().unwrap().clone());
    let (_, after) = asking.json(Method::POST, CHAT, "ada", Some(body)).await;
    assert!(after["choices"][0]["message"]["content"].is_string(), "{after}");
}

#[tokio::test]
async fn an_answer_has_the_shape_that_is_asked_for_unless_the_plan_says_otherwise() {
    let asking = Asking::start(Vec::new()).await;
    let schema =
        json!({ "type": "object", "properties": { "mood": { "enum": ["calm", "stormy"] } }, "required": ["mood"] });
    let format = json!({ "type": "json_schema", "json_schema": { "name": "mood", "schema": schema } });
    let body = with(asks("rain"), json!({ "response_format": format }));
    let ask = async || {
        let (_, answer) = asking.json(Method::POST, CHAT, "ada", Some(body.clone())).await;
        answer["choices"][0]["message"]["content"].as_str().unwrap().to_owned()
    };
    let shaped: Value = serde_json::from_str(&ask().await).unwrap();
    assert!(["calm", "stormy"].contains(&shaped["mood"].as_str().unwrap()), "{shaped}");
    let says = Fault { times: Some(1), ..Fault::from(Kind::Says { text: "no".to_owned() }) };
    asking.emulator.misbehave(Plan { faults: vec![says], ..Plan::default() });
    assert_eq!(ask().await, "no");
    assert_eq!(serde_json::from_str::<Value>(&ask().await).unwrap(), shaped);
}

#[tokio::test]
async fn responses_are_whole_or_streamed() {
    let asking = Asking::start(Vec::new()).await;
    let body = json!({ "model": "m", "input": "rain", "instructions": "be brief" });
    let (_, whole) = asking.json(Method::POST, "/v1/responses", "ada", Some(body.clone())).await;
    let told: Vec<Value> =
        events(&asking, "/v1/responses", body).await.iter().map(|event| serde_json::from_str(event).unwrap()).collect();
    let text: String = told.iter().filter_map(|event| event["delta"].as_str()).collect();
    assert_eq!(whole["output"][0]["content"][0]["text"], text.as_str());
    let last = told.last().unwrap();
    assert_eq!((&last["type"], &last["response"]), (&"response.completed".into(), &whole));
    assert!(told.iter().enumerate().all(|(n, event)| event["sequence_number"] == n));
    let short = json!({ "model": "m", "input": [{ "role": "user", "content": [{ "type": "input_text", "text": "rain" }] }],
        "max_output_tokens": 2 });
    let (_, short) = asking.json(Method::POST, "/v1/responses", "ada", Some(short)).await;
    assert_eq!(
        (&short["status"], &short["incomplete_details"]["reason"]),
        (&"incomplete".into(), &"max_output_tokens".into())
    );
}

#[tokio::test]
async fn embeddings_moderations_and_names_of_models_are_there() {
    let asking = Asking::start(Vec::new()).await;
    let body = json!({ "model": "e", "input": ["the tide", "the tide", "gulls"], "dimensions": 8 });
    let (_, told) = asking.json(Method::POST, "/v1/embeddings", "ada", Some(body.clone())).await;
    assert_eq!(told["data"][0]["embedding"], told["data"][1]["embedding"]);
    assert_ne!(told["data"][0]["embedding"], told["data"][2]["embedding"]);
    assert_eq!(told["data"][2]["embedding"].as_array().unwrap().len(), 8);
    let (_, packed) = asking
        .json(Method::POST, "/v1/embeddings", "ada", Some(with(body, json!({ "encoding_format": "base64" }))))
        .await;
    assert_eq!(packed["data"][0]["embedding"].as_str().unwrap().len(), 44);
    assert_eq!(asking.emulator.counts()["effects"]["embedding"], 2);
    let (_, judged) =
        asking.json(Method::POST, "/v1/moderations", "ada", Some(json!({ "input": ["a [violence]", "b"] }))).await;
    assert_eq!((&judged["results"][0]["flagged"], &judged["results"][1]["flagged"]), (&true.into(), &false.into()));
    assert_eq!(judged["results"][0]["categories"]["violence"], true);
    let (_, models) = asking.json(Method::GET, "/v1/models", "ada", None).await;
    assert_eq!(models["data"][0]["id"], "emulated-small");
    assert_eq!(asking.json(Method::GET, "/v1/models/maker/m", "ada", None).await.1["id"], "maker/m");
    assert_eq!(asking.json(Method::GET, "/v1/models/no-such-model", "ada", None).await.0, 404);
}

#[tokio::test]
async fn each_provider_refuses_in_its_own_words() {
    let asking = Asking::start(Vec::new()).await;
    let of = |model: &str| with(asks("rain"), json!({ "model": model }));
    let wrong_key = async |model: &str| {
        let url = format!("{}{CHAT}", asking.emulator.url());
        let answer = asking.http.post(url).bearer_auth("sk-wrong").json(&of(model)).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    assert_eq!(wrong_key("gpt-4o").await.1["error"]["code"], "invalid_api_key");
    let (status, of_xai) = wrong_key("grok-4").await;
    assert!(status == 400 && of_xai["error"].as_str().unwrap().contains("Incorrect API key"), "{of_xai}");
    let (status, of_openrouter) = wrong_key("maker/model").await;
    assert_eq!((status, &of_openrouter["error"]["code"]), (401, &401.into()));
    assert_eq!(wrong_key("gpt-4o").await.0, 401);
    let refused = async |model: &str, more: Value| {
        let (status, body) = asking.json(Method::POST, CHAT, "ada", Some(with(of(model), more))).await;
        (status, body.to_string())
    };
    for name in ["presence_penalty", "frequency_penalty"] {
        let (status, body) = refused("grok-4", json!({ name: 0.5 })).await;
        assert!(status == 400 && body.contains(&format!("not supported on this model: {name}")), "{body}");
        assert_eq!(refused("grok-3", json!({ name: 0.5 })).await.0, 200);
    }
    assert_eq!(refused("grok-4", json!({ "stop": ["x"] })).await.0, 400);
    let (status, body) = refused("gpt-5", json!({ "max_tokens": 5 })).await;
    assert!(status == 400 && body.contains("unsupported_parameter"), "{body}");
    assert_eq!(refused("gpt-5", json!({ "max_completion_tokens": 5 })).await.0, 200);
    let (status, body) = refused("no-such-model", json!({})).await;
    assert!(status == 404 && body.contains("model_not_found"), "{body}");
    // Thought is in xAI's total alone.
    let (_, thought) = asking.json(Method::POST, CHAT, "ada", Some(of("grok-4"))).await;
    let usage = |name: &str| thought["usage"][name].as_u64().unwrap();
    assert_eq!(usage("total_tokens"), usage("prompt_tokens") + usage("completion_tokens") + 16);
    asking.emulator.misbehave(Plan { manner: Some(puppet_emulate::Manner::Xai), ..Plan::default() });
    assert_eq!(wrong_key("gpt-4o").await.0, 400, "the plan may say whose words they are");
}

#[tokio::test]
async fn streams_stall_break_off_and_carry_errors_on_command() {
    let asking = Asking::start(Vec::new()).await;
    let misbehave = |kind: Kind| asking.emulator.misbehave(Plan { faults: vec![kind.into()], ..Plan::default() });
    let stream = with(asks("rain"), json!({ "stream": true }));
    misbehave(Kind::ErrorInStream { after: 2 });
    let (status, told) = asking.ask(Method::POST, CHAT, "ada", Some(stream.clone())).await.unwrap();
    let data: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    assert_eq!((status.as_u16(), data.len()), (200, 3));
    assert!(data[2].contains("server_error"), "{told}");
    let (status, whole) = asking.json(Method::POST, CHAT, "ada", Some(asks("rain"))).await;
    assert_eq!((status, &whole["error"]["type"]), (200, &"server_error".into()));
    misbehave(Kind::Stall { after: 3 });
    let url = format!("{}{CHAT}", asking.emulator.url());
    let mut response = asking.http.post(url).bearer_auth(token("ada")).json(&stream).send().await.unwrap();
    let mut come = Vec::new();
    while come.windows(2).filter(|two| *two == b"\n\n").count() < 3 {
        come.extend_from_slice(&response.chunk().await.unwrap().unwrap());
    }
    let quiet = tokio::time::timeout(std::time::Duration::from_millis(300), response.chunk()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    misbehave(Kind::CutShort);
    assert!(asking.ask(Method::POST, CHAT, "ada", Some(stream.clone())).await.is_err());
    misbehave(Kind::Truncated);
    let (_, told) = asking.ask(Method::POST, CHAT, "ada", Some(stream)).await.unwrap();
    assert!(!told.contains("[DONE]"), "{told}");
    misbehave(Kind::NoUsage);
    let (_, whole) = asking.json(Method::POST, CHAT, "ada", Some(asks("rain"))).await;
    assert!(whole["usage"].is_null() && whole["choices"].is_array(), "{whole}");
    misbehave(Kind::RateLimited { reset_s: 2 });
    let url = format!("{}{CHAT}", asking.emulator.url());
    let response = asking.http.post(url).bearer_auth(token("ada")).json(&asks("rain")).send().await.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (429, &"2".parse().unwrap()));
}
