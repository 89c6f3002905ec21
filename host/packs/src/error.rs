//! What is wrong with a pack, where, and what to do about it.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// The kind of fault, as a code of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// A file cannot be read.
    Unreadable,
    /// The text is not TOML or not JSON.
    Syntax,
    /// A key that nobody knows.
    UnknownKey,
    /// A field that must be there is not.
    Missing,
    /// A value of another type.
    WrongType,
    /// A value that is not allowed.
    BadValue,
    /// More or larger than is allowed.
    TooLarge,
    /// A path that leads out of the pack.
    OutsidePack,
    /// It was built for another version of the plugin contract.
    OtherContract,
    /// A file is no archive of a pack.
    NotAnArchive,
    /// An archive ends too soon.
    Truncated,
    /// Something stands after the end of an archive.
    AfterEnd,
    /// A path that no file of a pack may have.
    BadPath,
    /// Two files that cannot both be there.
    Duplicate,
    /// A link, a device, or anything else that is no plain file.
    NotAFile,
    /// Code for a processor.
    NativeCode,
    /// A file that should be there is not.
    FileMissing,
    /// A file that nobody expects.
    FileUnlisted,
    /// A file is not the one that was meant.
    WrongDigest,
    /// The signature does not hold.
    BadSignature,
}

impl ErrorKind {
    /// kebab-case.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Syntax => "syntax",
            Self::UnknownKey => "unknown-key",
            Self::Missing => "missing",
            Self::WrongType => "wrong-type",
            Self::BadValue => "bad-value",
            Self::TooLarge => "too-large",
            Self::OutsidePack => "outside-pack",
            Self::OtherContract => "other-contract",
            Self::NotAnArchive => "not-an-archive",
            Self::Truncated => "truncated",
            Self::AfterEnd => "after-end",
            Self::BadPath => "bad-path",
            Self::Duplicate => "duplicate",
            Self::NotAFile => "not-a-file",
            Self::NativeCode => "native-code",
            Self::FileMissing => "file-missing",
            Self::FileUnlisted => "file-unlisted",
            Self::WrongDigest => "wrong-digest",
            Self::BadSignature => "bad-signature",
        }
    }
}

/// A fault of a field, before it is known in which file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) kind: ErrorKind,
    pub(crate) field: String,
    pub(crate) message: String,
    pub(crate) remedy: String,
}

impl Problem {
    pub(crate) fn new(kind: ErrorKind, field: &str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { kind, field: field.to_owned(), message: message.into(), remedy: remedy.into() }
    }
    pub(crate) fn wrong_type(field: &str, expected: &str, found: &serde_json::Value) -> Self {
        Self::new(ErrorKind::WrongType, field, format!("expected {expected}, found {}", named(found)), "")
    }
    pub(crate) fn unknown_key(field: &str, key: &str, known: &[&str]) -> Self {
        Self::new(ErrorKind::UnknownKey, field, format!("`{key}` is not a key"), suggest(key, known))
    }
}

/// The type of a value, for people; never the value.
pub(crate) fn named(value: &serde_json::Value) -> &'static str {
    match value {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "true or false",
        serde_json::Value::Number(_) => "a number",
        serde_json::Value::String(_) => "a text",
        serde_json::Value::Array(_) => "a list",
        serde_json::Value::Object(_) => "a table",
    }
}

/// The nearest known word, or all of them.
pub(crate) fn suggest(word: &str, known: &[&str]) -> String {
    let nearest = known.iter().map(|known| (strsim::damerau_levenshtein(word, known), known)).min();
    match nearest {
        Some((distance, nearest)) if distance <= 1 + word.chars().count() / 4 => format!("did you mean `{nearest}`?"),
        Some(_) => format!("use one of {}", known.join(", ")),
        None => String::new(),
    }
}

/// What is wrong with a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackError {
    pub(crate) kind: ErrorKind,
    pub(crate) file: Option<PathBuf>,
    pub(crate) line: Option<usize>,
    pub(crate) field: Option<String>,
    pub(crate) message: String,
    pub(crate) remedy: String,
}

impl PackError {
    pub(crate) fn in_file(kind: ErrorKind, file: &Path, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        let (message, remedy) = (message.into(), remedy.into());
        Self { kind, file: Some(file.to_owned()), line: None, field: None, message, remedy }
    }
    /// What kind of fault.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
    /// kebab-case code.
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }
    /// Which file.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }
    /// Which line, from 1.
    pub fn line(&self) -> Option<usize> {
        self.line
    }
    /// Which field: `requests.llm.amounts.usd/day`.
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

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}", file.display())?;
            if let Some(line) = self.line {
                write!(f, ":{line}")?;
            }
            f.write_str(": ")?;
        }
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.message)?;
        if self.remedy.is_empty() { Ok(()) } else { write!(f, ": {}", self.remedy) }
    }
}

impl std::error::Error for PackError {}
