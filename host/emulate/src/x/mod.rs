//! A subset of X's API v2. Every account sees the same network; a post is never refused for being the same as another
//! (only a fault does that), so that what was posted twice is seen twice, and counted.

mod auth;
mod likes;
mod lists;
mod media;
mod network;
mod pages;
mod posts;
mod problems;
mod query;
mod rules;
mod stream;
mod text;
mod told;
mod users;

use puppet_types::Timestamp;

use crate::{
    asked::Asked,
    faults::{Plan, Problem},
    operation::{Call, Operation},
    record::Record,
    reply::Reply,
};
pub(crate) use auth::Who;
pub(crate) use network::Network;
use network::Number;
pub(crate) use problems::{duplicate, failed, no_such_path, too_many, unauthorized};
pub use stream::Disconnect;

/// The longer of the two windows.
const DAY_S: u32 = 86_400;

/// What accounts do to the network, as it is counted.
pub(crate) const EFFECTS: [&str; 6] = ["post", "reply", "quote", "like", "delete", "media"];

/// Who asks, and when; the number of the request.
#[derive(Clone, Copy)]
pub(crate) struct Caller<'a> {
    /// Its name, or that of an app.
    pub(crate) account: &'a str,
    pub(crate) n: u64,
    pub(crate) at: Timestamp,
}

impl Network {
    /// Whoever asks; a refusal where nobody can tell.
    pub(crate) fn who(&self, operation: Operation, asked: &Asked, at: Timestamp) -> Result<Who, Reply> {
        self.grants.who(operation, asked, at)
    }

    /// Somebody signs in, or out.
    pub(crate) fn sign_in(&mut self, operation: Operation, asked: &Asked, at: Timestamp, plan: &Plan) -> Reply {
        match operation {
            Operation::Authorize => self.grants.authorize(asked, at),
            Operation::Revoke => self.grants.revoke(asked),
            _ => self.grants.token(asked, at, plan),
        }
    }

    /// Counts a request against its window. An answer where there is no room left, the headers where there is.
    pub(crate) fn admit(
        &mut self,
        call: &Call,
        (who, caller): (&Who, Caller<'_>),
        plan: &Plan,
    ) -> Result<Vec<(String, String)>, Reply> {
        who.may(call.operation)?;
        if let Who::User { name, .. } = who {
            self.meet(name);
        }
        let limit = plan.limits.get(&call.operation).copied().unwrap_or(plan.limit);
        let mut counted = vec![("x-rate-limit", limit, plan.window_s)];
        let of_day = plan.day_limits.get(&call.operation);
        counted.extend(of_day.map(|limit| ("x-user-limit-24hour", *limit, DAY_S)));
        let (mut headers, mut is_over) = (Vec::new(), false);
        for (window, limit, length_s) in counted {
            let (used, reset_s) = self.count(caller.account, call.operation, caller.at, length_s);
            is_over |= used > u64::from(limit);
            headers.extend([
                (format!("{window}-limit"), limit.to_string()),
                (format!("{window}-remaining"), u64::from(limit).saturating_sub(used).to_string()),
                (format!("{window}-reset"), reset_s.to_string()),
            ]);
        }
        if is_over {
            let refused = Problem::TooManyRequests.reply(0);
            return Err(headers.into_iter().fold(refused, |reply, (name, value)| reply.with(name, value)));
        }
        Ok(headers)
    }

    /// Does what is asked.
    pub(crate) fn carry_out(
        &mut self,
        call: &Call,
        caller: Caller<'_>,
        (asked, plan): (&Asked, &Plan),
        record: &mut Record,
    ) -> Reply {
        use Operation as O;
        if !call.operation.by_user() && !plan.streams {
            return Problem::ClientNotEnrolled.reply(0);
        }
        match call.operation {
            O::CreatePost => self.create(caller, &asked.body, plan, record),
            O::MediaInitialize => self.begin_media(caller, &asked.body, plan),
            O::MediaAppend => self.append_media(caller, &call.of, asked),
            O::MediaFinalize => self.finish_media(caller, &call.of, plan, record),
            O::MediaStatus => self.media_status(caller, asked, plan),
            O::MediaMetadata => self.describe_media(caller, &asked.body),
            O::DeletePost => self.delete(caller, &call.of, record),
            O::Post => self.one(&call.of, asked),
            O::Me => self.me(caller),
            O::User => self.named(&call.of),
            O::PostsOf => self.posts_of(&call.of, asked),
            O::Timeline => self.timeline(caller, &call.of, asked),
            O::Stream => self.listen(caller, asked, plan),
            O::Rules => self.rules(caller, asked),
            O::ChangeRules => self.change_rules(caller, asked, plan),
            O::Posts => self.several(asked),
            O::UserById => self.of_number(&call.of),
            O::Mentions => self.mentions_of(&call.of, asked),
            O::Search => self.search(asked),
            O::Unlike => self.unlike(caller, &call.of, &call.and),
            O::Like if plan.self_serve => Problem::NotPermitted.reply(0),
            O::Like => self.like(caller, &call.of, &asked.body, record),
            _ => no_such_path(),
        }
    }

    /// Whether an id in a path is that of whoever asks.
    fn is_own(&self, caller: Caller<'_>, user: &str) -> bool {
        *user == self.id(caller.account).to_string()
    }
}

/// An id as X writes it.
fn number(id: &str) -> Option<Number> {
    let plain = (1..=19).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| id.parse().ok()).flatten()
}

impl Asked {
    /// The parts of a list in the query.
    fn list(&self, name: &str) -> Vec<&str> {
        self.query.get(name).map(|list| list.split(',').collect()).unwrap_or_default()
    }
}
