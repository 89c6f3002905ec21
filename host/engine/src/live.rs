//! The live driver: takes what is due from the agenda and runs it, accounts side by side, each one event at a time:
//! agents that share an account are one line. Fair by construction: a line with mail stands once among those ready, and
//! goes to their end after every event. One task owns the mailboxes; handlers and effects are its children: when it stops
//! they are awaited for a time, and then dropped.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, VecDeque},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Duration,
};

use futures::FutureExt as _;
use puppet_store::{Effect, StoreError, Waiting};
use puppet_types::{AccountId, Priority, Timestamp};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
};
use tracing::Instrument as _;

use crate::{
    agenda::Lanes,
    approvals, embedding,
    handle::{self, Admitted},
    host::Host,
    outbox, timers, trace,
    turns::{Arrived, Turns},
};

/// How long a store that fails is left alone before the same work is tried again.
const STORE_PAUSE: Duration = Duration::from_millis(500);

/// Events under way per invocation that may run: commits go in groups, and while one group is written the next
/// is made.
const UNDER_WAY: usize = 8;

/// Bounds of the driver.
#[derive(Debug, Clone, Copy)]
pub struct Live {
    /// Invocations at the same time; eight times as many events may be under way, most of them waiting for their commit
    /// or for a turn of long ones.
    pub invocations: usize,
    /// Effects at the same time, each of another account.
    pub effects: usize,
    /// How long what is under way may take to end, once it is told to stop.
    pub stop_timeout: Duration,
}

impl Default for Live {
    fn default() -> Self {
        Self { invocations: 256, effects: 64, stop_timeout: Duration::from_secs(10) }
    }
}

struct Mail {
    priority: Priority,
    order: Reverse<u64>,
    /// Boxed: most mailboxes hold one, and a heap begins with room for four.
    waiting: Box<Waiting>,
}

impl PartialEq for Mail {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Mail {}
impl PartialOrd for Mail {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Mail {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.priority, self.order).cmp(&(other.priority, other.order))
    }
}

/// The mailboxes of those that have mail.
#[derive(Default)]
struct Mailboxes {
    /// By line (account): agents that share an account are one line.
    mail: BTreeMap<AccountId, BinaryHeap<Mail>>,
    ready: VecDeque<AccountId>,
    running: std::collections::BTreeSet<AccountId>,
}

impl Mailboxes {
    fn deliver(&mut self, line: AccountId, waiting: Waiting) {
        let mail = Mail { priority: waiting.event.priority, order: Reverse(waiting.seq), waiting: Box::new(waiting) };
        let heap = self.mail.entry(line.clone()).or_default();
        let was_empty = heap.is_empty();
        heap.push(mail);
        if was_empty && !self.running.contains(&line) {
            self.ready.push_back(line);
        }
    }

    fn take(&mut self) -> Option<(AccountId, Waiting)> {
        let line = self.ready.pop_front()?;
        let heap = self.mail.get_mut(&line)?;
        let mail = heap.pop()?;
        if heap.is_empty() {
            self.mail.remove(&line);
        }
        self.running.insert(line.clone());
        Some((line, *mail.waiting))
    }

    fn done(&mut self, line: AccountId) {
        self.running.remove(&line);
        if self.mail.contains_key(&line) {
            self.ready.push_back(line);
        }
    }
}

enum Done {
    Event(AccountId, Waiting, Result<handle::Settled, StoreError>),
    Effect(AccountId, Box<Effect>, Result<Option<outbox::Attempted>, StoreError>),
}

