//! Bars and prices as they come: what they do, in which order.

use puppet_backtest::{Bar, Batch, Event};
use puppet_store::PurseEntry;
use puppet_types::Timestamp;

use crate::work::{Work, stopped};
use crate::{DeskError, DeskVenue, Happened, Told};

/// At what each of them closed.
pub(crate) fn closes_of(bars: &[Bar]) -> Vec<(u32, u64)> {
    bars.iter().map(|(market, candle)| (*market, candle.close)).collect()
}

impl Work<'_> {
    /// Bars from before now. Stored once, at the end: until then all of them can be handed over again.
    pub(crate) fn history(&mut self, batches: &[(Timestamp, Vec<Bar>)]) -> Result<Happened, DeskError> {
        let mut has_new = false;
        for (at, bars) in batches {
            if self.is_known(*at) {
                continue;
            }
            self.sound(bars)?;
            self.begin_at(*at);
            self.hand_over(*at, bars, true)?;
            has_new = true;
        }
        if has_new {
            self.trader.save(self.now).map_err(stopped)?;
            self.store()?;
        }
        Ok(Happened { is_passed_over: !has_new, ..std::mem::take(&mut self.happened) })
    }

    /// One bar close.
    pub(crate) fn bars(&mut self, at: Timestamp, bars: &[Bar]) -> Result<Happened, DeskError> {
        if self.is_known(at) {
            let last = self.notes.last_bars.unwrap_or_default();
            self.room.tell(Told::Note(format!("bars of {at} were passed over: the last ones are of {last}")));
            return Ok(Happened { is_passed_over: true, ..Happened::default() });
        }
        self.sound(bars)?;
        self.begin_at(at);
        self.hand_over(at, bars, false)?;
        self.store()?;
        self.carry_due(&closes_of(bars))?;
        self.serve()?;
        Ok(std::mem::take(&mut self.happened))
    }

    /// Prices between bars.
    pub(crate) fn prices(&mut self, at: Timestamp, prices: &[(u32, u64)]) -> Result<Happened, DeskError> {
        self.begin_at(at);
        // What waited for its turn is as old as it is.
        self.see(at, prices);
        self.trader.risk_mut().mark(self.now, prices);
        self.store()?;
        self.carry_due(prices)?;
        self.serve()?;
        Ok(std::mem::take(&mut self.happened))
    }

    fn hand_over(&mut self, at: Timestamp, bars: &[Bar], is_history: bool) -> Result<(), DeskError> {
        let reasons = self.reasons();
        let is_warm_up = is_history || self.trader.batches() < u64::from(self.warm_up);
        self.trader.on_batch(&Batch { at, is_warm_up, bars }).map_err(stopped)?;
        self.see(at, &closes_of(bars));
        self.notes.last_bars = Some(at);
        self.note_events(&reasons)
    }

    /// What happened goes into the log and the answer; fills of the paper book become results.
    pub(crate) fn note_events(&mut self, reasons: &[(u64, String)]) -> Result<(), DeskError> {
        for event in self.trader.take_events() {
            self.keep.add(PurseEntry::Event, self.now, &event)?;
            if let (Event::Filled { order, fill }, DeskVenue::Paper { .. }) = (&event, &self.plan.venue)
                && let Some((_, reason)) = reasons.iter().find(|(number, _)| number == order)
            {
                let result = self.filled_on_paper(*order, fill, reason.clone());
                self.results.extend(result);
            }
            self.happened.events.push(event);
        }
        Ok(())
    }

    /// Why open orders were wanted: after they are filled nobody knows.
    fn reasons(&self) -> Vec<(u64, String)> {
        self.trader.open_orders().map(|(number, order, ..)| (number, order.reason.clone())).collect()
    }

    /// Time does not go back; and the kill switch is asked.
    pub(crate) fn begin_at(&mut self, at: Timestamp) {
        self.now = self.now.max(at);
        self.ask_switch();
    }

    fn see(&mut self, at: Timestamp, prices: &[(u32, u64)]) {
        for (market, price) in prices {
            if let Some(slot) = self.notes.prices.get_mut(*market as usize)
                && *price > 0
            {
                *slot = Some((*price, at));
            }
        }
    }

    /// The purse has the bars of then.
    pub(crate) fn is_known(&self, at: Timestamp) -> bool {
        self.notes.last_bars.is_some_and(|last| at <= last)
    }

    /// At most one bar per market, of markets that are there.
    fn sound(&self, bars: &[Bar]) -> Result<(), DeskError> {
        let most = self.terms.markets.len();
        for (index, (market, _)) in bars.iter().enumerate() {
            let is_twice = bars.iter().take(index).any(|(other, _)| other == market);
            if *market as usize >= most || is_twice {
                return Err(DeskError::Plan(format!("bars of market {market}, which is not there or there twice")));
            }
        }
        if bars.is_empty() { Err(DeskError::Plan("a close without a bar".to_owned())) } else { Ok(()) }
    }
}
