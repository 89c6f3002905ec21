//! The risk engine: decides about every order, keeps what is reserved, and tells what was decided. One caller at a time: a
//! mutex around it is all that concurrency needs. It asks nobody, waits for nothing, and has no clock.

mod checks;
mod denied;
mod pauses;
mod worth;

use puppet_types::{
    Timestamp,
    trade::{Denial, Fill, Market, Mint, Order, Position},
};
use serde::{Deserialize, Serialize};

use self::checks::MintPolicy;
use crate::{
    Balance, Cause, FillError, Flow, Held, InMarketView, Mode, MoveError, Numbered, OnDrawdown, Origin, Portfolio,
    QuantityRange, ReservationId, RestoreError, Rules, RulesError, Seen, State, Step,
    books::{Books, QUOTE, product},
};

/// The engine.
#[derive(Debug, Clone)]
pub struct Risk {
    rules: Rules,
    books: Books,
    /// None: nobody wants them.
    steps: Option<Vec<Numbered>>,
    /// By place of the market, found once.
    policies: Vec<MintPolicy>,
    ranges: Vec<QuantityRange>,
    /// Where lamports are, if there are any.
    sol: Option<usize>,
}

/// What a fill led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Settled {
    /// What a sale made, after fees of both ways, in the quote token. 0 for a buy.
    pub result: i64,
    /// What was paid beyond what was held: the price or the fee was worse than the worst. It is booked and counted.
    pub beyond: u64,
    /// The whole order is filled; its number is gone.
    pub is_done: bool,
}

impl Risk {
    /// With what is in the wallet. Markets are known by their place in the list. Whoever needs it back after a crash
    /// stores a first [`snapshot`](Self::snapshot) now.
    pub fn new(rules: Rules, markets: Vec<Market>, balances: &[(Mint, u64)]) -> Result<Self, RulesError> {
        let quote = rules.check(&markets)?.clone();
        Ok(Self::with(rules, Books::new(&quote, markets, balances)))
    }

    /// From a snapshot and the steps after it. Steps that the snapshot has already are passed over; one that is missing
    /// is an error. `markets` may have new ones, and another order: then that is a step, too. Steps are kept from here on.
    pub fn restore(
        rules: Rules,
        markets: Vec<Market>,
        snapshot: Books,
        steps: impl IntoIterator<Item = Numbered>,
    ) -> Result<Self, RestoreError> {
        rules.check(&markets)?;
        let mut books = snapshot;
        books.open_again()?;
        for Numbered { number, step } in steps {
            if number <= books.step {
                continue;
            }
            if number != books.step + 1 {
                return Err(RestoreError::Missing { wanted: books.step + 1, found: number });
            }
            books.apply(step).map_err(|why| RestoreError::Step { number, why: why.to_string() })?;
            books.step = number;
        }
        let is_other = books.markets != markets;
        let mut risk = Self::with(rules, books);
        risk.keep_steps(true);
        if is_other {
            risk.books.adopt(markets.clone()).map_err(|error| RestoreError::Market(error.to_string()))?;
            risk.tell(|| Step::Adopted { markets });
            let Self { rules, books, steps, .. } = risk;
            risk = Self { steps, ..Self::with(rules, books) };
        }
        Ok(risk)
    }

    fn with(rules: Rules, books: Books) -> Self {
        let policy = |market: &Market| {
            let mints = [&market.base.mint, &market.quote.mint];
            if !mints.iter().all(|mint| rules.allow_mints.contains(mint)) {
                MintPolicy::NotAllowed
            } else if mints.iter().any(|mint| rules.deny_mints.contains(mint)) {
                MintPolicy::Denied
            } else if rules.is_always_tradable(&market.base.mint) {
                MintPolicy::Always
            } else {
                MintPolicy::IfTrending
            }
        };
        let policies = books.markets.iter().map(policy).collect();
        let range = |market: &Market| rules.quantity.get(&market.id).copied().unwrap_or_default();
        let ranges = books.markets.iter().map(range).collect();
        let sol = books.purse(Mint::SOL);
        Self { policies, ranges, sol, rules, books, steps: None }
    }

