//! What X charges for what is done there: counted for every request at the place where it is made, by day and by whoever
//! signed it. What was read is counted by the answer; what was posted also where nobody knows whether it was. What would go above
//! a cap of the operator's is not begun: requests that are under way hold the most that they may come to.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use puppet_store::{BILLED_DAYS, Billed};
use puppet_types::Timestamp;
use tokio::sync::Notify;

use super::{
    XSettings,
    answer::{Answer, NoAnswer},
    charge,
};
use crate::{
    caps::{self, Cap, CapLine, CapState, Caps, Load},
    plan::{Priced, Prices, day_of, month_began},
};

/// It.
#[derive(Debug)]
pub(super) struct Bill {
    prices: Prices,
    /// The day of the month on which the plan begins anew.
    renews_on: i8,
    inner: Mutex<Inner>,
    /// A request has ended, and what was reserved for it may be another's.
    freed: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    days: BTreeMap<(i64, String), Billed>,
    /// Those that nobody has written down.
    unsaved: BTreeSet<(i64, String)>,
    caps: Caps,
    /// What the caps count, and the day of which that is so.
    used: Load,
    used_on: Option<i64>,
    /// The most that requests which are under way may come to.
    reserved: Load,
    /// What was said of each cap last, and until when that is so.
    told: BTreeMap<Cap, (Timestamp, CapState)>,
    /// Of which it was said that what is left is too little, and until when that is so.
    too_dear: BTreeMap<Cap, Timestamp>,
}

/// A cap has no room for what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Capped {
    line: CapLine,
    /// How long it has none, by the clock of X.
    pub wait: Duration,
}

impl fmt::Display for Capped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CapLine { cap, resets_at, .. } = self.line;
        write!(f, "[tweet.x.plan] {} has none for it before {resets_at}: wait, or raise it in puppet.toml", cap.name())
    }
}

/// A request that is under way. One that is dropped before its end may have been done.
#[derive(Debug)]
pub(super) struct Begun<'a> {
    bill: &'a Bill,
    who: &'a str,
    what: Priced,
    most: Load,
    at: Timestamp,
    has_ended: bool,
}

impl Begun<'_> {
    /// Counts what it came to.
    pub fn end(mut self, answer: &Result<Answer, NoAnswer>, now: Timestamp) {
        self.has_ended = true;
        for (what, count) in charge::of(self.what, answer) {
            self.bill.add(self.who, what, count, now);
        }
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        if !self.has_ended && !self.what.is_read() {
            self.bill.add(self.who, self.what, 1, self.at);
        }
        let mut inner = self.bill.inner();
        inner.reserved = inner.reserved.minus(self.most);
        drop(inner);
        self.bill.freed.notify_waiters();
    }
}

impl Default for Bill {
    fn default() -> Self {
        Self::new(Prices::default(), Vec::new(), XSettings::RENEWS_ON)
    }
}

impl Bill {
    /// Goes on from what was written down.
    pub fn new(prices: Prices, kept: Vec<Billed>, renews_on: i8) -> Self {
        let days = kept.into_iter().map(|billed| ((billed.day, billed.account.clone()), billed)).collect();
        Self { prices, renews_on, inner: Mutex::new(Inner { days, ..Inner::default() }), freed: Notify::new() }
    }

    /// The day of the month on which the plan begins anew.
    pub fn renews_on(&self) -> i8 {
        self.renews_on
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same with what the caps count at this time.
    fn at(&self, now: Timestamp) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner();
        if inner.used_on != Some(day_of(now)) {
            inner.used = Load::of_days(inner.days.values(), now, self.renews_on);
            inner.used_on = Some(day_of(now));
        }
        inner
    }

    /// From now on these hold. Whether they are others.
    pub fn set_caps(&self, caps: Caps) -> bool {
        let mut inner = self.inner();
        if inner.caps == caps {
            return false;
        }
        inner.caps = caps;
        inner.told.clear();
        inner.too_dear.clear();
        drop(inner);
        self.freed.notify_waiters();
        true
    }

    /// How the caps stand.
    pub fn caps(&self, now: Timestamp) -> Vec<CapLine> {
        let inner = self.at(now);
        caps::lines(&inner.caps, (inner.used, inner.reserved), now, self.renews_on)
    }

    /// The cap that has no room for one of these, for as long as its window lasts. `reserved`: also where there might be when
    /// those requests have ended that are under way.
    pub fn room(&self, what: Priced, reserved: bool, now: Timestamp) -> Result<(), Capped> {
        self.room_by(&Cap::ALL, what, reserved, now)
    }

