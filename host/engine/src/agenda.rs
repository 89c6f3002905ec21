//! What is due when, in memory: waiting events, timers, effects, and waits for the operator. The store is the truth; this is its index,
//! filled at start and kept up by every commit. Both drivers, live and simulation, take their work from here.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use puppet_store::{Effect, EffectState, Halt, Timer, Waiting};
use puppet_types::{AccountId, AgentId, EffectId, Json, PackId, TimerRule, Timestamp};

type TimerKey = (AgentId, PackId, Arc<str>);

/// A timer without its key: most agents do nothing and have one.
#[derive(Debug)]
struct Set {
    rule: TimerRule,
    next: Timestamp,
    /// When it is looked at: later than `next` where it waits for its budget.
    due: Timestamp,
    payload: Json,
}

/// Everything that is going to happen.
#[derive(Debug, Default)]
pub struct Agenda {
    events: BTreeMap<(Timestamp, u64), Waiting>,
    timers: BTreeMap<TimerKey, Set>,
    timers_by_time: BTreeSet<(Timestamp, TimerKey)>,
    effects: BTreeMap<(Timestamp, u64), Effect>,
    /// What waits for approval, by when that is over.
    approvals: BTreeMap<(Timestamp, u64), EffectId>,
    /// While it stands no effect is due.
    halted: Option<Halt>,
}

impl Agenda {
    /// An event waits until its `not_before`.
    pub fn add_event(&mut self, waiting: Waiting) {
        self.events.insert((waiting.not_before, waiting.seq), waiting);
    }

    /// What has happened and waits (for its plugin, for the store) is due now.
    pub fn look_again(&mut self, now: Timestamp) {
        let waiting = std::mem::take(&mut self.events).into_values();
        for mut waiting in waiting {
            if waiting.event.at <= now {
                waiting.not_before = waiting.not_before.min(now);
            }
            self.add_event(waiting);
        }
    }

    /// An effect waits until its `not_before`; one that waits for approval, until that is over.
    pub fn add_effect(&mut self, effect: Effect) {
        match effect.expires.filter(|_| effect.state == EffectState::WaitingForApproval) {
            Some(expires) => drop(self.approvals.insert((expires, effect.seq), effect.id)),
            None => drop(self.effects.insert((effect.not_before, effect.seq), effect)),
        }
    }

    /// The operator has spoken, or it is too late.
    pub fn drop_approval(&mut self, key: (Timestamp, u64)) {
        self.approvals.remove(&key);
    }

    /// The first wait for approval that is over.
    pub fn due_approval(&self, now: Timestamp) -> Option<((Timestamp, u64), EffectId)> {
        let (key, id) = self.approvals.first_key_value()?;
        (key.0 <= now).then(|| (*key, id.clone()))
    }

    /// The operator's stop.
    pub fn halted(&self) -> Option<&Halt> {
        self.halted.as_ref()
    }

    /// It stands, or it does not.
    pub fn set_halted(&mut self, halted: Option<Halt>) {
        self.halted = halted;
    }

    /// A timer is set; one of the same key is replaced.
    pub fn set_timer(&mut self, timer: Timer) {
        let due = timer.next;
        self.put_timer(timer, due);
    }

    fn put_timer(&mut self, timer: Timer, due: Timestamp) {
        let Timer { agent, plugin, name, rule, next, payload } = timer;
        let key = (agent, plugin, name.into());
        self.remove_timer(&key);
        self.timers_by_time.insert((due, key.clone()));
        self.timers.insert(key, Set { rule, next, due, payload: Json::of(&payload) });
    }

    /// A timer that was taken and did not fire is due again then. One of the same key that was set meanwhile is the
    /// newer.
    pub fn put_back_timer(&mut self, timer: Timer, due: Timestamp) {
        if !self.timers.contains_key(&(timer.agent.clone(), timer.plugin.clone(), timer.name.as_str().into())) {
            self.put_timer(timer, due);
        }
    }

    /// A timer is gone.
    pub fn cancel_timer(&mut self, agent: &AgentId, plugin: &PackId, name: &str) {
        self.remove_timer(&(agent.clone(), plugin.clone(), name.into()));
    }

    fn remove_timer(&mut self, key: &TimerKey) {
        if let Some(old) = self.timers.remove(key) {
            self.timers_by_time.remove(&(old.due, key.clone()));
        }
    }

    /// When something is due next.
    pub fn next(&self) -> Option<Timestamp> {
        let event = self.events.first_key_value().map(|((at, _), _)| *at);
        let timer = self.timers_by_time.first().map(|(at, _)| *at);
        let effect = self.effects.first_key_value().map(|((at, _), _)| *at).filter(|_| self.halted.is_none());
        let approval = self.approvals.first_key_value().map(|((at, _), _)| *at);
        [event, timer, effect, approval].into_iter().flatten().min()
    }

