//! The journal of a strategy: what was recorded is answered again, from any save on, and another strategy is told apart.

use std::sync::{Arc, Mutex};

use puppet_backtest::{
    Account, Batch, BatchRecord, Begin, Book, Event, Journal, Models, Saved, Setup, Strategies, Trader, TraderState,
    replay,
};
use puppet_types::trade::{Mint, OrderKind, Side};
use puppet_wallet::{Risk, Rules};

use crate::native::script::{Script, order};
use crate::native::sma::Sma;
use crate::native::walk::{bars, market};

#[derive(Default, Clone)]
pub struct Kept {
    pub batches: Arc<Mutex<Vec<BatchRecord>>>,
    pub saves: Arc<Mutex<Vec<Saved>>>,
}

impl Journal for Kept {
    fn batch(&mut self, record: BatchRecord) {
        self.batches.lock().unwrap().push(record);
    }
    fn saved(&mut self, saved: Saved) {
        self.saves.lock().unwrap().push(saved);
    }
}

pub fn setup(fast: i64) -> Setup {
    let parameters = [("fast", fast), ("slow", 20), ("size", 5_000)].map(|(name, value)| (name.to_owned(), value));
    Setup { parameters: parameters.to_vec(), markets: vec![market()], bar_seconds: 60, seed: 1 }
}

pub fn trader<'s>(strategies: &'s dyn Strategies, kept: &Kept) -> Trader<'s> {
    Trader::begin(begin(strategies, kept)).unwrap()
}

fn begin<'s>(strategies: &'s dyn Strategies, kept: &Kept) -> Begin<'s> {
    let markets = vec![market()];
    let purse = [(Mint::parse(Mint::USDC).unwrap(), 1_000_000_000)];
    Begin {
        strategies,
        fresh: strategies.fresh().unwrap(),
        setup: setup(5),
        saved: None,
        risk: Risk::new(Rules::for_backtest(&markets), markets.clone(), &purse).unwrap(),
        venue: Book::new(markets, Models::default(), 1).into(),
        account: Account::new(1_000_000_000, 1),
        max_faults: 3,
        journal: Some(Box::new(kept.clone())),
    }
}

pub fn drive(trader: &mut Trader<'_>, from: usize, to: usize) {
    for bar in &bars(9, to)[from..] {
        trader.on_batch(&Batch { at: bar.1.at, is_warm_up: false, bars: &[*bar] }).unwrap();
    }
}

#[test]
fn replay_from_any_save_gives_the_same() {
    let kept = Kept::default();
    drive(&mut trader(&Sma::default, &kept), 0, 1_000);
    let (records, saves) = (kept.batches.lock().unwrap(), kept.saves.lock().unwrap());
    assert_eq!(
        saves.iter().map(|saved| saved.after).collect::<Vec<_>>(),
        (1..=10).map(|n| n * 100).collect::<Vec<_>>()
    );
    assert!(records.iter().map(|record| record.orders.len()).sum::<usize>() > 20);
    assert_eq!(records.iter().map(|record| record.seq).collect::<Vec<_>>(), (1..=1_000).collect::<Vec<_>>());

    assert_eq!(replay(&Sma::default, &setup(5), None, &records), Ok(Vec::new()));
    for saved in saves.iter() {
        let after = &records[usize::try_from(saved.after).unwrap()..];
        assert_eq!(replay(&Sma::default, &setup(5), Some(&saved.bytes), after), Ok(Vec::new()), "{}", saved.after);
    }
    let other = replay(&Sma::default, &setup(6), None, &records).unwrap();
    assert!(!other.is_empty() && other.iter().all(|one| one.part == "order"), "{:?}", other.first());
}

#[test]
fn a_batch_that_failed_is_recorded_and_left_out_of_a_replay() {
    let kept = Kept::default();
    let script = Script { traps_at: vec![7], ..Script::default() }
        .place(5, order("a", Side::Buy, OrderKind::Market, 1_000_000_000));
    drive(&mut trader(&script, &kept), 0, 101);
    let records = kept.batches.lock().unwrap();
    let faults: Vec<_> = records.iter().filter(|record| record.fault.is_some()).map(|record| record.seq).collect();
    assert_eq!(faults, [8]);
    assert_eq!(replay(&script, &setup(5), None, &records), Ok(Vec::new()));
    assert_eq!(records[5].told.len(), 1, "the fill is told before the next batch: {:?}", records[5].told);
}

#[test]
fn a_trader_that_was_cut_off_anywhere_goes_on_as_if_nothing_had_happened() {
    let bars = bars(9, 600);
    let drive = |trader: &mut Trader<'_>, from: usize, to: usize| -> Vec<Event> {
        bars[from..to]
            .iter()
            .flat_map(|bar| {
                trader.on_batch(&Batch { at: bar.1.at, is_warm_up: false, bars: &[*bar] }).unwrap();
                trader.events().to_vec()
            })
            .collect()
    };
    let mut whole = trader(&Sma::default, &Kept::default());
    let expected = drive(&mut whole, 0, 600);
    for cut in [1, 57, 100, 101, 333, 599] {
        let kept = Kept::default();
        let mut first = trader(&Sma::default, &kept);
        let mut events = drive(&mut first, 0, cut);
        let state = serde_json::to_string(&first.state()).unwrap();
        let state: TraderState = serde_json::from_str(&state).unwrap();
        let risk = first.risk().clone();
        // What the journal was not told yet is in the record that is not complete.
        first.flush();
        let saved = kept.saves.lock().unwrap().last().cloned();
        let after = saved.as_ref().map_or(0, |saved| usize::try_from(saved.after).unwrap());
        let since = kept.batches.lock().unwrap()[after..].to_vec();
        let begin = Begin { saved: saved.map(|saved| saved.bytes), risk, ..begin(&Sma::default, &kept) };
        let mut second = Trader::resume(begin, state, &since).unwrap();
        events.extend(drive(&mut second, cut, 600));
        assert!(events == expected, "cut after {cut}");
        assert_eq!(second.account(), whole.account());
    }
}
