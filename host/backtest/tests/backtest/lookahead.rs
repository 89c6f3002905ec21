//! The look-ahead check: clean strategies are clean, and one that knows more than its bars is found out.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use puppet_backtest::{Answer, Batch, CUTS, Description, Fault, History, LookAhead, Setup, Strategies, Strategy, View};
use puppet_types::trade::{Denial, Fill, OrderKind, Proposal, Side};

use crate::native::script::order;
use crate::native::sma::Sma;
use crate::native::walk::bars;
use crate::runs::backtest;

const SOL: u64 = 1_000_000_000;

fn check(strategies: &dyn Strategies, threads: usize) -> LookAhead {
    let bars = bars(5, 3_000);
    let history = History::new(&bars, 1).unwrap();
    backtest(strategies).look_ahead(history, CUTS, NonZeroUsize::new(threads).unwrap(), &mut |_| {}).unwrap()
}

#[test]
fn a_strategy_that_sees_closed_bars_only_is_clean() {
    let found = check(&Sma::default, 3);
    assert_eq!((found.cuts, found.differences.len()), (50, 0), "{:?}", found.differences.first());
}

/// It keeps, outside of its instances, how many bars the longest run so far had, and buys ten bars before that end: what
/// is known of the future from anywhere changes decisions.
#[derive(Default)]
struct Peeker {
    longest: Arc<Mutex<u64>>,
}

struct Peek {
    longest: Arc<Mutex<u64>>,
    ends_at: u64,
    seen: u64,
}

impl Strategies for Peeker {
    fn fresh(&self) -> Result<Box<dyn Strategy + '_>, Fault> {
        let ends_at = *self.longest.lock().unwrap();
        Ok(Box::new(Peek { longest: Arc::clone(&self.longest), ends_at, seen: 0 }))
    }
}

impl Strategy for Peek {
    fn describe(&mut self) -> Result<Description, Fault> {
        Ok(Description { min_markets: 1, max_markets: 1, ..Description::default() })
    }
    fn init(&mut self, _: &Setup, _: Option<&[u8]>) -> Result<(), Fault> {
        Ok(())
    }
    fn on_candles(&mut self, _: &Batch<'_>, _: &Arc<View>, answer: &mut Answer) -> Result<(), Fault> {
        self.seen += 1;
        let mut longest = self.longest.lock().unwrap();
        *longest = (*longest).max(self.seen);
        // In the first run nothing is known, and it buys now and then.
        let is_due = if self.ends_at == 0 { self.seen.is_multiple_of(500) } else { self.seen + 10 == self.ends_at };
        if is_due {
            let name = format!("peek-{}", self.seen);
            answer.proposals.push(Proposal::Place(order(&name, Side::Buy, OrderKind::Market, SOL)));
        }
        Ok(())
    }
    fn on_fill(&mut self, _: &Fill, _: &Arc<View>) -> Result<(), Fault> {
        Ok(())
    }
    fn on_denied(&mut self, _: &Denial, _: &Arc<View>) -> Result<(), Fault> {
        Ok(())
    }
    fn save(&mut self) -> Result<Vec<u8>, Fault> {
        Ok(Vec::new())
    }
}

#[test]
fn a_strategy_that_depends_on_how_much_data_there_is_is_found_out() {
    let found = check(&Peeker::default(), 1);
    assert!(found.differences.len() > 30, "{}", found.differences.len());
    let first = &found.differences[0];
    assert!(first.at <= first.cut_at);
    assert_eq!(first.with_all.as_deref(), Some("Buy 1000000000 Market in market 0 as `peek-500`"));
    assert_eq!(first.with_cut, None);
}
