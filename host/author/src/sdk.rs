//! The interfaces and the SDKs that the program carries along, and the folder beside a pack that they are written to.

use std::{fs, io, path::Path};

use puppet_types::Digest;

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}

/// The folder beside a pack. It is written by the program and belongs into `.gitignore`.
pub const FOLDER: &str = ".puppet-sdk";
/// In it: which SDK it holds.
const STAMP: &str = "VERSION";
/// The manifest around the Rust SDK.
const WORKSPACE: &str = include_str!(concat!(env!("OUT_DIR"), "/workspace.toml"));

/// Files below the project's folder: `wit/…`, `sdk/…`.
pub fn files() -> impl Iterator<Item = (&'static str, &'static [u8])> {
    embedded::FILES.iter().copied()
}

/// Beginnings of packs, by their path below `templates/`.
pub(crate) fn templates() -> impl Iterator<Item = (&'static str, &'static [u8])> {
    embedded::TEMPLATES.iter().copied()
}

/// An interface's text: `tweet/tweet.wit`.
pub(crate) fn wit(name: &str) -> Option<&'static str> {
    let path = format!("wit/{name}");
    let (_, bytes) = files().find(|(file, _)| *file == path)?;
    std::str::from_utf8(bytes).ok()
}

/// What the folder beside a pack says of itself: the version of the program, and what of it is new though that is the same.
pub fn stamp() -> String {
    let mut all = Vec::new();
    for (path, bytes) in files() {
        all.extend_from_slice(path.as_bytes());
        all.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        all.extend_from_slice(bytes);
    }
    all.extend_from_slice(WORKSPACE.as_bytes());
    format!("{} {}\n", env!("CARGO_PKG_VERSION"), Digest::of(&all))
}

/// Writes the folder beside a pack, unless it is there and the same. Answers whether it was written.
///
/// # Errors
/// The folder cannot be written.
pub fn unpack(pack: &Path) -> io::Result<bool> {
    let folder = pack.join(FOLDER);
    let stamp = stamp();
    if fs::read_to_string(folder.join(STAMP)).is_ok_and(|there| there == stamp) {
        return Ok(false);
    }
    for old in ["wit", "sdk"] {
        match fs::remove_dir_all(folder.join(old)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    for (path, bytes) in files() {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, bytes)?;
    }
    fs::write(folder.join("Cargo.toml"), WORKSPACE)?;
    fs::write(folder.join(".gitignore"), "*\n")?;
    // Last: a folder that was written by half has none.
    fs::write(folder.join(STAMP), stamp)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdk_is_whole_and_what_it_inherits_is_there() {
        assert!(wit("tweet/tweet.wit").is_some_and(|text| text.contains("interface tweet")));
        assert!(files().any(|(path, _)| path == "sdk/rust/src/lib.rs"));
        assert!(files().all(|(path, _)| !path.contains("/target/")));
        for needed in ["serde = ", "serde_json = ", "wit-bindgen = ", "version = ", "edition = "] {
            assert!(WORKSPACE.contains(needed), "{needed}: {WORKSPACE}");
        }
    }

    #[test]
    fn it_is_written_once_and_again_where_it_is_another() {
        let folder = std::env::temp_dir().join(format!("puppet-sdk-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        assert!(unpack(&folder).unwrap());
        assert!(!unpack(&folder).unwrap(), "it is there");
        fs::write(folder.join(FOLDER).join(STAMP), "0.0.1").unwrap();
        fs::write(folder.join(FOLDER).join("sdk/old"), "x").unwrap();
        assert!(unpack(&folder).unwrap());
        assert!(!folder.join(FOLDER).join("sdk/old").exists(), "what is no part of it is gone");
        fs::remove_dir_all(&folder).unwrap();
    }
}
