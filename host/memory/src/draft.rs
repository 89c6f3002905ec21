//! What a plugin wants remembered, checked and brought into the form that is stored.

use puppet_types::{AccountId, AgentId, CallError, Code, Memory, MemoryKind, Timestamp, Trust};

use crate::{score::rounded, text::memory_id};

/// Longest text of a memory in bytes.
pub const CONTENT_BYTES: usize = 2_000;
/// Most associations of a memory.
pub const ASSOCIATIONS: usize = 16;
/// Most metadata pairs of a memory.
pub const METADATA_PAIRS: usize = 16;
/// Longest pair, key and value together, in bytes.
pub const METADATA_BYTES: usize = 256;
/// Longest id or author in bytes.
const NAME_BYTES: usize = 128;

/// A memory on its way in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Draft {
    pub kind: MemoryKind,
    pub content: String,
    pub importance: f64,
    pub valence: f64,
    pub associations: Vec<String>,
    pub metadata: Vec<(String, String)>,
    pub author: Option<String>,
    pub trust: Trust,
}

impl Draft {
    /// Checks everything; numbers out of range are brought into it, the rest is refused.
    /// `agent` and `account` are the names under which the agent itself speaks.
    pub fn into_memory(self, agent: &AgentId, account: &AccountId, at: Timestamp) -> Result<Memory, CallError> {
        self.check()?;
        let author = self.author.map(|author| author.trim().to_owned()).filter(|author| !author.is_empty());
        let trust = trust([agent.as_str(), account.as_str()], author.as_deref(), self.trust);
        Ok(Memory {
            id: memory_id(agent, self.kind, &self.content),
            kind: self.kind,
            content: self.content.trim().to_owned(),
            at,
            importance: unit(self.importance),
            valence: rounded(self.valence.clamp(-1.0, 1.0)),
            associations: self.associations,
            metadata: self.metadata,
            author,
            trust,
            pinned: false,
            led_by: None,
        })
    }

    fn check(&self) -> Result<(), CallError> {
        if matches!(self.kind, MemoryKind::Post | MemoryKind::Tweet) {
            return Err(invalid("the lists of posts and tweets are kept by the host"));
        }
        if self.content.len() > CONTENT_BYTES {
            let message = format!("{} bytes to remember: at most {CONTENT_BYTES}", self.content.len());
            return Err(CallError::new(Code::TooLong, message));
        }
        if self.content.trim().is_empty() {
            return Err(invalid("there is nothing to remember: the content is blank"));
        }
        for (field, number) in [("importance", self.importance), ("valence", self.valence)] {
            if !number.is_finite() {
                return Err(invalid(format!("{field} is not a number")));
            }
        }
        if self.associations.len() > ASSOCIATIONS {
            return Err(invalid(format!("{} associations: at most {ASSOCIATIONS}", self.associations.len())));
        }
        self.associations.iter().try_for_each(|id| check_id(id))?;
        if self.metadata.len() > METADATA_PAIRS {
            return Err(invalid(format!("{} pairs of metadata: at most {METADATA_PAIRS}", self.metadata.len())));
        }
        for (key, value) in &self.metadata {
            if key.len() + value.len() > METADATA_BYTES {
                return Err(invalid(format!("metadata of more than {METADATA_BYTES} bytes")));
            }
        }
        if self.author.as_ref().is_some_and(|author| author.len() > NAME_BYTES) {
            return Err(invalid(format!("an author of more than {NAME_BYTES} bytes")));
        }
        Ok(())
    }
}

/// An id that a memory may have.
pub(crate) fn check_id(id: &str) -> Result<(), CallError> {
    if id.trim().is_empty() || id.len() > NAME_BYTES {
        return Err(invalid(format!("a memory id has 1 to {NAME_BYTES} bytes")));
    }
    Ok(())
}

/// An id that a plugin may change: not one of the host's own lists.
pub(crate) fn check_changeable(id: &str) -> Result<(), CallError> {
    check_id(id)?;
    if id.starts_with("post:") || id.starts_with("tweet:") {
        return Err(invalid("the lists of posts and tweets are kept by the host"));
    }
    Ok(())
}

/// Words of somebody else are a stranger's, whatever is claimed; nobody but the host speaks as the host.
fn trust(own: [&str; 2], author: Option<&str>, claimed: Trust) -> Trust {
    let name = author.map(|author| author.trim_start_matches('@'));
    let foreign = name.is_some_and(|name| !own.iter().any(|own| name.eq_ignore_ascii_case(own)));
    if foreign || claimed == Trust::Stranger { Trust::Stranger } else { Trust::Own }
}

/// Within 0..1; what is not a number is 0.
pub(crate) fn unit(number: f64) -> f64 {
    if number.is_nan() { 0.0 } else { rounded(number.clamp(0.0, 1.0)) }
}

fn invalid(message: impl Into<String>) -> CallError {
    CallError::new(Code::InvalidInput, message)
}