    /// Takes the events that are due, in order of acceptance within their time.
    pub fn due_events(&mut self, now: Timestamp) -> Vec<Waiting> {
        take_due(&mut self.events, now)
    }

    /// Takes the effects that are due, in order of commit within their time; none while everything is halted.
    pub fn due_effects(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.halted.is_some() {
            return Vec::new();
        }
        take_due(&mut self.effects, now)
    }

    /// Takes the timers that are due, by (time, agent, plugin, name). Whoever fires one sets its next.
    pub fn due_timers(&mut self, now: Timestamp) -> Vec<Timer> {
        let mut due = Vec::new();
        while let Some((at, _)) = self.timers_by_time.first() {
            if *at > now {
                break;
            }
            if let Some((_, key)) = self.timers_by_time.pop_first() {
                let Some(Set { rule, next, payload, .. }) = self.timers.remove(&key) else { continue };
                let (agent, plugin, name) = key;
                // It was JSON when it was set.
                let payload = payload.parse().unwrap_or_default();
                due.push(Timer { agent, plugin, name: name.as_ref().to_owned(), rule, next, payload });
            }
        }
        due
    }
}

fn take_due<T>(map: &mut BTreeMap<(Timestamp, u64), T>, now: Timestamp) -> Vec<T> {
    let mut due = Vec::new();
    while let Some(entry) = map.first_entry() {
        if entry.key().0 > now {
            break;
        }
        due.push(entry.remove());
    }
    due
}

/// The order in which the events of one moment are handled: priority, agent, then acceptance.
pub fn sort_by_priority(events: &mut [Waiting]) {
    events.sort_by(|a, b| {
        let key = |w: &Waiting| (w.not_before, std::cmp::Reverse(w.event.priority), w.event.agent.clone(), w.seq);
        key(a).cmp(&key(b))
    });
}

/// One line of effects per account: they leave in the order in which they were committed.
#[derive(Debug, Default)]
pub struct Lanes {
    waiting: BTreeMap<AccountId, std::collections::VecDeque<Effect>>,
    busy: BTreeSet<AccountId>,
}

impl Lanes {
    /// Puts an effect at the end of its account's line; a retried one at the front.
    pub fn push(&mut self, effect: Effect) {
        let lane = self.waiting.entry(effect.account.clone()).or_default();
        let at = lane.partition_point(|other| other.seq < effect.seq);
        lane.insert(at, effect);
    }

    /// The next effect of an account that has none under way; that account is busy until [`Lanes::done`].
    pub fn pop(&mut self) -> Option<Effect> {
        let account = self.waiting.keys().find(|account| !self.busy.contains(*account))?.clone();
        let lane = self.waiting.get_mut(&account)?;
        let effect = lane.pop_front()?;
        if lane.is_empty() {
            self.waiting.remove(&account);
        }
        self.busy.insert(account);
        Some(effect)
    }

    /// The account's attempt ended.
    pub fn done(&mut self, account: &AccountId) {
        self.busy.remove(account);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timer(name: &str, next: i64) -> Timer {
        Timer {
            agent: "a".into(),
            plugin: "p".into(),
            name: name.into(),
            rule: TimerRule::Once,
            next: Timestamp::from_millis(next),
            payload: serde_json::Value::Null,
        }
    }

    #[test]
    fn a_timer_of_the_same_name_is_replaced_and_due_once() {
        let mut agenda = Agenda::default();
        agenda.set_timer(timer("x", 10));
        agenda.set_timer(timer("x", 20));
        agenda.set_timer(timer("y", 15));
        assert_eq!(agenda.next(), Some(Timestamp::from_millis(15)));
        let due: Vec<_> = agenda.due_timers(Timestamp::from_millis(20)).into_iter().map(|t| t.name).collect();
        assert_eq!(due, ["y", "x"]);
        assert_eq!(agenda.next(), None);
        agenda.set_timer(timer("x", 30));
        agenda.put_back_timer(timer("x", 20), Timestamp::from_millis(20));
        agenda.put_back_timer(timer("y", 15), Timestamp::from_millis(15));
        let due: Vec<_> = agenda.due_timers(Timestamp::from_millis(30)).into_iter().map(|t| t.name).collect();
        assert_eq!(due, ["y", "x"], "what was set anew is not overtaken");
        agenda.put_back_timer(timer("x", 30), Timestamp::from_millis(90));
        agenda.put_back_timer(timer("y", 30), Timestamp::from_millis(90));
        assert_eq!(agenda.next(), Some(Timestamp::from_millis(90)));
        agenda.cancel_timer(&"a".into(), &"p".into(), "y");
        let due = agenda.due_timers(Timestamp::from_millis(90));
        assert_eq!(due, [timer("x", 30)], "it waits, and is the same timer");
    }
}
