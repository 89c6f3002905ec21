//! SHA-256 of what passes by: of files that are too long to be held.

use std::io::{self, Read, Write};

use sha2::{Digest as _, Sha256};

use crate::Digest;

/// Hands on what is written to it, and knows its digest and length.
pub struct Digesting<W> {
    to: W,
    hash: Sha256,
    bytes: u64,
}

impl<W: Write> Digesting<W> {
    /// Nothing has passed yet.
    pub fn new(to: W) -> Self {
        Self { to, hash: Sha256::new(), bytes: 0 }
    }

    /// Where it was handed on to, its digest, and how many bytes it was.
    pub fn finish(self) -> (W, Digest, u64) {
        (self.to, Digest::from_bytes(self.hash.finalize().into()), self.bytes)
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl Digest {
    /// Of all that can be read, with its length.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn of_reader(mut from: impl Read) -> io::Result<(Self, u64)> {
        let mut passing = Digesting::new(io::sink());
        io::copy(&mut from, &mut passing)?;
        let (_, digest, bytes) = passing.finish();
        Ok((digest, bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_has_the_digest_of_the_whole() {
        let text = vec![7; 100_000];
        assert_eq!(Digest::of_reader(&text[..]).unwrap(), (Digest::of(&text), 100_000));
        let mut passing = Digesting::new(Vec::new());
        passing.write_all(b"one").unwrap();
        passing.write_all(b"two").unwrap();
        assert_eq!(passing.finish(), (b"onetwo".to_vec(), Digest::of(b"onetwo"), 6));
    }
}
