//! A page is what Prometheus reads, holds every metric of the table and nothing else, and the docs, the alert rules and the
//! dashboard name no other.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::names::{Kind, METRICS};
use crate::{
    auth::Role,
    parts::Settings,
    testing::{Scene, somebody},
};

/// Samples by what stands before their value.
type Samples = BTreeMap<String, f64>;

/// Reads a page as strictly as its format is written down, and holds it to the table.
#[track_caller]
fn read(page: &str) -> Samples {
    let mut samples = Samples::new();
    let mut lines = page.lines().peekable();
    assert!(page.ends_with('\n'));
    for metric in METRICS {
        assert_eq!(lines.next().unwrap_or_default().split(' ').take(3).collect::<Vec<_>>(), ["#", "HELP", metric.name]);
        assert_eq!(lines.next().unwrap_or_default(), format!("# TYPE {} {}", metric.name, metric.kind.name()));
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let value: f64 = value.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let labels: Vec<&str> = labels.strip_suffix('}').unwrap().split("\",").filter(|l| !l.is_empty()).collect();
            let names: Vec<&str> = labels.iter().map(|label| label.split_once("=\"").unwrap().0).collect();
            let (of, le) = match metric.kind {
                Kind::Histogram => {
                    let suffix = name.strip_prefix(metric.name).unwrap();
                    assert!(["_bucket", "_sum", "_count"].contains(&suffix), "{line}");
                    (metric.name, if suffix == "_bucket" { &["le"][..] } else { &[] })
                }
                _ => (name, &[][..]),
            };
            assert_eq!(of, metric.name, "{line}");
            assert_eq!(names, [metric.labels, le].concat(), "{line}");
            assert!(value >= 0.0, "{line}");
            assert!(samples.insert(series.to_owned(), value).is_none(), "twice: {line}");
        }
    }
    assert_eq!(lines.next(), None);
    samples
}

