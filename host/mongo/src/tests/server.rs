//! Servers to test against: the one that `PUPPET_TEST_MONGODB_URI` names, a `mongod` that is on the path, else the bridge
//! of `tests/mongo`. Those that a test starts end with it.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use mongodb::{
    Client,
    bson::{Bson, Document, doc},
};

const NAMED: &str = "PUPPET_TEST_MONGODB_URI";

/// Where this is set, no server at all is a failure.
const REQUIRED: &str = "PUPPET_TEST_MONGODB_REQUIRED";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Named,
    Mongod,
    Bridge,
}

/// A server for one test.
pub(super) struct Server {
    kind: Kind,
    /// `mongodb://…`, up to the host.
    hosts: String,
    /// What comes after the name of the database.
    parameters: String,
    child: Option<Child>,
    _folder: Option<tempfile::TempDir>,
    /// Names of databases.
    made: Mutex<Vec<String>>,
}

/// A line that is seen whether or not the test passes.
pub(super) fn say(line: &str) {
    writeln!(std::io::stderr(), "{line}").unwrap();
}

/// A test on the best server there is; a line where there is none.
pub(super) async fn on_a_server(name: &str, test: impl AsyncFnOnce(&Server)) {
    let (mut servers, _) = Server::all();
    if servers.is_empty() {
        return say(&format!("skipped: {name}: there is no MongoDB, nor the bridge of tests/mongo"));
    }
    let server = servers.remove(0);
    test(&server).await;
    server.clear().await;
}

impl Server {
    /// All that there are, and why others are not among them.
    pub(super) fn all() -> (Vec<Self>, Vec<String>) {
        let (mut servers, mut skipped) = (Vec::new(), Vec::new());
        match std::env::var(NAMED) {
            Ok(url) => servers.push(Self::named(&url)),
            Err(_) => skipped.push(format!("{NAMED} (not set)")),
        }
        match on_path("mongod") {
            Some(program) => servers.push(Self::mongod(&program)),
            None => skipped.push("mongod (not on the path)".to_owned()),
        }
        if servers.is_empty() {
            match python() {
                Some(python) => servers.push(Self::bridge(&python, &[])),
                None => skipped.push("the bridge (no python with mockupdb and mongomock)".to_owned()),
            }
        } else {
            skipped.push("the bridge (there is a server)".to_owned());
        }
        assert!(!servers.is_empty() || std::env::var_os(REQUIRED).is_none(), "no server: {skipped:?}");
        (servers, skipped)
    }

