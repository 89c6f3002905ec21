//! Which parameters are left out for which provider and model.

use super::*;

fn refused(preset: Option<&str>, model: &str) -> Vec<&'static str> {
    let quirks = Quirks::of("p", preset, Api::Chat, model);
    Parameter::ALL.into_iter().filter(|one| !quirks.takes(*one)).map(Parameter::name).collect()
}

#[test]
fn models_refuse_what_they_really_do() {
    let fixed = ["temperature", "top_p", "presence_penalty", "frequency_penalty"];
    let with = |more: &[&'static str]| [&fixed[..], more].concat();
    let grok = vec!["presence_penalty", "frequency_penalty", "stop"];
    for (model, wanted) in [
        ("gpt-4o", vec![]),
        ("o1", with(&["max_tokens"])),
        ("o3-mini", with(&["stop", "max_tokens"])),
        ("gpt-5-mini-2025-08-07", with(&["stop", "max_tokens"])),
        ("gpt-5-chat-latest", vec![]),
        ("openai/o4-mini", with(&["stop", "max_tokens"])),
        ("grok-3", vec![]),
        ("grok-3-mini", grok.clone()),
        ("grok-4-0709", grok.clone()),
        ("x-ai/grok-4-fast", grok.clone()),
        ("grok-4-fast-non-reasoning", vec![]),
        ("llama3", vec![]),
    ] {
        assert_eq!(refused(None, model), wanted, "{model}");
    }
    let claude = ["presence_penalty", "frequency_penalty", "name", "response_format"];
    assert_eq!(refused(Some("anthropic"), "claude-sonnet-4-5"), claude);
    assert_eq!(refused(Some("ollama"), "llama3.2"), ["name"]);
    assert_eq!(refused(Some("openrouter"), "anthropic/claude-sonnet-4.5"), [""; 0]);
}

/// The emulated models refuse what is left out of requests for models of their names, and nothing else.
#[tokio::test]
async fn what_is_left_out_is_what_the_emulated_models_refuse() {
    use puppet_emulate::{Emulator, Plan, Services, token};
    use serde_json::{Value, json};

    puppet_reach::ready();
    let emulator = Emulator::start(Services { x: false, llm: true }, 1, Plan::default()).await.unwrap();
    let (base, http) = (emulator.llm().unwrap(), reqwest::Client::new());
    let said = |more: Value| {
        let mut message = json!({"role": "user", "content": "rain"});
        message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([message])
    };
    for model in [
        "gpt-4o",
        "gpt-4.1-mini",
        "o1",
        "o1-pro",
        "o3-mini",
        "o4-mini",
        "gpt-5",
        "gpt-5-mini-2025-08-07",
        "gpt-5-chat-latest",
        "openai/o4-mini",
        "openai/gpt-5-chat",
        "grok-3",
        "grok-3-mini",
        "grok-4-0709",
        "grok-4-fast-non-reasoning",
        "grok-4-fast-reasoning",
        "x-ai/grok-4-fast",
        "grok-code-fast-1",
        "llama3.2",
    ] {
        for (api, path, messages) in
            [(Api::Chat, "chat/completions", "messages"), (Api::Responses, "responses", "input")]
        {
            let quirks = Quirks::of("p", None, api, model);
            for (parameter, with) in [
                (Temperature, json!({"temperature": 0.5})),
                (TopP, json!({"top_p": 0.5})),
                (PresencePenalty, json!({"presence_penalty": 0.5})),
                (FrequencyPenalty, json!({"frequency_penalty": 0.5})),
                (Stop, json!({"stop": ["x"]})),
                (MaxTokens, json!({"max_tokens": 64})),
                (Name, json!({messages: said(json!({"name": "ada"}))})),
            ] {
                // Its bound has a name of its own there.
                if (api, parameter) == (Api::Responses, MaxTokens) {
                    continue;
                }
                let mut body = json!({"model": model, messages: said(json!({}))});
                body.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
                let asked = http.post(format!("{base}/{path}")).bearer_auth(token("ada")).json(&body);
                let answer = asked.send().await.unwrap();
                let status = if quirks.takes(parameter) { 200 } else { 400 };
                assert_eq!(answer.status(), status, "{model} {path} {parameter:?}");
            }
        }
    }
}

#[test]
fn an_error_names_the_parameter_that_it_refuses() {
    for (param, message, wanted) in [
        (
            "max_tokens",
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            Some(MaxTokens),
        ),
        ("", "Unsupported parameter: 'max_tokens': use 'max_completion_tokens'", Some(MaxTokens)),
        (
            "temperature",
            "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported.",
            Some(Temperature),
        ),
        ("", "Model grok-4 does not support parameter presencePenalty.", Some(PresencePenalty)),
        ("", "Argument not supported on this model: stop", Some(Stop)),
        ("", "[{'type': 'extra_forbidden', 'loc': ('body', 'stream_options')}]", Some(StreamOptions)),
        ("messages.[1].name", "Unknown parameter: 'messages[1].name'.", Some(Name)),
        (
            "response_format",
            "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
            Some(JsonSchema),
        ),
        ("", "'response_format' is not supported", Some(ResponseFormat)),
        ("", "messages are needed, and stream is not supported", Some(Stream)),
        ("max_tokens", "max_tokens is too large: 20000. This model supports at most 16384.", None),
        ("tools", "tools are not supported", None),
        ("", "the name of this is unknown", None),
        ("", "nonstop unsupported", None),
        ("presencePenalty", "Unknown parameter", Some(PresencePenalty)),
        // What a guest wrote is repeated in these.
        (
            "response_format",
            "Invalid schema for response_format 'answer': In context=(), 'unknown' is not permitted.",
            None,
        ),
        ("", "Invalid schema for response_format 'answer': 'uniqueItems' is not permitted.", None),
        ("", "In context=('properties', 'temperature'), 'oneOf' is not permitted.", None),
        ("response_format.json_schema.schema", "'temperature' is not supported in a json_schema", None),
        ("tools[0].function.parameters", "Invalid value: 'stop' is not supported.", None),
    ] {
        assert_eq!(Parameter::refused_by(param, message), wanted, "{message}");
    }
}

#[test]
fn what_was_refused_once_is_remembered_and_a_bound_stays() {
    let quirks = Quirks::of("p", None, Api::Chat, "m");
    assert!(quirks.takes_wanted(Stop) && quirks.learn(Stop, true) && !quirks.takes_wanted(Stop));
    assert!(!quirks.learn(Stop, true), "it was not sent again");
    assert!(quirks.learn(MaxTokens, true) && !quirks.learn(MaxCompletionTokens, true));
    assert!(quirks.takes(MaxCompletionTokens));
    let one = quirks.of_request();
    assert!(!one.takes(Stop) && one.learn(TopP, false) && !one.takes_wanted(TopP));
    assert!(quirks.takes(TopP), "what one request learns is its own");
}

#[test]
fn each_quirk_is_told_in_the_book() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/models.md");
    let page = std::fs::read_to_string(page).unwrap();
    let page = page.split_once("| quirk |").unwrap().1;
    let of_api = ("responses", &NOT_IN_RESPONSES[..]);
    for (name, refuses) in QUIRKS.iter().map(|quirk| (quirk.name, quirk.refuses)).chain([of_api]) {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("{name} has no row"));
        for parameter in refuses {
            assert!(row.contains(&format!("`{}`", parameter.name())), "{name}: {}", parameter.name());
        }
    }
}

#[test]
fn each_preset_is_told_in_the_book() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/models.md");
    let page = std::fs::read_to_string(page).unwrap();
    let page = page.split_once("| provider | does otherwise |").unwrap().1;
    for preset in super::super::presets::PRESETS {
        let row = format!("| `{}` |", preset.name);
        assert!(page.lines().any(|line| line.starts_with(&row)), "{} has no row", preset.name);
    }
}
