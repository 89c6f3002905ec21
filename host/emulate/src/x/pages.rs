//! Which posts a list of posts is asked for: since when, from which on, how many.

use std::ops::Bound;

use puppet_types::Timestamp;

use super::{
    network::{Number, Post},
    number, problems,
};
use crate::{asked::Asked, reply::Reply};

/// One page.
pub(super) struct Page {
    since: Option<Number>,
    until: Option<Number>,
    start_s: Option<i64>,
    end_s: Option<i64>,
    without_replies: bool,
    pub(super) size: usize,
}

impl Page {
    /// What the query says; a problem where it is wrong. `least`: how many may be asked for at least.
    pub(super) fn of(asked: &Asked, least: usize) -> Result<Self, Reply> {
        let given = |name: &str| asked.query.get(name);
        let invalid = |name: &str| problems::invalid(format!("The `{name}` query parameter value is not valid"));
        let id = |name: &str| given(name).map(|id| number(id).ok_or_else(|| invalid(name))).transpose();
        let seconds = |name: &str| {
            let parsed = |text: &String| Timestamp::parse(text).map(|at| at.as_millis() / 1_000);
            given(name).map(|text| parsed(text).ok_or_else(|| invalid(name))).transpose()
        };
        let size = given("max_results").map_or(Some(10), |text| text.parse().ok());
        let size = size.filter(|size| (least..=100).contains(size)).ok_or_else(|| invalid("max_results"))?;
        let from = match given("pagination_token").or(given("next_token")) {
            Some(token) => Some(of_token(token).ok_or_else(|| invalid("pagination_token"))?),
            None => None,
        };
        let (since, until) = (id("since_id")?, id("until_id")?);
        let (start_s, end_s) = (seconds("start_time")?, seconds("end_time")?);
        Ok(Self {
            since,
            until: from.or(until),
            // An id wins over a time.
            start_s: start_s.filter(|_| since.is_none()),
            end_s: end_s.filter(|_| until.is_none()),
            without_replies: asked.list("exclude").contains(&"replies"),
            size,
        })
    }

    /// Between which ids they are.
    pub(super) fn ids(&self) -> (Bound<Number>, Bound<Number>) {
        let since = self.since.map_or(Bound::Unbounded, Bound::Excluded);
        match (self.since, self.until) {
            // Nothing is between them.
            (Some(since), Some(until)) if until <= since => (Bound::Included(0), Bound::Excluded(0)),
            (_, until) => (since, until.map_or(Bound::Unbounded, Bound::Excluded)),
        }
    }

    /// Whether it is one of them, where its id is.
    pub(super) fn takes(&self, post: &Post) -> bool {
        let at_s = post.at.as_millis() / 1_000;
        self.start_s.is_none_or(|start| at_s >= start)
            && self.end_s.is_none_or(|end| at_s < end)
            && !(self.without_replies && post.in_reply_to.is_some())
    }
}

/// Where the next page begins: behind this post.
pub(super) fn token(last: Number) -> String {
    format!("7140{last:x}")
}

fn of_token(token: &str) -> Option<Number> {
    Number::from_str_radix(token.strip_prefix("7140")?, 16).ok()
}
