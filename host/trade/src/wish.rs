//! Swaps that are not the strategy's: a personality's and an operator's. They pass the same risk engine and the same door, one
//! at a time, and an id is carried out once.

use std::collections::VecDeque;

use puppet_backtest::Carried;
use puppet_types::trade::{Denial, Market, Order, OrderKind, Rounding, Side, TimeInForce};
use puppet_wallet::{Origin, Rule, Seen};
use tokio::sync::oneshot;

use crate::keep::unreadable;
use crate::paper::on_paper;
use crate::want::{base_for, find_market, nothing};
use crate::work::Work;
use crate::{DeskError, DeskVenue, Intent, SwapResult};

type Answer = oneshot::Sender<Result<SwapResult, DeskError>>;

/// How many intents may wait for their turn. Each is a swap of up to a minute.
const QUEUED: usize = 64;
/// How many may wait for an answer. Several may ask for the same.
const ASKERS: usize = 256;

/// Who waits for what.
#[derive(Default)]
pub(crate) struct Wishes {
    /// Not begun yet: something else is under way.
    queue: VecDeque<Intent>,
    /// By id.
    waiting: Vec<(String, Answer)>,
}

impl Wishes {
    pub(crate) fn answer(&mut self, id: &str, result: &SwapResult) {
        let (of_it, others) = std::mem::take(&mut self.waiting).into_iter().partition(|(of, _)| of == id);
        self.waiting = others;
        for (_, answer) in of_it {
            // Whoever gave up hears of it as an event.
            let _ = answer.send(Ok(result.clone()));
        }
    }
    /// How many ask, where it is too many for one more. Whoever gave up asks no more.
    fn is_full(&mut self, is_new: bool) -> Option<usize> {
        self.waiting.retain(|(_, answer)| !answer.is_closed());
        let is_full = self.waiting.len() >= ASKERS || (is_new && self.queue.len() >= QUEUED);
        is_full.then_some(self.waiting.len().max(self.queue.len()))
    }
    /// Nobody will carry them out here.
    pub(crate) fn gone(&mut self, error: &DeskError) {
        for (_, answer) in self.waiting.drain(..) {
            let _ = answer.send(Err(error.clone()));
        }
    }
}

