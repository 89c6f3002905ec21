//! Folders of a pack, walked within bounds: no links, nothing but files, so many and so large at most.

use std::{
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
};

use crate::{PackError, error::ErrorKind, pack::MAX_PROMPTS, pack::MAX_TEXT_BYTES};

/// What a folder may hold.
pub(crate) struct Bounds {
    /// So many files and folders.
    pub(crate) files: usize,
    /// So many bytes each.
    pub(crate) each: u64,
    /// So many in all.
    pub(crate) all: u64,
}

pub(crate) fn unreadable(path: &Path, error: &std::io::Error) -> PackError {
    let remedy = "check that it is there and that you may read it";
    PackError::in_file(ErrorKind::Unreadable, path, format!("cannot be read: {error}"), remedy)
}

fn link(path: &Path) -> PackError {
    PackError::in_file(ErrorKind::OutsidePack, path, "is a link", "put the file itself into the pack")
}

/// A file that is itself there.
pub(crate) fn no_link(path: &Path) -> Result<(), PackError> {
    match path.symlink_metadata() {
        Ok(kind) if kind.is_symlink() => Err(link(path)),
        _ => Ok(()),
    }
}

fn name(entry: &fs::DirEntry) -> Result<String, PackError> {
    entry.file_name().into_string().map_err(|_| {
        PackError::in_file(ErrorKind::BadValue, &entry.path(), "its name is not UTF-8", "give it another name")
    })
}

/// One file, if it has so many bytes at most.
pub(crate) fn file(path: &Path, most: u64) -> Result<Vec<u8>, PackError> {
    let mut bytes = Vec::new();
    // A pipe would be waited for.
    if fs::metadata(path).is_ok_and(|kind| !kind.is_file()) {
        return Err(PackError::in_file(ErrorKind::NotAFile, path, "is no plain file", "put a file in its place"));
    }
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    file.take(most + 1).read_to_end(&mut bytes).map_err(|error| unreadable(path, &error))?;
    if bytes.len() as u64 > most {
        let message = format!("holds more than {most} bytes");
        return Err(PackError::in_file(ErrorKind::TooLarge, path, message, "make it smaller"));
    }
    Ok(bytes)
}

/// What lies in a folder, sorted; folders end in `/`.
pub(crate) fn top(dir: &Path) -> Result<Vec<String>, PackError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(|error| unreadable(dir, &error))? {
        let entry = entry.map_err(|error| unreadable(dir, &error))?;
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        names.push(name(&entry)? + if is_folder { "/" } else { "" });
    }
    names.sort();
    Ok(names)
}

/// Files below `prompts/`, relative to it.
pub(crate) fn prompts(dir: &Path) -> Result<Vec<String>, PackError> {
    below(dir, "prompts", &Bounds { files: MAX_PROMPTS, each: MAX_TEXT_BYTES, all: 16 << 20 })
}

/// Files below a folder of a pack, relative to it, with `/`, sorted; none where it is not there.
pub(crate) fn below(dir: &Path, within: &str, bounds: &Bounds) -> Result<Vec<String>, PackError> {
    let root = dir.join(within);
    let (mut found, mut total) = (Vec::new(), 0_u64);
    match fs::symlink_metadata(&root) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(unreadable(&root, &error)),
        Ok(kind) if kind.is_symlink() => return Err(link(&root)),
        Ok(_) => {}
    }
    let mut folders: Vec<(PathBuf, String)> = vec![(root.clone(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| unreadable(&folder, &error))? {
            let entry = entry.map_err(|error| unreadable(&folder, &error))?;
            let path = entry.path();
            let kind = entry.metadata().map_err(|error| unreadable(&path, &error))?;
            let name = name(&entry)?;
            if kind.is_symlink() {
                return Err(link(&path));
            }
            if found.len() + folders.len() >= bounds.files {
                let message = format!("more than {} files", bounds.files);
                return Err(PackError::in_file(ErrorKind::TooLarge, &root, message, "leave some out"));
            }
            if kind.is_dir() {
                folders.push((path, format!("{prefix}{name}/")));
                continue;
            }
            if !kind.is_file() {
                let remedy = format!("what lies below {within} are files");
                return Err(PackError::in_file(ErrorKind::BadValue, &path, "is no file", remedy));
            }
            total = total.saturating_add(kind.len());
            if kind.len() > bounds.each || total > bounds.all {
                let message = format!("{within} may hold {} bytes each and {} together", bounds.each, bounds.all);
                return Err(PackError::in_file(ErrorKind::TooLarge, &path, message, "make it smaller"));
            }
            found.push(format!("{prefix}{name}"));
        }
    }
    found.sort();
    Ok(found)
}
