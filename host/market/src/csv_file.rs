//! Bars of a CSV: its head is looked at for what separates cells and what columns mean, then rows stream by.

use std::io::{self, Read};

use csv::{ByteRecord, Reader, ReaderBuilder, Terminator};
use puppet_types::Digest;

use crate::{
    DataError, Fault, ReadOptions, Separator, Source, Stamp,
    columns::{Columns, Unfit},
    decimal::Decimal,
    intake::{Intake, Row, Scales, Stop},
    source::{LINE_BYTES, NoText, Watched},
    stamp,
};

/// A header is among the first lines, after a title or an address.
const HEAD_LINES: usize = 5;

/// What the first lines say.
#[derive(Debug)]
pub(crate) struct Head {
    separator: Separator,
    columns: Columns,
    /// The first line that may be a bar, from 1.
    first_line: u64,
}

fn unreadable(source: &Source, error: io::Error) -> DataError {
    DataError::Unreadable { file: source.name().to_owned(), source: error }
}

impl Head {
    /// Looks at the first lines.
    pub(crate) fn read(source: &Source, options: &ReadOptions, base: &str) -> Result<Self, DataError> {
        let mut head = Vec::new();
        let mut from = source.open().map_err(|error| unreadable(source, error))?.take(LINE_BYTES as u64);
        from.read_to_end(&mut head).map_err(|error| unreadable(source, error))?;
        let file = || source.name().to_owned();
        if let Some((line, what)) = no_text(&head) {
            return Err(DataError::NotText { file: file(), line, what });
        }
        let text = String::from_utf8_lossy(head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head));
        let first: Vec<(u64, &str)> =
            (1..).zip(text.split('\n')).filter(|(_, line)| !line.trim().is_empty()).take(HEAD_LINES).collect();

        let mut closest: Option<(usize, DataError)> = None;
        for (line, text) in &first {
            for separator in options.separator.map_or(Separator::ALL.to_vec(), |separator| vec![separator]) {
                let names: Vec<String> =
                    text.split(char::from(separator.byte())).map(|cell| unquoted(cell).to_owned()).collect();
                let unfit = match Columns::by_name(&names, options.stamp, base) {
                    Ok(columns) => return Ok(Self { separator, columns, first_line: line + 1 }),
                    Err(unfit) => unfit,
                };
                if let Some(columns) = Columns::by_place(&names) {
                    return Ok(Self { separator, columns, first_line: *line });
                }
                let (file, line) = (file(), *line);
                let (known, error) = match unfit {
                    Unfit::Twice(column) => (usize::MAX, DataError::AmbiguousColumn { file, line, column }),
                    Unfit::Contradicts(column) => (usize::MAX, DataError::StampContradicts { file, line, column }),
                    Unfit::Missing(missing) => {
                        let known = 5 - missing.len();
                        let found = names.iter().take(20).map(|name| shown(name)).collect();
                        (known, DataError::MissingColumns { file, line, missing, found })
                    }
                };
                if closest.as_ref().is_none_or(|(most, _)| known > *most) {
                    closest = Some((known, error));
                }
            }
        }
        Err(closest.map_or_else(|| DataError::NoBars { file: file() }, |(_, error)| error))
    }
}

