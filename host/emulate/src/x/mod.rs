//! A subset of X's API v2. Every account sees the same network; a post is never refused for being the same as another
//! (only a fault does that), so that what was posted twice is seen twice.

mod network;
mod pages;
mod text;

use puppet_types::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    asked::{Asked, Call, Operation},
    faults::Plan,
    reply::Reply,
};
pub(crate) use network::Network;
use network::{Draft, Number};
use pages::Page;

/// `POST /2/tweets`, as far as it is emulated. What else X takes is refused, so that nobody believes it was heeded.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    text: String,
    reply: Option<Answering>,
    quote_tweet_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answering {
    in_reply_to_tweet_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Like {
    tweet_id: String,
}

/// Who asks, and when; the number of the request.
#[derive(Clone, Copy)]
pub(crate) struct Caller<'a> {
    pub(crate) account: &'a str,
    pub(crate) n: u64,
    pub(crate) at: Timestamp,
}

impl Network {
    /// Counts a request against its window. An answer where there is no room left, the headers where there is.
    pub(crate) fn admit(
        &mut self,
        call: &Call,
        caller: Caller<'_>,
        plan: &Plan,
    ) -> Result<[(&'static str, String); 3], Reply> {
        let (used, reset_s) = self.count(caller.account, call.operation, caller.at, plan.window_s);
        let limit = u64::from(plan.limit);
        if used > limit {
            return Err(Reply::too_many(reset_s).with("x-rate-limit-limit", limit));
        }
        Ok([
            ("x-rate-limit-limit", limit.to_string()),
            ("x-rate-limit-remaining", (limit - used).to_string()),
            ("x-rate-limit-reset", reset_s.to_string()),
        ])
    }

    /// Does what is asked.
    pub(crate) fn carry_out(&mut self, call: &Call, caller: Caller<'_>, asked: &Asked) -> Reply {
        self.meet(caller.account);
        match call.operation {
            Operation::CreatePost => self.create(caller, &asked.body),
            Operation::DeletePost => self.delete(caller, &call.of),
            Operation::Post => self.one(&call.of, asked),
            Operation::Me => Reply::new(200, json!({ "data": self.user(caller.account) })),
            Operation::User => self.named(&call.of),
            Operation::PostsOf => self.posts_of(&call.of, asked),
            Operation::Timeline => self.timeline(caller, &call.of, asked),
            Operation::Like => self.like(caller, &call.of, &asked.body),
            Operation::Chat => Reply::no_such_path(),
        }
    }

    fn create(&mut self, caller: Caller<'_>, body: &[u8]) -> Reply {
        let create: Create = match serde_json::from_slice(body) {
            Ok(create) => create,
            Err(error) => return Reply::invalid(error.to_string()),
        };
        if create.text.trim().is_empty() {
            return Reply::invalid("text must not be empty");
        }
        let answered = create.reply.map(|reply| reply.in_reply_to_tweet_id);
        let mut about = Vec::new();
        for (id, doing) in [(&answered, "reply to"), (&create.quote_tweet_id, "quote")] {
            let found = match id {
                None => None,
                Some(id) => match number(id).filter(|id| self.is_there(*id)) {
                    Some(id) => Some(id),
                    None => {
                        let words = format!("You attempted to {doing} a Tweet that is deleted or not visible to you.");
                        return Reply::forbidden(&words);
                    }
                },
            };
            about.push(found);
        }
        let draft = Draft { text: create.text, in_reply_to: about[0], quotes: about[1] };
        let id = self.post(caller, draft);
        let text = self.shown(id).map(|shown| shown.text);
        Reply::new(201, json!({ "data": { "id": id.to_string(), "text": text } }))
    }

    fn delete(&mut self, caller: Caller<'_>, id: &str) -> Reply {
        let Some(id) = number(id) else { return Reply::invalid("The `id` query parameter value is not valid") };
        match self.author(id) {
            Some(author) if !author.eq_ignore_ascii_case(caller.account) => {
                Reply::forbidden("You are not permitted to delete this Tweet.")
            }
            _ => {
                self.take_back(id);
                Reply::new(200, json!({ "data": { "deleted": true } }))
            }
        }
    }

    fn like(&mut self, caller: Caller<'_>, user: &str, body: &[u8]) -> Reply {
        if *user != self.id(caller.account).to_string() {
            return Reply::forbidden("The `id` must be the ID of the authenticated user.");
        }
        let like: Like = match serde_json::from_slice(body) {
            Ok(like) => like,
            Err(error) => return Reply::invalid(error.to_string()),
        };
        match number(&like.tweet_id).filter(|id| self.is_there(*id)) {
            Some(id) => {
                self.liked(caller, id);
                Reply::new(200, json!({ "data": { "liked": true } }))
            }
            None => Reply::not_found("tweet", "id", &like.tweet_id),
        }
    }

    fn one(&self, id: &str, asked: &Asked) -> Reply {
        match number(id).and_then(|id| self.told(id, asked)) {
            Some(post) => Reply::new(200, self.with_users(json!({ "data": post }), asked)),
            None => Reply::not_found("tweet", "id", id),
        }
    }

    fn named(&mut self, name: &str) -> Reply {
        if self.knows(name) {
            Reply::new(200, json!({ "data": self.user(name) }))
        } else {
            Reply::not_found("user", "username", name)
        }
    }

    fn posts_of(&self, user: &str, asked: &Asked) -> Reply {
        let Some(author) = number(user).and_then(|id| self.of_id(id)) else {
            return Reply::not_found("user", "id", user);
        };
        match Page::of(asked, 5) {
            Ok(page) => self.paged(page, asked, |post| post.author.eq_ignore_ascii_case(&author)),
            Err(reply) => reply,
        }
    }

    fn timeline(&self, caller: Caller<'_>, user: &str, asked: &Asked) -> Reply {
        if *user != self.id(caller.account).to_string() {
            return Reply::forbidden("The `id` must be the ID of the authenticated user.");
        }
        match Page::of(asked, 1) {
            Ok(page) => self.paged(page, asked, |_| true),
            Err(reply) => reply,
        }
    }

    /// A page of those that are meant, newest first.
    fn paged(&self, page: Page, asked: &Asked, is_meant: impl Fn(&network::Post) -> bool) -> Reply {
        let mut ids = self.newest(|post| page.takes(post) && is_meant(post));
        let page_ids: Vec<Number> = ids.by_ref().take(page.size).collect();
        let more = ids.next().is_some();
        let posts: Vec<Value> = page_ids.iter().filter_map(|id| self.told(*id, asked)).collect();
        let (Some(newest), Some(oldest)) = (page_ids.first(), page_ids.last()) else {
            return Reply::new(200, json!({ "meta": { "result_count": 0 } }));
        };
        let mut meta = json!({
            "result_count": posts.len(), "newest_id": newest.to_string(), "oldest_id": oldest.to_string(),
        });
        if more {
            meta["next_token"] = json!(pages::token(*oldest));
        }
        Reply::new(200, self.with_users(json!({ "data": posts, "meta": meta }), asked))
    }

    /// The authors beside their posts, where somebody asks for them.
    fn with_users(&self, mut answer: Value, asked: &Asked) -> Value {
        if asked.list("expansions").contains(&"author_id") {
            let posts = match &answer["data"] {
                Value::Array(posts) => posts.clone(),
                one => vec![one.clone()],
            };
            let ids = posts.iter().filter_map(|post| number(post["author_id"].as_str()?));
            let ids: std::collections::BTreeSet<Number> = ids.collect();
            let users: Vec<Value> = ids.into_iter().filter_map(|id| Some(self.user(&self.of_id(id)?))).collect();
            answer["includes"] = json!({ "users": users });
        }
        answer
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
