//! A version on its way: written beside its place and checked there, then published.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use puppet_types::{Digest, PackId, Timestamp, ids};
use semver::Version;

use super::{Entry, GUARD, InstallError, Installed, STAGING, Source, State, names};
use crate::{Bundle, Manifest, Pack, SIGNATURE};

/// A version that is written and checked, and not yet published. Dropped, it leaves nothing behind.
pub struct Staged {
    /// What it is; its folder is the one beside.
    pub pack: Pack,
    /// Of the pack.
    pub digest: Digest,
    /// Of the component that it brings.
    pub component: Option<Digest>,
    /// Who signed it.
    pub signer: Option<String>,
    /// What lies in the folder that it comes from and does not belong to it.
    pub unlisted: Vec<String>,
    /// What it comes from.
    pub source: Source,
    /// It may be older than what runs.
    pub may_downgrade: bool,
    folder: Folder,
}

impl Staged {
    /// Whether it may join these: what [`Installed::publish`] asks again while nobody else changes them.
    pub fn admit(&self, entries: &[Entry]) -> Result<(), InstallError> {
        let Manifest { id, version, .. } = &self.pack.manifest;
        admit(entries, (id, version, self.digest, self.source), self.may_downgrade)
    }

    /// Its component, where it brings one.
    pub fn component_bytes(&self) -> Result<Option<Vec<u8>>, InstallError> {
        Ok(Bundle::open(&self.pack.dir)?.component_bytes().map(<[u8]>::to_vec))
    }
}

/// A folder of `.staging`, taken away when it is dropped. As long as its lock is held nobody sweeps it.
struct Folder {
    path: PathBuf,
    #[allow(dead_code, reason = "closing it lets it go")]
    held: File,
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Moved to its place, or swept by the next.
        let _ = fs::remove_dir_all(&self.path);
    }
}

impl Installed {
    /// Writes a folder or an archive beside the installed ones, and checks what was written.
    pub fn stage(&self, from: &Path, source: Source) -> Result<Staged, InstallError> {
        let bundle = Bundle::open(from)?;
        let signer = bundle.signer()?;
        let folder = {
            let _guard = self.guard()?;
            // One that does not read back tells nobody which folders are its own.
            let entries = self.entries()?;
            self.sweep_lost(&entries)?;
            self.new_folder()?
        };
        let failed = |source| InstallError::Io { path: folder.path.clone(), source };
        bundle.unpack(&folder.path).map_err(failed)?;
        let written = Bundle::open(&folder.path)?;
        if written.digest() != bundle.digest() || written.signer()? != signer {
            return Err(failed(std::io::Error::other("what was written reads back as something else")));
        }
        Ok(Staged {
            digest: written.digest(),
            component: written.component(),
            pack: written.pack,
            signer,
            unlisted: bundle.left_out,
            source,
            may_downgrade: false,
            folder,
        })
    }

