//! What an endpoint refuses is left out: in every later request where it says so by its code, else in that one.

use puppet_llm::{LlmProvider, Moderator, Request};
use puppet_types::Code;
use serde_json::{Value, json};

use crate::there::{Turn, amounts, answer, context, endpoint, ok, provider, request};

fn refused(param: &str, message: &str) -> Turn {
    let error = json!({"error": {"code": "unsupported_parameter", "param": param, "message": message}});
    Turn::Answer(400, "", error.to_string())
}

#[tokio::test]
async fn a_refused_parameter_is_dropped_once_and_remembered() {
    let fake = endpoint(vec![
        refused("max_tokens", "Unsupported parameter: 'max_tokens' is not supported with this model."),
        refused("stop", "Argument not supported on this model: stop"),
        refused("stream_options", "Unknown parameter: 'stream_options'."),
        ok(answer("fine")),
    ])
    .await;
    let provider = provider(&fake.url, |endpoint| endpoint.retries = 0);
    for _ in 0..2 {
        let got = provider.complete(&request(), &context()).await.unwrap();
        assert_eq!((got.value.text.as_str(), amounts(&got.used).0), ("fine", 1_500), "nothing was lost");
    }
    assert_eq!(fake.count(), 5, "each parameter is refused once");
    for n in [3, 4] {
        let body = fake.body(n);
        assert_eq!(body["max_completion_tokens"], 120);
        let has = |key: &str| body.get(key).is_some();
        assert!(!has("max_tokens") && !has("stop") && !has("stream_options") && has("temperature"), "{body}");
    }
}

/// What is said of one request may be about what stands in it.
#[tokio::test]
async fn what_is_refused_by_words_alone_is_left_out_of_that_request() {
    let words = "'stop' is not supported";
    let by_words = |error: Value| Turn::Answer(400, "", json!({ "error": error }).to_string());
    for refusal in [
        json!({"message": words}),
        json!({"code": "unsupported_value", "message": words}),
        json!({"code": "invalid_value", "param": "stop", "message": words}),
        json!(words),
    ] {
        let fake = endpoint(vec![
            by_words(refusal.clone()),
            ok(answer("fine")),
            by_words(refusal.clone()),
            ok(answer("fine")),
            ok(answer("fine")),
        ])
        .await;
        let provider = provider(&fake.url, |endpoint| endpoint.retries = 0);
        for _ in 0..3 {
            assert_eq!(provider.complete(&request(), &context()).await.unwrap().value.text, "fine", "{refusal}");
        }
        let sent: Vec<bool> = (0..fake.count()).map(|n| fake.body(n).get("stop").is_some()).collect();
        assert_eq!(sent, [true, false, true, false, true], "{refusal}");
    }
}

#[tokio::test]
async fn an_endpoint_that_refuses_without_end_is_left_alone() {
    let fake = endpoint(vec![refused("temperature", "Unsupported parameter: 'temperature'")]).await;
    let provider = provider(&fake.url, |_| {});
    let failure = provider.complete(&request(), &context()).await.unwrap_err();
    assert_eq!((failure.error.code, fake.count()), (Code::InvalidInput, 2));
    assert!(failure.error.message.contains("Unsupported parameter: 'temperature'"), "{}", failure.error.message);
}

#[tokio::test]
async fn a_schema_that_is_refused_is_asked_for_in_words() {
    let message = "'response_format' of type 'json_schema' is not supported with this model";
    let fake = endpoint(vec![
        refused("response_format", message),
        refused("response_format", "'response_format' is not supported"),
        ok(answer("{}")),
    ])
    .await;
    let provider = provider(&fake.url, |_| {});
    let request = Request { response_schema: Some(r#"{"type":"object"}"#.to_owned()), ..request() };
    assert_eq!(provider.complete(&request, &context()).await.unwrap().value.text, "{}");
    assert_eq!(fake.body(0)["response_format"]["type"], "json_schema");
    assert_eq!(fake.body(1)["response_format"], json!({"type": "json_object"}));
    let last = fake.body(2);
    assert_eq!(last.get("response_format"), None);
    assert!(last["messages"][0]["content"].as_str().unwrap().ends_with(r#"{"type":"object"}"#), "{last}");
}

/// What the model that looks at texts refuses says nothing of the one that writes.
#[tokio::test]
async fn what_a_look_at_texts_teaches_is_not_of_the_model_that_writes() {
    let looked =
        json!({"id": "m", "model": "omni-moderation-latest", "results": [{"flagged": false, "categories": {}}]});
    let fake = endpoint(vec![
        refused("stop", "Unsupported parameter: 'stop' is not supported with this model."),
        ok(looked),
        ok(answer("fine")),
    ])
    .await;
    let provider = provider(&fake.url, |endpoint| endpoint.retries = 0);
    assert_eq!(provider.look(&["a text".to_owned()]).await.unwrap(), [""; 0]);
    provider.complete(&request(), &context()).await.unwrap();
    assert_eq!(fake.count(), 3);
    assert!(fake.body(2).get("stop").is_some(), "{}", fake.body(2));
}
