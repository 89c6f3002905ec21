//! What changes on the disk while a host runs: the operator's pack folders, their agent files, `grants.toml`,
//! `puppet.toml`. What is half-written is looked at again when it changes; until then what is live stays live.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use puppet_packs::{Bundle, Entry, InstallError, Source, State};
use puppet_types::{Digest, PackId};

use super::{Context, Swaps, blocking, watcher::Watcher};

/// A fault that goes away by itself within this time is not told: somebody was writing.
const PATIENCE: Duration = Duration::from_millis(500);

/// Files beside the configuration that a host reads again.
pub trait Files: Send + Sync + 'static {
    /// `grants.toml` may have changed.
    fn grants(&self);
    /// `puppet.toml` may have changed.
    fn config(&self);
}

/// What is watched.
pub struct Folders {
    home: PathBuf,
    swaps: Arc<Swaps>,
    files: Arc<dyn Files>,
    /// Packs by their folders, and what these held when they were last taken up.
    known: BTreeMap<PathBuf, (PackId, Digest)>,
    /// What was told of a folder.
    told: BTreeMap<PathBuf, String>,
    /// Faults that may go away.
    open: BTreeMap<PathBuf, String>,
    /// Folders of which the start has told that they are not fit.
    unfit: BTreeSet<PathBuf>,
}

/// What became of a folder that changed.
enum Taken {
    /// It is as it was.
    Same(PackId, Digest),
    /// A version more.
    New(PackId, Digest),
}

impl Folders {
    /// Of the folder of the configuration. `known`: packs whose folders were taken up at the start; `unfit`: folders of which
    /// was told then why they were not.
    pub fn new(
        home: PathBuf,
        swaps: Arc<Swaps>,
        files: Arc<dyn Files>,
        known: BTreeMap<PathBuf, (PackId, Digest)>,
        unfit: Vec<PathBuf>,
    ) -> Self {
        let home = if home.as_os_str().is_empty() { PathBuf::from(".") } else { home };
        let home = home.canonicalize().unwrap_or(home);
        let known = known.into_iter().map(|(path, pack)| (path.canonicalize().unwrap_or(path), pack)).collect();
        let unfit = unfit.into_iter().map(|path| path.canonicalize().unwrap_or(path)).collect();
        Self { home, swaps, files, known, told: BTreeMap::new(), open: BTreeMap::new(), unfit }
    }

    /// Watches for as long as the host runs.
    pub async fn run(mut self) {
        let mut watcher = match Watcher::new() {
            Ok(watcher) => watcher,
            Err(error) => return tracing::error!(%error, "changes of files are not noticed before the next start"),
        };
        self.watch(&mut watcher);
        // What came since the host read them.
        let all = ["agents", "grants.toml", "puppet.toml"].map(|name| self.home.join(name));
        self.changed(all.into_iter().filter(|path| path.exists()).collect()).await;
        for folder in std::mem::take(&mut self.unfit) {
            if let Some(reason) = self.open.remove(&folder) {
                self.told.insert(folder, reason);
            }
        }
        loop {
            let waits = !self.open.is_empty();
            tokio::select! {
                paths = watcher.changed() => {
                    if paths.contains(&self.agents()) {
                        self.watch(&mut watcher);
                    }
                    self.changed(paths).await;
                }
                () = tokio::time::sleep(PATIENCE), if waits => self.tell(),
            }
        }
    }

    fn agents(&self) -> PathBuf {
        self.home.join("agents")
    }

    fn watch(&self, watcher: &mut Watcher) {
        for (folder, deep) in [(self.home.clone(), false), (self.agents(), true)] {
            if folder.is_dir()
                && let Err(error) = watcher.watch(&folder, deep)
            {
                tracing::error!(folder = %folder.display(), %error, "changes in it are not noticed before the next start");
            }
        }
    }

