//! What is due when, in memory: waiting events, timers, effects, and waits for the operator. The store is the truth; this is its index,
//! filled at start and kept up by every commit. Both drivers, live and simulation, take their work from here.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use puppet_store::{Effect, EffectState, Halt, Timer, Waiting};
use puppet_types::{AccountId, AgentId, EffectId, Json, PackId, TimerRule, Timestamp, trade::Origin};

use crate::{
    gauges::Gauges,
    mailbox::{Deferred, Mailbox},
};

type TimerKey = (AgentId, PackId, Arc<str>);

/// A timer without its key: most agents do nothing and have one.
#[derive(Debug)]
struct Set {
    rule: TimerRule,
    next: Timestamp,
    /// When it is looked at: later than `next` where it waits for its budget.
    due: Timestamp,
    payload: Json,
    led_by: Option<Origin>,
}

/// Everything that is going to happen.
#[derive(Debug, Default)]
pub struct Agenda {
    events: BTreeMap<(Timestamp, u64), Waiting>,
    /// Those of `events` whose plugin may not run.
    deferred: Deferred,
    timers: BTreeMap<TimerKey, Set>,
    timers_by_time: BTreeSet<(Timestamp, TimerKey)>,
    effects: BTreeMap<(Timestamp, u64), Effect>,
    /// What waits for approval, by when that is over.
    approvals: BTreeMap<(Timestamp, u64), EffectId>,
    /// While it stands no effect is due.
    halted: Option<Halt>,
    /// Effects of `effects` that are tried again, by account, and when: what was committed after them does not overtake
    /// them.
    held: BTreeMap<(AccountId, u64), Timestamp>,
    /// Events that were taken from here and have not ended: when they were, and their place.
    taken: BTreeSet<(Timestamp, u64)>,
    /// Effects that have not ended, wherever they are.
    open: BTreeMap<u64, EffectState>,
}

impl Agenda {
    /// An event waits until its `not_before`.
    pub fn add_event(&mut self, waiting: Waiting) {
        self.taken.remove(&(waiting.event.at, waiting.seq));
        self.events.insert((waiting.not_before, waiting.seq), waiting);
    }

    /// An event whose plugin may not run waits. Answers the one that is crowded out, which waits no more.
    pub(crate) fn defer(&mut self, waiting: Waiting, mailbox: Mailbox) -> Option<Waiting> {
        let out = self.deferred.crowded_out(&waiting, mailbox);
        if out == Some((waiting.not_before, waiting.seq)) {
            self.event_ended((waiting.event.at, waiting.seq));
            return Some(waiting);
        }
        self.keep_deferred(waiting);
        let out = self.events.remove(&out?)?;
        self.deferred.remove(&out);
        Some(out)
    }

    /// The same without a bound.
    pub(crate) fn keep_deferred(&mut self, waiting: Waiting) {
        self.deferred.add(&waiting);
        self.add_event(waiting);
    }

    /// Who has events that have happened and wait (for their plugin, for the store).
    pub fn waiting_agents(&self, now: Timestamp) -> BTreeSet<AgentId> {
        let waiting = self.events.values().filter(|waiting| waiting.event.at <= now);
        waiting.map(|waiting| waiting.event.agent.clone()).collect()
    }

