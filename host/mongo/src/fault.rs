//! What goes wrong between the host and a server: which of it passes if one tries again, and which means something else.

use mongodb::error::{Error, ErrorKind, WriteFailure};
use puppet_store::StoreError;

/// An index that is unique already has this key.
pub(crate) const DUPLICATE_KEY: i32 = 11_000;

/// Codes of servers that are not the primary, go down or come up, or did not reach a majority in time.
const PASSING: [i32; 15] = [6, 7, 64, 89, 91, 112, 189, 262, 9001, 10_107, 11_600, 11_602, 13_435, 13_436, 11_601];

/// Why a command came to nothing.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It may have been carried out or not; the same again is the cure.
    Passing(String),
    /// The key is taken.
    Duplicate,
    /// Again would be the same.
    Lasting(String),
}

impl Fault {
    /// For a caller who has no more patience.
    pub(crate) fn into_store(self) -> StoreError {
        StoreError::Failed(match self {
            Self::Passing(reason) => format!("MongoDB cannot be reached, or has no primary: {reason}"),
            Self::Duplicate => "a key is taken".to_owned(),
            Self::Lasting(reason) => reason,
        })
    }

    /// What the server says of a single write, by its code.
    pub(crate) fn of_code(code: i32, message: &str) -> Self {
        match code {
            DUPLICATE_KEY => Self::Duplicate,
            code if PASSING.contains(&code) => Self::Passing(message.to_owned()),
            _ => Self::Lasting(format!("{message} (code {code})")),
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match &*error.kind {
            ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. } | ErrorKind::ServerSelection { .. } => {
                Self::Passing(text)
            }
            ErrorKind::Command(failed) => Self::of_code(failed.code, &failed.message),
            ErrorKind::Write(WriteFailure::WriteError(failed)) => Self::of_code(failed.code, &failed.message),
            ErrorKind::Write(WriteFailure::WriteConcernError(failed)) => Self::of_code(failed.code, &failed.message),
            ErrorKind::InsertMany(failed) => {
                let errors = failed.write_errors.as_deref().unwrap_or_default();
                match (errors.first(), &failed.write_concern_error) {
                    (Some(first), _) => Self::of_code(first.code, &first.message),
                    (None, Some(concern)) => Self::of_code(concern.code, &concern.message),
                    (None, None) => Self::Lasting(text),
                }
            }
            _ if error.contains_label(mongodb::error::RETRYABLE_WRITE_ERROR) => Self::Passing(text),
            _ => Self::Lasting(text),
        }
    }
}

/// What a test is told before each durable step: whether the host dies there.
#[cfg(test)]
#[derive(Clone)]
pub(crate) struct Hook(pub(crate) std::sync::Arc<dyn Fn(Step) -> bool + Send + Sync>);

#[cfg(test)]
impl std::fmt::Debug for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hook")
    }
}

/// A step of the way of a commit, after which a host may die.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// Read answers are to be written.
    Answers,
    /// Commit documents are to be inserted.
    Commits,
    /// Rows of a collection are to be written.
    Rows(&'static str),
    /// Rows of a collection are to be deleted.
    Gone(&'static str),
    /// It is to be noted that all of it is applied.
    Applied,
    /// What is applied is to be cleared away.
    Cleared,
}
