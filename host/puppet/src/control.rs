//! How commands reach a running host: a socket in the data folder, its owner's alone, one JSON object per line.
//! The host answers each request with one object. Reads of rows do not come here: they read the folder.

mod ask;

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use puppet_engine::{Happening, Host, delivery_event};
use puppet_sandbox::Standing;
use puppet_tweet::Local;
use puppet_types::{AccountId, AgentId, Event, EventId, PackId, Timestamp, ids};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream},
    sync::watch,
    task::JoinSet,
};

use crate::{
    agents::NewAgent,
    trouble::{Result, Trouble},
};

pub use ask::ask;

/// Name of the socket in a data folder.
pub const SOCKET: &str = "control.sock";
/// Longest request in bytes.
const REQUEST_BYTES: u64 = 8 << 20;
/// Requests under way at once.
const CONNECTIONS: usize = 64;
/// How long a request may take to come, and an answer to go: who connects and says nothing keeps no place from others.
const TALK: Duration = Duration::from_secs(5);
/// How long `--wait` waits.
const PATIENCE: Duration = Duration::from_secs(180);

/// What can be asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Request {
    /// Accept events; with `wait`, answer when they are handled.
    Send {
        /// One per agent addressed.
        events: Vec<Event>,
        /// Until they are handled.
        wait: bool,
    },
    /// Somebody speaks to agents on the local timeline.
    Say {
        /// Account without `@`.
        author: String,
        /// What is said; the accounts spoken to are put before it.
        text: String,
        /// To whom.
        to: Vec<AgentId>,
        /// Until they have answered.
        wait: bool,
    },
    /// Make an agent.
    AddAgent {
        /// It.
        agent: Box<NewAgent>,
    },
    /// The counters as they stand, reservations included.
    Budgets,
    /// Who there is.
    Agents,
    /// How the plugins stand, by pack.
    Plugins,
    /// Let a plugin run again.
    Release {
        /// Its pack.
        pack: PackId,
    },
}

/// How a plugin stands with a host.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Stands {
    /// Breaches that count; none where nothing was stored.
    pub strikes: Option<u32>,
    /// It does not run before.
    pub backoff_until: Option<Timestamp>,
    /// It does not run at all.
    pub quarantined: bool,
}

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
    task: tokio::task::JoinHandle<()>,
}

