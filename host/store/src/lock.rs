//! One host per data folder: an exclusive lock on `DIR/host.lock` that the system takes back when the process
//! ends, however it ends. What a dead process left in the file never blocks; the pid is only there to be told.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    Result, StoreError,
    sqlite::{make_folder, of_file},
};

/// Held as long as this lives.
#[derive(Debug)]
pub struct HostLock {
    file: File,
    path: PathBuf,
}

impl HostLock {
    /// Takes the lock of a data folder, making the folder where it is missing.
    pub fn take(dir: &Path) -> Result<Self> {
        make_folder(dir)?;
        let path = dir.join("host.lock");
        let open = |error: std::io::Error| of_file(&path, &error);
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(open)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // Unreadable is unknown: the lock itself is what counts.
                let pid = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok()).unwrap_or(0);
                return Err(StoreError::Locked { path: dir.to_owned(), pid });
            }
            Err(TryLockError::Error(error)) => return Err(open(error)),
        }
        file.set_len(0).and_then(|()| file.rewind()).map_err(open)?;
        writeln!(file, "{}", std::process::id()).and_then(|()| file.flush()).map_err(open)?;
        Ok(Self { file, path })
    }

    /// The lock file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for HostLock {
    fn drop(&mut self) {
        // Closing unlocks as well; the file stays, since removing it would race with the next host.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_host_is_told_who_holds_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let held = HostLock::take(dir.path()).unwrap();
        match HostLock::take(dir.path()) {
            Err(StoreError::Locked { pid, .. }) => assert_eq!(pid, std::process::id()),
            other => panic!("{other:?}"),
        }
        drop(held);
        HostLock::take(dir.path()).unwrap();
    }

    #[test]
    fn a_stale_file_never_blocks() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("host.lock"), "1\n").unwrap();
        let held = HostLock::take(dir.path()).unwrap();
        assert_eq!(std::fs::read_to_string(held.path()).unwrap().trim(), std::process::id().to_string());
    }
}
