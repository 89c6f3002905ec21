//! Versions of packs on their way into a running host: from the folder or the archive to the last look after the
//! switch. `puppet.lock` says what is to serve; each pack has one task that brings the host there, stage by stage, and
//! writes down how far it has come before it goes on, so that a host that is killed goes on from there.
//!
//! What a stop at each stage leaves behind: before the switch, the version that served; after it, the new one, watched
//! again from the start; on the way back, the one before.

pub mod compile;
mod drive;
mod ending;
mod folders;
mod follow;
mod noting;
mod progress;
mod stages;
mod start;
mod strategy;
mod telling;
mod verify;
pub(crate) mod watcher;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use puppet_engine::{
    Happening, Host, Plugin,
    swap::{SwapRules, Watch},
};
use puppet_packs::{InstallError, Installed};
use puppet_sandbox::SandboxConfig;
use puppet_types::PackId;
use tokio::{sync::watch, task::JoinSet};

use crate::{config::Packs, grants::Grants, repertoire::Repertoire, trading::Floor};

pub use folders::{Files, Folders};
pub use progress::{Progress, Told};
pub use start::{AtStart, at_start};

use progress::Board;

/// What every swap needs.
pub struct Context {
    /// Where versions serve.
    pub host: Arc<Host>,
    /// What is installed.
    pub installed: Installed,
    /// What is known of versions.
    pub repertoire: Arc<Repertoire>,
    /// The operator's.
    pub grants: Arc<Grants>,
    /// This program, which compiles in a process of its own.
    pub program: PathBuf,
    /// As the host's.
    pub sandbox: SandboxConfig,
    /// How many old versions are kept.
    pub keep: Packs,
    /// As the operator has set them.
    pub rules: RwLock<SwapRules>,
    /// Held by who makes an agent, from looking who is here to the row: two of one name are not both made.
    pub joining: Arc<tokio::sync::Mutex<()>>,
    /// Where strategies trade.
    pub floor: Arc<Floor>,
    board: Board,
}

impl Context {
    /// All parts.
    pub fn new(
        host: Arc<Host>,
        (installed, repertoire): (Installed, Arc<Repertoire>),
        grants: Arc<Grants>,
        (program, sandbox): (PathBuf, SandboxConfig),
        (rules, keep): (SwapRules, Packs),
        (joining, floor): (Arc<tokio::sync::Mutex<()>>, Arc<Floor>),
    ) -> Arc<Self> {
        let rules = RwLock::new(rules);
        let board = Board::default();
        Arc::new(Self { host, installed, repertoire, grants, program, sandbox, keep, rules, joining, floor, board })
    }

    /// The rules now.
    pub fn rules(&self) -> SwapRules {
        self.rules.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Others from now on.
    pub fn set_rules(&self, rules: SwapRules) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    /// How far each pack has come.
    pub fn board(&self) -> BTreeMap<PackId, Told> {
        let percent = self.rules().canary_error_percent;
        self.board.all().into_iter().map(|(pack, progress)| (pack, progress.told(percent))).collect()
    }

    /// Tells those who watch, and the log.
    fn tell(&self, pack: &PackId, version: &str, stage: &'static str, detail: String) {
        match stage {
            _ if !self.host.told_by_log() => tracing::debug!(%pack, version, stage, "{detail}"),
            "refused" | "rolled-back" => tracing::warn!(%pack, version, stage, "{detail}"),
            _ => tracing::info!(%pack, version, stage, "{detail}"),
        }
        self.host.tally.swap(pack, stage);
        let (at, pack, version) = (self.host.now(), pack.clone(), version.to_owned());
        self.host.tell(Some(Happening::Swap { at, pack, version, stage, detail }));
    }
}

/// Files are read and written beside the runtime.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, InstallError> + Send + 'static,
) -> Result<T, InstallError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// A version, and who looks at it.
type LookedAt = (Arc<Plugin>, Arc<Watch>);

/// How often a pack's task was asked to look, and how often it has.
struct Asked {
    looks: watch::Sender<u64>,
    done: watch::Receiver<u64>,
}

/// The tasks of a host's packs. Ends them when it is dropped.
pub struct Swaps {
    context: Arc<Context>,
    asked: Mutex<BTreeMap<PackId, Asked>>,
    /// What was watched when the last host ended, until its pack's task goes on with it.
    watched: Mutex<BTreeMap<PackId, LookedAt>>,
    tasks: Mutex<JoinSet<()>>,
}

impl Swaps {
    /// None runs yet.
    pub fn new(context: Arc<Context>) -> Arc<Self> {
        Arc::new(Self { context, asked: Mutex::default(), watched: Mutex::default(), tasks: Mutex::default() })
    }

    /// What they work with.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Looks again at what was watched when the last host ended: before the first event is handled, so that none fails
    /// for good by a version that has not shown enough. [`Self::look`] goes on with it.
    pub fn watch_again(&self, packs: &BTreeSet<PackId>) {
        let host = &self.context.host;
        let serving = |pack: &PackId| host.plugins().get(pack).cloned();
        let watched = packs.iter().filter_map(|pack| Some((pack.clone(), serving(pack)?)));
        let looked_at = watched.map(|(pack, plugin)| {
            let watch = host.look_at(&plugin, None);
            (pack, (plugin, watch))
        });
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).extend(looked_at);
    }

    /// Ends them: what is on its way goes on from what is written down when the next host starts.
    pub fn end(&self) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }

    /// The operator's grants are others: what waited for them may go on.
    pub fn look_at_all(&self) {
        let known: Vec<PackId> = self.asked.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect();
        known.iter().for_each(|pack| self.look(pack));
    }

    /// The lock says something else of a pack: its task looks, and begins where it has none.
    pub fn look(&self, pack: &PackId) {
        self.looking(pack);
    }

    /// The same. Answers the number of this look, and who tells when it is over.
    fn looking(&self, pack: &PackId) -> (u64, watch::Receiver<u64>) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Asked { looks, done }) = asked.get(pack)
            && !looks.is_closed()
        {
            looks.send_modify(|n| *n += 1);
            return (*looks.borrow(), done.clone());
        }
        let ((looks, receiver), (tell, done)) = (watch::channel(1), watch::channel(0));
        asked.insert(pack.clone(), Asked { looks, done: done.clone() });
        let watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner).remove(pack);
        let task = drive::work(Arc::clone(&self.context), pack.clone(), (receiver, tell), watched);
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).spawn(task);
        (1, done)
    }

    /// Looks, and returns when the pack's task has done all that it can for now, or the version is live or at its end. What
    /// became of it is in the lock then.
    pub async fn come_to(&self, pack: &PackId, version: &str) {
        let (since, mut changes) = (self.context.host.now(), self.context.board.changes());
        let (look, mut done) = self.looking(pack);
        let is_there = || {
            let told = self.context.board.all().remove(pack).filter(|told| told.version == version && told.at >= since);
            told.is_some_and(|told| matches!(told.state, "live" | "settled" | "refused" | "rolled-back"))
        };
        while !is_there() {
            tokio::select! {
                // One that is gone tells nothing any more.
                _ = done.wait_for(|done| *done >= look) => return,
                _ = changes.changed() => {}
            }
        }
    }
}
