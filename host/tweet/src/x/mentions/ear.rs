//! One account that is listened for: how far, how it stands with X, and when it is asked for again.

use std::time::{Duration, Instant};

use puppet_store::Heard;
use puppet_types::{AccountId, PostId, Timestamp, ids};

use super::pages::by_age;
use crate::PublishError;

/// X's ids count milliseconds from here.
const EPOCH_MS: i64 = 1_288_834_974_657;
/// Below them are so many bits.
const ID_BITS: u32 = 22;
/// X may show a post so much later than one that was written after it: what is younger is asked for once more.
const SETTLES_MS: u64 = 10_000;
/// Where nothing was said, that it was listened is written this often.
const IDLE: Duration = Duration::from_secs(900);
/// What was written ends so long before the time at which it was written, where that cannot be believed.
const BEFORE: Duration = Duration::from_secs(600);
/// Clocks further apart than this are not believed.
pub(super) const APART_MS: u64 = 300_000;
/// After a failure at first, and at most.
const AGAIN: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(300));
/// What the operator has to mend is looked at so often.
const UNMENDED: Duration = Duration::from_secs(900);

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Ear {
    pub(super) account: AccountId,
    /// Every mention up to this one was taken in.
    pub(super) since: Option<PostId>,
    /// It is asked for no more often.
    pub(super) every: Duration,
    /// When that was written by this host.
    written: Option<Instant>,
    /// Failures without a success between them.
    failures: u32,
    /// So often was asked.
    turns: u64,
    /// What was said of it last, so that it is said once.
    told: Standing,
}

/// How an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Heard,
    /// X asks to wait.
    Limited,
    /// X or the store is not reached.
    Unreached,
    /// X refuses.
    Deaf,
}

impl Ear {
    pub(super) fn new(account: AccountId, since: Option<PostId>, every: Duration) -> Self {
        Self { account, since, every, written: None, failures: 0, turns: 0, told: Standing::Heard }
    }

    /// It was asked for: how long until the next time.
    pub(super) fn is_heard(&mut self, pace: Option<Duration>) -> Duration {
        self.failures = 0;
        if self.becomes(Standing::Heard) {
            tracing::info!(account = %self.account, "mentions on X are heard again");
        }
        self.about(self.every.max(pace.unwrap_or_default()))
    }

    /// The same where nobody is behind the account.
    pub(super) fn waits(&mut self) -> Duration {
        self.about(self.every)
    }

    /// X did not tell.
    pub(super) fn is_refused(&mut self, error: &PublishError) -> Duration {
        let account = self.account.clone();
        match error {
            PublishError::RateLimited { retry_after_ms }
            | PublishError::UsageCap { retry_after_ms, .. }
            | PublishError::Capped { retry_after_ms, .. } => {
                let wait = Duration::from_millis((*retry_after_ms).max(1));
                if self.becomes(Standing::Limited) {
                    tracing::warn!(%account, %error, wait_s = wait.as_secs(), "mentions on X are not read before that");
                }
                // Nobody comes before it, and not all come at once.
                wait + self.share(wait / 10 + Duration::from_secs(1))
            }
            PublishError::Unavailable(_) | PublishError::InDoubt(_) => self.is_unreached(&error.to_string()),
            PublishError::Unauthorized(_)
            | PublishError::Suspended(_)
            | PublishError::NotAllowed(_)
            | PublishError::NotFound(_)
            | PublishError::Refused(_)
            | PublishError::Duplicate(_) => {
                if self.becomes(Standing::Deaf) {
                    tracing::error!(%account, %error, "mentions on X are not heard");
                }
                self.about(UNMENDED)
            }
        }
    }

    /// X or the store was not reached.
    pub(super) fn is_unreached(&mut self, why: &str) -> Duration {
        self.failures = self.failures.saturating_add(1);
        if self.becomes(Standing::Unreached) {
            tracing::warn!(account = %self.account, why, "mentions on X cannot be read: they are asked for again");
        }
        let doubled = AGAIN.0.min(self.every).saturating_mul(1 << self.failures.saturating_sub(1).min(16));
        self.about(doubled.min(AGAIN.1))
    }

    /// Up to which post nothing is asked for again, where X has told everything up to `newest` at `now` by its own clock. No
    /// later than a post that X has named: a clock that is wrong makes nobody deaf.
    pub(super) fn settled(&self, newest: Option<PostId>, now: Timestamp) -> Option<PostId> {
        let is_idle = self.written.is_none_or(|at| at.elapsed() >= IDLE);
        let settled = match newest {
            Some(newest) => [newest, since(now, Duration::from_millis(SETTLES_MS))].into_iter().min_by(by_age)?,
            None if is_idle => return self.since.clone(),
            None => return None,
        };
        let is_later = self.since.as_ref().is_none_or(|since| by_age(&settled, since).is_gt());
        is_later.then_some(settled)
    }

    /// Every mention up to this one was taken in, and that is written.
    pub(super) fn advance(&mut self, since: PostId) {
        self.since = Some(since);
        self.written = Some(Instant::now());
    }

    /// Whether it may be asked for before its time.
    pub(super) fn may_hurry(&self) -> bool {
        matches!(self.told, Standing::Heard | Standing::Unreached)
    }

