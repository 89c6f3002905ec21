//! What is wrong with a file of a deployment: which, where in it, and what to do. Never a value of the file.

use std::fmt;

use puppet_packs::import::ImportError;
use serde::Serialize;

/// One thing that is wrong. Nothing is moved while there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// kebab-case.
    pub code: &'static str,
    /// Within the deployment.
    pub file: String,
    /// From 1, where it is a text that cannot be read.
    pub line: Option<usize>,
    /// Path of the field: `[3].timestamp`.
    pub field: Option<String>,
    /// What is wrong, and what was expected.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

impl Problem {
    /// Of a whole file.
    pub fn new(code: &'static str, file: &str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        let (message, remedy) = (message.into(), remedy.into());
        Self { code, file: file.to_owned(), line: None, field: None, message, remedy }
    }

    /// Of a field of it.
    pub fn at(self, field: &str) -> Self {
        Self { field: (!field.is_empty()).then(|| field.to_owned()), ..self }
    }

    /// On a line of it.
    pub fn on_line(self, line: usize) -> Self {
        Self { line: Some(line), ..self }
    }

    pub(crate) fn of_agent(file: &str, error: &ImportError) -> Self {
        Self {
            line: error.line(),
            field: error.field().map(str::to_owned),
            ..Self::new("bad-agent-file", file, error.message(), error.remedy())
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(field) = &self.field {
            write!(f, ": {field}")?;
        }
        write!(f, ": {}", self.message)
    }
}