impl Control {
    /// Opens the socket. The data folder's lock is held, so what lies there is a dead host's.
    pub fn open(data: &Path, host: Arc<Host>, local: Arc<Local>, stop: watch::Receiver<bool>) -> Result<Self> {
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
        let task = tokio::spawn(serve(listener, Arc::new(Parts { host, local, stop })));
        Ok(Self { path, task })
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
struct Parts {
    host: Arc<Host>,
    local: Arc<Local>,
    stop: watch::Receiver<bool>,
}

async fn serve(listener: UnixListener, parts: Arc<Parts>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= CONNECTIONS {
            connections.join_next().await;
        }
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(talk(stream, Arc::clone(&parts)));
            }
            Err(error) => {
                tracing::warn!(%error, "the control socket fails");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

async fn talk(stream: UnixStream, parts: Arc<Parts>) {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    let mut bounded = BufReader::new(read.take(REQUEST_BYTES));
    match tokio::time::timeout(TALK, bounded.read_line(&mut line)).await {
        Ok(Ok(bytes)) if bytes > 0 => {}
        _ => return,
    }
    let reply = match serde_json::from_str::<Request>(&line) {
        Ok(request) => answer(&parts, request).await,
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
    if let Ok(mut text) = serde_json::to_string(&reply) {
        text.push('\n');
        // The asker may be gone.
        let _ = tokio::time::timeout(TALK, write.write_all(text.as_bytes())).await;
    }
}

async fn answer(parts: &Parts, request: Request) -> Result<Value> {
    let Parts { host, local, stop } = parts;
    match request {
        Request::Send { events, wait } => send(host, events, wait, stop.clone()).await,
        Request::Say { author, text, to, wait } => {
            let events = say(host, local, &author, &text, &to).await?;
            let event_id = events.first().map(|event| event.id.clone());
            let mut answer = send(host, events, wait, stop.clone()).await?;
            answer["event_id"] = json!(event_id);
            Ok(answer)
        }
        Request::AddAgent { agent } => {
            agent.join(host).await?;
            Ok(Value::Null)
        }
        Request::Budgets => {
            let now = host.now();
            let rows: Vec<_> = host.ledger.lines(now).iter().map(puppet_engine::report::budget_row).collect();
            serde_json::to_value(json!({ "at": now, "items": rows })).map_err(Trouble::internal)
        }
        Request::Agents => Ok(json!(host.agents.ids())),
        Request::Release { pack } => {
            host.release(&pack).await?;
            Ok(Value::Null)
        }
        Request::Plugins => {
            let now = host.now();
            let stands: BTreeMap<PackId, Stands> = host
                .plugins()
                .iter()
                .map(|(id, plugin)| (id.clone(), Stands::of(plugin.standing(now), plugin.strikes())))
                .collect();
            serde_json::to_value(stands).map_err(Trouble::internal)
        }
    }
}

impl Stands {
    /// Of a version's standing and strikes.
    pub fn of(standing: Standing, strikes: u32) -> Self {
        let (backoff_until, quarantined) = match standing {
            Standing::Good => (None, false),
            Standing::BackOff { until } => (Some(until), false),
            Standing::Quarantined => (None, true),
        };
        Self { strikes: Some(strikes), backoff_until, quarantined }
    }

    /// In a word.
    pub fn name(&self) -> &'static str {
        match self {
            Self { quarantined: true, .. } => "quarantined",
            Self { backoff_until: Some(_), .. } => "backed-off",
            _ => "live",
        }
    }
}

/// Writes to the local timeline. Answers the mentions that come of it.
pub async fn say(host: &Host, local: &Local, author: &str, text: &str, to: &[AgentId]) -> Result<Vec<Event>> {
    let at = host.now();
    let handles = to.iter().map(|id| format!("@{} ", host.agents.line(id))).collect::<String>();
    let author = AccountId::new(author.trim_start_matches('@'));
    // Nobody hears of what it says itself: there would be no event.
    if host.accounts.agent(&author).is_some_and(|own| !to.is_empty() && to.iter().all(|id| *id == own)) {
        let message = format!("`{author}` would speak to itself");
        return Err(Trouble::input("bad-value", message, "name another author, or another agent"));
    }
    let published = local.write(&author, &format!("{handles}{text}"), None, at).await.map_err(|error| {
        Trouble::input("bad-value", error.to_string(), "shorten the text: a post weighs 280 at most")
    })?;
    let mut events = Vec::new();
    for delivery in published.deliveries.into_iter().filter(|delivery| delivery.kind == "mention") {
        let Some(agent) = host.accounts.agent(&delivery.account) else { continue };
        let post = published.posts.first().map(|post| post.id.to_string()).unwrap_or_default();
        let id = EventId::from(ids::derive("evt", &["say", &post, agent.as_str()]));
        events.push(delivery_event(id, agent, delivery, host.later(at)));
    }
    Ok(events)
}

async fn send(host: &Arc<Host>, events: Vec<Event>, wait: bool, mut stop: watch::Receiver<bool>) -> Result<Value> {
    known(host, &events)?;
    let mut watcher = host.watch();
    let mut open: Vec<EventId> = events.iter().map(|event| event.id.clone()).collect();
    host.submit(events).await?;
    let mut invocations = Vec::new();
    let mut outcome = "accepted".to_owned();
    let waiting = async {
        while wait && !open.is_empty() {
            match watcher.recv().await {
                Ok(Happening::Invoked { again: true, .. }) => {}
                Ok(Happening::Invoked { event, invocation, outcome: (name, _), .. }) if open.contains(&event) => {
                    open.retain(|other| *other != event);
                    invocations.push(invocation.to_string());
                    outcome = worse(&outcome, name);
                }
                Ok(Happening::DeadLettered { event, .. }) if open.contains(&event) => {
                    open.retain(|other| *other != event);
                    outcome = worse(&outcome, "dead-lettered");
                }
                Ok(_) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                Err(tokio::sync::broadcast::error::RecvError::Closed) => break,
            }
        }
    };
    tokio::select! {
        biased;
        // First: who does not wait is never told to, also where the host stops just now.
        () = waiting => {}
        () = tokio::time::sleep(PATIENCE) => outcome = "waiting".to_owned(),
        _ = stop.wait_for(|stopped| *stopped) => outcome = "waiting".to_owned(),
    }
    Ok(json!({ "outcome": outcome, "invocations": invocations }))
}

/// Of several outcomes the one that needs attention.
fn worse(one: &str, other: &str) -> String {
    const ORDER: [&str; 6] = ["accepted", "ok", "declined", "failed", "breach", "dead-lettered"];
    let rank = |name: &str| ORDER.iter().position(|known| *known == name).unwrap_or(0);
    if rank(other) > rank(one) { other.to_owned() } else { one.to_owned() }
}

fn known(host: &Host, events: &[Event]) -> Result<()> {
    match events.iter().find(|event| !host.agents.knows(&event.agent)) {
        Some(event) => Err(unknown_agent(&event.agent, &host.agents.ids())),
        None => Ok(()),
    }
}

/// An agent that is not there, with the one that was meant.
pub fn unknown_agent(id: &AgentId, ids: &[AgentId]) -> Trouble {
    let known: Vec<&str> = ids.iter().map(AgentId::as_str).collect();
    let remedy = match crate::config::nearest(id.as_str(), &known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`puppet agent list` lists them".to_owned(),
    };
    Trouble::input("unknown-agent", format!("there is no agent `{id}`"), remedy)
}
