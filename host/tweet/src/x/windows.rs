//! How much of X's limits each account has left, from the headers of every answer, also of those that are none of refusal:
//! a window of 15 minutes per account and request, and windows of a day per account and per app where the plan has
//! them. One that is used up is not asked before it is whole again; that of an app by none of its accounts.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use puppet_types::{Timestamp, ids};
use reqwest::{Method, header::HeaderMap};

/// X's clock, as its answers tell it, goes no further back than so.
const CLOCKS_MS: u64 = 60_000;

/// A kind of window, as X names its headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WindowKind {
    /// Of 15 minutes, per account.
    QuarterHour,
    /// Of a day, of all that an app does.
    AppDay,
    /// Of a day, per account.
    AccountDay,
}

impl WindowKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::QuarterHour, Self::AppDay, Self::AccountDay];
    /// As it is shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::QuarterHour => "15-minutes",
            Self::AppDay => "app-day",
            Self::AccountDay => "account-day",
        }
    }
    /// What its headers begin with.
    pub(super) const fn header(self) -> &'static str {
        match self {
            Self::QuarterHour => "x-rate-limit",
            Self::AppDay => "x-app-limit-24hour",
            Self::AccountDay => "x-user-limit-24hour",
        }
    }
    fn end(self, now: Timestamp) -> Timestamp {
        now.plus_millis(u64::try_from(self.longest().as_millis()).unwrap_or(u64::MAX))
    }
    /// None ends later than so long from now, whatever is said: its own length and a little.
    pub(super) const fn longest(self) -> Duration {
        match self {
            Self::QuarterHour => Duration::from_secs(16 * 60),
            Self::AppDay | Self::AccountDay => Duration::from_secs(25 * 3_600),
        }
    }
}

/// How a window stands, as X's last answer said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Whose, as people call it: `@ada`, or an app.
    pub account: String,
    /// `POST /2/tweets`, with `:id` where it has an id.
    pub request: String,
    /// Which.
    pub kind: WindowKind,
    /// How many requests it has; none where it is not told.
    pub limit: Option<u64>,
    /// How many are left.
    pub remaining: u64,
    /// When it is whole again, by the clock of X.
    pub resets_at: Timestamp,
}

/// All that were told.
#[derive(Debug, Default)]
pub(super) struct Windows {
    told: Mutex<BTreeMap<(String, String, WindowKind), Window>>,
    /// In the name of which app each account signs, as people call both; an account in lower case.
    apps: Mutex<BTreeMap<String, String>>,
}

impl Windows {
    /// From now on these accounts share the windows of their apps. The others have their own.
    pub fn share(&self, apps: BTreeMap<String, String>) {
        *self.apps.lock().unwrap_or_else(PoisonError::into_inner) = apps;
    }

    /// Whose the window of an account is.
    fn owner(&self, account: &str, kind: WindowKind) -> String {
        let apps = self.apps.lock().unwrap_or_else(PoisonError::into_inner);
        let app = apps.get(&account.to_ascii_lowercase()).filter(|_| kind == WindowKind::AppDay);
        app.cloned().unwrap_or_else(|| account.to_owned())
    }

    /// Takes what an answer says. `now` by the clock of X.
    pub fn note(&self, account: &str, request: &str, headers: &HeaderMap, now: Timestamp) {
        let number = |name: String| headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
        for kind in WindowKind::ALL {
            let of = |what: &str| number(format!("{}-{what}", kind.header()));
            let (Some(remaining), Some(reset)) = (of("remaining"), of("reset")) else { continue };
            let account = self.owner(account, kind);
            let key = (account.to_ascii_lowercase(), request.to_owned(), kind);
            let window = Window {
                account,
                request: request.to_owned(),
                kind,
                limit: of("limit").and_then(|limit| u64::try_from(limit).ok()),
                remaining: u64::try_from(remaining).unwrap_or(0),
                resets_at: Timestamp::from_millis(reset.saturating_mul(1_000)).min(kind.end(now)),
            };
            self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(key, window);
        }
    }