    /// Whether that its account can act, or cannot, is news: it is asked for at once.
    pub(super) fn is_news(&self, can_act: bool) -> bool {
        match can_act {
            true => self.told == Standing::Deaf || self.since.is_none(),
            false => self.told == Standing::Heard,
        }
    }

    fn becomes(&mut self, standing: Standing) -> bool {
        std::mem::replace(&mut self.told, standing) != standing
    }

    /// A tenth more or less, so that accounts do not stay side by side.
    fn about(&mut self, wait: Duration) -> Duration {
        let tenth = wait / 10;
        (wait - tenth / 2).saturating_add(self.share(tenth))
    }

    /// A part of it, another each time.
    fn share(&mut self, of: Duration) -> Duration {
        self.turns += 1;
        let drawn = ids::derive_u64(&["ear", self.account.as_str(), &self.turns.to_string()]) % 1_000;
        of * u32::try_from(drawn).unwrap_or(0) / 1_000
    }
}

/// How far an account was heard by what is written, at `now` by this machine's clock. What is not written yet cannot have been
/// heard: that was told by a clock that was wrong, and it is asked for again from when it was written.
pub(super) fn believed(heard: Heard, now: Timestamp) -> PostId {
    let latest = since(now.plus_millis(APART_MS), Duration::ZERO);
    if by_age(&heard.since, &latest).is_le() {
        return heard.since;
    }
    tracing::warn!(account = %heard.account, since = %heard.since, "mentions were heard up to a time that is still to come: they are asked for again");
    since(heard.at.min(now), BEFORE)
}

/// The id before everything that was posted since so long ago.
pub(super) fn since(now: Timestamp, ago: Duration) -> PostId {
    let ago = i64::try_from(ago.as_millis()).unwrap_or(i64::MAX);
    let millis = u64::try_from(now.as_millis().saturating_sub(ago).saturating_sub(EPOCH_MS)).unwrap_or(0);
    PostId::new((millis << ID_BITS).max(1).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ear() -> Ear {
        Ear::new("ada".into(), Some(PostId::new("99")), Duration::from_secs(60))
    }

    #[test]
    fn an_account_is_asked_for_no_sooner_than_limits_last() {
        let mut ear = ear();
        for (pace, least, most) in [(None, 57, 64), (Some(5), 57, 64), (Some(300), 285, 316)] {
            for _ in 0..50 {
                let wait = ear.is_heard(pace.map(Duration::from_secs)).as_secs();
                assert!((least..=most).contains(&wait), "{pace:?}: {wait}");
            }
        }
    }

    #[test]
    fn a_429_is_waited_for_and_failures_double() {
        let mut ear = ear();
        let limited = PublishError::RateLimited { retry_after_ms: 90_000 };
        let waits: Vec<u128> = (0..50).map(|_| ear.is_refused(&limited).as_millis()).collect();
        assert!(waits.iter().all(|wait| (90_000..=100_000).contains(wait)), "{waits:?}");
        assert!(waits.iter().any(|wait| *wait != waits[0]), "all at once");
        let failed = PublishError::Unavailable("away".into());
        let waits: Vec<u64> = (0..12).map(|_| ear.is_refused(&failed).as_secs()).collect();
        assert!((1..=2).contains(&waits[0]) && (7..=8).contains(&waits[2]), "{waits:?}");
        assert!((285..=315).contains(&waits[11]), "{waits:?}");
        ear.is_heard(None);
        assert!(ear.is_refused(&failed).as_secs() <= 2, "what was is over");
        assert!(ear.is_refused(&PublishError::Unauthorized("no".into())).as_secs() > 800);
    }

    #[test]
    fn ids_are_compared_as_numbers_and_young_ones_are_asked_for_again() {
        let now = Timestamp::from_millis(EPOCH_MS + 100_000);
        assert_eq!(since(now, Duration::from_secs(100)).as_str(), "1", "an id is not 0");
        assert_eq!(since(now, Duration::from_secs(40)).as_str(), (60_000_u64 << ID_BITS).to_string());
        let mut ear = ear();
        let in_ten_years = now.plus_millis(315_360_000_000);
        assert_eq!(ear.settled(None, in_ten_years), Some("99".into()), "no clock moves it");
        assert_eq!(ear.settled(Some("100".into()), in_ten_years), Some("100".into()));
        ear.advance("99".into());
        assert_eq!(ear.settled(Some("100".into()), now), Some("100".into()));
        assert_eq!(ear.settled(Some("98".into()), now), None, "it never goes back");
        assert_eq!(ear.settled(None, now), None);
        let young = since(now, Duration::from_secs(1));
        assert_eq!(ear.settled(Some(young), now), Some(since(now, Duration::from_millis(SETTLES_MS))));
    }

    #[test]
    fn what_is_still_to_come_was_not_heard() {
        let now = Timestamp::from_millis(EPOCH_MS + 500_000_000_000);
        let later = |hours: u64| now.plus_millis(hours * 3_600_000);
        let of = |since: PostId, at| believed(Heard { account: "ada".into(), since, at }, now);
        let an_hour_ago = Timestamp::from_millis(now.as_millis() - 3_600_000);
        assert_eq!(of("99".into(), an_hour_ago), "99".into());
        let in_years = since(later(90_000), Duration::ZERO);
        assert_eq!(of(in_years.clone(), an_hour_ago), since(an_hour_ago, BEFORE));
        assert_eq!(of(in_years, later(90_000)), since(now, BEFORE), "it was written by that clock");
    }
}
