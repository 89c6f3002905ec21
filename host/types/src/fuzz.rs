//! Calls made of bytes, for `tests/fuzz` and the replay of its corpus: how a capability reads arguments out of them, and
//! what came of a call. No host and no guest uses this.

use crate::{BreachError, wit};

/// Numbers at which something may change.
const EDGES: [u64; 5] = [1_000, u32::MAX as u64, 1 << 53, i64::MAX as u64, u64::MAX];

/// Bytes that are read as arguments, until none are left: then everything is zero, empty, or no.
#[derive(Debug)]
pub struct Data<'a>(&'a [u8]);

impl<'a> Data<'a> {
    /// Of these.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn bytes(&mut self, most: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(most.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// One of them.
    pub fn byte(&mut self) -> u8 {
        self.bytes(1).first().copied().unwrap_or(0)
    }

    /// One of so many cases.
    pub fn case(&mut self, of: u8) -> u8 {
        self.byte() % of.max(1)
    }

    /// A small number, one at an edge, or any.
    pub fn number(&mut self) -> u64 {
        match self.byte() {
            255 => self.bytes(8).iter().fold(0, |number, byte| number << 8 | u64::from(*byte)),
            byte @ 250.. => EDGES[usize::from(byte) - 250],
            byte => u64::from(byte),
        }
    }

    /// The same, cut to half its width.
    pub fn short(&mut self) -> u32 {
        (self.number() & u64::from(u32::MAX)) as u32
    }

    /// Any, also none that is a number.
    pub fn float(&mut self) -> f64 {
        match self.case(4) {
            0 => 0.5,
            1 => -0.5,
            _ => f64::from_bits(self.number()),
        }
    }

    /// Up to 249 bytes, or a few of them again and again.
    pub fn text(&mut self) -> String {
        String::from_utf8_lossy(&self.blob()).into_owned()
    }

    /// The same, of bytes.
    pub fn blob(&mut self) -> Vec<u8> {
        match self.byte() {
            byte @ 250.. => {
                let unit = self.bytes(usize::from(byte) - 249);
                unit.repeat(usize::from(self.byte()) << 7)
            }
            length => self.bytes(usize::from(length)).to_vec(),
        }
    }

    /// Nothing, or something.
    pub fn maybe<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.case(2) == 1).then(|| read(self))
    }

    /// A list of up to 32.
    pub fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.case(33)).map(|_| read(self)).collect()
    }
}

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Called {
    /// An answer.
    Answered,
    /// A decision was recorded.
    Decided,
    /// An error value.
    Refused,
    /// The invocation ended.
    Stopped,
}

impl Called {
    /// Of a call that records a decision.
    pub fn decision<T>(result: wasmtime::Result<Result<T, wit::Error>>) -> Self {
        Self::of(result, Self::Decided)
    }

    /// Of a call that reads.
    pub fn read<T>(result: wasmtime::Result<Result<T, wit::Error>>) -> Self {
        Self::of(result, Self::Answered)
    }

    /// Of a call that cannot be refused.
    pub fn told<T>(result: wasmtime::Result<T>) -> Self {
        Self::of(result.map(Ok), Self::Answered)
    }

    fn of<T>(result: wasmtime::Result<Result<T, wit::Error>>, well: Self) -> Self {
        match result {
            Ok(Ok(_)) => well,
            Ok(Err(error)) => {
                assert!(!error.code.is_empty() && !error.message.is_empty(), "a refusal says why");
                Self::Refused
            }
            Err(error) => {
                assert!(error.downcast_ref::<BreachError>().is_some(), "only a breach ends a call: {error}");
                Self::Stopped
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_as_arguments_and_then_as_nothing() {
        let mut data = Data::new(b"\x02hi\xfbab\x01\x07\xfe\xff\x00\x00\x00\x00\x00\x00\x01\x00\x03\x01\x09");
        assert_eq!((data.text(), data.text()), ("hi".to_owned(), "ab".repeat(128)));
        assert_eq!((data.number(), data.number(), data.number()), (7, u64::MAX, 256));
        assert_eq!((data.case(2), data.maybe(Data::byte)), (1, Some(9)));
        assert!(data.is_empty() && data.text().is_empty() && data.list(Data::byte).is_empty() && data.number() == 0);
    }
}
