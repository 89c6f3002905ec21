//! The network itself: accounts, posts, likes and windows of rate.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use puppet_types::{Timestamp, ids::derive_u64};
use serde_json::{Map, Value, json};

use super::{Caller, auth::Grants, media::Media, stream::Filtered, text};
use crate::operation::Operation;

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
    /// The same by id.
    names: BTreeMap<Number, String>,
    posts: BTreeMap<Number, Post>,
    /// What was uploaded.
    pub(super) media: BTreeMap<Number, Media>,
    /// By app: its rules, and whoever listens.
    pub(super) streams: BTreeMap<String, Filtered>,
    /// How many rules were ever made.
    pub(super) rules_made: u64,
    /// What accounts have consented to.
    pub(super) grants: Grants,
    /// Account and text of everything that was ever posted.
    texts: BTreeSet<(String, String)>,
    /// By request: who liked what.
    likes: BTreeMap<u64, (String, Number)>,
    /// By account, operation and length in seconds: the window's end in seconds, and how many came in it.
    windows: BTreeMap<(String, Operation, u32), (i64, u64)>,
}

/// One post.
#[derive(Debug)]
pub(super) struct Post {
    /// The request that made it.
    n: u64,
    pub(super) id: Number,
    pub(super) author: String,
    /// As it was sent.
    pub(super) text: String,
    pub(super) at: Timestamp,
    pub(super) in_reply_to: Option<Number>,
    pub(super) quotes: Option<Number>,
    pub(super) media: Vec<Number>,
    /// Beside the text, as they were sent.
    pub(super) settings: Map<String, Value>,
    pub(super) conversation: Number,
    /// Lower-case names that its text has, that of whoever it answers among them.
    pub(super) mentions: BTreeSet<String>,
    /// Lower-case names of those who like it.
    pub(super) fans: BTreeSet<String>,
    pub(super) replies: u64,
    pub(super) quoted: u64,
    deleted: bool,
}

/// One that is asked for.
pub(super) struct Draft {
    pub(super) text: String,
    pub(super) in_reply_to: Option<Number>,
    pub(super) quotes: Option<Number>,
    pub(super) media: Vec<Number>,
    pub(super) settings: Map<String, Value>,
}

impl Network {
    pub(super) fn meet(&mut self, account: &str) {
        if !self.knows(account) {
            self.accounts.insert(account.to_ascii_lowercase(), account.to_owned());
            self.names.insert(self.id(account), account.to_owned());
        }
    }

    pub(super) fn knows(&self, account: &str) -> bool {
        self.accounts.contains_key(&account.to_ascii_lowercase())
    }

    /// As it was first written.
    pub(super) fn name<'a>(&'a self, account: &'a str) -> &'a str {
        self.accounts.get(&account.to_ascii_lowercase()).map_or(account, String::as_str)
    }

    /// The same for the same name, in every emulator.
    pub(super) fn id(&self, account: &str) -> Number {
        1_000_000_000 + derive_u64(&["account", &account.to_ascii_lowercase()]) % 9_000_000_000
    }

    pub(super) fn of_id(&self, id: Number) -> Option<&str> {
        self.names.get(&id).map(String::as_str)
    }

    /// Counts a request. How many came in its window, and when that ends.
    pub(super) fn count(&mut self, account: &str, operation: Operation, at: Timestamp, window_s: u32) -> (u64, i64) {
        let now_s = at.as_millis() / 1_000;
        let window = self.windows.entry((account.to_ascii_lowercase(), operation, window_s)).or_default();
        if now_s >= window.0 {
            *window = (now_s + i64::from(window_s), 0);
        }
        window.1 += 1;
        (window.1, window.0)
    }

    pub(super) fn there(&self, id: Number) -> Option<&Post> {
        self.posts.get(&id).filter(|post| !post.deleted)
    }

    /// Also one that was taken back.
    pub(super) fn ever(&self, id: Number) -> Option<&Post> {
        self.posts.get(&id)
    }

    pub(super) fn is_there(&self, id: Number) -> bool {
        self.there(id).is_some()
    }

    pub(super) fn author(&self, id: Number) -> Option<&str> {
        self.there(id).map(|post| post.author.as_str())
    }

    /// Whether an account has never posted this text; from now on it has.
    pub(super) fn is_new(&mut self, account: &str, text: &str) -> bool {
        self.texts.insert((account.to_ascii_lowercase(), text.to_owned()))
    }

