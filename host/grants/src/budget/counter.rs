//! One budget's counter: a window, what is spent and held of it, and the way from a reservation to a stored row.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use puppet_types::{CallError, Code, Timestamp};

use super::{BudgetKey, BudgetLine, BudgetState, Owner, Spend, ledger::Alarm};
use crate::{Mode, Period};

#[derive(Debug, Clone, Default)]
pub(super) struct Window {
    pub start: i64,
    pub used: u64,
    pub reserved: u64,
    pub overrun: u64,
    pub limit: u64,
    /// The most that was used and reserved at one time, in this window or one before it.
    pub peak: u64,
    /// What the operator was told of this window.
    told: BudgetState,
    /// What providers took beyond earlier windows and is still owed. This window pays as much of it as its limit is.
    /// Every row of the window says it: whichever the store gets first, a crash forgives nothing.
    debt: u64,
    /// What providers took beyond this window, of bookings whose rows are under way.
    coming: u64,
}

/// One budget's counter.
#[derive(Debug)]
pub struct Counter {
    pub(super) key: BudgetKey,
    pub(super) window: Mutex<Window>,
    pub(super) alarm: Arc<Alarm>,
}

/// So much is held of a counter until it is spent or dropped.
#[derive(Debug)]
#[must_use = "dropping a reservation releases it"]
pub struct Reservation {
    counter: Arc<Counter>,
    window: i64,
    quantity: u64,
    /// What its window owed, for the row that stands for this.
    debt: u64,
    /// A row says that all of it is spent.
    is_opened: bool,
}

pub(super) fn lock(window: &Mutex<Window>) -> MutexGuard<'_, Window> {
    // A panic while the lock is held cannot leave the few integers half-written.
    window.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Window {
    fn roll(&mut self, at: Timestamp, period: Period) {
        let start = start_of(at, period);
        if start > self.start {
            // Each window that went by has paid as much as its limit is, this one and those in which nothing happened.
            let ended = period.millis().map_or(1, |length| (start - self.start) / length);
            let paid = self.limit.saturating_mul(ended.cast_unsigned() - 1);
            let owed = self.overrun + self.coming + self.debt.saturating_sub(self.limit);
            let (debt, limit) = (owed.saturating_sub(paid), self.limit);
            let peak = self.peak.max(debt.min(limit));
            *self = Self { start, limit, peak, debt, ..Self::default() };
        }
    }
    /// As a row of the store says.
    pub(super) fn stored(row: &Spend, limit: u64) -> Self {
        Self { start: row.window, used: row.used, overrun: row.overrun, debt: row.debt, limit, ..Self::default() }
    }
    /// What is new to the operator, if something is.
    fn news(&mut self, state: BudgetState) -> bool {
        let is_new = state > self.told;
        self.told = self.told.max(state);
        is_new
    }
    /// What is not there for others: spent, or owed from before.
    fn taken(&self) -> u64 {
        self.used.saturating_add(self.debt)
    }
    fn left(&self) -> u64 {
        self.limit.saturating_sub(self.taken()).saturating_sub(self.reserved)
    }
}

impl Counter {
    /// Holds `quantity`, or says when there may be enough again.
    pub fn reserve(self: &Arc<Self>, quantity: u64, at: Timestamp) -> Result<Reservation, CallError> {
        let mut window = lock(&self.window);
        window.roll(at, self.key.period);
        if quantity > window.left() {
            // What no whole window has room for says nothing about how this one stands.
            let is_news = quantity <= window.limit && window.news(BudgetState::Spent);
            let seen = window.clone();
            drop(window);
            if is_news {
                self.alarm.raise(&BudgetLine { state: BudgetState::Spent, ..line(&self.key, seen.clone(), at) });
            }
            return Err(self.refusal(quantity, &seen, at));
        }
        window.reserved += quantity;
        window.peak = window.peak.max(window.taken() + window.reserved);
        let (counter, debt, window) = (Arc::clone(self), window.debt, window.start);
        Ok(Reservation { counter, window, quantity, debt, is_opened: false })
    }

    fn refusal(&self, quantity: u64, window: &Window, at: Timestamp) -> CallError {
        let BudgetKey { owner, capability, amount, period } = &self.key;
        let (left, limit) = (window.left(), window.limit);
        let whose = match owner {
            Owner::Agent { .. } => String::new(),
            Owner::Account(account) => format!(" of all that post as @{account}"),
            Owner::Host => " of the whole host".to_owned(),
        };
        let of = amount.key(*period);
        let message = format!("{of} of `{capability}`{whose}: {left} of {limit} left, {quantity} asked");
        let resets = window.start.saturating_add(period.millis().unwrap_or(i64::MAX));
        let wait = u64::try_from(resets.saturating_sub(at.as_millis())).unwrap_or(0);
        CallError::retry(Code::BudgetExhausted, message, wait)
    }

    /// How it stands. Looking changes nothing: whose limit is not known yet cannot carry a debt over.
    pub fn line(&self, at: Timestamp) -> BudgetLine {
        line(&self.key, lock(&self.window).clone(), at)
    }

    /// The most that was used and reserved at one time since the host started, in whichever window that was.
    pub fn peak(&self) -> u64 {
        lock(&self.window).peak
    }
}

fn start_of(at: Timestamp, period: Period) -> i64 {
    period.millis().map_or(0, |length| at.as_millis() - at.as_millis().rem_euclid(length))
}

