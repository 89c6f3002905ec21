//! The kill switches of trading: `puppet halt`, the file `HALT` in the data folder, and the operator's word about one purse. A
//! desk asks all of them before every order and before every signature.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use puppet_store::Store;

use super::words;
use crate::trouble::Result;

/// The file that stops all trading as long as it is there.
pub const FILE: &str = "HALT";
/// Bytes of it that are read, and characters of its first line that are told.
const BYTES: u64 = 4_096;
const CHARS: usize = 200;

/// Why the file says that nothing is traded; none where there is no file. One that cannot be read is there all the same.
pub fn file(data: &Path) -> Option<String> {
    let path = data.join(FILE);
    let mut bytes = Vec::new();
    match File::open(&path).and_then(|file| file.take(BYTES).read_to_end(&mut bytes)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        // What cannot be read cannot be asked: it counts as a halt.
        Err(error) => return Some(format!("{}: {error}", path.display())),
        Ok(_) => {}
    }
    let text = String::from_utf8_lossy(&bytes);
    let line: String = text.lines().next().unwrap_or_default().trim().chars().take(CHARS).collect();
    Some(if line.is_empty() { format!("the file {FILE} is in the data folder") } else { line })
}

/// Why nothing is traded at all; none where it may be.
///
/// # Errors
/// The store does not answer: whoever asks takes that for a halt.
pub async fn of_all(store: &dyn Store, data: &Path) -> Result<Option<String>> {
    if let Some(reason) = file(data) {
        return Ok(Some(reason));
    }
    let halt = store.halted().await?;
    Ok(halt.map(|halt| halt.reason.unwrap_or_else(|| "`puppet halt`".to_owned())))
}

/// Why nothing is traded on a purse; none where it may be.
///
/// # Errors
/// The store does not answer: whoever asks takes that for a halt.
pub async fn of_purse(store: &dyn Store, data: &Path, purse: &str) -> Result<Option<String>> {
    if let Some(reason) = of_all(store, data).await? {
        return Ok(Some(reason));
    }
    let halt = words::of(store, purse).await?.halt;
    Ok(halt.map(|halt| halt.reason.unwrap_or_else(|| format!("`puppet wallet halt {purse}`"))))
}

#[cfg(test)]
mod tests {
    use puppet_solana::Network;
    use puppet_store::{
        Change, CommitStore as _, Halt,
        sqlite::{Options, SqliteStore},
    };
    use puppet_types::Timestamp;

    use super::{super::words::Word, *};

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
        // A folder of that name stops as well.
        std::fs::create_dir(folder.path().join(FILE)).unwrap();
        assert!(file(folder.path()).is_some());
    }

    #[tokio::test]
    async fn each_switch_stops_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path(), Options::default()).unwrap();
        let now = Timestamp::from_millis(1);
        let asked = async |purse: &str| of_purse(&store, folder.path(), purse).await.unwrap();
        assert_eq!(asked("main").await, None);
        words::say(&store, "main", &Word::Understood { network: Network::Devnet }, now).await.unwrap();
        words::say(&store, "main", &Word::Halt { reason: None }, now).await.unwrap();
        assert_eq!(asked("main").await.as_deref(), Some("`puppet wallet halt main`"));
        assert_eq!(asked("spare").await, None, "of that purse alone");
        words::say(&store, "main", &Word::Resume, now).await.unwrap();
        let halt = Halt { since: now, reason: Some("all of it".to_owned()) };
        store.apply(vec![Change::Halt(Some(halt))]).await.unwrap();
        assert_eq!(asked("spare").await.as_deref(), Some("all of it"));
        store.apply(vec![Change::Halt(None)]).await.unwrap();
        std::fs::write(folder.path().join(FILE), "by file").unwrap();
        assert_eq!(asked("main").await.as_deref(), Some("by file"));
    }
}