    /// Whether steps are kept for [`take_steps`](Self::take_steps). Off at first: a backtest has no use for them.
    pub fn keep_steps(&mut self, keep: bool) {
        self.steps = keep.then(|| self.steps.take().unwrap_or_default());
    }
    /// What happened since this was last asked. To be stored, in this order, before anything is done about it.
    pub fn take_steps(&mut self) -> Vec<Numbered> {
        self.steps.as_mut().map(std::mem::take).unwrap_or_default()
    }
    /// Everything that there is to store instead of all steps so far.
    pub fn snapshot(&self) -> &Books {
        &self.books
    }
    fn tell(&mut self, step: impl FnOnce() -> Step) {
        self.books.step += 1;
        if let Some(steps) = &mut self.steps {
            steps.push(Numbered { number: self.books.step, step: step() });
        }
    }

    /// Decides. Admitted, the worst case is held until it is filled or released.
    pub fn admit(&mut self, order: &Order, origin: Origin, seen: &Seen) -> Result<ReservationId, Denial> {
        let denial = |denied: denied::Denied| denied.of_order(order, seen.now);
        let held = self.decide(order, origin, seen).map_err(denial)?;
        let (id, told) = (held.id, self.steps.is_some().then(|| held.clone()));
        // What is held was measured a moment ago; were it not there after all, the answer is still no.
        let missing = |error: FillError| denied::Denied::of(crate::Rule::InsufficientFunds, error.to_string());
        self.books.admit(held).map_err(|error| denial(missing(error)))?;
        match told {
            Some(held) => self.tell(|| Step::Admitted(held)),
            None => self.books.step += 1,
        }
        Ok(id)
    }

    /// Books a fill of an admitted order, or of a part of it. `remaining` of the fill is not looked at: what is open is
    /// what was admitted less what was filled, and an order that ends earlier is [released](Self::release).
    pub fn filled(&mut self, id: ReservationId, fill: &Fill) -> Result<Settled, FillError> {
        let held = self.held(id).ok_or(FillError::Unknown(id))?;
        if (held.market, held.side, held.client_id.as_str()) != (fill.market, fill.side, fill.client_id.as_str()) {
            return Err(FillError::Other(id));
        }
        let Fill { at, quantity, price, fee, .. } = *fill;
        let settled = self.books.fill(id, at, quantity, price, fee)?;
        self.tell(|| Step::Filled { id, at, quantity, price, fee });
        Ok(settled)
    }
    /// The order ended: nothing more will be filled of it.
    pub fn release(&mut self, id: ReservationId) -> Result<(), FillError> {
        self.books.release(id)?;
        self.tell(|| Step::Released { id });
        Ok(())
    }

    /// Latest prices, by place of the market: drawdown, and what follows from it. Answers [`equity`](Self::equity).
    pub fn mark(&mut self, now: Timestamp, prices: &[(u32, u64)]) -> Option<u64> {
        let equity = self.books.mark(now, prices);
        self.tell(|| Step::Marked { at: now, prices: prices.to_vec() });
        let mode = match self.rules.on_drawdown {
            OnDrawdown::Reducing => Mode::Reducing,
            OnDrawdown::Halted => Mode::Halted,
        };
        if self.is_below(equity?) && mode > self.mode() {
            let (equity, fallen) = (equity?, self.drawdown_bps());
            let (peak, most) = (self.books.peak, self.rules.max_drawdown_bps);
            let said = |amount: u64| match self.books.markets.first() {
                Some(market) => market.quote.said(amount),
                None => amount.to_string(),
            };
            let (equity, peak) = (said(equity), said(peak));
            let reason = format!("{equity} is {fallen} bps below the highest, {peak}; {most} bps is the most");
            self.turn(State { mode, since: now, cause: Cause::Drawdown, reason });
        }
        equity
    }
    /// How far equity is below its highest, in hundredths of a percent, rounded up. 0 while something has no price.
    pub fn drawdown_bps(&self) -> u32 {
        let peak = self.books.peak;
        let fallen = self.equity().map_or(0, |equity| product(peak.saturating_sub(equity), crate::BPS.into()));
        u32::try_from(fallen.div_ceil(u128::from(peak.max(1)))).unwrap_or(crate::BPS)
    }

    /// Further below the highest than the rules allow. Every bar asks: nothing is divided.
    fn is_below(&self, equity: u64) -> bool {
        let (peak, most) = (self.books.peak, self.rules.max_drawdown_bps);
        product(peak.saturating_sub(equity), crate::BPS.into()) > product(peak, most.into())
    }
    /// A drawdown has stopped it, or would at the latest prices.
    pub fn has_drawn_down(&self) -> bool {
        let has_stopped = self.state().is_some_and(|state| state.cause == Cause::Drawdown);
        has_stopped || self.equity().is_some_and(|equity| self.is_below(equity))
    }

