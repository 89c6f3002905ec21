//! The file as a whole: whether it is sound (pages, indexes, full text), and a copy of it.

use std::path::Path;

use super::SqliteStore;
use crate::{Result, StoreError};

impl SqliteStore {
    /// How many pages the file has, and what is wrong with them in the words of SQLite, at most so many lines. Reads all
    /// of it and changes nothing.
    pub async fn integrity(&self, most: usize) -> Result<(u64, Vec<String>)> {
        self.scan(move |conn| {
            let pages: i64 = conn.query_row("PRAGMA page_count", [], |row| row.get(0))?;
            let mut check = conn.prepare(&format!("PRAGMA integrity_check({most})"))?;
            let told = check.query_map([], |row| row.get::<_, String>(0)).and_then(Iterator::collect);
            // A page that cannot even be looked at is an error of the statement.
            let lines: Vec<String> = told.unwrap_or_else(|error: rusqlite::Error| vec![error.to_string()]);
            Ok((pages.cast_unsigned(), lines.into_iter().filter(|line| line != "ok").collect()))
        })
        .await
    }

    /// Writes a copy to a file that is not there yet, as everything is at one moment, while others go on writing. What was
    /// deleted is not in it. It is not on disk for sure before its writer has synced it.
    pub async fn copy_to(&self, file: &Path) -> Result<()> {
        let Some(file) = file.to_str().map(str::to_owned) else {
            return Err(StoreError::Open { path: file.to_owned(), reason: "its path is not UTF-8".to_owned() });
        };
        self.scan(move |conn| Ok(conn.execute("VACUUM INTO ?1", [file]).map(drop)?)).await
    }
}
