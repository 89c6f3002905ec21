//! What is told to all who watch over the server. One task takes what the host tells and puts it into a ring of numbered
//! messages; every reader takes from the ring at its own pace, by its own number. Nothing here waits for a reader, and none has
//! a queue: whoever is so far behind that the ring has gone on is dropped. Nothing is read from the store on the way.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use puppet_engine::Happening;
use puppet_types::{AgentId, Timestamp};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{
    message::{Message, Source},
    reader::{Reader, Wish},
    told,
    topics::Topic,
};
use crate::{
    auth::Principal,
    fault::{Fault, Result},
};

/// Messages that are kept for those who come back, or are slow.
pub const KEPT: usize = 4_096;

/// Why a reader gets no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It is further behind than messages are kept.
    Slow,
    /// Its key was taken back or is over, or its session has ended.
    Revoked,
    /// The server ends.
    Stopping,
}

impl Reason {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Slow => "slow",
            Self::Revoked => "revoked",
            Self::Stopping => "stopping",
        }
    }
}

/// Messages by number, without gaps.
struct Ring {
    /// Of the first that is kept.
    first: u64,
    messages: VecDeque<Arc<Message>>,
}

/// Who reads, as whom, and how to end it.
struct Seat {
    principal: Principal,
    end: watch::Sender<Option<Reason>>,
}

/// The stream.
pub struct Hub {
    /// When it began, in base 36: numbers of another start are none of this one's.
    pub(super) start: String,
    ring: RwLock<Ring>,
    /// Of the next message.
    next: watch::Sender<u64>,
    seats: Mutex<BTreeMap<u64, Seat>>,
    seat: AtomicU64,
    dropped: AtomicU64,
    most: usize,
}

impl Hub {
    /// A stream without messages, for so many readers.
    pub(super) fn new(start: Timestamp, most: usize) -> Self {
        Self {
            start: base36(start.as_millis().unsigned_abs()),
            ring: RwLock::new(Ring { first: 1, messages: VecDeque::new() }),
            next: watch::Sender::new(1),
            seats: Mutex::default(),
            seat: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            most,
        }
    }

    /// How many read.
    pub fn readers(&self) -> usize {
        self.seats().len()
    }

    /// How many were dropped because they were slow.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Tells something that the host does not tell by itself. `agent` none: it is about the whole host.
    pub fn tell(&self, at: Timestamp, topic: Topic, agent: Option<AgentId>, data: Value) {
        self.put(std::iter::once((topic, (at, agent), Source::Data(data))));
    }

    /// Puts what happened into the ring.
    pub(super) fn take(&self, happenings: impl IntoIterator<Item = Happening>) {
        let each = |happening: Happening| {
            let (at, agent) = told::about(&happening);
            let about = (at, agent.cloned());
            let topics: Vec<Topic> = told::topics(&happening).collect();
            let last = topics.len().saturating_sub(1);
            let mut happening = Some(happening);
            let of = move |(n, topic)| {
                let own = if n == last { happening.take() } else { happening.clone() };
                own.map(|own| (topic, about.clone(), Source::Happening(Box::new(own))))
            };
            topics.into_iter().enumerate().filter_map(of)
        };
        self.put(happenings.into_iter().flat_map(each));
    }

    fn put(&self, new: impl Iterator<Item = (Topic, (Timestamp, Option<AgentId>), Source)>) {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = ring.first + ring.messages.len() as u64;
        for (topic, about, source) in new {
            ring.messages.push_back(Arc::new(Message::new(next, topic, about, source)));
            next += 1;
        }
        let beyond = ring.messages.len().saturating_sub(KEPT);
        let gone: Vec<Arc<Message>> = ring.messages.drain(..beyond).collect();
        ring.first += beyond as u64;
        drop(ring);
        drop(gone);
        self.next.send_replace(next);
    }

