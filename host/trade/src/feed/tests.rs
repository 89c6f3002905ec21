//! Feeds in virtual time: nothing here waits.

mod keeping;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use puppet_backtest::Bar;
use puppet_market::{Markets, Synthetic};
use puppet_store::TradeStore as _;
use puppet_types::{Timestamp, trade::Market};
use tokio::time::Instant;

use super::*;
use keeping::Keeping;

const MINUTE: u64 = 60_000;

fn start() -> Timestamp {
    Timestamp::parse("2026-01-05T00:00:00Z").unwrap()
}

/// Virtual time that begins so many milliseconds after a full minute.
fn clock(after: u64) -> Clock {
    let begun = Instant::now();
    Arc::new(move || start().plus_millis(after + u64::try_from(begun.elapsed().as_millis()).unwrap()))
}

fn market(id: &str) -> Market {
    Markets::built_in().get(id).unwrap().clone()
}

/// Says, one after the other, what was laid down: a price and how old it is, or a reason. The last one again and again.
#[derive(Default)]
struct Said(Mutex<VecDeque<Result<(u64, u64), &'static str>>>);

struct Source {
    clock: Clock,
    of: Vec<(&'static str, Said)>,
}

#[async_trait]
impl Prices for Source {
    async fn price(&self, market: &Market) -> Result<(u64, Timestamp), String> {
        let (_, said) = self.of.iter().find(|(id, _)| *id == market.id).unwrap();
        let answer = {
            let mut said = said.0.lock().unwrap();
            if said.len() > 1 { said.pop_front().unwrap() } else { *said.front().unwrap() }
        };
        match answer {
            // Nobody answers.
            Ok((0, _)) => std::future::pending().await,
            Ok((price, age)) => Ok((price, Timestamp::from_millis((self.clock)().as_millis() - age as i64))),
            Err(why) => Err(why.to_owned()),
        }
    }
}

type Answers = &'static [Result<(u64, u64), &'static str>];

async fn polled(of: &[(&'static str, Answers)], after: u64, store: &Arc<Keeping>) -> Polled {
    let clock = clock(after);
    let said = |(id, answers): &(&'static str, Answers)| (*id, Said(Mutex::new(answers.iter().copied().collect())));
    let source = Source { clock: Arc::clone(&clock), of: of.iter().map(said).collect() };
    let polling = Polling {
        markets: of.iter().map(|(id, _)| market(id)).collect(),
        bar_seconds: 60,
        poll: Duration::from_secs(20),
        max_age: Duration::from_secs(10),
    };
    Polled::new(polling, Arc::new(source), Arc::clone(store) as _, clock).await.unwrap()
}

/// The next tick that is no price.
async fn beside_prices(feed: &mut dyn Feed) -> Result<Tick, FeedError> {
    loop {
        match feed.next().await.unwrap() {
            Ok(Tick::Prices { .. }) => {}
            other => return other,
        }
    }
}

/// Open, high, low and close.
fn prices(bar: &Bar) -> [u64; 4] {
    [bar.1.open, bar.1.high, bar.1.low, bar.1.close]
}

#[tokio::test(start_paused = true)]
async fn prices_become_bars_that_close_on_the_clock_and_are_kept() {
    let store = Arc::new(Keeping::default());
    let sol: Answers = &[Ok((50, 0)), Ok((90, 0)), Ok((40, 0)), Ok((70, 0))];
    let mut feed = polled(&[("SOL/USDC", sol), ("JUP/USDC", &[Ok((5, 0))])], 0, &store).await;
    assert_eq!(feed.next().await.unwrap().unwrap(), Tick::Prices { at: start(), prices: vec![(0, 50), (1, 5)] });
    let closed = start().plus_millis(MINUTE);
    let Tick::Bars { at, bars } = beside_prices(&mut feed).await.unwrap() else { panic!() };
    assert_eq!((at, bars.len()), (closed, 2));
    assert_eq!((prices(&bars[0]), prices(&bars[1])), ([50, 90, 40, 40], [5; 4]));
    assert!(bars.iter().all(|(_, bar)| bar.at == closed && bar.volume == 0));
    assert_eq!(store.bars("SOL/USDC"), [bars[0].1], "before it is handed over");
    // A price on the full minute is of the next bar.
    let Tick::Bars { bars, .. } = beside_prices(&mut feed).await.unwrap() else { panic!() };
    assert_eq!(prices(&bars[0]), [70; 4]);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_is_told_and_prices_come_all_the_same() {
    let (begun, back) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let set = Arc::clone(&back);
    let clock: Clock = Arc::new(move || {
        let millis = i64::try_from(begun.elapsed().as_millis()).unwrap() - set.load(Relaxed) as i64;
        Timestamp::from_millis(start().as_millis() + millis)
    });
    let said = Said(Mutex::new([Ok((50, 0))].into()));
    let source = Source { clock: Arc::clone(&clock), of: vec![("SOL/USDC", said)] };
    let (poll, max_age) = (Duration::from_secs(20), Duration::from_secs(10));
    let polling = Polling { markets: vec![market("SOL/USDC")], bar_seconds: 60, poll, max_age };
    let store = Arc::new(Keeping::default());
    let mut feed = Polled::new(polling, Arc::new(source), store, clock).await.unwrap();
    let Tick::Bars { at, .. } = beside_prices(&mut feed).await.unwrap() else { panic!() };
    back.store(10 * MINUTE, Relaxed);
    let asked = Instant::now();
    assert!(matches!(beside_prices(&mut feed).await, Err(FeedError::Clock { until }) if until == at));
    for _ in 0..3 {
        assert!(matches!(feed.next().await, Some(Ok(Tick::Prices { .. }))));
    }
    assert!(asked.elapsed() < Duration::from_secs(90), "{:?}", asked.elapsed());
    let Tick::Bars { at: next, .. } = beside_prices(&mut feed).await.unwrap() else { panic!() };
    assert_eq!(next, at.plus_millis(MINUTE));
}

#[tokio::test(start_paused = true)]
async fn a_minute_that_began_without_us_has_no_bar() {
    let mut feed = polled(&[("SOL/USDC", &[Ok((50, 0))])], 1, &Arc::new(Keeping::default())).await;
    let Tick::Bars { at, .. } = beside_prices(&mut feed).await.unwrap() else { panic!() };
    assert_eq!(at, start().plus_millis(2 * MINUTE));
}

#[tokio::test(start_paused = true)]
async fn what_fails_or_is_stale_is_told_once_and_makes_no_bar() {
    for (answer, words) in [
        (Err("down"), "SOL/USDC has no price: down"),
        (Ok((50, 10_001)), "the price of SOL/USDC is 10001 ms old"),
        (Ok((0, 0)), "SOL/USDC has no price: no answer in 10000 ms"),
        (Ok((u64::MAX, 0)), "is no price"),
    ] {
        let store = Arc::new(Keeping::default());
        // A minute of it, and then it is well.
        let sol: Answers = Box::leak(Box::new([answer, answer, answer, Ok((70, 0))]));
        let mut feed = polled(&[("SOL/USDC", sol), ("JUP/USDC", &[Ok((5, 0))])], 0, &store).await;
        let told = beside_prices(&mut feed).await.unwrap_err().to_string();
        assert!(told.contains(words) && told.contains("no bar is made up"), "{told}");
        let Tick::Bars { bars, .. } = beside_prices(&mut feed).await.unwrap() else { panic!("{words}") };
        assert_eq!(bars.iter().map(|(market, _)| *market).collect::<Vec<_>>(), [1], "{words}");
        assert!(store.bars("SOL/USDC").is_empty());
        assert_eq!(beside_prices(&mut feed).await.unwrap(), Tick::Well { market: "SOL/USDC".to_owned() });
        let Tick::Bars { bars, .. } = beside_prices(&mut feed).await.unwrap() else { panic!("{words}") };
        assert_eq!(prices(&bars[0]), [70; 4]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_told_once_and_bars_come_all_the_same() {
    let store = Arc::new(Keeping::default());
    store.fails(true);
    let mut feed = polled(&[("SOL/USDC", &[Ok((50, 0))])], 0, &store).await;
    let told = beside_prices(&mut feed).await.unwrap_err();
    assert!(matches!(told, FeedError::Store(_)), "{told}");
    for minute in 1..=3 {
        let Ok(Tick::Bars { at, .. }) = beside_prices(&mut feed).await else { panic!() };
        assert_eq!(at, start().plus_millis(minute * MINUTE));
    }
    store.fails(false);
    beside_prices(&mut feed).await.unwrap();
    assert_eq!(store.bars("SOL/USDC").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn history_is_what_was_kept_lately() {
    let store = Arc::new(Keeping::default());
    let mut feed = polled(&[("SOL/USDC", &[Ok((50, 0))])], 0, &store).await;
    for _ in 0..4 {
        beside_prices(&mut feed).await.unwrap();
    }
    // The clock of the next one goes on where this one was.
    let mut next = polled(&[("SOL/USDC", &[Ok((50, 0))])], 4 * MINUTE + 1, &store).await;
    let times = |history: Vec<Batch>| history.into_iter().map(|(at, _)| at.millis_since(start()) / MINUTE).collect();
    let lately: Vec<u64> = times(next.history(3).await.unwrap());
    assert_eq!(lately, [2, 3, 4]);
    let mut late = polled(&[("SOL/USDC", &[Ok((50, 0))])], 9 * MINUTE, &store).await;
    let lately: Vec<u64> = times(late.history(3).await.unwrap());
    assert_eq!(lately, [3, 4], "no older than twice as long");
    let mut days = polled(&[("SOL/USDC", &[Ok((50, 0))])], 9_000 * MINUTE, &store).await;
    assert!(days.history(3).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_is_dropped_while_it_waits_loses_no_bar() {
    let store = Arc::new(Keeping::default());
    let mut feed = polled(&[("SOL/USDC", &[Ok((50, 0))])], 0, &store).await;
    let mut times = Vec::new();
    // Given up every seven seconds.
    while times.len() < 5 {
        if let Ok(Some(Ok(Tick::Bars { at, .. }))) = tokio::time::timeout(Duration::from_secs(7), feed.next()).await {
            times.push(at.millis_since(start()) / MINUTE);
        }
    }
    assert_eq!(times, [1, 2, 3, 4, 5]);
}

fn synthetic(bars: u32) -> Vec<Bar> {
    let made = Synthetic { missing_per_million: 100_000, ..Synthetic::minutes(7, bars) };
    made.candles().unwrap().bars().iter().map(|bar| (0, *bar)).collect()
}

#[tokio::test(start_paused = true)]
async fn recorded_bars_come_as_they_are_taken_or_so_many_times_as_fast() {
    let bars = synthetic(100);
    for (pace, seconds) in [(Pace::Free, 0), (Pace::Times(60), 99), (Pace::Times(6), 990)] {
        let mut feed = Recorded::new(&bars, pace);
        let (begun, mut taken) = (Instant::now(), Vec::new());
        while let Some(tick) = feed.next().await {
            let Tick::Bars { at, bars } = tick.unwrap() else { panic!() };
            assert!(bars.iter().all(|(_, bar)| bar.at == at));
            taken.extend(bars);
        }
        assert_eq!(taken, bars);
        let passed = bars.last().unwrap().1.at.millis_since(bars[0].1.at) / 1_000;
        let expected = if pace == Pace::Free { 0 } else { passed * seconds / 99 / 60 };
        assert_eq!(begun.elapsed().as_secs(), expected, "{pace:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn history_of_a_record_is_its_beginning_and_a_restart_leaves_out_what_was_handed_over() {
    let bars = synthetic(100);
    let mut feed = Recorded::new(&bars, Pace::Free);
    let all = feed.left();
    let history = feed.history(10).await.unwrap();
    assert_eq!((history.len(), feed.left()), (10, all - 10));
    let Some(Ok(Tick::Bars { at, .. })) = feed.next().await else { panic!() };
    assert!(history.iter().all(|(before, _)| *before < at));

    let mut again = Recorded::new(&bars, Pace::Free);
    assert_eq!(again.skip(at), 11);
    let Some(Ok(Tick::Bars { at: next, .. })) = again.next().await else { panic!() };
    assert!(next > at);
    assert_eq!(Recorded::new(&bars, Pace::Free).history(1_000).await.unwrap().len(), all, "as many as there are");
}

#[tokio::test]
async fn what_is_kept_is_read_back_in_pages_and_what_is_not_there_is_named() {
    let store = Keeping::default();
    let minutes = Synthetic::minutes(3, 25_000).candles().unwrap();
    let sol = market("SOL/USDC");
    store.put_candles("SOL/USDC", 60, minutes.bars()).await.unwrap();
    assert_eq!(kept(&store, &sol, 60, (None, None)).await.unwrap(), minutes);

    let (from, to) = (minutes.bars()[99].at, minutes.bars()[200].at);
    let part = kept(&store, &sol, 60, (Some(from), Some(to))).await.unwrap();
    assert_eq!(Some(part), minutes.within(Some(from), Some(to)));

    let told = |error: KeptError| error.to_string();
    let other = told(kept(&store, &market("JUP/USDC"), 60, (None, None)).await.unwrap_err());
    assert_eq!(other, "the store has no bars of 60 s of JUP/USDC; it has SOL/USDC of 60 s");
    let longer = told(kept(&store, &sol, 3_600, (None, None)).await.unwrap_err());
    assert!(longer.contains("no bars of 3600 s of SOL/USDC; it has SOL/USDC of 60 s"), "{longer}");
    let later = told(kept(&store, &sol, 60, (Some(minutes.to()), None)).await.unwrap_err());
    assert!(later.contains("in that time"), "{later}");
    let nothing = told(kept(&Keeping::default(), &sol, 60, (None, None)).await.unwrap_err());
    assert!(nothing.ends_with("it has none at all"), "{nothing}");
}
