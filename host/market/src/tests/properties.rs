use proptest::{collection::vec, prelude::*};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng as _;

use super::*;

fn bar() -> impl Strategy<Value = (u32, [u64; 4], u64)> {
    (0..100_000_u32, [1..=1_000_000_u64, 1..=1_000_000, 1..=1_000_000, 1..=1_000_000], 0..1_000_000_000_000_u64)
}

/// Possible bars, one per minute at most, at least two of them next to each other.
fn bars() -> impl Strategy<Value = Vec<Candle>> {
    vec(bar(), 2..40).prop_map(|made| {
        let mut bars: Vec<Candle> = made
            .into_iter()
            .map(|(minutes, mut prices, volume)| {
                prices.sort_unstable();
                let [low, open, close, high] = prices;
                Candle { open, high, low, close, volume, ..minute(1 + u64::from(minutes), 1) }
            })
            .collect();
        let next = bars[0].at.plus_millis(60_000);
        bars.push(Candle { at: next, ..bars[0] });
        bars.sort_by_key(|bar| bar.at);
        bars.dedup_by_key(|bar| bar.at);
        bars
    })
}

fn market() -> puppet_types::trade::Market {
    Markets::built_in().get("SOL/USDC").unwrap().clone()
}

fn written(candles: &Candles) -> String {
    let mut text = Vec::new();
    write_csv(candles, &market(), &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

fn options(price_decimals: Option<u8>) -> ReadOptions {
    ReadOptions { price_decimals, bar_seconds: Some(60), ..ReadOptions::default() }
}

fn of_sol(text: &str, options: &ReadOptions) -> Result<Dataset, DataError> {
    read_source(&Source::bytes("SOL-USDC.csv", text.as_bytes().to_vec()), options, &Markets::built_in())
}

proptest! {
    #[test]
    fn what_is_written_is_what_is_read(bars in bars(), decimals in 0..=12_u8) {
        let candles = Candles::new(bars, 60, decimals).unwrap();
        let read = of_sol(&written(&candles), &options(Some(decimals))).unwrap();
        prop_assert_eq!(read.candles, candles);
        prop_assert_eq!(read.quality.details.rounded_prices + read.quality.details.rounded_volumes, 0);
    }

    #[test]
    fn decimals_that_are_found_lose_nothing(bars in bars(), decimals in 0..=12_u8) {
        let candles = Candles::new(bars, 60, decimals).unwrap();
        let read = read_with(&written(&candles), &options(None)).unwrap();
        let found = read.market.price_decimals;
        prop_assert_eq!(read.quality.details.rounded_prices, 0);
        for (bar, was) in read.candles.bars().iter().zip(candles.bars()) {
            let (one, other) = (10_u128.pow(u32::from(decimals)), 10_u128.pow(u32::from(found)));
            prop_assert_eq!(u128::from(bar.close) * one, u128::from(was.close) * other);
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(bars in bars(), seed: u64) {
        let text = written(&Candles::new(bars, 60, 3).unwrap());
        let mut lines: Vec<&str> = text.lines().collect();
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        for place in (2..lines.len()).rev() {
            let other = 1 + usize::try_from(random.next_u64() % u64::try_from(place).unwrap()).unwrap();
            lines.swap(place, other);
        }
        let (one, other) = (read_with(&text, &options(None)).unwrap(), read_with(&lines.join("\n"), &options(None)).unwrap());
        prop_assert_eq!(one.candles, other.candles);
        prop_assert_eq!(one.market, other.market);
        prop_assert_eq!(one.quality.gaps, other.quality.gaps);
    }

    #[test]
    fn batches_hold_every_bar_once_and_in_order(one in bars(), two in bars(), wanted in 0..3_u32) {
        let (one, two) = (Candles::new(one, 60, 3).unwrap(), Candles::new(two, 60, 3).unwrap());
        let timeline = Timeline::new(&[&one, &two]).unwrap();
        let all: Vec<Bar> = timeline.batches().flat_map(|batch| batch.bars.to_vec()).collect();
        prop_assert_eq!(all.len(), one.bars().len() + two.bars().len());
        prop_assert!(timeline.batches().map(|batch| batch.at).is_sorted_by(|one, next| one < next));
        for (market, candles) in [(0, &one), (1, &two)] {
            let of_market: Vec<Candle> = all.iter().filter(|bar| bar.market == market).map(|bar| bar.candle).collect();
            prop_assert_eq!(&of_market, candles.bars());
        }
        let (history, mut batches) = timeline.warmed_up(wanted, None).unwrap();
        for market in [0, 1] {
            prop_assert_eq!(history.bars.iter().filter(|bar| bar.market == market).count(), wanted as usize);
        }
        prop_assert!(history.bars.iter().all(|bar| bar.candle.at <= history.at));
        prop_assert!(batches.next().is_none_or(|batch| wanted == 0 || batch.at > history.at));
    }

    #[test]
    fn longer_bars_hold_what_the_shorter_ones_did(bars in bars()) {
        let candles = Candles::new(bars, 60, 3).unwrap();
        if let Ok(long) = candles.resample(300) {
            let within = |bar: &Candle, from, to| bar.at > from && bar.at <= to;
            for bar in long.candles.bars() {
                let from = long.candles.opened(bar);
                let parts: Vec<&Candle> = candles.bars().iter().filter(|part| within(part, from, bar.at)).collect();
                prop_assert_eq!(bar.open, parts[0].open);
                prop_assert_eq!(bar.close, parts[parts.len() - 1].close);
                prop_assert_eq!(bar.high, parts.iter().map(|part| part.high).max().unwrap());
                prop_assert_eq!(bar.volume, parts.iter().map(|part| part.volume).sum::<u64>());
            }
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), decimals in proptest::option::of(0..20_u8)) {
        let _ = read_with(&text, &options(decimals));
        let _ = read_with(&format!("time,open,high,low,close,volume\n{text}"), &options(decimals));
        let _ = Markets::with_file(&text);
        let _ = Zone::parse(&text);
    }
}

/// Dirt of every kind is put into a clean file, all of it is shuffled, and exactly that is told.
#[test]
fn the_dirt_that_is_in_a_file_is_the_dirt_that_is_told() {
    for seed in 0..20 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut below = |bound: usize| usize::try_from(random.next_u64()).unwrap() % bound;
        let text = written(&Synthetic::minutes(seed, 400).candles().unwrap());
        let (header, rows) = text.split_once('\n').unwrap();
        let mut rows: Vec<String> = rows.lines().map(str::to_owned).collect();
        // Neither the first nor the last: what is missing there cannot be seen.
        let gaps = below(20);
        for _ in 0..gaps {
            drop(rows.remove(1 + below(rows.len() - 2)));
        }
        let clean = rows.clone();
        let duplicates = below(20);
        rows.extend((0..duplicates).map(|_| clean[below(clean.len())].clone()));
        let bad = below(20);
        rows.extend((0..bad).map(|place| match place % 4 {
            0 => clean[below(clean.len())].replace(',', ",-"),
            1 => "2024-01-01T00:00:00Z,5,1,9,5,1".to_owned(),
            2 => "n/a,1,1,1,1,1".to_owned(),
            _ => "2024-01-01T00:00:00Z,5".to_owned(),
        }));
        for place in (1..rows.len()).rev() {
            rows.swap(place, below(place + 1));
        }
        let quality = read_with(&format!("{header}\n{}", rows.join("\n")), &ReadOptions::default()).unwrap().quality;
        let told = [quality.gaps, quality.duplicates, quality.bad_rows, quality.bars, quality.details.conflicts];
        assert_eq!(
            told.map(|count| usize::try_from(count).unwrap()),
            [gaps, duplicates, bad, clean.len(), 0],
            "{seed}"
        );
    }
}

/// A clean file with bytes of it changed, taken out, repeated and put in, many times over.
#[test]
fn no_damage_to_a_file_makes_it_panic() {
    let clean = written(&Synthetic::minutes(1, 30).candles().unwrap()).into_bytes();
    let pieces: [&[u8]; 12] =
        [b"\n", b",", b";", b"\0", b"\"", b"-", b"1e99", b".", b"\xff\xfe", b"9999999999999999999999", b"\r", b"NaN"];
    let mut random = ChaCha8Rng::seed_from_u64(6);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..4_000 {
        let mut bytes = clean.clone();
        for _ in 0..=random.next_u64() % 6 {
            let place = usize::try_from(random.next_u64()).unwrap() % bytes.len();
            let end = (place + usize::try_from(random.next_u64() % 40).unwrap()).min(bytes.len());
            match random.next_u64() % 5 {
                0 => bytes[place] = random.next_u64().to_le_bytes()[0],
                1 => drop(bytes.drain(place..end)),
                2 => {
                    let again = bytes[place..end].to_vec();
                    drop(bytes.splice(place..place, again));
                }
                3 => bytes.truncate(place.max(1)),
                _ => {
                    let piece = pieces[usize::try_from(random.next_u64()).unwrap() % pieces.len()];
                    drop(bytes.splice(place..place, piece.iter().copied()));
                }
            }
            if bytes.is_empty() {
                break;
            }
        }
        match read_source(&Source::bytes("AAA-BBB.csv", bytes), &ReadOptions::default(), &Markets::built_in()) {
            Ok(data) => {
                read += 1;
                // Whatever was read is what it says.
                let again = Candles::new(data.candles.bars().to_vec(), data.candles.bar_seconds(), 0);
                assert!(again.is_ok() && data.quality.bars == again.unwrap().bars().len() as u64);
            }
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().is_empty() && !error.remedy().is_empty());
            }
        }
    }
    assert!(read > 500 && refused > 50, "{read} were read and {refused} refused: the damage is of one kind");
}

#[test]
fn random_bytes_are_refused() {
    let mut random = ChaCha8Rng::seed_from_u64(9);
    for length in 0..600 {
        let mut bytes = vec![0; length * 7];
        random.fill_bytes(&mut bytes);
        for name in ["AAA-BBB.csv", "AAA-BBB.parquet"] {
            let source = Source::bytes(name, bytes.clone());
            assert!(read_source(&source, &ReadOptions::default(), &Markets::built_in()).is_err());
        }
    }
}
