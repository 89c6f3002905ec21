//! Answers, and what they cost.

use std::{sync::atomic::Ordering, time::Duration};

use puppet_grants::{Amount, Charge, Used};
use puppet_llm::{
    LlmProvider, Price,
    openai::{Endpoint, OpenAi, Secret, SetupError},
};
use puppet_types::Code;
use serde_json::{Value, json};

use crate::there::{KEY, Turn, answer, context, endpoint, error, ok, provider, request};

#[tokio::test]
async fn an_answer_is_read_and_counted() {
    let fake = endpoint(vec![ok(answer("low tide"))]).await;
    let provider = provider(&fake.url, |endpoint| {
        endpoint.headers.insert("x-title".to_owned(), Secret::new("puppets"));
    });
    let got = provider.complete(&request(), &context()).await.unwrap();
    assert_eq!((got.value.text.as_str(), got.value.finish.as_str()), ("low tide", "stop"));
    assert_eq!(got.value.model, "gpt-4o-mini-2024-07-18");
    assert_eq!((got.value.usage.prompt_tokens, got.value.usage.completion_tokens), (1_000, 500));
    let charge = |amount, quantity| Charge { amount, quantity };
    assert_eq!(got.used, [charge(Amount::Tokens, 1_500), charge(Amount::Usd, 450)]);
    let sent = fake.seen.lock().unwrap()[0].clone();
    let (head, body) = sent.split_once("\r\n\r\n").unwrap();
    let head = head.to_lowercase();
    assert!(head.starts_with("post /v1/chat/completions"), "{head}");
    assert!(head.contains(&format!("authorization: bearer {KEY}")) && head.contains("x-title: puppets"), "{head}");
    let body: Value = serde_json::from_str(body).unwrap();
    let wanted = json!({
        "model": "gpt-4o-mini", "max_tokens": 120, "stream": true, "stream_options": {"include_usage": true},
        "temperature": 0.7, "stop": ["END"],
        "messages": [{"role": "system", "content": "You are Ada."}, {"role": "user", "name": "ada", "content": "Topic: tides"}]
    });
    assert_eq!(body, wanted);
}

/// The most that so many attempts can take.
fn once(provider: &OpenAi, attempts: u64) -> Vec<Charge> {
    let worst = provider.worst_case(&request());
    let all = u64::from(provider.terms().attempts);
    let share = |quantity: u64| quantity / all * attempts;
    vec![
        Charge { amount: Amount::Tokens, quantity: share(worst.tokens) },
        Charge { amount: Amount::Usd, quantity: share(worst.usd_micros) },
    ]
}

#[tokio::test]
async fn a_failure_costs_what_it_told_nothing_where_no_model_was_asked_and_else_the_worst() {
    let failed = |status, body: String| Turn::Answer(status, "", body);
    let empty = json!({"choices": [], "usage": {"prompt_tokens": 1_000, "completion_tokens": 500}});
    let limited = || failed(429, "wait".to_owned());
    let broken = || failed(500, "oops".to_owned());
    let told = [(Amount::Tokens, 1_500), (Amount::Usd, 450)].map(|(amount, quantity)| Charge { amount, quantity });
    let cases = [
        ("no choice, usage told", vec![ok(empty)], 0, Some(told.as_slice())),
        ("no choice, usage not told", vec![ok(json!({"choices": []}))], 1, None),
        ("unreadable", vec![failed(200, "garbage".to_owned())], 1, None),
        ("asked to wait", vec![limited()], 0, None),
        ("asked to wait, then failed", vec![limited(), broken(), limited()], 1, None),
        ("failed each time", vec![broken()], 3, None),
        ("never answered", vec![Turn::Silence], 3, None),
        ("half an answer each time", vec![Turn::Half], 3, None),
        ("not valid", vec![failed(400, error("invalid_request_error", "bad", "no"))], 0, None),
        ("not accepted", vec![failed(401, error("invalid_request_error", "invalid_api_key", "no"))], 0, None),
        ("failed, then not valid", vec![broken(), failed(400, error("x", "bad", "no"))], 1, None),
        ("against a policy", vec![failed(400, error("x", "content_policy_violation", "no"))], 1, None),
    ];
    for (name, turns, attempts, told) in cases {
        let fake = endpoint(turns).await;
        let provider = provider(&fake.url, |endpoint| endpoint.timeout = Duration::from_millis(300));
        let failure = provider.complete(&request(), &context()).await.unwrap_err();
        let wanted = told.map_or_else(|| once(&provider, attempts), <[Charge]>::to_vec);
        assert_eq!(failure.used, Used::Told(wanted), "{name}");
    }
    let gone = provider("http://127.0.0.1:1/v1", |_| {});
    let failure = gone.complete(&request(), &context()).await.unwrap_err();
    assert_eq!(failure.used, Used::Told(once(&gone, 0)), "nobody there");
}

