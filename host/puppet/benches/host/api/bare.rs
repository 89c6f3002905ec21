//! The peer: axum's router with two handlers that do no more than what is asked for, in a process of its own.

use std::{
    convert::Infallible,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::State,
    http::header,
    routing::{get, post},
};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use puppet_store::{
    EventStore as _,
    sqlite::{Options, SqliteStore},
};
use puppet_types::{AgentId, Event, EventId, Priority, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

/// Says that this process is to be the bare server of a folder.
pub const FLAG: &str = "--bare-server";

/// The list that it answers.
const LIST: &str = "list.json";

/// A bare server until it is dropped.
pub struct Bare {
    process: Child,
    pub address: SocketAddr,
}

impl Bare {
    pub async fn start(folder: &Path, list: &[u8]) -> Self {
        let folder = folder.join("bare");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join(LIST), list).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut process = command.arg(FLAG).arg(&folder).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { process, address: line.trim().parse().unwrap() }
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct Bench {
    list: Bytes,
    store: SqliteStore,
    events: AtomicU64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wish {
    r#type: String,
    data: Value,
    target_agent_ids: Vec<AgentId>,
    #[serde(default)]
    delay: u64,
}

async fn list(State(bench): State<Arc<Bench>>) -> ([(header::HeaderName, &'static str); 1], Bytes) {
    ([(header::CONTENT_TYPE, "application/json")], bench.list.clone())
}

async fn event(State(bench): State<Arc<Bench>>, Json(wish): Json<Wish>) -> Json<Value> {
    let at = Timestamp::from_system();
    let id = EventId::new(format!("bare-{}", bench.events.fetch_add(1, Ordering::Relaxed)));
    let events = wish.target_agent_ids.into_iter().map(|agent| Event {
        id: id.clone(),
        kind: wish.r#type.clone(),
        source: "api".to_owned(),
        agent,
        author: None,
        priority: Priority::Normal,
        at: at.plus_millis(wish.delay),
        payload: wish.data.clone(),
        hops: 0,
        cause: None,
        broadcast: None,
    });
    bench.store.accept(events.collect()).await.unwrap();
    Json(json!({ "scheduled": true, "event": { "id": id, "type": wish.r#type, "timestamp": at } }))
}

/// Serves until the process is killed.
pub fn serve(folder: &Path) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let list = Bytes::from(std::fs::read(folder.join(LIST)).unwrap());
        let store = SqliteStore::open(&folder.join("data"), Options::default()).unwrap();
        let bench = Arc::new(Bench { list, store, events: AtomicU64::new(0) });
        let router =
            Router::new().route("/api/agents", get(self::list)).route("/api/events", post(event)).with_state(bench);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        answer(listener, router).await;
    });
}

/// Answers on a port, behind the same kind of accept loop as ours.
pub async fn answer(listener: TcpListener, router: Router) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let router = router.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                let router = router.clone();
                async move {
                    let Ok(answer) = router.oneshot(request.map(Body::new)).await;
                    Ok::<_, Infallible>(answer)
                }
            });
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(20));
            // The client goes when its round is over.
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