    fn room_by(&self, caps: &[Cap], what: Priced, reserved: bool, now: Timestamp) -> Result<(), Capped> {
        let one = Load::new(&self.prices, what, 1);
        let full = self.caps(now).into_iter().filter(|line| caps.contains(&line.cap)).find(|line| {
            let there = if reserved { line.used.saturating_add(line.reserved) } else { line.used };
            is_too_much(one.of(line.cap), there, line.limit)
        });
        full.map_or(Ok(()), |line| Err(self.capped(line, one.of(line.cap), now)))
    }

    /// The cap that is below one of these: there is never room for it. What one comes to, and the cap.
    pub fn never(&self, what: Priced, now: Timestamp) -> Option<(u64, CapLine)> {
        let one = Load::new(&self.prices, what, 1);
        let below = |line: CapLine| is_too_much(one.of(line.cap), 0, line.limit).then_some((one.of(line.cap), line));
        self.caps(now).into_iter().find_map(below)
    }

    fn capped(&self, line: CapLine, one: u64, now: Timestamp) -> Capped {
        match line.state() {
            CapState::Spent => self.tell(line, CapState::Spent),
            state => {
                self.tell(line, state);
                self.tell_too_dear(line, one);
            }
        }
        Capped { line, wait: Duration::from_millis(line.resets_at.millis_since(now)) }
    }

    /// Says once of a cap that something did not leave though not all of it is used up.
    fn tell_too_dear(&self, line: CapLine, one: u64) {
        let CapLine { cap, used, limit, resets_at, .. } = line;
        if self.inner().too_dear.insert(cap, resets_at) != Some(resets_at) {
            tracing::warn!(
                cap = cap.name(), used, limit, one, unit = cap.unit(), until = %resets_at,
                "what is left of a cap of [tweet.x.plan] is too little for what was to leave: it waits, or raise the cap in puppet.toml"
            );
        }
    }

    /// Begins a request. It is let through where one more fits beside the most that all others may come to that are under
    /// way; where it would fit if they came to less it waits for them. So no more than one of them ends above a cap, by
    /// less than what it was answered with. Only these caps hold it back; all of them count it.
    pub async fn begin<'a>(
        &'a self,
        who: &'a str,
        what: Priced,
        (most, held_by): (Load, &[Cap]),
        at: Timestamp,
    ) -> Result<Begun<'a>, Capped> {
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            freed.as_mut().enable();
            self.room_by(held_by, what, false, at)?;
            {
                let mut inner = self.at(at);
                let (one, there) = (Load::new(&self.prices, what, 1), inner.used.plus(inner.reserved));
                let caps = inner.caps;
                let fits =
                    |cap: &Cap| caps.limit(*cap).is_none_or(|limit| !is_too_much(one.of(*cap), there.of(*cap), limit));
                if held_by.iter().all(fits) {
                    inner.reserved = inner.reserved.plus(most);
                    return Ok(Begun { bill: self, who, what, most, at, has_ended: false });
                }
            }
            freed.await;
        }
    }

    /// What so many come to, and so many posts beside them.
    pub fn load(&self, what: Priced, count: u64, beside: u64) -> Load {
        Load::new(&self.prices, what, count).plus(Load::new(&self.prices, Priced::PostRead, beside))
    }

    /// Counts so many. `now` by the clock of X.
    pub fn add(&self, who: &str, what: Priced, count: usize, now: Timestamp) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        if count == 0 {
            return;
        }
        let key = (day_of(now), who.to_ascii_lowercase());
        let mut inner = self.at(now);
        let load = Load::new(&self.prices, what, count);
        inner.used = inner.used.plus(load);
        let fresh = || Billed { day: key.0, account: key.1.clone(), posts: 0, reads: 0, usd_micros: 0 };
        let billed = inner.days.entry(key.clone()).or_insert_with(fresh);
        let counted = if what.is_read() { &mut billed.reads } else { &mut billed.posts };
        *counted = counted.saturating_add(count);
        billed.usd_micros = billed.usd_micros.saturating_add(self.prices.price_of(what).saturating_mul(count));
        inner.unsaved.insert(key);
        drop(inner);
        self.caps(now).into_iter().for_each(|line| self.tell(line, line.state()));
    }

    /// Says once of a cap that it is near its end, and once that it is used up.
    fn tell(&self, line: CapLine, state: CapState) {
        let CapLine { cap, used, limit, resets_at, .. } = line;
        let mut inner = self.inner();
        let told = inner.told.get(&cap).filter(|(until, _)| *until == resets_at);
        if state <= told.map_or(CapState::Ok, |(_, state)| *state) {
            return;
        }
        inner.told.insert(cap, (resets_at, state));
        drop(inner);
        let (cap, unit) = (cap.name(), cap.unit());
        match state {
            CapState::Spent => tracing::warn!(
                cap, used, limit, unit, until = %resets_at,
                "a cap of [tweet.x.plan] is used up, for all accounts: wait, or raise it in puppet.toml"
            ),
            _ => tracing::warn!(
                cap, used, limit, unit, until = %resets_at,
                "a cap of [tweet.x.plan] is used up to 80 %: `puppet budgets` shows by whom"
            ),
        }
    }

    /// What is to be written down, each day whole. It counts as written down from now on.
    pub fn take_unsaved(&self) -> Vec<Billed> {
        let mut inner = self.inner();
        let unsaved = std::mem::take(&mut inner.unsaved);
        unsaved.iter().filter_map(|key| inner.days.get(key).cloned()).collect()
    }

    /// It was not written down after all.
    pub fn not_saved(&self, billed: &[Billed]) {
        let keys = billed.iter().map(|billed| (billed.day, billed.account.clone()));
        self.inner().unsaved.extend(keys);
    }

    /// What was counted in the month of the plan, and yesterday. What no store keeps any longer is
    /// forgotten here: a day that is counted on is never begun again at nothing, however a clock jumps.
    pub fn days(&self, now: Timestamp) -> Vec<Billed> {
        let mut inner = self.inner();
        let since = month_began(day_of(now), self.renews_on).min(day_of(now) - 1);
        let Inner { days, unsaved, .. } = &mut *inner;
        days.retain(|key, _| key.0 >= day_of(now) - BILLED_DAYS || unsaved.contains(key));
        days.values().filter(|billed| billed.day >= since).cloned().collect()
    }
}

