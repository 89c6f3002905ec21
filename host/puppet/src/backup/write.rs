//! Writes a backup: looks at every file once for `MANIFEST`, and once more while it is copied. One that is another by then
//! ends it.

use std::{
    fs::File,
    io::{self, BufWriter, Read, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use puppet_packs::Installed;
use puppet_types::{Digest, Digesting, Timestamp};
use tar::{Builder, EntryType, Header};

use super::{DATABASE, FILES, Listed, Listing, MANIFEST};

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum Changed {
    /// A file is another than it was a moment ago.
    #[error("`{0}` was changed while it was copied")]
    File(String),
    /// The backup cannot be written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A file of the data folder cannot be read.
    #[error("`{0}` cannot be read: {1}")]
    Source(String, io::Error),
    /// What is installed cannot be read.
    #[error("{0}")]
    Packs(#[from] puppet_packs::InstallError),
}

/// Writes a backup of a data folder whose database was copied at a time. Says of each file that it begins, with its bytes.
pub fn write(
    (data, database): (&Path, &Path),
    made: Timestamp,
    to: &File,
    tell: &dyn Fn(&str, u64),
) -> Result<Listing, Changed> {
    let mut sources = vec![(DATABASE.to_owned(), database.to_owned())];
    let there = FILES.iter().map(|name| ((*name).to_owned(), data.join(name))).filter(|(_, path)| path.exists());
    sources.extend(there);
    let mut files = sources.iter().map(listed).collect::<Result<Vec<_>, _>>()?;
    // After the lock file: one that is written meanwhile is another than the one that was listed.
    let packs = of_packs(data)?;
    files.extend(packs.iter().map(listed).collect::<Result<Vec<_>, _>>()?);
    sources.extend(packs);
    let listing = Listing { made, by: env!("CARGO_PKG_VERSION").to_owned(), files };
    let mut tar = Builder::new(BufWriter::new(to));
    let text = listing.text();
    tar.append_data(&mut header(text.len() as u64, 0o644), MANIFEST, text.as_bytes())?;
    for (file, (_, from)) in listing.files.iter().zip(&sources) {
        tell(&file.path, file.bytes);
        let opened = File::open(from).map_err(|error| Changed::source(&file.path, error))?;
        let mut passing = Passing(Digesting::new(io::sink()), opened.take(file.bytes));
        tar.append_data(&mut header(file.bytes, file.mode), &file.path, &mut passing)?;
        let (_, digest, bytes) = passing.0.finish();
        if (digest, bytes) != (file.digest, file.bytes) {
            return Err(Changed::File(file.path.clone()));
        }
    }
    tar.into_inner()?.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    Ok(listing)
}

impl Changed {
    /// One that was there a moment ago and is gone has changed too.
    fn source(path: &str, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::File(path.to_owned()),
            _ => Self::Source(path.to_owned(), error),
        }
    }
}

fn listed((path, from): &(String, PathBuf)) -> Result<Listed, Changed> {
    let look = || {
        let file = File::open(from)?;
        let mode = file.metadata()?.permissions().mode() & 0o777;
        // The copy of the database is as private as the database.
        let mode = if path == DATABASE { 0o600 } else { mode };
        let (digest, bytes) = Digest::of_reader(file)?;
        Ok(Listed { path: path.clone(), bytes, digest, mode })
    };
    look().map_err(|error| Changed::source(path, error))
}

/// Files of the versions that `puppet.lock` names; what is on its way there is not in it.
fn of_packs(data: &Path) -> Result<Vec<(String, PathBuf)>, Changed> {
    let installed = Installed::at(data);
    let mut found = Vec::new();
    for entry in installed.entries()? {
        let mut folders = vec![installed.folder(&entry)];
        while let Some(folder) = folders.pop() {
            let of_folder = |error| Changed::source(&folder.display().to_string(), error);
            let entries = std::fs::read_dir(&folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
            let mut entries = entries.map_err(of_folder)?;
            entries.sort_by_key(std::fs::DirEntry::file_name);
            for entry in entries {
                let path = entry.path();
                if entry.file_type().map_err(of_folder)?.is_dir() {
                    folders.push(path);
                    continue;
                }
                let below = path.strip_prefix(data).ok().and_then(Path::to_str).map(str::to_owned);
                let below = below.ok_or_else(|| io::Error::other(format!("{} has no plain path", path.display())))?;
                found.push((below, path));
            }
        }
    }
    Ok(found)
}

fn header(bytes: u64, mode: u32) -> Header {
    let mut header = Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(mode);
    header.set_entry_type(EntryType::Regular);
    header
}

/// Hands on what is read of a file, and knows its digest.
struct Passing<R>(Digesting<io::Sink>, R);

impl<R: Read> Read for Passing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.1.read(buffer)?;
        self.0.write_all(&buffer[..read])?;
        Ok(read)
    }
}