    fn new_folder(&self) -> Result<Folder, InstallError> {
        let staging = self.packs().join(STAGING);
        for n in 0_u32.. {
            let now = Timestamp::from_system().to_string();
            let name = ids::derive("new", &[&now, &std::process::id().to_string(), &n.to_string()]);
            let path = staging.join(name);
            let failed = |source| InstallError::Io { path: path.clone(), source };
            match fs::create_dir(&path) {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error)),
                Ok(()) => {
                    let held = File::open(&path).and_then(|held| held.lock().map(|()| held)).map_err(failed)?;
                    return Ok(Folder { path, held });
                }
            }
        }
        Err(InstallError::Io { path: staging, source: std::io::Error::other("there is no free name") })
    }

    /// Publishes a version: its folder takes its place, then the lock file names it. One that is installed already only
    /// changes its state.
    pub fn publish(
        &self,
        staged: Staged,
        state: State,
        at: Timestamp,
        reason: Option<String>,
    ) -> Result<Entry, InstallError> {
        let _guard = self.guard()?;
        let Staged { pack, digest, component, signer, source, may_downgrade, folder, .. } = staged;
        let entry = Entry {
            id: pack.manifest.id.clone(),
            version: pack.manifest.version.clone(),
            digest,
            component,
            signer,
            source,
            state,
            since: at,
            reason,
        };
        self.change_guarded(|entries| {
            admit(entries, (&entry.id, &entry.version, digest, source), may_downgrade)?;
            self.place(&entry, &folder.path)?;
            put(entries, entry.clone());
            Ok(())
        })?;
        let entries = self.entries()?;
        let published = entries.into_iter().find(|other| other.is(&entry.id, entry.digest));
        Ok(published.unwrap_or(entry))
    }

    /// Moves a staged folder to the place of its version. What lies there and is the same stays; anything else there
    /// was left by a crash, or damaged.
    fn place(&self, entry: &Entry, staged: &Path) -> Result<(), InstallError> {
        let place = self.folder(entry);
        let failed = |source| InstallError::Io { path: place.clone(), source };
        if place.symlink_metadata().is_ok() {
            let signature = |folder: &Path| fs::read(folder.join(SIGNATURE)).ok();
            let is_whole = self.bundle(entry).is_ok() && signature(&place) == signature(staged);
            if is_whole {
                return Ok(());
            }
            let aside = staged.with_extension("old");
            fs::rename(&place, &aside).map_err(failed)?;
        }
        let parent = self.packs().join(entry.id.as_str());
        fs::create_dir_all(&parent).map_err(failed)?;
        fs::rename(staged, &place).map_err(failed)?;
        for folder in [parent, self.packs()] {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        }
        Ok(())
    }

    /// Takes away what no entry names, and nobody is writing.
    pub(super) fn sweep_lost(&self, entries: &[Entry]) -> Result<(), InstallError> {
        let (packs, staging) = (self.packs(), self.packs().join(STAGING));
        for name in names(&staging)? {
            let path = staging.join(name);
            // Who writes it holds it.
            let is_lost = File::open(&path).is_ok_and(|folder| folder.try_lock().is_ok());
            if is_lost {
                take_away(&path)?;
            }
        }
        for id in names(&packs)? {
            if [STAGING, GUARD].contains(&&*id) {
                continue;
            }
            let folder = packs.join(&id);
            for name in names(&folder)? {
                let is_known = entries.iter().any(|entry| entry.id.as_str() == id && entry.folder_name() == name);
                if !is_known {
                    take_away(&folder.join(name))?;
                }
            }
            // Only an empty one goes.
            let _ = fs::remove_dir(&folder);
        }
        Ok(())
    }
}

pub(super) fn take_away(path: &Path) -> Result<(), InstallError> {
    let is_folder = path.symlink_metadata().is_ok_and(|kind| kind.is_dir());
    let gone = if is_folder { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    gone.map_err(|source| InstallError::Io { path: path.to_owned(), source })
}

/// Whether a version may join these.
fn admit(
    entries: &[Entry],
    (id, version, digest, source): (&PackId, &Version, Digest, Source),
    may_downgrade: bool,
) -> Result<(), InstallError> {
    let (id, version) = (id.clone(), version.clone());
    let same = |other: &&Entry| other.id == id && other.version == version && other.digest != digest;
    if let Some(other) = entries.iter().find(same).filter(|_| source == Source::Archive) {
        return Err(InstallError::SameVersion { id, version, digest: other.digest });
    }
    let current = entries.iter().find(|other| other.id == id && other.state.runs());
    match current.filter(|current| current.version > version && !may_downgrade) {
        Some(current) => Err(InstallError::Downgrade { id, version, current: current.version.clone() }),
        None => Ok(()),
    }
}

/// Puts an entry among the others: one version runs, and one is to be next.
fn put(entries: &mut Vec<Entry>, new: Entry) {
    let known = entries.iter_mut().find(|other| other.is(&new.id, new.digest));
    // What runs already is not made to wait for itself.
    let comes = matches!(new.state, State::Next | State::Current | State::Waiting);
    if let Some(known) = known.filter(|known| known.state.runs() && comes) {
        known.signer = new.signer;
        return;
    }
    entries.retain(|other| !other.is(&new.id, new.digest));
    for other in entries.iter_mut().filter(|other| other.id == new.id) {
        let is_replaced = match new.state {
            State::Current | State::Watched => other.state.runs() || other.state == State::Next,
            State::Next | State::Waiting => matches!(other.state, State::Next | State::Waiting),
            _ => false,
        };
        if is_replaced {
            let ran = other.state.runs();
            other.state = if ran { State::Kept } else { State::Refused };
            other.since = new.since;
            other.reason = (!ran).then(|| format!("{} took its place before it ran", new.version));
        }
    }
    entries.push(new);
}
