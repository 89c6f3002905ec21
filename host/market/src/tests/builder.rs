use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*};

use super::*;

const MINUTE: u64 = 60_000;

/// So many milliseconds after a full hour.
fn time(millis: u64) -> Timestamp {
    at("2026-01-05T00:00:00Z").plus_millis(millis)
}

fn builder(now: u64) -> BarBuilder {
    BarBuilder::new(60, time(now), None).unwrap()
}

fn price(millis: u64, price: u64) -> Price {
    Price { at: time(millis), price, volume: 1 }
}

/// The price and the clock say the same time.
fn take(builder: &mut BarBuilder, millis: u64, of: u64) -> Seen {
    builder.take(price(millis, of), time(millis))
}

#[test]
fn a_bar_closes_with_the_clock_and_not_with_the_next_price() {
    let mut builder = builder(0);
    for (millis, of) in [(0, 5), (10_000, 9), (20_000, 3), (59_999, 6)] {
        assert_eq!(take(&mut builder, millis, of), Seen::default());
    }
    assert_eq!(builder.close(time(MINUTE - 1)), None);
    let bar = Candle { at: time(MINUTE), open: 5, high: 9, low: 3, close: 6, volume: 4 };
    assert_eq!(builder.close(time(MINUTE)), Some(bar));
    assert_eq!(builder.close(time(MINUTE)), None, "once");
    assert_eq!(builder.closes_at(), time(2 * MINUTE));
}

#[test]
fn a_price_on_the_full_minute_is_of_the_next_bar() {
    let mut builder = builder(0);
    take(&mut builder, 30_000, 5);
    let seen = take(&mut builder, MINUTE, 7);
    assert_eq!(seen.closed.map(|bar| (bar.close, bar.volume)), Some((5, 1)));
    assert_eq!(builder.close(time(2 * MINUTE)).map(|bar| (bar.at, bar.open)), Some((time(2 * MINUTE), 7)));
}

#[test]
fn a_minute_without_a_price_has_no_bar() {
    let mut builder = builder(0);
    take(&mut builder, 1, 5);
    assert_eq!(builder.close(time(5 * MINUTE)).map(|bar| bar.at), Some(time(MINUTE)));
    assert_eq!(builder.close(time(6 * MINUTE)), None);
    take(&mut builder, 6 * MINUTE + 1, 8);
    assert_eq!(builder.close(time(7 * MINUTE)).map(|bar| bar.open), Some(8));
}

#[test]
fn what_is_late_or_no_price_changes_nothing() {
    let mut builder = builder(0);
    take(&mut builder, 1, 5);
    for (of, why) in [(0, LeftOut::Impossible), (MAX_PRICE + 1, LeftOut::Impossible)] {
        assert_eq!(take(&mut builder, 2, of).left_out, Some(why));
    }
    builder.close(time(MINUTE)).unwrap();
    let late = builder.take(price(MINUTE - 1, 99), time(MINUTE + 5));
    assert_eq!(late, Seen { closed: None, left_out: Some(LeftOut::Late) });
    assert_eq!(builder.close(time(2 * MINUTE)), None);
}

#[test]
fn a_source_whose_clock_is_ahead_opens_no_bar_of_the_future() {
    let mut builder = builder(0);
    let seen = builder.take(price(3 * MINUTE, 5), time(10));
    assert_eq!(seen, Seen::default());
    assert_eq!(builder.close(time(MINUTE)).map(|bar| (bar.at, bar.open)), Some((time(MINUTE), 5)));
}

#[test]
fn a_clock_that_goes_back_opens_no_closed_bar_again() {
    let mut builder = builder(0);
    take(&mut builder, 1, 5);
    builder.close(time(MINUTE)).unwrap();
    assert_eq!(take(&mut builder, 30_000, 9).left_out, Some(LeftOut::Late));
    assert_eq!(builder.closes_at(), time(2 * MINUTE));
}

#[test]
fn the_first_bar_is_whole_and_later_than_those_that_are_there() {
    let mut late = builder(1);
    assert_eq!(take(&mut late, 2, 5).left_out, Some(LeftOut::Late), "the minute has begun without us");
    assert_eq!(late.close(time(MINUTE)), None);
    assert_eq!(take(&mut late, MINUTE, 5).left_out, None);

    let mut there = BarBuilder::new(60, time(0), Some(time(2 * MINUTE))).unwrap();
    assert_eq!(take(&mut there, MINUTE, 5).left_out, Some(LeftOut::Late));
    assert_eq!(take(&mut there, 2 * MINUTE, 5).left_out, None);
    for seconds in [0, MAX_BAR_SECONDS + 1] {
        assert_eq!(BarBuilder::new(seconds, time(0), None).unwrap_err(), CandlesError::BarSeconds(seconds));
    }
}

/// What the clock does, what the source says it is, and the price.
type Step = (u64, i64, u64);

/// The same bars, made of all that is in time, and at once.
fn plainly(steps: &[Step], start: u64) -> Vec<Candle> {
    let length = i64::try_from(MINUTE).unwrap();
    let close = |millis: i64| (millis.div_euclid(length) + 1) * length;
    let (mut clock, mut bars) = (i64::try_from(start).unwrap(), BTreeMap::<i64, Vec<(i64, u64)>>::new());
    let first = close(clock - 1);
    for (passed, off, of) in steps {
        clock += i64::try_from(*passed).unwrap();
        let at = (clock + off).min(clock);
        let is_open = close(at) > clock && close(at) > first;
        if is_open && *of > 0 {
            bars.entry(close(at)).or_default().push((at, *of));
        }
    }
    let bar = |(at, mut prices): (i64, Vec<(i64, u64)>)| {
        prices.sort_by_key(|(at, _)| *at);
        let of = |price: &(i64, u64)| price.1;
        Candle {
            at: time(u64::try_from(at).unwrap()),
            open: of(prices.first().unwrap()),
            high: prices.iter().map(of).max().unwrap(),
            low: prices.iter().map(of).min().unwrap(),
            close: of(prices.last().unwrap()),
            volume: prices.len() as u64,
        }
    };
    bars.into_iter().map(bar).collect()
}

proptest! {
    #[test]
    fn bars_are_those_of_a_plain_reckoning(
        steps in vec((0..40_000_u64, -90_000..90_000_i64, 0..50_u64), 0..200),
        start in 0..MINUTE,
    ) {
        let mut builder = builder(start);
        let (mut clock, mut made) = (start, Vec::new());
        for (passed, off, of) in &steps {
            clock += passed;
            let at = time(clock).as_millis() + off;
            let seen = builder.take(Price { at: Timestamp::from_millis(at), price: *of, volume: 1 }, time(clock));
            if let Some(bar) = seen.closed {
                // Of the bar that was over, and of none that is not.
                prop_assert!(bar.at <= time(clock) && time(clock - passed) < bar.at);
                made.push(bar);
            }
        }
        made.extend(builder.close(time(clock + MINUTE)));
        prop_assert_eq!(&made, &plainly(&steps, start));
        // They are bars as everybody else knows them.
        if !made.is_empty() {
            prop_assert!(Candles::new(made, 60, 3).is_ok());
        }
    }
}
