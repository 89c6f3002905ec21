//! The archive of a pack, `NAME-VERSION.puppet`: a tar of the plainest kind. `MANIFEST` comes first, then the signature
//! where there is one, then the files by path; times and owners are zero. The same content is the same bytes. The
//! reader trusts nothing: each header must be, byte for byte, the one that is written here for its path and length.

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
    path::Path,
};

use puppet_types::Digest;
use tar::{EntryType, Header};

use crate::{
    Contents, Manifest, PackError,
    contents::{self, MAX_FILES, MAX_PACK_BYTES, PackFile},
    error::ErrorKind,
    native,
    paths::{self, MANIFEST, PACK, SIGNATURE, Together},
    signature::MAX_SIGNATURE_BYTES,
};

const BLOCK: usize = 512;
/// The longest `MANIFEST`: every line with the longest path.
const MAX_LISTING_BYTES: u64 = (MAX_FILES * 256) as u64;

/// What is in an archive.
pub struct Unpacked {
    /// Its files.
    pub contents: Contents,
    /// Its signature, not yet verified.
    pub signature: Option<String>,
}

/// Writes an archive.
pub fn write(contents: &Contents, signature: Option<&str>, out: &mut impl Write) -> io::Result<()> {
    entry(MANIFEST, contents.listing().as_bytes(), out)?;
    if let Some(signature) = signature {
        entry(SIGNATURE, signature.as_bytes(), out)?;
    }
    for (path, bytes) in contents.iter() {
        entry(path, bytes, out)?;
    }
    out.write_all(&[0; 2 * BLOCK])
}

fn entry(path: &str, bytes: &[u8], out: &mut impl Write) -> io::Result<()> {
    let header = header(path, bytes.len() as u64)?;
    out.write_all(header.as_bytes())?;
    out.write_all(bytes)?;
    out.write_all(&[0; BLOCK][..padding(bytes.len() as u64)])
}

fn padding(bytes: u64) -> usize {
    (BLOCK - (bytes % BLOCK as u64) as usize) % BLOCK
}

/// The one header that a file of this path and length has.
fn header(path: &str, bytes: u64) -> io::Result<Header> {
    let mut header = Header::new_ustar();
    header.set_path(path)?;
    header.set_size(bytes);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_entry_type(EntryType::Regular);
    header.set_cksum();
    Ok(header)
}

/// Reads an archive to its end; `name` is for errors.
pub fn read(from: impl Read, name: &Path) -> Result<Unpacked, PackError> {
    let mut reader = Reader { from, name, left: MAX_PACK_BYTES + (MAX_FILES as u64 + 4) * 2 * BLOCK as u64 };
    let (path, length) = reader.first()?;
    if path != MANIFEST {
        return Err(reader.none(&format!("its first file is {path:?} and not MANIFEST")));
    }
    let listing = reader.text(MANIFEST, length, MAX_LISTING_BYTES)?;
    let listed = contents::listed(&listing).ok_or_else(|| reader.none("its MANIFEST is none"))?;
    let mut together = Together::default();
    for file in &listed {
        together.take(&file.path).map_err(|(kind, message)| reader.fault(kind, message))?;
        if paths::is_reserved(&file.path) && file.path != PACK {
            return Err(reader.fault(ErrorKind::BadPath, format!("MANIFEST lists `{}`", file.path)));
        }
    }
    let mut next = reader.next()?;
    let mut signature = None;
    if let Some((SIGNATURE, length)) = next.as_ref().map(|(path, length)| (path.as_str(), *length)) {
        signature = Some(reader.text(SIGNATURE, length, MAX_SIGNATURE_BYTES as u64)?);
        next = reader.next()?;
    }
    let mut files = BTreeMap::new();
    let mut expected = listed.iter();
    while let Some((path, length)) = next {
        let expected = expected.next().ok_or_else(|| reader.unlisted(&path))?;
        if expected.path != path {
            // In order: either the expected one is missing, or this one is not listed.
            let is_listed = listed.iter().any(|file| file.path == path);
            return Err(if is_listed && path > expected.path {
                reader.missing(&expected.path)
            } else if is_listed {
                reader.fault(ErrorKind::Duplicate, format!("`{path}` comes twice, or out of order"))
            } else {
                reader.unlisted(&path)
            });
        }
        files.insert(path, reader.listed(expected, length)?);
        next = reader.next()?;
    }
    if let Some(missing) = expected.next() {
        return Err(reader.missing(&missing.path));
    }
    reader.end()?;
    let text = files.get(PACK).map(|bytes| String::from_utf8(bytes.clone()));
    let text = text.ok_or_else(|| reader.missing(PACK))?;
    let text = text.map_err(|_| reader.fault(ErrorKind::Syntax, "pack.toml is not UTF-8".to_owned()))?;
    let manifest = Manifest::parse(&text, &name.join(PACK))?;
    Ok(Unpacked { contents: Contents::of_files(files, name, &manifest)?, signature })
}

