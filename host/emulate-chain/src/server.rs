//! The server: takes connections on loopback, and answers each call or closes its connection. JSON-RPC is at `/`, the
//! exchange below `/swap/v2`, reports and commands below `/_emulator`.

use std::{
    collections::BTreeMap,
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{CONTENT_TYPE, HeaderValue},
    http::request::Parts,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

use crate::{
    chain::{Chain, ChainError, Pace},
    exchange::{self, Exchange, Reply},
    faults::{Faults, Kind, Plan},
    record::Record,
    rpc,
};

/// Longest request.
const MOST_BYTES: usize = 1 << 20;

/// What the emulator begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Keys and chance follow from it.
    pub seed: u64,
    /// What makes blocks.
    pub pace: Pace,
    /// What goes wrong.
    pub plan: Plan,
}

impl Default for Settings {
    /// Nothing goes wrong, and time stands still.
    fn default() -> Self {
        Self { seed: 0, pace: Pace::Still, plan: Plan::default() }
    }
}

/// A server that runs until it is dropped.
pub struct EmulatedChain {
    address: SocketAddr,
    pub(crate) world: Arc<World>,
    task: JoinHandle<()>,
}

impl fmt::Debug for EmulatedChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmulatedChain").field("address", &self.address).finish_non_exhaustive()
    }
}

pub(crate) struct World {
    seed: u64,
    state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) chain: Chain,
    pub(crate) exchange: Exchange,
    pub(crate) record: Record,
    pub(crate) faults: Faults,
}

/// The connection is to be closed instead of an answer.
#[derive(Debug)]
struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("closed on command")
    }
}

impl std::error::Error for Closed {}

impl EmulatedChain {
    /// On a port that the system chooses.
    ///
    /// # Errors
    /// There is no port to be had, or the chain cannot be begun.
    pub async fn start(settings: Settings) -> io::Result<Self> {
        let Settings { seed, pace, plan } = settings;
        // Programs are compiled here.
        let begin = move || -> Result<State, ChainError> {
            let mut chain = Chain::new(seed, pace);
            let exchange = Exchange::open(&mut chain, seed)?;
            Ok(State { chain, exchange, record: Record::default(), faults: Faults::new(plan, seed) })
        };
        let state = tokio::task::spawn_blocking(begin).await.map_err(io::Error::other)?.map_err(io::Error::other)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let world = Arc::new(World { seed, state: Mutex::new(state) });
        let task = tokio::spawn(serve(listener, Arc::clone(&world)));
        Ok(Self { address, world, task })
    }

    /// Where it is; reports and commands are below `/_emulator`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What stands for `https://api.mainnet-beta.solana.com`.
    pub fn solana(&self) -> String {
        self.url()
    }

    /// What stands for `https://api.jup.ag/swap/v2`.
    pub fn jupiter(&self) -> String {
        format!("{}/swap/v2", self.url())
    }
}

impl Drop for EmulatedChain {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Connections end with the server.
async fn serve(listener: TcpListener, world: Arc<World>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(connection(stream, Arc::clone(&world)))),
                // Too many open files: some will be closed.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, world: Arc<World>) {
    let service = service_fn(move |request| answer(Arc::clone(&world), request));
    // Whoever asked has gone, or is to see that the connection closes.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(world: Arc<World>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Closed> {
    let (head, body) = request.into_parts();
    // What is too long, or breaks off, is nothing that was asked.
    let body = Limited::new(body, MOST_BYTES).collect().await.map_err(|_| Closed)?.to_bytes();
    let none = || Reply::new(404, json!({ "error": "there is no such path here" }));
    let reply = match (head.method.as_str(), head.uri.path()) {
        (method, path) if path.starts_with("/_emulator/") => {
            world.control(method, &path["/_emulator/".len()..], &body).unwrap_or_else(none)
        }
        ("POST", "/") => match rpc::Call::read(&body) {
            Ok(call) => {
                let ask = |state: &mut State, twist: Option<&Kind>| {
                    let (body, code) = call.answer(&mut state.chain, twist);
                    (Reply::new(200, body), code)
                };
                world.met(&call.method, ask).await?
            }
            Err(refused) => Reply::new(200, refused),
        },
        ("GET", "/swap/v2/order") => world.exchange("order", &head, &body).await?,
        ("GET", "/swap/v2/build") => world.exchange("build", &head, &body).await?,
        ("POST", "/swap/v2/execute") => world.exchange("execute", &head, &body).await?,
        _ => none(),
    };
    Ok(response(&reply))
}

impl World {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn misbehave(&self, plan: Plan) {
        self.state().faults = Faults::new(plan, self.seed);
    }

    async fn exchange(&self, operation: &'static str, head: &Parts, body: &[u8]) -> Result<Reply, Closed> {
        let key = head.headers.get("x-api-key").and_then(|key| key.to_str().ok()).map(str::to_owned);
        let query = query(head.uri.query().unwrap_or_default());
        let request = exchange::Request { operation, query, body, key, now_s: now_s() };
        let ask = |state: &mut State, twist: Option<&Kind>| {
            let State { chain, exchange, faults, .. } = state;
            let reply = exchange::answer(exchange, chain, &request, faults.plan(), twist);
            let code = reply.code();
            (reply, code)
        };
        self.met(operation, ask).await
    }

    /// Counts a call, lets happen to it what the plan says, and does it.
    async fn met<F>(&self, operation: &str, ask: F) -> Result<Reply, Closed>
    where
        F: FnOnce(&mut State, Option<&Kind>) -> (Reply, Option<i64>),
    {
        let (n, fault) = {
            let mut state = self.state();
            let (n, nth) = state.record.begin(operation);
            let fault = state.faults.strike(operation, nth);
            if let Some(fault) = &fault {
                state.record.meets(n, fault.clone());
            }
            (n, fault)
        };
        let instead = match &fault {
            Some(Kind::Closed) => return Err(Closed),
            Some(Kind::Silent) => return std::future::pending().await,
            Some(Kind::RateLimited { reset_s }) => Some(Reply::too_many(now_s(), now_s() + u64::from(*reset_s))),
            Some(Kind::Failed { status, done: false }) => Some(failed(*status)),
            _ => None,
        };
        let (reply, code) = match instead {
            Some(reply) => (reply, None),
            None => {
                let mut state = self.state();
                state.chain.catch_up();
                if fault == Some(Kind::Expired) {
                    state.chain.expire();
                }
                let answer = ask(&mut state, fault.as_ref());
                let State { chain, exchange, .. } = &mut *state;
                // What cannot be collected stays where it is.
                let _ = exchange.collect(chain);
                answer
            }
        };
        let reply = match &fault {
            Some(Kind::LostAnswer) => return Err(Closed),
            Some(Kind::Late { ms }) => {
                tokio::time::sleep(Duration::from_millis((*ms).into())).await;
                reply
            }
            Some(Kind::Failed { status, done: true }) => failed(*status),
            _ => reply,
        };
        self.state().record.answered(n, reply.status, code);
        Ok(reply)
    }
}

fn failed(status: u16) -> Reply {
    Reply::new(status, json!({ "error": "failed on command" }))
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Names and values. Of escapes only the comma's is known, which separates names: addresses and numbers need none.
fn query(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.replace("%2C", ","))).collect()
}

fn response(reply: &Reply) -> Response<Full<Bytes>> {
    let body: Value = reply.body.clone();
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    for (name, value) in &reply.headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(*name, value);
        }
    }
    response
}
