//! The server: takes connections on loopback, and answers each request or closes its connection. What was done stays
//! when the host that asked for it is gone.

use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use puppet_types::Timestamp;
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

use crate::{
    asked::{Asked, Call, Operation},
    faults::{Faults, Kind, Plan},
    llm::Model,
    record::Record,
    reply::Reply,
    x::{Caller, Network},
};

/// Longest request.
const MOST_BYTES: usize = 1 << 20;

/// Which services are emulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Services {
    /// X's API v2.
    pub x: bool,
    /// Chat completions.
    pub llm: bool,
}

impl Services {
    /// All of them.
    pub const ALL: Self = Self { x: true, llm: true };
}

/// A server that runs until it is dropped.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    world: Arc<World>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct World {
    services: Services,
    seed: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    network: Network,
    model: Model,
    record: Record,
    faults: Faults,
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

impl Emulator {
    /// On a port that the system chooses.
    ///
    /// # Errors
    /// There is no port to be had.
    pub async fn start(services: Services, seed: u64, plan: Plan) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let state = State {
            network: Network::default(),
            model: Model::default(),
            record: Record::default(),
            faults: Faults::new(plan, seed),
        };
        let world = Arc::new(World { services, seed, state: Mutex::new(state) });
        let task = tokio::spawn(serve(listener, Arc::clone(&world)));
        Ok(Self { address, world, task })
    }

    /// Where it is; reports and faults are below `/_emulate`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What stands for `https://api.x.com`, where X is emulated.
    pub fn x(&self) -> Option<String> {
        self.world.services.x.then(|| self.url())
    }

    /// What stands for `https://api.openai.com/v1`, where a model is emulated.
    pub fn llm(&self) -> Option<String> {
        self.world.services.llm.then(|| format!("{}/v1", self.url()))
    }

    /// What `GET /_emulate/report` answers.
    pub fn report(&self) -> Value {
        self.world.report()
    }

    /// What `POST /_emulate/faults` does.
    pub fn misbehave(&self, plan: Plan) {
        self.world.misbehave(plan);
    }
}

impl Drop for Emulator {
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
    let body = Limited::new(body, MOST_BYTES).collect().await.map_err(|_| Closed)?.to_bytes().to_vec();
    let asked = Asked::new(head, body);
    if let Some(reply) = world.control(&asked) {
        return Ok(whole(reply));
    }
    match asked.call().filter(|call| world.offers(call)) {
        Some(call) => world.met(&call, &asked).await,
        None => Ok(whole(Reply::no_such_path())),
    }
}

impl World {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn offers(&self, call: &Call) -> bool {
        if call.operation == Operation::Chat { self.services.llm } else { self.services.x }
    }

    /// What is asked of the emulator itself; it is not counted.
    fn control(&self, asked: &Asked) -> Option<Reply> {
        let reply = match (asked.method.as_str(), asked.path.strip_prefix("/_emulate/")?) {
            ("GET", "report") => Reply::new(200, self.report()),
            ("POST", "faults") => match Plan::parse(&asked.body) {
                Ok(plan) => {
                    self.misbehave(plan);
                    Reply::new(200, json!({}))
                }
                Err(error) => Reply::new(400, json!({ "error": error.to_string() })),
            },
            _ => Reply::no_such_path(),
        };
        Some(reply)
    }

    fn misbehave(&self, plan: Plan) {
        self.state().faults = Faults::new(plan, self.seed);
    }

    fn report(&self) -> Value {
        let state = self.state();
        let faults: Vec<Value> = state
            .faults
            .struck()
            .map(|(fault, struck)| json!({ "kind": fault.kind, "operation": fault.operation, "struck": struck }))
            .collect();
        json!({
            "schema": "puppet.emulated/1", "counts": state.record.by_operation(), "accounts": state.network.report(),
            "llm": state.model.report(), "faults": faults, "requests": state.record.entries(),
        })
    }

    /// Counts a request, lets happen to it what the plan says, and does it.
    async fn met(&self, call: &Call, asked: &Asked) -> Result<Response<Full<Bytes>>, Closed> {
        let account = asked.account();
        let (n, fault) = self.begin(call, account.as_deref(), asked);
        let reply = match &fault {
            Some(Kind::Closed) => return Err(Closed),
            Some(Kind::RateLimited { reset_s }) => {
                Reply::too_many(Timestamp::from_system().as_millis() / 1_000 + i64::from(*reset_s))
            }
            Some(Kind::Failed { status, done: false }) => Reply::failed(*status),
            Some(Kind::Duplicate) => Reply::duplicate(),
            _ => self.carried_out(call, account.as_deref(), n, asked),
        };
        let reply = match &fault {
            Some(Kind::LostAnswer) => return Err(Closed),
            Some(Kind::Late { ms }) => {
                tokio::time::sleep(Duration::from_millis((*ms).into())).await;
                reply
            }
            Some(Kind::Failed { status, done: true }) => Reply::failed(*status),
            _ => reply,
        };
        self.state().record.answered(n, reply.status);
        Ok(if fault == Some(Kind::Truncated) { half(&reply) } else { whole(reply) })
    }

    /// Only what comes with a token meets a fault.
    fn begin(&self, call: &Call, account: Option<&str>, asked: &Asked) -> (u64, Option<Kind>) {
        let mut state = self.state();
        let (n, nth) = state.record.begin(account, call.operation, asked.line.clone());
        let fault = account.and_then(|account| state.faults.strike(call.operation, account, nth));
        state.record.meets(n, fault.clone());
        (n, fault)
    }

    fn carried_out(&self, call: &Call, account: Option<&str>, n: u64, asked: &Asked) -> Reply {
        let Some(account) = account else { return Reply::unauthorized() };
        let mut state = self.state();
        let State { network, model, faults, .. } = &mut *state;
        if call.operation == Operation::Chat {
            return model.chat(self.seed, &asked.body);
        }
        let caller = Caller { account, n, at: Timestamp::from_system() };
        match network.admit(call, caller, faults.plan()) {
            Ok(headers) => {
                let mut reply = network.carry_out(call, caller, asked);
                reply.headers.extend(headers);
                reply
            }
            Err(reply) => reply,
        }
    }
}

fn whole(reply: Reply) -> Response<Full<Bytes>> {
    let body = reply.body.to_string();
    response(&reply, body)
}

/// The first half of the JSON, as if that were all.
fn half(reply: &Reply) -> Response<Full<Bytes>> {
    let mut body = reply.body.to_string();
    body.truncate(body.floor_char_boundary(body.len() / 2));
    response(reply, body)
}

fn response(reply: &Reply, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
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
