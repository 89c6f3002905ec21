//! Agents that are heard on an emulated X, which is a process of its own: what asking for many accounts costs (`polled`),
//! and how soon a mention is answered (`heard`).

mod heard;
mod polled;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::idle::{Host, populate, quiet};

pub use heard::rows as heard;
pub use polled::rows as polled;

/// A host that has not begun after so long is measured as it is.
const BEGINS: Duration = Duration::from_secs(15);

/// A host on a folder of its own, and the emulator that it asks.
struct Listening {
    emulating: Emulating,
    host: Host,
    folder: tempfile::TempDir,
}

impl Listening {
    /// With so many agents, who post to X as accounts of their own where `mentions` says how these are heard, and else to
    /// the local timeline. `plan`: of the emulator.
    fn start(agents: usize, mentions: Option<&str>, plan: &Value) -> Self {
        let emulating = Emulating::start();
        assert_eq!(emulating.asked("POST", "/_emulator/faults", plan), json!({}));
        let folder = tempfile::tempdir().unwrap();
        let (mut config, mut dotenv) = (String::new(), "X_BEARER=emulated-main-bearer\n".to_owned());
        if let Some(mentions) = mentions {
            config += &format!(
                "[tweet]\nprovider = \"x\"\n[tweet.x]\nendpoint = \"{}\"\n[tweet.x.mentions]\n{mentions}",
                emulating.url
            );
            for n in 0..agents {
                config += &format!("[tweet.x.accounts.agent_{n}]\ntoken_env = \"X_TOKEN_{n}\"\n");
                dotenv += &format!("X_TOKEN_{n}=emulated-agent_{n}\n");
            }
        }
        config += "[generators]\nnews.enabled = false\nmood-swings.enabled = false\nencounters.enabled = false\n";
        std::fs::write(folder.path().join("puppet.toml"), config).unwrap();
        let file = folder.path().join(".env");
        std::fs::write(&file, dotenv).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(populate(&data, agents));
        let mut host = Host::start(folder.path(), &data);
        if runtime.block_on(async { tokio::time::timeout(BEGINS, quiet(&data, agents)).await }).is_err() {
            eprintln!("not all of {agents} agents have begun after {} s", BEGINS.as_secs());
        }
        assert!(host.is_there(), "the host ended");
        Self { emulating, host, folder }
    }
}

/// `puppet emulate` until it is dropped.
struct Emulating {
    child: Child,
    url: String,
}

impl Emulating {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_puppet"));
        let mut child = command.args(["emulate", "--x", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        Self { child, url: told["x"].as_str().unwrap().to_owned() }
    }

    fn report(&self) -> Value {
        let report = self.asked("GET", "/_emulator/report", &Value::Null);
        assert_eq!(report["schema"], "puppet.emulated/1");
        report
    }

    /// The emulator's account `visitor` is who asks.
    fn asked(&self, method: &str, path: &str, body: &Value) -> Value {
        let address = self.url.strip_prefix("http://").unwrap();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\nauthorization: Bearer emulated-visitor"
        );
        let mut socket = TcpStream::connect(address).unwrap();
        socket.write_all(format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }
}

impl Drop for Emulating {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks again and again until it is so, for as long as that may take. Whether it is.
fn until(limit: Duration, mut so: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    loop {
        if so() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(250));
    }
}