impl Live {
    /// Runs until `stop` becomes true, then lets what is under way end and returns, after [`Live::stop_timeout`] in any
    /// case. What is dropped then is taken up by the next host: an invocation has changed nothing and runs again, an effect
    /// is `sent`.
    ///
    /// # Errors
    /// [`StoreError::TakenOver`], at once: another host works with the same rows.
    pub async fn run(self, host: Arc<Host>, mut stop: watch::Receiver<bool>) -> Result<(), StoreError> {
        let mut boxes = Mailboxes::default();
        let mut lanes = Lanes::default();
        let mut events: JoinSet<Done> = JoinSet::new();
        let mut effects: JoinSet<Done> = JoinSet::new();
        let slots = Arc::new(Semaphore::new(self.invocations.max(1)));
        let freed = Arc::new(Notify::new());
        let turns = Arc::new(Turns::of_this_machine(self.invocations.max(1)));
        let mut vectors = JoinSet::new();
        vectors.spawn(embedding::run(Arc::clone(&host), stop.clone()));
        loop {
            if let Some(error) = host.disk.lost() {
                return Err(error);
            }
            let now = host.clock.now();
            let most = host.disk.at_once(self.invocations.saturating_mul(UNDER_WAY));
            if most > 0 {
                fire(&host, now).await;
            }
            let (due, leaving, next, halted) = {
                let mut agenda = host.agenda();
                let halted = agenda.halted().is_some();
                (agenda.due_events(now), agenda.due_effects(now), agenda.next(), halted)
            };
            for waiting in due {
                boxes.deliver(host.agents.line(&waiting.event.agent), waiting);
            }
            for effect in leaving {
                lanes.push(effect);
            }
            while events.len() < most {
                let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else { break };
                let Some((line, waiting)) = boxes.take() else { break };
                let (host, turns) = (Arc::clone(&host), Arc::clone(&turns));
                let entry = (turns.arrive(), Slot(Some(slot), Arc::clone(&freed)));
                events.spawn(async move {
                    let settled = handle_or_bury(&host, &turns, entry, &waiting).await;
                    Done::Event(line, waiting, settled)
                });
            }
            while !halted && effects.len() < self.effects.min(most) {
                let next = lanes.pop(|account| host.agenda().is_held(account));
                let Some(mut effect) = next else { break };
                let host = Arc::clone(&host);
                effects.spawn(async move {
                    let span = trace::effect(&effect);
                    let attempted = outbox::attempt(&host, &mut effect).instrument(span.clone()).await;
                    trace::attempted(&span, &attempted);
                    Done::Effect(effect.account.clone(), Box::new(effect), attempted)
                });
            }
            tokio::select! {
                Some(done) = events.join_next() => take_done(&host, &mut boxes, &mut lanes, done),
                Some(done) = effects.join_next() => take_done(&host, &mut boxes, &mut lanes, done),
                Some(ended) = vectors.join_next() => say_ended(ended),
                () = host.woken() => {}
                () = freed.notified() => {}
                () = sleep_until(&host, next), if most > 0 => {}
                () = host.disk.again() => {}
                () = host.disk.ends() => {}
                changed = stop.changed() => {
                    if changed.is_err() || *stop.borrow() {
                        break;
                    }
                }
            }
            // A group commit ends many at once.
            while let Some(done) = events.try_join_next() {
                take_done(&host, &mut boxes, &mut lanes, done);
            }
        }
        let end = async {
            while let Some(done) = events.join_next().await {
                take_done(&host, &mut boxes, &mut lanes, done);
            }
            while let Some(done) = effects.join_next().await {
                take_done(&host, &mut boxes, &mut lanes, done);
            }
            while let Some(ended) = vectors.join_next().await {
                say_ended(ended);
            }
        };
        if tokio::time::timeout(self.stop_timeout, end).await.is_err() {
            let (events, effects) = (events.len(), effects.len());
            tracing::warn!(events, effects, "not ended in time, and left to the next host");
        }
        // What is left is dropped with its set.
        Ok(())
    }
}

/// What is due by itself. The store has it still where this fails.
async fn fire(host: &Host, now: Timestamp) {
    if let Err(error) = timers::fire_due(host, now).await {
        wait_for_store(host, &error, "timers wait for the store").await;
    }
    if let Err(error) = approvals::expire_due(host, now).await {
        wait_for_store(host, &error, "ends of approvals wait for the store").await;
    }
}

async fn wait_for_store(host: &Host, error: &StoreError, what: &str) {
    if !host.disk.failed(error) {
        tracing::error!(%error, "{what}");
    }
    tokio::time::sleep(STORE_PAUSE).await;
}

/// Room for one invocation; the driver hears when it is free.
struct Slot(Option<OwnedSemaphorePermit>, Arc<Notify>);

impl Drop for Slot {
    fn drop(&mut self) {
        drop(self.0.take());
        self.1.notify_one();
    }
}

/// Invokes in a slot, which a long call leaves, and settles outside it.
async fn handle(
    host: &Host,
    turns: &Turns,
    entry: (Arrived, Slot),
    waiting: &Waiting,
) -> Result<handle::Settled, StoreError> {
    let handled = match handle::admit(host, waiting).await? {
        Admitted::Runs(actor) => {
            let plugin = Arc::clone(&actor.plugin);
            turns.take(&plugin.pace, entry, handle::run(host, actor, waiting)).await?
        }
        Admitted::Not(handled) => {
            drop(entry);
            handled
        }
    };
    handle::settle(host, waiting, handled).await
}