    /// Somebody reads from now on, or from the message after `after` on.
    ///
    /// # Errors
    /// There are as many readers as there may be.
    pub fn open(self: &Arc<Self>, principal: Principal, wish: Wish, after: Option<&str>) -> Result<Reader> {
        let (end, ended) = watch::channel(None);
        let seat = self.seat.fetch_add(1, Ordering::Relaxed);
        {
            let mut seats = self.seats();
            let own = seats.values().filter(|seat| seat.principal.id == principal.id).count();
            if own >= self.most.div_ceil(2) {
                let message = format!("this key has {own} readers of the live stream, which is the most for one");
                let remedy = "close one, take another key, or raise `live_readers` of `[api]`: a key has half of them";
                return Err(Fault::unavailable("too-many-readers", message, remedy));
            }
            if seats.len() >= self.most {
                let message = format!("there are {} readers of the live stream, which is the most", self.most);
                let remedy = "close one, or raise `live_readers` of `[api]`";
                return Err(Fault::unavailable("too-many-readers", message, remedy));
            }
            seats.insert(seat, Seat { principal: principal.clone(), end });
        }
        let news = self.next.subscribe();
        let next = *news.borrow();
        let from = after.map(|after| self.after(after, next));
        let (from, is_reset) = match from {
            None => (next, false),
            Some(Some(from)) => (from, false),
            Some(None) => (next, true),
        };
        Ok(Reader::new(Arc::clone(self), seat, (principal, wish), (from, is_reset), (news, ended)))
    }

    /// The number after an id, where all messages since then are kept.
    fn after(&self, id: &str, next: u64) -> Option<u64> {
        let (start, number) = id.split_once('.')?;
        let from = number.parse::<u64>().ok()?.checked_add(1)?;
        (start == self.start && (self.ring().first..=next).contains(&from)).then_some(from)
    }

    /// So many messages of a number and later that somebody wants, and the number to go on from; none where the first of them
    /// is gone.
    pub(super) fn since(
        &self,
        from: u64,
        most: usize,
        wanted: impl Fn(&Message) -> bool,
    ) -> Option<(Vec<Arc<Message>>, u64)> {
        let ring = self.ring();
        let skip = usize::try_from(from.checked_sub(ring.first)?).ok()?;
        let (mut found, mut next) = (Vec::new(), from);
        for message in ring.messages.iter().skip(skip) {
            if found.len() == most {
                break;
            }
            next = message.number + 1;
            if wanted(message) {
                found.push(Arc::clone(message));
            }
        }
        Some((found, next))
    }

    /// A message for one reader alone. It has the number of the last one, so that a reader goes on from there.
    pub(super) fn aside(&self, next: u64, at: Timestamp, topic: Topic, data: Value) -> Arc<Message> {
        Arc::new(Message::new(next.saturating_sub(1), topic, (at, None), Source::Data(data)))
    }

    /// Says to all that messages are missing.
    pub(super) fn reset(&self, at: Timestamp) {
        self.tell(at, Topic::SystemReset, None, json!({ "reason": "missed" }));
    }

    /// Ends the readers of these principals.
    pub fn end(&self, reason: Reason, of: impl Fn(&Principal) -> bool) {
        for seat in self.seats().values().filter(|seat| of(&seat.principal)) {
            seat.end.send_replace(Some(reason));
        }
    }

    /// Keys and sessions of those who read, each once.
    pub(super) fn principals(&self) -> Vec<Principal> {
        let mut all: Vec<Principal> = Vec::new();
        for seat in self.seats().values() {
            if !all.iter().any(|known| known.id == seat.principal.id && known.session == seat.principal.session) {
                all.push(seat.principal.clone());
            }
        }
        all
    }

    /// A reader has gone.
    pub(super) fn leave(&self, seat: u64) {
        self.seats().remove(&seat);
    }

    /// A reader was too slow.
    pub(super) fn count_dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    fn ring(&self) -> RwLockReadGuard<'_, Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn seats(&self) -> MutexGuard<'_, BTreeMap<u64, Seat>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit((number % 36) as u32, 36).unwrap_or('0'));
        number /= 36;
        if number == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}
