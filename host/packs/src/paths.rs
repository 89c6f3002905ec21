//! Paths of files in a pack: what may stand there, and which of them cannot be there together. What is built keeps to
//! it, and what is read is held to it.

use std::collections::BTreeMap;

use crate::error::ErrorKind;

/// The longest path in bytes: what a header of an archive has room for.
pub const MAX_PATH_BYTES: usize = 100;

/// The text that pins the files.
pub const MANIFEST: &str = "MANIFEST";
/// The signature over it.
pub const SIGNATURE: &str = "MANIFEST.minisig";
/// What every pack has.
pub const PACK: &str = "pack.toml";

/// Whether a path stays below its folder on every system, by its text alone. Answers what is wrong.
pub(crate) fn check(path: &str) -> Result<(), &'static str> {
    if path.is_empty() || path.len() > MAX_PATH_BYTES {
        return Err("has no length from 1 to 100 bytes");
    }
    if path.chars().any(char::is_control) {
        return Err("holds control characters");
    }
    if path.contains(['\\', ':']) {
        return Err("holds `\\` or `:`");
    }
    if path.starts_with('/') {
        return Err("is absolute");
    }
    for part in path.split('/') {
        match part {
            "" => return Err("has an empty part"),
            "." | ".." => return Err("leads elsewhere by `.` or `..`"),
            _ => {}
        }
    }
    Ok(())
}

/// Whether puppet itself writes a file of this name, or it has a place of its own.
pub(crate) fn is_reserved(path: &str) -> bool {
    [MANIFEST, SIGNATURE, PACK].iter().any(|name| name.eq_ignore_ascii_case(path))
}

/// Paths that are there together, also on a disk that does not tell capitals from small letters.
#[derive(Debug, Default)]
pub(crate) struct Together(BTreeMap<String, Is>);

#[derive(Debug, PartialEq, Eq)]
enum Is {
    File(String),
    Folder,
}

impl Together {
    /// Takes one more. Answers what stands against it.
    pub(crate) fn take(&mut self, path: &str) -> Result<(), (ErrorKind, String)> {
        check(path).map_err(|wrong| (ErrorKind::BadPath, format!("the path {path:?} {wrong}")))?;
        let folded = path.to_lowercase();
        for (at, _) in folded.match_indices('/') {
            if let Is::File(file) = self.0.entry(folded[..at].to_owned()).or_insert(Is::Folder) {
                return Err((ErrorKind::Duplicate, format!("`{file}` is a file, and a folder of `{path}`")));
            }
        }
        match self.0.insert(folded, Is::File(path.to_owned())) {
            None => Ok(()),
            Some(Is::Folder) => Err((ErrorKind::Duplicate, format!("`{path}` is a file, and a folder of another"))),
            Some(Is::File(other)) if other == path => Err((ErrorKind::Duplicate, format!("`{path}` is there twice"))),
            Some(Is::File(other)) => {
                let message =
                    format!("`{other}` and `{path}` differ in capitals alone, and are one file on some disks");
                Err((ErrorKind::Duplicate, message))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_below_its_folder() {
        for good in ["pack.toml", "assets/a b.png", "a/b/c", ".hidden", "assets/ü.png", &"a".repeat(100)] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        let long = "a".repeat(101);
        for bad in
            ["", "/etc/x", "../x", "a/../b", "a/./b", "a//b", "a/", "a\\b", "c:x", "a\nb", "a\0", "\u{85}", &long]
        {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn two_that_cannot_both_be_there_are_told() {
        for (paths, said) in [
            (["a", "a"], "`a` is there twice"),
            (["Ä", "ä"], "differ in capitals"),
            (["a", "A/b"], "`a` is a file, and a folder of `A/b`"),
            (["a/b", "A"], "`A` is a file, and a folder of another"),
        ] {
            let mut all = Together::default();
            all.take(paths[0]).unwrap();
            let (kind, message) = all.take(paths[1]).unwrap_err();
            assert!(kind == ErrorKind::Duplicate && message.contains(said), "{message}");
        }
        let mut all = Together::default();
        assert!(["a/b", "a/c", "A/d", "b"].iter().all(|path| all.take(path).is_ok()));
    }
}
