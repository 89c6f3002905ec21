//! What only the program can do: it has the configuration, the packs and the desks. Values are those of `docs/schemas`.

mod agents;
mod command;
mod config;
mod grants;
mod journal;
mod packs;
mod trading;

pub use agents::{AgentOperations, AgentWord, NewAgent, Said, Wish};
pub use command::{Command, PartCount, Text};
pub use config::ConfigOperations;
pub use grants::{GrantChanges, GrantOperations, GrantedAmount};
pub use journal::JournalOperations;
pub use packs::{CompareTerms, InstallTerms, PackOperations, RemoveTerms};
pub use trading::{PastPlace, Trade, TradingOperations, WalletWord};

use axum::{
    http::{HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::Value;

use crate::{extract::Json, fault::Fault};

/// All of them.
pub trait Operations:
    AgentOperations + PackOperations + GrantOperations + JournalOperations + TradingOperations + ConfigOperations
{
}

impl<T> Operations for T where
    T: AgentOperations + PackOperations + GrantOperations + JournalOperations + TradingOperations + ConfigOperations
{
}

/// What an operation answers.
pub type Answer = Result<Told, Fault>;

/// A value of `docs/schemas`, and what is worth knowing beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The answer.
    pub value: Value,
    /// A sentence each: what the command line prints beside its output.
    pub notes: Vec<String>,
}

impl Told {
    /// Without notes.
    pub fn new(value: Value) -> Self {
        Self { value, notes: Vec::new() }
    }

    /// As an answer of this status. Notes go along as headers `Puppet-Note`.
    pub fn with(self, status: StatusCode) -> Response {
        let mut response = (status, Json(self.value)).into_response();
        for note in self.notes {
            let visible: String =
                note.chars().map(|c| if c.is_ascii() && !c.is_ascii_control() { c } else { '?' }).collect();
            if let Ok(note) = HeaderValue::from_str(&puppet_types::scrub::text(&visible)) {
                response.headers_mut().append("puppet-note", note);
            }
        }
        response
    }
}

impl IntoResponse for Told {
    fn into_response(self) -> Response {
        self.with(StatusCode::OK)
    }
}
