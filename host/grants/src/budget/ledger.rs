//! All counters of a host, and the switches by which rights are taken back.

use std::{
    borrow::Borrow,
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use puppet_types::{AgentId, Capability, PackId, Timestamp};

use super::{
    BudgetKey, BudgetLine, BudgetState, Spend,
    counter::{Counter, Window, line, lock},
};

/// Every counter of the host, and a switch per pack and capability by which rights are taken back.
#[derive(Debug, Default)]
pub struct Ledger {
    counters: Mutex<BTreeSet<ByKey>>,
    switches: Mutex<BTreeMap<(PackId, Capability), Arc<AtomicBool>>>,
    alarm: Arc<Alarm>,
    /// What was told of bounds on what is there at once.
    told: Mutex<BTreeMap<BudgetKey, BudgetState>>,
    /// What was used of rights, where somebody wants to know.
    usage: OnceLock<Mutex<Usage>>,
}

/// What was used of rights beside what counters count: for whoever looks at a pack before it is granted anything.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    /// Operations that were admitted, per agent and capability.
    pub operations: BTreeSet<(AgentId, Capability, String)>,
    /// The most that was there at once, of what is bounded so.
    pub at_once: BTreeMap<BudgetKey, u64>,
}

/// Who is told when a budget comes to 80 % and to its end.
type Listener = Box<dyn Fn(&BudgetLine) + Send + Sync>;

/// Tells whoever listens, once per window and step.
#[derive(Default)]
pub(super) struct Alarm(OnceLock<Listener>);

impl Alarm {
    pub(super) fn raise(&self, line: &BudgetLine) {
        if let Some(listener) = self.0.get() {
            listener(line);
        }
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Alarm")
    }
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
fn counter_of(counters: &mut BTreeSet<ByKey>, key: BudgetKey, alarm: &Arc<Alarm>) -> Arc<Counter> {
    if let Some(ByKey(counter)) = counters.get(&key) {
        return Arc::clone(counter);
    }
    let counter = Arc::new(Counter { key, window: Mutex::default(), alarm: Arc::clone(alarm) });
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

    /// The same for every pack's right to a capability: what they share has changed.
    pub fn take_back_from_all(&self, capability: Capability) {
        let mut switches = self.switches.lock().unwrap_or_else(PoisonError::into_inner);
        switches.retain(|(_, of), switch| {
            let ends = *of == capability;
            if ends {
                switch.store(true, Ordering::Release);
            }
            !ends
        });
    }

    /// From now on this is told of every budget that comes to 80 % and to its end, once in each window. The first who
    /// listens is the only one.
    pub fn on_alarm(&self, listener: impl Fn(&BudgetLine) + Send + Sync + 'static) {
        let _ = self.alarm.0.set(Box::new(listener));
    }

    /// So much is there, or would be, of what is bounded at once. Told once when it comes near, and once when it is
    /// full, until there is room again.
    pub(crate) fn reached(&self, key: BudgetKey, limit: u64, reached: u64) {
        let line = BudgetLine::at_once(key, limit, reached);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let before = told.get(&line.key).copied().unwrap_or_default();
        match line.state {
            BudgetState::Ok => drop(told.remove(&line.key)),
            state => drop(told.insert(line.key.clone(), state)),
        }
        drop(told);
        if line.state > before {
            self.alarm.raise(&line);
        }
    }

    /// From now on it is kept which operations are used, and how much there is at once. A host that runs for long has no
    /// need of it, and does without.
    pub fn keep_usage(&self) {
        let _ = self.usage.set(Mutex::default());
    }

    /// Whether it is kept.
    pub fn keeps_usage(&self) -> bool {
        self.usage.get().is_some()
    }

    /// What was used since [`Ledger::keep_usage`]; nothing where that was never asked for.
    pub fn usage(&self) -> Usage {
        self.kept().map(|kept| kept.clone()).unwrap_or_default()
    }

    fn kept(&self) -> Option<MutexGuard<'_, Usage>> {
        self.usage.get().map(|kept| kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// An operation was admitted.
    pub(crate) fn used(&self, agent: &AgentId, capability: Capability, operation: &str) {
        if let Some(mut kept) = self.kept() {
            kept.operations.insert((agent.clone(), capability, operation.to_owned()));
        }
    }

    /// There is so much at once of what `key` makes.
    pub(crate) fn stood_at(&self, key: impl FnOnce() -> BudgetKey, reached: u64) {
        if let Some(mut kept) = self.kept() {
            let most = kept.at_once.entry(key()).or_default();
            *most = reached.max(*most);
        }
    }

    /// The most that was ever used and reserved of a budget per hour or day in one window; none where nobody drew on it.
    pub fn peak(&self, key: &BudgetKey) -> Option<u64> {
        let counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        counters.get(key).map(|ByKey(counter)| counter.peak())
    }

    /// Gives counters other limits at once: of each whose key `limit` knows.
    pub fn relimit(&self, limit: impl Fn(&BudgetKey) -> Option<u64>) {
        let counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        for ByKey(counter) in counters.iter() {
            if let Some(limit) = limit(&counter.key) {
                lock(&counter.window).limit = limit;
            }
        }
    }

    /// The counter of a key; a new limit takes effect at once.
    pub fn counter(&self, key: BudgetKey, limit: u64) -> Arc<Counter> {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let counter = counter_of(&mut counters, key, &self.alarm);
        lock(&counter.window).limit = limit;
        counter
    }

    /// Takes back what the store holds, at start. Rows of the same key: the latest window counts.
    pub fn restore(&self, rows: impl IntoIterator<Item = Spend>) {
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        for row in rows {
            let counter = counter_of(&mut counters, row.key.clone(), &self.alarm);
            let mut window = lock(&counter.window);
            if row.window >= window.start {
                *window = Window::stored(&row, window.limit);
            }
        }
    }

    /// How a budget stands, whether it has a counter or not.
    pub fn line(&self, key: BudgetKey, limit: u64, at: Timestamp) -> BudgetLine {
        let counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let known = counters.get(&key).map(|ByKey(counter)| Arc::clone(counter));
        drop(counters);
        let mut window = known.map(|counter| lock(&counter.window).clone()).unwrap_or_default();
        window.limit = limit;
        line(&key, window, at)
    }

    /// Budgets that were drawn on, by key.
    pub fn lines(&self, at: Timestamp) -> Vec<BudgetLine> {
        let counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        counters.iter().map(|ByKey(counter)| counter.line(at)).collect()
    }
}