#[tokio::test]
async fn an_answer_costs_the_attempts_before_it_and_never_more_than_is_reserved() {
    let broken = || Turn::Answer(500, "", "oops".to_owned());
    let told = json!({
        "choices": [{"message": {"content": "fine"}}], "usage": {"prompt_tokens": 20, "completion_tokens": 5}
    });
    let fake = endpoint(vec![broken(), broken(), ok(told)]).await;
    let provider = provider(&fake.url, |_| {});
    let got = provider.complete(&request(), &context()).await.unwrap();
    let lost = once(&provider, 2);
    assert_eq!(got.used[0].quantity, lost[0].quantity + 25);
    assert!(got.used[0].quantity <= provider.worst_case(&request()).tokens);
}

#[tokio::test]
async fn passing_failures_are_tried_again() {
    let good = || ok(answer("fine"));
    let cases: Vec<(&str, Vec<Turn>, usize)> = vec![
        ("429", vec![Turn::Answer(429, "retry-after: 0\r\n", error("x", "rate_limit", "slow down")), good()], 2),
        ("500 twice", vec![Turn::Answer(500, "", "oops".to_owned()), Turn::Answer(503, "", String::new()), good()], 3),
        ("silence", vec![Turn::Silence, good()], 2),
        ("half a body", vec![Turn::Half, good()], 2),
    ];
    for (name, turns, attempts) in cases {
        let fake = endpoint(turns).await;
        let provider = provider(&fake.url, |endpoint| endpoint.timeout = Duration::from_millis(400));
        let got = provider.complete(&request(), &context()).await;
        assert_eq!(got.map(|answer| answer.value.text).as_deref(), Ok("fine"), "{name}");
        assert_eq!(fake.asked.load(Ordering::SeqCst), attempts, "{name}");
    }
}

#[tokio::test]
async fn lasting_failures_have_codes_and_hold_no_secret() {
    let leak = format!("Incorrect API key provided: {KEY}");
    let answer = |status, headers, body: String| vec![Turn::Answer(status, headers, body)];
    let long = "this model's maximum context length is 128000 tokens";
    let cases: Vec<(Vec<Turn>, Code, usize)> = vec![
        (answer(429, "retry-after: 3600\r\n", error("x", "rate_limit", "wait")), Code::RateLimited, 1),
        (answer(429, "", "not json".to_owned()), Code::RateLimited, 3),
        (answer(500, "", "<html>".to_owned()), Code::ProviderUnavailable, 3),
        (answer(400, "", error("invalid_request_error", "bad", &format!("not {KEY}"))), Code::InvalidInput, 1),
        (answer(400, "", error("invalid_request_error", "context_length_exceeded", long)), Code::Refused, 1),
        (answer(400, "", error("x", "content_policy_violation", "no")), Code::Refused, 1),
        (answer(401, "", error("invalid_request_error", "invalid_api_key", &leak)), Code::ProviderUnavailable, 1),
        (answer(404, "", error("invalid_request_error", "model_not_found", &leak)), Code::ProviderUnavailable, 1),
        (answer(200, "", "garbage".to_owned()), Code::ProviderUnavailable, 1),
        (answer(200, "", json!({"choices": []}).to_string()), Code::InvalidAnswer, 1),
        (
            answer(200, "", json!({"choices": [{"message": {"content": null, "refusal": "no"}}]}).to_string()),
            Code::Refused,
            1,
        ),
        (answer(307, "location: http://127.0.0.1:9/\r\n", String::new()), Code::ProviderUnavailable, 1),
        (vec![Turn::Silence], Code::Timeout, 3),
    ];
    for (turns, code, attempts) in cases {
        let fake = endpoint(turns).await;
        let provider = provider(&fake.url, |endpoint| endpoint.timeout = Duration::from_millis(150));
        let error = provider.complete(&request(), &context()).await.unwrap_err().error;
        assert_eq!(error.code, code, "{error:?}");
        assert_eq!(fake.asked.load(Ordering::SeqCst), attempts, "{error:?}");
        assert!(!error.message.contains(KEY) && !error.message.contains("127.0.0.1"), "{error:?}");
        if attempts == 1 && code == Code::RateLimited {
            assert_eq!(error.retry_after_ms, Some(3_600_000));
        }
    }
    let gone = provider("http://name:password@127.0.0.1:1/v1", |endpoint| endpoint.retries = 0);
    let error = gone.complete(&request(), &context()).await.unwrap_err().error;
    assert_eq!(error.code, Code::ProviderUnavailable);
    assert!(!error.message.contains("password"), "{error:?}");
    let printed = format!("{gone:?}");
    assert!(!printed.contains(KEY) && !printed.contains("password"), "{printed}");
}

