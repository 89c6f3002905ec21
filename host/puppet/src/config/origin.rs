//! Where a value comes from, and what is worth saying about a configuration that is in order.

use std::{fmt, path::PathBuf};

use serde::Serialize;

use crate::trouble::Place;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Origin {
    /// Nobody said anything.
    #[default]
    Default,
    /// A line of a file.
    File {
        /// The file, as it was named.
        file: PathBuf,
        /// From 1.
        line: usize,
    },
    /// A variable.
    Environment {
        /// Its name.
        name: String,
        /// The `.env` file it was read from; `None` for the real environment.
        dotenv: Option<PathBuf>,
    },
}

impl Origin {
    /// The place for an error about the value of a key.
    pub fn place(&self, key: &str) -> Place {
        match self {
            Self::Default => Place { field: Some(key.to_owned()), ..Place::default() },
            Self::File { file, line } => {
                Place { file: Some(file.display().to_string()), line: Some(*line), field: Some(key.to_owned()) }
            }
            Self::Environment { name, dotenv } => Place {
                file: dotenv.as_ref().map(|file| file.display().to_string()),
                line: None,
                field: Some(name.clone()),
            },
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { file, line } => write!(f, "{}:{line}", file.display()),
            Self::Environment { name, dotenv: None } => write!(f, "env {name}"),
            Self::Environment { name, dotenv: Some(file) } => write!(f, "env {name} ({})", file.display()),
        }
    }
}

/// How much a [`Warning`] matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Good to know.
    Note,
    /// Should be changed.
    Warning,
}

/// Something worth saying that does not stop anything.
#[derive(Debug, Clone, Serialize)]
pub struct Warning {
    /// How much it matters.
    pub level: Level,
    /// kebab-case code.
    pub code: &'static str,
    /// What it is.
    pub message: String,
    /// Where.
    pub place: Place,
    /// What to do; may be empty.
    pub remedy: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Note => "note",
            Level::Warning => "warning",
        };
        write!(f, "{level}[{}]: ", self.code)?;
        if let Some(file) = &self.place.file {
            f.write_str(file)?;
            if let Some(line) = self.place.line {
                write!(f, ":{line}")?;
            }
            f.write_str(": ")?;
        }
        if let Some(field) = &self.place.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.message)?;
        if !self.remedy.is_empty() {
            write!(f, "\n  help: {}", self.remedy)?;
        }
        Ok(())
    }
}
