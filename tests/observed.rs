//! What can be seen of a host from outside: metrics, traces at a collector, a log of JSON.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    path::Path,
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use serde_json::Value;

use crate::{
    client::Client,
    support::{self, Running, run},
};

/// A collector of traces on loopback. Its address, and the spans of each request.
fn collector() -> (String, Receiver<Vec<Value>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (tell, heard) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            let mut length = 0;
            let lines = std::iter::from_fn(|| {
                let mut line = String::new();
                reader.read_line(&mut line).ok().filter(|_| line.trim() != "").map(|_| line.to_lowercase())
            });
            for line in lines {
                if let Some(told) = line.strip_prefix("content-length:") {
                    length = told.trim().parse().unwrap();
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let body: Value = serde_json::from_slice(&body).unwrap();
            let spans = body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().clone();
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
            reader.get_mut().write_all(answer).unwrap();
            if tell.send(spans).is_err() {
                return;
            }
        }
    });
    (address, heard)
}

fn harbour(settings: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("puppet.toml"), settings).unwrap();
    let file = support::fixtures().join("agents/harbour-watch.json").to_str().unwrap().to_owned();
    run(folder.path(), &["agent", "import", &file]).exits(0);
    folder
}

fn host(folder: &Path, args: &[&str]) -> Running {
    let mut command = support::puppet(folder);
    command.args(args);
    let log = std::fs::File::create(folder.join("log")).unwrap();
    Running::start_with(command, &folder.join(".puppet"), log)
}

/// What `GET /metrics` answers, by series.
fn metrics(folder: &Path) -> BTreeMap<String, f64> {
    let page = Client::of(&folder.join(".puppet"), None).read("/metrics");
    let page = page.as_str().unwrap();
    let samples = page.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '));
    samples.filter_map(|(series, value)| Some((series.to_owned(), value.parse().ok()?))).collect()
}

/// The sum of all series of a metric that have these labels.
#[track_caller]
fn sum(of: &BTreeMap<String, f64>, metric: &str, labels: &[&str]) -> f64 {
    let is =
        |series: &str| series.split('{').next() == Some(metric) && labels.iter().all(|label| series.contains(label));
    of.iter().filter(|(series, _)| is(series)).map(|(_, value)| value).sum()
}

const PACK: &str = r#"pack="standard-personality""#;

#[test]
fn an_event_is_one_trace_from_its_mailbox_to_its_effect_and_counts() {
    let (address, heard) = collector();
    let folder = harbour(&format!("[api]\nopen_metrics = true\n[trace]\notlp = \"{address}\"\n"));
    let host = host(folder.path(), &["--log", "json"]);
    let send =
        ["event", "send", "command_post", "--payload", "{\"force\": true}", "--agent", "harbour-watch", "--wait"];
    run(folder.path(), &send).exits(0);
    support::until(Duration::from_secs(120), "the post is not counted", || {
        sum(&metrics(folder.path()), "puppet_effects_total", &[r#"kind="post",state="done""#]) >= 1.0
    });
    let seen = metrics(folder.path());
    for (metric, labels) in [
        ("puppet_invocations_total", &[PACK, r#"outcome="ok""#][..]),
        ("puppet_invocation_seconds_count", &[PACK]),
        ("puppet_invocation_fuel_sum", &[PACK]),
        ("puppet_invocation_peak_memory_bytes_sum", &[PACK]),
        ("puppet_reads_total", &[PACK, r#"capability="llm",status="ok""#]),
        ("puppet_decisions_total", &[PACK, r#"kind="post""#]),
        ("puppet_store_seconds_count", &[r#"operation="commit""#]),
        ("puppet_store_seconds_count", &[r#"operation="accept""#]),
        ("puppet_store_seconds_count", &[r#"operation="end""#]),
        ("puppet_plugin_state", &[PACK, r#"state="live""#]),
        ("puppet_budget_limit", &[r#"agent="harbour-watch""#, r#"capability="tweet",amount="posts""#]),
        ("puppet_budget_used", &[r#"agent="harbour-watch""#, r#"capability="tweet",amount="posts""#]),
        ("puppet_agents", &[r#"state="live""#]),
    ] {
        assert!(sum(&seen, metric, labels) >= 1.0, "{metric} {labels:?}: {seen:#?}");
    }
    assert_eq!(sum(&seen, "puppet_breaches_total", &[PACK]), 0.0);
    assert_eq!(sum(&seen, "puppet_swaps_total", &[PACK, r#"stage="refused""#]), 0.0);
    assert_eq!(host.stop(), 0);

    let spans: Vec<Value> = heard.try_iter().flatten().collect();
    let named = |name: &str| spans.iter().filter(|span| span["name"] == name).collect::<Vec<_>>();
    let event = named("event command_post")[0];
    let of_it = |name: &str| {
        let found = named(name).into_iter().find(|span| span["traceId"] == event["traceId"]);
        found.unwrap_or_else(|| panic!("no {name} in {spans:#?}"))
    };
    let invocation = of_it("invocation standard-personality");
    assert_eq!(invocation["parentSpanId"], event["spanId"]);
    assert_eq!(of_it("commit")["parentSpanId"], event["spanId"]);
    assert_eq!(of_it("read llm.complete")["parentSpanId"], invocation["spanId"]);
    assert_eq!(of_it("effect post")["parentSpanId"], invocation["spanId"]);
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    let told = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    // What an operator is told at the start is no line of the log.
    assert!(told.clone().all(|line| line["level"].is_string() && line["timestamp"].is_string()), "{log}");
    assert!(!log.lines().any(|line| line.contains(" INFO ") || line.contains(" WARN ")), "{log}");
}

#[test]
fn a_breach_and_a_backed_off_version_are_counted() {
    let folder = harbour("[api]\nopen_metrics = true\n[invocation]\ndecisions = 1\n");
    let host = host(folder.path(), &[]);
    let news = ["event", "send", "news", "--payload", "{\"topic\": \"rain\"}", "--agent", "harbour-watch", "--wait"];
    run(folder.path(), &news).exits(1);
    let seen = metrics(folder.path());
    assert!(sum(&seen, "puppet_breaches_total", &[PACK, r#"breach="too-many-decisions""#]) >= 1.0, "{seen:#?}");
    assert!(sum(&seen, "puppet_invocations_total", &[PACK, r#"outcome="breach""#]) >= 1.0, "{seen:#?}");
    assert_eq!(sum(&seen, "puppet_plugin_state", &[PACK, r#"state="backed-off""#]), 1.0, "{seen:#?}");
    assert_eq!(sum(&seen, "puppet_plugin_state", &[PACK, r#"state="live""#]), 0.0);
    host.kill();
}

#[test]
fn a_read_that_is_not_granted_is_counted_by_its_capability() {
    let folder = harbour("[api]\nopen_metrics = true\n");
    let host = host(folder.path(), &[]);
    run(folder.path(), &["grants", "revoke", "standard-personality", "llm"]).exits(0);
    let post =
        ["event", "send", "command_post", "--payload", "{\"force\": true}", "--agent", "harbour-watch", "--wait"];
    run(folder.path(), &post);
    let seen = metrics(folder.path());
    assert!(sum(&seen, "puppet_reads_total", &[PACK, r#"capability="llm",status="denied""#]) >= 1.0, "{seen:#?}");
    assert_eq!(sum(&seen, "puppet_reads_total", &[PACK, r#"capability="llm",status="ok""#]), 0.0);
    assert_eq!(host.stop(), 0);
}
