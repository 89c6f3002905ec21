//! A deployment that comes through: it is copied, brought back and looked over, its disk is full, it is told to stop.

mod backup;
mod disk;
mod stopping;
mod verify;

use std::path::{Path, PathBuf};

use crate::support::{fixtures, run, simulate};

/// The data folder of two agents that have lived for some days; made once.
fn lived() -> &'static Path {
    static LIVED: std::sync::LazyLock<(crate::support::Kept, PathBuf)> = std::sync::LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap().keep();
        let agents = folder.join("agents");
        std::fs::create_dir(&agents).unwrap();
        for name in ["harbour-watch.json", "orbit-desk.json"] {
            std::fs::copy(fixtures().join("agents").join(name), agents.join(name)).unwrap();
        }
        simulate(&folder.join("out"), &agents, &["--days", "3"]);
        (crate::support::Kept::new(folder.clone()), folder.join("out/data"))
    });
    &LIVED.1
}

/// A copy of a folder of plain files.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// A folder with one agent in it that has not lived yet.
fn imported() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = fixtures().join("agents/harbour-watch.json");
    run(folder.path(), &["agent", "import", file.to_str().unwrap()]).exits(0);
    folder
}

/// SQL on the database of a data folder in which no host runs.
fn sql(data: &Path, text: &str) {
    rusqlite::Connection::open(data.join("puppet.db")).unwrap().execute_batch(text).unwrap();
}

/// One value of it.
fn value<T: rusqlite::types::FromSql>(data: &Path, text: &str) -> T {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let db = rusqlite::Connection::open_with_flags(data.join("puppet.db"), flags).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    db.query_row(text, [], |row| row.get(0)).unwrap()
}
