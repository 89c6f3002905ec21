//! The server: takes connections on loopback, and answers each request or closes its connection. What was done stays
//! when the host that asked for it is gone.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use http_body_util::{BodyExt as _, Limited};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

use crate::{
    asked::Asked,
    body::{Body, Closed},
    faults::Plan,
    llm,
    operation::Operation,
    world::World,
    x::{self, Disconnect},
};

/// Longest request.
const MOST_BYTES: usize = 8 << 20;

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

    pub(crate) fn offer(self, operation: Operation) -> bool {
        if operation.is_of_model() { self.llm } else { self.x }
    }

    /// What each of them does to the world, as it is counted.
    pub(crate) fn effects(self) -> impl Iterator<Item = &'static str> {
        let x = x::EFFECTS.into_iter().filter(move |_| self.x);
        x.chain(llm::EFFECTS.into_iter().filter(move |_| self.llm))
    }
}

/// A server that runs until it is dropped.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    world: Arc<World>,
    task: JoinHandle<()>,
}

impl Emulator {
    /// On a port that the system chooses.
    ///
    /// # Errors
    /// There is no port to be had.
    pub async fn start(services: Services, seed: u64, plan: Plan) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let world = Arc::new(World::new(services, seed, plan));
        let task = tokio::spawn(serve(listener, Arc::clone(&world)));
        Ok(Self { address, world, task })
    }

    /// Where it is; counts, reports and faults are below `/_emulator`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What stands for `https://api.x.com`, where X is emulated.
    pub fn x(&self) -> Option<String> {
        self.world.services().x.then(|| self.url())
    }

    /// What stands for `https://api.openai.com/v1`, where a model is emulated.
    pub fn llm(&self) -> Option<String> {
        self.world.services().llm.then(|| format!("{}/v1", self.url()))
    }

    /// What `GET /_emulator/counts` answers.
    pub fn counts(&self) -> Value {
        self.world.counts()
    }

    /// What `GET /_emulator/report` answers.
    pub fn report(&self) -> Value {
        self.world.report()
    }

    /// What `POST /_emulator/stream` does: whoever listens to a stream is disconnected so.
    pub fn disconnect(&self, how: Disconnect) {
        self.world.disconnect(how);
    }

    /// What `POST /_emulator/faults` does.
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

async fn answer(world: Arc<World>, request: Request<Incoming>) -> Result<Response<Body>, Closed> {
    let (head, body) = request.into_parts();
    // What is too long, or breaks off, is nothing that was asked.
    let body = Limited::new(body, MOST_BYTES).collect().await.map_err(|_| Closed)?.to_bytes();
    let asked = Asked::new(head, body);
    if let Some(reply) = world.control(&asked) {
        return Ok(reply.sent(None));
    }
    match asked.call().filter(|call| world.services().offer(call.operation)) {
        Some(call) => world.met(&call, &asked).await,
        None => Ok(x::no_such_path().sent(None)),
    }
}
