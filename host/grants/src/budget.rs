//! Budgets: counters per calendar window that nothing passes. Reserve before, commit or release after.
//!
//! The ledger in memory is authoritative while a host runs (a data folder has one host); what was spent is
//! written with the commit that spent it, and read back at start. A reservation is returned by dropping it,
//! so that a cancelled call cannot leak one. Exact under concurrency: one lock per counter, no read-modify-write
//! outside it.

use std::{
    borrow::Borrow,
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use puppet_types::{AgentId, CallError, Capability, Code, PackId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Amount, Period};

/// Whose budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One agent's.
    Agent,
    /// An account's, shared by the agents that post as it.
    Account,
    /// The whole host's.
    Host,
}

/// Names a counter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BudgetKey {
    /// Whose.
    pub scope: Scope,
    /// The agent.
    pub agent: AgentId,
    /// The pack that draws on it.
    pub pack: PackId,
    /// The interface.
    pub capability: Capability,
    /// What is counted.
    pub amount: Amount,
    /// Over what period.
    pub period: Period,
}

/// What was spent of one budget in one window: a row of the store, added to what is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spend {
    /// The counter.
    pub key: BudgetKey,
    /// Start of the window, milliseconds since 1970.
    pub window: i64,
    /// To be added.
    pub used: u64,
    /// Reported by a provider beyond what was reserved.
    pub overrun: u64,
}

/// How much is left, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetState {
    /// Below 80 %.
    Ok,
    /// 80 % and more.
    Near,
    /// Nothing left.
    Spent,
}

/// One line of `puppet budgets`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetLine {
    /// The counter.
    pub key: BudgetKey,
    /// The most per window.
    pub limit: u64,
    /// Spent in this window, never more than the limit.
    pub used: u64,
    /// Held for calls under way.
    pub reserved: u64,
    /// `limit − used − reserved`.
    pub left: u64,
    /// What a provider reported beyond its reservation, and what was spent before the limit was lowered below it.
    pub overrun: u64,
    /// When the window ends.
    pub resets_at: Timestamp,
    /// In words.
    pub state: BudgetState,
}

#[derive(Debug, Clone, Default)]
struct Window {
    start: i64,
    used: u64,
    reserved: u64,
    overrun: u64,
    limit: u64,
    /// What came over from the window before and is in no row of this one yet: of `used`, and of `overrun`. The
    /// store's latest row stands for itself, so the first row of a window takes it along.
    carried: (u64, u64),
}

/// One budget's counter.
#[derive(Debug)]
pub struct Counter {
    key: BudgetKey,
    window: Mutex<Window>,
}

/// So much is held of a counter until it is spent or dropped.
#[derive(Debug)]
#[must_use = "dropping a reservation releases it"]
pub struct Reservation {
    counter: Arc<Counter>,
    window: i64,
    quantity: u64,
}

fn lock(window: &Mutex<Window>) -> MutexGuard<'_, Window> {
    // A panic while the lock is held cannot leave the few integers half-written.
    window.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Window {
    fn roll(&mut self, at: Timestamp, period: Period) {
        let start = at.as_millis() - at.as_millis().rem_euclid(period.millis());
        if start > self.start {
            // What a provider took beyond the limit is a debt to the next window.
            let debt = self.overrun.min(self.limit);
            let left = self.overrun - debt;
            *self = Self { start, used: debt, reserved: 0, overrun: left, limit: self.limit, carried: (debt, left) };
        }
    }
    fn left(&self) -> u64 {
        self.limit.saturating_sub(self.used).saturating_sub(self.reserved)
    }
}

impl Counter {
    /// Holds `quantity`, or says when there may be enough again.
    pub fn reserve(self: &Arc<Self>, quantity: u64, at: Timestamp) -> Result<Reservation, CallError> {
        let mut window = lock(&self.window);
        window.roll(at, self.key.period);
        if quantity > window.left() {
            let resets = window.start + self.key.period.millis();
            let wait = u64::try_from(resets - at.as_millis()).unwrap_or(0);
            let message = format!(
                "{}/{} of `{}`: {} of {} left, {quantity} asked",
                self.key.amount.name(),
                self.key.period.name(),
                self.key.capability,
                window.left(),
                window.limit
            );
            return Err(CallError::retry(Code::BudgetExhausted, message, wait));
        }
        window.reserved += quantity;
        Ok(Reservation { counter: Arc::clone(self), window: window.start, quantity })
    }

    /// How it stands. Looking changes nothing: whose limit is not known yet cannot carry a debt over.
    pub fn line(&self, at: Timestamp) -> BudgetLine {
        line(&self.key, lock(&self.window).clone(), at)
    }
}