    /// What has happened to these and waits is due now.
    pub fn look_again(&mut self, agents: &BTreeSet<AgentId>, now: Timestamp) {
        let waiting = std::mem::take(&mut self.events).into_values();
        for mut waiting in waiting {
            if waiting.event.at <= now && agents.contains(&waiting.event.agent) {
                self.deferred.remove(&waiting);
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

    /// An event that was taken is done with.
    pub(crate) fn event_ended(&mut self, event: (Timestamp, u64)) {
        self.taken.remove(&event);
    }

    /// How an effect stands.
    pub(crate) fn note_effect(&mut self, effect: &Effect) {
        self.note_state(effect.seq, effect.state);
    }

    /// The same by its place.
    pub(crate) fn note_state(&mut self, seq: u64, state: EffectState) {
        use EffectState::{InDoubt, Sent, Waiting, WaitingForApproval};
        match state {
            Waiting | Sent | InDoubt | WaitingForApproval => drop(self.open.insert(seq, state)),
            _ => drop(self.open.remove(&seq)),
        }
    }

    /// Events that wait or are under way, due or not.
    pub(crate) fn mail(&self) -> usize {
        self.events.len() + self.deferred.len() + self.taken.len()
    }

    /// How much there is to do.
    pub(crate) fn gauges(&self, now: Timestamp) -> Gauges {
        let due = self.events.range(..=(now, u64::MAX)).map(|(_, waiting)| waiting.event.at);
        let (mut waiting, mut oldest) = (self.taken.len() as u64, self.taken.first().map(|(at, _)| *at));
        for at in due {
            waiting += 1;
            oldest = Some(oldest.map_or(at, |oldest| oldest.min(at)));
        }
        let mut gauges = Gauges { waiting, oldest, deferred: self.deferred.len() as u64, ..Gauges::default() };
        for state in self.open.values() {
            match state {
                EffectState::WaitingForApproval => gauges.effects_for_approval += 1,
                EffectState::InDoubt => gauges.in_doubt += 1,
                _ => gauges.effects_waiting += 1,
            }
        }
        gauges
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

    /// The same, and not before `until`: what it waits for is not in its row.
    pub fn postpone_effect(&mut self, effect: Effect, until: Timestamp) {
        self.effects.insert((until.max(effect.not_before), effect.seq), effect);
    }

    /// The same for one that came to its turn: its account's line stands until it is due.
    pub fn hold_effect(&mut self, effect: Effect, until: Timestamp) {
        let until = until.max(effect.not_before);
        self.held.insert((effect.account.clone(), effect.seq), until);
        self.postpone_effect(effect, until);
    }

    /// What effects wait for that is not in their rows may be over: they come when their rows say.
    pub fn hurry_effects(&mut self, now: Timestamp) {
        let is_late = |((until, _), effect): &(&(Timestamp, u64), &Effect)| *until > effect.not_before.max(now);
        let late: Vec<(Timestamp, u64)> = self.effects.iter().filter(is_late).map(|(key, _)| *key).collect();
        for effect in late.iter().filter_map(|key| self.effects.remove(key)).collect::<Vec<_>>() {
            match self.held.contains_key(&(effect.account.clone(), effect.seq)) {
                true => self.hold_effect(effect, now),
                false => self.postpone_effect(effect, now),
            }
        }
    }

    /// Whether an effect of the account waits for its next try.
    pub fn is_held(&self, account: &AccountId) -> bool {
        self.held_until(account).is_some()
    }

    /// Until when an account's line stands.
    pub fn held_until(&self, account: &AccountId) -> Option<Timestamp> {
        let held = self.held.range((account.clone(), 0)..).next();
        held.filter(|((of, _), _)| of == account).map(|(_, until)| *until)
    }

    /// The operator has ended an effect, or begins it anew: it waits for nothing, and holds nobody. Those that were to be
    /// looked at again when it is due go on now.
    pub fn drop_effect(&mut self, effect: &Effect, now: Timestamp) {
        self.effects.retain(|(_, seq), _| *seq != effect.seq);
        let Some(until) = self.held.remove(&(effect.account.clone(), effect.seq)) else { return };
        let behind = self.effects.range((until, 0)..=(until, u64::MAX));
        let behind = behind.filter(|(_, other)| other.account == effect.account && other.not_before < until);
        for key in behind.map(|(key, _)| *key).collect::<Vec<_>>() {
            if let Some(other) = self.effects.remove(&key) {
                self.postpone_effect(other, now);
            }
        }
    }

    /// A timer is set; one of the same key is replaced.
    pub fn set_timer(&mut self, timer: Timer) {
        let due = timer.next;
        self.put_timer(timer, due);
    }

    fn put_timer(&mut self, timer: Timer, due: Timestamp) {
        let Timer { agent, plugin, name, rule, next, payload, led_by } = timer;
        let key = (agent, plugin, name.into());
        self.remove_timer(&key);
        self.timers_by_time.insert((due, key.clone()));
        self.timers.insert(key, Set { rule, next, due, payload: Json::of(&payload), led_by });
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

    /// All timers of an agent are gone.
    pub fn cancel_timers_of(&mut self, agent: &AgentId) {
        let keys: Vec<TimerKey> = self.timers.keys().filter(|(of, ..)| of == agent).cloned().collect();
        keys.iter().for_each(|key| self.remove_timer(key));
    }

    fn remove_timer(&mut self, key: &TimerKey) {
        if let Some(old) = self.timers.remove(key) {
            self.timers_by_time.remove(&(old.due, key.clone()));
        }
    }

    /// Names of the timers that a plugin has set for an agent.
    pub fn timer_names(&self, agent: &AgentId, plugin: &PackId) -> BTreeSet<Arc<str>> {
        let first = (agent.clone(), plugin.clone(), Arc::from(""));
        let all = self.timers.range(first..).map(|(key, _)| key);
        all.take_while(|key| key.0 == *agent && key.1 == *plugin).map(|key| Arc::clone(&key.2)).collect()
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
        let due = take_due(&mut self.events, now);
        for waiting in &due {
            self.deferred.remove(waiting);
            self.taken.insert((waiting.event.at, waiting.seq));
        }
        due
    }

    /// Takes the effects that are due, in order of commit within their time; none while everything is halted.
    pub fn due_effects(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.halted.is_some() {
            return Vec::new();
        }
        let due = take_due(&mut self.effects, now);
        for effect in &due {
            self.held.remove(&(effect.account.clone(), effect.seq));
        }
        due
    }

    /// Takes the timers that are due, by (time, agent, plugin, name): the time for which they were set, so that one that
    /// waits for its budget comes before those that were set for later. Whoever fires one sets its next.
    pub fn due_timers(&mut self, now: Timestamp) -> Vec<Timer> {
        let mut due = Vec::new();
        while let Some((at, _)) = self.timers_by_time.first() {
            if *at > now {
                break;
            }
            if let Some((_, key)) = self.timers_by_time.pop_first() {
                let Some(Set { rule, next, payload, led_by, .. }) = self.timers.remove(&key) else { continue };
                let (agent, plugin, name) = key;
                // It was JSON when it was set.
                let payload = payload.parse().unwrap_or_default();
                let name = name.as_ref().to_owned();
                due.push(Timer { agent, plugin, name, rule, next, payload, led_by });
            }
        }
        due.sort_by(|a, b| (a.next, &a.agent, &a.plugin, &a.name).cmp(&(b.next, &b.agent, &b.plugin, &b.name)));
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

/// One line of effects per account: they leave in the order in which they were committed. Accounts take turns.
#[derive(Debug, Default)]
pub struct Lanes {
    waiting: BTreeMap<AccountId, VecDeque<Effect>>,
    /// Accounts with effects and none under way; whoever stands here longest is next.
    ready: VecDeque<AccountId>,
    busy: BTreeSet<AccountId>,
}

impl Lanes {
    /// Puts an effect at the end of its account's line; a retried one at the front.
    pub fn push(&mut self, effect: Effect) {
        let lane = self.waiting.entry(effect.account.clone()).or_default();
        if lane.is_empty() && !self.busy.contains(&effect.account) {
            self.ready.push_back(effect.account.clone());
        }
        let at = lane.partition_point(|other| other.seq < effect.seq);
        lane.insert(at, effect);
    }

    /// The next effect of an account that has none under way and is not held; it is busy until [`Lanes::done`].
    pub fn pop(&mut self, is_held: impl Fn(&AccountId) -> bool) -> Option<Effect> {
        let place = self.ready.iter().position(|account| !is_held(account))?;
        let account = self.ready.remove(place)?;
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
        if self.busy.remove(account) && self.waiting.contains_key(account) {
            self.ready.push_back(account.clone());
        }
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
            led_by: None,
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

    fn effect(seq: u64, account: &str) -> Effect {
        Effect {
            id: format!("f{seq}").into(),
            seq,
            agent: account.into(),
            account: account.into(),
            invocation: "i".into(),
            n: 0,
            not_before: Timestamp::default(),
            hops: 0,
            body: puppet_types::Decision::ClearState {},
            state: puppet_store::EffectState::Waiting,
            attempts: 0,
            provider_id: None,
            reason: None,
            expires: None,
            doubt: None,
            purse: None,
        }
    }

    #[test]
    fn whoever_has_waited_longest_for_its_timer_is_first() {
        let mut agenda = Agenda::default();
        agenda.put_back_timer(timer("a", 20), Timestamp::from_millis(30));
        agenda.put_back_timer(timer("b", 10), Timestamp::from_millis(30));
        let due: Vec<_> = agenda.due_timers(Timestamp::from_millis(30)).into_iter().map(|t| t.name).collect();
        assert_eq!(due, ["b", "a"]);
    }

    #[test]
    fn effects_of_an_account_keep_their_order_and_accounts_take_turns() {
        let mut lanes = Lanes::default();
        for (seq, account) in [(1, "a"), (2, "a"), (3, "z"), (4, "a"), (5, "z")] {
            lanes.push(effect(seq, account));
        }
        let mut order = Vec::new();
        while let Some(effect) = lanes.pop(|_| false) {
            order.push(effect.seq);
            lanes.done(&effect.account);
        }
        assert_eq!(order, [1, 3, 2, 5, 4]);
        for (seq, account) in [(6, "a"), (7, "a"), (8, "z")] {
            lanes.push(effect(seq, account));
        }
        assert_eq!(lanes.pop(|account| account.as_str() == "a").map(|effect| effect.seq), Some(8), "`a` is held");
        assert_eq!(lanes.pop(|_| false).map(|effect| effect.seq), Some(6));
        assert!(lanes.pop(|_| false).is_none(), "one at a time");
    }

    #[test]
    fn an_effect_that_is_tried_again_holds_its_account_until_it_is_due() {
        let mut agenda = Agenda::default();
        let again = Effect { not_before: Timestamp::from_millis(9), ..effect(1, "a") };
        let until = again.not_before;
        agenda.hold_effect(again, until);
        agenda.add_effect(effect(2, "a"));
        agenda.add_effect(effect(3, "b"));
        let due: Vec<_> = agenda.due_effects(Timestamp::from_millis(1)).into_iter().map(|e| e.seq).collect();
        assert_eq!((due, agenda.is_held(&"a".into()), agenda.is_held(&"b".into())), (vec![2, 3], true, false));
        agenda.due_effects(Timestamp::from_millis(9));
        assert!(!agenda.is_held(&"a".into()));
    }

    #[test]
    fn what_effects_wait_for_besides_their_rows_may_be_over() {
        let at = Timestamp::from_millis;
        let mut agenda = Agenda::default();
        agenda.hold_effect(effect(1, "a"), at(90));
        agenda.hold_effect(Effect { not_before: at(20), ..effect(2, "b") }, at(90));
        agenda.add_effect(Effect { not_before: at(50), ..effect(3, "c") });
        agenda.hurry_effects(at(10));
        assert_eq!((agenda.held_until(&"a".into()), agenda.held_until(&"b".into())), (Some(at(10)), Some(at(20))));
        let mut due = |millis| agenda.due_effects(at(millis)).into_iter().map(|e| e.seq).collect::<Vec<_>>();
        assert_eq!((due(10), due(20), due(50)), (vec![1], vec![2], vec![3]));
    }

    #[test]
    fn an_effect_that_is_dropped_holds_nobody() {
        let at = Timestamp::from_millis;
        let until = |millis, effect: Effect| Effect { not_before: at(millis), ..effect };
        let mut agenda = Agenda::default();
        let held = Effect { attempts: 1, ..until(9, effect(1, "a")) };
        agenda.hold_effect(held.clone(), at(9));
        // One that came to its turn waits for it; another has a time of its own, and so has another account.
        agenda.postpone_effect(effect(2, "a"), at(9));
        agenda.add_effect(until(9, effect(3, "a")));
        agenda.postpone_effect(effect(4, "b"), at(9));
        agenda.drop_effect(&held, at(5));
        let mut due = |millis| agenda.due_effects(at(millis)).into_iter().map(|e| e.seq).collect::<Vec<_>>();
        assert_eq!((due(5), due(8), due(9)), (vec![2], vec![], vec![3, 4]));
        assert!(!agenda.is_held(&"a".into()));
    }

    #[test]
    fn only_those_who_are_meant_are_looked_at_again() {
        let mut agenda = Agenda::default();
        let now = Timestamp::from_millis(5);
        for (seq, agent, at) in [(1, "a", 0), (2, "b", 0), (3, "a", 7)] {
            let event = puppet_types::Event {
                id: format!("e{seq}").into(),
                kind: "x".into(),
                source: "test".into(),
                agent: agent.into(),
                author: None,
                priority: puppet_types::Priority::Low,
                at: Timestamp::from_millis(at),
                payload: serde_json::Value::Null,
                hops: 0,
                cause: None,
                broadcast: None,
            };
            agenda.add_event(Waiting { seq, attempts: 1, not_before: Timestamp::from_millis(9), event });
        }
        assert_eq!(agenda.waiting_agents(now), ["a", "b"].map(AgentId::new).into());
        agenda.look_again(&["a".into()].into(), now);
        let due: Vec<_> = agenda.due_events(now).into_iter().map(|waiting| waiting.seq).collect();
        assert_eq!(due, [1], "neither another's nor what has not happened");
    }
}
