//! A deployment goes from one store into another, row by row, and is compared afterwards. It can be broken off at any
//! row and taken up again: rows go in the order of their keys, so that what is there is a first part of what will be.

use crate::{Result, Row, Store, StoreError, TABLES, Table};

/// Rows per step: bounds memory, and how much is done again after a break.
const STEP: usize = 500;

/// How far a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Which table.
    pub table: &'static str,
    /// Whether its rows are compared, rather than written.
    pub compares: bool,
    /// Rows so far, of all tables and in both passes.
    pub done: u64,
    /// Rows in all.
    pub of: u64,
}

/// A table that was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// Which.
    pub table: &'static str,
    /// Its rows.
    pub rows: u64,
    /// How many of them an earlier run had written.
    pub found: u64,
}

/// Why nothing was copied, or not all.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The target has rows of its own.
    #[error("the target is not empty: it has {rows} rows of {table}")]
    NotEmpty {
        /// Of which kind.
        table: &'static str,
        /// How many.
        rows: u64,
    },
    /// The source is half a copy itself.
    #[error("the source is half a copy of {0}")]
    Half(String),
    /// Another copy into the target was broken off.
    #[error("a copy from {0} into the target was broken off")]
    Other(String),
    /// The source was written to meanwhile, or the target was.
    #[error("row {key} of {table} is not the same on both sides: something writes to one of them")]
    Differs {
        /// Where.
        table: &'static str,
        /// Which.
        key: String,
    },
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Copies everything, and compares it. `source` names where it comes from, without secrets: it stands in the target
/// until the copy is whole. Nobody else may write to either side.
///
/// # Errors
/// [`CopyError`]; after one that is not about the target's own rows, the same call takes the copy up again.
pub async fn copy(
    from: &dyn Store,
    to: &dyn Store,
    source: &str,
    mut tell: impl FnMut(Progress),
) -> std::result::Result<Vec<Copied>, CopyError> {
    if let Some(half) = from.copying().await? {
        return Err(CopyError::Half(half));
    }
    begin(to, source).await?;
    let mut rows = Vec::new();
    for table in TABLES {
        rows.push((table, from.row_count(table).await?));
    }
    let mut progress =
        Progress { table: "", compares: false, done: 0, of: 2 * rows.iter().map(|(_, n)| n).sum::<u64>() };
    let mut copied = Vec::new();
    for (table, rows) in rows {
        progress.table = table.name;
        let found = to.row_count(table).await?;
        write(from, to, table, found, |rows| {
            progress.done += rows;
            tell(progress);
        })
        .await?;
        copied.push(Copied { table: table.name, rows, found });
    }
    progress.compares = true;
    for table in TABLES {
        progress.table = table.name;
        compare(from, to, table, |rows| {
            progress.done += rows;
            tell(progress);
        })
        .await?;
    }
    to.set_copying(None).await?;
    Ok(copied)
}

async fn begin(to: &dyn Store, source: &str) -> std::result::Result<(), CopyError> {
    match to.copying().await? {
        Some(found) if found == source => return Ok(()),
        Some(found) => return Err(CopyError::Other(found)),
        None => {}
    }
    for table in TABLES {
        let rows = to.row_count(table).await?;
        if rows > 0 {
            return Err(CopyError::NotEmpty { table: table.name, rows });
        }
    }
    Ok(to.set_copying(Some(source.to_owned())).await?)
}

/// Writes the rows of a table but the first `found`, which are there.
async fn write(
    from: &dyn Store,
    to: &dyn Store,
    table: &'static Table,
    found: u64,
    mut tell: impl FnMut(u64),
) -> Result<()> {
    let (mut after, mut seen) = (None, 0_u64);
    loop {
        let mut rows = from.rows_after(table, after, STEP).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = Some(last.clone());
        let read = rows.len();
        // The last that is there may be half of a step: it is written again.
        let there = usize::try_from(found.saturating_sub(1).saturating_sub(seen)).unwrap_or(usize::MAX).min(read);
        seen += read as u64;
        rows.drain(..there);
        if !rows.is_empty() {
            to.put_rows(table, rows).await?;
        }
        tell(read as u64);
    }
}

async fn compare(
    from: &dyn Store,
    to: &dyn Store,
    table: &'static Table,
    mut tell: impl FnMut(u64),
) -> std::result::Result<(), CopyError> {
    let differs = |row: &Row| CopyError::Differs { table: table.name, key: format!("{:?}", table.key_of(row)) };
    let mut after = None;
    loop {
        let ours = from.rows_after(table, after.clone(), STEP).await?;
        let theirs = to.rows_after(table, after, STEP).await?;
        if let Some((row, _)) = ours.iter().zip(&theirs).find(|(ours, theirs)| ours != theirs) {
            return Err(differs(row));
        }
        if let Some(row) = ours.get(theirs.len()).or_else(|| theirs.get(ours.len())) {
            return Err(differs(row));
        }
        let Some(last) = ours.last() else { return Ok(()) };
        after = Some(last.clone());
        tell(ours.len() as u64);
    }
}
