//! Orders to swaps, and back: what is asked of the exchange for an order that is due, and what its answer does to the books.

use std::time::Duration;

use puppet_backtest::{Carried, Due};
use puppet_store::PurseEntry;
use puppet_types::Timestamp;
use puppet_types::trade::{Market, Mint, OrderKind, Rounding, Side};
use puppet_wallet::{BPS, Flow, Rule};
use serde_json::json;
use tokio::time::Instant;

use crate::desk::Shared;
use crate::keep::UnderWay;
use crate::work::{Again, Work, stopped};
use crate::{DeskError, DeskVenue, ExchangeError, Intent, Swapped, Told, Want};

/// How long until an exchange that does not answer is asked again: twice as long each time, up to a minute.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How often it is looked whether a person has said yes.
const APPROVAL_PAUSE: Duration = Duration::from_secs(2);

/// What so much of the quote token buys at a price, in the base token; none where 64 bits do not hold it.
pub(crate) fn base_for(market: &Market, amount: u64, price: u64, rounding: Rounding) -> Option<u64> {
    let digits = i32::from(market.base.decimals) + i32::from(market.price_decimals) - i32::from(market.quote.decimals);
    let unit = 10_u128.checked_pow(digits.unsigned_abs())?;
    let (above, below) = match digits {
        0.. => (u128::from(amount).checked_mul(unit)?, u128::from(price)),
        _ => (u128::from(amount), u128::from(price).checked_mul(unit)?),
    };
    let base = match rounding {
        _ if below == 0 => return None,
        Rounding::Down => above / below,
        Rounding::Up => above.div_ceil(below),
    };
    u64::try_from(base).ok()
}

