//! `secrets.toml` of a data folder: credentials by name, readable by its owner alone. Written whole or not at all, and
//! encrypted where there is a key (`sealed`).
//! No error, no `Debug` and no `Display` of this file shows a value.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use puppet_types::Secret;

use crate::sealed::{self, Unsealed};

/// Its name.
pub const FILE: &str = "secrets.toml";

const HEADER: &str = "# Credentials. Nobody but the host reads this file: mode 0600, never in version control.\n\n";

/// The file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The disk says no.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not a list of names and texts.
    #[error("{path}:{line}: expected lines like \"name\" = \"value\"")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
    /// It is encrypted, and nobody gave a key.
    #[error("{path} is encrypted, and no key is configured")]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// It is encrypted under another key, or somebody changed it.
    #[error("{path} cannot be opened with the configured key: it is another, or the file is damaged")]
    WrongKey {
        /// The file.
        path: PathBuf,
    },
    /// Nothing can be encrypted under this.
    #[error("the configured key is no identity of age, though it begins like one")]
    BadKey,
}

impl SecretsError {
    /// What to do.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Io { .. } | Self::Syntax { .. } => "mend the file, or move it away",
            Self::NoKey { .. } => "name the credential that holds its key: [store] key = \"NAME\"; nothing was changed",
            Self::WrongKey { .. } => "put the key in place under which it was written; nothing was changed",
            Self::BadKey => "use what `age-keygen` printed, or a passphrase",
        }
    }
}

/// Something to tell the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

/// The open file. Changes are kept back until [`SecretsFile::save`].
#[derive(Debug)]
pub struct SecretsFile {
    path: PathBuf,
    values: BTreeMap<String, Secret>,
    /// None: it goes.
    changes: BTreeMap<String, Option<Secret>>,
    warning: Option<Warning>,
    key: Option<Secret>,
    encrypted: bool,
}

impl SecretsFile {
    /// Reads the file of a data folder; none there is an empty one. With a key an encrypted file is opened, and what
    /// is written is encrypted; a file in clear text is read all the same, until it is written.
    pub fn open(data: &Path, key: Option<Secret>) -> Result<Self, SecretsError> {
        let path = data.join(FILE);
        let Content { values, encrypted } = read(&path, key.as_ref())?;
        let warning = readable_by_others(&path).then(|| Warning {
            message: format!("{} can be read by others", path.display()),
            remedy: format!("chmod 600 {}", path.display()),
        });
        Ok(Self { path, values, changes: BTreeMap::new(), warning, key, encrypted })
    }

