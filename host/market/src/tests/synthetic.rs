use puppet_types::Digest;

use super::*;

/// As it is written to a file.
fn text(made: &Synthetic) -> String {
    let mut text = Vec::new();
    write_csv(&made.candles().unwrap(), Markets::built_in().get("SOL/USDC").unwrap(), &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn the_same_seed_makes_the_same_bars_everywhere() {
    let made = Synthetic::minutes(7, 5_000);
    assert_eq!(text(&made), text(&made));
    assert_ne!(text(&made), text(&Synthetic { seed: 8, ..made.clone() }));
    // Written down once: another number on any machine is a defect.
    assert_eq!(Digest::of(text(&made).as_bytes()).hex()[..16], *"eef5e77f8de98876");
}

#[test]
fn made_up_bars_look_like_a_market() {
    for seed in 0..8 {
        let made = Synthetic::minutes(seed, 50_000);
        let candles = made.candles().unwrap();
        let bars = candles.bars();
        assert_eq!((bars.len(), candles.from()), (50_000, made.from));
        assert!(
            bars.iter().all(|bar| [bar.open, bar.high, bar.low, bar.close].iter().all(|price| price % made.tick == 0))
        );
        assert!(bars.iter().all(|bar| bar.volume > 0));
        assert!(bars.windows(2).all(|pair| pair[0].close == pair[1].open));
        let moves: Vec<u64> = bars.iter().map(|bar| bar.close.abs_diff(bar.open) * 1_000_000 / bar.open).collect();
        let mean = moves.iter().sum::<u64>() / moves.len() as u64;
        // Millionths in a minute.
        assert!((300..1_500).contains(&mean), "{seed}: {mean}");
        assert!(*moves.iter().max().unwrap() > 8 * mean, "{seed}: no jump");
        // A wild hour is followed by a wild one: hours next to each other are more alike than hours far apart.
        let hours: Vec<u64> = moves.chunks(60).map(|hour| hour.iter().sum()).collect();
        let unlike = |distance: usize| hours.iter().zip(&hours[distance..]).map(|(a, b)| a.abs_diff(*b)).sum::<u64>();
        assert!(unlike(1) * 10 < unlike(200) * 9, "{seed}: volatility comes in no clusters");
    }
}

#[test]
fn prices_stay_within_bounds_over_years_and_in_any_unit() {
    for (start_price, tick, bar_seconds) in
        [(1_000, 1, 86_400), (150_000_000_000, 1, 3_600), (MAX_PRICE, 1, 604_800), (0, 0, 1)]
    {
        let made = Synthetic { start_price, tick, bar_seconds, ..Synthetic::minutes(3, 20_000) };
        let candles = made.candles().unwrap();
        let start = candles.bars()[0].open;
        assert!(candles.bars().iter().all(|bar| bar.low >= start / 101 && bar.high <= start * 101), "{start_price}");
    }
}

#[test]
fn bars_are_missing_where_that_is_asked_for_and_the_reader_finds_them() {
    let made = Synthetic { missing_per_million: 20_000, ..Synthetic::minutes(5, 5_000) };
    let source = Source::bytes("SOL-USDC.csv", text(&made).into_bytes());
    let read = read_source(&source, &ReadOptions::default(), &Markets::built_in()).unwrap();
    assert_eq!(read.candles, made.candles().unwrap());
    let last_are_missing = 5_000 - read.quality.bars - read.quality.gaps;
    assert!((50..150).contains(&read.quality.gaps) && last_are_missing < 5, "{:?}", read.quality.gaps);
}
