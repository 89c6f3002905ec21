//! A host of the real program that is killed again and again while several sides send it events, and what must hold of
//! its rows afterwards; or of its rows and of what a network has, which it posts to. `cargo test` does so with a few kills,
//! `host/puppet/examples/faults.rs` with as many as one likes: so nothing here knows of tests.

mod network;

use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use puppet_types::ids::derive_u64;
use serde_json::{Value, json};

use network::Network;
pub use network::{asked, posts_agree};

const AGENTS: [&str; 3] = ["harbour-watch", "orbit-desk", "sourdough-sage"];
/// Agents on a network: each may post a dozen times an hour.
const MANY: usize = 36;
/// Who speak to the host at the same time.
const SENDERS: usize = 4;
/// A host that does not get through its mail in this time has lost it.
const PATIENCE: Duration = Duration::from_secs(120);
/// One host in so many is killed before it says that it is ready.
const EARLY: u64 = 5;

/// The program, to be started in a folder.
pub type Program = dyn Fn(&Path) -> Command + Sync;

/// What came of it.
#[derive(Debug, Default)]
pub struct Summary {
    /// Hosts that were killed.
    pub kills: u64,
    /// Events that a host said it has.
    pub accepted: usize,
    /// Those of them that could only be given up.
    pub given_up: usize,
    /// Effects that were decided.
    pub effects: usize,
    /// Posts that the network has, where there is one.
    pub posts: usize,
}

/// A data folder whose hosts are killed.
pub struct Kills<'a> {
    program: &'a Program,
    folder: tempfile::TempDir,
    seed: u64,
    round: u64,
    accepted: BTreeSet<String>,
    agents: Vec<String>,
    network: Option<Network>,
}

