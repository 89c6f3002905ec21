//! Ids of traces and spans, made of what they are about: after a restart the same event is in the same trace.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// A trace: everything that follows from one event of the outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceId([u8; 16]);

/// One span of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanId([u8; 8]);

fn made_of<const N: usize>(parts: &[&str]) -> [u8; N] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut bytes = [0; N];
    bytes.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
    bytes
}

impl TraceId {
    /// Of the event that everything began with.
    pub fn of(root: &str) -> Self {
        Self(made_of(&["trace", root]))
    }
}

impl SpanId {
    /// Of a try at something: an event, an invocation, an effect.
    pub fn of(what: &str, id: &str, attempt: u64) -> Self {
        Self(made_of(&[what, id, &attempt.to_string()]))
    }

    /// Of a part of an invocation.
    pub fn within(what: &str, invocation: &str, attempt: u64, n: u64) -> Self {
        Self(made_of(&[what, invocation, &attempt.to_string(), &n.to_string()]))
    }
}

fn hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}
