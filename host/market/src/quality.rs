//! How good the data of a market is: what was read, what is missing, what was left out or changed on the way.

use puppet_types::{Digest, Timestamp, counted};
use serde::Serialize;

use crate::{BadRow, Gap};

/// So many places of each kind are told.
pub(crate) const PLACES: usize = 5;

/// What is said of the data of one market. The first nine fields are those of `data[]` in `puppet.backtest/1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quality {
    /// `SOL/USDC`.
    pub market: String,
    /// Of the file.
    pub sha256: Digest,
    /// How many bars there are.
    pub bars: u64,
    /// How long a bar lasts.
    pub bar_seconds: u32,
    /// When the first bar opened.
    pub from: Timestamp,
    /// When the last bar closed.
    pub to: Timestamp,
    /// Bars that are missing between the first and the last.
    pub gaps: u64,
    /// Rows that say again what another one said; they were dropped.
    pub duplicates: u64,
    /// Rows that are no bar; they were left out.
    pub bad_rows: u64,
    /// More of it.
    pub details: Details,
}

/// Where, and what else is to be known of the data of a market.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Details {
    /// Rows of the file, without header and empty lines.
    pub rows: u64,
    /// The first gaps.
    pub first_gaps: Vec<Gap>,
    /// The first bad rows.
    pub first_bad_rows: Vec<BadRow>,
    /// Rows of the same time that say something else; the first of them was kept.
    pub conflicts: u64,
    /// Closes of the first of them.
    pub first_conflicts: Vec<Timestamp>,
    /// Rows that came after a later one. All are sorted.
    pub unsorted_rows: u64,
    /// Bars that are not a whole number of bars after the one before.
    pub irregular: u64,
    /// Rows with a price of more decimals than are kept.
    pub rounded_prices: u64,
    /// Rows with a volume of more decimals than the token has.
    pub rounded_volumes: u64,
    /// Rows with a time that the clock of its zone showed twice; the first is meant.
    pub ambiguous_times: u64,
    /// Bars that were left out as before or after the time that is asked for.
    pub cut: u64,
    /// Lines before the header.
    pub skipped_lines: u64,
    /// Decimals of a price.
    pub price_decimals: u8,
    /// The names of the columns said nothing: they were taken by their places.
    pub no_header: bool,
    /// There is no volume: it is zero.
    pub no_volume: bool,
    /// Prices or volumes were floats, and are the nearest decimal numbers.
    pub floats: bool,
    /// Nobody knows the tokens of this market: their mints and decimals are made up.
    pub made_up_tokens: bool,
}

impl Quality {
    /// Sentences for people, the most important first. Only what is worth a word.
    pub fn sentences(&self) -> Vec<String> {
        let details = &self.details;
        let mut said = vec![format!(
            "{}: {} of {} s from {} to {}",
            self.market,
            counted(self.bars, "bar", "bars"),
            self.bar_seconds,
            self.from,
            self.to
        )];
        let mut say = |count: u64, one: &str, many: &str, places: String| {
            if count > 0 {
                said.push(format!("{}{places}", counted(count, one, many)));
            }
        };
        let gaps = details.first_gaps.iter().map(|gap| format!("{} after {}", gap.bars, gap.after));
        say(self.gaps, "bar is missing", "bars are missing", places(gaps));
        let bad = details.first_bad_rows.iter().map(BadRow::to_string);
        say(self.bad_rows, "bad row was left out", "bad rows were left out", places(bad));
        let conflicts = details.first_conflicts.iter().map(Timestamp::to_string);
        say(
            details.conflicts,
            "row contradicts an earlier one of its time, which was kept",
            "rows contradict an earlier one of their time, which was kept",
            places(conflicts),
        );
        let none = String::new;
        say(self.duplicates, "repeated row was dropped", "repeated rows were dropped", none());
        say(
            details.unsorted_rows,
            "row was out of order; all are sorted",
            "rows were out of order; all are sorted",
            none(),
        );
        say(
            details.irregular,
            "bar is not on the beat of the others",
            "bars are not on the beat of the others",
            none(),
        );
        let decimals = format!(" to {} decimals", details.price_decimals);
        say(details.rounded_prices, "row had its prices rounded", "rows had their prices rounded", decimals);
        say(
            details.rounded_volumes,
            "row had its volume cut to what the token can be split into",
            "rows had their volume cut to what the token can be split into",
            none(),
        );
        say(
            details.ambiguous_times,
            "time was shown twice by its clock, and the first is meant",
            "times were shown twice by their clock, and the first is meant",
            none(),
        );
        say(
            details.cut,
            "bar is outside the time that is asked for",
            "bars are outside the time that is asked for",
            none(),
        );
        say(
            details.skipped_lines,
            "line before the header was skipped",
            "lines before the header were skipped",
            none(),
        );
        for (is_so, sentence) in [
            (details.no_header, "there is no header: columns are time, open, high, low, close, volume"),
            (details.no_volume, "there is no volume: it is zero"),
            (details.floats, "prices or volumes are floats: the nearest decimal numbers are taken"),
            (details.made_up_tokens, "the tokens of this market are not known: their mints and decimals are made up"),
        ] {
            if is_so {
                said.push(sentence.to_owned());
            }
        }
        said
    }
}

fn places(first: impl Iterator<Item = String>) -> String {
    let first: Vec<String> = first.collect();
    if first.is_empty() { String::new() } else { format!(" (first: {})", first.join("; ")) }
}
