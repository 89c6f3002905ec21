//! Starts the program and reads what it says.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

/// What a finished command left.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// Stdout as JSON; the test fails with everything that was said where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self:?}"))
    }
    /// Fails the test unless the command exited with this code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.stdout, self.stderr);
        self
    }
}

/// The program with a clean environment, in a folder.
pub fn puppet(folder: &Path) -> Command {
    clean(Command::new(env!("CARGO_BIN_EXE_puppet")), folder)
}

/// Any program with a clean environment, in a folder.
pub fn clean(mut command: Command, folder: &Path) -> Command {
    command.env_clear().current_dir(folder).stdin(Stdio::null());
    for name in ["PATH", "HOME", "SystemRoot", "TMPDIR", "LLVM_PROFILE_FILE"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    // Hosts of tests live side by side: each takes a port that is free.
    command.env("ENGINE_PORT", "0");
    // Native code of the plugins is compiled once for all tests.
    command.env("PUPPET_CACHE", cache());
    command
}

fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("native")
}

/// Runs it to its end.
pub fn run(folder: &Path, args: &[&str]) -> Ran {
    finish(puppet(folder).args(args))
}

/// Runs a prepared command to its end.
pub fn finish(command: &mut Command) -> Ran {
    ran(command.output().unwrap())
}

fn ran(output: std::process::Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Looks again and again until it is so. The test fails where it is not so in time.
#[track_caller]
pub fn until(limit: Duration, otherwise: &str, mut so: impl FnMut() -> bool) {
    let end = Instant::now() + limit;
    while !so() {
        assert!(Instant::now() < end, "{otherwise}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What a started command leaves. One that is still there at the limit is killed, and the test fails.
#[track_caller]
pub fn ended(mut child: Child, limit: Duration) -> Ran {
    let end = Instant::now() + limit;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() >= end {
            child.kill().unwrap();
            panic!("it hangs: {:?}", child.wait_with_output());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    ran(child.wait_with_output().unwrap())
}

/// Our own agent files.
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures")
}

/// Agent files of the original engine, where they lie beside the project.
pub fn original_agents() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/agents");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {} is not there", folder.display());
    None
}

/// Whether the host of this process says so.
fn ready(data: &Path, pid: u32) -> bool {
    let text = std::fs::read_to_string(data.join("run.json")).unwrap_or_default();
    serde_json::from_str::<Value>(&text).is_ok_and(|ready| ready["pid"] == pid)
}

/// What it prints, until it ends.
fn kept(child: &mut Child) -> std::thread::JoinHandle<String> {
    let mut stdout = child.stdout.take().unwrap();
    std::thread::spawn(move || {
        let mut text = String::new();
        let _ = stdout.read_to_string(&mut text);
        text
    })
}

/// A host that runs on a data folder until it is dropped.
pub struct Running {
    child: Child,
    printed: Option<std::thread::JoinHandle<String>>,
}

impl Running {
    /// Starts `puppet run` and waits until it is ready.
    pub fn start(folder: &Path, data: &Path, args: &[&str]) -> Self {
        let mut command = puppet(folder);
        command.args(["run", "--data"]).arg(data).args(args);
        Self::of(command, data)
    }

    /// Starts a command that is a host, and waits until it is ready.
    pub fn of(mut command: Command, data: &Path) -> Self {
        command.stderr(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let printed = kept(&mut child);
        let said = BufReader::new(child.stderr.take().unwrap());
        let (tell, heard) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in said.lines().map_while(Result::ok) {
                let _ = tell.send(line);
            }
        });
        let mut lines = Vec::new();
        let until = Instant::now() + Duration::from_secs(120);
        while !ready(data, child.id()) {
            lines.extend(heard.try_iter());
            if let Some(status) = child.try_wait().unwrap() {
                lines.extend(heard.iter());
                panic!("the host ended with {status}: {lines:?}");
            }
            assert!(Instant::now() < until, "the host is not ready: {lines:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child, printed: Some(printed) }
    }

    /// Starts `puppet run` from a prepared command, with its log in a file, and waits until it is ready.
    pub fn start_with(mut command: Command, data: &Path, log: std::fs::File) -> Self {
        command.args(["run", "--data"]).arg(data).stderr(log).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let printed = Some(kept(&mut child));
        until(Duration::from_secs(120), "the host is not ready", || {
            assert!(child.try_wait().unwrap().is_none(), "the host ended");
            ready(data, child.id())
        });
        Self { child, printed }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it without a word.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Whether it has not ended yet.
    pub fn is_there(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits until it ends, and answers how.
    pub fn waits(mut self) -> i32 {
        self.child.wait().unwrap().code().unwrap_or(-1)
    }

    /// Asks it to stop, and answers what it printed.
    pub fn printed(mut self) -> String {
        let printed = self.printed.take().unwrap();
        assert_eq!(self.stop(), 0);
        printed.join().unwrap()
    }

    /// Asks it to stop, as Ctrl-C does, and waits.
    pub fn stop(mut self) -> i32 {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-INT", &pid]).status().unwrap();
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder that goes when it is dropped, and when this process ends, however it ends: a static is never dropped.
pub struct Kept {
    path: PathBuf,
    /// Closed with this process: whoever reads the other end knows that it is time.
    _end: ChildStdin,
}

impl Kept {
    /// Of a folder that is there, or comes to be there.
    pub fn new(path: PathBuf) -> Self {
        let mut reaper = Command::new("sh");
        reaper.args(["-c", "cat >/dev/null; rm -rf -- \"$1\"", "reaper"]).arg(&path);
        // Ctrl-C at the tests is not meant for it.
        reaper.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let end = reaper.spawn().unwrap().stdin.take().unwrap();
        Self { path, _end: end }
    }

    /// It.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[test]
fn a_kept_folder_goes_with_whoever_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a week's");
    std::fs::create_dir_all(path.join("data")).unwrap();
    let kept = Kept::new(path.clone());
    assert!(kept.path().join("data").exists());
    drop(kept);
    until(Duration::from_secs(120), "the folder stays", || !path.exists());
}

/// Simulates and answers the folder with report, timeline and data.
pub fn simulate(out: &Path, agents: &Path, args: &[&str]) -> Ran {
    let mut command = puppet(out.parent().unwrap());
    command.arg("simulate").arg("--agents").arg(agents).arg("--out").arg(out).args(args);
    finish(&mut command).exits(0)
}

/// `report.json` of a run.
pub fn report(out: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(out.join("report.json")).unwrap()).unwrap()
}

/// A list within JSON.
pub fn list<'a>(value: &'a Value, key: &str) -> &'a Vec<Value> {
    value[key].as_array().unwrap_or_else(|| panic!("`{key}` is no list in {value}"))
}

/// Milliseconds of an RFC 3339 time.
pub fn millis(at: &Value) -> i64 {
    at.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

/// Grants of the standard personality: everything that it asks for, and of one capability so much.
pub fn granted(capability: &str, amounts: &str) -> String {
    let all =
        ["llm", "tweet", "memory", "schedule", "state"].map(|name| format!("[packs.standard-personality.{name}]\n"));
    let table = format!("[packs.standard-personality.{capability}]\n");
    all.concat().replace(&table, &format!("{table}amounts = {{ {amounts} }}\n"))
}
