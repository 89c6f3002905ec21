//! What comes of files, clean and dirty.

mod builder;
mod csv;
mod folder;
mod markets;
mod parquet;
mod properties;
mod resample;
mod synthetic;
mod timeline;

use puppet_types::{Timestamp, trade::Candle};

use super::*;

/// A CSV of a market that nobody knows, so that its decimals are found.
fn read_text(text: &str) -> Result<Dataset, DataError> {
    read_with(text, &ReadOptions::default())
}

fn read_with(text: &str, options: &ReadOptions) -> Result<Dataset, DataError> {
    read_source(&Source::bytes("AAA-BBB.csv", text.as_bytes().to_vec()), options, &Markets::built_in())
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A bar of one price that closes so many minutes after 2026-01-05.
fn minute(minutes: u64, price: u64) -> Candle {
    let at = at("2026-01-05T00:00:00Z").plus_millis(minutes * 60_000);
    Candle { at, open: price, high: price, low: price, close: price, volume: 1 }
}
