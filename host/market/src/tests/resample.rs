use super::*;

fn minutes(closes: impl IntoIterator<Item = u64>) -> Candles {
    let bars = closes.into_iter().map(|close| Candle { high: 100 + close, low: 90, ..minute(close, 100) }).collect();
    Candles::new(bars, 60, 2).unwrap()
}

#[test]
fn minutes_become_longer_bars_that_close_on_the_full_hour() {
    let long = minutes(1..=120).resample(3_600).unwrap();
    assert_eq!((long.dropped, long.incomplete), (0, 0));
    let expected = |at, high| Candle { at, open: 100, high, low: 90, close: 100, volume: 60 };
    assert_eq!(
        long.candles.bars(),
        [expected(at("2026-01-05T01:00:00Z"), 160), expected(at("2026-01-05T02:00:00Z"), 220)]
    );
    assert_eq!((long.candles.bar_seconds(), long.candles.price_decimals()), (3_600, 2));
}

#[test]
fn bars_that_are_cut_off_are_dropped_and_holes_are_told() {
    // From the second minute of an hour to the middle of the fourth hour; a hole in the second, none left of the third.
    let closes = (2..=60).chain(61..=100).chain(103..=120).chain(181..=240).chain(241..=250);
    let long = minutes(closes).resample(3_600).unwrap();
    assert_eq!((long.dropped, long.incomplete), (59 + 10, 1));
    let at: Vec<String> = long.candles.bars().iter().map(|bar| bar.at.to_string()).collect();
    assert_eq!(at, ["2026-01-05T02:00:00.000Z", "2026-01-05T04:00:00.000Z"]);
}

#[test]
fn a_length_that_does_not_fit_is_refused() {
    let bars = minutes(1..=30);
    for (seconds, expected) in [
        (0, ResampleError::Length { from: 60, to: 0 }),
        (90, ResampleError::Length { from: 60, to: 90 }),
        (30, ResampleError::Length { from: 60, to: 30 }),
        (3_600, ResampleError::Nothing(3_600)),
    ] {
        assert_eq!(bars.resample(seconds).unwrap_err(), expected);
    }
    assert_eq!(bars.resample(60).unwrap().candles, bars);
    let much = Candles::new((1..=5).map(|n| Candle { volume: u64::MAX / 2, ..minute(n, 1) }).collect(), 60, 0).unwrap();
    assert!(matches!(much.resample(300), Err(ResampleError::Volume(_))));
}
