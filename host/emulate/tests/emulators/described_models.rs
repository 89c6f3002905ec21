//! What the emulated models answer, against OpenAI's own description of its API, where that lies beside the project.

use std::{collections::BTreeMap, path::Path};

use jsonschema::Validator;

use super::*;

/// The schemas of the description, made when they are first asked for.
struct Described {
    components: Value,
    schemas: BTreeMap<&'static str, Validator>,
}

impl Described {
    /// None, and said so, where the description is not there.
    fn read() -> Option<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs/openai/openapi.yaml");
        let Ok(text) = std::fs::read_to_string(&path) else {
            println!("skipped: {} is not there", path.display());
            return None;
        };
        // `y` is a name there.
        let options = serde_saphyr::options! { budget: None, strict_booleans: true };
        let mut all: Value = serde_saphyr::from_str_with_options(&text, options).unwrap();
        nullable(&mut all);
        Some(Self { components: all["components"].take(), schemas: BTreeMap::new() })
    }

    fn errors(&mut self, schema: &'static str, value: &Value) -> Vec<String> {
        let components = &self.components;
        let validator = self.schemas.entry(schema).or_insert_with(|| {
            let schema = json!({ "$ref": format!("#/components/schemas/{schema}"), "components": components });
            jsonschema::draft202012::new(&schema).unwrap()
        });
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    fn holds(&mut self, schema: &'static str, value: &Value) {
        let wrong = self.errors(schema, value);
        assert!(wrong.is_empty(), "it is no {schema}: {wrong:?}\n{value:#}");
    }
}

/// `nullable`, which the description still says in places, in the words of the JSON Schema that it is read as.
fn nullable(schema: &mut Value) {
    match schema {
        Value::Array(several) => several.iter_mut().for_each(nullable),
        Value::Object(schema) => {
            if schema.get("nullable") == Some(&Value::Bool(true)) {
                if let Some(kind) = schema.get("type").filter(|kind| kind.is_string()).cloned() {
                    schema.insert("type".to_owned(), json!([kind, "null"]));
                }
                if let Some(Value::Array(several)) = schema.get_mut("enum") {
                    several.push(Value::Null);
                }
            }
            schema.values_mut().for_each(nullable);
        }
        _ => {}
    }
}

/// Without what real streams carry and the description has not: nulls of these names.
fn without_nulls(mut chunk: Value) -> Value {
    let object = chunk.as_object_mut().unwrap();
    for name in ["usage", "system_fingerprint"] {
        if object.get(name).is_some_and(Value::is_null) {
            object.remove(name);
        }
    }
    chunk
}

fn data(stream: &str) -> Vec<Value> {
    let lines = stream.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
    lines.map(|data| serde_json::from_str(data).unwrap()).collect()
}