impl Work<'_> {
    /// Takes an intent in; it is answered when it is over.
    pub(crate) fn wish(&mut self, intent: Intent, answer: Answer) -> Result<(), DeskError> {
        let is_it = |other: &Intent| other.id == intent.id;
        let under_way = self.notes.under_way.as_ref().and_then(|under_way| under_way.intent.as_ref());
        let is_there = under_way.is_some_and(is_it) || self.wishes.queue.iter().any(is_it);
        let known = if is_there { None } else { self.known(&intent)? };
        let answered = known.map(Ok).or_else(|| self.wishes.is_full(!is_there).map(|many| Err(DeskError::Busy(many))));
        if let Some(answered) = answered {
            // Whoever gave up has no use for it.
            let _ = answer.send(answered);
            return Ok(());
        }
        self.wishes.waiting.push((intent.id.clone(), answer));
        if !is_there {
            self.wishes.queue.push_back(intent);
        }
        self.serve()
    }

    /// What an id was answered before, however long ago.
    fn known(&self, intent: &Intent) -> Result<Option<SwapResult>, DeskError> {
        if let Some(result) = self.notes.answer_of(&intent.id) {
            return Ok(Some(result.clone()));
        }
        if !self.trader.was_asked(&intent.id) {
            return Ok(None);
        }
        let Some(mut body) = self.keep.old_answer(&intent.id)? else { return Ok(None) };
        let read = |error: serde_json::Error| unreadable(&self.plan.purse, &error);
        if body["event"] == "swap" {
            return serde_json::from_value(body["result"].take()).map(Some).map_err(read);
        }
        let denial: Denial = serde_json::from_value(body["denial"].take()).map_err(read)?;
        Ok(Some(self.denied(intent, denial)))
    }

    /// The risk engine says no.
    fn denied(&self, intent: &Intent, denial: Denial) -> SwapResult {
        let found = self.found(intent);
        let found = found.as_ref().map(|(_, market, side)| (market, *side));
        let Denial { at, rule, detail, retry_at, .. } = denial;
        SwapResult { at, retry_at, ..self.refused(intent, found, (rule, detail)) }
    }

    /// An intent that waits is waited for no more. Answers whether there was one.
    pub(crate) fn take_back(&mut self, id: &str) -> Result<bool, DeskError> {
        if !self.room.shared.taken_back().remove(id) {
            // Its turn came meanwhile, and found that.
            return Ok(true);
        }
        let place = self.wishes.queue.iter().position(|intent| intent.id == id);
        let Some(intent) = place.and_then(|place| self.wishes.queue.remove(place)) else { return Ok(false) };
        self.refuse(&intent, Rule::NotFilled, TAKEN_BACK.to_owned())?;
        Ok(true)
    }

    /// Begins what waits, as long as nothing is under way.
    pub(crate) fn serve(&mut self) -> Result<(), DeskError> {
        while self.notes.under_way.is_none()
            && let Some(intent) = self.wishes.queue.pop_front()
        {
            self.begin_wish(intent)?;
        }
        Ok(())
    }

    fn begin_wish(&mut self, intent: Intent) -> Result<(), DeskError> {
        self.begin_at(intent.at);
        if self.room.shared.taken_back().remove(&intent.id) {
            return self.refuse(&intent, Rule::NotFilled, TAKEN_BACK.to_owned());
        }
        let Some((number, market, side)) = self.found(&intent) else {
            return self.refuse(&intent, Rule::UnknownMarket, "no market trades these two tokens".to_owned());
        };
        if let DeskVenue::Live { now, .. } = &self.plan.venue {
            // What was asked for, and the price it is judged by, are as old as they are: it may have waited for its turn.
            let price_at = self.price_of(number).map_or(intent.at, |(_, at)| at);
            if let Some(seconds) = self.too_old(now(), price_at.min(intent.at)) {
                let why = match price_at < intent.at {
                    true => format!("the price is {seconds} s old"),
                    false => format!("it was asked for {seconds} s ago"),
                };
                return self.refuse(&intent, Rule::StaleQuote, why);
            }
        }
        let (order, seen) = self.as_order(&intent, number, &market, side);
        let due = match self.trader.propose(order, origin_of(&intent), &seen) {
            Ok(due) => due,
            Err(denial) => {
                let result = self.denied(&intent, denial);
                return self.answer_wish(&intent.id, result);
            }
        };
        match &self.plan.venue {
            DeskVenue::Live { .. } => self.begin_swap(&due, Some(intent)),
            DeskVenue::Paper { models, .. } => {
                let carried = on_paper(models, self.terms.seed, &market, &due, self.trader.last(number), intent.amount);
                let (amounts, why) = match &carried {
                    Carried::Filled { gave, took } => (Some((*gave, *took)), Default::default()),
                    Carried::Not { rule, detail } => (None, (rule.code().to_owned(), detail.clone())),
                };
                let want = crate::keep::UnderWay { number: due.number, want: nothing(&intent), intent: Some(intent) };
                self.notes.under_way = Some(want);
                let result = self.result_of(&due, amounts, None, why)?;
                self.over(&due, carried, result, 0)
            }
        }
    }

    fn as_order(&self, intent: &Intent, number: u32, market: &Market, side: Side) -> (Order, Seen) {
        let (price, price_at) = self.price_of(number).unwrap_or_default();
        let quantity = match side {
            Side::Sell => intent.amount,
            // What is held for it covers the amount; nothing is bought that is worth nothing.
            Side::Buy if intent.amount == 0 => 0,
            Side::Buy => base_for(market, intent.amount, price.max(1), Rounding::Up).unwrap_or(u64::MAX),
        };
        let risk = self.trader.risk();
        let selling = risk.open().filter(|held| held.market == number && held.side == Side::Sell);
        let promised = selling.fold(0_u64, |sum, held| sum.saturating_add(held.quantity));
        let is_exit = side == Side::Sell && quantity <= risk.position(number).quantity.saturating_sub(promised);
        let order = Order {
            client_id: intent.id.clone(),
            market: number,
            side,
            kind: OrderKind::Market,
            quantity,
            reduce_only: is_exit,
            time_in_force: TimeInForce::Ioc,
            expires_at: None,
            max_slippage_bps: intent.max_slippage_bps,
            reason: intent.reason.clone(),
        };
        let (second, trending_at) = (intent.second.or_else(|| self.trader.second(number)), intent.trending_at);
        (order, Seen { now: self.now, price, price_at, second, trending_at })
    }

    /// The market that trades what an intent names, and which way.
    fn found(&self, intent: &Intent) -> Option<(u32, Market, Side)> {
        let found = find_market(&self.terms.markets, &intent.in_mint, &intent.out_mint);
        found.map(|(number, market, side)| (number, market.clone(), side))
    }

    /// It ends before it was proposed. The log has it, since the risk engine does not.
    fn refuse(&mut self, intent: &Intent, rule: Rule, why: String) -> Result<(), DeskError> {
        let found = self.found(intent);
        let found = found.as_ref().map(|(_, market, side)| (market, *side));
        let result = self.refused(intent, found, (rule.code().to_owned(), why));
        self.trader.answered(&intent.id);
        self.keep.add_ended(self.now, &result)?;
        self.answer_wish(&intent.id, result)
    }

    /// It ends before it was begun.
    fn answer_wish(&mut self, id: &str, result: SwapResult) -> Result<(), DeskError> {
        self.notes.remember(result.clone());
        self.store()?;
        self.wishes.answer(id, &result);
        Ok(())
    }
}

/// Of an intent whose asker wants it no more.
const TAKEN_BACK: &str = "it was taken back before its turn came";

/// Nobody asks as a strategy from outside.
fn origin_of(intent: &Intent) -> Origin {
    if intent.origin == Origin::Strategy { Origin::HumanRequest } else { intent.origin }
}
