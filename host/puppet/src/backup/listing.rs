//! The text `MANIFEST` of a backup: when and by what it was made, then a line per file, and its own digest at the end.

use std::fmt::Write as _;

use puppet_types::{Digest, Timestamp};
use serde::Serialize;

use super::belongs;

const HEAD: &str = "puppet-backup 1";

/// What is in a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// When the database was copied.
    pub made: Timestamp,
    /// The version of puppet that did.
    pub by: String,
    /// In the order in which they come.
    pub files: Vec<Listed>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Below the data folder.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Of its bytes.
    pub digest: Digest,
    /// Its permissions.
    #[serde(skip)]
    pub mode: u32,
}

impl Listing {
    /// As it is written.
    pub fn text(&self) -> String {
        let mut text = format!("{HEAD}\nmade {} by {}\n", self.made, self.by);
        for Listed { path, bytes, digest, mode } in &self.files {
            // Writing to a text does not fail.
            let _ = writeln!(text, "{digest} {bytes} {mode:04o} {path}");
        }
        let digest = Digest::of(text.as_bytes());
        let _ = writeln!(text, "end {digest}");
        text
    }

    /// And read: none where it is not exactly what [`Listing::text`] writes, or names what does not belong to a backup.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let made = (lines.next()? == HEAD).then(|| lines.next())??;
        let (at, by) = made.strip_prefix("made ")?.split_once(" by ")?;
        let mut files = Vec::new();
        for line in lines.take_while(|line| !line.starts_with("end ")) {
            let mut parts = line.splitn(4, ' ');
            let (digest, bytes, mode, path) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
            let (digest, bytes) = (Digest::parse(digest)?, bytes.parse().ok()?);
            let mode = u32::from_str_radix(mode, 8).ok().filter(|mode| *mode <= 0o777)?;
            files.push(Listed { path: path.to_owned(), bytes, digest, mode });
        }
        let listing = Self { made: Timestamp::parse(at)?, by: by.to_owned(), files };
        let fits = listing.files.iter().all(|file| belongs(&file.path));
        (fits && listing.text() == text).then_some(listing)
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(path: &str) -> Listing {
        let file = Listed { path: path.to_owned(), bytes: 3, digest: Digest::of(b"abc"), mode: 0o600 };
        Listing { made: Timestamp::from_millis(7), by: "0.1.0".to_owned(), files: vec![file] }
    }

    #[test]
    fn it_reads_back_and_nothing_else_does() {
        let text = listing("packs/a/1/b c").text();
        assert_eq!(Listing::parse(&text), Some(listing("packs/a/1/b c")));
        assert_eq!(Listing::parse(&listing("../x").text()), None, "it names what does not belong to it");
        for broken in [
            text.replace("0600", "0644"),
            text.replace("by 0", "by 1"),
            text.replace("end", "End"),
            format!("{text}\n"),
        ] {
            assert_eq!(Listing::parse(&broken), None, "{broken}");
        }
    }
}
