//! When an account may be served next: after a gap, when its provider asked to wait, and when one that is not reached is
//! left alone. In memory: after a start a gap begins anew, the first try shows how the provider is, and what it asked for is
//! read from the effects that met it.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use puppet_store::{Effect, EffectState};
use puppet_types::{AccountId, EffectId, Timestamp, ids};

use super::{rules::OutboxRules, standing::HeldAccount};

/// What the reason of an effect begins with whose provider says that the plan's allowance is used up.
const USED_UP: &str = "the plan's allowance is used up";
/// What the reason of an effect begins with that a cap of the operator's has no room for.
const CAPPED: &str = "your cap leaves no room";
/// What the reasons of effects begin with whose account is held.
const HELD: [&str; 4] = [USED_UP, CAPPED, "not authorized: ", "the account is suspended: "];
/// A month and a day: no plan's allowance is used up for longer.
const LONGEST_CAP_MS: u64 = 32 * 86_400_000;

/// A day and an hour: a provider that asks for more is not believed.
pub(super) const LONGEST_ASKED_MS: u64 = 25 * 3_600_000;

/// How every account stands with its provider.
#[derive(Debug)]
pub(crate) struct Pace {
    /// An account of which nothing is known may have been served just before.
    since: Timestamp,
    inner: Mutex<Inner>,
    /// How often what holds accounts was said to be over.
    hurries: AtomicU64,
}

#[derive(Debug, Default)]
struct Inner {
    rules: OutboxRules,
    accounts: BTreeMap<AccountId, Account>,
}

#[derive(Debug, Default)]
struct Account {
    /// When its last attempt began.
    began: Option<Timestamp>,
    /// Nothing before: its provider said so, or is left alone.
    until: Timestamp,
    /// Failures in a row to reach it.
    unreached: u64,
    is_broken: bool,
    /// Its provider does not let it in: why, and since when where that is known.
    held: Option<(String, Option<Timestamp>)>,
}

/// What a failure to reach a provider comes to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreached {
    /// How many in a row.
    pub failures: u64,
    /// It is left alone until then.
    pub until: Option<Timestamp>,
    /// Since just now.
    pub is_new: bool,
}

