//! A million bars: files that can still be opened.

use std::collections::BTreeSet;

use super::made;
use crate::report::{self, Report};

#[test]
fn a_million_bars_are_a_page_below_two_megabytes_and_rows_by_the_day() {
    let outcome = made::walk(1_000_000, 60, 2);
    let report = Report::of(&outcome, 0.0);
    let page = report::html(&report, &outcome);
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    // 695 days, the first bar, and the turns of the drawdown.
    assert!((695..=700).contains(&report.equity.len()), "{}", report.equity.len());
    let deepest = report.equity.iter().filter_map(|row| row.drawdown.get()).fold(0.0, f64::max);
    assert_eq!(Some(deepest), report.metrics.max_drawdown.get());
    let times: BTreeSet<_> = report.equity.iter().map(|row| row.at).collect();
    assert_eq!(times.len(), report.equity.len());
    assert_eq!(report.equity.last().map(|row| row.equity), Some(report.end_equity));
    assert!(times.contains(&made::at(86_400_000)), "a day ends at midnight");
}