    /// A balance changed without a trade.
    pub fn moved(&mut self, now: Timestamp, mint: &Mint, amount: u64, flow: Flow) -> Result<(), MoveError> {
        self.books.move_balance(now, mint, amount, flow)?;
        self.tell(|| Step::Moved { at: now, mint: mint.clone(), amount, flow });
        Ok(())
    }

    /// The kill switch: nothing is admitted until [`resume`](Self::resume). The first reason stays.
    pub fn set_halt(&mut self, now: Timestamp, reason: &str) {
        let is_set = |state: &State| (state.mode, state.cause) == (Mode::Halted, Cause::Operator);
        if !self.state().is_some_and(is_set) {
            self.turn(State { mode: Mode::Halted, since: now, cause: Cause::Operator, reason: reason.to_owned() });
        }
    }
    /// Exits only, until [`resume`](Self::resume). What is as strict already stays.
    pub fn set_reducing(&mut self, now: Timestamp, reason: &str) {
        if self.mode() < Mode::Reducing {
            self.turn(State { mode: Mode::Reducing, since: now, cause: Cause::Operator, reason: reason.to_owned() });
        }
    }
    fn turn(&mut self, state: State) {
        self.books.turn(state.clone());
        self.tell(|| Step::Turned(state));
    }
    /// A halt is over: it stands as it did before, and drawdown is counted as ever.
    pub fn lift(&mut self, now: Timestamp, before: Option<State>) {
        let active = || State { mode: Mode::Active, since: now, cause: Cause::Operator, reason: String::new() };
        self.turn(before.unwrap_or_else(active));
    }
    /// Active again. Drawdown is counted from here.
    pub fn resume(&mut self, now: Timestamp) {
        self.books.resume(now);
        self.tell(|| Step::Resumed { at: now });
    }

    /// Anything but active, and why.
    pub fn state(&self) -> Option<&State> {
        self.books.state.as_ref()
    }
    /// What is admitted at all.
    pub fn mode(&self) -> Mode {
        self.state().map_or(Mode::Active, |state| state.mode)
    }
    /// The rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }
    /// The markets, by place.
    pub fn markets(&self) -> &[Market] {
        &self.books.markets
    }
    /// An admitted order that is open.
    pub fn held(&self, id: ReservationId) -> Option<&Held> {
        self.books.held.get(&id.0).map(Box::as_ref)
    }
    /// All of them, oldest first.
    pub fn open(&self) -> impl Iterator<Item = &Held> {
        self.books.held.values().map(Box::as_ref)
    }
    /// Waiting exits of a market for which there is no longer enough: to be released by whoever carries them out.
    pub fn uncovered(&self, market: u32) -> impl Iterator<Item = ReservationId> {
        let covered =
            self.books.inside.get(market as usize).map_or(0, |in_it| in_it.quantity.saturating_sub(in_it.selling));
        let is_uncovered = move |held: &&Held| held.market == market && held.is_shared() && held.quantity > covered;
        self.open().filter(is_uncovered).map(|held| held.id)
    }
    /// What was bought in one market and is still there.
    pub fn position(&self, market: u32) -> Position {
        self.books.position(market)
    }
    /// What is free of the quote token.
    pub fn cash(&self) -> u64 {
        self.books.purses[QUOTE].free()
    }
    /// All that is there, in the quote token, at the latest prices; none while something that is held has no price.
    pub fn equity(&self) -> Option<u64> {
        self.books.equity()
    }
    /// For people: balances, positions, what was made and paid.
    pub fn portfolio(&self) -> Portfolio {
        let books = &self.books;
        let balance =
            |purse: &crate::books::Purse| Balance { mint: purse.mint.clone(), amount: purse.amount, held: purse.held };
        let in_market = |(place, inside): (usize, &crate::books::InMarket)| InMarketView {
            market: books.markets[place].id.clone(),
            position: books.position(u32::try_from(place).unwrap_or(u32::MAX)),
            realised: inside.realised,
            fees: inside.fees,
            price: inside.price,
        };
        Portfolio {
            balances: books.purses.iter().map(balance).collect(),
            markets: books.inside.iter().enumerate().map(in_market).collect(),
            realised: books.inside.iter().fold(0, |sum, inside| sum.saturating_add(inside.realised)),
            fees: books.inside.iter().fold(0, |sum, inside| sum.saturating_add(inside.fees)),
            network_fees: books.network_fees,
            equity: books.equity(),
            peak: books.peak,
        }
    }
}
