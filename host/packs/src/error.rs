//! What is wrong with a pack: the file, the line, the field, and what to do.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// Why a pack cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackError {
    file: PathBuf,
    line: Option<usize>,
    field: Option<String>,
    message: String,
    remedy: String,
}

impl PackError {
    /// In a file.
    pub(crate) fn new(file: &Path, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: None, field: None, message: message.into(), remedy: remedy.into() }
    }
    /// About a field.
    pub(crate) fn of(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }
    /// What the TOML reader says, with the nearest key where one is not known.
    pub(crate) fn toml(file: &Path, text: &str, error: &toml::de::Error) -> Self {
        let line = error.span().map(|span| text.as_bytes()[..span.start.min(text.len())].iter().filter(|b| **b == b'\n').count() + 1);
        let message = error.message().to_owned();
        let mut quoted = message.split('`').skip(1).step_by(2);
        let remedy = match (message.starts_with("unknown field"), quoted.next()) {
            (true, Some(given)) => {
                let near = quoted.min_by_key(|known| strsim::damerau_levenshtein(given, known));
                near.map_or_else(String::new, |near| format!("did you mean `{near}`?"))
            }
            _ => "see docs/reference/pack.md".to_owned(),
        };
        Self { file: file.to_owned(), line, field: None, message, remedy }
    }

    /// The file.
    pub fn file(&self) -> Option<&Path> {
        Some(&self.file)
    }
    /// The line, from 1.
    pub fn line(&self) -> Option<usize> {
        self.line
    }
    /// The field.
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }
    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }
    /// What to do.
    pub fn remedy(&self) -> &str {
        &self.remedy
    }
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(field) = &self.field {
            write!(f, ": {field}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for PackError {}