/// Whether so much more is too much. What is free is never too much.
fn is_too_much(more: u64, there: u64, limit: u64) -> bool {
    more > 0 && there.saturating_add(more) > limit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_millis(day * 86_400_000 + 5)
    }

    #[test]
    fn days_are_counted_whole_and_go_on_from_what_was_kept() {
        let bill = Bill::default();
        bill.add("@Ada", Priced::OwnRead, 3, at(40));
        bill.add("@ada", Priced::PostWithLink, 1, at(40));
        bill.add("@ada", Priced::UserRead, 0, at(40));
        let ada = Billed { day: 40, account: "@ada".into(), posts: 1, reads: 3, usd_micros: 203_000 };
        let unsaved = bill.take_unsaved();
        assert_eq!(unsaved, [ada]);
        assert!(bill.take_unsaved().is_empty());
        bill.not_saved(&unsaved);
        assert_eq!(bill.take_unsaved(), unsaved);

        let again = Bill::new(Prices::default(), unsaved, 1);
        again.add("@ada", Priced::PostRead, 1, at(40));
        again.add("@ada", Priced::PostRead, 1, at(41));
        let days: Vec<_> = again.take_unsaved().into_iter().map(|billed| (billed.day, billed.usd_micros)).collect();
        assert_eq!(days, [(40, 208_000), (41, 5_000)]);
        assert_eq!(again.days(at(41)).len(), 2);
        // 1970-03-01: the month begins, and yesterday was before it.
        assert_eq!(again.days(at(59)).len(), 0);
        // A clock that jumped and came back: what is written down then is still all of the day.
        again.add("@ada", Priced::PostRead, 1, at(41));
        assert_eq!(again.take_unsaved().iter().map(|billed| billed.reads).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn what_is_left_of_a_cap_that_is_too_little_is_not_told_as_used_up() {
        let bill = Bill::default();
        bill.set_caps(Caps { usd_micros_per_day: Some(200_000), ..Caps::default() });
        let told = || bill.inner().told.get(&Cap::UsdPerDay).map(|(_, state)| *state);
        bill.add("@ada", Priced::UserRead, 1, at(40));
        bill.room(Priced::PostWithLink, false, at(40)).unwrap_err();
        assert_eq!(told(), None, "5 % are used");
        assert!(bill.inner().too_dear.contains_key(&Cap::UsdPerDay));
        bill.add("@ada", Priced::Post, 10, at(40));
        assert_eq!(told(), Some(CapState::Near));
        bill.add("@ada", Priced::Post, 3, at(40));
        assert_eq!(told(), Some(CapState::Spent));
    }
}
