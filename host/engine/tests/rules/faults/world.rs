//! What goes wrong, when, and what was seen of it: one state that store, network and model share. A crash is a flag:
//! from then on nothing that the host does reaches anything.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use puppet_grants::Spend;
use puppet_store::StoreError;
use puppet_types::{AgentId, EventId, InvocationId};

use super::{chance::Chance, mutation::Mutation};

/// On which side of a durable step the host dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// It was not done.
    Before,
    /// It was done, and nobody heard.
    After,
}

/// The steps at which a host of the village can die, by name: every write that it makes.
pub const STEPS: [&str; 10] = [
    "accept",
    "apply",
    "begin-attempt",
    "bury",
    "commit",
    "end-approval",
    "end-attempt",
    "fire",
    "open-read",
    "settle-read",
];

/// What a call to a provider meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weather {
    /// It is done and answered.
    Fine,
    /// Nobody was reached.
    Refused,
    /// 429: nothing was done.
    TooMany,
    /// 5xx: nothing was done.
    Broken,
    /// 4xx: it will never be done.
    Forbidden,
    /// It is done, and the answer is lost.
    LostAnswer,
    /// It is not done, and nobody can tell.
    LostRequest,
    /// The host dies before it is done.
    CrashBefore,
    /// The host dies when it is done, before it hears.
    CrashAfter,
}

/// How it is for most.
const MOSTLY: u64 = 6;
const FOUL: [Weather; 8] = [
    Weather::Refused,
    Weather::TooMany,
    Weather::Broken,
    Weather::Forbidden,
    Weather::LostAnswer,
    Weather::LostRequest,
    Weather::CrashBefore,
    Weather::CrashAfter,
];

/// A paid read, from the moment on that its worst case was written.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Whose.
    pub agent: Option<AgentId>,
    /// Of which invocation.
    pub invocation: InvocationId,
    /// Which of its reads.
    pub n: u32,
    /// What was reserved.
    pub worst: Vec<Spend>,
    /// Tokens that the provider charged, where it was reached.
    pub charged: Option<u64>,
    /// Whether what was charged was written.
    pub settled: bool,
}

/// What was met, for whoever asks whether a run meets everything.
pub type Coverage = BTreeMap<String, u64>;

struct State {
    chance: Chance,
    lies: Chance,
    armed: bool,
    dead: bool,
    /// Writes until the host dies: of this step, or of any.
    crash: Option<(Option<&'static str>, u64, Side)>,
    /// Calls that still fail: of the writes, or of all.
    failing: (u64, bool),
    trace: Vec<String>,
    coverage: Coverage,
    opened: Vec<Opened>,
    retried: BTreeMap<EventId, u32>,
}

/// The world around a host.
pub struct World {
    state: Mutex<State>,
    mutation: Option<Mutation>,
}

impl World {
    /// Of a seed. With a mutation the store does one thing wrong, now and then.
    pub fn new(seed: u64, mutation: Option<Mutation>) -> Self {
        let state = State {
            chance: Chance::of(seed, "world"),
            lies: Chance::of(seed, "lies"),
            armed: false,
            dead: false,
            crash: None,
            failing: (0, false),
            trace: Vec::new(),
            coverage: Coverage::new(),
            opened: Vec::new(),
            retried: BTreeMap::new(),
        };
        Self { state: Mutex::new(state), mutation }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A host begins: it dies at a step that is drawn now, if it comes so far.
    pub fn begin(&self, armed: bool) {
        let mut state = self.state();
        (state.dead, state.armed, state.failing) = (false, armed, (0, false));
        let step = state.chance.one_in(2).then(|| state.chance.choose(&STEPS));
        let nth = state.chance.below(if step.is_some() { 4 } else { 250 });
        let side = state.chance.choose(&[Side::Before, Side::After]);
        state.crash = armed.then_some((step, nth, side));
    }

    /// From now on nothing goes wrong.
    pub fn calm(&self) {
        let mut state = self.state();
        (state.armed, state.crash, state.failing) = (false, None, (0, false));
    }

    /// The host dies now.
    pub fn crash(&self, whence: &str) {
        let mut state = self.state();
        state.dead = true;
        state.trace.push(format!("crash {whence}"));
    }

    /// Whether the host is dead.
    pub fn is_dead(&self) -> bool {
        self.state().dead
    }

    /// One line of what happened.
    pub fn say(&self, line: String) {
        self.state().trace.push(line);
    }

    /// Something was met.
    pub fn saw(&self, what: impl Into<String>) {
        *self.state().coverage.entry(what.into()).or_default() += 1;
    }

    /// What was said and what was met.
    pub fn seen(&self) -> (Vec<String>, Coverage) {
        let state = self.state();
        (state.trace.clone(), state.coverage.clone())
    }

    /// A call takes a while, and others overtake it.
    pub async fn pause(&self) {
        let turns = {
            let mut state = self.state();
            if state.armed && state.chance.one_in(4) { 1 + state.chance.below(3) } else { 0 }
        };
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    }

    /// A write is about to be made. The error is what the host hears where it is not.
    pub fn before(&self, step: &'static str) -> Result<(), StoreError> {
        let mut state = self.state();
        state.may_answer(true)?;
        if state.armed && state.chance.one_in(90) {
            state.failing = (1 + state.chance.below(5), state.chance.one_in(2));
            let failing = state.failing;
            state.trace.push(format!("{step}: the store fails {failing:?}"));
            *state.coverage.entry(format!("{step} fails")).or_default() += 1;
            return Err(full());
        }
        if state.is_the_end(step, Side::Before) { Err(StoreError::Closed) } else { Ok(()) }
    }

    /// A write was made. The error is what the host hears all the same.
    pub fn after(&self, step: &'static str) -> Result<(), StoreError> {
        let mut state = self.state();
        state.trace.push(step.to_owned());
        if state.dead || state.is_the_end(step, Side::After) { Err(StoreError::Closed) } else { Ok(()) }
    }

    /// A row is to be read.
    pub fn reads(&self) -> Result<(), StoreError> {
        self.state().may_answer(false)
    }

    /// What a call to a provider meets.
    pub fn weather(&self, provider: &str) -> Weather {
        let mut state = self.state();
        if state.dead {
            return Weather::LostRequest;
        }
        let fine = !state.armed || !state.chance.one_in(MOSTLY);
        let weather = if fine { Weather::Fine } else { state.chance.choose(&FOUL) };
        *state.coverage.entry(format!("{provider} {weather:?}")).or_default() += 1;
        weather
    }

    /// A number for a provider.
    pub fn below(&self, bound: u64) -> u64 {
        self.state().chance.below(bound)
    }

    /// Whether a store that is meant to lie does it now.
    pub fn lies(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation) && self.state().lies.one_in(mutation.rarity())
    }

