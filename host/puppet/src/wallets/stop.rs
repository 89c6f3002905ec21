//! The kill switches of everything: `puppet halt`, and the file `HALT` in the data folder. A desk asks both before every order
//! and before every signature, and the [operator's word](super::words) about its own purse.

use std::{
    fmt,
    fs::{self, File},
    io::{self, Read as _},
    path::Path,
};

use puppet_store::Halt;

/// The file that stops all trading as long as it is there.
pub const FILE: &str = "HALT";
/// Bytes of it that are read, and characters of its first line that are told.
const BYTES: u64 = 4_096;
const CHARS: usize = 200;

/// Why the file says that nothing is traded; none where there is no file. One that cannot be read is there all the same.
pub fn file(data: &Path) -> Option<String> {
    let path = data.join(FILE);
    if fs::symlink_metadata(&path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return None;
    }
    // What cannot be read cannot be asked: it counts as a halt. What is no file is not opened: a pipe would be waited for.
    let told = |why: &dyn fmt::Display| Some(format!("{}: {why}", path.display()));
    let mut bytes = Vec::new();
    match fs::metadata(&path) {
        Err(error) => return told(&error),
        Ok(there) if !there.is_file() => return told(&"it is there, and no file"),
        Ok(_) => {}
    }
    if let Err(error) = File::open(&path).and_then(|file| file.take(BYTES).read_to_end(&mut bytes)) {
        return told(&error);
    }
    let text = String::from_utf8_lossy(&bytes);
    let line: String = text.lines().next().unwrap_or_default().trim().chars().take(CHARS).collect();
    Some(if line.is_empty() { format!("the file {FILE} is in the data folder") } else { line })
}

/// Why nothing is traded at all; none where it may be. `halt` is what `puppet halt` has said.
pub fn of_all(data: &Path, halt: Option<Halt>) -> Option<String> {
    let by_command = || Some(halt?.reason.unwrap_or_else(|| "`puppet halt`".to_owned()));
    file(data).or_else(by_command)
}

#[cfg(test)]
mod tests {
    use puppet_types::Timestamp;

    use super::*;

    #[test]
    fn the_file_stops_whatever_it_says() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(file(folder.path()), None);
        for (text, told) in [
            ("", "the file HALT is in the data folder"),
            ("  rates are odd \nsince noon\n", "rates are odd"),
            ("\nlater", "the file HALT is in the data folder"),
        ] {
            std::fs::write(folder.path().join(FILE), text).unwrap();
            assert_eq!(file(folder.path()).as_deref(), Some(told));
        }
        std::fs::write(folder.path().join(FILE), "x".repeat(9_000)).unwrap();
        assert_eq!(file(folder.path()).unwrap().len(), CHARS);
        std::fs::remove_file(folder.path().join(FILE)).unwrap();
        // A folder of that name stops as well, and a link to nowhere.
        std::fs::create_dir(folder.path().join(FILE)).unwrap();
        assert!(file(folder.path()).is_some());
        std::fs::remove_dir(folder.path().join(FILE)).unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("nowhere", folder.path().join(FILE)).unwrap();
            assert!(file(folder.path()).is_some());
        }
    }

    #[test]
    fn each_switch_stops_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        let halt = |reason: Option<&str>| Halt { since: Timestamp::default(), reason: reason.map(str::to_owned) };
        let asked = |halt| of_all(folder.path(), halt);
        assert_eq!(asked(None), None);
        assert_eq!(asked(Some(halt(Some("all of it")))).as_deref(), Some("all of it"));
        assert_eq!(asked(Some(halt(None))).as_deref(), Some("`puppet halt`"));
        std::fs::write(folder.path().join(FILE), "by file").unwrap();
        assert_eq!(asked(None).as_deref(), Some("by file"));
    }
}