    async fn changed(&mut self, paths: BTreeSet<PathBuf>) {
        let agents = self.agents();
        let mut folders = BTreeSet::new();
        for path in paths {
            match path.strip_prefix(&agents) {
                Ok(below) => match below.components().next() {
                    Some(first) => drop(folders.insert(agents.join(first))),
                    // The folder of folders itself: all of them may have come at once.
                    None => folders.extend(packs_in(&agents).into_iter().chain(self.known.keys().cloned())),
                },
                Err(_) if path == self.home.join("grants.toml") => self.files.grants(),
                Err(_) if path == self.home.join("puppet.toml") => self.files.config(),
                // Something was missed.
                Err(_) if path == self.home => {
                    self.files.grants();
                    self.files.config();
                }
                Err(_) => {}
            }
        }
        for folder in folders {
            self.folder(folder).await;
        }
    }

    async fn folder(&mut self, folder: PathBuf) {
        if !folder.join("pack.toml").exists() {
            if let Some((pack, _)) = self.known.get(&folder) {
                let reason =
                    format!("{pack}: its folder is gone: what is live stays live (`puppet remove {pack}` ends it)");
                self.open.insert(folder, reason);
            }
            return;
        }
        let (context, path) = (Arc::clone(self.swaps.context()), folder.clone());
        let last = self.known.get(&folder).map(|(_, digest)| *digest);
        match blocking(move || Ok(take_up(&context, &path, last))).await {
            Ok(Ok(Taken::New(pack, digest))) => {
                self.fine(&folder, (pack.clone(), digest));
                self.swaps.look(&pack);
            }
            Ok(Ok(Taken::Same(pack, digest))) => self.fine(&folder, (pack, digest)),
            Ok(Err(reason)) => drop(self.open.insert(folder, reason)),
            Err(error) => drop(self.open.insert(folder, error.to_string())),
        }
    }

    fn fine(&mut self, folder: &Path, holds: (PackId, Digest)) {
        self.open.remove(folder);
        self.told.remove(folder);
        self.known.insert(folder.to_owned(), holds);
    }

    /// What has not gone away by itself is told, once.
    fn tell(&mut self) {
        for (folder, reason) in std::mem::take(&mut self.open) {
            if self.told.get(&folder) == Some(&reason) {
                continue;
            }
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let pack = self.known.get(&folder).map_or_else(|| PackId::new(name), |(pack, _)| pack.clone());
            self.swaps.context().tell(&pack, "", "refused", reason.clone());
            self.told.insert(folder, reason);
        }
    }
}

/// Folders with a pack in a folder.
pub(super) fn packs_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.join("pack.toml").is_file());
    paths.sort();
    paths
}

/// Takes what a folder holds into what is installed, where that is new, and not what it held `last`.
fn take_up(context: &Context, folder: &Path, last: Option<Digest>) -> Result<Taken, String> {
    let words = |error: InstallError| error.to_string();
    let bundle = Bundle::open(folder).map_err(|error| error.to_string())?;
    let pack = bundle.pack.manifest.id.clone();
    if let Some(component) = bundle.component_bytes() {
        // Half-written ones are told here, before anything is put away.
        puppet_sandbox::inspect(component).map_err(|error| error.to_string())?;
    }
    let digest = bundle.digest();
    let entries = context.installed.entries().map_err(words)?;
    let own: Vec<&Entry> = entries.iter().filter(|entry| entry.id == pack).collect();
    if let Some(other) = own.iter().find(|entry| entry.source == Source::Archive && is_live(entry.state)) {
        return Err(format!(
            "`{pack}` {} was installed from an archive: `puppet remove {pack}`, or take this folder away",
            other.version
        ));
    }
    // What was refused or taken back is tried again when it comes again after something else.
    if own.iter().any(|entry| entry.digest == digest && (is_live(entry.state) || last == Some(digest))) {
        return Ok(Taken::Same(pack, digest));
    }
    let staged = context.installed.stage(folder, Source::Folder).map_err(words)?;
    context.installed.publish(staged, State::Next, context.host.now(), None).map_err(words)?;
    Ok(Taken::New(pack, digest))
}

/// Whether a version serves, or is on its way.
pub(super) fn is_live(state: State) -> bool {
    matches!(state, State::Current | State::Watched | State::Canary | State::Next)
}
