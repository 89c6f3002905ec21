//! Returns by month, UTC.

use std::collections::BTreeMap;

use puppet_types::Timestamp;
use serde::Serialize;

use super::rows::DAY_MILLIS;
use crate::{Outcome, metrics::Figure};

/// A month of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Month {
    /// `2026-01`.
    pub month: String,
    /// From what was owned when the month before ended, or when the run began, to what was owned at its last bar.
    #[serde(rename = "return")]
    pub gain: Figure,
}

/// Months in order; one without a bar is left out. A bar belongs to the month that it ends in: one that closes at
/// midnight of the first, to the month before.
pub fn monthly(outcome: &Outcome) -> Vec<Month> {
    let mut months: Vec<Month> = Vec::new();
    let Some(first) = outcome.equity.first() else { return months };
    let (mut before, mut last, mut day) = (first.equity, first.equity, None);
    for point in &outcome.equity {
        let within = Timestamp::from_millis(point.at.as_millis() - 1);
        // Months are looked up once a day: there may be a million bars.
        let today = Some(within.as_millis() / DAY_MILLIS);
        if today != day {
            day = today;
            let month: String = within.to_string().chars().take(7).collect();
            if months.last().is_none_or(|known| known.month != month) {
                before = last;
                months.push(Month { month, gain: Figure::NONE });
            }
        }
        last = point.equity;
        if let Some(known) = months.last_mut() {
            known.gain = Figure::of((before > 0).then(|| last as f64 / before as f64 - 1.0));
        }
    }
    months
}

/// A year of them: January first, and all together.
pub(super) struct Year<'a> {
    pub(super) year: &'a str,
    pub(super) months: [Figure; 12],
    pub(super) all: Figure,
}

/// Years in order.
pub(super) fn years(months: &[Month]) -> Vec<Year<'_>> {
    let mut years: BTreeMap<&str, [Figure; 12]> = BTreeMap::new();
    for month in months {
        let Some((year, n)) = month.month.split_once('-').and_then(|(year, n)| Some((year, n.parse::<usize>().ok()?)))
        else {
            continue;
        };
        if let Some(slot) = years.entry(year).or_insert([Figure::NONE; 12]).get_mut(n.wrapping_sub(1)) {
            *slot = month.gain;
        }
    }
    let whole = |(year, months): (_, [Figure; 12])| {
        let gains = months.iter().filter_map(|gain| gain.get()).map(|gain| 1.0 + gain);
        Year { year, months, all: Figure::of(Some(gains.product::<f64>() - 1.0)) }
    };
    years.into_iter().map(whole).collect()
}