#[tokio::test]
async fn usage_that_is_not_told_is_the_most_that_one_attempt_can_take() {
    let lean = json!({"choices": [{"message": {"role": "assistant", "content": "hi"}}]});
    let fake = endpoint(vec![ok(lean)]).await;
    let provider = provider(&fake.url, |_| {});
    let got = provider.complete(&request(), &context()).await.unwrap();
    assert_eq!(got.used, once(&provider, 1));
    let told = u64::from(got.value.usage.prompt_tokens + got.value.usage.completion_tokens);
    assert_eq!(got.used[0].quantity, told);
    assert_eq!(provider.worst_case(&request()).tokens, 3 * told, "every attempt is reserved for");
    assert_eq!((got.value.model.as_str(), got.value.finish.as_str()), ("gpt-4o-mini", "stop"));
}

#[tokio::test]
async fn an_answer_is_believed_as_far_as_it_can_be() {
    let mut absurd = answer(&format!("{KEY} {}", "ä".repeat(1 << 20)));
    absurd["model"] = json!(format!("model-{KEY}"));
    absurd["usage"] = json!({"prompt_tokens": u64::MAX, "completion_tokens": u64::MAX});
    let fake = endpoint(vec![ok(absurd)]).await;
    let provider = provider(&fake.url, |endpoint| endpoint.price = Some(Price::FREE));
    let got = provider.complete(&request(), &context()).await.unwrap();
    assert_eq!(got.used[0], Charge { amount: Amount::Tokens, quantity: 2 * u64::from(u32::MAX) });
    assert_eq!((got.value.usage.completion_tokens, got.value.finish.as_str()), (u32::MAX, "length"));
    assert!(got.value.text.starts_with("******** ää") && got.value.text.len() <= 256 << 10);
    assert_eq!(got.value.model, "model-********");
    let vector = vec![0.5; 64 * 4_096 + 1];
    let fake = endpoint(vec![ok(json!({"data": [{"index": 0, "embedding": vector}]}))]).await;
    let provider = self::provider(&fake.url, |_| {});
    let failure = provider.embed(&["tide".to_owned()]).await.unwrap_err();
    assert_eq!(failure.error.code, Code::ProviderUnavailable);
}

#[tokio::test]
async fn vectors_come_in_the_order_of_the_texts() {
    let data = json!({"data": [
        {"index": 1, "embedding": [0.0, 1.0]}, {"index": 0, "embedding": [1.0, 0.0]}
    ], "usage": {"prompt_tokens": 4, "total_tokens": 4}});
    let uneven = json!({"data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0, 2.0]}]});
    let fake = endpoint(vec![ok(data), ok(uneven)]).await;
    let provider = provider(&fake.url, |_| {});
    let texts = ["a".to_owned(), "b".to_owned()];
    let got = provider.embed(&texts).await.unwrap();
    assert_eq!(got.value, [[1.0, 0.0], [0.0, 1.0]]);
    assert_eq!((got.used[0].quantity, got.used[1].quantity), (4, 1), "two cents a million, rounded up");
    assert_eq!(provider.terms().worst_embedding(1_000_000).usd_micros, 3 * 20_000);
    assert_eq!(provider.terms().worst(1_000_000, 0).usd_micros, 3 * 150_000, "a prompt costs more");
    assert_eq!(provider.embed(&texts).await.unwrap_err().error.code, Code::ProviderUnavailable);
}

fn well_known() -> Endpoint {
    Endpoint { key: Some(Secret::new(KEY)), ..Endpoint::new("openai", "https://api.openai.com/v1", "gpt-4o") }
}

#[test]
fn endpoints_are_checked_before_they_are_used() {
    let built = |change: fn(&mut Endpoint)| {
        let mut endpoint = well_known();
        change(&mut endpoint);
        OpenAi::new(endpoint).map(|provider| provider.terms())
    };
    let terms = built(|_| {}).unwrap();
    assert_eq!((terms.paid, terms.priced_as.as_str()), (true, "gpt-4o"));
    let home = built(|endpoint| (endpoint.model, endpoint.price) = ("llama3".to_owned(), Some(Price::FREE))).unwrap();
    assert_eq!((home.paid, home.priced_as.as_str()), (false, "configured"));
    assert_eq!(home.worst_embedding(1_000_000).usd_micros, 0);
    let own = built(|endpoint| endpoint.embedding_model = "own".to_owned()).unwrap();
    assert_eq!(own.embedding_price, own.price, "not listed: as dear as prompts");
    assert!(matches!(built(|endpoint| endpoint.model = "llama3".to_owned()), Err(SetupError::NoPrice { .. })));
    assert!(matches!(built(|endpoint| endpoint.base_url = "ftp://x/v1".to_owned()), Err(SetupError::BadAddress(_))));
    assert!(matches!(built(|endpoint| endpoint.base_url = "x".to_owned()), Err(SetupError::BadAddress(_))));
    assert!(matches!(built(|endpoint| endpoint.key = Some(Secret::new("a\nb"))), Err(SetupError::BadKey(_))));
    let header = built(|endpoint| drop(endpoint.headers.insert("bad header".to_owned(), Secret::new("x"))));
    assert!(matches!(header, Err(SetupError::BadHeader { .. })));
    assert!(OpenAi::new(Endpoint { model: "grok-1".to_owned(), ..well_known() }).is_ok());
}
