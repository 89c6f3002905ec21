//! Where the bytes of a file are, and the watch over those of a text while they are read: their digest, and that it is
//! one at all.

use std::{
    fmt,
    fs::File,
    io::{self, Read, Write as _},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use puppet_types::{Digest, Digesting};

/// No bar takes a line of more bytes.
pub(crate) const LINE_BYTES: usize = 64 * 1024;

/// A file, or bytes that stand for one. It may be read more than once.
#[derive(Debug, Clone)]
pub struct Source {
    name: PathBuf,
    bytes: Option<Bytes>,
}

impl Source {
    /// A file on disk.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self { name: path.into(), bytes: None }
    }

    /// Bytes under the name of a file, which says what they are and of which market.
    pub fn bytes(name: impl Into<PathBuf>, bytes: impl Into<Bytes>) -> Self {
        Self { name: name.into(), bytes: Some(bytes.into()) }
    }

    /// The path, or the name of the bytes.
    pub fn name(&self) -> &Path {
        &self.name
    }

    pub(crate) fn held(&self) -> Option<&Bytes> {
        self.bytes.as_ref()
    }

    pub(crate) fn open(&self) -> io::Result<Box<dyn Read>> {
        Ok(match &self.bytes {
            Some(bytes) => Box::new(io::Cursor::new(bytes.clone())),
            None => Box::new(File::open(&self.name)?),
        })
    }
}

/// What makes some bytes no text of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoText {
    Nul,
    LongLine,
}

impl NoText {
    pub(crate) const fn what(self) -> &'static str {
        match self {
            Self::Nul => "a NUL byte: this is no text in UTF-8",
            Self::LongLine => "a line of more than 65536 bytes: this is no table of bars",
        }
    }
}

impl fmt::Display for NoText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what())
    }
}

impl std::error::Error for NoText {}

/// Hands bytes on as long as they are text, in bounded lines, and digests them.
pub(crate) struct Watched<R> {
    from: R,
    digest: Digesting<io::Sink>,
    of_line: usize,
    has_nul: bool,
}

impl<R: Read> Watched<R> {
    pub(crate) fn new(from: R) -> Self {
        Self { from, digest: Digesting::new(io::sink()), of_line: 0, has_nul: false }
    }

    /// Of all that was read.
    pub(crate) fn digest(self) -> Digest {
        self.digest.finish().1
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.has_nul {
            return Err(io::Error::other(NoText::Nul));
        }
        // So that no line within one piece can be too long.
        let room = buffer.len().min(LINE_BYTES);
        let count = self.from.read(&mut buffer[..room])?;
        // What is before a NUL byte is handed on, so that the line of it can be told.
        let count = match buffer[..count].iter().position(|byte| *byte == 0) {
            Some(0) => return Err(io::Error::other(NoText::Nul)),
            Some(text) => {
                self.has_nul = true;
                text
            }
            None => count,
        };
        let bytes = &buffer[..count];
        self.digest.write_all(bytes)?;
        let is_end = |byte: &u8| *byte == b'\n';
        let first = bytes.iter().position(is_end);
        if self.of_line + first.unwrap_or(count) > LINE_BYTES {
            return Err(io::Error::other(NoText::LongLine));
        }
        self.of_line = match bytes.iter().rposition(is_end) {
            Some(last) => count - last - 1,
            None => self.of_line + count,
        };
        Ok(count)
    }
}
