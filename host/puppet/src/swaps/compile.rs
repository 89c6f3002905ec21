//! Compiles a component apart from the host: in a process of its own that does nothing else, knows no secret, may take
//! so much memory and so long, and leaves native code in the host's cache. The host takes it from there.

use std::{
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use puppet_engine::swap::SwapRules;
use puppet_sandbox::{Compiled, Pool, Sandbox, SandboxConfig};
use serde::{Deserialize, Serialize};

use crate::trouble::{Result, Trouble};

/// How often the host looks whether it is done.
const LOOK: Duration = Duration::from_millis(2);
/// Most of what the process may say.
const SAID_BYTES: u64 = 64 << 10;
/// How much later than others it gets a processor.
const NICE: i32 = 10;

/// What the process is told, on its standard input.
#[derive(Serialize, Deserialize)]
struct Task {
    component: PathBuf,
    sandbox: SandboxConfig,
    seconds: u64,
}

/// This program, also where its file was replaced since it was started.
pub fn program() -> PathBuf {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() { running } else { std::env::current_exe().unwrap_or_default() }
}

/// Compiles the component of a file into the cache, and takes it from there. What is there already is only taken.
pub fn apart(
    sandbox: &Sandbox,
    (program, config): (&Path, &SandboxConfig),
    (file, bytes): (&Path, &[u8]),
    rules: &SwapRules,
) -> std::result::Result<Compiled, String> {
    let kept = || sandbox.kept(bytes).map_err(|error| error.to_string());
    if let Some(compiled) = kept()? {
        return Ok(compiled);
    }
    if config.cache_dir.is_none() {
        return sandbox.compile(bytes).map_err(|error| error.to_string());
    }
    let limit = Duration::from_millis(rules.compile_ms);
    let task = Task {
        component: file.to_owned(),
        // The pool is the host's: what is compiled does not depend on it.
        sandbox: SandboxConfig { pool: small(config), ..config.clone() },
        seconds: limit.as_secs() + 1,
    };
    let task = serde_json::to_vec(&task).map_err(|error| error.to_string())?;
    run(program, &task, (limit, rules.compile_bytes))?;
    kept()?.ok_or_else(|| "it was compiled, and is not in the cache: see whether the folder can be written".to_owned())
}

fn small(config: &SandboxConfig) -> Pool {
    Pool { slots: 1, live_bytes: config.limits.memory_bytes, warm_slots: 1, ..config.pool.clone() }
}

fn run(program: &Path, task: &[u8], limits: (Duration, u64)) -> std::result::Result<(), String> {
    let mut command = Command::new(program);
    command.args(["--json", "compile"]).env_clear();
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("the compiler cannot be started: {error}"))?;
    if let Some(mut stdin) = child.stdin.take()
        && let Err(error) = stdin.write_all(task)
    {
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("the compiler does not listen: {error}"));
    }
    let status = wait(&mut child, limits)?;
    if status.success() {
        return Ok(());
    }
    let mut said = String::new();
    if let Some(stderr) = child.stderr.take() {
        // What cannot be read is not told.
        let _ = stderr.take(SAID_BYTES).read_to_string(&mut said);
    }
    let said: Option<serde_json::Value> = serde_json::from_str(said.trim()).ok();
    Err(match said.as_ref().and_then(|said| said["error"]["message"].as_str()) {
        Some(message) => message.to_owned(),
        // It was killed, by the system or by somebody.
        None => format!("compiling it ended abnormally ({status})"),
    })
}

fn wait(child: &mut Child, (limit, bytes): (Duration, u64)) -> std::result::Result<std::process::ExitStatus, String> {
    let since = Instant::now();
    let kill = |child: &mut Child, reason: String| {
        // It may have ended just now.
        let _ = child.kill();
        let _ = child.wait();
        Err(reason)
    };
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if since.elapsed() >= limit => {
                let most = limit.as_millis();
                return kill(child, format!("compiling it took longer than {most} ms (`swap.compile_ms`)"));
            }
            Ok(None) if resident(child.id()).is_some_and(|has| has > bytes) => {
                return kill(child, format!("compiling it took more than {bytes} bytes (`swap.compile_bytes`)"));
            }
            Ok(None) => std::thread::sleep(LOOK),
            Err(error) => return kill(child, format!("the compiler cannot be waited for: {error}")),
        }
    }
}

/// The process itself: `puppet compile`, which people do not call.
pub fn child() -> Result<()> {
    let task: Task = serde_json::from_reader(std::io::stdin().lock())
        .map_err(|error| Trouble::input("bad-request", error.to_string(), "the host calls this by itself"))?;
    bounded(task.seconds);
    let failed = |error: String| Trouble::input("component", error, "build it anew");
    let bytes = std::fs::read(&task.component).map_err(|error| failed(error.to_string()))?;
    let sandbox = Sandbox::new(task.sandbox).map_err(|error| failed(error.to_string()))?;
    sandbox.compile(&bytes).map(drop).map_err(|error| failed(error.to_string()))
}

/// Bounds of the system beside those that the host holds it to.
#[cfg(unix)]
fn bounded(seconds: u64) {
    use rustix::process::{Resource, Rlimit, nice, setrlimit};
    let most = |n: u64| Rlimit { current: Some(n), maximum: Some(n) };
    // Of all its threads together.
    for (resource, n) in [(Resource::Cpu, seconds.saturating_mul(64)), (Resource::Core, 0)] {
        // Where the system has a lower one, that holds.
        let _ = setrlimit(resource, most(n));
    }
    let _ = nice(NICE);
}

#[cfg(not(unix))]
fn bounded(_: u64) {}

/// Bytes of memory that a process really has; none where the system does not say.
fn resident(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib.saturating_mul(1_024))
}
