//! How commands reach a running host: a socket in the data folder, its owner's alone, one JSON object per line.
//! The host answers each request with one object. Reads of rows do not come here: they read the folder.

mod answers;
mod ask;
mod folder;
mod hosted;
mod inside;
mod purses;
mod request;
mod say;
mod sent;

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use puppet_api::Keys;
use puppet_engine::Host;
use puppet_tweet::{Local, X};
use puppet_types::{AgentId, scrub};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
};

use crate::{
    grants::Grants,
    models::Usable,
    swaps::Swaps,
    trouble::{Result, Trouble},
};
use answers::answer;

pub use ask::{ask, ask_at};
pub use folder::Folder;
pub use hosted::{Hosted, Running, Stands};
pub use inside::Inside;
pub use purses::{DeskStands, Desks, NoDesks, approval, desks, word};
pub use request::{Request, Until};
pub use say::Said;
pub use sent::{Taken, accept};

/// Name of the socket in a data folder.
pub const SOCKET: &str = "control.sock";
/// Longest request in bytes.
const REQUEST_BYTES: u64 = 8 << 20;
/// Requests under way at once, without those that only wait for what was accepted.
const CONNECTIONS: usize = 64;
/// Requests that wait at once; those beyond keep their place among the others.
const WAITING: usize = 1_024;
/// How long a request may take to come, and an answer to go: who connects and says nothing keeps no place from others.
const TALK: Duration = Duration::from_secs(5);

/// How long a host that stops goes on answering what it was asked.
const CLOSING: Duration = Duration::from_secs(1);

/// How a request ended.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    Done(Value),
    Refused { exit: u8, code: String, message: String, remedy: String },
}

/// Listens until it is dropped.
pub struct Control {
    path: PathBuf,
    closing: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Control {
    /// Opens the socket. The data folder's lock is held, so what lies there is a dead host's.
    pub fn open(data: &Path, parts: Arc<Parts>) -> Result<Self> {
        let path = data.join(SOCKET);
        let failed = |error: io::Error| {
            let message = format!("cannot be opened: {error}");
            let remedy = "check the data folder; a shorter path helps where it is too long";
            Trouble::unreachable("control-socket", message, remedy).in_file(&path)
        };
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let listener = UnixListener::bind(&path).map_err(failed)?;
        private(&path).map_err(failed)?;
        let (closing, closed) = watch::channel(false);
        let task = tokio::spawn(serve(listener, parts, closed));
        Ok(Self { path, closing, task })
    }

    /// Takes no more requests. Whoever waits for an answer gets it; who connected and says nothing is not waited for.
    pub async fn close(mut self) {
        let _ = self.closing.send(true);
        let _ = tokio::time::timeout(CLOSING, &mut self.task).await;
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.task.abort();
        // It may be gone already.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

/// What requests are answered with.
pub struct Parts {
    /// Events go to it.
    pub host: Arc<Host>,
    /// People write to it; none where agents post elsewhere.
    pub local: Option<Arc<Local>>,
    /// Where agents post, where it is X.
    pub x: Option<Arc<X>>,
    /// Who writes.
    pub models: Usable,
    /// The operator's, and the file that they are read from.
    pub grants: (Arc<Grants>, PathBuf),
    /// Whether the host is told to stop.
    pub stop: watch::Receiver<bool>,
    /// Held by who makes an agent, from looking who is here to the row: two of one name are not both made.
    pub joining: Arc<tokio::sync::Mutex<()>>,
    /// Versions on their way.
    pub swaps: Arc<Swaps>,
    /// Who may ask the server.
    pub keys: Arc<Keys>,
    /// What is traded by this host.
    pub desks: Arc<dyn Desks>,
}

async fn serve(listener: UnixListener, parts: Arc<Parts>, mut closed: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let (places, benches) = (Arc::new(Semaphore::new(CONNECTIONS)), Arc::new(Semaphore::new(WAITING)));
    loop {
        while connections.try_join_next().is_some() {}
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accepted => accepted,
            _ = closed.wait_for(|closed| *closed) => break,
        };
        match accepted {
            Ok((stream, _)) => {
                connections.spawn(talk(stream, Arc::clone(&parts), place, Arc::clone(&benches)));
            }
            Err(error) => {
                tracing::warn!(%error, "the control socket fails");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
    while connections.join_next().await.is_some() {}
}

/// One request. One that waits gives its place to others as long as there is room to wait, and ends where nobody is
/// there to be answered.
async fn talk(stream: UnixStream, parts: Arc<Parts>, mut place: Option<OwnedSemaphorePermit>, benches: Arc<Semaphore>) {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    let mut bounded = BufReader::new(read.take(REQUEST_BYTES));
    match tokio::time::timeout(TALK, bounded.read_line(&mut line)).await {
        Ok(Ok(bytes)) if bytes > 0 => {}
        _ => return,
    }
    let reply = match serde_json::from_str::<Request>(&scrub::json(&line)) {
        Ok(request) => {
            let bench = request.waits().then(|| benches.try_acquire_owned().ok()).flatten();
            place = place.filter(|_| bench.is_none());
            answer(&parts, request, left(bounded)).await
        }
        Err(error) => {
            Err(Trouble::input("bad-request", error.to_string(), "use the puppet program of the same version"))
        }
    };
    let reply = match reply {
        Ok(value) => Reply::Done(value),
        Err(Trouble { exit, code, message, remedy, .. }) => {
            Reply::Refused { exit: exit as u8, code: code.to_owned(), message, remedy }
        }
    };
    drop(place);
    if let Ok(text) = serde_json::to_string(&reply) {
        let mut text = scrub::json(&text).into_owned();
        text.push('\n');
        // The asker may be gone.
        let _ = tokio::time::timeout(TALK, write.write_all(text.as_bytes())).await;
    }
}

/// Returns when whoever asked is not there any more: nothing is said after a request.
async fn left(mut asker: impl AsyncRead + Unpin) {
    while asker.read_u8().await.is_ok() {}
}

/// An agent that is not there, with the one that was meant.
pub fn unknown_agent(id: &AgentId, ids: &[AgentId]) -> Trouble {
    let known: Vec<&str> = ids.iter().map(AgentId::as_str).collect();
    let remedy = match crate::config::nearest(id.as_str(), &known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`puppet agent list` lists them".to_owned(),
    };
    Trouble::input("unknown-agent", format!("there is no agent `{id}`"), remedy).missing()
}