fn line(key: &BudgetKey, mut window: Window, at: Timestamp) -> BudgetLine {
    window.roll(at, key.period);
    // A limit that was lowered may lie below what is spent: the rest is told as an overrun.
    let used = window.used.min(window.limit);
    let reserved = window.reserved.min(window.limit - used);
    let left = window.left();
    let taken = window.limit - left;
    let state = if left == 0 {
        BudgetState::Spent
    } else if u128::from(taken) * 5 >= u128::from(window.limit) * 4 {
        BudgetState::Near
    } else {
        BudgetState::Ok
    };
    BudgetLine {
        key: key.clone(),
        limit: window.limit,
        used,
        reserved,
        left,
        overrun: window.overrun + (window.used - used),
        resets_at: Timestamp::from_millis(window.start + key.period.millis()),
        state,
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
    /// What was really used, for a row that is not stored yet: less frees the rest, more will be an overrun.
    pub fn book(mut self, used: u64) -> Booking {
        let within = used.min(self.quantity);
        let mut carried = (0, 0);
        let mut window = lock(&self.counter.window);
        if window.start == self.window {
            window.reserved -= self.quantity - within;
            carried = std::mem::take(&mut window.carried);
        }
        drop(window);
        self.quantity = within;
        Booking { held: self, overrun: used - within, carried }
    }
    /// The row that counts the whole reservation as spent, for a crash before it is settled.
    pub fn as_spent(&self) -> Spend {
        let window = lock(&self.counter.window);
        let (used, overrun) = if window.start == self.window { window.carried } else { (0, 0) };
        self.row(self.quantity + used, overrun)
    }
    fn row(&self, used: u64, overrun: u64) -> Spend {
        Spend { key: self.counter.key.clone(), window: self.window, used, overrun }
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
        if window.start == self.window {
            window.reserved -= self.quantity;
        }
    }
}

/// A spend whose row is on its way to the store: it counts as held until that has it. Dropping it gives everything
/// back, also what the row would have taken along from the window before.
#[derive(Debug)]
#[must_use = "dropping a booking releases it"]
pub struct Booking {
    held: Reservation,
    overrun: u64,
    carried: (u64, u64),
}

impl Booking {
    /// The row to store.
    pub fn row(&self) -> Spend {
        self.held.row(self.held.quantity + self.carried.0, self.overrun + self.carried.1)
    }
    /// The store has its row: it is spent.
    pub fn stored(mut self) {
        let mut window = lock(&self.held.counter.window);
        if window.start == self.held.window {
            window.reserved -= self.held.quantity;
            window.used += self.held.quantity;
            window.overrun += self.overrun;
        }
        drop(window);
        self.held.quantity = 0;
        self.carried = (0, 0);
    }
}

impl Drop for Booking {
    fn drop(&mut self) {
        let mut window = lock(&self.held.counter.window);
        if window.start == self.held.window {
            window.carried.0 += self.carried.0;
            window.carried.1 += self.carried.1;
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
        self.0.iter().map(Booking::row).collect()
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

/// Every counter of the host, and a switch per pack and capability by which rights are taken back.
#[derive(Debug, Default)]
pub struct Ledger {
    counters: Mutex<BTreeSet<ByKey>>,
    switches: Mutex<BTreeMap<(PackId, Capability), Arc<AtomicBool>>>,
}

/// A counter in the order of its key, which it holds: an agent has a dozen of them.
#[derive(Debug, Clone)]
struct ByKey(Arc<Counter>);

impl Borrow<BudgetKey> for ByKey {
    fn borrow(&self) -> &BudgetKey {
        &self.0.key
    }
}
impl PartialEq for ByKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.key == other.0.key
    }
}
impl Eq for ByKey {}
impl PartialOrd for ByKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for ByKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.key.cmp(&other.0.key)
    }
}

#[allow(clippy::mutable_key_type, reason = "the key of a counter never changes")]
fn counter_of(counters: &mut BTreeSet<ByKey>, key: BudgetKey) -> Arc<Counter> {
    if let Some(ByKey(counter)) = counters.get(&key) {
        return Arc::clone(counter);
    }
    let counter = Arc::new(Counter { key, window: Mutex::default() });
    counters.insert(ByKey(Arc::clone(&counter)));
    counter
}

impl Ledger {
    /// Off once what a pack has of a capability is taken back.
    pub(crate) fn switch(&self, pack: &PackId, capability: Capability) -> Arc<AtomicBool> {
        let mut switches = self.switches.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(switches.entry((pack.clone(), capability)).or_default())
    }

    /// Ends every right that a pack has to a capability, at its next call, also in a running invocation. Rights that
    /// are made from now on are not touched.
    pub fn take_back(&self, pack: &PackId, capability: Capability) {
        let mut switches = self.switches.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(switch) = switches.remove(&(pack.clone(), capability)) {
            switch.store(true, Ordering::Release);
        }
    }

    /// The counter of a key; a new limit takes effect at once.
    pub fn counter(&self, key: BudgetKey, limit: u64) -> Arc<Counter> {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let counter = counter_of(&mut counters, key);
        lock(&counter.window).limit = limit;
        counter
    }

    /// Takes back what the store holds, at start. Rows of the same key: the latest window counts.
    pub fn restore(&self, rows: impl IntoIterator<Item = Spend>) {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        for row in rows {
            let counter = counter_of(&mut counters, row.key.clone());
            let mut window = lock(&counter.window);
            if row.window >= window.start {
                let limit = window.limit;
                let Spend { window: start, used, overrun, .. } = row;
                *window = Window { start, used, overrun, limit, ..Window::default() };
            }
        }
    }

    /// How a budget stands, whether it has a counter or not.
    pub fn line(&self, key: BudgetKey, limit: u64, at: Timestamp) -> BudgetLine {
        let counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let known = counters.get(&key).map(|ByKey(counter)| Arc::clone(counter));
        drop(counters);
        let counter = known.unwrap_or_else(|| Arc::new(Counter { key, window: Mutex::default() }));
        let mut window = lock(&counter.window).clone();
        window.limit = limit;
        line(&counter.key, window, at)
    }

    /// Budgets that were drawn on, by key.
    pub fn lines(&self, at: Timestamp) -> Vec<BudgetLine> {
        let counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        counters.iter().map(|ByKey(counter)| counter.line(at)).collect()
    }
}

#[cfg(test)]
mod tests;
