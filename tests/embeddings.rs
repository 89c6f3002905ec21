//! `[memory] embeddings`: a running host whose memories get their vectors from an endpoint on loopback.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{self, Running, granted, list, run};

/// Answers every request for vectors, at a port that the system chooses, until the test is over.
fn endpoint() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || answer(socket));
        }
    });
    url
}

fn answer(mut socket: TcpStream) {
    let mut bytes = Vec::new();
    let request: Value = loop {
        let mut buffer = [0; 4_096];
        let n = socket.read(&mut buffer).unwrap_or(0);
        if n == 0 {
            return;
        }
        bytes.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8_lossy(&bytes);
        if text.starts_with("GET ") {
            return;
        }
        if let Some(Ok(body)) = text.split_once("\r\n\r\n").map(|(_, body)| serde_json::from_str(body)) {
            break body;
        }
    };
    let texts = list(&request, "input");
    let tokens: usize = texts.iter().map(|text| text.as_str().unwrap().len() / 4 + 1).sum();
    let data: Vec<Value> = (0..texts.len()).map(|index| json!({"index": index, "embedding": [0.6, 0.8]})).collect();
    let body = json!({"data": data, "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}).to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let _ = socket.write_all((head + &body).as_bytes());
}

/// How many memories there are by the model of their vectors.
fn models(data: &Path) -> Vec<(Option<String>, u32)> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let db = rusqlite::Connection::open_with_flags(data.join("puppet.db"), flags).unwrap();
    db.busy_timeout(Duration::from_secs(10)).unwrap();
    let mut rows = db.prepare("SELECT model, count(*) FROM memories GROUP BY model").unwrap();
    rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

#[test]
fn memories_of_a_running_host_get_the_vectors_of_an_endpoint() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join(".puppet");
    let config = format!(
        "[llm.providers.home]\nbase_url = \"{}\"\nmodel = \"m\"\nembedding_model = \"sense\"\n\
         price = {{ prompt_usd_per_million = \"1\", completion_usd_per_million = \"1\" }}\n\
         [memory]\nembeddings = \"home\"\n",
        endpoint()
    );
    std::fs::write(folder.path().join("puppet.toml"), config).unwrap();
    let grants = granted("memory", "\"tokens/day\" = 100000, \"usd/day\" = \"0.10\"");
    std::fs::write(folder.path().join("grants.toml"), grants).unwrap();
    let file = support::fixtures().join("agents/harbour-watch.json");
    run(folder.path(), &["agent", "import", file.to_str().unwrap()]).exits(0);
    let doctor = run(folder.path(), &["doctor", "--json"]).exits(0).json();
    let memory = list(&doctor, "checks").iter().find(|check| check["name"] == "memory").unwrap();
    assert!(memory["status"] == "ok" && memory["detail"].as_str().unwrap().contains("sense"), "{memory}");

    // What it remembers from birth was stored while no host ran.
    assert!(matches!(&models(&data)[..], [(Some(model), 1..)] if model == "hashed"));
    let host = Running::start(folder.path(), &data, &[]);
    let args = ["event", "send", "news", "--agent", "harbour-watch", "--wait", "--payload"];
    let news = r#"{"topic": "zeppelins", "headline": "Zeppelins over the bay"}"#;
    run(folder.path(), &[&args[..], &[news]].concat()).exits(0);
    let last = Instant::now() + Duration::from_secs(60);
    while !matches!(&models(&data)[..], [(Some(model), _)] if model == "home/sense") {
        assert!(Instant::now() < last, "{:?}", models(&data));
        std::thread::sleep(Duration::from_millis(20));
    }
    let budgets = run(folder.path(), &["budgets", "--json"]).exits(0).json();
    let used = |amount: &str| {
        let items = list(&budgets, "items").iter();
        let mut of = items.filter(|item| item["capability"] == "memory" && item["amount"] == amount);
        let item = of.next().unwrap();
        assert_eq!(item["limit"], 100_000, "cut by the operator");
        item["used"].as_u64().unwrap()
    };
    assert!(used("tokens") > 0 && used("usd") > 0, "{budgets}");
    assert_eq!(host.stop(), 0);

    // Without a key that it needs the host does not start on something else instead.
    let keyed = "[llm.providers.home]\nbase_url = \"http://127.0.0.1:9/v1\"\nmodel = \"m\"\nembedding_model = \"e\"\n\
                 key_env = \"NOT_THERE\"\n[memory]\nembeddings = \"home\"\n";
    std::fs::write(folder.path().join("puppet.toml"), keyed).unwrap();
    let refused = run(folder.path(), &["run", "--for", "1s"]).exits(2);
    let said = ["puppet.toml:7", "memory.embeddings", "NOT_THERE is not set"];
    assert!(said.iter().all(|part| refused.stderr.contains(part)), "{}", refused.stderr);
}
