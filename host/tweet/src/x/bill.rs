//! What X charges for what is done there: counted for every request at the place where it is made, by day and by whoever
//! signed it. What was read is counted by the answer; what was posted also where nobody knows whether it was.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use puppet_store::Billed;
use puppet_types::Timestamp;
use reqwest::{Method, StatusCode};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;

use super::answer::{Answer, NoAnswer};
use crate::plan::{Priced, Prices, day_of, month_began};

/// It.
#[derive(Debug)]
pub(super) struct Bill {
    prices: Prices,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    days: BTreeMap<(i64, String), Billed>,
    /// Those that nobody has written down.
    unsaved: BTreeSet<(i64, String)>,
}

impl Default for Bill {
    fn default() -> Self {
        Self::new(Prices::default(), Vec::new())
    }
}

impl Bill {
    /// Goes on from what was written down.
    pub fn new(prices: Prices, kept: Vec<Billed>) -> Self {
        let days = kept.into_iter().map(|billed| ((billed.day, billed.account.clone()), billed)).collect();
        Self { prices, inner: Mutex::new(Inner { days, unsaved: BTreeSet::new() }) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts what a request came to.
    pub fn note(&self, who: &str, what: Option<Priced>, answer: &Result<Answer, NoAnswer>, now: Timestamp) {
        let Some(what) = what else { return };
        match answer {
            Ok(answer) if what.is_read() && answer.status.is_success() => {
                let there: There = serde_json::from_slice(&answer.body).unwrap_or_default();
                self.add(who, what, there.data.map_or(0, |data| data.len()), now);
                self.add(who, Priced::PostRead, there.includes.tweets.len(), now);
            }
            Ok(answer) if !what.is_read() && may_be_done(answer.status) => self.add(who, what, 1, now),
            Err(NoAnswer::Lost(_)) if !what.is_read() => self.add(who, what, 1, now),
            _ => {}
        }
    }

    /// Counts so many. `now` by the clock of X.
    pub fn add(&self, who: &str, what: Priced, count: usize, now: Timestamp) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        if count == 0 {
            return;
        }
        let key = (day_of(now), who.to_ascii_lowercase());
        let mut inner = self.inner();
        let fresh = || Billed { day: key.0, account: key.1.clone(), posts: 0, reads: 0, usd_micros: 0 };
        let billed = inner.days.entry(key.clone()).or_insert_with(fresh);
        let counted = if what.is_read() { &mut billed.reads } else { &mut billed.posts };
        *counted = counted.saturating_add(count);
        billed.usd_micros = billed.usd_micros.saturating_add(self.prices.price_of(what).saturating_mul(count));
        inner.unsaved.insert(key);
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

    /// What was counted in the month of the plan, and yesterday. What is older is forgotten here.
    pub fn days(&self, now: Timestamp, renews_on: i8) -> Vec<Billed> {
        let mut inner = self.inner();
        let since = month_began(day_of(now), renews_on).min(day_of(now) - 1);
        let Inner { days, unsaved } = &mut *inner;
        days.retain(|key, _| key.0 >= since || unsaved.contains(key));
        days.values().filter(|billed| billed.day >= since).cloned().collect()
    }
}

/// Whether what was asked for may have been done by somebody who answers so.
fn may_be_done(status: StatusCode) -> bool {
    status.is_success() || status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT
}

/// What a request that makes something is priced as; none for what is free.
pub(super) fn of_write(method: &Method, path: &[&str], body: Option<&Value>) -> Option<Priced> {
    let body = body.filter(|_| *method == Method::POST && path == ["2", "tweets"])?;
    Some(Priced::of_text(body["text"].as_str().unwrap_or_default(), !body["reply"].is_null()))
}

/// As much of an answer as is charged. The authors of posts that come with them are not counted.
#[derive(Default, Deserialize)]
struct There {
    #[serde(default)]
    data: Option<Things>,
    #[serde(default)]
    includes: Beside,
}

#[derive(Default, Deserialize)]
struct Beside {
    #[serde(default)]
    tweets: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Things {
    Many(Vec<IgnoredAny>),
    One(IgnoredAny),
}

impl Things {
    fn len(&self) -> usize {
        match self {
            Self::Many(things) => things.len(),
            Self::One(_) => 1,
        }
    }
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

        let again = Bill::new(Prices::default(), unsaved);
        again.add("@ada", Priced::PostRead, 1, at(40));
        again.add("@ada", Priced::PostRead, 1, at(41));
        let days: Vec<_> = again.take_unsaved().into_iter().map(|billed| (billed.day, billed.usd_micros)).collect();
        assert_eq!(days, [(40, 208_000), (41, 5_000)]);
        assert_eq!(again.days(at(41), 1).len(), 2);
        // 1970-03-01: the month begins, and yesterday was before it.
        assert_eq!(again.days(at(59), 1).len(), 0);
    }
}
