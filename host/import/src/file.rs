//! Files of a deployment: plain ones within bounds, packed or not.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use puppet_packs::import::Room;
use serde_json::Value;

use crate::Problem;

/// Most bytes of a file of the deployment.
pub(crate) const FILE_BYTES: u64 = 64 << 20;
/// Most bytes of a collection, unpacked.
pub(crate) const COLLECTION_BYTES: u64 = 256 << 20;

/// The bytes of a plain file.
pub(crate) fn bytes(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no plain file"));
    }
    bounded(File::open(path)?, most)
}

/// The same, of one that `gzip` packed.
pub(crate) fn unpacked(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    bounded(MultiGzDecoder::new(bytes(path, most)?.as_slice()), most)
}

fn bounded(from: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it holds more than {most} bytes")));
    }
    Ok(bytes)
}

/// One that cannot be read, as a problem.
pub(crate) fn unread(name: &str, error: &io::Error) -> Problem {
    Problem::new("unreadable", name, format!("cannot be read: {error}"), "make it readable, or move it away")
}

/// A file of one JSON value.
pub(crate) fn json(path: &Path, name: &str) -> Result<(Value, Vec<u8>), Problem> {
    let bytes = bytes(path, FILE_BYTES).map_err(|error| unread(name, &error))?;
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let value = serde_json::from_slice(text).map_err(|error| {
        Problem::new(
            "syntax",
            name,
            format!("is not JSON: {}", without_place(&error)),
            "mend it, or bring the file from a backup",
        )
        .on_line(error.line())
    })?;
    room(name, std::slice::from_ref(&value))?;
    Ok((value, bytes))
}

/// Whether everything in a file can be named.
pub(crate) fn room(name: &str, values: &[Value]) -> Result<(), Problem> {
    let mut room = Room::default();
    let remedy = "it is not what the original engine wrote: mend it, or move it away";
    values
        .iter()
        .try_for_each(|value| room.take(value))
        .map_err(|message| Problem::new("too-large", name, message, remedy))
}

/// What is wrong with a text that is no JSON; where is told beside it.
pub(crate) fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

/// What lies in a folder, by name; nothing where there is no such folder. Names that begin with a dot are not the
/// deployment's.
pub(crate) fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let read = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read?,
    };
    let mut paths = read.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')));
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_or_no_file_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "four").unwrap();
        assert_eq!(bytes(&path, 4).unwrap(), b"four");
        assert_eq!(bytes(&path, 3).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert!(bytes(folder.path(), 9).is_err());
        #[cfg(unix)]
        assert!(bytes(Path::new("/dev/zero"), 9).unwrap_err().to_string().contains("no plain file"));
    }

    #[test]
    fn a_packed_file_cannot_grow_beyond_its_bound() {
        use std::io::Write as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gz");
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(&[0; 100_000]).unwrap();
        std::fs::write(&path, packer.finish().unwrap()).unwrap();
        assert_eq!(unpacked(&path, 100_000).unwrap().len(), 100_000);
        assert_eq!(unpacked(&path, 99_999).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        std::fs::write(&path, "no gzip").unwrap();
        assert!(unpacked(&path, 9).is_err());
    }
}