#[tokio::test]
async fn answers_are_those_that_openai_describes() {
    let Some(mut described) = Described::read() else { return };
    let asking = Asking::start(Vec::new()).await;
    let messages = json!([{ "role": "user", "content": "rain" }]);
    let parameters = json!({ "type": "object", "properties": { "port": { "type": "string" } } });
    let of_chat = json!({ "type": "function", "function": { "name": "tide", "parameters": parameters } });
    let of_responses = json!({ "type": "function", "name": "tide", "parameters": parameters, "strict": false });
    let chats = [
        json!({ "model": "m", "messages": messages }),
        json!({ "model": "gpt-5", "messages": messages, "max_completion_tokens": 2 }),
        json!({ "model": "m", "messages": messages, "tools": [of_chat], "tool_choice": "required" }),
    ];
    for mut chat in chats {
        let (_, told) = asking.json(Method::POST, "/v1/chat/completions", "ada", Some(chat.clone())).await;
        described.holds("CreateChatCompletionResponse", &told);
        chat["stream"] = json!(true);
        chat["stream_options"] = json!({ "include_usage": true });
        let (_, stream) = asking.ask(Method::POST, "/v1/chat/completions", "ada", Some(chat)).await.unwrap();
        for chunk in data(&stream) {
            described.holds("CreateChatCompletionStreamResponse", &without_nulls(chunk));
        }
    }
    let responses = [
        json!({ "model": "m", "input": "rain", "instructions": "be brief" }),
        json!({ "model": "m", "input": "rain", "max_output_tokens": 2 }),
        json!({ "model": "m", "input": "rain", "tools": [of_responses], "tool_choice": "required" }),
    ];
    for mut create in responses {
        let (_, told) = asking.json(Method::POST, "/v1/responses", "ada", Some(create.clone())).await;
        described.holds("Response", &told);
        create["stream"] = json!(true);
        let (_, stream) = asking.ask(Method::POST, "/v1/responses", "ada", Some(create)).await.unwrap();
        for mut event in data(&stream) {
            if event["response"].is_object() {
                event["response"] = without_nulls(event["response"].take());
            }
            described.holds("ResponseStreamEvent", &event);
        }
    }
    let post = |path: &'static str, body: Value| (Method::POST, path, Some(body));
    for (schema, (method, path, body)) in [
        ("CreateEmbeddingResponse", post("/v1/embeddings", json!({ "model": "e", "input": "rain", "dimensions": 4 }))),
        ("CreateModerationResponse", post("/v1/moderations", json!({ "input": "a [violence]" }))),
        ("ListModelsResponse", (Method::GET, "/v1/models", None)),
        ("Model", (Method::GET, "/v1/models/m", None)),
        ("ErrorResponse", post("/v1/chat/completions", json!({ "model": "m" }))),
        ("ErrorResponse", post("/v1/chat/completions", json!({ "model": "no-such", "messages": messages }))),
        ("ErrorResponse", post("/v1/embeddings", json!({ "model": "e", "input": [] }))),
    ] {
        let (_, told) = asking.json(method, path, "ada", body).await;
        described.holds(schema, &told);
    }
    for name in
        ["wrong-key", "quota-spent", "model-busy", "no-such-model", "context-length", "content-policy", "overloaded"]
    {
        let plan = json!({ "faults": [{ "kind": "refused", "with": name }] });
        asking.json(Method::POST, "/_emulator/faults", "nobody", Some(plan)).await;
        let chat = json!({ "model": "m", "messages": messages });
        let (_, told) = asking.json(Method::POST, "/v1/chat/completions", "ada", Some(chat)).await;
        described.holds("ErrorResponse", &told);
    }
    let misbehave = |kind: Kind| asking.emulator.misbehave(Plan { faults: vec![kind.into()], ..Plan::default() });
    let (chat, create) = (json!({ "model": "m", "messages": messages }), json!({ "model": "m", "input": "rain" }));
    let calls = [("/v1/chat/completions", chat), ("/v1/responses", create)];
    for kind in [Kind::RateLimited { reset_s: 2 }, Kind::Failed { status: 503, done: false }] {
        misbehave(kind);
        for (path, body) in &calls {
            let (status, told) = asking.json(Method::POST, path, "ada", Some(body.clone())).await;
            assert!(status >= 429, "{status}");
            described.holds("ErrorResponse", &told);
        }
    }
    for after in [0, 1, 3] {
        misbehave(Kind::ErrorInStream { after });
        for (path, body) in &calls {
            let mut body = body.clone();
            body["stream"] = json!(true);
            let (_, stream) = asking.ask(Method::POST, path, "ada", Some(body)).await.unwrap();
            let error = data(&stream).pop().unwrap();
            if *path == "/v1/responses" {
                described.holds("ResponseErrorEvent", &error);
                assert_eq!(error["sequence_number"], after, "it has its place");
            } else {
                described.holds("ErrorResponse", &error);
            }
        }
    }
    assert!(!described.errors("CreateChatCompletionResponse", &json!({ "id": 1 })).is_empty(), "it is strict");
}