struct Reader<'a, R> {
    from: R,
    name: &'a Path,
    /// Bytes that may still come.
    left: u64,
}

impl<R: Read> Reader<'_, R> {
    fn fault(&self, kind: ErrorKind, message: String) -> PackError {
        let remedy = match kind {
            ErrorKind::Truncated => "copy or download it again",
            _ => "do not trust it: ask who gave it to you for one that `puppet pack build` made",
        };
        PackError::in_file(kind, self.name, message, remedy)
    }
    fn none(&self, why: &str) -> PackError {
        let remedy = "name a pack's folder, or an archive that `puppet pack build` made";
        PackError::in_file(ErrorKind::NotAnArchive, self.name, format!("is not a pack archive: {why}"), remedy)
    }
    fn missing(&self, path: &str) -> PackError {
        self.fault(ErrorKind::FileMissing, format!("MANIFEST lists `{path}`, which is missing"))
    }
    fn unlisted(&self, path: &str) -> PackError {
        self.fault(ErrorKind::FileUnlisted, format!("`{path}` is not listed in MANIFEST"))
    }

    /// So many bytes. What is not there takes no memory.
    fn bytes(&mut self, length: u64) -> Result<Vec<u8>, PackError> {
        self.left = self.left.checked_sub(length).ok_or_else(|| {
            self.fault(ErrorKind::TooLarge, format!("holds more than the {MAX_PACK_BYTES} bytes that a pack may have"))
        })?;
        let mut bytes = Vec::new();
        let read = (&mut self.from).take(length).read_to_end(&mut bytes);
        read.map_err(|error| crate::walk::unreadable(self.name, &error))?;
        if (bytes.len() as u64) < length {
            return Err(self.fault(ErrorKind::Truncated, "ends too soon".to_owned()));
        }
        Ok(bytes)
    }

    fn block(&mut self) -> Result<[u8; BLOCK], PackError> {
        let mut block = [0; BLOCK];
        block.copy_from_slice(&self.bytes(BLOCK as u64)?);
        Ok(block)
    }

    /// The first header: what the file is, if it is no archive of ours.
    fn first(&mut self) -> Result<(String, u64), PackError> {
        let mut head = Vec::new();
        let read = (&mut self.from).take(BLOCK as u64).read_to_end(&mut head);
        read.map_err(|error| crate::walk::unreadable(self.name, &error))?;
        if let Some(format) = compressed(&head) {
            return Err(self.none(&format!("it is compressed ({format})")));
        }
        if let Some(format) = native::format(&head) {
            return Err(self.none(&format!("it is native code ({format})")));
        }
        if head.starts_with(b"\0asm") {
            return Err(self.none("it is WebAssembly by itself"));
        }
        let is_ours = head.get(..MANIFEST.len()) == Some(MANIFEST.as_bytes());
        let block: [u8; BLOCK] = match head.try_into() {
            Ok(block) => block,
            Err(_) if is_ours => return Err(self.fault(ErrorKind::Truncated, "ends too soon".to_owned())),
            Err(_) => return Err(self.none("it is too short")),
        };
        if Header::from_byte_slice(&block).as_ustar().is_none() {
            return Err(self.none("it is no tar"));
        }
        self.read_header(&block)
    }

    /// The path and length of the next file; none at the end.
    fn next(&mut self) -> Result<Option<(String, u64)>, PackError> {
        let block = self.block()?;
        if block == [0; BLOCK] { Ok(None) } else { self.read_header(&block).map(Some) }
    }

    fn read_header(&self, block: &[u8; BLOCK]) -> Result<(String, u64), PackError> {
        let found = Header::from_byte_slice(block);
        let name = found.as_old().name;
        let ends = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
        let path = std::str::from_utf8(&name[..ends])
            .map_err(|_| self.fault(ErrorKind::BadPath, "the path of a file is not UTF-8".to_owned()))?;
        let what = found.entry_type();
        if !what.is_file() || found.as_ustar().is_none() {
            let message = format!("{path:?} is no plain file: {}", named(what));
            return Err(self.fault(ErrorKind::NotAFile, message));
        }
        paths::check(path).map_err(|wrong| self.fault(ErrorKind::BadPath, format!("the path {path:?} {wrong}")))?;
        let plain = found.entry_size().and_then(|length| Ok((length, header(path, length)?)));
        match plain {
            Ok((length, header)) if header.as_bytes() == block => Ok((path.to_owned(), length)),
            _ => {
                let message = format!("the header of {path:?} says more than its path and its length");
                Err(self.fault(ErrorKind::NotAnArchive, message))
            }
        }
    }

    /// The content of a file, and the zeros after it.
    fn content(&mut self, path: &str, length: u64, most: u64) -> Result<Vec<u8>, PackError> {
        if length > most {
            let message = format!("`{path}` holds {length} bytes: at most {most}");
            return Err(self.fault(ErrorKind::TooLarge, message));
        }
        let bytes = self.bytes(length)?;
        if self.bytes(padding(length) as u64)?.iter().any(|byte| *byte != 0) {
            return Err(self.fault(ErrorKind::NotAnArchive, format!("something stands behind `{path}`")));
        }
        Ok(bytes)
    }

    fn text(&mut self, path: &str, length: u64, most: u64) -> Result<String, PackError> {
        let bytes = self.content(path, length, most)?;
        String::from_utf8(bytes).map_err(|_| self.fault(ErrorKind::Syntax, format!("`{path}` is not UTF-8")))
    }

    /// A file that is what `MANIFEST` says.
    fn listed(&mut self, expected: &PackFile, length: u64) -> Result<Vec<u8>, PackError> {
        let path = &expected.path;
        if length != expected.bytes {
            let message = format!("`{path}` holds {length} bytes, and MANIFEST says {}", expected.bytes);
            return Err(self.fault(ErrorKind::WrongDigest, message));
        }
        let bytes = self.content(path, length, contents::most(path))?;
        let digest = Digest::of(&bytes);
        if digest != expected.digest {
            let message = format!("`{path}` is {digest}, and MANIFEST says {}", expected.digest);
            return Err(self.fault(ErrorKind::WrongDigest, message));
        }
        Ok(bytes)
    }

    /// One more block of zeros, and nothing.
    fn end(&mut self) -> Result<(), PackError> {
        let mut more = [0];
        let is_end = self.block()? == [0; BLOCK]
            && self.from.read(&mut more).map_err(|error| crate::walk::unreadable(self.name, &error))? == 0;
        if is_end { Ok(()) } else { Err(self.fault(ErrorKind::AfterEnd, "goes on after its end".to_owned())) }
    }
}

fn named(kind: EntryType) -> &'static str {
    match kind {
        EntryType::Link | EntryType::Symlink => "a link",
        EntryType::Char | EntryType::Block | EntryType::Fifo => "a device",
        EntryType::Directory => "a folder",
        EntryType::GNUSparse => "a sparse file",
        EntryType::GNULongName | EntryType::GNULongLink => "a name of GNU tar",
        EntryType::XHeader | EntryType::XGlobalHeader => "an extended header",
        _ => "of another kind",
    }
}

fn compressed(head: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 6] = [
        (b"\x1f\x8b", "gzip"),
        (b"PK", "zip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"\xfd7zXZ\0", "xz"),
        (b"BZh", "bzip2"),
        (b"7z\xbc\xaf\x27\x1c", "7-zip"),
    ];
    MAGIC.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, format)| *format)
}

#[cfg(test)]
mod tests;
