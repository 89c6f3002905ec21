//! How a file is to be read, where it does not say so itself.

use puppet_types::Timestamp;

use crate::{DataError, MAX_BAR_SECONDS, MAX_PRICE_DECIMALS, Zone};

/// Which end of its bar a time stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stamp {
    /// When the bar opened: what exchanges export.
    Open,
    /// When it closed.
    Close,
}

/// What is between two cells of a CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Separator {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// A tab.
    Tab,
}

impl Separator {
    pub(crate) const ALL: [Self; 3] = [Self::Comma, Self::Semicolon, Self::Tab];

    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }
}

/// How a file is read. The default takes what exchanges export.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadOptions {
    /// Of stamps that name no time zone.
    pub zone: Zone,
    /// What stamps mean; none goes by the name of the column, and takes them for the open of the bar.
    pub stamp: Option<Stamp>,
    /// Of a CSV; none looks at its first lines.
    pub separator: Option<Separator>,
    /// The length of the file's bars; none takes the most frequent distance of two.
    pub bar_seconds: Option<u32>,
    /// Decimals of a price; none takes those of the market where it is known, else as many as lose nothing.
    pub price_decimals: Option<u8>,
    /// Only bars that opened at this time or later.
    pub from: Option<Timestamp>,
    /// Only bars that closed at this time or before.
    pub to: Option<Timestamp>,
    /// A file with more bad rows is refused.
    pub max_bad_rows: u64,
    /// The market of a single file; none takes it from the name of the file.
    pub market: Option<String>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            zone: Zone::utc(),
            stamp: None,
            separator: None,
            bar_seconds: None,
            price_decimals: None,
            from: None,
            to: None,
            max_bad_rows: 100,
            market: None,
        }
    }
}

impl ReadOptions {
    pub(crate) fn check(&self) -> Result<(), DataError> {
        let bad = |option, what: String| Err(DataError::BadOption { option, what });
        if let Some(seconds) = self.bar_seconds
            && !(1..=MAX_BAR_SECONDS).contains(&seconds)
        {
            return bad("length of a bar", format!("{seconds} s: it lasts 1 to {MAX_BAR_SECONDS} s"));
        }
        if let Some(decimals) = self.price_decimals
            && decimals > MAX_PRICE_DECIMALS
        {
            return bad("decimals of a price", format!("{decimals}: {MAX_PRICE_DECIMALS} is the most"));
        }
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from >= to
        {
            return bad("time", format!("from {from} to {to}: the end is not after the start"));
        }
        Ok(())
    }
}
