//! `dev`: a pack under its author's hands. What changes is built and swapped into a host on this machine, which speaks to no
//! model and no network; what the plugin decides and logs is shown as it happens. Its state stays.
//!
//! The host is `puppet run` on a folder of its own: what is seen here is what a deployment does.

mod follow;
mod host;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use puppet_packs::Kind;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::sleep,
};

use crate::{
    cli::{Dev, Test},
    commands::{build, test},
    output::Output,
    setup::Setup,
    swaps::watcher::Watcher,
    trouble::{Result, Trouble},
    workshop::{Workshop, failed},
};
use follow::Follow;
use host::DevHost;

/// Never looked at: what building writes, and what others look after.
const SKIPPED: &[&str] = &["target", "node_modules", "__pycache__", "dist"];

/// Runs it.
pub async fn run(setup: &Setup, args: &Dev, out: Output) -> Result<()> {
    let workshop = Workshop::open(&args.dir)?;
    let Some(kind) = workshop.build_of().map(|build| build.kind) else {
        let remedy = "write [build] with lang and kind: docs/reference/pack.md";
        return Err(failed("pack.toml does not say how it is built", remedy).in_file(&args.dir.join("pack.toml")));
    };
    // The watcher tells whole paths.
    let dir = args.dir.canonicalize().unwrap_or_else(|_| args.dir.clone());
    let mut watcher = watching(&dir)?;
    let mut loop_ = Loop { setup, args, out, host: None, follow: None, kind };
    loop_.turn().await?;
    let mut terminated = signal(SignalKind::terminate()).map_err(Trouble::internal)?;
    let end = args.length.map(|length| tokio::time::Instant::now() + length);
    loop {
        tokio::select! {
            changed = watcher.changed() => {
                if changed.iter().any(|path| is_source(&dir, path)) {
                    loop_.turn().await?;
                }
            }
            () = loop_.shown() => {}
            () = until(end) => break,
            _ = tokio::signal::ctrl_c() => break,
            _ = terminated.recv() => break,
        }
    }
    loop_.end().await;
    Ok(())
}

async fn until(end: Option<tokio::time::Instant>) {
    match end {
        Some(end) => tokio::time::sleep_until(end).await,
        None => std::future::pending().await,
    }
}

struct Loop<'a> {
    setup: &'a Setup,
    args: &'a Dev,
    out: Output,
    kind: Kind,
    host: Option<DevHost>,
    follow: Option<Follow>,
}

impl Loop<'_> {
    /// Builds what is there, and lets it serve. What is wrong with it is said, and what served goes on.
    async fn turn(&mut self) -> Result<()> {
        let begun = Instant::now();
        let (dir, out) = (self.args.dir.clone(), self.out);
        let built = tokio::task::spawn_blocking(move || {
            let workshop = Workshop::open(&dir)?;
            let built = workshop.build(out)?;
            Ok::<_, Trouble>((build::Told::of(&workshop, &built), workshop))
        });
        let (told, workshop) = match built.await.map_err(Trouble::internal)? {
            Ok(built) => built,
            Err(trouble) => {
                trouble.report(self.out.json);
                self.say(match self.host {
                    Some(_) => "what was there goes on; waiting for a change",
                    None => "waiting for a change",
                });
                return Ok(());
            }
        };
        self.say(&format!("built {} in {} ms, {}", told.pack, begun.elapsed().as_millis(), build::size(told.bytes)));
        if self.kind == Kind::TradingStrategy {
            // A strategy has no host to live in: its scenarios are what there is to see.
            return self.scenarios().await;
        }
        match &mut self.host {
            None => {
                let host = DevHost::start(self.args, &workshop, self.out)?;
                self.follow = Some(Follow::new(host.data(), &workshop.manifest.id, self.out));
                self.host = Some(host);
            }
            Some(host) => host.put(&workshop)?,
        }
        if let (Some(event), Some(host)) = (&self.args.event, &mut self.host) {
            // A slip in the event is no reason to end.
            if let Err(trouble) = host.send(event, told.digest).await {
                trouble.report(self.out.json);
            }
        }
        Ok(())
    }

    /// The scenarios of a pack; what fails is shown and no end.
    async fn scenarios(&self) -> Result<()> {
        let tests = Test {
            dir: self.args.dir.clone(),
            filter: None,
            update: false,
            record: false,
            yes: false,
            junit: None,
            no_build: true,
        };
        match test::run(self.setup, &tests, self.out).await {
            Err(trouble) if trouble.code == "internal" => Err(trouble),
            Err(trouble) => {
                trouble.report(self.out.json);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Shows what happened since the last time; waits where nothing did.
    async fn shown(&mut self) {
        match &mut self.follow {
            Some(follow) => {
                follow.show().await;
                sleep(Duration::from_millis(100)).await;
            }
            None => std::future::pending().await,
        }
    }

    fn say(&self, text: &str) {
        if self.out.json {
            let _ = self.out.object_line(&serde_json::json!({ "kind": "dev", "message": text }));
        } else {
            self.out.note(text);
        }
    }

    async fn end(&mut self) {
        if let Some(host) = self.host.take() {
            host.stop().await;
        }
        if let Some(follow) = &mut self.follow {
            follow.show().await;
        }
    }
}

/// Watches the pack's folder: what is in it, and the folders with source below.
fn watching(dir: &Path) -> Result<Watcher> {
    let wrong = |error: notify::Error| {
        Trouble::unreachable("cannot-watch", error.to_string(), "raise the limit of watched files, or close something")
            .in_file(dir)
    };
    let mut watcher = Watcher::new().map_err(wrong)?;
    watcher.watch(dir, false).map_err(wrong)?;
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() && !name.starts_with('.') && !SKIPPED.contains(&name.as_str()) {
            watcher.watch(&entry.path(), true).map_err(wrong)?;
        }
    }
    Ok(watcher)
}

/// Whether a change is one of an author's: not of what is built, nor of what an editor keeps for itself.
fn is_source(dir: &Path, path: &Path) -> bool {
    let below = path.strip_prefix(dir).unwrap_or(path);
    let mut parts = below.components().map(|part| part.as_os_str().to_string_lossy().into_owned());
    let hidden =
        parts.any(|part| (part.starts_with('.') && part.len() > 1 && part != "..") || SKIPPED.contains(&part.as_str()));
    let ending = path.extension().unwrap_or_default().to_string_lossy().into_owned();
    !hidden && !["wasm", "swp", "tmp", "lock"].contains(&ending.as_str()) && !ending.ends_with('~') && path != dir
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_author_writes_is_a_change_and_what_is_built_is_none() {
        let dir = Path::new("/packs/hello");
        for source in ["src/lib.rs", "pack.toml", "persona.toml", "app.py", "tests/greets.toml"] {
            assert!(is_source(dir, &dir.join(source)), "{source}");
        }
        for other in
            ["hello.wasm", "target/x", ".puppet-sdk/VERSION", "src/.lib.rs.swp", "node_modules/x.js", "Cargo.lock", ""]
        {
            assert!(!is_source(dir, &dir.join(other)), "{other}");
        }
    }
}
