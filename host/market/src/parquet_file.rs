//! Bars of a Parquet file: its columns are found by name as those of a CSV, and read side by side in pieces.

use std::{
    fs::File,
    panic::{self, AssertUnwindSafe},
};

use parquet::{
    basic::Compression,
    errors::ParquetError,
    file::reader::{ChunkReader, FileReader as _, SerializedFileReader},
    schema::types::ColumnDescriptor,
};
use puppet_types::Digest;

use crate::{
    DataError, ReadOptions, Source, Stamp,
    columns::{Columns, Unfit},
    decimal::Decimal,
    intake::{Intake, Row, Scales, Stop},
    parquet_column::{Column, Kind},
};

/// Rows that are held of every column at once.
const PIECE: usize = 4_096;

/// All rows of a Parquet file.
pub(crate) fn read<'a>(
    source: &'a Source,
    options: &'a ReadOptions,
    base: &str,
    scales: Scales,
) -> Result<(Intake<'a>, Digest), Stop> {
    let unreadable = |error| DataError::Unreadable { file: source.name().to_owned(), source: error };
    let (digest, _) = Digest::of_reader(source.open().map_err(unreadable)?).map_err(unreadable)?;
    let intake = match source.held() {
        Some(bytes) => unpanicked(source, || read_from(bytes.clone(), source, options, base, scales)),
        None => {
            let file = File::open(source.name()).map_err(unreadable)?;
            unpanicked(source, || read_from(file, source, options, base, scales))
        }
    };
    Ok((intake?, digest))
}

/// The library takes some of what a file says of itself for granted, and panics where it is not so: a damaged file.
fn unpanicked<'a>(source: &Source, read: impl FnOnce() -> Result<Intake<'a>, Stop>) -> Result<Intake<'a>, Stop> {
    // Nothing outlives the call but what it returns.
    panic::catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(Stop::Error(damaged(source, "what it says of itself is not so"))))
}

fn read_from<'a, R: ChunkReader + 'static>(
    from: R,
    source: &'a Source,
    options: &'a ReadOptions,
    base: &str,
    scales: Scales,
) -> Result<Intake<'a>, Stop> {
    let damaged = |error: ParquetError| Stop::Error(damaged(source, &error.to_string()));
    let reader = SerializedFileReader::new(from).map_err(damaged)?;
    let metadata = reader.metadata();
    let schema = metadata.file_metadata().schema_descr_ptr();
    // Lists and what is within something else have no place in a row of a table; they keep theirs, without a name.
    let is_plain = |column: &ColumnDescriptor| column.path().parts().len() == 1 && column.max_rep_level() == 0;
    let names: Vec<String> = schema
        .columns()
        .iter()
        .map(|column| if is_plain(column) { column.name().to_owned() } else { String::new() })
        .collect();
    let columns = columns(source, &names, options, base)?;
    let file = || source.name().to_owned();
    let kind = |place: usize, is_time: bool| {
        let column = schema.column(place);
        let fits = |kind: &Kind| is_time || !matches!(kind, Kind::Ticks { .. } | Kind::Days);
        Kind::of(&column).filter(fits).ok_or_else(|| DataError::ColumnType {
            file: file(),
            column: names[place].clone(),
            kind: column.physical_type().to_string(),
            wanted: if is_time { "time" } else { "number" },
        })
    };
    // Time, open, high, low, close, and the volume if there is one.
    let mut places = vec![(columns.time, kind(columns.time, true)?)];
    for place in columns.prices.into_iter().chain(columns.volume) {
        places.push((place, kind(place, false)?));
    }

    for group in metadata.row_groups() {
        for (place, _) in &places {
            let codec = group.columns().get(*place).map(|column| column.compression());
            if let Some(Compression::BROTLI(_) | Compression::LZO) = codec {
                let codec = if codec == Some(Compression::LZO) { "LZO" } else { "Brotli" };
                return Err(DataError::Compression { file: file(), codec }.into());
            }
        }
    }

    let stamp = columns.stamp.or(options.stamp).unwrap_or(Stamp::Open);
    let mut intake = Intake::new(source.name(), options, scales, stamp);
    intake.details.no_volume = columns.volume.is_none();
    intake.details.floats = places.iter().skip(1).any(|(_, kind)| *kind == Kind::Float);
    let mut line = 0;
    for group in 0..metadata.num_row_groups() {
        let group = reader.get_row_group(group).map_err(damaged)?;
        let mut side_by_side = Vec::with_capacity(places.len());
        for (place, kind) in &places {
            let values = group.get_column_reader(*place).map_err(damaged)?;
            side_by_side.push(Column::new(values, *kind, &schema.column(*place)));
        }
        loop {
            let mut counts = Vec::with_capacity(places.len());
            for column in &mut side_by_side {
                counts.push(column.advance(PIECE).map_err(damaged)?);
            }
            let count = counts.first().copied().unwrap_or(0);
            if counts.iter().any(|other| *other != count) {
                return Err(Stop::Error(self::damaged(source, "its columns are not of one length")));
            }
            if count == 0 {
                break;
            }
            for row in 0..count {
                line += 1;
                take(line, row, &side_by_side, &columns, &mut intake)?;
            }
        }
    }
    Ok(intake)
}

fn take(
    line: u64,
    row: usize,
    side_by_side: &[Column],
    columns: &Columns,
    intake: &mut Intake<'_>,
) -> Result<(), Stop> {
    let [time, open, high, low, close, volume @ ..] = side_by_side else { return Ok(()) };
    let names = columns.prices.map(|place| columns.name(place));
    let [open_name, high_name, low_name, close_name] = names;
    let volume_name = columns.volume.map_or("", |place| columns.name(place));
    let read = || {
        let at = time.time(row, &intake.options.zone).map_err(|fault| (columns.name(columns.time), fault))?;
        let mut prices = [Decimal::ZERO; 4];
        for ((price, column), name) in prices.iter_mut().zip([open, high, low, close]).zip(names) {
            *price = column.number(row).map_err(|fault| (name, fault))?;
        }
        let volume = volume.first().map_or(Ok(Decimal::ZERO), |column| column.number(row));
        Ok(Row { line, at, prices, volume: volume.map_err(|fault| (volume_name, fault))? })
    };
    match read() {
        Ok(row) => intake.row(&row, [open_name, high_name, low_name, close_name, volume_name]),
        Err((column, fault)) => Ok(intake.bad(line, column, fault)?),
    }
}

fn columns(source: &Source, names: &[String], options: &ReadOptions, base: &str) -> Result<Columns, DataError> {
    let (file, line) = (source.name().to_owned(), 0);
    Columns::by_name(names, options.stamp, base).map_err(|unfit| match unfit {
        Unfit::Missing(missing) => {
            let found = names.iter().take(20).map(|name| format!("`{name}`")).collect();
            DataError::MissingColumns { file, line, missing, found }
        }
        Unfit::Twice(column) => DataError::AmbiguousColumn { file, line, column },
        Unfit::Contradicts(column) => DataError::StampContradicts { file, line, column },
    })
}

fn damaged(source: &Source, what: &str) -> DataError {
    DataError::Damaged { file: source.name().to_owned(), what: what.to_owned() }
}
