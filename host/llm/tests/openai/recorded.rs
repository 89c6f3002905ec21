//! Answers that were recorded, of OpenAI and of a gateway, said again word for word. They lie beside the project; where
//! they do not, this says so and passes.

use std::path::Path;

use puppet_grants::Used;
use puppet_llm::{LlmProvider, Price, openai::Api};
use puppet_types::Code;
use serde_json::Value;

use crate::there::{Turn, amounts, context, endpoint, provider, request};

/// A recorded answer, and the tokens that it tells.
fn turn(response: &Value) -> (Turn, Option<u64>) {
    let status = u16::try_from(response["status"]["code"].as_u64().unwrap()).unwrap();
    let body = match &response["body"] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let last = body.rsplit_once("\"total_tokens\":").map(|(_, rest)| rest);
    let tokens = last.and_then(|rest| rest.split(|char: char| !char.is_ascii_digit()).next()?.parse().ok());
    let kind = response["headers"]["content-type"].as_str().unwrap();
    let is_stream = kind.starts_with("text/event-stream");
    (if is_stream { Turn::Pieces(vec![body]) } else { Turn::Answer(status, "", body) }, tokens)
}

/// What came of one: the text, or how many calls, or why there is neither.
async fn heard(path: &str, turn: Turn, tokens: Option<u64>) -> Result<String, (Code, String)> {
    let fake = endpoint(vec![turn]).await;
    let provider = provider(&fake.url, |endpoint| {
        (endpoint.retries, endpoint.price) = (0, Some(Price::FREE));
        endpoint.api = if path.ends_with("/responses") { Api::Responses } else { Api::Chat };
    });
    let (said, used) = if path.ends_with("/embeddings") {
        let got = provider.embed(&["x".to_owned()]).await;
        (
            got.as_ref().map(|got| format!("{} numbers", got.value[0].len())).map_err(Clone::clone),
            got.map(|got| got.used),
        )
    } else {
        let got = provider.complete(&request(), &context()).await;
        let said = got.as_ref().map(|got| match got.value.tool_calls.as_slice() {
            [] => got.value.text.clone(),
            calls => format!("{} calls of {} with {}", calls.len(), calls[0].name, calls[0].arguments),
        });
        (said.map_err(Clone::clone), got.map(|got| got.used))
    };
    if let (Ok(used), Some(tokens)) = (&used, tokens) {
        assert_eq!(amounts(used).0, tokens, "{path}: what was told was booked");
    }
    said.map_err(|failure| {
        let Used::Told(used) = failure.used else { panic!("it is told") };
        assert_eq!(amounts(&used).0, 0, "{path}: no model was asked");
        (failure.error.code, failure.error.message)
    })
}

#[tokio::test]
async fn recorded_answers_are_understood() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs/openai/recorded");
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("skipped: {} is not there", folder.display());
        return;
    };
    let mut known = 0;
    for file in files.map(|file| file.unwrap()) {
        let name = file.file_name().into_string().unwrap();
        let recorded: Value = serde_json::from_slice(&std::fs::read(file.path()).unwrap()).unwrap();
        for (n, exchange) in recorded["interactions"].as_array().unwrap().iter().enumerate() {
            let path = exchange["request"]["uri"].as_str().unwrap();
            let (turn, tokens) = turn(&exchange["response"]);
            let heard = heard(path, turn, tokens).await;
            let wanted = match name.split_once('-').unwrap().1.trim_end_matches(".json") {
                "test_openrouter_errors_raised" => Err((Code::RateLimited, "it asks to wait")),
                "test_chat_completion_404" | "test_embeddings_model_not_found" | "test_responses_create_api_error" => {
                    Err((Code::ProviderUnavailable, "it has no model"))
                }
                "test_embeddings_with_content" => Ok("1536 numbers"),
                "test_chat_completion_tool_calls_with_content" if n == 0 => {
                    Ok(r#"2 calls of get_current_weather with {"location": "Seattle, WA"}"#)
                }
                "test_chat_completion_tool_calls_with_content" => Ok("Today, the weather in Seattle is 50 degrees"),
                "test_chat_completion_multiple_choices" => Ok("This is a test. How can I assist you further?"),
                "test_chat_completion_multiple_choices_streaming" => Ok("I'm "),
                "test_chat_completion_streaming" => Ok("\"This is a test"),
                "test_chat_completion_streaming_not_complete" => Ok("This is a test."),
                "test_chat_completion_with_content"
                | "test_responses_create_basic"
                | "test_responses_create_streaming" => Ok("This is a test."),
                other => panic!("{other} is new here"),
            };
            known += 1;
            match (heard, wanted) {
                (Ok(said), Ok(wanted)) => assert!(said.starts_with(wanted), "{name}: {said}"),
                (Err((code, message)), Err((wanted, part))) => {
                    assert!(code == wanted && message.contains(part), "{name}: {message}");
                }
                (heard, _) => panic!("{name}: {heard:?}"),
            }
        }
    }
    assert!(known >= 16, "{known} exchanges");
}
