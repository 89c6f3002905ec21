//! Takes connections and hands their requests to the router. Everything about a connection has a bound: how many there are,
//! how long a request's head may be and take, how long an answer may not be taken, how long the end may last.

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::Request,
    response::{IntoResponse as _, Response},
};
use futures::FutureExt as _;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::watch,
    task::{JoinHandle, JoinSet},
};
use tower::ServiceExt as _;

use crate::{app::App, fault::Fault, guarded::Guarded, places::Places, router, tls::Tls};

/// How long the head of a request may take, and how long a connection may be idle.
const HEAD: Duration = Duration::from_secs(20);
/// How long the beginning of an encrypted connection may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Most headers of a request.
const HEADERS: usize = 64;
/// Longest head of a request in bytes.
const HEAD_BYTES: usize = 32 << 10;
/// How long answers may go on once the server is told to end.
const CLOSING: Duration = Duration::from_secs(2);
/// How long to wait where the system has no file for a connection.
const NO_FILES: Duration = Duration::from_millis(10);

/// From where a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The other end of the connection.
    pub address: IpAddr,
    /// Whether the connection is encrypted.
    pub is_tls: bool,
}

/// A port that is taken, and not yet answered at.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<Tls>>,
}

impl Listener {
    /// Takes the port.
    ///
    /// # Errors
    /// Somebody else has it, or the address is not of this machine.
    pub async fn bind(address: SocketAddr, tls: Option<Tls>) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, tls: tls.map(Arc::new) })
    }

    /// Where it is; a client of this machine reaches it there.
    pub fn url(&self) -> String {
        let reached = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => "127.0.0.1".to_owned(),
            IpAddr::V6(ip) if ip.is_unspecified() => "[::1]".to_owned(),
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{reached}:{}", self.address.port())
    }
}

/// Answers until it is closed or dropped.
pub struct Server {
    ending: watch::Sender<bool>,
    task: JoinHandle<()>,
    sweep: JoinHandle<()>,
    app: Arc<App>,
}

impl Server {
    /// From now on.
    pub fn start(listener: Listener, app: Arc<App>) -> Self {
        let (ending, ended) = watch::channel(false);
        let places = Places::new(app.settings.connections, app.settings.behind_proxy);
        let sweep = app.sweep();
        let router = router::build(Arc::clone(&app));
        let task = tokio::spawn(serve(listener, router, places, ended));
        Self { ending, task, sweep, app }
    }

    /// Takes no more requests; what is being answered is answered, within a bound.
    pub async fn close(mut self) {
        self.ending.send_replace(true);
        let _ = tokio::time::timeout(CLOSING, &mut self.task).await;
        // What was answered stands in the audit log before the store is closed.
        let _ = tokio::time::timeout(CLOSING, self.app.following.written()).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
        self.sweep.abort();
    }
}

async fn serve(listener: Listener, router: Router, places: Arc<Places>, mut ended: watch::Receiver<bool>) {
    let Listener { listener, tls, .. } = listener;
    let following = tls.as_ref().map(Tls::follow);
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let accepted = async {
            let place = places.free().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accepted => accepted,
            _ = ended.wait_for(|ended| *ended) => break,
        };
        match accepted {
            Ok((stream, address)) => {
                // Who holds half of them already is hung up on.
                let Some(place) = place.and_then(|place| places.give(place, address.ip())) else { continue };
                // Answers are small and whole.
                let _ = stream.set_nodelay(true);
                let peer = Peer { address: address.ip().to_canonical(), is_tls: tls.is_some() };
                let (router, ended, acceptor) = (router.clone(), ended.clone(), tls.as_ref().map(|tls| tls.acceptor()));
                connections.spawn(async move {
                    let _place = place;
                    match acceptor {
                        None => connection(stream, peer, router, ended).await,
                        // Who does not get through the beginning has gone, or does not trust us.
                        Some(acceptor) => {
                            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                                connection(stream, peer, router, ended).await;
                            }
                        }
                    }
                });
            }
            Err(_) => tokio::time::sleep(NO_FILES).await,
        }
    }
    drop(listener);
    following.inspect(JoinHandle::abort);
    while connections.join_next().await.is_some() {}
}

async fn connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    peer: Peer,
    router: Router,
    mut ended: watch::Receiver<bool>,
) {
    let service = service_fn(move |request| answer(router.clone(), peer, request));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD).max_headers(HEADERS).max_buf_size(HEAD_BYTES);
    let connection = builder.serve_connection(TokioIo::new(Guarded::new(stream)), service).with_upgrades();
    tokio::pin!(connection);
    // Whoever asked has gone, was too slow, or speaks no HTTP: it was told, where it can be.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = ended.wait_for(|ended| *ended) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// A panic of a handler is an answer too.
async fn answer(router: Router, peer: Peer, request: Request<Incoming>) -> Result<Response, Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(peer);
    match AssertUnwindSafe(router.oneshot(request)).catch_unwind().await {
        Ok(answered) => answered,
        Err(_) => Ok(Fault::internal("a handler panicked").into_response()),
    }
}
