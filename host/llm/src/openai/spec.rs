//! What is sent, against OpenAI's own description of its protocols, whatever is asked for. The description lies beside
//! the project; where it does not, these tests say so and pass.

use std::{path::Path, sync::OnceLock};

use jsonschema::Validator;
use proptest::{collection::vec, option, prelude::*, test_runner::TestCaseResult};
use serde_json::{Value, json};

use super::*;
use crate::{Message, Price, Role, Sampling, Tool, ToolCall};

/// A schema of the description; none, and said so, where that is not there.
fn described(schema: &str) -> Option<Validator> {
    static DESCRIPTION: OnceLock<Option<Value>> = OnceLock::new();
    let description = DESCRIPTION.get_or_init(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs/openai/openapi.yaml");
        let Ok(text) = std::fs::read_to_string(&path) else {
            println!("skipped: {} is not there", path.display());
            return None;
        };
        // `y` is a name there.
        let options = serde_saphyr::options! { budget: None, strict_booleans: true };
        Some(serde_saphyr::from_str_with_options(&text, options).unwrap())
    });
    let components = &description.as_ref()?["components"];
    let schema = json!({"$ref": format!("#/components/schemas/{schema}"), "components": components});
    Some(jsonschema::draft202012::new(&schema).unwrap())
}

fn provider(api: Api, model: &str, preset: &str, stream: bool) -> OpenAi {
    let preset = Preset::named(preset);
    let price = Some(Price::FREE);
    OpenAi::new(Endpoint { api, preset, stream, price, ..Endpoint::new("p", "http://127.0.0.1:9/v1", model) }).unwrap()
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,40}", "\\PC{0,40}", Just("x".to_owned())]
}

fn call() -> impl Strategy<Value = ToolCall> {
    let arguments = prop_oneof![Just("{}".to_owned()), Just("{\"q\": [1, null]}".to_owned()), text()];
    ("[a-z0-9_]{1,20}", "[a-zA-Z0-9_-]{1,64}", arguments).prop_map(|(id, name, arguments)| ToolCall {
        id,
        name,
        arguments,
    })
}

fn message() -> impl Strategy<Value = Message> {
    let plain = (prop_oneof![Just(Role::System), Just(Role::User), Just(Role::Assistant)], option::of(text()), text());
    let plain = plain.prop_map(|(role, name, content)| Message { name, ..Message::new(role, content) });
    let calling = (text(), vec(call(), 1..4))
        .prop_map(|(content, tool_calls)| Message { tool_calls, ..Message::new(Role::Assistant, content) });
    let result = ("[a-z0-9_]{1,20}", text())
        .prop_map(|(id, content)| Message { tool_call_id: Some(id), ..Message::new(Role::Tool, content) });
    prop_oneof![3 => plain, 1 => calling, 1 => result]
}

fn schema() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("{}".to_owned()),
        Just(r#"{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}"#.to_owned()),
        Just(r#"{"type":"array","items":{"enum":[1,"b",null]}}"#.to_owned()),
    ]
}

fn request() -> impl Strategy<Value = Request> {
    let sampling = (
        option::of(0.0_f32..=2.0),
        option::of(0.01_f32..=1.0),
        option::of(-2.0_f32..=2.0),
        option::of(-2.0_f32..=2.0),
        vec("[ -~]{1,20}", 0..=4),
    )
        .prop_map(|(temperature, top_p, presence_penalty, frequency_penalty, stop)| Sampling {
            temperature,
            top_p,
            presence_penalty,
            frequency_penalty,
            stop,
        });
    let tool = ("[a-zA-Z0-9_-]{1,64}", text(), schema()).prop_map(|(name, description, parameters)| Tool {
        name,
        description,
        parameters,
    });
    let messages = vec(message(), 1..8);
    let parts = (messages, 16_u32..=16_384, sampling, vec(tool, 0..4), option::of(schema()));
    let request = parts.prop_map(|(messages, max_tokens, sampling, tools, response_schema)| Request {
        messages,
        max_tokens,
        sampling,
        tools,
        response_schema,
        ..Request::default()
    });
    request.prop_filter("what the interface refuses is not sent", |request| request.validate().is_ok())
}

fn check(schema: &Validator, body: &Value) -> TestCaseResult {
    let wrong: Vec<String> =
        schema.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect();
    prop_assert!(wrong.is_empty(), "{wrong:?}\n{body:#}");
    Ok(())
}

/// Each model with all of its quirks, and with those that it may yet teach.
fn check_all(schema: &Validator, api: Api, request: &Request, stream: bool, learned: &[bool]) -> TestCaseResult {
    for (model, preset) in [("gpt-4o", "openai"), ("o3", "openai"), ("grok-4", "grok"), ("m", "anthropic")] {
        let provider = provider(api, model, preset, stream);
        for (parameter, is_learned) in quirks::Parameter::ALL.into_iter().zip(learned) {
            if *is_learned {
                provider.quirks.learn(parameter, true);
            }
        }
        check(schema, &provider.body(request, &provider.quirks).unwrap())?;
    }
    Ok(())
}

fn run<S: Strategy>(strategy: S, test: impl Fn(S::Value) -> TestCaseResult) {
    let config = ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() };
    proptest::test_runner::TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    )
    .run(&strategy, test)
    .unwrap();
}

#[test]
fn whatever_is_asked_is_a_request_of_the_protocol() {
    for (api, name) in [(Api::Chat, "CreateChatCompletionRequest"), (Api::Responses, "CreateResponse")] {
        let Some(schema) = described(name) else { return };
        let strange = json!({"model": "m", "messages": [{"role": "nobody"}], "input": [{"role": "nobody"}]});
        assert!(!schema.is_valid(&strange), "{name} is strict");
        let inputs = (request(), any::<bool>(), vec(any::<bool>(), quirks::Parameter::ALL.len()));
        run(inputs, |(request, stream, learned)| check_all(&schema, api, &request, stream, &learned));
    }
}

#[test]
fn requests_for_vectors_are_of_the_protocol() {
    let Some(schema) = described("CreateEmbeddingRequest") else { return };
    assert!(!schema.is_valid(&json!({"model": "m", "input": [], "more": 1})), "it is strict");
    let provider = provider(Api::Chat, "m", "openai", true);
    run(vec("\\PC{1,60}", 1..=64), |texts| {
        check(&schema, &embeddings::body(&texts, "text-embedding-3-small", &provider.embedding_quirks))
    });
}

#[test]
fn looks_at_texts_are_of_the_protocol() {
    let Some(schema) = described("CreateModerationRequest") else { return };
    assert!(!schema.is_valid(&json!({"model": "m"})), "it is strict");
    run(vec("\\PC{0,60}", 1..=8), |texts| check(&schema, &moderation::body(&texts)));
}