    /// The worst case of a paid read was written.
    pub fn opened(&self, invocation: &InvocationId, n: u32, worst: Vec<Spend>) {
        let agent = worst.iter().find_map(|spend| spend.key.agent().cloned());
        let invocation = invocation.clone();
        self.state().opened.push(Opened { agent, invocation, n, worst, charged: None, settled: false });
    }

    /// The provider was reached for an agent, and charges so much.
    pub fn charged(&self, agent: &AgentId, tokens: u64) {
        let mut state = self.state();
        let open = state.opened.iter_mut().rev().find(|open| open.agent.as_ref() == Some(agent));
        if let Some(open) = open {
            open.charged = Some(tokens);
        }
    }

    /// What a paid read took was written.
    pub fn settled(&self, invocation: &InvocationId, n: u32) {
        let mut state = self.state();
        let open = state.opened.iter_mut().rev().find(|open| open.invocation == *invocation && open.n == n);
        if let Some(open) = open {
            open.settled = true;
        }
    }

    /// An event goes back to be handled again.
    pub fn retried(&self, event: &EventId) {
        *self.state().retried.entry(event.clone()).or_default() += 1;
    }

    /// How often it has.
    pub fn retries(&self, event: &EventId) -> u32 {
        self.state().retried.get(event).copied().unwrap_or(0)
    }

    /// All paid reads.
    pub fn paid_reads(&self) -> Vec<Opened> {
        self.state().opened.clone()
    }
}

impl State {
    fn may_answer(&mut self, writes: bool) -> Result<(), StoreError> {
        if self.dead {
            return Err(StoreError::Closed);
        }
        let (left, all) = self.failing;
        if left == 0 || !(writes || all) {
            return Ok(());
        }
        self.failing.0 -= 1;
        Err(full())
    }

    fn is_the_end(&mut self, step: &'static str, at: Side) -> bool {
        let Some((of, left, side)) = &mut self.crash else { return false };
        if *side != at || of.is_some_and(|of| of != step) {
            return false;
        }
        if *left > 0 {
            *left -= 1;
            return false;
        }
        (self.crash, self.dead) = (None, true);
        self.trace.push(format!("crash {at:?} {step}"));
        *self.coverage.entry(format!("crash {at:?} {step}")).or_default() += 1;
        true
    }
}

fn full() -> StoreError {
    StoreError::Failed("the disk is full or busy, for now".to_owned())
}