fn docs(path: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(path);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

#[tokio::test]
async fn a_viewer_reads_a_page_that_prometheus_reads() {
    let scene = Scene::new().await;
    scene.get(None, "/metrics").await.is_fault(401, "no-key");
    scene.get(None, "/api/v1/nothing").await.is_fault(404, "no-route");
    let got = scene.get(Some(Role::Viewer), "/metrics").await;
    assert_eq!((got.status, got.header("content-type")), (200, Some("text/plain; version=0.0.4; charset=utf-8")));
    let samples = read(std::str::from_utf8(&got.body).unwrap());
    for (series, value) in [
        (concat!("puppet_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"}"), 1.0),
        (r#"puppet_agents{state="live"}"#, 0.0),
        ("puppet_halted", 0.0),
        ("puppet_disk_fault", 0.0),
        (r#"puppet_http_requests_total{route="/metrics",method="GET",status="401"}"#, 1.0),
        (r#"puppet_http_requests_total{route="none",method="any",status="404"}"#, 1.0),
        (r#"puppet_http_seconds_count{route="/metrics"}"#, 1.0),
    ] {
        assert_eq!(samples.get(series), Some(&value), "{series}");
    }
    scene.host.halt(None).await.unwrap();
    let got = scene.get(Some(Role::Viewer), "/metrics").await;
    assert_eq!(read(std::str::from_utf8(&got.body).unwrap())["puppet_halted"], 1.0);
}

#[tokio::test]
async fn without_a_key_only_where_the_configuration_says_so() {
    let scene = Scene::with(Settings { open_metrics: true, ..Settings::default() }).await;
    assert_eq!(scene.get(None, "/metrics").await.status, 200);
    scene.get(None, "/api/v1/version").await.is_fault(401, "no-key");
    let scoped = Scene::new().await;
    let bound = somebody(Role::Admin, Some(&["ember"]));
    scoped.request("GET", "/metrics").by(bound).send().await.is_fault(403, "scoped-key");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_process_is_what_the_system_says() {
    use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
    // Other tests run in this process: what was just before and just after bounds what the page says.
    let of_file = |file: &str, name: &str| {
        let text = std::fs::read_to_string(file).unwrap();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name} in {file}"));
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap()
    };
    let bytes = |name: &str| of_file("/proc/self/status", name) * 1_024.0;
    let scene = Scene::new().await;
    let page = async || {
        let got = scene.get(Some(Role::Viewer), "/metrics").await;
        read(std::str::from_utf8(&got.body).unwrap())
    };
    let (resident, size, begun) = (bytes("VmRSS:"), bytes("VmSize:"), Instant::now());
    let first = page().await;
    let within = |metric: &str, before: f64, after: f64, peak: f64| {
        let said = first[metric];
        assert!(
            said >= before.min(after) / 2.0 && said <= peak,
            "{metric}: {said}, {before} to {after}, at most {peak}"
        );
    };
    within("process_resident_memory_bytes", resident, bytes("VmRSS:"), bytes("VmHWM:"));
    within("process_virtual_memory_bytes", size, bytes("VmSize:"), bytes("VmPeak:"));

    // It works for a while: so much more of a processor is used, and no more than there are.
    let works = Instant::now();
    while works.elapsed() < Duration::from_millis(200) {
        std::hint::black_box((0..1_000_u64).sum::<u64>());
    }
    let second = page().await;
    let used = |samples: &Samples| samples["process_cpu_seconds_total"];
    let most = begun.elapsed().as_secs_f64() * std::thread::available_parallelism().unwrap().get() as f64 + 0.1;
    let more = used(&second) - used(&first);
    assert!(more > 0.0 && more <= most, "{more} of {most}");

    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let ticks: f64 = stat.rsplit_once(')').unwrap().1.split_whitespace().nth(19).unwrap().parse().unwrap();
    let began = of_file("/proc/stat", "btime") + ticks / 100.0;
    assert!((second["process_start_time_seconds"] - began).abs() < 2.0, "{began}: {second:#?}");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    assert!(second["process_start_time_seconds"] < now);

    // Files that are opened are open.
    let before = page().await["process_open_fds"];
    let held: Vec<_> = (0..200).map(|_| std::fs::File::open("/dev/null").unwrap()).collect();
    let after = page().await["process_open_fds"];
    assert!(after - before > 100.0 && after <= second["process_max_fds"], "{before} to {after}");
    drop(held);
}

/// Names in an expression of Prometheus that are a host's own.
fn named(text: &str) -> BTreeSet<String> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words =
        text.split(|c| !is_of_name(c)).filter(|word| ["puppet_", "process_"].iter().any(|of| word.starts_with(of)));
    let plain = |word: &str| {
        let of_histogram = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| word.strip_suffix(suffix));
        of_histogram.filter(|of| METRICS.iter().any(|metric| metric.name == *of)).unwrap_or(word).to_owned()
    };
    words.map(plain).collect()
}

#[test]
fn alert_rules_and_the_dashboard_name_what_is_told() {
    let dashboard: serde_json::Value = serde_json::from_str(&docs("ops/grafana-dashboard.json")).unwrap();
    let mut expressions = String::new();
    let mut left = vec![&dashboard];
    while let Some(value) = left.pop() {
        left.extend(value.as_array().into_iter().flatten());
        for (key, value) in value.as_object().into_iter().flatten() {
            left.push(value);
            if ["expr", "query", "definition"].contains(&key.as_str()) {
                expressions.push_str(&format!("{}\n", value.as_str().unwrap_or_default()));
            }
        }
    }
    let known: BTreeSet<String> = METRICS.iter().map(|metric| metric.name.to_owned()).collect();
    let (seen, called) = (named(&expressions), named(&docs("ops/alerts.yml")));
    assert!(seen.len() > 20 && called.len() > 15, "{seen:?}\n{called:?}");
    let strange: Vec<_> = seen.union(&called).filter(|name| !known.contains(*name)).collect();
    assert!(strange.is_empty(), "{strange:?}");
    for (rule, page) in [("alert: ", docs("ops.md"))] {
        for alert in docs("ops/alerts.yml").lines().filter_map(|line| Some(line.split_once(rule)?.1.to_owned())) {
            assert!(page.contains(&format!("| `{alert}` |")), "docs/ops.md does not say what to do at {alert}");
        }
    }
}

#[test]
fn the_reference_is_the_table() {
    let mut table = String::from("\n| metric | kind | labels | what it says |\n| --- | --- | --- | --- |\n");
    for metric in METRICS {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let (name, kind, help) = (metric.name, metric.kind.name(), metric.help);
        table.push_str(&format!("| `{name}` | {kind} | {} | {help} |\n", labels.join(", ")));
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/metrics.md");
    let page = docs("reference/metrics.md");
    let (head, rest) = page.split_once("<!-- metrics: UPDATE=1 cargo test -p puppet-api metrics -->").unwrap();
    let (written, tail) = rest.split_once("<!-- end of metrics -->").unwrap();
    let marker = "<!-- metrics: UPDATE=1 cargo test -p puppet-api metrics -->";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(file, format!("{head}{marker}{table}<!-- end of metrics -->{tail}")).unwrap();
        return;
    }
    assert_eq!(written, table, "run it with UPDATE=1");
}
