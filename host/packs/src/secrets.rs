//! `secrets.toml` of a data folder: credentials by name, readable by its owner alone. Written whole or not at all.
//! No error, no `Debug` and no `Display` of this file shows a value.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use puppet_types::Secret;

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
    changes: BTreeMap<String, Secret>,
    warning: Option<Warning>,
}

impl SecretsFile {
    /// Reads the file of a data folder; none there is an empty one.
    pub fn open(data: &Path) -> Result<Self, SecretsError> {
        let path = data.join(FILE);
        let values = read(&path)?;
        let warning = readable_by_others(&path).then(|| Warning {
            message: format!("{} can be read by others", path.display()),
            remedy: format!("chmod 600 {}", path.display()),
        });
        Ok(Self { path, values, changes: BTreeMap::new(), warning })
    }

    /// Others can read the file. The next [`SecretsFile::save`] mends that.
    pub fn warning(&self) -> Option<&Warning> {
        self.warning.as_ref()
    }
    /// By name: `x/<agent>/api_key`.
    pub fn get(&self, name: &str) -> Option<Secret> {
        self.changes.get(name).or_else(|| self.values.get(name)).cloned()
    }
    /// Names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let all: std::collections::BTreeSet<&str> =
            self.values.keys().chain(self.changes.keys()).map(String::as_str).collect();
        all.into_iter()
    }
    /// To be written by the next [`SecretsFile::save`].
    pub fn set(&mut self, name: &str, secret: Secret) {
        self.changes.insert(name.to_owned(), secret);
    }

    /// Writes the changes over what the file holds by now: a new file takes its place in one step.
    pub fn save(&mut self) -> Result<(), SecretsError> {
        let mut values = read(&self.path)?;
        values.extend(self.changes.clone());
        let table: toml::Table = values
            .iter()
            .map(|(name, secret)| (name.clone(), toml::Value::String(secret.expose().to_owned())))
            .collect();
        self.replace(&format!("{HEADER}{table}"))
            .map_err(|source| SecretsError::Io { path: self.path.clone(), source })?;
        self.values = values;
        self.changes.clear();
        self.warning = None;
        Ok(())
    }

    fn replace(&self, text: &str) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let temporary = folder.join(format!(".{FILE}.{}.new", std::process::id()));
        // What a crash left behind under the same process id.
        let _ = fs::remove_file(&temporary);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&temporary)?;
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        if let Err(error) = written.and_then(|()| fs::rename(&temporary, &self.path)) {
            let _ = fs::remove_file(&temporary);
            return Err(error);
        }
        File::open(folder)?.sync_all()
    }
}

fn read(path: &Path) -> Result<BTreeMap<String, Secret>, SecretsError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(source) => return Err(SecretsError::Io { path: path.to_owned(), source }),
    };
    // The parser's own words would quote the line.
    let at = |at: usize| SecretsError::Syntax {
        path: path.to_owned(),
        line: 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count(),
    };
    let table: BTreeMap<String, toml::Spanned<toml::Value>> =
        toml::from_str(&text).map_err(|error| at(error.span().map_or(0, |span| span.start)))?;
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
        let mut file = SecretsFile::open(&data).unwrap();
        assert_eq!(file.get("x/a/api_key"), None);
        file.set("x/a/api_key", Secret::new("one \"quoted\"\n"));
        assert_eq!(file.get("x/a/api_key").unwrap().expose(), "one \"quoted\"\n");
        assert!(!data.exists(), "nothing is written before it is saved");
        file.save().unwrap();
        // Somebody else's change in between stays.
        let mut other = SecretsFile::open(&data).unwrap();
        other.set("x/b/api_key", Secret::new("two"));
        other.save().unwrap();
        file.set("x/c/api_key", Secret::new("three"));
        file.save().unwrap();
        let again = SecretsFile::open(&data).unwrap();
        assert_eq!(again.names().collect::<Vec<_>>(), ["x/a/api_key", "x/b/api_key", "x/c/api_key"]);
        assert_eq!(again.get("x/a/api_key").unwrap().expose(), "one \"quoted\"\n");
        assert_eq!(fs::read_dir(&data).unwrap().count(), 1, "nothing is left beside it");
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        fs::write(&path, "a = \"b\"\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let mut file = SecretsFile::open(dir.path()).unwrap();
        assert!(file.warning().unwrap().remedy.starts_with("chmod 600"));
        file.save().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(SecretsFile::open(dir.path()).unwrap().warning(), None);
    }

    #[test]
    fn nothing_shows_a_value() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = SecretsFile::open(dir.path()).unwrap();
        file.set("a", Secret::new("hunter2"));
        file.save().unwrap();
        let shown = format!("{file:?} {} {:?}", Secret::new("hunter2"), file.get("a"));
        assert!(!shown.contains("hunter2") && shown.contains(MASK));
        for (text, line) in [("a = \"x\"\nb = hunter2\n", 2), ("a = \"x\"\n\nhunter2 = 3\n", 3)] {
            fs::write(dir.path().join(FILE), text).unwrap();
            let error = SecretsFile::open(dir.path()).unwrap_err();
            let SecretsError::Syntax { line: found, .. } = &error else { panic!("{error}") };
            assert_eq!(*found, line);
            assert!(!error.to_string().contains("hunter2"));
        }
    }
}
