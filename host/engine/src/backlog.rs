//! Agents with memories that wait for a vector, in memory: the rows themselves are the truth, and at a start they
//! tell who stands here. Each agent stands here once and goes to the end after its turn.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use puppet_types::{AgentId, Timestamp};
use tokio::sync::Notify;

/// The line.
#[derive(Debug, Default)]
pub struct Backlog {
    lines: Mutex<Lines>,
    wake: Notify,
}

#[derive(Debug, Default)]
struct Lines {
    ready: VecDeque<AgentId>,
    /// The same: whether somebody stands there is asked at every commit.
    standing: BTreeSet<AgentId>,
    /// Whose budgets are exhausted, until then.
    later: BTreeMap<AgentId, Timestamp>,
}

impl Lines {
    fn stand(&mut self, agent: AgentId) {
        if self.standing.insert(agent.clone()) {
            self.ready.push_back(agent);
        }
    }
}

impl Backlog {
    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// They have rows that wait. Whoever waits for its budget goes on waiting.
    pub fn add(&self, agents: impl IntoIterator<Item = AgentId>) {
        let mut agents = agents.into_iter().peekable();
        if agents.peek().is_none() {
            return;
        }
        let mut lines = self.lines();
        for agent in agents {
            if !lines.later.contains_key(&agent) {
                lines.stand(agent);
            }
        }
        drop(lines);
        self.wake.notify_one();
    }

    /// Has rows that wait, and nothing to pay for them with until then.
    pub fn postpone(&self, agent: AgentId, until: Timestamp) {
        self.lines().later.insert(agent, until);
    }

    /// Takes the next one out of the line. Its rows are looked at after that, so that none that comes meanwhile is missed.
    pub fn take(&self, now: Timestamp) -> Option<AgentId> {
        let mut lines = self.lines();
        let due: Vec<AgentId> =
            lines.later.iter().filter(|(_, until)| **until <= now).map(|(agent, _)| agent.clone()).collect();
        for agent in due {
            lines.later.remove(&agent);
            lines.stand(agent);
        }
        let next = lines.ready.pop_front()?;
        lines.standing.remove(&next);
        Some(next)
    }

    /// When the first of those that wait for their budget may go on.
    pub fn next(&self) -> Option<Timestamp> {
        self.lines().later.values().min().copied()
    }

    /// Returns when somebody was added.
    pub async fn woken(&self) {
        self.wake.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1_000)
    }

    #[test]
    fn each_stands_once_and_whoever_has_no_money_waits() {
        let backlog = Backlog::default();
        backlog.add(["b", "a", "b"].map(AgentId::new));
        assert_eq!(backlog.take(at(0)), Some("b".into()));
        backlog.add(["b".into()]);
        assert_eq!(backlog.take(at(0)), Some("a".into()), "whoever had its turn goes to the end");
        backlog.postpone("a".into(), at(9));
        backlog.add(["a".into()]);
        assert_eq!(backlog.take(at(0)), Some("b".into()));
        assert_eq!((backlog.take(at(8)), backlog.next()), (None, Some(at(9))));
        assert_eq!((backlog.take(at(9)), backlog.next()), (Some("a".into()), None));
        assert_eq!(backlog.take(at(9)), None);
    }
}
