//! What an endpoint says of itself, for whoever sets it up.

use std::time::Duration;

use puppet_llm::{
    Price,
    openai::{Endpoint, Preset, Secret},
};
use serde_json::json;

use crate::there::{KEY, Turn, endpoint, error, ok};

fn asked(url: &str) -> Endpoint {
    Endpoint { key: Some(Secret::new(KEY)), price: Some(Price::FREE), ..Endpoint::new("fake", url, "own-model") }
}

#[tokio::test]
async fn models_are_listed_for_nothing() {
    let list = |name: &str| ok(json!({"object": "list", "data": [{"id": "other"}, {"id": name}]}));
    for (name, has_model) in [("own-model", true), ("own-model:latest", true), ("own-model-2", false)] {
        let fake = endpoint(vec![list(name)]).await;
        let listed = asked(&fake.url).listed(Duration::from_secs(20)).await.unwrap();
        assert_eq!((listed.models, listed.has_model), (vec!["other".to_owned(), name.to_owned()], has_model));
        let sent = fake.seen.lock().unwrap()[0].to_lowercase();
        assert!(
            sent.starts_with("get /v1/models http") && sent.contains(&format!("authorization: bearer {KEY}")),
            "{sent}"
        );
        assert!(!sent.contains("x-api-key"), "{sent}");
    }
    let fake = endpoint(vec![list("own-model")]).await;
    let anthropic = Endpoint { preset: Preset::named("anthropic"), ..asked(&fake.url) };
    anthropic.listed(Duration::from_secs(20)).await.unwrap();
    let sent = fake.seen.lock().unwrap()[0].to_lowercase();
    assert!(sent.contains(&format!("x-api-key: {KEY}")) && sent.contains("anthropic-version: 2023-06-01"), "{sent}");
}

#[tokio::test]
async fn what_is_wrong_is_told_with_what_to_do() {
    let leak = format!("Incorrect API key provided: {KEY}");
    for (turn, cause, remedy) in [
        (
            Turn::Answer(401, "", error("x", "invalid_api_key", &leak)),
            "the key is not accepted (status 401)",
            "put a valid key",
        ),
        (
            Turn::Answer(404, "", "<html>".to_owned()),
            "the address is wrong: nothing is there (status 404)",
            "correct `base_url`",
        ),
        (ok(json!({"hello": 1})), "the answer is not what this protocol answers", "check that `base_url`"),
        (Turn::Silence, "it did not tell its models within 0.3 s", "see whether it is busy"),
    ] {
        // Whoever answers is waited for, however busy the machine is.
        let wait = if matches!(turn, Turn::Silence) { Duration::from_millis(300) } else { Duration::from_secs(20) };
        let fake = endpoint(vec![turn]).await;
        let trouble = asked(&fake.url).listed(wait).await.unwrap_err();
        assert!(trouble.cause.starts_with(cause) && trouble.remedy.starts_with(remedy), "{trouble:?}");
        assert!(!format!("{trouble:?}").contains(KEY), "{trouble:?}");
        assert!(fake.count() <= 1, "it is asked once");
    }
    let bare = Endpoint { price: None, ..asked("http://127.0.0.1:9/v1") };
    let trouble = bare.listed(Duration::from_millis(300)).await.unwrap_err();
    assert!(trouble.cause.contains("`own-model` of `fake` has no listed price") && !trouble.is_passing, "{trouble:?}");
    let trouble = asked("x").listed(Duration::from_millis(300)).await.unwrap_err();
    assert_eq!(trouble.cause, "the address of `fake` is no http or https address");
}
