//! Files that somebody named: never more is read of one than it can hold, whatever lies there (a device, a pipe, the
//! wrong file), and what is written takes its place whole.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    path::Path,
};

/// Most bytes of a text: configuration, agents, events, recorded answers.
pub const TEXT_BYTES: u64 = 64 << 20;

/// A text.
pub fn text(path: &Path) -> io::Result<String> {
    let not_utf8 = |_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8");
    String::from_utf8(bytes(path, TEXT_BYTES)?).map_err(not_utf8)
}

/// The same, of a plain file: whoever opens a pipe may wait for ever.
pub fn plain_text(path: &Path) -> io::Result<String> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no plain file"));
    }
    text(path)
}

/// So many bytes at most; more are an error.
pub fn bytes(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it holds more than {most} bytes")));
    }
    Ok(bytes)
}

/// Puts a new file in its place in one step: whoever reads meets the old or the new one, also over a crash.
/// `mode` are its permissions; none leaves them to the system.
pub fn replace(path: &Path, bytes: &[u8], mode: Option<u32>) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?.to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.tmp"));
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    if let Some(mode) = mode {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    }
    let mut file = options.open(&temporary)?;
    file.write_all(bytes).and_then(|()| file.sync_all())?;
    std::fs::rename(&temporary, path)
}

/// Held from reading a file of the operator's until whoever is to take it up has: of two that change it one comes after the
/// other.
#[must_use = "the next may begin when it is dropped"]
pub struct Changing(#[allow(dead_code, reason = "closing it lets it go")] File);

impl Changing {
    /// The folder is locked: the file itself is replaced.
    pub fn begin(path: &Path) -> io::Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = File::open(folder)?;
        folder.lock()?;
        Ok(Self(folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_end_is_not_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        std::fs::write(&file, "four").unwrap();
        assert_eq!((bytes(&file, 4).unwrap(), text(&file).unwrap()), (b"four".to_vec(), "four".to_owned()));
        assert_eq!(bytes(&file, 3).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        #[cfg(unix)]
        assert_eq!(text(Path::new("/dev/zero")).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }
}