    pub(super) fn name(&self) -> &'static str {
        match self.kind {
            Kind::Named => "the server of PUPPET_TEST_MONGODB_URI",
            Kind::Mongod => "mongod",
            Kind::Bridge => "the bridge of mockupdb and mongomock, which is no MongoDB",
        }
    }

    pub(super) fn is_bridge(&self) -> bool {
        self.kind == Kind::Bridge
    }

    fn named(url: &str) -> Self {
        let (address, parameters) = url.split_once('?').unwrap_or((url, ""));
        let host = address.find("://").map_or(0, |at| at + 3);
        let (hosts, database) = match address[host..].find('/') {
            Some(slash) => (&address[..host + slash], &address[host + slash + 1..]),
            None => (address, ""),
        };
        let mut parameters = parameters.to_owned();
        // Whose users those of the address are: of the database that it names.
        if !database.is_empty() && !parameters.contains("authSource") {
            parameters = format!("authSource={database}&{parameters}");
        }
        Self::new(Kind::Named, hosts.to_owned(), parameters, None, None)
    }

    fn mongod(program: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(program);
        command.args(["--port", "0", "--bind_ip", "127.0.0.1", "--nounixsocket"]);
        // Faults on command.
        command.args(["--setParameter", "enableTestCommands=1", "--dbpath"]).arg(folder.path());
        let (child, port) = started(command, |line| {
            let line: serde_json::Value = serde_json::from_str(line).ok()?;
            let waits = line["msg"] == "Waiting for connections";
            line["attr"]["port"].as_u64().filter(|port| waits && *port > 0)
        });
        Self::new(Kind::Mongod, format!("mongodb://127.0.0.1:{port}"), String::new(), Some(child), Some(folder))
    }

    /// The bridge with its fake of a vector search; none where there is no bridge.
    pub(super) fn searching() -> Option<Self> {
        Some(Self::bridge(&python()?, &["--vector-search"]))
    }

    fn bridge(python: &Path, flags: &[&str]) -> Self {
        let mut command = Command::new(python);
        command.arg(root().join("tests/mongo/bridge.py")).args(flags);
        let (child, port) = started(command, |line| line.strip_prefix("port ")?.trim().parse().ok());
        let parameters = "retryWrites=false".to_owned();
        Self::new(Kind::Bridge, format!("mongodb://127.0.0.1:{port}"), parameters, Some(child), None)
    }

    fn new(
        kind: Kind,
        hosts: String,
        parameters: String,
        child: Option<Child>,
        folder: Option<tempfile::TempDir>,
    ) -> Self {
        Self { kind, hosts, parameters, child, _folder: folder, made: Mutex::default() }
    }

    fn url(&self, database: &str) -> String {
        format!("{}/{database}?{}", self.hosts, self.parameters)
    }

    /// The address of a database that nobody has used.
    pub(super) fn database(&self) -> String {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        // Others may be at work on a server that is not the test's own.
        let name = format!("puppet_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let url = self.url(&name);
        self.made.lock().unwrap().push(name);
        url
    }

    /// The next commands of these names fail; whether the server can be told so.
    pub(super) async fn fails(&self, commands: &[&str], times: i32, how: Document) -> bool {
        let mut data = doc! {"failCommands": commands};
        data.extend(how);
        let command = doc! {"configureFailPoint": "failCommand", "mode": {"times": times}, "data": data};
        let client = Client::with_uri_str(self.url("admin")).await.unwrap();
        client.database("admin").run_command(command).await.is_ok()
    }

    /// How many questions and other commands the server was asked.
    pub(super) async fn asked(&self) -> i64 {
        let client = Client::with_uri_str(self.url("admin")).await.unwrap();
        let status = client.database("admin").run_command(doc! {"serverStatus": 1}).await.unwrap();
        let counters = status.get_document("opcounters").unwrap();
        let counted = |name| match counters.get(name) {
            Some(Bson::Int32(count)) => i64::from(*count),
            Some(Bson::Int64(count)) => *count,
            other => panic!("{name}: {other:?}"),
        };
        counted("query") + counted("command")
    }

    /// No command fails any more.
    pub(super) async fn works(&self) {
        let client = Client::with_uri_str(self.url("admin")).await.unwrap();
        let off = doc! {"configureFailPoint": "failCommand", "mode": "off"};
        client.database("admin").run_command(off).await.unwrap();
    }

    /// Takes away what a test made on a server that is not its own.
    pub(super) async fn clear(&self) {
        if self.kind == Kind::Named {
            let client = Client::with_uri_str(self.url("admin")).await.unwrap();
            let made = std::mem::take(&mut *self.made.lock().unwrap());
            for name in made {
                client.database(&name).drop().await.unwrap();
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A program that tells its port on a line.
fn started(mut command: Command, port: impl Fn(&str) -> Option<u64>) -> (Child, u64) {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = lines.by_ref().map_while(Result::ok).find_map(|line| port(&line));
    let port = port.unwrap_or_else(|| panic!("{command:?} ended without telling its port"));
    // A pipe that is full would hold it up, one that is closed would end it.
    std::thread::spawn(move || lines.for_each(drop));
    (child, port)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// A python that has what the bridge is made of.
fn python() -> Option<PathBuf> {
    let named = std::env::var_os("PUPPET_TEST_PYTHON").map(PathBuf::from);
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let known = [target.join("tools/mongo/bin/python"), PathBuf::from("python3")];
    let has = |python: &PathBuf| {
        let imports = Command::new(python).args(["-c", "import mockupdb, mongomock"]).stderr(Stdio::null()).status();
        imports.is_ok_and(|status| status.success())
    };
    named.into_iter().chain(known).find(has)
}