/// A host; killed where it is dropped.
struct Host(Child);

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl<'a> Kills<'a> {
    /// Of three agents, whose files are in `agents`. The seed says when hosts are killed, as far as anything can.
    pub fn new(program: &'a Program, agents: &Path, seed: u64) -> Result<Self, String> {
        let mut kills = Self::empty(program, seed)?;
        for agent in AGENTS {
            kills.import(agent, &agents.join(format!("{agent}.json")))?;
        }
        Ok(kills)
    }

    /// Of many agents like these, which post to an emulated network that misbehaves, with an emulated model that does so too.
    pub fn on_a_network(program: &'a Program, agents: &Path, seed: u64) -> Result<Self, String> {
        let mut kills = Self::empty(program, seed)?;
        for (n, agent) in AGENTS.into_iter().cycle().take(MANY).enumerate() {
            let text =
                std::fs::read_to_string(agents.join(format!("{agent}.json"))).map_err(|error| error.to_string())?;
            let mut file: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
            // An account's name is short.
            let id = format!("{}-{n}", agent.split('-').next().unwrap_or(agent));
            file["id"] = id.as_str().into();
            let copy = kills.folder.path().join(format!("{id}.json"));
            std::fs::write(&copy, file.to_string()).map_err(|error| error.to_string())?;
            kills.import(&id, &copy)?;
        }
        let network = Network::start(program, kills.folder.path(), seed)?;
        network.configure(kills.folder.path(), &kills.agents)?;
        kills.network = Some(network);
        Ok(kills)
    }

    fn empty(program: &'a Program, seed: u64) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        Ok(Self { program, folder, seed, round: 0, accepted: BTreeSet::new(), agents: Vec::new(), network: None })
    }

    fn import(&mut self, agent: &str, file: &Path) -> Result<(), String> {
        let imported = (self.program)(self.folder.path()).args(["agent", "import"]).arg(file).output();
        let imported = imported.map_err(|error| error.to_string())?;
        if !imported.status.success() {
            return Err(format!("{agent}: {}", String::from_utf8_lossy(&imported.stderr)));
        }
        self.agents.push(agent.to_owned());
        Ok(())
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join(".puppet")
    }

    fn drawn(&self, what: &str, below: u64) -> u64 {
        derive_u64(&["kill", &self.seed.to_string(), &self.round.to_string(), what]) % below
    }

    /// What the last hosts have said.
    fn log(&self) -> String {
        let text = std::fs::read_to_string(self.folder.path().join("host.log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().rev().take(20).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    fn start(&self) -> Result<Host, String> {
        let log = File::options().append(true).create(true).open(self.folder.path().join("host.log"));
        let log = log.map_err(|error| error.to_string())?;
        let mut command = (self.program)(self.folder.path());
        command.args(["run", "--data"]).arg(self.data()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command.spawn().map(Host).map_err(|error| error.to_string())
    }

    fn ready(&self, host: &mut Host) -> Result<(), String> {
        let until = Instant::now() + PATIENCE;
        loop {
            let text = std::fs::read_to_string(self.data().join("run.json")).unwrap_or_default();
            if serde_json::from_str::<Value>(&text).is_ok_and(|ready| ready["pid"] == host.0.id()) {
                return Ok(());
            }
            let ended = host.0.try_wait().map_err(|error| error.to_string())?;
            if ended.is_some() || Instant::now() > until {
                return Err(format!("the host is not ready ({ended:?}): {}", self.log()));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// One more host, that is killed: while it starts, or when it has answered so often that it has an event.
    pub fn kill(&mut self) -> Result<(), String> {
        self.round += 1;
        let mut host = self.start()?;
        if self.drawn("early", EARLY) == 0 {
            std::thread::sleep(Duration::from_millis(self.drawn("moment", 400)));
            return Ok(());
        }
        self.ready(&mut host)?;
        let wanted = 3 + self.drawn("wanted", 60) as usize;
        // A network takes its time, and so does a model: more of it is under way some moments later.
        let later = if self.network.is_some() { self.drawn("later", 500) } else { 0 };
        let wanted = if self.network.is_some() { wanted.div_ceil(3) } else { wanted };
        let (answered, all, host) = (AtomicUsize::new(0), Mutex::new(Vec::new()), Mutex::new(Some(host)));
        let socket = self.data().join("control.sock");
        let (round, kills) = (self.round, &*self);
        std::thread::scope(|scope| {
            for sender in 0..SENDERS {
                let (answered, all, host, socket) = (&answered, &all, &host, &socket);
                scope.spawn(move || {
                    for n in 0.. {
                        if answered.load(SeqCst) >= wanted {
                            break;
                        }
                        let id = format!("evt_{}_{round}_{sender}_{n}", kills.seed);
                        if !send(socket, &kills.event(&id, sender, n)) {
                            break;
                        }
                        all.lock().map(|mut all| all.push(id)).unwrap_or_default();
                        if answered.fetch_add(1, SeqCst) + 1 == wanted {
                            // The others are in the middle of theirs, and what leaves is on its way.
                            std::thread::sleep(Duration::from_millis(later));
                            drop(host.lock().map(|mut host| host.take()));
                            break;
                        }
                    }
                });
            }
        });
        if answered.load(SeqCst) < wanted {
            return Err(format!("round {round}: the host stopped answering by itself: {}", self.log()));
        }
        self.accepted.extend(all.into_inner().map_err(|error| error.to_string())?);
        Ok(())
    }

    /// News of a storm; where there is a network, the order to post.
    fn event(&self, id: &str, sender: usize, n: usize) -> Value {
        let (kind, payload) = match &self.network {
            None => ("news", json!({ "topic": "storm", "headline": format!("storm {id}") })),
            Some(_) => ("command_post", network::asked_for(id, n)),
        };
        json!({
            "id": id, "kind": kind, "source": "cli", "agent": self.agents[(self.round as usize * 7 + sender * 5 + n) % self.agents.len()], "priority": "normal",
            "at": puppet_types::Timestamp::from_system(), "payload": payload,
            // Now and then one that is too far down a chain: it can only be given up.
            "hops": if n % 7 == 6 { 9 } else { 0 },
        })
    }

    /// A last host comes to the end of its mail and is stopped. What was accepted has one end, and nothing is there twice.
    /// Where that is not so, the folder stays for whoever looks.
    pub fn end(self) -> Result<Summary, String> {
        self.ended().map_err(|error| format!("{error}\nits folder: {}", self.folder.keep().display()))
    }

    fn ended(&self) -> Result<Summary, String> {
        if let Some(network) = &self.network {
            network.behave()?;
        }
        let mut host = self.start()?;
        self.ready(&mut host)?;
        let db = look(&self.data()).map_err(|error| error.to_string())?;
        let until = Instant::now() + PATIENCE;
        let mut open: Vec<&String> = self.accepted.iter().collect();
        while !open.is_empty() {
            open.retain(|id| fate(&db, id).is_none_or(|fate| fate.state == "waiting"));
            if open.is_empty() && self.network.is_some() && !all_left(&db)? {
                open.extend(self.accepted.first());
            }
            if Instant::now() > until {
                return Err(format!("{} of {} have no end: {open:?}", open.len(), self.accepted.len()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let stopped = Command::new("kill").args(["-INT", &host.0.id().to_string()]).status();
        stopped.map_err(|error| error.to_string())?;
        let code = host.0.wait().map_err(|error| error.to_string())?;
        if !code.success() {
            return Err(format!("the last host ended with {code}: {}", self.log()));
        }
        let mut given_up = 0;
        for id in &self.accepted {
            let fate = fate(&db, id).ok_or_else(|| format!("{id} was accepted and is lost"))?;
            given_up += usize::from(fate.is_right(id, self.network.is_some())?);
        }
        let effects = nothing_twice(&db, self.network.is_none())?;
        let posts = self.network.as_ref().map_or(Ok(0), |network| network.agrees(&db))?;
        Ok(Summary { kills: self.round, accepted: self.accepted.len(), given_up, effects, posts })
    }
}

/// One event, spoken as the program speaks it. Whether the host said that it has it.
fn send(socket: &Path, event: &Value) -> bool {
    let request = json!({ "op": "send", "events": [event], "wait_ms": null });
    let Ok(mut stream) = UnixStream::connect(socket) else { return false };
    if writeln!(stream, "{request}").is_err() {
        return false;
    }
    let mut answer = String::new();
    let heard = BufReader::new(stream).read_line(&mut answer).unwrap_or(0);
    // The host may die in the middle of a word.
    heard > 0 && serde_json::from_str::<Value>(&answer).is_ok_and(|answer| answer["done"]["outcome"] == "accepted")
}

/// Whether every effect has its end, or is the operator's.
fn all_left(db: &rusqlite::Connection) -> Result<bool, String> {
    const SQL: &str = "SELECT count(*) FROM outbox \
                       WHERE state IN ('waiting', 'sent') OR (state = 'in-doubt' AND NOT undecidable)";
    db.query_row(SQL, [], |row| row.get::<_, i64>(0)).map(|open| open == 0).map_err(|error| error.to_string())
}

fn look(data: &Path) -> rusqlite::Result<rusqlite::Connection> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let db = rusqlite::Connection::open_with_flags(data.join("puppet.db"), flags)?;
    db.busy_timeout(Duration::from_secs(10))?;
    Ok(db)
}

/// What became of an event.
struct Fate {
    state: String,
    reason: Option<String>,
    attempts: u32,
    records: u32,
}

impl Fate {
    /// Ended by one commit of one invocation, or given up because it cannot be handled: that is the answer.
    /// What a network kept from its end may have been tried several times, and has one record; so has what was failed for
    /// want of budget.
    fn is_right(&self, id: &str, on_a_network: bool) -> Result<bool, String> {
        match (self.state.as_str(), self.reason.as_deref(), self.attempts, self.records) {
            ("done", _, 1, 1) => Ok(false),
            ("done", _, _, 1) if on_a_network => Ok(false),
            ("dead", Some("failed"), _, 1) if on_a_network => Ok(true),
            ("dead", Some("loop"), _, 0) => Ok(true),
            (state, reason, attempts, records) => {
                Err(format!("{id} is {state} ({reason:?}), ended {attempts} times by {records} invocations"))
            }
        }
    }
}

fn fate(db: &rusqlite::Connection, id: &str) -> Option<Fate> {
    const SQL: &str = "SELECT state, reason, attempts, (SELECT count(*) FROM journal j WHERE j.event = e.seq) \
                       FROM events e WHERE id = ?1";
    let row = |row: &rusqlite::Row<'_>| {
        Ok(Fate { state: row.get(0)?, reason: row.get(1)?, attempts: row.get(2)?, records: row.get(3)? })
    };
    db.query_row(SQL, [id], row).ok()
}

/// What must be 0, and why.
const TWICE: [(&str, &str); 2] = [
    ("SELECT count(*) - count(DISTINCT invocation || '/' || n) FROM outbox", "decisions became two effects"),
    ("SELECT count(*) FROM open_reads", "paid reads are open"),
];

/// The same of the timeline in the folder.
const LOCAL: [(&str, &str); 2] = [
    (
        "SELECT count(*) FROM posts p WHERE NOT EXISTS (SELECT 1 FROM outbox o WHERE o.id = p.effect)",
        "posts are of no effect",
    ),
    (
        "SELECT count(*) FROM outbox o WHERE state = 'done' AND json_extract(body, '$.kind') = 'post' \
         AND (SELECT count(*) FROM posts p WHERE p.effect = o.id) != 1",
        "effects are done and are not one post",
    ),
];

/// Amounts that agents have, and the decisions that take of them; of what fires by itself the kind of its event.
const SPENT: [(&str, &str, &str); 5] = [
    ("posts", "'post', 'quote', 'thread'", ""),
    ("replies", "'reply'", ""),
    ("likes", "'like'", ""),
    ("rows", "'remember'", ""),
    ("timers", "'set_timer'", "timer"),
];

/// How many budgets of agents have lost other than what was decided.
fn spent_other((amount, kinds, event): (&str, &str, &str)) -> String {
    format!(
        "SELECT count(*) FROM (SELECT agent, sum(used + overrun) AS spent FROM budgets \
         WHERE scope = 'agent' AND amount = '{amount}' GROUP BY agent, period) b \
         WHERE spent != (SELECT coalesce(sum(CASE json_extract(d.value, '$.kind') \
         WHEN 'thread' THEN json_array_length(d.value, '$.body.parts') ELSE 1 END), 0) \
         FROM journal j, json_each(j.decisions) d WHERE j.agent = b.agent AND j.outcome = 'ok' \
         AND json_extract(d.value, '$.kind') IN ({kinds})) \
         + (SELECT count(*) FROM events e WHERE e.agent = b.agent AND e.kind = '{event}')"
    )
}

/// How many effects there are, where everything is there once and the file is whole.
///
/// # Errors
/// What is there that must not be.
pub fn nothing_twice(db: &rusqlite::Connection, local: bool) -> Result<usize, String> {
    let number = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(|error| error.to_string());
    for (sql, what) in TWICE.into_iter().chain(LOCAL.into_iter().filter(|_| local)) {
        let found = number(sql)?;
        if found != 0 {
            return Err(format!("{found} {what}"));
        }
    }
    for of in SPENT {
        let found = number(&spent_other(of))?;
        if found != 0 {
            return Err(format!("{found} budgets of {} have lost other than what was decided", of.0));
        }
    }
    let whole = db.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
    match whole.map_err(|error| error.to_string())?.as_str() {
        "ok" => Ok(number("SELECT count(*) FROM outbox")? as usize),
        broken => Err(broken.to_owned()),
    }
}
