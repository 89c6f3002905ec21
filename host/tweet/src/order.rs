//! What a provider is asked to do, and what came of it.

use puppet_store::Post;
use puppet_types::{AccountId, AgentId, EffectId, Image, PostId, Timestamp};
use serde_json::{Value, json};

use crate::platform::Sort;

/// An effect with every reference resolved to an id.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// A post of its own.
    Post {
        /// At most 280 weighted.
        text: String,
        /// At most four.
        images: Vec<Image>,
    },
    /// Posts that each answer the one before.
    Thread {
        /// In order.
        parts: Vec<String>,
    },
    /// An answer.
    Reply {
        /// What is answered.
        to: PostId,
        /// At most 280 weighted.
        text: String,
        /// At most four.
        images: Vec<Image>,
    },
    /// A post about another.
    Quote {
        /// What is quoted.
        of: PostId,
        /// At most 280 weighted.
        text: String,
    },
    /// A like.
    Like {
        /// What is liked.
        of: PostId,
    },
    /// Takes a post of the account back.
    Delete {
        /// Which.
        of: PostId,
    },
}

impl Action {
    /// What it says, a thread part by part; nothing of a like or a delete.
    pub fn texts(&self) -> Vec<&str> {
        match self {
            Self::Post { text, .. } | Self::Reply { text, .. } | Self::Quote { text, .. } => vec![text],
            Self::Thread { parts } => parts.iter().map(String::as_str).collect(),
            Self::Like { .. } | Self::Delete { .. } => Vec::new(),
        }
    }

    /// The post of somebody that it answers, quotes, likes or deletes; none for one that stands by itself.
    pub fn about(&self) -> Option<&PostId> {
        match self {
            Self::Post { .. } | Self::Thread { .. } => None,
            Self::Reply { to: id, .. }
            | Self::Quote { of: id, .. }
            | Self::Like { of: id }
            | Self::Delete { of: id } => Some(id),
        }
    }

    /// What it is to the rules of a network.
    pub fn sort(&self) -> Sort {
        match self {
            Self::Like { .. } => Sort::Like,
            Self::Quote { .. } => Sort::Quote,
            _ => Sort::Other,
        }
    }

    /// The images that it shows.
    pub fn images(&self) -> &[Image] {
        match self {
            Self::Post { images, .. } | Self::Reply { images, .. } => images,
            _ => &[],
        }
    }
}

/// One effect on its way out.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// The same effect twice is done once.
    pub effect: EffectId,
    /// In whose name.
    pub account: AccountId,
    /// When.
    pub at: Timestamp,
    /// How many of our own events led to it.
    pub hops: u32,
    /// It is a thread, or a part of one: a later part is an answer that is priced as a post.
    pub of_thread: bool,
    /// What.
    pub action: Action,
}

/// What an order came to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Published {
    /// The posts made, a thread in order; none for a like or a delete.
    pub posts: Vec<Post>,
    /// Who hears of it at once; empty where the provider itself brings news of mentions later.
    pub deliveries: Vec<Delivery>,
}

impl Delivery {
    /// A post that addresses an account, with the posts before it as far as they were read, oldest first. `hops`: those of
    /// the post.
    pub fn mention(account: AccountId, post: &Post, context: &[Post], from_agent: Option<&AgentId>, hops: u32) -> Self {
        let mut payload = json!({ "post": told(post), "from_agent": from_agent });
        if !context.is_empty() {
            payload["context"] = context.iter().map(told).collect();
        }
        let (kind, author) = ("mention".to_owned(), post.author.to_string());
        Self { account, kind, author, payload, hops: hops.saturating_add(1) }
    }
}

/// A post as an event tells it.
pub(crate) fn told(post: &Post) -> Value {
    json!({
        "id": post.id, "author": post.author, "text": post.text, "at": post.at,
        "in_reply_to": post.in_reply_to, "quotes": post.quotes, "conversation": post.conversation,
    })
}

/// News for one account.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Who hears it.
    pub account: AccountId,
    /// `mention` or `timeline_post`.
    pub kind: String,
    /// Who wrote the post.
    pub author: String,
    /// `{"post": …, "from_agent": …}`.
    pub payload: Value,
    /// One more than the order had.
    pub hops: u32,
}
