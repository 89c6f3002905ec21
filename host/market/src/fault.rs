//! What can be wrong with one row of a file, and where.

use std::fmt;

use puppet_types::Timestamp;
use serde::{Serialize, Serializer};

use crate::{candles::Impossible, decimal::NotDecimal, stamp::NotTime};

/// Why a row is no bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// A cell with nothing in it.
    Empty,
    /// The row ends before this column.
    NoCell,
    /// Not a number, or one with a comma or spaces in it.
    NotANumber,
    /// Below zero.
    Negative,
    /// More than 64 bits hold in the smallest unit.
    TooLarge,
    /// None of the forms of a time that are known.
    NotATime,
    /// The clock of the time zone was set forward over it.
    SkippedTime,
    /// Before 1980 or after 2099.
    TimeOutOfRange,
    /// A price of zero, or one that rounds to zero.
    ZeroPrice,
    /// The high is below the low.
    HighBelowLow,
    /// The open is not between low and high.
    OpenOutside,
    /// The close is not between low and high.
    CloseOutside,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "is empty",
            Self::NoCell => "is not there: the row ends before it",
            Self::NotANumber => "is no number (a point for decimals, no separators of thousands)",
            Self::Negative => "is negative",
            Self::TooLarge => "is too large",
            Self::NotATime => {
                "is no time that is known (seconds, ms, µs or ns since 1970, RFC 3339, 2026-01-05 15:04:05)"
            }
            Self::SkippedTime => "is a time that the clock of its zone left out",
            Self::TimeOutOfRange => "is not between 1980 and 2099",
            Self::ZeroPrice => "is a price of zero",
            Self::HighBelowLow => "is below the low",
            Self::OpenOutside | Self::CloseOutside => "is not between low and high",
        })
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<NotDecimal> for Fault {
    fn from(why: NotDecimal) -> Self {
        match why {
            NotDecimal::Empty => Self::Empty,
            NotDecimal::NotANumber => Self::NotANumber,
            NotDecimal::Negative => Self::Negative,
        }
    }
}

impl From<NotTime> for Fault {
    fn from(why: NotTime) -> Self {
        match why {
            NotTime::Empty => Self::Empty,
            NotTime::Unreadable => Self::NotATime,
            NotTime::Skipped => Self::SkippedTime,
            NotTime::OutOfRange => Self::TimeOutOfRange,
        }
    }
}

impl From<Impossible> for Fault {
    fn from(why: Impossible) -> Self {
        match why {
            Impossible::Zero => Self::ZeroPrice,
            Impossible::TooLarge => Self::TooLarge,
            Impossible::HighBelowLow => Self::HighBelowLow,
            Impossible::Open => Self::OpenOutside,
            Impossible::Close => Self::CloseOutside,
        }
    }
}

/// A row that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadRow {
    /// The line of a CSV, from 1; the row of a Parquet file, from 1.
    pub line: u64,
    /// Of which column.
    pub column: String,
    /// What is wrong with it.
    pub fault: Fault,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: `{}` {}", self.line, self.column, self.fault)
    }
}

/// Bars that are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The close of the last bar before it.
    pub after: Timestamp,
    /// How many.
    pub bars: u64,
}
