//! The local timeline: posts and likes of the embedded `local` network.

use async_trait::async_trait;
use puppet_types::{AccountId, EffectId, PostId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Result;

/// A post.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Post {
    /// Decimal text, growing with time, as X's.
    pub id: PostId,
    /// Without `@`.
    pub author: AccountId,
    /// At most 280 weighted.
    pub text: String,
    /// When.
    pub at: Timestamp,
    /// The post it answers.
    pub in_reply_to: Option<PostId>,
    /// The post it quotes.
    pub quotes: Option<PostId>,
    /// First post of the conversation.
    pub conversation: PostId,
    /// First post of the thread it is a part of.
    pub thread: Option<PostId>,
    /// Paths of images with their descriptions.
    pub media: Vec<puppet_types::Image>,
    /// How many of our own events led to it; its mentions inherit them.
    pub hops: u32,
    /// Counted from the rows.
    pub likes: u32,
    /// Counted from the rows.
    pub replies: u32,
    /// Counted from the rows.
    pub quoted: u32,
}

/// Posts and likes.
#[async_trait]
pub trait PostStore: Send + Sync {
    /// Stores posts (a thread in order), once per effect and part: the second time answers what the first stored.
    async fn publish(&self, effect: &EffectId, posts: Vec<Post>) -> Result<Vec<Post>>;
    /// What was stored under an effect, in order; also what was deleted since.
    async fn published(&self, effect: &EffectId) -> Result<Vec<Post>>;
    /// Stores a like, once per account and post. Answers whether it is new.
    async fn like(&self, account: &AccountId, post: &PostId, at: Timestamp) -> Result<bool>;
    /// Deletes a post of this account. Answers whether there was one.
    async fn delete_post(&self, account: &AccountId, post: &PostId) -> Result<bool>;
    /// By id.
    async fn post(&self, id: &PostId) -> Result<Option<Post>>;
    /// Newest first, strictly before `before`; of these authors (empty = all), without replies where `originals`.
    async fn posts(
        &self,
        authors: &[AccountId],
        before: Timestamp,
        originals: bool,
        limit: usize,
    ) -> Result<Vec<Post>> {
        self.posts_before(authors, (before, 0), originals, limit).await
    }
    /// The same, before a post of this time and number (its id): also of the same time, so that none is lost between pages.
    async fn posts_before(
        &self,
        authors: &[AccountId],
        before: (Timestamp, u64),
        originals: bool,
        limit: usize,
    ) -> Result<Vec<Post>>;
    /// The post and its ancestors, oldest first, at most `depth` ancestors.
    async fn thread_of(&self, id: &PostId, depth: usize) -> Result<Vec<Post>>;
    /// All likes, by (time, post, account): for reports.
    async fn likes(&self) -> Result<Vec<(Timestamp, PostId, AccountId)>>;
    /// Largest post id number so far, 0 where there is none.
    async fn last_post_number(&self) -> Result<u64>;
}
