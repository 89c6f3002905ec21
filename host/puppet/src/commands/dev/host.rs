//! The host beside a pack: a deployment in a folder of its own, and `puppet run` on it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use puppet_types::Digest;
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

use crate::{
    cli::Dev,
    files,
    output::Output,
    trouble::{Result, Trouble},
    workshop::{Workshop, failed},
};

/// How long the host may take to end.
const STOP: Duration = Duration::from_secs(15);
/// How long a version may take to serve.
const SWAP: Duration = Duration::from_secs(30);

/// No generator of the program's own disturbs, nobody listens, and nothing leaves: there is no network to leave for.
const CONFIG: &str = "# Written by `puppet dev`.\n[host]\nlog_level = \"warn\"\n\n[api]\nenabled = false\n\n\
                      [generators.news]\nenabled = false\n\n[generators.mood-swings]\nenabled = false\n\n\
                      [generators.encounters]\nenabled = false\n";

/// See the head of this file.
pub struct DevHost {
    folder: PathBuf,
    agent: String,
    child: Child,
}

impl DevHost {
    /// Lays it out and starts it. State of an earlier time is kept.
    pub fn start(args: &Dev, workshop: &Workshop, out: Output) -> Result<Self> {
        let folder = args.folder.clone().unwrap_or_else(|| args.dir.join(".puppet-dev"));
        let manifest = &workshop.manifest;
        let wrong = |error: io::Error| unwritable(&folder, &error);
        fs::create_dir_all(&folder).map_err(wrong)?;
        fs::write(folder.join(".gitignore"), "*\n").map_err(wrong)?;
        if !folder.join("puppet.toml").exists() {
            fs::write(folder.join("puppet.toml"), CONFIG).map_err(wrong)?;
        }
        copy(workshop, &folder)?;
        let program = std::env::current_exe().map_err(Trouble::internal)?;
        let mut command = Command::new(program);
        command.arg("run").args(["--quiet", "--config", "puppet.toml"]).current_dir(&folder);
        // The folder is what there is: neither the configuration nor the keys of the one who writes.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PUPPET_") && name != "PUPPET_CACHE" {
                command.env_remove(name);
            }
        }
        command.stdin(Stdio::null()).stdout(if out.json { Stdio::null() } else { Stdio::inherit() }).kill_on_drop(true);
        let child = command.spawn().map_err(|error| failed(format!("the host cannot be started: {error}"), ""))?;
        let generator = workshop.build_of().is_some_and(|build| build.kind == puppet_packs::Kind::EventGenerator);
        let agent = if generator { format!("generator:{}", manifest.id) } else { manifest.id.to_string() };
        Ok(Self { folder, agent, child })
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.join(".puppet")
    }

    /// Puts the pack as it is now into the folder that the host watches.
    pub fn put(&self, workshop: &Workshop) -> Result<()> {
        copy(workshop, &self.folder)
    }

    /// Sends an event once the version of this digest serves.
    pub async fn send(&mut self, event: &str, digest: Digest) -> Result<()> {
        let given: serde_json::Value = serde_json::from_str(event).map_err(|error| {
            let remedy = "write --event '{\"kind\": \"mention\", \"payload\": {\"text\": \"hello\"}}'";
            Trouble::input("event", format!("no event: {error}"), remedy).of_field("--event")
        })?;
        let kind = given["kind"].as_str().unwrap_or_default().to_owned();
        let payload = if given["payload"].is_null() { "{}".to_owned() } else { given["payload"].to_string() };
        let end = Instant::now() + SWAP;
        let agent = self.agent.clone();
        let send = ["event", "send", &kind, "--agent", &agent, "--payload", &payload, "--json"];
        // A host that has just been started does not know its character yet.
        loop {
            let sent = if self.serves(digest).await { Some(self.command(&send).await?) } else { None };
            if sent.as_ref().is_some_and(|sent| sent.status.success()) {
                return Ok(());
            }
            if Instant::now() > end || self.child.try_wait().ok().flatten().is_some() {
                let said = sent.map(|sent| String::from_utf8_lossy(&sent.stderr).trim().to_owned());
                let said = said.unwrap_or_else(|| "the version does not serve".to_owned());
                let remedy = "mend --event, or the plugin";
                return Err(Trouble::input("event", format!("was not sent: {said}"), remedy).of_field("--event"));
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Whether the host lets this component serve.
    async fn serves(&self, digest: Digest) -> bool {
        let Ok(plugins) = self.command(&["plugins", "--json"]).await else { return false };
        let told: serde_json::Value = serde_json::from_slice(&plugins.stdout).unwrap_or_default();
        let digest = digest.to_string();
        // One that is on trial does not serve yet.
        let serves = |item: &serde_json::Value| item["digest"] == digest.as_str() && item["state"] == "live";
        told["items"].as_array().is_some_and(|items| items.iter().any(serves))
    }

    async fn command(&self, args: &[&str]) -> Result<std::process::Output> {
        let program = std::env::current_exe().map_err(Trouble::internal)?;
        let mut command = Command::new(program);
        command.args(args).args(["--config", "puppet.toml"]).current_dir(&self.folder).stdin(Stdio::null());
        command.output().await.map_err(Trouble::internal)
    }

    /// Ends it as an operator would.
    pub async fn stop(mut self) {
        if let Some(pid) =
            self.child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(rustix::process::Pid::from_raw)
        {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        if timeout(STOP, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

/// Copies what belongs to the pack, each file whole or not at all; and grants it what it asks for, on this machine alone.
fn copy(workshop: &Workshop, folder: &Path) -> Result<()> {
    let manifest = &workshop.manifest;
    let to = folder.join("agents").join(manifest.id.as_str());
    let wrong = |error: io::Error| unwritable(folder, &error);
    fs::create_dir_all(&to).map_err(wrong)?;
    let mut grants = format!("# Written by `puppet dev`: all that the pack asks for.\n[packs.{}]\n", manifest.id);
    for capability in manifest.requests.keys() {
        grants.push_str(&format!("[packs.{}.{}]\n", manifest.id, capability.name()));
    }
    files::replace(&folder.join("grants.toml"), grants.as_bytes(), None).map_err(wrong)?;
    for name in ["assets", "prompts"] {
        tree(&workshop.dir.join(name), &to.join(name)).map_err(wrong)?;
    }
    let component = workshop.component();
    let component = component.as_deref().and_then(|path| path.strip_prefix(&workshop.dir).ok()).map(Path::to_owned);
    let persona = manifest.persona.as_ref().map(PathBuf::from);
    // The manifest last: it is what names the others.
    for name in component.into_iter().chain(persona).chain([PathBuf::from("pack.toml")]) {
        let bytes = fs::read(workshop.dir.join(&name)).map_err(wrong)?;
        let path = to.join(&name);
        if fs::read(&path).is_ok_and(|there| there == bytes) {
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(wrong)?;
        }
        files::replace(&path, &bytes, None).map_err(wrong)?;
    }
    Ok(())
}

fn tree(from: &Path, to: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    fs::create_dir_all(to)?;
    for entry in entries {
        let entry = entry?;
        let path = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            tree(&entry.path(), &path)?;
        } else {
            fs::copy(entry.path(), path)?;
        }
    }
    Ok(())
}

fn unwritable(folder: &Path, error: &io::Error) -> Trouble {
    let remedy = "look at its rights, or name another folder with --folder";
    Trouble::unreachable("out-folder", format!("cannot be written: {error}"), remedy).in_file(folder)
}