pub(super) fn line(key: &BudgetKey, mut window: Window, at: Timestamp) -> BudgetLine {
    window.roll(at, key.period);
    // A limit that was lowered may lie below what is taken, as may a debt of many windows: the rest is told as an overrun.
    let taken = window.taken();
    let used = taken.min(window.limit);
    let reserved = window.reserved.min(window.limit - used);
    let left = window.left();
    BudgetLine {
        key: key.clone(),
        limit: window.limit,
        used,
        reserved,
        left,
        overrun: window.overrun + (taken - used),
        resets_at: key.period.millis().map(|length| Timestamp::from_millis(window.start + length)),
        state: BudgetState::of(window.limit - left, window.limit),
        mode: Mode::Live,
    }
}

impl Reservation {
    /// Books what was really used: less frees the rest, more is an overrun. Answers the row to store.
    pub fn spend(self, used: u64) -> Spend {
        let booking = self.book(used);
        let row = booking.row();
        booking.stored();
        row
    }
    /// What was really used, for rows that are not stored yet: less frees the rest, more will be an overrun. One that
    /// is [opened](Self::opened) frees nothing before those rows are stored.
    pub fn book(mut self, used: u64) -> Booking {
        let within = used.min(self.quantity);
        let overrun = used - within;
        if !self.is_opened {
            self.free(self.quantity - within);
        }
        let mut window = lock(&self.counter.window);
        let is_over = window.start != self.window;
        // Who is late passes an overrun on to the window that is open now, in a row of that one.
        let (coming, debt) = if is_over { (0, overrun) } else { (overrun, 0) };
        window.coming += coming;
        window.debt += debt;
        let later = (debt > 0).then(|| Spend { window: window.start, debt: window.debt, ..self.row(0, 0) });
        drop(window);
        Booking { held: self, used: within, overrun, later }
    }
    /// The row that counts the whole reservation as spent, for a crash before it is settled.
    pub fn open(&self) -> Spend {
        self.row(self.quantity, 0)
    }
    /// That row is stored. Until another takes its place all of this is spent, whatever becomes of who asked.
    pub fn opened(&mut self) {
        self.is_opened = true;
    }
    fn free(&mut self, quantity: u64) {
        let mut window = lock(&self.counter.window);
        if window.start == self.window {
            window.reserved -= quantity;
        }
        self.quantity -= quantity;
    }
    fn row(&self, used: u64, overrun: u64) -> Spend {
        Spend { key: self.counter.key.clone(), window: self.window, used, overrun, debt: self.debt }
    }
    /// Books everything that is held.
    pub fn spend_all(self) -> Spend {
        let quantity = self.quantity;
        self.spend(quantity)
    }
    /// Everything that is held, for a row that is not stored yet.
    pub fn book_all(self) -> Booking {
        let quantity = self.quantity;
        self.book(quantity)
    }
    /// How much is held.
    pub fn quantity(&self) -> u64 {
        self.quantity
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut window = lock(&self.counter.window);
        if window.start != self.window {
            return;
        }
        window.reserved -= self.quantity;
        if self.is_opened {
            window.used += self.quantity;
        }
    }
}

/// A spend whose row is on its way to the store: it counts as held until that has it. Dropping it gives everything
/// back; where a row was opened, that stands, and so does a debt to a later window: the provider has taken it.
#[derive(Debug)]
#[must_use = "dropping a booking releases it"]
pub struct Booking {
    held: Reservation,
    used: u64,
    overrun: u64,
    /// Tells a later window what it owes.
    later: Option<Spend>,
}

impl Booking {
    /// The row of its window.
    pub(super) fn row(&self) -> Spend {
        self.held.row(self.used, self.overrun)
    }
    /// The rows to store, together.
    pub fn rows(&self) -> impl Iterator<Item = Spend> {
        [Some(self.row()), self.later.clone()].into_iter().flatten()
    }
    /// The store has its row: it is spent.
    pub fn stored(mut self) {
        let mut window = lock(&self.held.counter.window);
        if window.start == self.held.window {
            window.reserved -= self.held.quantity;
            window.used += self.used;
            window.overrun += self.overrun;
        }
        let counter = &self.held.counter;
        let state = BudgetState::of(window.taken(), window.limit);
        let seen = (window.start == self.held.window && window.news(state)).then(|| window.clone());
        drop(window);
        if let Some(seen) = seen {
            let at = Timestamp::from_millis(seen.start);
            counter.alarm.raise(&BudgetLine { state, ..line(&counter.key, seen, at) });
        }
        (self.held.quantity, self.held.is_opened) = (0, false);
    }
}

impl Drop for Booking {
    fn drop(&mut self) {
        let mut window = lock(&self.held.counter.window);
        if window.start == self.held.window {
            window.coming -= self.overrun;
        }
    }
}

/// The bookings of what is stored together.
#[derive(Debug, Default)]
#[must_use = "dropping bookings releases them"]
pub struct Bookings(Vec<Booking>);

impl Bookings {
    /// Their rows.
    pub fn rows(&self) -> Vec<Spend> {
        self.0.iter().flat_map(Booking::rows).collect()
    }
    /// The store has them all.
    pub fn stored(self) {
        self.0.into_iter().for_each(Booking::stored);
    }
    /// One more.
    pub fn push(&mut self, booking: Booking) {
        self.0.push(booking);
    }
}

impl FromIterator<Booking> for Bookings {
    fn from_iter<I: IntoIterator<Item = Booking>>(bookings: I) -> Self {
        Self(bookings.into_iter().collect())
    }
}
