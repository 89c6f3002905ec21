//! Answers that come in pieces, well and badly.

use std::time::Duration;

use puppet_grants::Used;
use puppet_llm::{LlmProvider, openai::Api};
use puppet_types::Code;
use serde_json::json;

use crate::there::{Turn, amounts, answer, context, delta, endpoint, event, finish, ok, provider, request, usage};

const DONE: &str = "data: [DONE]\n\n";

fn text(text: &str) -> String {
    delta(json!({"content": text}))
}

#[tokio::test]
async fn pieces_make_an_answer() {
    let call = |arguments: &str| json!({"tool_calls": [{"index": 0, "function": {"arguments": arguments}}]});
    let named = json!({"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "look_up", "arguments": ""}}]});
    let hello = || vec![delta(json!({"role": "assistant", "content": ""})), text("low "), text("tide")];
    let with = |more: &[String]| [hello(), more.to_vec()].concat();
    let whole = with(&[finish("stop"), usage(1_000, 500), DONE.to_owned()]);
    let cases = [
        ("whole", Turn::Pieces(whole.clone()), "low tide", Some((1_500, 450))),
        ("in one piece", Turn::Pieces(vec![whole.concat()]), "low tide", Some((1_500, 450))),
        (
            "with comments and windows lines",
            Turn::Pieces(vec![": PROCESSING\r\n\r\n".to_owned(), whole.concat().replace('\n', "\r\n")]),
            "low tide",
            Some((1_500, 450)),
        ),
        (
            "without its end mark",
            Turn::Pieces(with(&[finish("stop"), usage(1_000, 500)])),
            "low tide",
            Some((1_500, 450)),
        ),
        ("without a reason", Turn::Pieces(with(&[DONE.to_owned()])), "low tide", None),
        ("without usage", Turn::Pieces(with(&[finish("stop"), DONE.to_owned()])), "low tide", None),
        ("cut after it was finished", Turn::CutOff(with(&[finish("stop")])), "low tide", None),
        ("open after it was finished", Turn::Stalled(with(&[finish("stop")])), "low tide", None),
        ("not as a stream at all", ok(answer("low tide")), "low tide", Some((1_500, 450))),
        (
            "a call alone",
            Turn::Pieces(vec![
                delta(named),
                delta(call("{\"q\"")),
                delta(call(":1}")),
                finish("tool_calls"),
                usage(10, 5),
            ]),
            "",
            Some((15, 5)),
        ),
    ];
    for (name, turn, wanted, used) in cases {
        let fake = endpoint(vec![turn]).await;
        let provider = provider(&fake.url, |endpoint| endpoint.idle_timeout = Duration::from_millis(200));
        let got = provider.complete(&request(), &context()).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!((got.value.text.as_str(), fake.count()), (wanted, 1), "{name}");
        let once = provider.worst_case(&request()).tokens / 3;
        match used {
            Some(used) => assert_eq!(amounts(&got.used), used, "{name}"),
            None => assert_eq!(amounts(&got.used).0, once, "{name}: not told, so the worst counts"),
        }
        if name == "a call alone" {
            assert_eq!(got.value.tool_calls[0].arguments, "{\"q\":1}");
            assert_eq!(got.value.finish, "tool_calls");
        }
    }
}

#[tokio::test]
async fn a_stream_that_breaks_or_stalls_is_tried_again_and_paid_for() {
    let good = || Turn::Pieces(vec![text("fine"), finish("stop"), usage(20, 5), DONE.to_owned()]);
    let error = |code: serde_json::Value| event(&json!({"error": {"message": "oops", "code": code}}));
    let cases: Vec<(&str, Turn, u64)> = vec![
        ("stalled", Turn::Stalled(vec![text("fi")]), 1),
        ("cut", Turn::CutOff(vec![text("fi")]), 1),
        ("ended too early", Turn::Pieces(vec![text("fi")]), 1),
        ("ended before it began", Turn::Pieces(Vec::new()), 1),
        ("an error inside", Turn::Pieces(vec![text("fi"), error(json!(502))]), 1),
        (
            "an event of another name",
            Turn::Pieces(vec!["event: error\ndata: {\"message\": \"oops\"}\n\n".to_owned()]),
            1,
        ),
        ("asked to wait before a word", Turn::Pieces(vec![error(json!("rate_limit_exceeded"))]), 0),
        ("asked to wait after a word", Turn::Pieces(vec![text("fi"), error(json!(429))]), 1),
    ];
    for (name, turn, lost) in cases {
        let fake = endpoint(vec![turn, good()]).await;
        let provider = provider(&fake.url, |endpoint| endpoint.idle_timeout = Duration::from_millis(100));
        let got = provider.complete(&request(), &context()).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!((got.value.text.as_str(), fake.count()), ("fine", 2), "{name}");
        let once = provider.worst_case(&request()).tokens / 3;
        assert_eq!(amounts(&got.used).0, lost * once + 25, "{name}");
    }
}

#[tokio::test]
async fn a_stalled_stream_ends_long_before_the_attempt_does() {
    let fake = endpoint(vec![Turn::Stalled(vec![text("fi")])]).await;
    let provider = provider(&fake.url, |endpoint| {
        (endpoint.retries, endpoint.timeout) = (0, Duration::from_secs(60));
        endpoint.idle_timeout = Duration::from_millis(50);
    });
    let failure = tokio::time::timeout(Duration::from_secs(20), provider.complete(&request(), &context())).await;
    let failure = failure.unwrap().unwrap_err();
    assert_eq!(failure.error.code, Code::Timeout);
    assert!(failure.error.message.starts_with("`fake`: the answer stopped in the middle; raise `idle_timeout_ms`"));
    let Used::Told(used) = failure.used else { panic!("it is told") };
    assert_eq!(amounts(&used).0, provider.worst_case(&request()).tokens);
}

#[tokio::test]
async fn a_model_that_thinks_without_a_word_is_waited_for() {
    // The first piece comes later than two pieces may be apart.
    let fake = endpoint(vec![Turn::Stalled(vec![": thinking\n\n".to_owned()])]).await;
    let provider = provider(&fake.url, |endpoint| {
        (endpoint.retries, endpoint.timeout) = (0, Duration::from_millis(400));
        endpoint.idle_timeout = Duration::from_millis(20);
    });
    let begun = std::time::Instant::now();
    let failure = provider.complete(&request(), &context()).await.unwrap_err();
    assert!(begun.elapsed() >= Duration::from_millis(400), "the attempt has its whole time");
    assert!(failure.error.message.contains("no answer in time"), "{}", failure.error.message);
}

#[tokio::test]
async fn the_newer_protocol_streams_too() {
    let text = json!({"type": "message", "content": [{"type": "output_text", "text": "low tide"}]});
    let usage = json!({"input_tokens": 1_000, "output_tokens": 500, "total_tokens": 1_500});
    let completed = json!({"type": "response.completed", "response": {
        "status": "completed", "model": "gpt-4o-mini-2024-07-18", "output": [text], "usage": usage
    }});
    let delta = json!({"type": "response.output_text.delta", "delta": "low "});
    let failed = json!({"type": "response.failed", "response": {
        "status": "failed", "output": [], "error": {"code": "server_error", "message": "oops"}
    }});
    let fake = endpoint(vec![
        Turn::Pieces(vec![event(&delta), event(&failed)]),
        Turn::CutOff(vec![event(&delta)]),
        Turn::Pieces(vec![event(&delta), event(&completed)]),
    ])
    .await;
    let provider = provider(&fake.url, |endpoint| endpoint.api = Api::Responses);
    let got = provider.complete(&request(), &context()).await.unwrap();
    assert_eq!((got.value.text.as_str(), got.value.finish.as_str(), fake.count()), ("low tide", "stop", 3));
    assert_eq!(amounts(&got.used).0, 2 * (provider.worst_case(&request()).tokens / 3) + 1_500);
    let sent = fake.seen.lock().unwrap()[0].clone();
    assert!(sent.starts_with("POST /v1/responses"), "{sent}");
    assert_eq!((&fake.body(0)["max_output_tokens"], &fake.body(0)["store"]), (&json!(120), &json!(false)));
    let whole = endpoint_whole(&completed["response"]).await;
    assert_eq!(whole, "low tide");
}

/// The same, not as a stream.
async fn endpoint_whole(response: &serde_json::Value) -> String {
    let fake = endpoint(vec![ok(response.clone())]).await;
    let provider = provider(&fake.url, |endpoint| (endpoint.api, endpoint.stream) = (Api::Responses, false));
    let got = provider.complete(&request(), &context()).await.unwrap();
    assert_eq!(fake.body(0)["stream"], false);
    got.value.text
}
