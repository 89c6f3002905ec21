//! `doctor` and providers of models: who set one up wrongly is told which, what and what to do, and never the key.

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
};

use serde_json::{Value, json};

use crate::support::{list, run};

const KEY: &str = "sk-right-1";
const WRONG: &str = "sk-wrong-1";

/// An endpoint at a port that the system chooses: below `/v1` it lists two models to whom it knows, below `/xai` it
/// refuses as xAI does.
fn endpoint() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || answer(socket));
        }
    });
    at
}

fn answer(mut socket: TcpStream) {
    let mut buffer = [0; 4_096];
    let n = socket.read(&mut buffer).unwrap_or(0);
    let head = String::from_utf8_lossy(&buffer[..n]).into_owned();
    let leak = format!("Incorrect API key provided: {WRONG}.");
    let (status, body) = match head.split(' ').nth(1) {
        Some("/v1/models") if head.contains(KEY) => {
            ("200 OK", json!({"data": [{"id": "small-1"}, {"id": "large-1"}]}).to_string())
        }
        Some("/v1/models") => ("401 Unauthorized", json!({"error": {"message": leak}}).to_string()),
        Some("/xai/models") => ("400 Bad Request", json!({"code": "invalid argument", "error": leak}).to_string()),
        // Also what a greeting of TLS gets.
        _ => ("404 Not Found", "<html>Not Found</html>".to_owned()),
    };
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    let _ = socket.write_all((head + &body).as_bytes());
}

#[test]
fn a_provider_that_is_set_up_wrongly_is_told_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let at = endpoint();
    let cases = [
        ("right", format!("http://{at}/v1"), "small-1", "RIGHT", "ok", "answers and has it", ""),
        (
            "wrong",
            format!("http://{at}/v1"),
            "small-1",
            "WRONG",
            "fail",
            "key is not accepted (status 401)",
            "valid key",
        ),
        ("wrong-400", format!("http://{at}/xai"), "small-1", "WRONG", "fail", "not accepted (status 400)", "valid key"),
        ("typo", format!("http://{at}/v1"), "smal-1", "RIGHT", "warn", "does not list it among 2 models", "`small-1`?"),
        ("pathless", format!("http://{at}"), "small-1", "RIGHT", "fail", "nothing is there (status 404)", "base_url"),
        ("plain", format!("https://{at}/v1"), "small-1", "RIGHT", "fail", "no TLS is spoken there", "base_url"),
        (
            "gone",
            "http://127.0.0.1:9/v1".to_owned(),
            "small-1",
            "RIGHT",
            "warn",
            "cannot be reached",
            "see that it runs",
        ),
        ("keyless", format!("http://{at}/v1"), "small-1", "NOT_SET", "warn", "its key is not set", "set the key"),
    ];
    let mut config = String::new();
    for (name, url, model, key, ..) in &cases {
        write!(
            config,
            "[llm.providers.{name}]\nbase_url = \"{url}\"\nmodel = \"{model}\"\nkey_env = \"{key}\"\n\
             price = {{ prompt_usd_per_million = \"1\", completion_usd_per_million = \"1\" }}\n"
        )
        .unwrap();
    }
    // No price, and none is listed: a host would not start.
    write!(config, "[llm.providers.priceless]\nbase_url = \"http://{at}/v1\"\nmodel = \"small-1\"\n").unwrap();
    config.push_str("[llm.agents.nobody]\nfallback = []\n");
    std::fs::write(folder.path().join("puppet.toml"), config).unwrap();
    std::fs::write(folder.path().join(".env"), format!("RIGHT={KEY}\nWRONG={WRONG}\n")).unwrap();
    let ran = run(folder.path(), &["doctor", "--json"]).exits(1);
    assert!(!ran.stdout.contains(KEY) && !ran.stdout.contains(WRONG), "{}", ran.stdout);
    let told = ran.json();
    let of = |name: &str| {
        let mut checks = list(&told, "checks").iter().filter(|check| check["name"] == "model");
        checks.find(|check| check["detail"].as_str().unwrap().starts_with(&format!("{name}: "))).unwrap().clone()
    };
    let check = |name: &str, status: &str, detail: &str, remedy: &str| {
        let found: Value = of(name);
        let has = |key: &str, part: &str| found[key].as_str().unwrap().contains(part);
        assert!(found["status"] == status && has("detail", detail) && has("remedy", remedy), "{name}: {found}");
    };
    for (name, _, _, _, status, detail, remedy) in cases {
        check(name, status, detail, remedy);
    }
    check("priceless", "fail", "has no listed price", "set `price`");
    let nobody = "[llm.agents.nobody] is for an agent that does not live here";
    assert!(list(&told, "checks").iter().any(|check| check["detail"] == nobody && check["status"] == "warn"), "{told}");
}
