//! Fresh instance and one event, per second: through the sandbox, and through bare wasmtime with the same engine and
//! pool in the same run. Rounds of the two alternate and the median counts, so that a busy machine troubles both.
//!
//! `cargo bench -p puppet-sandbox -- [--summary | --json] [--seconds N]`

#![allow(clippy::unwrap_used, reason = "a bench that cannot run has nothing to report")]

#[path = "../tests/guest/mod.rs"]
mod guest;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use guest::{Call, Guest, event, prepare, setup, with_pool};
use puppet_sandbox::{Limits, Pool, Prepared, Sandbox};
use puppet_types::{Event, Outcome, wit};
use wasmtime::{
    Store,
    component::{Component, ComponentExportIndex, ComponentType, InstancePre, Lift, Linker},
};

/// Rounds of each; odd, so that there is a median.
const ROUNDS: usize = 5;

/// The part of bare wasmtime's rate that metering, admission, WASI and the limits may not go below.
const LEAST_RATIO: f64 = 0.70;

#[derive(ComponentType, Lift)]
#[component(record)]
#[allow(dead_code, reason = "only its shape counts")]
struct Decline {
    code: String,
    message: String,
    #[component(name = "retry-at")]
    retry_at: Option<u64>,
}

#[derive(ComponentType, Lift)]
#[component(variant)]
#[allow(dead_code, reason = "only its shape counts")]
enum Failure {
    #[component(name = "declined")]
    Declined(Decline),
    #[component(name = "failed")]
    Failed(String),
}

/// The bare thing: an instance and a call, nothing else.
struct Bare {
    pre: InstancePre<()>,
    function: ComponentExportIndex,
}

impl Bare {
    fn new(sandbox: &Sandbox, bytes: &[u8]) -> Self {
        let component = Component::new(sandbox.engine(), bytes).unwrap();
        let handler = component.get_export_index(None, "puppet:plugin/handler@0.1.0").unwrap();
        let function = component.get_export_index(Some(&handler), "handle").unwrap();
        let pre = Linker::new(sandbox.engine()).instantiate_pre(&component).unwrap();
        Self { pre, function }
    }

    async fn call(&self, event: &Event) {
        let mut store = Store::new(self.pre.engine(), ());
        store.set_fuel(u64::MAX).unwrap();
        let instance = self.pre.instantiate_async(&mut store).await.unwrap();
        let handle =
            instance.get_typed_func::<(&wit::Event,), (Result<(), Failure>,)>(&mut store, self.function).unwrap();
        let event = wit::Event::from(event);
        assert!(handle.call_async(&mut store, (&event,)).await.unwrap().0.is_ok());
    }
}

struct Subject {
    sandbox: Sandbox,
    prepared: Prepared<Call>,
    bare: Bare,
    event: Event,
}

impl Subject {
    async fn ours(&self) {
        let ended = self.sandbox.handle(&self.prepared, Call::default(), &self.event, setup()).await;
        assert_eq!(ended.outcome, Outcome::Ok);
    }

    async fn peers(&self) {
        self.bare.call(&self.event).await;
    }
}

/// Calls per second of one round, over some threads.
fn round(subject: &Arc<Subject>, threads: usize, length: Duration, is_ours: bool) -> f64 {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_time().build().unwrap();
    let calls = Arc::new(AtomicU64::new(0));
    let since = Instant::now();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..threads)
            .map(|_| {
                let (subject, calls) = (Arc::clone(subject), Arc::clone(&calls));
                tokio::spawn(async move {
                    while since.elapsed() < length {
                        for _ in 0..16 {
                            if is_ours { subject.ours().await } else { subject.peers().await }
                        }
                        calls.fetch_add(16, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    calls.load(Ordering::Relaxed) as f64 / since.elapsed().as_secs_f64()
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

struct Row {
    name: String,
    value: f64,
    peer: f64,
}

impl Row {
    fn ratio(&self) -> f64 {
        self.value / self.peer
    }
    fn passes(&self) -> bool {
        self.ratio() >= LEAST_RATIO
    }
    fn csv(&self) -> String {
        let Self { name, value, peer } = self;
        let (ratio, passes) = (self.ratio(), self.passes());
        format!("{name},{value:.0},events/s,{peer:.0},{ratio:.3},{LEAST_RATIO},{passes}")
    }
    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "name": self.name, "value": self.value.round(), "unit": "events/s", "peer": self.peer.round(),
            "ratio": (self.ratio() * 1000.0).round() / 1000.0, "limit": LEAST_RATIO, "pass": self.passes(),
        })
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let has = |flag: &str| args.iter().any(|arg| arg == flag);
    // `cargo test --benches` only asks whether it runs.
    let default = if has("--bench") { 1.0 } else { 0.01 };
    let seconds = args.iter().position(|arg| arg == "--seconds").and_then(|at| args.get(at + 1)?.parse().ok());
    let length = Duration::from_secs_f64(seconds.unwrap_or(default));

    let sandbox = with_pool(Limits::default(), Pool::default());
    let bytes = Guest::default().bytes();
    let prepared = prepare(&sandbox, &bytes).unwrap();
    let bare = Bare::new(&sandbox, &bytes);
    let subject = Arc::new(Subject { sandbox, prepared, bare, event: event() });

    let mut rows = Vec::new();
    for threads in [1, 2, 4] {
        let (mut ours, mut peers) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(round(&subject, threads, length, true));
            peers.push(round(&subject, threads, length, false));
        }
        let name = format!("sandbox.fresh-instance-and-event.threads-{threads}");
        rows.push(Row { name, value: median(ours), peer: median(peers) });
    }
    if has("--json") {
        let rows: Vec<_> = rows.iter().map(Row::json).collect();
        println!("{}", serde_json::Value::from(rows));
    } else if has("--summary") {
        println!("name,value,unit,peer,ratio,limit,pass");
        rows.iter().for_each(|row| println!("{}", row.csv()));
    } else {
        for row in &rows {
            println!("{:<50} {:>9.0}/s   bare {:>9.0}/s   {:.2}", row.name, row.value, row.peer, row.ratio());
        }
    }
    if has("--bench") && !rows.iter().all(Row::passes) {
        std::process::exit(1);
    }
}
