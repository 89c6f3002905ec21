use super::*;

fn market(closes: impl IntoIterator<Item = u64>) -> Candles {
    Candles::new(closes.into_iter().map(|close| minute(close, 100)).collect(), 60, 2).unwrap()
}

/// Minute and markets of every batch.
fn told(batches: Batches<'_>) -> Vec<(u64, Vec<u32>)> {
    let start = minute(0, 1).at;
    batches
        .map(|batch| {
            assert!(batch.bars.iter().all(|bar| bar.candle.at == batch.at));
            (batch.at.millis_since(start) / 60_000, batch.bars.iter().map(|bar| bar.market).collect())
        })
        .collect()
}

#[test]
fn a_batch_is_all_bars_of_one_close_and_a_market_with_a_gap_is_not_in_it() {
    let (one, two) = (market([1, 2, 4]), market([2, 3, 4]));
    let timeline = Timeline::new(&[&one, &two]).unwrap();
    let expected = [(1, vec![0]), (2, vec![0, 1]), (3, vec![1]), (4, vec![0, 1])];
    assert_eq!(told(timeline.batches()), expected);
    assert_eq!((timeline.markets(), timeline.bar_seconds(), timeline.bars().len()), (2, 60, 6));
    assert_eq!(told(timeline.until(minute(2, 1).at).batches()), expected[..2]);
    assert_eq!(timeline.until(minute(0, 1).at).batches().next(), None);
}

#[test]
fn history_is_whole_for_every_market_before_the_first_batch() {
    let (one, two) = (market(1..=10), market([3, 5, 6, 7, 9]));
    let timeline = Timeline::new(&[&one, &two]).unwrap();
    let (history, batches) = timeline.warmed_up(3, None).unwrap();
    // The second market has its third bar at 6, which is then the end of history for both.
    let bars: Vec<(u64, u32)> =
        history.bars.iter().map(|bar| (bar.candle.at.millis_since(minute(0, 1).at) / 60_000, bar.market)).collect();
    assert_eq!(bars, [(3, 1), (4, 0), (5, 0), (5, 1), (6, 0), (6, 1)]);
    assert_eq!(history.at, minute(6, 1).at);
    assert_eq!(batches.bars_left(), 6);
    assert_eq!(told(batches), [(7, vec![0, 1]), (8, vec![0]), (9, vec![0, 1]), (10, vec![0])]);
}

#[test]
fn a_split_takes_its_history_from_before_it() {
    let one = market(1..=10);
    let timeline = Timeline::new(&[&one]).unwrap();
    let (history, batches) = timeline.warmed_up(2, Some(minute(6, 1).at)).unwrap();
    assert_eq!(history.bars.iter().map(|bar| bar.candle).collect::<Vec<_>>(), [minute(5, 100), minute(6, 100)]);
    assert_eq!(told(batches).first(), Some(&(7, vec![0])));
    let (none, batches) = timeline.warmed_up(0, None).unwrap();
    assert_eq!((none, batches.bars_left()), (WarmUp::default(), 10));
    let (_, batches) = timeline.warmed_up(10, None).unwrap();
    assert_eq!(batches.bars_left(), 0);
    let short = TimelineError::TooShort { place: 0, bars: 10, wanted: 11 };
    assert_eq!(timeline.warmed_up(11, None).unwrap_err(), short);
}

#[test]
fn markets_of_other_bars_do_not_come_together() {
    let (one, two) = (market(1..=10), market(1..=10).resample(300).unwrap().candles);
    let other = TimelineError::BarSeconds { place: 1, first: 60, other: 300 };
    assert_eq!(Timeline::new(&[&one, &two]).unwrap_err(), other);
    assert_eq!(Timeline::new(&[]).unwrap_err(), TimelineError::Empty);
}

#[test]
fn candles_are_what_they_say_or_are_not() {
    let good = [minute(1, 5), minute(2, 5)];
    assert_eq!(Candles::new(good.to_vec(), 60, 2).unwrap().bars(), good);
    let bad = |bar: Candle, why| {
        let error = Candles::new(vec![minute(1, 5), bar], 60, 2).unwrap_err();
        assert_eq!(error, CandlesError::Impossible(1, why));
    };
    bad(Candle { low: 0, ..minute(2, 5) }, Impossible::Zero);
    bad(Candle { high: 4, ..minute(2, 5) }, Impossible::HighBelowLow);
    bad(Candle { open: 6, ..minute(2, 5) }, Impossible::Open);
    bad(Candle { close: 4, ..minute(2, 5) }, Impossible::Close);
    bad(Candle { high: MAX_PRICE + 1, ..minute(2, 5) }, Impossible::TooLarge);
    for (bars, seconds, decimals, error) in [
        (vec![], 60, 2, CandlesError::Empty),
        (good.to_vec(), 0, 2, CandlesError::BarSeconds(0)),
        (good.to_vec(), MAX_BAR_SECONDS + 1, 2, CandlesError::BarSeconds(MAX_BAR_SECONDS + 1)),
        (good.to_vec(), 60, 13, CandlesError::PriceDecimals(13)),
        (vec![minute(1, 5), minute(1, 5)], 60, 2, CandlesError::Unsorted(1)),
        (vec![minute(2, 5), minute(1, 5)], 60, 2, CandlesError::Unsorted(1)),
    ] {
        assert_eq!(Candles::new(bars, seconds, decimals).unwrap_err(), error);
    }
}