    pub(super) fn post(&mut self, caller: Caller<'_>, draft: Draft) -> Number {
        let since = u64::try_from(caller.at.as_millis() - EPOCH_MS).unwrap_or(0) << ID_BITS;
        let id = self.posts.last_key_value().map_or(since, |(last, _)| since.max(last + 1));
        let Draft { text, in_reply_to, quotes, media, settings } = draft;
        let conversation = in_reply_to.and_then(|to| self.there(to)).map_or(id, |post| post.conversation);
        let author = caller.account.to_owned();
        let (n, at) = (caller.n, caller.at);
        let post = Post {
            n,
            id,
            author,
            text,
            at,
            in_reply_to,
            quotes,
            media,
            settings,
            conversation,
            mentions: BTreeSet::new(),
            fans: BTreeSet::new(),
            replies: 0,
            quoted: 0,
            deleted: false,
        };
        self.posts.insert(id, post);
        let named = self.shown(id).map(|shown| text::mentions(&shown.text)).unwrap_or_default();
        if let Some(post) = self.posts.get_mut(&id) {
            post.mentions = named.into_iter().map(|(_, _, name)| name.to_ascii_lowercase()).collect();
        }
        self.refers(in_reply_to, quotes, 1);
        self.stream(id);
        id
    }

    /// A post that answers and quotes these has come (1) or gone (-1).
    fn refers(&mut self, in_reply_to: Option<Number>, quotes: Option<Number>, by: i64) {
        if let Some(post) = in_reply_to.and_then(|id| self.posts.get_mut(&id)) {
            post.replies = post.replies.saturating_add_signed(by);
        }
        if let Some(post) = quotes.and_then(|id| self.posts.get_mut(&id)) {
            post.quoted = post.quoted.saturating_add_signed(by);
        }
    }

    pub(super) fn take_back(&mut self, id: Number) {
        let Some(post) = self.posts.get_mut(&id).filter(|post| !post.deleted) else { return };
        post.deleted = true;
        let (in_reply_to, quotes) = (post.in_reply_to, post.quotes);
        self.refers(in_reply_to, quotes, -1);
    }

    pub(super) fn liked(&mut self, caller: Caller<'_>, id: Number) {
        self.likes.insert(caller.n, (caller.account.to_owned(), id));
        if let Some(post) = self.posts.get_mut(&id) {
            post.fans.insert(caller.account.to_ascii_lowercase());
        }
    }

    pub(super) fn not_liked(&mut self, caller: Caller<'_>, id: Number) {
        self.likes.retain(|_, (account, of)| *of != id || !account.eq_ignore_ascii_case(caller.account));
        if let Some(post) = self.posts.get_mut(&id) {
            post.fans.remove(&caller.account.to_ascii_lowercase());
        }
    }

    /// Those within a range of ids that are there, newest first.
    pub(super) fn newest(
        &self,
        ids: (Bound<Number>, Bound<Number>),
        is_meant: impl Fn(&Post) -> bool,
    ) -> impl Iterator<Item = Number> {
        let there = self.posts.range(ids).rev().map(|(_, post)| post).filter(|post| !post.deleted);
        there.filter(move |post| is_meant(post)).map(|post| post.id)
    }

    /// Everything by account, in order.
    pub(crate) fn report(&self) -> Vec<Value> {
        let mut posts: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for post in self.posts.values() {
            posts.entry(post.author.to_ascii_lowercase()).or_default().push(reported(post));
        }
        let mut likes: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for (n, (account, of)) in &self.likes {
            let like = json!({ "n": n, "post": of.to_string() });
            likes.entry(account.to_ascii_lowercase()).or_default().push(like);
        }
        let of = |(key, name): (&String, &String)| {
            let (posts, likes) = (posts.remove(key).unwrap_or_default(), likes.remove(key).unwrap_or_default());
            json!({ "account": name, "id": self.id(name).to_string(), "posts": posts, "likes": likes })
        };
        self.accounts.iter().map(of).collect()
    }
}

fn reported(post: &Post) -> Value {
    let id = |id: Option<Number>| id.map(|id| id.to_string());
    json!({
        "n": post.n, "id": post.id.to_string(), "text": post.text, "at": post.at,
        "in_reply_to": id(post.in_reply_to), "quotes": id(post.quotes), "deleted": post.deleted,
        "media": post.media.iter().map(Number::to_string).collect::<Vec<_>>(), "settings": post.settings,
    })
}