    /// How long until a request may be made again; none where there is room. `now` by the clock of X.
    pub fn exhausted(&self, account: &str, request: &str, now: Timestamp) -> Option<Duration> {
        let of = |kind| (self.owner(account, kind).to_ascii_lowercase(), request.to_owned(), kind);
        let keys = WindowKind::ALL.map(of);
        let inner = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        // One that ends later than any can was told by a clock that was wrong.
        let is_used_up =
            |window: &&Window| window.remaining == 0 && window.resets_at <= window.kind.end(now).plus_millis(CLOCKS_MS);
        let used_up = keys.iter().filter_map(|key| inner.get(key)).filter(is_used_up);
        let until = used_up.map(|window| window.resets_at).max().filter(|until| *until > now)?;
        Some(Duration::from_millis(until.millis_since(now)))
    }

    /// Those that are not over, by account, request and kind.
    pub fn all(&self, now: Timestamp) -> Vec<Window> {
        let inner = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        inner.values().filter(|window| window.resets_at > now).cloned().collect()
    }
}

/// A request as its limits are counted: ids and names are the same for all.
pub(super) fn request(method: &Method, path: &[&str]) -> String {
    let mut text = method.to_string();
    text.push(' ');
    let mut before = "";
    for part in path {
        let is_id = part.len() > 1 && part.bytes().all(|byte| byte.is_ascii_digit()) || before == "username";
        text.push('/');
        text.push_str(if is_id { ":id" } else { part });
        before = part;
    }
    text
}

