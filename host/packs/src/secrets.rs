//! `secrets.toml` in a data folder: credentials by name, for its owner alone. They are never printed.

use std::{
    collections::BTreeMap,
    fmt, io,
    io::Write as _,
    path::{Path, PathBuf},
};

/// A credential.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps one.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }
    /// The value, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Why the file cannot be used. Never holds a value.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// Reading or writing.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// No table of texts.
    #[error("{0}: expected lines like \"llm/openai\" = \"…\"")]
    Malformed(PathBuf),
    /// Others can read it.
    #[error("{0}: others can read it: chmod 600")]
    Open(PathBuf),
}

/// The credentials of a data folder.
#[derive(Debug)]
pub struct SecretsFile {
    path: PathBuf,
    values: BTreeMap<String, Secret>,
}

impl SecretsFile {
    /// Reads it; a missing one is empty.
    pub fn open(data: &Path) -> Result<Self, SecretsError> {
        let path = data.join("secrets.toml");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self { path, values: BTreeMap::new() }),
            Err(error) => return Err(SecretsError::Io { path, error }),
        };
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).map(|meta| meta.permissions().mode());
            if mode.is_ok_and(|mode| mode & 0o077 != 0) {
                return Err(SecretsError::Open(path));
            }
        }
        // The parser's words are not passed on: they quote the line.
        let values: BTreeMap<String, String> = toml::from_str(&text).map_err(|_| SecretsError::Malformed(path.clone()))?;
        Ok(Self { path, values: values.into_iter().map(|(name, value)| (name, Secret(value))).collect() })
    }

    /// By name.
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.values.get(name)
    }
    /// Adds or replaces one; kept by [`SecretsFile::save`].
    pub fn set(&mut self, name: &str, value: Secret) {
        self.values.insert(name.to_owned(), value);
    }
    /// Writes the file, whole or not at all, for its owner alone.
    pub fn save(&self) -> Result<(), SecretsError> {
        let values: BTreeMap<&str, &str> = self.values.iter().map(|(name, secret)| (name.as_str(), secret.expose())).collect();
        let text = toml::to_string(&values).map_err(|_| SecretsError::Malformed(self.path.clone()))?;
        let temporary = self.path.with_extension("toml.tmp");
        let write = || -> io::Result<()> {
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create(true).truncate(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&temporary)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&temporary, &self.path)
        };
        write().map_err(|error| SecretsError::Io { path: self.path.clone(), error })
    }
}
