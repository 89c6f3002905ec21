//! The network itself: accounts, posts, likes and windows of rate, and how a post is told.

use std::collections::{BTreeMap, BTreeSet};

use puppet_types::{Timestamp, ids::derive_u64};
use serde_json::{Value, json};

use super::{
    Caller,
    text::{self, Shown},
};
use crate::asked::{Asked, Operation};

/// An id.
pub(super) type Number = u64;

/// X's ids count milliseconds from here.
const EPOCH_MS: i64 = 1_288_834_974_657;
/// Below them are so many bits.
const ID_BITS: u32 = 22;

/// Everything.
#[derive(Debug, Default)]
pub(crate) struct Network {
    /// By lower-case name, as they were first written.
    accounts: BTreeMap<String, String>,
    posts: BTreeMap<Number, Post>,
    /// By request: who liked what.
    likes: BTreeMap<u64, (String, Number)>,
    /// By account and operation: the window's end in seconds, and how many came in it.
    windows: BTreeMap<(String, Operation), (i64, u64)>,
}

/// One post.
#[derive(Debug)]
pub(super) struct Post {
    /// The request that made it.
    n: u64,
    pub(super) id: Number,
    pub(super) author: String,
    /// As it was sent.
    text: String,
    pub(super) at: Timestamp,
    pub(super) in_reply_to: Option<Number>,
    quotes: Option<Number>,
    conversation: Number,
    deleted: bool,
}

/// One that is asked for.
pub(super) struct Draft {
    pub(super) text: String,
    pub(super) in_reply_to: Option<Number>,
    pub(super) quotes: Option<Number>,
}

impl Network {
    pub(super) fn meet(&mut self, account: &str) {
        self.accounts.entry(account.to_ascii_lowercase()).or_insert_with(|| account.to_owned());
    }

    pub(super) fn knows(&self, account: &str) -> bool {
        self.accounts.contains_key(&account.to_ascii_lowercase())
    }

    /// The same for the same name, in every emulator.
    pub(super) fn id(&self, account: &str) -> Number {
        1_000_000_000 + derive_u64(&["account", &account.to_ascii_lowercase()]) % 9_000_000_000
    }

    pub(super) fn of_id(&self, id: Number) -> Option<String> {
        self.accounts.values().find(|name| self.id(name) == id).cloned()
    }

    pub(super) fn user(&self, account: &str) -> Value {
        let name = self.accounts.get(&account.to_ascii_lowercase()).map_or(account, String::as_str);
        json!({ "id": self.id(name).to_string(), "name": name, "username": name })
    }

    /// Counts a request. How many came in its window, and when that ends.
    pub(super) fn count(&mut self, account: &str, operation: Operation, at: Timestamp, window_s: u32) -> (u64, i64) {
        let now_s = at.as_millis() / 1_000;
        let window = self.windows.entry((account.to_ascii_lowercase(), operation)).or_default();
        if now_s >= window.0 {
            *window = (now_s + i64::from(window_s), 0);
        }
        window.1 += 1;
        (window.1, window.0)
    }

    fn there(&self, id: Number) -> Option<&Post> {
        self.posts.get(&id).filter(|post| !post.deleted)
    }

    pub(super) fn is_there(&self, id: Number) -> bool {
        self.there(id).is_some()
    }

    pub(super) fn author(&self, id: Number) -> Option<&str> {
        self.there(id).map(|post| post.author.as_str())
    }

    pub(super) fn post(&mut self, caller: Caller<'_>, draft: Draft) -> Number {
        let since = u64::try_from(caller.at.as_millis() - EPOCH_MS).unwrap_or(0) << ID_BITS;
        let id = self.posts.last_key_value().map_or(since, |(last, _)| since.max(last + 1));
        let conversation = draft.in_reply_to.and_then(|to| self.there(to)).map_or(id, |post| post.conversation);
        let author = caller.account.to_owned();
        let Draft { text, in_reply_to, quotes } = draft;
        let (n, at) = (caller.n, caller.at);
        self.posts.insert(id, Post { n, id, author, text, at, in_reply_to, quotes, conversation, deleted: false });
        id
    }

