//! What goes wrong, for people and for scripts: a code, a message, a place, a remedy, and the exit code of
//! docs/reference/exit-codes.md.

use std::{
    fmt,
    io::{self, Write as _},
    path::Path,
};

use puppet_types::scrub;
use serde::Serialize;

use crate::output::printable;

/// Exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The thing checked failed.
    Failed = 1,
    /// Usage or bad input.
    Input = 2,
    /// Refused, or waiting for the operator.
    Refused = 3,
    /// Locked or unreachable.
    Unreachable = 4,
    /// A fault of ours.
    Internal = 5,
}

/// What a bad input is about, for those who answer with a status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum About {
    /// What was said.
    #[default]
    Words,
    /// Something that is not here.
    Missing,
    /// Something that does not go with what is here.
    Standing,
}

/// Where it is.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Place {
    /// File.
    pub file: Option<String>,
    /// Line, from 1.
    pub line: Option<usize>,
    /// Field.
    pub field: Option<String>,
}

/// An error that ends a command.
#[derive(Debug, Clone)]
pub struct Trouble {
    /// Exit code.
    pub exit: Exit,
    /// What it is about, where it is bad input.
    pub about: About,
    /// kebab-case code.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub place: Place,
    /// What to do.
    pub remedy: String,
}

/// What a command answers.
pub type Result<T> = std::result::Result<T, Trouble>;

