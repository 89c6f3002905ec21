//! How long versions stay that do not run: so many of each pack, and so many bytes in all.

use std::path::Path;

use super::{Entry, InstallError, Installed};

impl Installed {
    /// Keeps so many old versions of each pack, the newest. Answers those that went.
    pub fn sweep(&self, keep: usize) -> Result<Vec<Entry>, InstallError> {
        self.sweep_within(keep, u64::MAX)
    }

    /// The same, and so many bytes of all packs together: old versions go first, the oldest before others. What runs,
    /// waits or comes next stays in any case.
    pub fn sweep_within(&self, keep: usize, most: u64) -> Result<Vec<Entry>, InstallError> {
        let _guard = self.guard()?;
        let gone = self.change_guarded(|entries| {
            let mut old: Vec<Entry> = entries.iter().filter(|entry| entry.state.is_old()).cloned().collect();
            old.sort_by(|a, b| (b.since, &b.version).cmp(&(a.since, &a.version)));
            let mut all = 0;
            for entry in entries.iter() {
                all += self.bytes(entry).unwrap_or(0);
            }
            let mut gone: Vec<Entry> = Vec::new();
            for (n, entry) in old.iter().enumerate() {
                let newer = old[..n].iter().filter(|other| other.id == entry.id).count();
                if newer >= keep {
                    gone.push(entry.clone());
                }
            }
            all -= gone.iter().map(|entry| self.bytes(entry).unwrap_or(0)).sum::<u64>();
            for entry in old.iter().rev().filter(|entry| entry.state.is_old()) {
                if all > most && !gone.contains(entry) {
                    all -= self.bytes(entry).unwrap_or(0);
                    gone.push(entry.clone());
                }
            }
            entries.retain(|entry| !gone.contains(entry));
            Ok(gone)
        })?;
        self.sweep_lost(&self.entries()?)?;
        Ok(gone)
    }

    /// Takes versions out: the lock file first, then their files.
    pub fn forget(&self, gone: impl Fn(&Entry) -> bool) -> Result<Vec<Entry>, InstallError> {
        let _guard = self.guard()?;
        let removed = self.change_guarded(|entries| {
            let removed = entries.iter().filter(|entry| gone(entry)).cloned().collect();
            entries.retain(|entry| !gone(entry));
            Ok(removed)
        })?;
        self.sweep_lost(&self.entries()?)?;
        Ok(removed)
    }
}

/// Bytes of all files below a folder; 0 where it is not there.
pub(super) fn bytes_below(folder: &Path) -> Result<u64, InstallError> {
    let failed = |source| InstallError::Io { path: folder.to_owned(), source };
    let (mut folders, mut bytes) = (vec![folder.to_owned()], 0);
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            entries => entries.map_err(failed)?,
        };
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let kind = entry.metadata().map_err(failed)?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else {
                bytes += kind.len();
            }
        }
    }
    Ok(bytes)
}