impl Pace {
    pub fn new(since: Timestamp) -> Self {
        Self { since, inner: Mutex::default(), hurries: AtomicU64::default() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rules in force.
    pub fn rules(&self) -> OutboxRules {
        self.inner().rules.clone()
    }

    /// Others hold from now on: a provider that is left alone by those before is tried. Whether they are others.
    pub fn set_rules(&self, rules: OutboxRules) -> bool {
        let mut inner = self.inner();
        if inner.rules == rules {
            return false;
        }
        inner.rules = rules;
        inner
            .accounts
            .values_mut()
            .filter(|account| account.is_broken)
            .for_each(|account| account.until = Timestamp::default());
        true
    }

    /// Until when an account waits before its provider is asked for anything; none where it may go on.
    pub fn asks_at(&self, account: &AccountId, now: Timestamp) -> Option<Timestamp> {
        let until = self.inner().accounts.get(account).map(|account| account.until);
        until.filter(|until| *until > now)
    }

    /// The same before something leaves: there is a gap between two attempts.
    pub fn leaves_at(&self, account: &AccountId, now: Timestamp) -> Option<Timestamp> {
        let inner = self.inner();
        let began = inner.accounts.get(account).and_then(|account| account.began);
        let gap = inner.rules.min_gap_ms;
        drop(inner);
        let gap = (gap > 0).then(|| began.unwrap_or(self.since).plus_millis(gap));
        gap.into_iter().chain(self.asks_at(account, now)).max().filter(|until| *until > now)
    }

    /// An effect that was tried before this start, or waits as its provider asked, is taken up: its account waits with it.
    /// Its row was written by another clock, perhaps: it waits no longer than it may.
    pub fn take_up(&self, effect: &mut Effect, now: Timestamp) {
        let most = now.plus_millis(longest_ms(&self.rules(), effect));
        if effect.not_before > most {
            let (until, not_before) = (most, effect.not_before);
            tracing::warn!(effect = %effect.id, %not_before, %until, "it would wait longer than it may: the clock was set back, or the rules are others");
            effect.not_before = most;
        }
        if asked(effect).is_some() {
            let mut inner = self.inner();
            let account = inner.accounts.entry(effect.account.clone()).or_default();
            account.until = account.until.max(effect.not_before);
            if is_held(effect) {
                let why = || (effect.reason.clone().unwrap_or_default(), held_since(effect));
                account.held.get_or_insert_with(why);
            }
        }
    }

    /// An attempt begins.
    pub fn began(&self, account: &AccountId, now: Timestamp) {
        self.inner().accounts.entry(account.clone()).or_default().began = Some(now);
    }

    /// The provider asks the account to wait.
    pub fn asked_to_wait(&self, account: &AccountId, until: Timestamp) {
        self.inner().accounts.entry(account.clone()).or_default().until = until;
    }

    /// The provider does not let the account in: it is left alone until then. Whether that is new.
    pub fn hold(&self, account: &AccountId, until: Timestamp, (why, since): (String, Timestamp)) -> bool {
        let mut inner = self.inner();
        let account = inner.accounts.entry(account.clone()).or_default();
        account.until = until;
        let held = account.held.take();
        let is_new = held.is_none();
        account.held = Some((why, held.map_or(Some(since), |(_, since)| since)));
        is_new
    }

    /// Since when an account is held, where it is and that is known.
    pub fn held_since(&self, account: &AccountId) -> Option<Timestamp> {
        self.inner().accounts.get(account).and_then(|account| account.held.as_ref()?.1)
    }

    /// Whether an account is held.
    pub fn is_held(&self, account: &AccountId) -> bool {
        self.inner().accounts.get(account).is_some_and(|account| account.held.is_some())
    }

    /// Those that are held.
    pub fn held_accounts(&self, now: Timestamp) -> Vec<HeldAccount> {
        let inner = self.inner();
        let held = inner.accounts.iter().filter_map(|(name, account)| {
            let (why, since) = account.held.clone()?;
            Some(HeldAccount { account: name.clone(), why, since, until: Some(account.until.max(now)) })
        });
        held.collect()
    }

    /// What holds accounts is said to be over: to be counted before anybody is let in, so that an attempt that met it and
    /// ends after that can tell.
    pub fn say_hurried(&self) {
        self.hurries.fetch_add(1, Ordering::SeqCst);
    }

    /// How often that was said.
    pub fn hurries(&self) -> u64 {
        self.hurries.load(Ordering::SeqCst)
    }

    /// It is tried now, whatever its provider asked for.
    pub fn hurry(&self, account: &AccountId) {
        if let Some(account) = self.inner().accounts.get_mut(account) {
            account.until = Timestamp::default();
        }
    }

    /// It is let in, or may be, however its name is written. Whether it had been held.
    pub fn release(&self, account: &AccountId) -> bool {
        let mut inner = self.inner();
        let named = inner.accounts.iter_mut().filter(|(name, _)| name.as_str().eq_ignore_ascii_case(account.as_str()));
        let mut was_held = false;
        for (_, account) in named.filter(|(_, account)| account.held.is_some()) {
            account.held = None;
            account.until = Timestamp::default();
            was_held = true;
        }
        was_held
    }

    /// Those that are held by a cap of the operator's are let in, or may be. Which.
    pub fn release_capped(&self) -> Vec<AccountId> {
        let mut inner = self.inner();
        let is_capped = |account: &Account| account.held.as_ref().is_some_and(|(why, _)| why.starts_with(CAPPED));
        let mut released = Vec::new();
        for (name, account) in inner.accounts.iter_mut().filter(|(_, account)| is_capped(account)) {
            account.held = None;
            account.until = Timestamp::default();
            released.push(name.clone());
        }
        released
    }

    /// The provider answered. Whether it had been left alone.
    pub fn reached(&self, account: &AccountId) -> bool {
        let mut inner = self.inner();
        let account = inner.accounts.entry(account.clone()).or_default();
        account.unreached = 0;
        std::mem::take(&mut account.is_broken)
    }

    /// How often in a row the provider was not reached.
    pub fn failures(&self, account: &AccountId) -> u64 {
        self.inner().accounts.get(account).map_or(0, |account| account.unreached)
    }

    /// The provider was not reached.
    pub fn unreached(&self, account: &AccountId, now: Timestamp) -> Unreached {
        let mut inner = self.inner();
        let (most, probe) = (inner.rules.breaker_failures, inner.rules.breaker_probe_ms);
        let account = inner.accounts.entry(account.clone()).or_default();
        account.unreached = account.unreached.saturating_add(1);
        let failures = account.unreached;
        if failures < most {
            return Unreached { failures, until: None, is_new: false };
        }
        account.until = now.plus_millis(probe);
        let is_new = !std::mem::replace(&mut account.is_broken, true);
        Unreached { failures, until: Some(account.until), is_new }
    }
}

/// How long its provider asked an effect to wait, as its row has it.
pub(super) fn asked(effect: &Effect) -> Option<u64> {
    let reason = effect.reason.as_deref().filter(|_| effect.state == EffectState::Waiting)?;
    if reason.starts_with(USED_UP) {
        return Some(LONGEST_CAP_MS);
    }
    reason
        .strip_prefix("the provider asks to wait ")?
        .strip_suffix(" ms")?
        .parse()
        .ok()
        .map(|asked: u64| asked.min(LONGEST_ASKED_MS))
}

/// Whether an effect waits because its account is held: a word of the operator may try it at once.
pub(super) fn is_held(effect: &Effect) -> bool {
    let reason = effect.reason.as_deref().filter(|_| effect.state == EffectState::Waiting);
    reason.is_some_and(|reason| HELD.iter().any(|held| reason.starts_with(held)))
}

/// Whether it waits because what its plan allows is used up.
pub(super) fn is_used_up(effect: &Effect) -> bool {
    effect.reason.as_deref().is_some_and(|reason| reason.starts_with(USED_UP))
}

/// Since when the account of an effect is held that met that: its row has it, but of a plan whose allowance is used up, where
/// the row says until when.
pub(super) fn held_since(effect: &Effect) -> Option<Timestamp> {
    let is_held = |reason: &str| HELD.iter().any(|held| reason.starts_with(held));
    effect.reason.as_deref().filter(|reason| is_held(reason) && !is_used_up(effect)).map(|_| effect.not_before)
}

/// The longest that an effect which was tried may have to wait from now on.
fn longest_ms(rules: &OutboxRules, effect: &Effect) -> u64 {
    match effect.state {
        EffectState::InDoubt => rules.look_after_ms,
        _ => asked(effect).unwrap_or_else(|| {
            let backoff = rules.backoff_most_ms.max(rules.backoff_ms);
            backoff.saturating_add(backoff / 2)
        }),
    }
}

/// How long before the next try: doubled with each, up to a bound, and up to a half more by chance, so that what failed
/// together does not come again together. The chance follows from the effect and the number.
pub(super) fn backoff_ms(rules: &OutboxRules, effect: &EffectId, tries: u64) -> u64 {
    let doubled = u32::try_from(tries.saturating_sub(1)).unwrap_or(u32::MAX).min(32);
    let wait = rules.backoff_ms.saturating_mul(1 << doubled).min(rules.backoff_most_ms.max(rules.backoff_ms)).max(1);
    wait + ids::derive_u64(&["outbox-backoff", effect.as_str(), &tries.to_string()]) % (wait / 2 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn waits_double_up_to_a_bound_and_differ_by_chance() {
        let rules = OutboxRules { backoff_most_ms: 10_000, ..OutboxRules::default() };
        let waits = |effect: &str| -> Vec<u64> {
            [1, 2, 3, 4, 5, 99].map(|tries| backoff_ms(&rules, &effect.into(), tries)).into()
        };
        for (wait, least) in waits("a").into_iter().zip([2_000, 4_000, 8_000, 10_000, 10_000, 10_000]) {
            assert!((least..=least * 3 / 2).contains(&wait), "{wait}");
        }
        assert_eq!(waits("a"), waits("a"));
        assert!(waits("a").iter().zip(waits("b")).all(|(a, b)| *a != b), "not all at once");
    }

    #[test]
    fn a_gap_is_kept_between_attempts_and_after_a_start() {
        let pace = Pace::new(at(1_000));
        let ann = AccountId::new("ann");
        assert_eq!(pace.leaves_at(&ann, at(1_000)), None);
        pace.set_rules(OutboxRules { min_gap_ms: 500, ..OutboxRules::default() });
        assert_eq!(pace.leaves_at(&ann, at(1_000)), Some(at(1_500)), "nobody knows what was before the start");
        pace.began(&ann, at(1_500));
        assert_eq!(pace.leaves_at(&ann, at(1_999)), Some(at(2_000)));
        assert_eq!(pace.leaves_at(&ann, at(2_000)), None);
        assert_eq!(pace.asks_at(&ann, at(1_501)), None, "a question is no attempt");
        pace.asked_to_wait(&ann, at(9_000));
        assert_eq!(
            (pace.leaves_at(&ann, at(2_000)), pace.asks_at(&ann, at(2_000))),
            (Some(at(9_000)), Some(at(9_000)))
        );
        assert_eq!(pace.asks_at(&"bob".into(), at(2_000)), None);
    }

    #[test]
    fn a_provider_that_is_not_reached_is_left_alone_and_told_of_once() {
        let pace = Pace::new(at(0));
        let ann = AccountId::new("ann");
        pace.set_rules(OutboxRules { breaker_failures: 2, breaker_probe_ms: 100, ..OutboxRules::default() });
        let unreached = |failures, until: Option<i64>, is_new| Unreached { failures, until: until.map(at), is_new };
        assert_eq!(pace.unreached(&ann, at(0)), unreached(1, None, false));
        assert!(!pace.reached(&ann), "in a row is meant");
        assert_eq!(pace.unreached(&ann, at(0)), unreached(1, None, false));
        assert_eq!(pace.unreached(&ann, at(10)), unreached(2, Some(110), true));
        assert_eq!(pace.asks_at(&ann, at(109)), Some(at(110)));
        assert_eq!(pace.asks_at(&ann, at(110)), None, "one try");
        assert_eq!(pace.unreached(&ann, at(110)), unreached(3, Some(210), false));
        assert!(pace.reached(&ann) && !pace.reached(&ann));
        assert_eq!(pace.unreached(&ann, at(300)), unreached(1, None, false));
    }
}