/// A little longer than asked, so that not all accounts come back in the same moment: the same for the same account
/// and wait. At most a twentieth, and ten seconds.
pub(super) fn apart(account: &str, wait: Duration) -> Duration {
    let most = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX) / 20;
    let more = ids::derive_u64(&["x-wait", account, &wait.as_secs().to_string()]) % (most.min(10_000) + 1);
    wait + Duration::from_millis(more)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(of: &[(&'static str, i64)]) -> HeaderMap {
        of.iter().map(|(name, value)| (name.parse().unwrap(), value.to_string().parse().unwrap())).collect()
    }

    #[test]
    fn the_latest_window_that_is_used_up_is_waited_for_and_others_are_not() {
        let windows = Windows::default();
        let [ada, bob] = ["@Ada", "@bob"];
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
        let post = request(&Method::POST, &["2", "tweets"]);
        windows.note(ada, &post, &headers(&[("x-rate-limit-remaining", 1), ("x-rate-limit-reset", 900)]), at(0));
        assert_eq!(windows.exhausted(ada, &post, at(0)), None);
        let used_up = [
            ("x-rate-limit-remaining", 0),
            ("x-rate-limit-reset", 900),
            ("x-user-limit-24hour-limit", 17),
            ("x-user-limit-24hour-remaining", 0),
            ("x-user-limit-24hour-reset", 5_000),
            ("x-app-limit-24hour-remaining", 3),
            ("x-app-limit-24hour-reset", 9_000),
        ];
        windows.note(ada, &post, &headers(&used_up), at(0));
        assert_eq!(windows.exhausted("@ADA", &post, at(100)), Some(Duration::from_secs(4_900)));
        assert_eq!(windows.exhausted(ada, &post, at(5_000)), None);
        assert_eq!(windows.exhausted(bob, &post, at(100)), None, "it is another's");
        assert_eq!(windows.exhausted(ada, "GET /2/users/me", at(100)), None, "it is another request's");
        // An answer that says nothing changes nothing.
        windows.note(ada, &post, &HeaderMap::new(), at(0));
        windows.note(ada, &post, &headers(&[("x-rate-limit-remaining", 5)]), at(0));
        let all: Vec<_> =
            windows.all(at(100)).into_iter().map(|one| (one.kind.name(), one.limit, one.remaining)).collect();
        assert_eq!(all, [("15-minutes", None, 0), ("app-day", None, 3), ("account-day", Some(17), 0)]);
        assert_eq!(windows.all(at(5_000)).len(), 1, "the others are whole again");
    }

    #[test]
    fn accounts_of_an_app_share_its_window_and_no_other() {
        let windows = Windows::default();
        let app = "the app `main`".to_owned();
        windows.share([("@ada".to_owned(), app.clone()), ("@bob".to_owned(), app.clone())].into());
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
        let of_app = [("x-app-limit-24hour-remaining", 0), ("x-app-limit-24hour-reset", 9_000)];
        windows.note("@Ada", "r", &headers(&of_app), at(0));
        let wait = Some(Duration::from_secs(8_900));
        for (account, expected) in [("@ada", wait), ("@BOB", wait), (app.as_str(), wait), ("@eve", None)] {
            assert_eq!(windows.exhausted(account, "r", at(100)), expected, "{account}");
        }
        assert_eq!(windows.exhausted("@bob", "other", at(100)), None);
        assert_eq!(windows.all(at(100)).iter().map(|window| &window.account).collect::<Vec<_>>(), [&app], "it is one");
        // Those of an account stay its own; and who has no app has that window alone.
        let own = [("x-user-limit-24hour-remaining", 0), ("x-user-limit-24hour-reset", 9_000)];
        windows.note("@ada", "own", &headers(&own), at(0));
        windows.note("@eve", "alone", &headers(&of_app), at(0));
        for (account, request, waits) in
            [("@ada", "own", true), ("@bob", "own", false), ("@eve", "alone", true), ("@ada", "alone", false)]
        {
            assert_eq!(windows.exhausted(account, request, at(100)).is_some(), waits, "{account} {request}");
        }
    }

    #[test]
    fn no_window_is_longer_than_its_kind_whatever_is_told() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
        let now = 1_700_000_000;
        for (name, longest) in [("x-rate-limit", 16 * 60), ("x-user-limit-24hour", 25 * 3_600)] {
            let (remaining, reset) = (format!("{name}-remaining"), format!("{name}-reset"));
            // In milliseconds, and without end.
            for told in [(now + 60) * 1_000, i64::MAX] {
                let windows = Windows::default();
                let headers: HeaderMap = [(&remaining, 0), (&reset, told)]
                    .map(|(name, value)| (name.parse().unwrap(), value.to_string().parse().unwrap()))
                    .into_iter()
                    .collect();
                windows.note("ada", "r", &headers, at(now));
                let wait = windows.exhausted("ada", "r", at(now));
                assert_eq!(wait, Some(Duration::from_secs(longest)), "{name} {told}");
                assert_eq!(windows.exhausted("ada", "r", at(now + 26 * 3_600)), None);
                assert_eq!(windows.exhausted("ada", "r", at(now - 86_400 * 3_000)), None, "the clock was wrong");
            }
        }
    }

    #[test]
    fn requests_that_differ_in_an_id_alone_share_a_window() {
        let of = |path: &[&str]| request(&Method::GET, path);
        assert_eq!(of(&["2", "users", "123", "tweets"]), of(&["2", "users", "45", "tweets"]));
        assert_eq!(of(&["2", "users", "by", "username", "ada"]), "GET /2/users/by/username/:id");
        assert_eq!(of(&["2", "users", "me"]), "GET /2/users/me");
        assert_ne!(of(&["2", "tweets", "12"]), request(&Method::DELETE, &["2", "tweets", "12"]));
    }

    #[test]
    fn accounts_come_back_apart_and_each_at_the_same_time_again() {
        let wait = Duration::from_secs(900);
        let waits: Vec<Duration> = (0..20).map(|n| apart(&format!("a{n}"), wait)).collect();
        assert!(waits.iter().all(|one| (wait..=wait + Duration::from_secs(10)).contains(one)), "{waits:?}");
        assert!(waits.windows(2).any(|pair| pair[0] != pair[1]));
        assert_eq!(apart("a1", wait), waits[1]);
        assert_eq!(apart("a1", Duration::from_millis(10)), Duration::from_millis(10));
    }
}
