//! Watches folders and files for whatever an editor, a build or a person does to them, and says what is dirty once it
//! has come to rest. What the change means is for others: nothing is read here.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

/// After so long without a change a folder is at rest.
const QUIET: Duration = Duration::from_millis(8);
/// A pause that makes it quick again.
const CALM: Duration = Duration::from_millis(100);
/// The longest rest that is waited for where changes follow each other without such a pause.
const QUIET_MOST: Duration = Duration::from_millis(400);
/// One that never rests is looked at all the same.
const RESTLESS: Duration = Duration::from_secs(2);

/// What changed since somebody looked.
#[derive(Default)]
struct Dirty {
    paths: Mutex<BTreeSet<PathBuf>>,
    more: Notify,
}

impl Dirty {
    fn is_clean(&self) -> bool {
        self.paths.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

/// The watcher.
pub struct Watcher {
    inner: RecommendedWatcher,
    dirty: Arc<Dirty>,
    quiet: Duration,
    rested: Instant,
}

impl Watcher {
    /// One that watches nothing yet.
    pub fn new() -> notify::Result<Self> {
        let dirty = Arc::new(Dirty::default());
        let told = Arc::clone(&dirty);
        let inner = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let Ok(event) = event else { return };
            if matches!(event.kind, EventKind::Access(_)) {
                return;
            }
            told.paths.lock().unwrap_or_else(PoisonError::into_inner).extend(event.paths);
            told.more.notify_one();
        })?;
        Ok(Self { inner, dirty, quiet: QUIET, rested: Instant::now() })
    }

    /// Watches a folder, and what is below it where `deep`. Once more is no harm.
    pub fn watch(&mut self, folder: &Path, deep: bool) -> notify::Result<()> {
        let mode = if deep { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
        self.inner.watch(folder, mode)
    }

    /// Waits for changes, and until they have come to rest. Cancel-safe: what was not answered stays dirty.
    pub async fn changed(&mut self) -> BTreeSet<PathBuf> {
        loop {
            // Who waited before may have been called away while something came to rest.
            if self.dirty.is_clean() {
                self.dirty.more.notified().await;
            }
            let calm = self.rested.elapsed() > CALM;
            self.quiet = if calm { QUIET } else { (self.quiet * 2).min(QUIET_MOST) };
            let end = Instant::now() + RESTLESS;
            loop {
                let rest = (Instant::now() + self.quiet).min(end);
                tokio::select! {
                    biased;
                    () = self.dirty.more.notified() => {}
                    () = sleep_until(rest) => break,
                }
                if Instant::now() >= end {
                    break;
                }
            }
            self.rested = Instant::now();
            let paths = std::mem::take(&mut *self.dirty.paths.lock().unwrap_or_else(PoisonError::into_inner));
            if !paths.is_empty() {
                return paths;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_change_is_told_once_it_rests() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let below = root.join("agents/ember");
        std::fs::create_dir_all(&below).unwrap();
        let mut watcher = Watcher::new().unwrap();
        watcher.watch(&root.join("agents"), true).unwrap();
        // As editors save: beside it, then renamed into its place.
        std::fs::write(below.join(".pack.toml.tmp"), "id").unwrap();
        std::fs::rename(below.join(".pack.toml.tmp"), below.join("pack.toml")).unwrap();
        let paths = watcher.changed().await;
        assert!(paths.contains(&below.join("pack.toml")), "{paths:?}");
        let more = tokio::time::timeout(Duration::from_millis(100), watcher.changed()).await;
        assert!(more.is_err(), "nothing more has changed: {more:?}");
        // Called away in the middle: what changed is told to who waits next.
        std::fs::write(below.join("pack.toml"), "id = 1").unwrap();
        watcher.quiet = QUIET_MOST;
        watcher.rested = Instant::now();
        let more = tokio::time::timeout(Duration::from_millis(30), watcher.changed()).await;
        assert!(more.is_err(), "it has not come to rest: {more:?}");
        assert!(watcher.changed().await.contains(&below.join("pack.toml")));
        std::fs::remove_dir_all(&below).unwrap();
        assert!(watcher.changed().await.iter().any(|path| path.starts_with(&below)));
    }
}
