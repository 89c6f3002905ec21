//! How commands reach a running host: a socket in the data folder, its owner's alone, one JSON object per line.
//! The host answers each request with one object. Reads of rows do not come here: they read the folder.

mod ask;
mod folder;
mod purses;
mod say;

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use puppet_engine::{Happening, Host, Plugin, Verdict, Word};
use puppet_sandbox::Standing;
use puppet_store::Old;
use puppet_tweet::{Local, X};
use puppet_types::{AccountId, AgentId, Digest, EffectId, Event, EventId, InvocationId, PackId, Timestamp, scrub};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
};

use crate::{
    agents::NewAgent,
    bill,
    commands::{approvals::decided, journal::forget, outbox},
    grants::Grants,
    intake,
    models::Usable,
    swaps::{Swaps, Told},
    trouble::{Result, Trouble},
    wallets::words::Word as PurseWord,
};

pub use ask::ask;
pub use folder::Folder;
pub use purses::{DeskStands, Desks, NoDesks, approval, desks, word};
pub use say::Said;

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
/// How long the host may take to answer, beyond what it was asked to wait: more than a busy one does.
const ANSWER: Duration = Duration::from_secs(15);

/// How much longer forgetting may take: full text is written anew, and readers of the database are waited for.
const FORGETTING_MS: u64 = 600_000;

/// How much longer a question may take that X is asked in its turn.
const CHECKING_MS: u64 = 60_000;

/// How long a host that stops goes on answering what it was asked.
const CLOSING: Duration = Duration::from_secs(1);

/// What can be asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Request {
    /// Accept events; with `wait_ms`, answer when they are handled.
    Send {
        /// One per agent addressed.
        events: Vec<Event>,
        /// Until they are handled, and no longer than so.
        wait_ms: Option<u64>,
    },
    /// Somebody speaks to agents on the local timeline.
    Say {
        /// Who says what to whom.
        said: Said,
        /// Until they have answered, and no longer than so.
        wait_ms: Option<u64>,
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
    /// Whether the last thing was written.
    Disk,
    /// Which models can be used.
    Models,
    /// Somebody has signed an account in to X, or out: ask X whose it is.
    CheckAccount {
        /// Its name.
        account: String,
    },
    /// How the plugins stand, by pack.
    Plugins,
    /// Read the operator's grants again.
    Regrant,
    /// Let nothing leave.
    Halt {
        /// In the operator's words.
        reason: Option<String>,
    },
    /// Let effects leave again.
    Resume,
    /// The operator's word on an effect that waits for it.
    Decide {
        /// Which.
        effect: EffectId,
        /// Of what the operator saw.
        digest: Option<Digest>,
        /// What is said.
        verdict: Verdict,
    },
    /// The operator's word on an effect that does not get on.
    Outbox {
        /// Which.
        effect: EffectId,
        /// What is said.
        word: Word,
    },
    /// Take the words out of records of the journal.
    Forget {
        /// Which.
        ids: Vec<InvocationId>,
    },
    /// Drop what is old: one piece of it.
    Prune {
        /// What.
        old: Old,
    },
    /// What is installed of a pack has changed.
    Swap {
        /// Its id.
        pack: PackId,
        /// With a version of it, answer when nothing more is to be waited for with that.
        until: Option<Until>,
    },
    /// An operator's word about purses.
    PurseWord {
        /// Which.
        purses: Vec<String>,
        /// What is said.
        word: PurseWord,
    },
    /// A person's yes or no to a message that waits to be signed.
    SwapApproval {
        /// Which.
        hash: String,
        /// Whether it may be signed.
        is_yes: bool,
    },
    /// How the desks stand.
    Desks,
    /// Let a plugin run again.
    Release {
        /// Its pack.
        pack: PackId,
    },
}

/// How long a version is waited for.
#[derive(Debug, Serialize, Deserialize)]
pub struct Until {
    /// Semver.
    pub version: String,
    /// No longer than so.
    pub wait_ms: u64,
}

impl Request {
    /// It is accepted soon, and then waits for what comes of it.
    fn waits(&self) -> bool {
        matches!(
            self,
            Self::Send { wait_ms: Some(_), .. }
                | Self::Say { wait_ms: Some(_), .. }
                | Self::Swap { until: Some(_), .. }
        )
    }

    /// Whoever asks gives up after so long: a host that hangs holds up nobody.
    fn limit(&self) -> Duration {
        let asked = match self {
            Self::Send { wait_ms, .. } | Self::Say { wait_ms, .. } => wait_ms.unwrap_or_default(),
            Self::Swap { until: Some(until), .. } => until.wait_ms,
            Self::Forget { .. } => FORGETTING_MS,
            Self::CheckAccount { .. } => CHECKING_MS,
            _ => 0,
        };
        ANSWER.saturating_add(Duration::from_millis(asked))
    }

