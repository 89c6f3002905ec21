//! How many requests Jupiter still takes, as its headers say: `x-ratelimit-remaining` (below zero when it is overdrawn)
//! and `x-ratelimit-reset` (seconds since 1970).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Where nothing is said: without a key a request every two seconds is allowed.
const UNTOLD: Duration = Duration::from_secs(2);
/// No longer, whatever is said.
const LONGEST: Duration = Duration::from_secs(600);

fn number(headers: &HeaderMap, name: &str) -> Option<i64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

fn until(reset: i64, now: SystemTime) -> Duration {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let reset = Duration::from_secs(u64::try_from(reset).unwrap_or(0));
    reset.saturating_sub(now).min(LONGEST)
}

/// How long no further request is taken; none where there is room.
pub(super) fn closed_for(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let is_used_up = number(headers, "x-ratelimit-remaining")? <= 0;
    let wait = until(number(headers, "x-ratelimit-reset")?, now);
    (is_used_up && !wait.is_zero()).then_some(wait)
}

/// How long a 429 asks to wait.
pub(super) fn wait(headers: &HeaderMap, now: SystemTime) -> Duration {
    let after = number(headers, RETRY_AFTER.as_str()).and_then(|seconds| u64::try_from(seconds).ok());
    let after = after.map(Duration::from_secs);
    let reset = number(headers, "x-ratelimit-reset").map(|reset| until(reset, now));
    after.max(reset).filter(|wait| !wait.is_zero()).unwrap_or(UNTOLD).min(LONGEST)
}