    pub(super) fn take_back(&mut self, id: Number) {
        if let Some(post) = self.posts.get_mut(&id) {
            post.deleted = true;
        }
    }

    pub(super) fn liked(&mut self, caller: Caller<'_>, id: Number) {
        self.likes.insert(caller.n, (caller.account.to_owned(), id));
    }

    /// Those that are there, newest first.
    pub(super) fn newest(&self, is_meant: impl Fn(&Post) -> bool) -> impl Iterator<Item = Number> {
        let there = self.posts.values().rev().filter(|post| !post.deleted);
        there.filter(move |post| is_meant(post)).map(|post| post.id)
    }

    pub(super) fn shown(&self, id: Number) -> Option<Shown> {
        let post = self.there(id)?;
        let answered = post.in_reply_to.and_then(|to| self.posts.get(&to)).map(|to| to.author.as_str());
        let answered = answered.filter(|author| !author.eq_ignore_ascii_case(&post.author));
        let quoted = post.quotes.and_then(|of| self.posts.get(&of));
        let quoted = quoted.map(|of| format!("https://x.com/{}/status/{}", of.author, of.id));
        Some(text::shown(&post.text, answered, quoted.as_deref()))
    }

    /// With the fields that are asked for.
    pub(super) fn told(&self, id: Number, asked: &Asked) -> Option<Value> {
        let post = self.there(id)?;
        let shown = self.shown(id)?;
        let mut told = json!({ "id": id.to_string(), "text": shown.text, "edit_history_tweet_ids": [id.to_string()] });
        for field in asked.query.get("tweet.fields").map(|list| list.split(',')).into_iter().flatten() {
            let value = match field {
                "author_id" => json!(self.id(&post.author).to_string()),
                "conversation_id" => json!(post.conversation.to_string()),
                "created_at" => json!(Timestamp::from_millis(post.at.as_millis() / 1_000 * 1_000)),
                "entities" if !shown.urls.is_empty() => json!({ "urls": shown.urls }),
                "referenced_tweets" if post.in_reply_to.or(post.quotes).is_some() => referenced(post),
                "public_metrics" => self.metrics(id),
                _ => continue,
            };
            told[field] = value;
        }
        Some(told)
    }

    fn metrics(&self, id: Number) -> Value {
        let there = || self.posts.values().filter(|post| !post.deleted);
        let fans: BTreeSet<String> =
            self.likes.values().filter(|(_, of)| *of == id).map(|(account, _)| account.to_ascii_lowercase()).collect();
        json!({
            "retweet_count": 0, "bookmark_count": 0, "impression_count": 0, "like_count": fans.len(),
            "reply_count": there().filter(|post| post.in_reply_to == Some(id)).count(),
            "quote_count": there().filter(|post| post.quotes == Some(id)).count(),
        })
    }

    /// Everything by account, in order.
    pub(crate) fn report(&self) -> Vec<Value> {
        let of = |name: &String| {
            let posts: Vec<Value> =
                self.posts.values().filter(|post| post.author.eq_ignore_ascii_case(name)).map(reported).collect();
            let likes = self.likes.iter().filter(|(_, (account, _))| account.eq_ignore_ascii_case(name));
            let likes: Vec<Value> = likes.map(|(n, (_, of))| json!({ "n": n, "post": of.to_string() })).collect();
            json!({ "account": name, "id": self.id(name).to_string(), "posts": posts, "likes": likes })
        };
        self.accounts.values().map(of).collect()
    }
}

fn referenced(post: &Post) -> Value {
    let kinds = [("replied_to", post.in_reply_to), ("quoted", post.quotes)];
    let list = kinds.into_iter().filter_map(|(kind, id)| Some(json!({ "type": kind, "id": id?.to_string() })));
    Value::Array(list.collect())
}

fn reported(post: &Post) -> Value {
    let id = |id: Option<Number>| id.map(|id| id.to_string());
    json!({
        "n": post.n, "id": post.id.to_string(), "text": post.text, "at": post.at,
        "in_reply_to": id(post.in_reply_to), "quotes": id(post.quotes), "deleted": post.deleted,
    })
}