/// What a file is that is no text of lines, and from which line on.
fn no_text(head: &[u8]) -> Option<(u64, &'static str)> {
    let known: [(&[u8], &'static str); 5] = [
        (b"\xff\xfe", "this is UTF-16"),
        (b"\xfe\xff", "this is UTF-16"),
        (b"PAR1", "this is Parquet, and its name says otherwise"),
        (b"\x1f\x8b", "this is packed with gzip"),
        (b"PK\x03\x04", "this is an archive or a spreadsheet"),
    ];
    if let Some((_, what)) = known.iter().find(|(start, _)| head.starts_with(start)) {
        return Some((1, what));
    }
    let before = &head[..head.iter().position(|byte| *byte == 0)?];
    Some((1 + before.iter().filter(|byte| **byte == b'\n').count() as u64, NoText::Nul.what()))
}

/// As much of a name as fits into a sentence.
fn shown(name: &str) -> String {
    let printable = name.chars().filter(|letter| !letter.is_control()).take(40);
    format!("`{}`", printable.collect::<String>())
}

/// Without the blanks and quotes around it. Nothing that a bar has takes a quote within.
fn unquoted(cell: &str) -> &str {
    let cell = cell.trim();
    cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"')).map_or(cell, str::trim)
}

fn unquoted_bytes(cell: &[u8]) -> &[u8] {
    let cell = cell.trim_ascii();
    match cell {
        [b'"', inner @ .., b'"'] => inner.trim_ascii(),
        _ => cell,
    }
}

/// All rows of a CSV.
pub(crate) fn read<'a>(
    source: &'a Source,
    options: &'a ReadOptions,
    head: &Head,
    scales: Scales,
) -> Result<(Intake<'a>, Digest), Stop> {
    let stamp = head.columns.stamp.or(options.stamp).unwrap_or(Stamp::Open);
    let mut intake = Intake::new(source.name(), options, scales, stamp);
    intake.details.skipped_lines = head.first_line - 1 - u64::from(head.columns.has_header);
    intake.details.no_header = !head.columns.has_header;
    intake.details.no_volume = head.columns.volume.is_none();
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        // A quote that is never closed would swallow the rest of the file.
        .quoting(false)
        // Of a line end in two bytes the first is a blank at the end of the last cell.
        .terminator(Terminator::Any(b'\n'))
        .delimiter(head.separator.byte())
        .buffer_capacity(LINE_BYTES)
        .from_reader(Watched::new(source.open().map_err(|error| unreadable(source, error))?).chain(&b"\n"[..]));
    let mut record = ByteRecord::new();
    let mut rows = Rows::new(&head.columns);
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Err(refused(source, &reader, error).into()),
        }
        // Every line is ended, the last one too: the reader is at the start of the next.
        let line = reader.position().line().saturating_sub(1);
        let is_blank = record.iter().all(|cell| cell.trim_ascii().is_empty());
        if line >= head.first_line && !is_blank {
            rows.take(line, &record, &mut intake)?;
        }
    }
    let digest = reader.into_inner().into_inner().0.digest();
    Ok((intake, digest))
}

fn refused<R: Read>(source: &Source, reader: &Reader<R>, error: csv::Error) -> DataError {
    let line = reader.position().line();
    let file = source.name().to_owned();
    match error.into_kind() {
        csv::ErrorKind::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<NoText>()) {
            Some(why) => DataError::NotText { file, line, what: why.what() },
            None => DataError::Unreadable { file, source: error },
        },
        // Lines of other lengths and bytes that are no text are taken as they are.
        other => DataError::Damaged { file, what: format!("{other:?}") },
    }
}

/// The columns that are read of every line.
struct Rows<'a> {
    columns: &'a Columns,
    names: [&'a str; 5],
}

impl<'a> Rows<'a> {
    fn new(columns: &'a Columns) -> Self {
        let [open, high, low, close] = columns.prices.map(|place| columns.name(place));
        let volume = columns.volume.map_or("", |place| columns.name(place));
        Self { columns, names: [open, high, low, close, volume] }
    }

    fn take(&mut self, line: u64, record: &ByteRecord, intake: &mut Intake<'_>) -> Result<(), Stop> {
        match self.row(line, record, intake) {
            Ok(row) => intake.row(&row, self.names),
            Err((column, fault)) => Ok(intake.bad(line, self.columns.name(column), fault)?),
        }
    }

    fn row(&self, line: u64, record: &ByteRecord, intake: &Intake<'_>) -> Result<Row, (usize, Fault)> {
        let cell = |column: usize| record.get(column).map(unquoted_bytes).ok_or((column, Fault::NoCell));
        let number = |column: usize| Decimal::parse(cell(column)?).map_err(|why| (column, why.into()));
        let time = self.columns.time;
        let at = stamp::parse(cell(time)?, &intake.options.zone).map_err(|why| (time, why.into()))?;
        let [open, high, low, close] = self.columns.prices;
        let prices = [number(open)?, number(high)?, number(low)?, number(close)?];
        let volume = self.columns.volume.map_or(Ok(Decimal::ZERO), number)?;
        Ok(Row { line, at, prices, volume })
    }
}
