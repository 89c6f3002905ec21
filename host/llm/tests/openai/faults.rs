//! Every way to be set up wrongly or to be refused: the provider by name, the cause, the remedy, and never a secret.

use std::time::Duration;

use puppet_grants::Used;
use puppet_llm::LlmProvider;
use puppet_types::Code;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::there::{KEY, Turn, amounts, context, endpoint, error, provider, request};

struct Case {
    name: &'static str,
    turn: Turn,
    code: Code,
    says: &'static str,
    /// Attempts that are made.
    asked: usize,
    /// Attempts that are paid for.
    billed: u64,
}

fn case(name: &'static str, turn: Turn, code: Code, says: &'static str, asked: usize, billed: u64) -> Case {
    Case { name, turn, code, says, asked, billed }
}

#[tokio::test]
async fn each_fault_has_a_name_a_remedy_and_a_price() {
    let answer = |status, body: String| Turn::Answer(status, "", body);
    let leak = format!("Incorrect API key provided: {KEY}");
    let xai = json!({"code": "Client specified an invalid argument", "error": leak}).to_string();
    let number = |code: u16, message: &str| json!({"error": {"code": code, "message": message}}).to_string();
    let inside = json!({"error": {"code": 502, "message": "upstream"}}).to_string();
    use Code::{InvalidInput, ProviderUnavailable as Unavailable, RateLimited, Refused};
    let cases = [
        case(
            "wrong key",
            answer(401, error("x", "invalid_api_key", &leak)),
            Unavailable,
            "the key is not accepted (status 401); put a valid key",
            1,
            0,
        ),
        case(
            "wrong key at xAI",
            answer(400, xai),
            Unavailable,
            "the key is not accepted (status 400); put a valid key",
            1,
            0,
        ),
        case(
            "forbidden",
            answer(403, error("x", "no", "no")),
            Unavailable,
            "may not do this (status 403); allow the key",
            1,
            0,
        ),
        case(
            "no such model",
            answer(404, error("x", "model_not_found", "The model does not exist")),
            Unavailable,
            "no model `gpt-4o-mini`, or not for this key; correct `model`",
            1,
            0,
        ),
        case(
            "no such model, as 400",
            answer(400, error("x", "model_not_found", "The model does not exist")),
            Unavailable,
            "no model `gpt-4o-mini`",
            1,
            0,
        ),
        case(
            "no such path",
            answer(404, "<html>Not Found</html>".to_owned()),
            Unavailable,
            "the address is wrong: nothing is there (status 404); correct `base_url`",
            1,
            0,
        ),
        case(
            "a web page",
            answer(200, "<!doctype html><p>Welcome".to_owned()),
            Unavailable,
            "the address is wrong: a web page answers there",
            1,
            0,
        ),
        case(
            "a redirect",
            Turn::Answer(308, "location: http://127.0.0.1:9/\r\n", String::new()),
            Unavailable,
            "the address is wrong: it sends elsewhere (status 308)",
            1,
            0,
        ),
        case(
            "quota",
            answer(429, error("insufficient_quota", "insufficient_quota", "You exceeded")),
            Unavailable,
            "the credit of the key is used up; add credit",
            1,
            0,
        ),
        case(
            "no credit",
            answer(402, number(402, "Insufficient credits")),
            Unavailable,
            "the credit of the key is used up",
            1,
            0,
        ),
        case("asked to wait", answer(429, number(429, "wait")), RateLimited, "it asks to wait", 3, 0),
        case(
            "overloaded",
            answer(529, error("overloaded_error", "", "busy")),
            Unavailable,
            "it failed with status 529",
            3,
            3,
        ),
        case("an error inside an answer", answer(200, inside), Unavailable, "it failed with status 502", 3, 3),
        case(
            "an error as a text",
            answer(400, json!({"error": format!("bad: {KEY}")}).to_string()),
            InvalidInput,
            "bad: ********",
            1,
            0,
        ),
        case(
            "too long",
            answer(400, error("x", "context_length_exceeded", "128000 tokens")),
            Refused,
            "128000 tokens; use a model with a longer context",
            1,
            0,
        ),
        case("against its rules", answer(400, error("x", "content_policy_violation", "no")), Refused, "no", 1, 1),
        case(
            "another protocol",
            answer(200, json!({"answer": 42}).to_string()),
            Unavailable,
            "not what this protocol answers",
            1,
            1,
        ),
    ];
    for Case { name, turn, code, says, asked, billed } in cases {
        let fake = endpoint(vec![turn]).await;
        let provider = provider(&fake.url, |_| {});
        let failure = provider.complete(&request(), &context()).await.unwrap_err();
        let message = &failure.error.message;
        assert!(message.starts_with("`fake`: ") && message.contains(says), "{name}: {message}");
        assert!(!message.contains(KEY) && !message.contains("127.0.0.1"), "{name}: {message}");
        assert_eq!((failure.error.code, fake.count()), (code, asked), "{name}: {message}");
        let once = provider.worst_case(&request()).tokens / 3;
        let Used::Told(used) = &failure.used else { panic!("{name}: it is told") };
        assert_eq!(amounts(used).0, billed * once, "{name}");
    }
}

#[tokio::test]
async fn a_connection_that_cannot_be_made_is_told_by_its_cause() {
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = plain.local_addr().unwrap();
    tokio::spawn(async move {
        // A server that speaks HTTP alone calls a greeting of TLS a bad request.
        let (mut socket, _) = plain.accept().await.unwrap();
        assert!(socket.read(&mut [0; 512]).await.unwrap() > 0);
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    });
    for (url, says) in [
        ("http://127.0.0.1:9/v1".to_owned(), "`fake`: it cannot be reached; see that it runs"),
        (format!("https://{at}/v1"), "`fake`: there is no secure connection: no TLS is spoken there; check `base_url`"),
        // No name has a part as long as that: nobody outside is asked.
        (
            format!("http://{}.test/v1", "x".repeat(64)),
            "`fake`: its address has no host of that name; check `base_url`",
        ),
    ] {
        let provider = provider(&url, |endpoint| {
            // A key would not go to another machine in clear.
            (endpoint.key, endpoint.retries, endpoint.timeout) = (None, 0, Duration::from_secs(20));
        });
        let failure = provider.complete(&request(), &context()).await.unwrap_err();
        assert!(failure.error.message.starts_with(says), "{url}: {}", failure.error.message);
        let Used::Told(used) = &failure.used else { panic!("it is told") };
        assert_eq!(amounts(used), (0, 0), "nobody was asked");
    }
}

/// The same program, where a proxy is set that is not there.
#[test]
fn this_machine_is_asked_without_a_proxy() {
    let run = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "learned::a_refused_parameter_is_dropped_once_and_remembered"])
        .envs(["HTTP_PROXY", "http_proxy", "ALL_PROXY"].map(|name| (name, "http://127.0.0.1:9")))
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
}