    /// Others can read the file. The next [`SecretsFile::save`] mends that.
    pub fn warning(&self) -> Option<&Warning> {
        self.warning.as_ref()
    }
    /// What is on the disk is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }
    /// By name: `x/<agent>/api_key`.
    pub fn get(&self, name: &str) -> Option<Secret> {
        match self.changes.get(name) {
            Some(change) => change.clone(),
            None => self.values.get(name).cloned(),
        }
    }
    /// Names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let all: std::collections::BTreeSet<&str> =
            self.values.keys().chain(self.changes.keys()).map(String::as_str).collect();
        all.into_iter().filter(|name| !matches!(self.changes.get(*name), Some(None)))
    }
    /// To be written by the next [`SecretsFile::save`].
    pub fn set(&mut self, name: &str, secret: Secret) {
        self.changes.insert(name.to_owned(), Some(secret));
    }
    /// Gone with the next [`SecretsFile::save`].
    pub fn remove(&mut self, name: &str) {
        self.changes.insert(name.to_owned(), None);
    }

    /// Writes the changes over what the file holds by now: a new file takes its place in one step. Whoever else writes it
    /// meanwhile, from this process or another, is waited for.
    pub fn save(&mut self) -> Result<(), SecretsError> {
        let _alone = self.alone().map_err(|source| SecretsError::Io { path: self.path.clone(), source })?;
        let mut values = read(&self.path, self.key.as_ref())?.values;
        for (name, change) in &self.changes {
            match change {
                Some(secret) => values.insert(name.clone(), secret.clone()),
                None => values.remove(name),
            };
        }
        let table: toml::Table = values
            .iter()
            .map(|(name, secret)| (name.clone(), toml::Value::String(secret.expose().to_owned())))
            .collect();
        let text = format!("{HEADER}{table}");
        let bytes = match &self.key {
            Some(key) => sealed::seal(text.as_bytes(), key).ok_or(SecretsError::BadKey)?,
            None => text.into_bytes(),
        };
        self.replace(&bytes).map_err(|source| SecretsError::Io { path: self.path.clone(), source })?;
        self.encrypted = self.key.is_some();
        self.values = values;
        self.changes.clear();
        self.warning = None;
        Ok(())
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// Nobody else writes the file until this is closed. The folder is what is locked: the file is another one each time.
    fn alone(&self) -> io::Result<File> {
        fs::create_dir_all(self.folder())?;
        let folder = File::open(self.folder())?;
        folder.lock()?;
        Ok(folder)
    }

    fn replace(&self, bytes: &[u8]) -> io::Result<()> {
        let folder = self.folder();
        let temporary = folder.join(format!(".{FILE}.{}.new", std::process::id()));
        // What a crash left behind under the same process id.
        let _ = fs::remove_file(&temporary);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&temporary)?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        if let Err(error) = written.and_then(|()| fs::rename(&temporary, &self.path)) {
            let _ = fs::remove_file(&temporary);
            return Err(error);
        }
        File::open(folder)?.sync_all()
    }
}

#[derive(Default)]
struct Content {
    values: BTreeMap<String, Secret>,
    encrypted: bool,
}

fn read(path: &Path, key: Option<&Secret>) -> Result<Content, SecretsError> {
    let failed = |source| SecretsError::Io { path: path.to_owned(), source };
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Content::default()),
        Err(source) => return Err(failed(source)),
    };
    let encrypted = sealed::is_sealed(&bytes);
    let bytes = match key {
        _ if !encrypted => bytes,
        None => return Err(SecretsError::NoKey { path: path.to_owned() }),
        Some(key) => sealed::unseal(&bytes, key).map_err(|error| match error {
            Unsealed::BadKey => SecretsError::BadKey,
            Unsealed::WrongKey => SecretsError::WrongKey { path: path.to_owned() },
        })?,
    };
    let text = String::from_utf8(bytes).map_err(|_| failed(io::Error::other("it is no text")))?;
    Ok(Content { values: parse(path, &text)?, encrypted })
}

fn parse(path: &Path, text: &str) -> Result<BTreeMap<String, Secret>, SecretsError> {
    // The parser's own words would quote the line.
    let at = |at: usize| SecretsError::Syntax {
        path: path.to_owned(),
        line: 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count(),
    };
    let table: BTreeMap<String, toml::Spanned<toml::Value>> =
        toml::from_str(text).map_err(|error| at(error.span().map_or(0, |span| span.start)))?;
    let secret = |(name, value): (String, toml::Spanned<toml::Value>)| match value.get_ref() {
        toml::Value::String(text) => Ok((name, Secret::new(text))),
        _ => Err(at(value.span().start)),
    };
    table.into_iter().map(secret).collect()
}

