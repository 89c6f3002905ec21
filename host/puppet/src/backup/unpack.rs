//! Reads a backup into a folder of its own: each file must be the one that `MANIFEST` names next, byte for byte.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read},
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
    let opened = File::open(file).map_err(|error| bad(file, format!("cannot be read: {error}")))?;
    let mut archive = Archive::new(BufReader::new(opened));
    let none = |why: &str| bad(file, format!("is no backup of puppet: {why}"));
    let mut entries = archive.entries().map_err(|error| none(&error.to_string()))?;
    let first = entries.next().ok_or_else(|| none("it is empty"))?.map_err(|_| none("it is no tar"))?;
    let listing = manifest(first).ok_or_else(|| none("its MANIFEST is missing, or not the one that was written"))?;
    let mut left = listing.files.iter();
    for entry in entries {
        let entry = entry.map_err(|error| bad(file, format!("is damaged: {error}")))?;
        let expected = left.next().ok_or_else(|| bad(file, "is damaged: it goes on after its last file"))?;
        tell(&expected.path, expected.bytes);
        one(entry, expected, into).map_err(|why| bad(file, format!("is damaged: `{}` {why}", expected.path)))?;
    }
    if let Some(missing) = left.next() {
        return Err(bad(file, format!("is damaged: it ends before `{}`", missing.path)));
    }
    if !listing.files.iter().any(|file| file.path == DATABASE) {
        return Err(none("it holds no database"));
    }
    Ok(listing)
}

fn manifest(mut entry: Entry<'_, impl Read>) -> Option<Listing> {
    if entry.path_bytes().as_ref() != MANIFEST.as_bytes() || entry.size() > MOST {
        return None;
    }
    let mut text = String::new();
    entry.read_to_string(&mut text).ok()?;
    Listing::parse(&text)
}

/// Writes one file; what is wrong with it otherwise.
fn one(mut entry: Entry<'_, impl Read>, expected: &Listed, into: &Path) -> std::result::Result<(), String> {
    if entry.path_bytes().as_ref() != expected.path.as_bytes() || !entry.header().entry_type().is_file() {
        return Err("is not what comes there".to_owned());
    }
    if entry.size() != expected.bytes {
        return Err(format!("holds {} bytes, and MANIFEST says {}", entry.size(), expected.bytes));
    }
    let written = (|| -> io::Result<_> {
        let path = into.join(&expected.path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = File::options().write(true).create_new(true).mode(expected.mode).open(path)?;
        let mut passing = Digesting::new(file);
        io::copy(&mut entry, &mut passing)?;
        let (file, digest, _) = passing.finish();
        file.sync_all()?;
        Ok(digest)
    })();
    match written {
        Ok(digest) if digest == expected.digest => Ok(()),
        Ok(digest) => Err(format!("is {digest}, and MANIFEST says {}", expected.digest)),
        Err(error) => Err(format!("cannot be written: {error}")),
    }
}

fn bad(file: &Path, message: impl Into<String>) -> Trouble {
    Trouble::input("bad-backup", message, "name a file that `puppet backup` wrote; nothing was restored").in_file(file)
}
