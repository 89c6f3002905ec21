//! Reads a backup into a folder of its own: each file must be the one that `MANIFEST` names next, byte for byte.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use puppet_types::Digesting;
use tar::{Archive, Entry};

use super::{DATABASE, Listed, Listing, MANIFEST};
use crate::trouble::{Result, Trouble};

/// The longest `MANIFEST`.
const MOST: u64 = 64 << 20;

/// Reads the backup `file` into the folder `into`, which is there and empty. Says of each file that it begins.
pub fn unpack(file: &Path, into: &Path, tell: &dyn Fn(&str, u64)) -> Result<Listing> {
    let unreadable = |error: io::Error| bad(file, format!("cannot be read: {error}"));
    // Before it is opened: a pipe waits for its other end.
    if !fs::metadata(file).map_err(unreadable)?.is_file() {
        return Err(bad(file, "is no file"));
    }
    let mut archive = Archive::new(BufReader::new(File::open(file).map_err(unreadable)?));
    let none = |why: &str| bad(file, format!("is no backup of puppet: {why}"));
    let mut entries = archive.entries().map_err(|error| none(&error.to_string()))?;
    let first = entries.next().ok_or_else(|| none("it is empty"))?.map_err(|_| none("it is no tar"))?;
    let listing = manifest(first).ok_or_else(|| none("its MANIFEST is missing, or not the one that was written"))?;
    let mut left = listing.files.iter();
    for entry in entries {
        let entry = entry.map_err(|error| bad(file, format!("is damaged: {error}")))?;
        let expected = left.next().ok_or_else(|| bad(file, "is damaged: it goes on after its last file"))?;
        tell(&expected.path, expected.bytes);
        one(entry, expected, into).map_err(|wrong| match wrong {
            Wrong::File(why) => bad(file, format!("is damaged: `{}` {why}", expected.path)),
            Wrong::Place(error) => cannot_write(&into.join(&expected.path), &error),
        })?;
    }
    if let Some(missing) = left.next() {
        return Err(bad(file, format!("is damaged: it ends before `{}`", missing.path)));
    }
    if !listing.files.iter().any(|file| file.path == DATABASE) {
        return Err(none("it holds no database"));
    }
    if !is_zeros(archive.into_inner()).map_err(unreadable)? {
        return Err(bad(file, "is damaged: it goes on after its end"));
    }
    Ok(listing)
}

/// Whether nothing but the padding of a tar is left.
fn is_zeros(mut rest: impl BufRead) -> io::Result<bool> {
    loop {
        let piece = rest.fill_buf()?;
        let bytes = piece.len();
        if bytes == 0 || piece.iter().any(|byte| *byte != 0) {
            return Ok(bytes == 0);
        }
        rest.consume(bytes);
    }
}

fn manifest(mut entry: Entry<'_, impl Read>) -> Option<Listing> {
    if entry.path_bytes().as_ref() != MANIFEST.as_bytes() || entry.size() > MOST {
        return None;
    }
    let mut text = String::new();
    entry.read_to_string(&mut text).ok()?;
    Listing::parse(&text)
}

/// Why a file is not there.
enum Wrong {
    /// It is not the one that was listed.
    File(String),
    /// There is no writing.
    Place(io::Error),
}

/// Writes one file.
fn one(mut entry: Entry<'_, impl Read>, expected: &Listed, into: &Path) -> std::result::Result<(), Wrong> {
    if entry.path_bytes().as_ref() != expected.path.as_bytes() || !entry.header().entry_type().is_file() {
        return Err(Wrong::File("is not what comes there".to_owned()));
    }
    if entry.size() != expected.bytes {
        return Err(Wrong::File(format!("holds {} bytes, and MANIFEST says {}", entry.size(), expected.bytes)));
    }
    let file = create(&into.join(&expected.path), expected.mode).map_err(Wrong::Place)?;
    let mut passing = Digesting::new(Writing { file, failed: None });
    let copied = io::copy(&mut entry, &mut passing);
    let (Writing { file, failed }, digest, _) = passing.finish();
    match (failed, copied) {
        (Some(error), _) => return Err(Wrong::Place(error)),
        (None, Err(error)) => return Err(Wrong::File(format!("cannot be read: {error}"))),
        (None, Ok(_)) => file.sync_all().map_err(Wrong::Place)?,
    }
    if digest == expected.digest {
        Ok(())
    } else {
        Err(Wrong::File(format!("is {digest}, and MANIFEST says {}", expected.digest)))
    }
}

fn create(path: &Path, mode: u32) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    File::options().write(true).create_new(true).mode(mode).open(path)
}

/// A file that is written, and why it cannot be: of a copy that fails it is not known which side did.
struct Writing {
    file: File,
    failed: Option<io::Error>,
}

impl Write for Writing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes).map_err(|error| {
            let kind = error.kind();
            self.failed = Some(error);
            kind.into()
        })
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// There is no room, or no right, at this place.
pub fn cannot_write(path: &Path, error: &io::Error) -> Trouble {
    Trouble::input("cannot-write", format!("cannot be written: {error}"), "name another place").in_file(path)
}

fn bad(file: &Path, message: impl Into<String>) -> Trouble {
    Trouble::input("bad-backup", message, "name a file that `puppet backup` wrote; nothing was restored").in_file(file)
}
