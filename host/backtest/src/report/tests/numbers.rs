//! Numbers as people read them.

use super::made;
use crate::{
    Models,
    metrics::Figure,
    report::{monthly, words},
};

#[test]
fn amounts_are_written_with_their_point() {
    for (value, decimals, text) in [
        (0, 6, "0.00"),
        (1, 6, "0.000001"),
        (-1_500_000, 6, "−1.50"),
        (1_234_567_891_234, 6, "1,234,567.89"),
        (12_345_678, 6, "12.3456"),
        (100, 0, "100"),
        (-1_000, 0, "−1,000"),
        (i128::from(u64::MAX), 9, "18,446,744,073.70"),
    ] {
        assert_eq!(words::amount(value, decimals), text);
    }
}

#[test]
fn shares_are_written_as_percent() {
    let of = |value: f64| Figure::of(Some(value));
    assert_eq!(words::gain(of(0.1234)), "+12.34 %");
    assert_eq!(words::gain(of(-12.5)), "−1,250.00 %");
    assert_eq!([words::gain(of(-0.000_001)), words::gain(of(0.000_01))], ["0.00 %", "0.00 %"]);
    assert_eq!((words::percent(Figure::NONE), words::ratio(of(-0.5))), ("–".to_owned(), "−0.50".to_owned()));
}

#[test]
fn lengths_and_models_are_said_in_words() {
    assert_eq!(
        [60, 300, 3_600, 90, 86_400, 604_800].map(words::seconds),
        ["1 minute", "5 minutes", "1 hour", "90 seconds", "1 day", "7 days"]
    );
    assert_eq!([0, 5, 30, 100, 1_250].map(words::bps), ["0 %", "0.05 %", "0.3 %", "1 %", "12.5 %"]);
    let all: Vec<String> = words::models(&Models::free()).into_iter().map(|(_, text)| text).collect();
    assert_eq!(all, ["0 %", "0 %, always", "0 ms", "limits when touched, any volume"]);
}

#[test]
fn a_bar_that_closes_at_midnight_of_the_first_is_of_the_month_before() {
    let months = monthly(&made::small());
    let found: Vec<(&str, Option<f64>)> = months.iter().map(|month| (month.month.as_str(), month.gain.get())).collect();
    // 1,000 to 1,009.40 by the close of 31 January, and to 1,018.74 from there.
    assert_eq!(found, [("2026-01", Some(0.0094)), ("2026-02", Some(0.009_253))]);
}
