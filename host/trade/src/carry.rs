//! Orders to swaps: which is due, what is asked of the exchange for it, and when it is asked again.

use std::time::Duration;

use puppet_backtest::Due;
use puppet_store::PurseEntry;
use puppet_types::Timestamp;
use puppet_types::trade::{OrderKind, Side};
use puppet_wallet::Rule;
use serde_json::json;
use tokio::time::Instant;

use crate::desk::Shared;
use crate::keep::UnderWay;
use crate::want::{nothing, want};
use crate::work::{Again, Work, stopped};
use crate::{DeskError, DeskVenue, ExchangeError, Intent, Told};

/// How long until an exchange that does not answer is asked again: twice as long each time, up to a minute.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How often it is looked whether a person has said yes.
const APPROVAL_PAUSE: Duration = Duration::from_secs(2);

impl Work<'_> {
    /// Carries out what these prices reach, one order after the other, and ends what may not wait for its turn. Nothing in a
    /// paper desk: its book does.
    pub(crate) fn carry_due(&mut self, prices: &[(u32, u64)]) -> Result<(), DeskError> {
        let DeskVenue::Live { now, .. } = &self.plan.venue else { return Ok(()) };
        while self.notes.under_way.is_none() && self.halt_reason().is_none() {
            let Some(due) = self.trader.due(self.now, prices).map_err(stopped)? else {
                return self.store();
            };
            // A market order was decided at one price, and is worth no more than that. What waits for a price has met it now.
            let (since, which) = match due.order.kind {
                OrderKind::Market => (due.since.min(self.now), "the price that it was decided at"),
                _ => (self.now, "the price"),
            };
            match self.too_old(now(), since) {
                Some(seconds) => self.end(&due, Rule::StaleQuote, format!("{which} is {seconds} s old"))?,
                None => self.begin_swap(&due, None)?,
            }
        }
        let why = match self.halt_reason() {
            Some(reason) => format!("it was to be had at once, and trading is halted: {reason}"),
            None => "it was to be had at once, and another swap is under way".to_owned(),
        };
        if self.trader.end_immediate(self.now, &why).map_err(stopped)? {
            self.store()?;
        }
        Ok(())
    }

    /// How old a price is, in seconds, where that is too old to trade at.
    pub(crate) fn too_old(&self, now: Timestamp, since: Timestamp) -> Option<u64> {
        let age = now.millis_since(since);
        (age > self.plan.rules.max_quote_age_seconds.saturating_mul(1_000)).then_some(age / 1_000)
    }

    /// Saves the strategy, stores what is wanted, and asks the exchange for it.
    pub(crate) fn begin_swap(&mut self, due: &Due, intent: Option<Intent>) -> Result<(), DeskError> {
        let market = self.terms.markets.get(due.order.market as usize);
        let amount = intent.as_ref().filter(|_| due.order.side == Side::Buy).map(|intent| intent.amount);
        let wanted = market.and_then(|market| want(market, due, self.plan.rules.max_slippage_bps, amount));
        let Some(want) = wanted else {
            // Whoever asked for it is answered.
            let of = |intent: Intent| UnderWay { number: due.number, want: nothing(&intent), intent: Some(intent) };
            self.notes.under_way = intent.map(of);
            return self.end(due, Rule::MinQuantity, "what it is worth is nothing, or no amount".to_owned());
        };
        self.notes.under_way = Some(UnderWay { number: due.number, want, intent });
        self.trader.save(self.now).map_err(stopped)?;
        self.store()?;
        // Asked again: the store may have taken its time.
        match self.halt_reason() {
            Some(reason) => self.end(due, Rule::KillSwitch, reason),
            None => self.ask_exchange(),
        }
    }

    /// It is time to ask again for what is under way. When it is over, what else is due at the latest prices has its turn.
    pub(crate) fn ask_again(&mut self) -> Result<(), DeskError> {
        if self.notes.under_way.is_some() {
            self.resolve()?;
            if self.notes.under_way.is_none() {
                self.carry_due(&self.last_prices())?;
            }
        }
        self.serve()
    }

    /// Asks for what is under way, also while a halt is on: what is signed is followed to its end, and the exchange signs and
    /// sends nothing then.
    pub(crate) fn resolve(&mut self) -> Result<(), DeskError> {
        self.ask_switch();
        self.ask_exchange()
    }

    /// Prices of the latest moment.
    pub(crate) fn last_prices(&self) -> Vec<(u32, u64)> {
        let is_last = |(number, price): (u32, &Option<(u64, Timestamp)>)| {
            let (price, at) = (*price)?;
            (at == self.now).then_some((number, price))
        };
        (0_u32..).zip(&self.notes.prices).filter_map(is_last).collect()
    }

    /// Asks the exchange for what is under way, and books its answer. Where there is none, it stays under way.
    pub(crate) fn ask_exchange(&mut self) -> Result<(), DeskError> {
        let (Some(UnderWay { number, want, .. }), DeskVenue::Live { exchange, .. }) =
            (self.notes.under_way.clone(), &self.plan.venue)
        else {
            return Ok(());
        };
        let id = format!("{}/{number}", self.plan.purse);
        // The books do not change while this thread waits; what is said from outside does.
        let (room, books) = (self.room, self.books_halt());
        let halted = || room.halt_reason().or_else(|| books.clone());
        match room.runtime.block_on(exchange.swap(&id, &want, &halted)) {
            Ok(swapped) => self.swapped(swapped),
            Err(error) => self.not_known(error),
        }
    }

    /// It is not known how it ended, so it stays under way.
    fn not_known(&mut self, error: ExchangeError) -> Result<(), DeskError> {
        let waits = error.to_string();
        let is_new = self.again.as_ref().is_none_or(|again| again.waits != waits);
        let pause = match &error {
            ExchangeError::Unreachable(_) => {
                self.again.as_ref().map_or(PAUSE, |again| (again.pause * 2).min(LONGEST_PAUSE))
            }
            ExchangeError::Approval { .. } => APPROVAL_PAUSE,
            ExchangeError::Operator(why) => {
                if self.halt_reason().is_none() {
                    self.halt(why);
                    self.keep.add(PurseEntry::Word, self.now, &json!({ "word": "halt", "reason": why }))?;
                }
                LONGEST_PAUSE
            }
        };
        self.wait(pause, waits.clone());
        if is_new {
            self.room.tell(Told::Note(waits));
            self.store()?;
        }
        Ok(())
    }

    fn wait(&mut self, pause: Duration, waits: String) {
        self.again = Some(Again { at: Instant::now() + pause, pause, waits });
        Shared::set(&self.room.shared.view, Some(self.view()));
    }

    /// The latest price of a market, and when it was.
    pub(crate) fn price_of(&self, market: u32) -> Option<(u64, Timestamp)> {
        self.notes.prices.get(market as usize).copied().flatten()
    }
}