fn say_ended(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "no more vectors are made before the next start");
    }
}

/// A panic of the host's own costs the event that met it, not the line behind it.
async fn handle_or_bury(
    host: &Host,
    turns: &Turns,
    entry: (Arrived, Slot),
    waiting: &Waiting,
) -> Result<handle::Settled, StoreError> {
    let _busy = host.at_work(&waiting.event);
    let span = trace::event(waiting, host.clock.now());
    match AssertUnwindSafe(handle(host, turns, entry, waiting).instrument(span)).catch_unwind().await {
        Ok(settled) => settled,
        Err(_) => {
            tracing::error!(event = %waiting.event.id, "the host panicked over this event: it is given up");
            let dead = handle::Handled::Dead { event: waiting.event.id.clone(), reason: "host-panic" };
            handle::settle(host, waiting, dead).await
        }
    }
}

async fn sleep_until(host: &Host, next: Option<Timestamp>) {
    match next {
        Some(at) => host.clock.sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn take_done(host: &Arc<Host>, boxes: &mut Mailboxes, lanes: &mut Lanes, done: Result<Done, tokio::task::JoinError>) {
    match done {
        Ok(Done::Event(line, _, Ok(settled))) => {
            if settled.committed.seq > 0 {
                host.disk.wrote();
            }
            host.take_up(settled);
            boxes.done(line);
        }
        Ok(Done::Event(line, waiting, Err(error))) => {
            if !host.disk.failed(&error) {
                tracing::error!(%error, event = %waiting.event.id, "the store failed: the event waits");
            }
            boxes.done(line);
            host.put_back(waiting, STORE_PAUSE);
        }
        // It was halted before it began: it keeps its place.
        Ok(Done::Effect(account, effect, Ok(None))) => {
            lanes.done(&account);
            lanes.push(*effect);
        }
        Ok(Done::Effect(account, effect, Ok(Some(attempted)))) => {
            if attempted.happening.is_some() {
                host.disk.wrote();
            }
            host.take_up_attempted(&effect, attempted);
            lanes.done(&account);
        }
        Ok(Done::Effect(account, effect, Err(error))) => {
            if !host.disk.failed(&error) {
                tracing::error!(%error, effect = %effect.id, "the store failed: the effect waits");
            }
            let until = host.clock.now().plus_millis(STORE_PAUSE.as_millis() as u64);
            host.agenda().hold_effect(*effect, until);
            lanes.done(&account);
        }
        Err(error) => tracing::error!(%error, "a handler ended abnormally"),
    }
}

#[cfg(test)]
mod tests {
    use puppet_types::{Event, Timestamp};

    use super::*;

    fn waiting(seq: u64, agent: &str, priority: Priority) -> Waiting {
        let event = Event {
            id: format!("e{seq}").into(),
            kind: "x".into(),
            source: "test".into(),
            agent: agent.into(),
            author: None,
            priority,
            at: Timestamp::default(),
            payload: serde_json::Value::Null,
            hops: 0,
            cause: None,
            broadcast: None,
        };
        Waiting { seq, attempts: 0, not_before: Timestamp::default(), event }
    }

    #[test]
    fn priorities_are_stable_and_nobody_starves() {
        let mut boxes = Mailboxes::default();
        for (seq, priority) in [(1, Priority::Low), (2, Priority::High), (3, Priority::High), (4, Priority::Critical)] {
            boxes.deliver("busy".into(), waiting(seq, "busy", priority));
        }
        boxes.deliver("quiet".into(), waiting(5, "quiet", Priority::Low));
        let mut order = Vec::new();
        while let Some((line, taken)) = boxes.take() {
            order.push(taken.seq);
            boxes.done(line);
        }
        assert_eq!(order, [4, 5, 2, 3, 1]);
    }

    #[test]
    fn one_at_a_time_per_line() {
        let mut boxes = Mailboxes::default();
        boxes.deliver("a".into(), waiting(1, "a", Priority::Normal));
        boxes.deliver("a".into(), waiting(2, "a", Priority::Normal));
        let (line, _) = boxes.take().unwrap();
        assert!(boxes.take().is_none());
        boxes.done(line);
        let (line, taken) = boxes.take().unwrap();
        assert_eq!(taken.seq, 2);
        // Mail that comes while its last event is handled waits for the end of that.
        boxes.deliver("a".into(), waiting(3, "a", Priority::Critical));
        assert!(boxes.take().is_none());
        boxes.done(line);
        assert_eq!(boxes.take().unwrap().1.seq, 3);
    }
}