impl Trouble {
    /// Bad input.
    pub fn input(code: &'static str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Exit::Input, code, message, remedy)
    }
    /// Refused, or waiting for the operator.
    pub fn refused(code: &'static str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Exit::Refused, code, message, remedy)
    }
    /// Locked or unreachable.
    pub fn unreachable(code: &'static str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Exit::Unreachable, code, message, remedy)
    }
    /// A command line that was not understood, in the parser's words: what is wrong, then tips and the usage.
    pub fn usage(error: &clap::Error) -> Self {
        use clap::error::{ContextKind, ContextValue};
        let text = error.render().to_string();
        let one_line = |part: &str| part.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut parts = text.split("\n\n").map(one_line).filter(|part| !part.is_empty());
        let message = parts.next().unwrap_or_default();
        let remedy: Vec<String> = parts.collect();
        let mut trouble = Self::input("usage", message.trim_start_matches("error: "), remedy.join("; "));
        if let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) {
            trouble.place.field = Some(argument.clone());
        }
        trouble
    }
    /// A fault of ours.
    pub fn internal(message: impl fmt::Display) -> Self {
        Self::new(Exit::Internal, "internal", message.to_string(), "this is a fault of puppet: please report it")
    }
    fn new(exit: Exit, code: &'static str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        let (message, remedy) = (message.into(), remedy.into());
        Self { exit, about: About::Words, code, message, place: Place::default(), remedy }
    }
    /// What was named is not here.
    pub fn missing(mut self) -> Self {
        self.about = About::Missing;
        self
    }
    /// What was asked for does not go with what is here.
    pub fn standing(mut self) -> Self {
        self.about = About::Standing;
        self
    }
    /// What is wrong, where, and what to do, on one line.
    pub fn in_a_line(&self) -> String {
        let Self { message, place, remedy, .. } = self;
        let file = place.file.as_deref().map(|file| Path::new(file).file_name().unwrap_or_default().to_string_lossy());
        let line = place.line.map(|line| line.to_string());
        let parts = [file.map(Into::into), line, place.field.clone(), Some(message.clone()), Some(remedy.clone())];
        parts.into_iter().flatten().filter(|part: &String| !part.is_empty()).collect::<Vec<_>>().join(": ")
    }
    /// In a file.
    pub fn in_file(mut self, file: &Path) -> Self {
        self.place.file = Some(file.display().to_string());
        self
    }
    /// On a line.
    pub fn on_line(mut self, line: usize) -> Self {
        self.place.line = Some(line);
        self
    }
    /// Of a field.
    pub fn of_field(mut self, field: impl Into<String>) -> Self {
        self.place.field = Some(field.into());
        self
    }

    /// Prints it to stderr, as JSON or for people.
    pub fn report(&self, json: bool) {
        // Nobody to tell is no reason to panic.
        let _ = if json {
            let error = serde_json::json!({ "error": {
                "code": self.code, "message": self.message, "where": self.place, "remedy": self.remedy,
            }});
            writeln!(io::stderr(), "{}", scrub::json(&error.to_string()))
        } else {
            writeln!(io::stderr(), "{}", printable(&scrub::text(&self.to_string())))
        };
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: ", self.code)?;
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

impl From<puppet_engine::VerdictError> for Trouble {
    fn from(error: puppet_engine::VerdictError) -> Self {
        use puppet_engine::VerdictError as E;
        let message = error.to_string();
        match error {
            E::Unknown(_) => {
                Self::input("unknown-effect", message, "`puppet approvals list` shows what waits").missing()
            }
            E::NotWaiting(..) => Self::refused("not-waiting", message, "`puppet approvals list` shows what waits"),
            E::Differs(..) => Self::refused("digest-differs", message, "look at it again: `puppet approvals list`"),
            E::Later(_, first) => Self::refused("not-yet", message, format!("speak about `{first}` first")),
            E::Store(error) => error.into(),
        }
    }
}

impl From<puppet_store::CopyError> for Trouble {
    fn from(error: puppet_store::CopyError) -> Self {
        use puppet_store::CopyError as E;
        let message = error.to_string();
        match error {
            E::NotEmpty { .. } => Self::refused("not-empty", message, "name an empty one: nothing is overwritten"),
            E::Half(_) => {
                Self::refused("half-a-copy", message, "finish it: `puppet store copy` with the same --from and --to")
            }
            E::Other(_) => Self::refused("half-a-copy", message, "finish that one, or name an empty target"),
            E::Differs { .. } => {
                Self::refused("copy-differs", message, "stop whatever works on it, and copy into an empty target")
            }
            E::Store(error) => error.into(),
        }
    }
}

impl From<puppet_store::StoreError> for Trouble {
    fn from(error: puppet_store::StoreError) -> Self {
        use puppet_store::{DiskFault, StoreError as E};
        let message = error.to_string();
        match &error {
            E::Open { path, reason } => Self::unreachable(
                "data-folder",
                format!("the data folder cannot be opened: {reason}"),
                "check that the folder exists and that you may write to it, or name another with --data",
            )
            .in_file(path),
            E::TooNew { path, found, known, needed } => Self::unreachable(
                "data-too-new",
                format!("was written by a later version (schema {found}, this one knows up to {known})"),
                format!("use puppet {needed} or later, or name another folder with --data"),
            )
            .in_file(path),
            E::Locked { path, pid } => Self::unreachable(
                "data-locked",
                format!("is in use by another host (pid {pid})"),
                "stop the other host, or name another folder with --data",
            )
            .in_file(path),
            E::Connect { .. } => {
                let remedy = "see that the server runs, and that the credential of store.mongodb is its address";
                Self::unreachable("no-database", message, remedy)
            }
            E::InUse { .. } => {
                let remedy = "stop that host, or send it away with `puppet run --take-over`";
                Self::unreachable("data-locked", message, remedy)
            }
            E::TakenOver { .. } => Self::unreachable("taken-over", message, "run one host on a database at a time"),
            E::Disk { fault, .. } => {
                let remedy = match fault {
                    DiskFault::Corrupt => fault.remedy().to_owned(),
                    _ => format!("{}, then say it again: this was not done", fault.remedy()),
                };
                match fault {
                    DiskFault::Full => Self::unreachable("store-full", message, remedy),
                    DiskFault::ReadOnly => Self::unreachable("store-read-only", message, remedy),
                    DiskFault::Corrupt => Self::unreachable("store-corrupt", message, remedy),
                    DiskFault::Failing => Self::unreachable("store-failing", message, remedy),
                }
            }
            E::Corrupt { .. } => Self::unreachable("data-corrupt", message, "restore the folder from a backup"),
            _ => Self::new(Exit::Internal, "store", message, "check the disk that holds the data folder"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_names_the_thing_and_the_next_the_remedy() {
        let trouble = Trouble::input("unknown-key", "`polices` is not a key", "did you mean `policies`?")
            .in_file(Path::new("puppet.toml"))
            .on_line(3)
            .of_field("llm");
        assert_eq!(
            trouble.to_string(),
            "error[unknown-key]: puppet.toml:3: llm: `polices` is not a key\n  help: did you mean `policies`?"
        );
    }
}
