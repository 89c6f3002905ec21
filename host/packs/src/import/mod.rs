//! Agent files of the original engine (docs/reference/agent-file.md) become agents: every leaf of the file is carried,
//! or named with the reason why not; credentials go to the secrets and are shown nowhere. Character files of elizaOS
//! are told by their fields and become agents too (docs/howto/eliza.md).

mod eliza;
mod leaves;
mod names;
mod report;
mod walk;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    path::{Path, PathBuf},
};

use puppet_types::{AgentId, PackId};
use serde_json::Value;

pub use leaves::{Room, leaves};
pub use names::{is_secret, is_secret_address, snake};
pub use report::{Carried, Ignored, ImportReport};

use crate::{
    AgentSpec, ErrorKind, STANDARD_PERSONALITY, Secret,
    error::{Problem, named},
    schema,
};

/// The most bytes of an agent file.
const MAX_BYTES: usize = 4 << 20;

/// An agent and how it came about.
#[derive(Debug, Clone)]
pub struct Imported {
    /// It.
    pub spec: AgentSpec,
    /// What became of every leaf of the file.
    pub report: ImportReport,
    /// Credentials by name; printed as `***`.
    pub secrets: Vec<(String, Secret)>,
}

/// What is wrong with an agent file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportError {
    kind: ErrorKind,
    file: PathBuf,
    line: Option<usize>,
    field: Option<String>,
    message: String,
    remedy: String,
}

impl ImportError {
    fn new(file: &Path, problem: Problem) -> Self {
        let Problem { kind, field, message, remedy } = problem;
        let field = (!field.is_empty()).then_some(field);
        Self { kind, file: file.to_owned(), line: None, field, message, remedy }
    }
    /// kebab-case code.
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }
    /// Which file.
    pub fn file(&self) -> &Path {
        &self.file
    }
    /// Which line, where the text is not JSON.
    pub fn line(&self) -> Option<usize> {
        self.line
    }
    /// Which field: `behavior.post_frequency.peak_posting_hours[0]`.
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }
    /// What is wrong, and what was expected.
    pub fn message(&self) -> &str {
        &self.message
    }
    /// What to do; may be empty.
    pub fn remedy(&self) -> &str {
        &self.remedy
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(field) = &self.field {
            write!(f, ": {field}")?;
        }
        write!(f, ": {}", self.message)?;
        if self.remedy.is_empty() { Ok(()) } else { write!(f, ": {}", self.remedy) }
    }
}

impl std::error::Error for ImportError {}

/// Reads the text of an agent file, or of a character file of elizaOS. `file` is named in errors.
pub fn agent_file(file: &Path, text: &str) -> Result<Imported, ImportError> {
    let fault = |problem| ImportError::new(file, problem);
    if text.len() > MAX_BYTES {
        let message = format!("holds {} bytes: at most {MAX_BYTES}", text.len());
        return Err(fault(Problem::new(ErrorKind::TooLarge, "", message, "an agent file is a few kilobytes of JSON")));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let root: Value = serde_json::from_str(text).map_err(|error| {
        let message = format!("is not JSON: {error}");
        let mut fault = fault(Problem::new(ErrorKind::Syntax, "", message, "mend the text there"));
        fault.line = Some(error.line());
        fault
    })?;
    Room::default().take(&root).map_err(|message| {
        fault(Problem::new(ErrorKind::TooLarge, "", message, "an agent file is a few kilobytes of JSON"))
    })?;
    let Value::Object(root) = root else {
        let message = format!("expected an agent: a JSON object, found {}", named(&root));
        return Err(fault(Problem::new(ErrorKind::WrongType, "", message, "")));
    };
    if eliza::is_character(&root) {
        return eliza::read(&root).map_err(fault);
    }
    let id = match root.get("id") {
        None | Some(Value::Null) => {
            let message = "is missing: expected the agent's id, a text";
            return Err(fault(Problem::new(ErrorKind::Missing, "id", message, "write \"id\": \"my-agent\"")));
        }
        Some(id) => schema::text("id", id).map_err(fault)?,
    };
    let id = AgentId::parse(&id).map_err(|_| {
        let message = "expected 1 to 64 letters, digits, `-`, `_` or `.`, beginning with a letter or digit";
        fault(Problem::new(ErrorKind::BadValue, "id", message, "give the agent another id"))
    })?;
    if !root.keys().any(|key| names::is_of_an_agent(key)) {
        let message = "is no agent file: it has an id, and none of the fields of an agent";
        let remedy = "write at least `name`, `description`, `personality` or `style_guide`";
        return Err(fault(Problem::new(ErrorKind::Missing, "", message, remedy)));
    }
    let mut spec = AgentSpec::blank(id.as_str(), &PackId::new(STANDARD_PERSONALITY));
    let walked = walk::walk(&mut spec, &root).map_err(fault)?;
    Ok(Imported { spec, report: walked.report, secrets: walked.secrets })
}
