//! What a request is priced as: before it is made, as far as that can be known, and by its answer.

use reqwest::StatusCode;
use serde::{Deserialize, de::IgnoredAny};

use super::answer::{Answer, NoAnswer};
use crate::{caps::Cap, plan::Priced};

/// The posts that may come beside one that is looked up with what it refers to.
const BESIDE: u64 = 3;

/// Whose a signature is.
pub(super) const ME: [&str; 3] = ["2", "users", "me"];

/// The caps that hold a request back. Whose a signature is, is asked also without room for reads: nothing is posted before.
pub(super) fn held_by(path: &[&str]) -> &'static [Cap] {
    if path == ME { &[Cap::UsdPerDay, Cap::PostsPerMonth] } else { &Cap::ALL }
}

/// How many of what it asks for a read may be answered with at most, and how many posts beside them.
pub(super) fn most(query: &[(&str, &str)]) -> (u64, u64) {
    let of = |name: &str| query.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let count = of("max_results").and_then(|count| count.parse().ok()).unwrap_or(1);
    let has_others = of("expansions").is_some_and(|named| named.contains("referenced_tweets.id"));
    (count, if has_others { count.saturating_mul(BESIDE) } else { 0 })
}

/// What a request came to.
pub(super) fn of(what: Priced, answer: &Result<Answer, NoAnswer>) -> Vec<(Priced, usize)> {
    match answer {
        Ok(answer) if what.is_read() && answer.status.is_success() => {
            let there: There = serde_json::from_slice(&answer.body).unwrap_or_default();
            let things = there.data.map_or(0, |data| data.len());
            let beside = there.includes.and_then(|includes| includes.tweets).map_or(0, |tweets| tweets.len());
            vec![(what, things), (Priced::PostRead, beside)]
        }
        Ok(answer) if !what.is_read() && may_be_done(answer.status) => vec![(what, 1)],
        Err(NoAnswer::Lost(_)) if !what.is_read() => vec![(what, 1)],
        _ => Vec::new(),
    }
}

/// Whether what was asked for may have been done by somebody who answers so.
fn may_be_done(status: StatusCode) -> bool {
    status.is_success() || status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT
}

/// As much of an answer as is charged. The authors of posts that come with them are not counted.
#[derive(Default, Deserialize)]
struct There {
    #[serde(default)]
    data: Option<Things>,
    #[serde(default)]
    includes: Option<Beside>,
}

#[derive(Deserialize)]
struct Beside {
    #[serde(default)]
    tweets: Option<Vec<IgnoredAny>>,
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

    #[test]
    fn what_is_null_is_not_there_and_the_rest_counts() {
        let body = br#"{"data":[{"id":"1"},{"id":"2"}],"includes":{"users":[],"tweets":null}}"#.to_vec();
        let answer = Ok(Answer { status: StatusCode::OK, headers: Default::default(), body });
        assert_eq!(of(Priced::OwnRead, &answer), [(Priced::OwnRead, 2), (Priced::PostRead, 0)]);
        let body = br#"{"data":null,"includes":null}"#.to_vec();
        let answer = Ok(Answer { status: StatusCode::OK, headers: Default::default(), body });
        assert_eq!(of(Priced::OwnRead, &answer), [(Priced::OwnRead, 0), (Priced::PostRead, 0)]);
    }
}
