//! The installed packs of a data folder: `packs/<id>/<version>-<digest>/` holds a version's files, and never changes;
//! `puppet.lock` says which versions there are and how each stands. A version is written and checked beside its place,
//! moved there by one rename, and published by another, that of the lock file: a crash leaves the old or the new. What
//! a crash leaves lying about is swept by the next who stages. Not here: who may install what, and who runs it.

mod error;
mod lockfile;
mod received;
mod staging;
mod sweep;
#[cfg(test)]
mod tests;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use puppet_types::{Digest, PackId, Timestamp};
use semver::Version;

use crate::{Bundle, Pack, walk};

pub use error::InstallError;
pub use received::Received;
pub use staging::Staged;

/// The file that says what is installed.
pub const LOCK: &str = "puppet.lock";
/// The folder that holds it.
const PACKS: &str = "packs";
/// Versions on their way, each in a folder that is locked by whoever writes it.
const STAGING: &str = ".staging";
/// Locked by whoever changes `puppet.lock`.
const GUARD: &str = ".lock";

macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$doc])* $variant),+ }

        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// kebab-case.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
            /// By its name.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }
    };
}

words!(
    /// How a version stands.
    State {
        /// It runs, or the next host runs it.
        Current = "current",
        /// It takes the place of the current one as soon as it has shown that it can.
        Next = "next",
        /// A share of agents runs it.
        Canary = "canary",
        /// It runs in place of the current one, and is watched.
        Watched = "watched",
        /// It ran, and can come back.
        Kept = "kept",
        /// It asks for more than it was granted.
        Waiting = "waiting",
        /// It was not let in.
        Refused = "refused",
        /// It ran, and was taken back.
        RolledBack = "rolled-back"
    }
);

impl State {
    /// Whether it runs for agents: at most one version of a pack does.
    pub const fn runs(self) -> bool {
        matches!(self, Self::Current | Self::Watched)
    }
    /// Whether it may be swept away once there are too many of them.
    pub const fn is_old(self) -> bool {
        matches!(self, Self::Kept | Self::Refused | Self::RolledBack)
    }
}

words!(
    /// What a version was installed from.
    Source {
        /// A `.puppet` file.
        Archive = "archive",
        /// A folder.
        Folder = "folder"
    }
);

/// A version that is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its pack.
    pub id: PackId,
    /// Its version.
    pub version: Version,
    /// Of the pack: of its `MANIFEST`. With the id it names the entry.
    pub digest: Digest,
    /// Of the component that it brings.
    pub component: Option<Digest>,
    /// Who signed it: a minisign public key.
    pub signer: Option<String>,
    /// What it was installed from.
    pub source: Source,
    /// How it stands.
    pub state: State,
    /// Since when.
    pub since: Timestamp,
    /// Why, where that needs words.
    pub reason: Option<String>,
}

impl Entry {
    /// What a grant may be bound to: its component, or the pack where it brings none.
    pub fn vouched(&self) -> Digest {
        self.component.unwrap_or(self.digest)
    }
    /// Whether this is that one.
    pub fn is(&self, id: &PackId, digest: Digest) -> bool {
        self.id == *id && self.digest == digest
    }
    /// Its folder below `packs/<id>/`.
    fn folder_name(&self) -> String {
        format!("{}-{}", self.version, &self.digest.hex()[..12])
    }
}

/// The installed packs of a data folder.
#[derive(Debug, Clone)]
pub struct Installed {
    data: PathBuf,
}

impl Installed {
    /// Of a data folder. Nothing needs to be there.
    pub fn at(data: &Path) -> Self {
        Self { data: data.to_owned() }
    }

    /// All versions, by pack and version. The file takes its place whole, so that nobody has to wait to read it.
    pub fn entries(&self) -> Result<Vec<Entry>, InstallError> {
        lockfile::read(&self.data.join(LOCK))
    }

    /// Where the files of a version are.
    pub fn folder(&self, entry: &Entry) -> PathBuf {
        self.packs().join(entry.id.as_str()).join(entry.folder_name())
    }

    /// A version, its files compared with its digest once more.
    pub fn open(&self, entry: &Entry) -> Result<Pack, InstallError> {
        Ok(self.bundle(entry)?.pack)
    }

    /// The same with everything in it.
    pub fn bundle(&self, entry: &Entry) -> Result<Bundle, InstallError> {
        let folder = self.folder(entry);
        let changed = |what: String| InstallError::Changed { folder: folder.clone(), what };
        let bundle = Bundle::open(&folder)?;
        if let Some(more) = bundle.left_out.first() {
            return Err(changed(format!("`{more}` was put there")));
        }
        let (found, signer) = (bundle.digest(), bundle.signer()?);
        if found != entry.digest {
            return Err(changed(format!("its files are {found}, not {}", entry.digest)));
        }
        if signer != entry.signer {
            return Err(changed("it is not signed as it was".to_owned()));
        }
        Ok(bundle)
    }

    /// The bytes of a version's files.
    pub fn bytes(&self, entry: &Entry) -> Result<u64, InstallError> {
        sweep::bytes_below(&self.folder(entry))
    }

    /// Changes the entries: read, changed and written while nobody else does. An error of `f` changes nothing.
    pub fn change<T>(&self, f: impl FnOnce(&mut Vec<Entry>) -> Result<T, InstallError>) -> Result<T, InstallError> {
        let _guard = self.guard()?;
        self.change_guarded(f)
    }

    fn change_guarded<T>(&self, f: impl FnOnce(&mut Vec<Entry>) -> Result<T, InstallError>) -> Result<T, InstallError> {
        let before = self.entries()?;
        let mut entries = before.clone();
        let answer = f(&mut entries)?;
        if entries != before {
            lockfile::write(&self.data.join(LOCK), entries)?;
        }
        Ok(answer)
    }

    fn packs(&self) -> PathBuf {
        self.data.join(PACKS)
    }

    /// Held by whoever changes what is installed; the system lets go of it when the process ends.
    fn guard(&self) -> Result<File, InstallError> {
        let staging = self.packs().join(STAGING);
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| InstallError::Io { path, source }
        };
        private_folder(&self.data).map_err(failed(&self.data))?;
        fs::create_dir_all(&staging).map_err(failed(&staging))?;
        let path = self.packs().join(GUARD);
        let file = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(failed(&path))?;
        file.lock().map_err(failed(&path))?;
        Ok(file)
    }
}

/// The data folder, its owner's alone where it is made here.
fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Names of what lies in a folder; none where it is not there.
fn names(folder: &Path) -> Result<Vec<String>, InstallError> {
    match folder.try_exists() {
        Ok(false) => Ok(Vec::new()),
        _ => Ok(walk::top(folder)?.into_iter().map(|name| name.trim_end_matches('/').to_owned()).collect()),
    }
}
