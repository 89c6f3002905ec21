//! Newtypes for identifiers, and how ids are derived: by hashing what caused them, never from a
//! component digest, a counter shared between agents, or the wall clock. Ids that follow from nothing are drawn.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::Timestamp;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps a text that is already known to be an id of this kind.
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(Arc::from(text.as_ref()))
            }
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &self.0)
            }
        }
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }
        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(Arc::from(text))
            }
        }
    };
}

id!(
    /// A running character. Also the owner of a generator's mailbox: `generator:<pack>`.
    AgentId
);
id!(
    /// Something that happened.
    EventId
);
id!(
    /// One event handled by one plugin.
    InvocationId
);
id!(
    /// What is installed.
    PackId
);
id!(
    /// A recorded intention on its way out.
    EffectId
);
id!(
    /// A post, as its provider names it.
    PostId
);
id!(
    /// An account on X or on the local timeline, without `@`.
    AccountId
);

/// Longest agent id in bytes.
pub const AGENT_ID_MAX: usize = 64;

/// Why a text is no agent id.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not an agent id: use 1 to 64 letters, digits, `-`, `_` or `.`, beginning with a letter or digit")]
pub struct BadAgentId(pub String);

impl EventId {
    /// One that there was never before: of an event that follows from nothing. It begins with the time, in milliseconds, so that
    /// what comes together lies together in an index.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn drawn(source: &str) -> Result<Self, getrandom::Error> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt)?;
        let mut id = String::from("evt_");
        let now = u128::try_from(Timestamp::from_system().as_millis()).unwrap_or_default();
        base_32(&mut id, now, 9);
        id.push_str(&derive("", &[source, &u128::from_le_bytes(salt).to_string()])[1..]);
        Ok(Self::from(id))
    }
}

impl AgentId {
    /// Checks a text from outside: no separators, so that it can never leave a folder.
    pub fn parse(text: &str) -> Result<Self, BadAgentId> {
        let first = text.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
        let rest = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if first && rest && text.len() <= AGENT_ID_MAX { Ok(Self::new(text)) } else { Err(BadAgentId(text.into())) }
    }

    /// The mailbox owner of an event generator.
    pub fn generator(pack: &PackId) -> Self {
        Self::new(format!("generator:{pack}"))
    }

    /// Whether this is a generator's mailbox and not a character.
    pub fn is_generator(&self) -> bool {
        self.0.starts_with("generator:")
    }
}

/// A short stable id: the first 80 bits of SHA-256 over the parts, in base 32 (16 characters), after a prefix.
///
/// Parts are length-prefixed, so `["ab","c"]` and `["a","bc"]` differ.
pub fn derive(prefix: &str, parts: &[&str]) -> String {
    let digest = hash(parts);
    let mut out = String::with_capacity(prefix.len() + 17);
    out.push_str(prefix);
    out.push('_');
    let mut bits: u128 = 0;
    for byte in &digest[..10] {
        bits = (bits << 8) | u128::from(*byte);
    }
    base_32(&mut out, bits, 16);
    out
}

/// The last digits of a number, in an alphabet whose order is that of the numbers.
fn base_32(out: &mut String, number: u128, digits: u32) {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    for digit in (0..digits).rev() {
        out.push(ALPHABET[((number >> (digit * 5)) & 31) as usize] as char);
    }
}

/// A 64-bit seed over the parts.
pub fn derive_u64(parts: &[&str]) -> u64 {
    let digest = hash(parts);
    let mut first = [0_u8; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_le_bytes(first)
}

fn hash(parts: &[&str]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().into()
}

/// A content digest: `sha256:<hex>`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
    /// Of 32 bytes that are a SHA-256 already.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
    /// Lower-case hex without the prefix.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
    /// Reads `sha256:<hex>`.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix("sha256:")?;
        if hex.len() != 64 || !hex.is_ascii() {
            return None;
        }
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}
impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("expected sha256:<64 hex digits>"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agent_ids_cannot_leave_their_folder() {
        for good in ["a", "news-bot", "coby_2", "a.b"] {
            assert!(AgentId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "../x", "a/b", "a\\b", ".hidden", "a b", "generator:x", "ä", &"a".repeat(65)] {
            assert!(AgentId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn derived_ids_depend_on_every_part_and_its_borders() {
        assert_eq!(derive("evt", &["a", "b"]), derive("evt", &["a", "b"]));
        assert_ne!(derive("evt", &["ab", "c"]), derive("evt", &["a", "bc"]));
        assert_eq!(derive("evt", &["a"]).len(), "evt_".len() + 16);
        let drawn: Vec<EventId> = (0..100).map(|_| EventId::drawn("a").unwrap()).collect();
        assert!(drawn.windows(2).all(|pair| pair[0].as_str()[..13] <= pair[1].as_str()[..13] && pair[0] != pair[1]));
        assert_eq!(drawn[0].as_str().len(), "evt_".len() + 9 + 16);
    }

    #[test]
    fn digests_read_what_they_print() {
        let digest = Digest::of(b"x");
        assert_eq!(Digest::parse(&digest.to_string()), Some(digest));
        assert_eq!(Digest::parse("sha256:zz"), None);
    }
}
