//! Who may ask an endpoint now: so many at once, and those that wait are let in by turns, one of each agent, so that
//! an agent that asks much waits for itself and not for the others. Those of one agent go in their order.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use puppet_types::AgentId;
use tokio::sync::oneshot;

#[derive(Default)]
struct State {
    /// Turns that are taken.
    taken: usize,
    /// Agents that wait, the next one first; each once.
    order: VecDeque<AgentId>,
    /// What waits of each.
    waiting: BTreeMap<AgentId, VecDeque<oneshot::Sender<Turn>>>,
}

/// Of one endpoint.
pub(super) struct Queue {
    most: usize,
    state: Mutex<State>,
}

/// A turn; given back when it is dropped.
pub(super) struct Turn(Option<Arc<Queue>>);

impl Queue {
    /// With so many at once, one at least.
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most: most.max(1), state: Mutex::default() })
    }

    /// Waits for a turn. Dropped while it waits, it loses its place and nothing else.
    pub(super) async fn turn(self: &Arc<Self>, agent: &AgentId) -> Turn {
        let waits = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.taken < self.most {
                state.taken += 1;
                return Turn(Some(Arc::clone(self)));
            }
            let (sender, receiver) = oneshot::channel();
            let State { order, waiting, .. } = &mut *state;
            if !waiting.contains_key(agent) {
                order.push_back(agent.clone());
            }
            let of_agent = waiting.entry(agent.clone()).or_default();
            of_agent.retain(|other| !other.is_closed());
            of_agent.push_back(sender);
            receiver
        };
        // A sender leaves the queue only with a turn; were it lost, waiting on would be for nothing.
        waits.await.unwrap_or(Turn(None))
    }

    /// Hands a turn on to whoever is next, or leaves it free.
    fn give_back(self: Arc<Self>) {
        let mut turn = Turn(Some(Arc::clone(&self)));
        loop {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(next) = state.next() else {
                state.taken = state.taken.saturating_sub(1);
                turn.0 = None;
                return;
            };
            drop(state);
            match next.send(turn) {
                Ok(()) => return,
                // It does not wait any more.
                Err(unwanted) => turn = unwanted,
            }
        }
    }
}

impl State {
    /// The oldest of the agent whose turn it is; those that gave up are passed over and cost it nothing.
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        while let Some(agent) = self.order.pop_front() {
            let Some(of_agent) = self.waiting.get_mut(&agent) else { continue };
            of_agent.retain(|one| !one.is_closed());
            let sender = of_agent.pop_front();
            if of_agent.is_empty() {
                self.waiting.remove(&agent);
            } else {
                self.order.push_back(agent);
            }
            if sender.is_some() {
                return sender;
            }
        }
        None
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(queue) = self.0.take() {
            queue.give_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::{sync::mpsc, task::yield_now, time::timeout};

    use super::*;

    fn agent(name: &str) -> AgentId {
        AgentId::new(name)
    }

    /// Lets each of these wait, in order; answers in which order they get their turns.
    async fn served(queue: &Arc<Queue>, held: Vec<Turn>, waiting: &[&str]) -> Vec<String> {
        let (told, mut order) = mpsc::unbounded_channel();
        for name in waiting {
            let (queue, told, name) = (Arc::clone(queue), told.clone(), (*name).to_owned());
            tokio::spawn(async move {
                let _turn = queue.turn(&agent(name.split('-').next().unwrap())).await;
                told.send(name).unwrap();
            });
            yield_now().await;
        }
        drop((held, told));
        let mut all = Vec::new();
        while let Some(name) = order.recv().await {
            all.push(name);
        }
        all
    }

    #[tokio::test]
    async fn agents_take_turns_whoever_asked_most() {
        let queue = Queue::new(1);
        let held = vec![queue.turn(&agent("zed")).await];
        let waiting = ["ann-1", "ann-2", "ann-3", "ann-4", "bob-1", "cat-1", "bob-2"];
        let order = served(&queue, held, &waiting).await;
        assert_eq!(order, ["ann-1", "bob-1", "cat-1", "ann-2", "bob-2", "ann-3", "ann-4"]);
        let state = queue.state.lock().unwrap();
        assert_eq!((state.taken, state.order.len(), state.waiting.len()), (0, 0, 0));
    }

    #[tokio::test]
    async fn so_many_at_once_and_no_more() {
        let queue = Queue::new(2);
        let (first, _second) = (queue.turn(&agent("ann")).await, queue.turn(&agent("bob")).await);
        let soon = Duration::from_millis(20);
        assert!(timeout(soon, queue.turn(&agent("cat"))).await.is_err());
        drop(first);
        assert!(timeout(soon, queue.turn(&agent("cat"))).await.is_ok());
    }

    #[tokio::test]
    async fn who_gives_up_waiting_takes_no_turn_from_others() {
        let queue = Queue::new(1);
        let held = queue.turn(&agent("ann")).await;
        let bob = agent("bob");
        for _ in 0..3 {
            let mut waits = Box::pin(queue.turn(&bob));
            assert!(timeout(Duration::from_millis(1), &mut waits).await.is_err());
        }
        assert_eq!(queue.state.lock().unwrap().waiting[&bob].len(), 1, "nor room");
        let waiting = ["cat-1", "cat-2", "bob-1", "bob-2"];
        assert_eq!(served(&queue, vec![held], &waiting).await, ["bob-1", "cat-1", "bob-2", "cat-2"]);
        assert_eq!(queue.state.lock().unwrap().taken, 0);
    }

    #[tokio::test]
    async fn a_turn_that_comes_to_one_that_gave_up_is_handed_on() {
        let queue = Queue::new(1);
        let held = queue.turn(&agent("ann")).await;
        let (bob, cat) = (agent("bob"), agent("cat"));
        let mut gives_up = Box::pin(queue.turn(&bob));
        assert!(timeout(Duration::from_millis(1), &mut gives_up).await.is_err());
        let mut waits = Box::pin(queue.turn(&cat));
        assert!(timeout(Duration::from_millis(1), &mut waits).await.is_err());
        // The turn lies ready for the one that never looks again.
        drop(held);
        drop(gives_up);
        assert!(timeout(Duration::from_secs(5), waits).await.is_ok());
    }
}