    /// What shows whether it was carried out; none of a question.
    fn look(&self) -> Option<String> {
        Some(match self {
            Self::Budgets
            | Self::Agents
            | Self::Models
            | Self::Plugins
            | Self::Disk
            | Self::Desks
            | Self::CheckAccount { .. } => {
                return None;
            }
            Self::Send { .. } | Self::Say { .. } => "`puppet event history` and `puppet journal`".to_owned(),
            Self::AddAgent { .. } => "`puppet agent list`".to_owned(),
            Self::Halt { .. } | Self::Resume => "`puppet doctor`".to_owned(),
            Self::Decide { effect, .. } | Self::Outbox { effect, .. } => format!("`puppet outbox show {effect}`"),
            Self::PurseWord { .. } => "`puppet wallet list`".to_owned(),
            Self::SwapApproval { .. } => "`puppet wallet approvals`".to_owned(),
            Self::Forget { .. } | Self::Prune { .. } => "`puppet journal`".to_owned(),
            Self::Regrant | Self::Swap { .. } | Self::Release { .. } => "`puppet plugins`".to_owned(),
        })
    }
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
    closing: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Control {
    /// Opens the socket. The data folder's lock is held, so what lies there is a dead host's.
    pub fn open(data: &Path, parts: Parts) -> Result<Self> {
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
        let task = tokio::spawn(serve(listener, Arc::new(parts), closed));
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
    /// What is traded by this host.
    pub desks: Arc<dyn Desks>,
}

/// How a limit of the network stands.
fn limit(window: &puppet_tweet::Window) -> Value {
    let puppet_tweet::Window { account, request, kind, limit, remaining, resets_at } = window;
    json!({
        "account": account, "request": request, "window": kind.name(), "limit": limit, "remaining": remaining,
        "resets_at": resets_at,
    })
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

async fn answer(parts: &Parts, request: Request, left: impl Future<Output = ()>) -> Result<Value> {
    let Parts { host, local, models, stop, joining, .. } = parts;
    match request {
        Request::Send { events, wait_ms } => send(host, events, wait_ms, (left, stop.clone())).await,
        Request::Say { said, wait_ms } => {
            let local = local.as_deref().ok_or_else(|| {
                let message = "agents post on X here: what is said on the local timeline they could not answer";
                let remedy = "say it on X, where it is heard, or ask for a post with `puppet event send command_post`";
                Trouble::input("not-here", message, remedy)
            })?;
            let events = said.write(host, local).await?;
            let event_id = events.first().map(|event| event.id.clone());
            let mut answer = send(host, events, wait_ms, (left, stop.clone())).await?;
            answer["event_id"] = json!(event_id);
            Ok(answer)
        }
        Request::AddAgent { agent } => {
            let _joining = joining.lock().await;
            agent.join(host).await?;
            Ok(Value::Null)
        }
        Request::Budgets => {
            let now = host.now();
            let rows: Vec<_> = host.budget_lines().await?.iter().map(puppet_engine::report::budget_row).collect();
            let limits: Vec<_> = host.publisher.windows().iter().map(limit).collect();
            let bill = parts.x.as_ref().map_or_else(Vec::new, |x| bill::rows(&x.bill(), now, x.renews_on()));
            serde_json::to_value(json!({ "at": now, "items": rows, "limits": limits, "bill": bill }))
                .map_err(Trouble::internal)
        }
        Request::Agents => Ok(json!(host.agents.ids())),
        Request::Disk => Ok(host.disk.fault().map_or(Value::Null, |fault| json!([fault.to_string(), fault.remedy()]))),
        Request::Models => serde_json::to_value(models).map_err(Trouble::internal),
        Request::CheckAccount { account } => {
            let Some(x) = &parts.x else { return Ok(json!("the host that runs here does not post to X")) };
            let known = x.knows(&AccountId::new(&account));
            if !known {
                return Ok(json!(format!("the host that runs here does not know @{account} yet: start it again")));
            }
            let fault = x.check(&AccountId::new(&account)).await.err();
            if fault.is_none() {
                host.release_account(&AccountId::new(&account));
            }
            Ok(json!(fault.map(|fault| format!("the host that runs here posts nothing as @{account}: {fault}"))))
        }
        Request::Regrant => {
            let (grants, file) = &parts.grants;
            grants.replace(Grants::at(file)?, &host.ledger);
            host.recast();
            Ok(Value::Null)
        }
        Request::Halt { reason } => serde_json::to_value(host.halt(reason).await?).map_err(Trouble::internal),
        Request::Resume => {
            host.resume().await?;
            Ok(Value::Null)
        }
        Request::Decide { effect, digest, verdict } => {
            let effect = host.decide((&effect, digest), &verdict).await?;
            Ok(decided(&effect))
        }
        Request::Outbox { effect, word } => {
            if let (Some(x), Word::Retry { .. }) = (&parts.x, &word)
                && let Some(effect) = host.store.effect(&effect).await?
            {
                x.ask_anew(&effect.account).await;
            }
            let effect = host.speak(&effect, &word).await?;
            serde_json::to_value(outbox::Told::of(&effect)?).map_err(Trouble::internal)
        }
        Request::Forget { ids } => {
            let forgetting = host.store.forget(ids, &forget::reason(host.now())).await?;
            serde_json::to_value(forget::Told::of(forgetting)).map_err(Trouble::internal)
        }
        Request::Prune { old } => serde_json::to_value(host.store.prune(old).await?).map_err(Trouble::internal),
        Request::Swap { pack, until: None } => {
            parts.swaps.look(&pack);
            Ok(Value::Null)
        }
        Request::Swap { pack, until: Some(Until { version, wait_ms }) } => {
            let mut stop = stop.clone();
            tokio::select! {
                () = parts.swaps.come_to(&pack, &version) => {}
                () = tokio::time::sleep(Duration::from_millis(wait_ms)) => {}
                _ = stop.wait_for(|stopped| *stopped) => {}
                () = left => {}
            }
            Ok(Value::Null)
        }
        Request::PurseWord { purses, word } => {
            purses::word(&*host.store, &*parts.desks, &purses, &word, host.now()).await
        }
        Request::SwapApproval { hash, is_yes } => purses::approval(&*host.store, &hash, is_yes, host.now()).await,
        Request::Desks => serde_json::to_value(parts.desks.stand()).map_err(Trouble::internal),
        Request::Release { pack } => {
            host.release(&pack).await?;
            Ok(Value::Null)
        }
        Request::Plugins => serde_json::to_value(Hosted::of(host, &parts.swaps)).map_err(Trouble::internal),
    }
}

/// The versions that a host runs, and how far the newest of each pack has come.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Hosted {
    /// Serving or on trial.
    pub versions: Vec<Running>,
    /// By pack.
    pub swaps: BTreeMap<PackId, Told>,
}

/// One version that runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Running {
    /// Its pack.
    pub pack: PackId,
    /// Of its component.
    pub digest: Digest,
    /// Whether it serves whom the pack serves; else it is on trial.
    pub serves: bool,
    /// Whom it is tried on.
    pub tried_on: Vec<AgentId>,
    /// How it stands.
    pub stands: Stands,
}

impl Hosted {
    fn of(host: &Host, swaps: &Swaps) -> Self {
        let now = host.now();
        let running = |plugin: &Plugin, tried_on: Option<Vec<AgentId>>| Running {
            pack: plugin.id.clone(),
            digest: plugin.digest(),
            serves: tried_on.is_none(),
            tried_on: tried_on.unwrap_or_default(),
            stands: Stands::of(plugin.standing(now), plugin.strikes()),
        };
        let mut versions = Vec::new();
        for (pack, plugin) in host.plugins().iter() {
            versions.push(running(plugin, None));
            let trial = host.trial(pack);
            versions.extend(trial.map(|trial| running(&trial.plugin, Some(trial.agents.iter().cloned().collect()))));
        }
        Self { versions, swaps: swaps.context().board() }
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

async fn send(
    host: &Arc<Host>,
    events: Vec<Event>,
    wait_ms: Option<u64>,
    (left, mut stop): (impl Future<Output = ()>, watch::Receiver<bool>),
) -> Result<Value> {
    known(host, &events)?;
    intake::check(&*host.store, &events).await?;
    let mut watcher = host.watch();
    let mut open: Vec<EventId> = events.iter().map(|event| event.id.clone()).collect();
    host.submit(events).await?;
    let (mut invocations, mut given_up) = (Vec::new(), Vec::new());
    let mut outcome = "accepted".to_owned();
    let waiting = async {
        while wait_ms.is_some() && !open.is_empty() {
            match watcher.recv().await {
                Ok(Happening::Invoked { again: true, .. }) => {}
                Ok(Happening::Invoked { event, invocation, outcome: (name, _), .. }) if open.contains(&event) => {
                    open.retain(|other| *other != event);
                    invocations.push(invocation.to_string());
                    outcome = worse(&outcome, name);
                }
                Ok(Happening::DeadLettered { event, reason, .. }) if open.contains(&event) => {
                    open.retain(|other| *other != event);
                    given_up.push(reason);
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
        () = tokio::time::sleep(Duration::from_millis(wait_ms.unwrap_or_default())) => outcome = "waiting".to_owned(),
        _ = stop.wait_for(|stopped| *stopped) => outcome = "waiting".to_owned(),
        () = left => outcome = "waiting".to_owned(),
    }
    Ok(json!({ "outcome": outcome, "invocations": invocations, "given_up": given_up }))
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