#[cfg(unix)]
fn readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn readable_by_others(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use puppet_types::MASK;

    use super::*;

    #[test]
    fn what_is_set_is_there_after_the_file_is_opened_again() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let mut file = SecretsFile::open(&data, None).unwrap();
        assert_eq!(file.get("x/a/api_key"), None);
        file.set("x/a/api_key", Secret::new("one \"quoted\"\n"));
        assert_eq!(file.get("x/a/api_key").unwrap().expose(), "one \"quoted\"\n");
        assert!(!data.exists(), "nothing is written before it is saved");
        file.save().unwrap();
        // Somebody else's change in between stays.
        let mut other = SecretsFile::open(&data, None).unwrap();
        other.set("x/b/api_key", Secret::new("two"));
        other.save().unwrap();
        file.set("x/c/api_key", Secret::new("three"));
        file.save().unwrap();
        let again = SecretsFile::open(&data, None).unwrap();
        assert_eq!(again.names().collect::<Vec<_>>(), ["x/a/api_key", "x/b/api_key", "x/c/api_key"]);
        assert_eq!(again.get("x/a/api_key").unwrap().expose(), "one \"quoted\"\n");
        assert_eq!(fs::read_dir(&data).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn many_writers_lose_nothing_and_what_is_removed_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let write = |n: usize| {
            for m in 0..5 {
                let mut file = SecretsFile::open(dir.path(), None).unwrap();
                file.set(&format!("x/{n}/{m}"), Secret::new("value"));
                file.save().unwrap();
            }
        };
        std::thread::scope(|scope| {
            for n in 0..4 {
                scope.spawn(move || write(n));
            }
        });
        let mut file = SecretsFile::open(dir.path(), None).unwrap();
        assert_eq!(file.names().count(), 20);
        file.remove("x/0/0");
        assert!(file.get("x/0/0").is_none() && file.names().count() == 19);
        file.save().unwrap();
        assert_eq!(SecretsFile::open(dir.path(), None).unwrap().names().count(), 19);
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        fs::write(&path, "a = \"b\"\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let mut file = SecretsFile::open(dir.path(), None).unwrap();
        assert!(file.warning().unwrap().remedy.starts_with("chmod 600"));
        file.save().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(SecretsFile::open(dir.path(), None).unwrap().warning(), None);
    }

    #[test]
    fn nothing_shows_a_value() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = SecretsFile::open(dir.path(), None).unwrap();
        file.set("a", Secret::new("hunter2"));
        file.save().unwrap();
        let shown = format!("{file:?} {} {:?}", Secret::new("hunter2"), file.get("a"));
        assert!(!shown.contains("hunter2") && shown.contains(MASK));
        for (text, line) in [("a = \"x\"\nb = hunter2\n", 2), ("a = \"x\"\n\nhunter2 = 3\n", 3)] {
            fs::write(dir.path().join(FILE), text).unwrap();
            let error = SecretsFile::open(dir.path(), None).unwrap_err();
            let SecretsError::Syntax { line: found, .. } = &error else { panic!("{error}") };
            assert_eq!(*found, line);
            assert!(!error.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn with_a_key_it_is_encrypted_by_the_next_write() {
        let dir = tempfile::tempdir().unwrap();
        let open = |key: Option<&str>| SecretsFile::open(dir.path(), key.map(Secret::new));
        let mut file = open(None).unwrap();
        file.set("x/a/api_key", Secret::new("canary-of-a"));
        file.save().unwrap();
        // Clear text is read with a key too, and stays until it is written.
        let mut file = open(Some("a passphrase")).unwrap();
        assert!(!file.is_encrypted() && file.get("x/a/api_key").is_some());
        file.set("x/b/api_key", Secret::new("canary-of-b"));
        file.save().unwrap();
        assert!(file.is_encrypted());
        let bytes = fs::read(dir.path().join(FILE)).unwrap();
        assert!(!bytes.windows(6).any(|part| part == b"canary"));

        let again = open(Some("a passphrase")).unwrap();
        assert!(again.is_encrypted());
        assert_eq!(again.get("x/a/api_key").unwrap().expose(), "canary-of-a");
        for (key, said) in [(None, "no key is configured"), (Some("another"), "cannot be opened with")] {
            let error = open(key).unwrap_err();
            assert!(error.to_string().contains(said) && error.remedy().contains("nothing was changed"), "{error}");
        }
        // Who opened it before it was encrypted does not write over it in clear text.
        let mut unaware = SecretsFile { key: None, ..again };
        unaware.set("x/c/api_key", Secret::new("canary-of-c"));
        assert!(matches!(unaware.save(), Err(SecretsError::NoKey { .. })));
        assert_eq!(fs::read(dir.path().join(FILE)).unwrap(), bytes);
    }
}