/// What is asked of the exchange. `amount` is what an intent gives; a strategy's order gives what its quantity is worth at the
/// price that reached it. None where that is nothing.
pub(crate) fn want(market: &Market, due: &Due, most_slippage: u32, amount: Option<u64>) -> Option<Want> {
    let slip = due.order.max_slippage_bps.unwrap_or(most_slippage).min(most_slippage).min(BPS);
    let at_worst = |side| {
        let part = match side {
            Side::Buy => BPS + slip,
            Side::Sell => BPS - slip,
        };
        u64::try_from(u128::from(due.price) * u128::from(part) / u128::from(BPS)).unwrap_or(u64::MAX)
    };
    let (base, quote) = (market.base.mint.clone(), market.quote.mint.clone());
    let (gives, takes, amount, expected, least_out) = match due.order.side {
        Side::Buy => {
            let amount = amount.or_else(|| market.notional(due.quantity, due.price, Rounding::Down))?;
            let worst = at_worst(Side::Buy).min(due.worst_price).max(1);
            // Rounded down, so that what is reckoned from rounded numbers can be had at all.
            let at = |price| base_for(market, amount, price, Rounding::Down);
            (quote, base, amount, at(due.price)?, at(worst)?)
        }
        Side::Sell => {
            let worst = at_worst(Side::Sell).max(due.worst_price);
            let at = |price| market.notional(due.quantity, price, Rounding::Down);
            (base, quote, due.quantity, at(due.price)?, at(worst)?)
        }
    };
    // One half of what may be lost is for the time until the quote, the other half for the time after it.
    let room = u128::from(expected.saturating_sub(least_out)) * u128::from(BPS) / u128::from(expected.max(1));
    let max_slippage_bps = u16::try_from(room.div_ceil(2)).unwrap_or(u16::MAX);
    (amount > 0).then(|| Want { gives, takes, amount, least_out: least_out.max(1), max_slippage_bps })
}

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
        self.notes.under_way = wanted.map(|want| UnderWay { number: due.number, want, intent });
        if self.notes.under_way.is_none() {
            return self.end(due, Rule::MinQuantity, "so little is worth nothing".to_owned());
        }
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

    fn swapped(&mut self, swapped: Swapped) -> Result<(), DeskError> {
        let Some(due) = self.trader.under_way() else { return Ok(()) };
        self.again = None;
        match swapped {
            Swapped::Done { gave, took, lamports, signature, surprise } => {
                let result =
                    self.result_of(&due, Some((gave, took)), Some(signature), (String::new(), String::new()))?;
                self.over(&due, Carried::Filled { gave, took }, result, lamports)?;
                surprise.into_iter().for_each(|surprise| self.room.tell(Told::Note(surprise)));
                Ok(())
            }
            Swapped::NotDone { code, reason, lamports, signature } => {
                let rule = Rule::parse(&code).unwrap_or(Rule::Failed);
                let result = self.result_of(&due, None, signature, (code, reason.clone()))?;
                self.over(&due, Carried::Not { rule, detail: reason }, result, lamports)
            }
        }
    }

    /// An order that is under way ends without having been sent.
    pub(crate) fn end(&mut self, due: &Due, rule: Rule, detail: String) -> Result<(), DeskError> {
        let result = self.result_of(due, None, None, (rule.code().to_owned(), detail.clone()))?;
        self.over(due, Carried::Not { rule, detail }, result, 0)
    }

    /// It is known how it ended: booked and stored, and only then told, since what happened stays so whatever a strategy does
    /// when it hears of it.
    pub(crate) fn over(
        &mut self,
        due: &Due,
        carried: Carried,
        result: crate::SwapResult,
        lamports: u64,
    ) -> Result<(), DeskError> {
        self.trader.carried(due.number, self.now, carried).map_err(stopped)?;
        self.pay_network(lamports)?;
        let under_way = self.notes.under_way.take();
        if let Some(intent) = under_way.and_then(|under_way| under_way.intent) {
            self.notes.remember(result.clone());
            self.results.push(result.clone());
            self.store()?;
            self.wishes.answer(&intent.id, &result);
        } else {
            self.results.push(result);
            self.store()?;
        }
        self.tell_strategy()
    }

    /// Tells the strategy what is booked and it has not heard of, and stores that it has, also where it was one fault too many.
    pub(crate) fn tell_strategy(&mut self) -> Result<(), DeskError> {
        if !self.trader.has_unheard() {
            return Ok(());
        }
        let told = self.trader.tell_carried(self.now);
        self.store()?;
        told.map_err(stopped)
    }

    /// What the network took, as far as the books have it free.
    fn pay_network(&mut self, lamports: u64) -> Result<(), DeskError> {
        let (Some(sol), true) = (Mint::parse(Mint::SOL), lamports > 0) else { return Ok(()) };
        let balances = self.trader.risk().portfolio().balances;
        let free = balances.iter().find(|of| of.mint == sol).map_or(0, |of| of.amount - of.held.min(of.amount));
        let paid = lamports.min(free);
        if paid < lamports {
            let missing = lamports - paid;
            self.room
                .tell(Told::Note(format!("{missing} lamports of a fee are not in the books: compare the balances")));
        }
        match paid {
            0 => Ok(()),
            _ => self
                .trader
                .moved(self.now, &sol, paid, Flow::NetworkFee)
                .map_err(|why| DeskError::Stopped(why.to_string())),
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

#[cfg(test)]
mod tests {
    use super::*;
    use puppet_types::trade::{Order, OrderKind, TimeInForce, Token};
    use puppet_wallet::Origin;

    fn market() -> Market {
        let token =
            |symbol: &str, mint, decimals| Token { mint: Mint::parse(mint).unwrap(), symbol: symbol.into(), decimals };
        Market {
            id: "SOL/USDC".to_owned(),
            base: token("SOL", Mint::SOL, 9),
            quote: token("USDC", Mint::USDC, 6),
            price_decimals: 6,
            min_quantity: 1,
        }
    }

    fn due(side: Side, price: u64, worst_price: u64, max_slippage_bps: Option<u32>) -> Due {
        let order = Order {
            client_id: "a".to_owned(),
            market: 0,
            side,
            kind: OrderKind::Market,
            quantity: 1_000_000_000,
            reduce_only: false,
            time_in_force: TimeInForce::Gtc,
            expires_at: None,
            max_slippage_bps,
            reason: String::new(),
        };
        let since = Timestamp::default();
        Due { number: 1, quantity: order.quantity, order, price, worst_price, origin: Origin::Strategy, since }
    }

    #[test]
    fn a_swap_gives_what_the_order_is_worth_and_takes_no_less_than_its_worst_price_says() {
        for (side, price, worst, slip, amount, least, slippage) in [
            (Side::Buy, 100_000_000, 101_000_000, None, 100_000_000, 990_099_009, 50),
            (Side::Buy, 100_000_000, 101_000_000, Some(10), 100_000_000, 999_000_999, 5),
            // A limit that the price is below: not above the limit.
            (Side::Buy, 100_000_000, 100_000_000, None, 100_000_000, 1_000_000_000, 0),
            (Side::Sell, 100_000_000, 99_000_000, None, 1_000_000_000, 99_000_000, 50),
            // A stop takes what there is, but not less than the operator allows from the price that triggered it.
            (Side::Sell, 100_000_000, 0, None, 1_000_000_000, 99_000_000, 50),
            (Side::Sell, 100_000_000, 0, Some(50), 1_000_000_000, 99_500_000, 25),
        ] {
            let want = want(&market(), &due(side, price, worst, slip), 100, None).unwrap();
            assert_eq!((want.amount, want.least_out), (amount, least), "{side:?} {slip:?}");
            // Half of it: what a quote at a price a little worse promises is still enough.
            assert_eq!(want.max_slippage_bps, slippage, "{side:?} {slip:?}");
        }
    }

    #[test]
    fn an_intent_gives_its_own_amount_and_nothing_gives_nothing() {
        let due = due(Side::Buy, 100_000_000, 101_000_000, None);
        assert_eq!(want(&market(), &due, 100, Some(77)).unwrap().amount, 77);
        let dust = Due { quantity: 1, ..due };
        assert_eq!(want(&market(), &dust, 100, None), None);
    }

    #[test]
    fn a_base_amount_is_rounded_as_asked_and_never_wraps() {
        let market = market();
        assert_eq!(base_for(&market, 1, 3_000_000, Rounding::Down), Some(333));
        assert_eq!(base_for(&market, 1, 3_000_000, Rounding::Up), Some(334));
        assert_eq!(base_for(&market, u64::MAX, 1, Rounding::Up), None);
        assert_eq!(base_for(&market, 1, 0, Rounding::Up), None);
    }
}
