//! Why a file cannot be used: which, where in it, and what to do about it.

use std::{fmt, io, path::PathBuf};

use puppet_types::Timestamp;

use crate::{BadRow, CandlesError, ResampleError};

/// A file, a folder or a demand that does not do.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the fields are what the sentences say")]
pub enum DataError {
    #[error("{}: cannot be read: {source}", file.display())]
    Unreadable { file: PathBuf, source: io::Error },
    #[error("{}: there is no such file or folder", file.display())]
    Missing { file: PathBuf },
    #[error("{}: neither CSV nor Parquet by its name", file.display())]
    UnknownFormat { file: PathBuf },
    #[error("{}:{line}: {what}", file.display())]
    NotText { file: PathBuf, line: u64, what: &'static str },
    #[error("{}:{line}: no column for {}; the columns are {}", file.display(), missing.join(", "), Listed(found))]
    MissingColumns { file: PathBuf, line: u64, missing: Vec<&'static str>, found: Vec<String> },
    #[error("{}:{line}: two columns are called `{column}`", file.display())]
    AmbiguousColumn { file: PathBuf, line: u64, column: String },
    #[error("{}:{line}: the column `{column}` says which end of a bar it means, and the other one is demanded", file.display())]
    StampContradicts { file: PathBuf, line: u64, column: String },
    #[error("{}: column `{column}` is of type {kind}, which holds no {wanted}", file.display())]
    ColumnType { file: PathBuf, column: String, kind: String, wanted: &'static str },
    #[error("{}: {count} of {rows} rows are bad, first {}", file.display(), Listed(first))]
    TooManyBadRows { file: PathBuf, count: u64, rows: u64, first: Vec<BadRow> },
    #[error("{}: more than {bound} rows", file.display())]
    TooManyRows { file: PathBuf, bound: usize },
    #[error("{}: not one bar", file.display())]
    NoBars { file: PathBuf },
    #[error("{}: no bar in the time that is asked for; there are bars from {first} to {last}", file.display())]
    NothingBetween { file: PathBuf, first: Timestamp, last: Timestamp },
    #[error("{}: one bar does not say how long it lasts", file.display())]
    BarLengthUnknown { file: PathBuf },
    #[error("{}: most bars are {millis} ms apart, which is no length of a bar", file.display())]
    BarLengthOdd { file: PathBuf, millis: u64 },
    #[error("{}: bars of {found} s, where {wanted} s are demanded", file.display())]
    OtherBarLength { file: PathBuf, found: u32, wanted: u32 },
    #[error("{}: it is compressed with {codec}, which is not read here", file.display())]
    Compression { file: PathBuf, codec: &'static str },
    #[error("{}: damaged: {what}", file.display())]
    Damaged { file: PathBuf, what: String },
    #[error("{}: the name says no market", file.display())]
    MarketName { file: PathBuf },
    #[error("`{market}` is no name of a market")]
    BadMarket { market: String },
    #[error("{}: {wanted} is asked for, and by its name it is of {market}", file.display())]
    OtherMarket { file: PathBuf, market: String, wanted: String },
    #[error("{}: {market} is in {} as well", file.display(), other.display())]
    SameMarket { file: PathBuf, other: PathBuf, market: String },
    #[error("{}: a market is named, and it is a folder of several", folder.display())]
    MarketOfFolder { folder: PathBuf },
    #[error("{}: no file of candles in it", folder.display())]
    EmptyFolder { folder: PathBuf },
    #[error("`{name}` is no time zone")]
    UnknownZone { name: String },
    #[error("{option}: {what}")]
    BadOption { option: &'static str, what: String },
    #[error("{}: {source}", file.display())]
    Candles { file: PathBuf, source: CandlesError },
    #[error("{market}: {source}")]
    Resample { market: String, source: ResampleError },
}

/// A list in one sentence.
struct Listed<'a, T>(&'a [T]);

impl<T: fmt::Display> fmt::Display for Listed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, item) in self.0.iter().enumerate() {
            let mark = if place == 0 { "" } else { "; " };
            write!(f, "{mark}{item}")?;
        }
        Ok(())
    }
}

impl DataError {
    /// kebab-case, for output that programs read.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "unreadable",
            Self::Missing { .. } => "no-such-file",
            Self::UnknownFormat { .. } => "unknown-format",
            Self::NotText { .. } => "not-text",
            Self::MissingColumns { .. } => "missing-columns",
            Self::AmbiguousColumn { .. } => "ambiguous-column",
            Self::StampContradicts { .. } => "stamp-contradicts",
            Self::ColumnType { .. } => "column-type",
            Self::TooManyBadRows { .. } => "too-many-bad-rows",
            Self::TooManyRows { .. } => "too-many-rows",
            Self::NoBars { .. } | Self::EmptyFolder { .. } => "no-candles",
            Self::NothingBetween { .. } => "nothing-between",
            Self::BarLengthUnknown { .. } | Self::BarLengthOdd { .. } => "bar-length-unknown",
            Self::OtherBarLength { .. } => "other-bar-length",
            Self::Compression { .. } => "unknown-compression",
            Self::Damaged { .. } | Self::Candles { .. } => "damaged",
            Self::MarketName { .. } | Self::BadMarket { .. } | Self::MarketOfFolder { .. } => "market-name",
            Self::SameMarket { .. } => "same-market",
            Self::OtherMarket { .. } => "other-market",
            Self::UnknownZone { .. } => "unknown-time-zone",
            Self::BadOption { .. } => "bad-value",
            Self::Resample { .. } => "resample",
        }
    }

    /// The file or folder, where it is one.
    pub fn file(&self) -> Option<&PathBuf> {
        match self {
            Self::Unreadable { file, .. }
            | Self::Missing { file }
            | Self::UnknownFormat { file }
            | Self::NotText { file, .. }
            | Self::MissingColumns { file, .. }
            | Self::AmbiguousColumn { file, .. }
            | Self::StampContradicts { file, .. }
            | Self::ColumnType { file, .. }
            | Self::TooManyBadRows { file, .. }
            | Self::TooManyRows { file, .. }
            | Self::NoBars { file }
            | Self::NothingBetween { file, .. }
            | Self::BarLengthUnknown { file }
            | Self::BarLengthOdd { file, .. }
            | Self::OtherBarLength { file, .. }
            | Self::Compression { file, .. }
            | Self::Damaged { file, .. }
            | Self::MarketName { file }
            | Self::SameMarket { file, .. }
            | Self::OtherMarket { file, .. }
            | Self::Candles { file, .. }
            | Self::MarketOfFolder { folder: file }
            | Self::EmptyFolder { folder: file } => Some(file),
            Self::BadMarket { .. } | Self::UnknownZone { .. } | Self::BadOption { .. } | Self::Resample { .. } => None,
        }
    }

    /// The line, from 1.
    pub fn line(&self) -> Option<u64> {
        match self {
            Self::NotText { line, .. }
            | Self::MissingColumns { line, .. }
            | Self::AmbiguousColumn { line, .. }
            | Self::StampContradicts { line, .. } => Some(*line),
            Self::TooManyBadRows { first, .. } => first.first().map(|row| row.line),
            _ => None,
        }
    }

    /// The column.
    pub fn column(&self) -> Option<&str> {
        match self {
            Self::AmbiguousColumn { column, .. }
            | Self::StampContradicts { column, .. }
            | Self::ColumnType { column, .. } => Some(column),
            Self::TooManyBadRows { first, .. } => first.first().map(|row| row.column.as_str()),
            _ => None,
        }
    }

    /// What to do about it.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "look at its path and its rights",
            Self::Missing { .. } => "look at its path: it is looked for from the folder that you are in",
            Self::UnknownFormat { .. } => "name it .csv, .tsv, .txt or .parquet, as what it is; unpack it first",
            Self::NotText { .. } => "save it as CSV in UTF-8, a bar per line",
            Self::MissingColumns { .. } => {
                "give it a first line with time, open, high, low, close and volume; or say what separates its cells"
            }
            Self::AmbiguousColumn { .. } => "rename or remove one of them",
            Self::StampContradicts { .. } => "leave the demand out, or rename the column to `time`",
            Self::ColumnType { .. } => "export it as numbers or timestamps",
            Self::TooManyBadRows { .. } => "mend the rows, or allow more with --max-bad-rows if they can be left out",
            Self::TooManyRows { .. } => "split the file, or use longer bars",
            Self::NoBars { .. } => "look whether it is the file that is meant",
            Self::NothingBetween { .. } => "ask for a time that the file covers",
            Self::BarLengthUnknown { .. } | Self::BarLengthOdd { .. } => "say how many seconds a bar lasts",
            Self::OtherBarLength { .. } => "leave the demand out, and make longer bars of it afterwards",
            Self::Compression { .. } => "export it with zstd, snappy, gzip, lz4 or none",
            Self::Damaged { .. } | Self::Candles { .. } => "get or export it again",
            Self::MarketName { .. } => {
                "name it after its market, as in SOL-USDC.csv or SOL-USDC-1m.csv, or say which market it is"
            }
            Self::BadMarket { .. } => "write it as SOL/USDC",
            Self::SameMarket { .. } => "put them into one file, or take one of them out of the folder",
            Self::OtherMarket { .. } => "leave the demand out, or give the file a name that says no market",
            Self::MarketOfFolder { .. } => "name one file, or no market",
            Self::EmptyFolder { .. } => "put files into it that are named after their market, as in SOL-USDC.csv",
            Self::UnknownZone { .. } => "use a name of the IANA database, as in Europe/Berlin",
            Self::BadOption { .. } => "give another value",
            Self::Resample { .. } => "give another length, or get data of shorter bars",
        }
    }
}
