//! Closed bars in SQLite: one row each, in the order of their market, length and time.

use puppet_types::{Timestamp, trade::Candle};
use rusqlite::{Connection, Row, params};

use super::values::{all, first, limit, of_row, run, signed, time, unsigned};
use crate::{CandleSeries, Result};

const COLUMNS: &str = "market, bar_seconds, at, open, high, low, close, volume";

/// Most bars that go in one transaction: others write in between.
pub(super) const STEP: usize = 10_000;

pub(super) fn put(conn: &Connection, market: &str, bar_seconds: u32, bars: &[Candle]) -> Result<()> {
    const SQL: &str = "INSERT OR REPLACE INTO candles (market, bar_seconds, at, open, high, low, close, volume) \
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    for bar in bars {
        let values = params![
            market,
            bar_seconds,
            bar.at.as_millis(),
            signed(bar.open),
            signed(bar.high),
            signed(bar.low),
            signed(bar.close),
            signed(bar.volume),
        ];
        run(conn, SQL, values)?;
    }
    Ok(())
}

fn candle(row: &Row<'_>) -> Result<Candle> {
    of_row("candles", row, &[0, 1, 2], candle_columns(row))
}

fn candle_columns(row: &Row<'_>) -> Result<Candle> {
    Ok(Candle {
        at: time(row, 2)?,
        open: unsigned(row, 3)?,
        high: unsigned(row, 4)?,
        low: unsigned(row, 5)?,
        close: unsigned(row, 6)?,
        volume: unsigned(row, 7)?,
    })
}

/// Those after `from` and up to `to`, oldest first.
pub(super) fn range(
    conn: &Connection,
    (market, bar_seconds): (&str, u32),
    (from, to): (Option<Timestamp>, Option<Timestamp>),
    bars: usize,
) -> Result<Vec<Candle>> {
    let after = if from.is_some() { "AND at > ?3" } else { "AND ?3 IS NULL" };
    let sql = format!(
        "SELECT {COLUMNS} FROM candles WHERE market = ?1 AND bar_seconds = ?2 {after} AND at <= ?4 ORDER BY at LIMIT ?5"
    );
    let (from, to) = (from.map(Timestamp::as_millis), to.map_or(i64::MAX, Timestamp::as_millis));
    all(conn, &sql, params![market, bar_seconds, from, to, limit(bars)], candle)
}

/// The latest, oldest of them first.
pub(super) fn last(conn: &Connection, market: &str, bar_seconds: u32, bars: usize) -> Result<Vec<Candle>> {
    let sql = format!("SELECT {COLUMNS} FROM candles WHERE market = ?1 AND bar_seconds = ?2 ORDER BY at DESC LIMIT ?3");
    let mut found = all(conn, &sql, params![market, bar_seconds, limit(bars)], candle)?;
    found.reverse();
    Ok(found)
}

/// Counts walk along all bars.
pub(super) fn series(conn: &Connection) -> Result<Vec<CandleSeries>> {
    const SQL: &str = "SELECT market, bar_seconds, count(*), min(at), max(at) FROM candles \
                       GROUP BY market, bar_seconds ORDER BY market, bar_seconds";
    all(conn, SQL, [], |row| {
        Ok(CandleSeries {
            market: row.get(0)?,
            bar_seconds: row.get(1)?,
            bars: unsigned(row, 2)?,
            from: time(row, 3)?,
            to: time(row, 4)?,
        })
    })
}

/// Drops the oldest of those that closed before a time, [`STEP`] at most. How many.
pub(super) fn prune(conn: &Connection, market: &str, bar_seconds: u32, before: Timestamp) -> Result<usize> {
    const NEXT: &str = "SELECT at FROM candles WHERE market = ?1 AND bar_seconds = ?2 AND at < ?3 \
                        ORDER BY at LIMIT 1 OFFSET ?4";
    const SQL: &str = "DELETE FROM candles WHERE market = ?1 AND bar_seconds = ?2 AND at < ?3";
    let before = before.as_millis();
    let stays = first(conn, NEXT, params![market, bar_seconds, before, limit(STEP)], |row| Ok(row.get(0)?))?;
    run(conn, SQL, params![market, bar_seconds, stays.unwrap_or(before)])
}
