//! An archive that came over a connection: kept beside what is staged for as long as somebody looks at it.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use puppet_types::{Digest, Timestamp, ids};

use super::{InstallError, Installed, STAGING};

/// A file of `.staging`, taken away when it is dropped. As long as its lock is held nobody sweeps it; one that a stopped
/// program left behind goes with the next that is staged.
pub struct Received {
    path: PathBuf,
    held: File,
}

impl Received {
    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        // Or swept by the next.
        let _ = fs::remove_file(&self.path);
    }
}

impl Installed {
    /// Keeps the bytes of an archive, which nobody has looked at yet, for [`Installed::stage`].
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn receive(&self, archive: &[u8]) -> Result<Received, InstallError> {
        let _guard = self.guard()?;
        let (now, digest) = (Timestamp::from_system().to_string(), Digest::of(archive).to_string());
        let name = ids::derive("received", &[&now, &digest, &std::process::id().to_string()]);
        let path = self.packs().join(STAGING).join(name);
        let failed = |source| InstallError::Io { path: path.clone(), source };
        let held = File::options().write(true).create_new(true).open(&path).map_err(failed)?;
        let received = Received { path: path.clone(), held };
        received.held.lock().and_then(|()| (&received.held).write_all(archive)).map_err(failed)?;
        Ok(received)
    }
}
