//! The two sides of a network of posts: one writes, one reads. Shaped by X API v2, so that `local` and X
//! look the same from inside.

use async_trait::async_trait;
use puppet_store::{Post, StoreError};
use puppet_types::{AccountId, CallError, Code, PostId, Timestamp};

use crate::{Order, Published, Search, Window, platform::Answered};

/// Why an order was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The post that it refers to is not there.
    #[error("there is no post {0}")]
    NotFound(String),
    /// The provider will never do it.
    #[error("refused: {0}")]
    Refused(String),
    /// The provider has the same already, it says, and will not take it twice.
    #[error("refused: {0}")]
    Duplicate(String),
    /// The provider does not accept what the account signs with: nothing was done, and nothing will be before the
    /// operator has mended it.
    #[error("not authorized: {0}")]
    Unauthorized(String),
    /// The provider has suspended or locked the account.
    #[error("the account is suspended: {0}")]
    Suspended(String),
    /// The plan has no such request: nothing was done, and nothing will be under this plan.
    #[error("the plan does not allow it: {0}")]
    NotAllowed(String),
    /// What the plan allows is used up; nothing was done.
    #[error("the plan's allowance is used up: {words}")]
    UsageCap {
        /// In the provider's words.
        words: String,
        /// How long until there is room again, as far as it is told.
        retry_after_ms: u64,
    },
    /// A cap of the operator's has no room for it; nothing was done.
    #[error("your cap leaves no room: {words}")]
    Capped {
        /// Which cap, until when, and what to do.
        words: String,
        /// How long until there is room again, unless it is raised.
        retry_after_ms: u64,
    },
    /// Too many at a time; nothing was done.
    #[error("the provider asks to wait {retry_after_ms} ms")]
    RateLimited {
        /// How long.
        retry_after_ms: u64,
    },
    /// Not reached; nothing was done.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// It may or may not have been done.
    #[error("in doubt: {0}")]
    InDoubt(String),
}

impl From<StoreError> for PublishError {
    /// A failed statement did nothing.
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// Attempts of one effect whose end nobody saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    /// When the first began.
    pub first: Timestamp,
    /// When the last began, at the latest.
    pub last: Timestamp,
}

/// What a look at the provider says of an attempt whose end nobody saw.
#[derive(Debug, Clone, PartialEq)]
pub enum Reconciled {
    /// It was done, and came to this.
    Done(Published),
    /// It was not: it may be tried again.
    NotDone,
    /// It cannot be told: the operator decides. Why.
    Undecidable(String),
}

/// Carries orders out.
#[async_trait]
pub trait TweetPublisher: Send + Sync {
    /// Whether the same effect (by [`Order::effect`]) given twice is done once. Only then is an attempt whose end
    /// nobody saw made again; else its effect is in doubt until somebody has looked.
    fn is_idempotent(&self) -> bool;
    /// Does it. Where the same effect twice is two, a thread never comes whole: its parts come one at a time, the first as a
    /// post and each other as an answer to the one before.
    async fn publish(&self, order: &Order) -> Result<Published, PublishError>;
    /// Whether it has anything to sign with as this account: without, nothing of it can leave.
    fn signs_as(&self, account: &AccountId) -> bool {
        let _ = account;
        true
    }
    /// How the provider's own limits stand, as its last answers said; none of a provider that has none.
    fn windows(&self) -> Vec<Window> {
        Vec::new()
    }
    /// Who wrote a post, and to whom it speaks: asked where nobody here knows, before it is answered. `account` asks.
    ///
    /// # Errors
    /// It is not there; the provider was not reached, or asks to wait.
    async fn answered(&self, account: &AccountId, id: &PostId) -> Result<Answered, PublishError> {
        let _ = account;
        Err(PublishError::NotFound(id.to_string()))
    }
    /// Looks whether an order was carried out by one of the attempts that were lost: as it was decided, or in another of its
    /// `policy::forms`. `claimed` holds ids of posts of this account that other effects are known to have made. Changes
    /// nothing out there.
    ///
    /// # Errors
    /// The provider was not reached, or asks to wait: it is looked at again.
    async fn reconcile(&self, order: &Order, lost: Lost, claimed: &[PostId]) -> Result<Reconciled, PublishError> {
        let _ = (order, lost, claimed);
        Ok(Reconciled::Undecidable("this provider cannot be asked what it has done".to_owned()))
    }
}

/// Answers reads. Nothing from `before` or later is shown.
#[async_trait]
pub trait TweetReader: Send + Sync {
    /// What the account sees, newest first.
    async fn timeline(&self, account: &AccountId, before: Timestamp, limit: usize) -> Result<Vec<Post>, CallError>;
    /// Posts of one account, replies too, newest first.
    async fn posts_of(&self, author: &AccountId, before: Timestamp, limit: usize) -> Result<Vec<Post>, CallError>;
    /// Those of an account of ours: on a network with strangers nobody is taken for it.
    async fn own_posts(&self, account: &AccountId, before: Timestamp, limit: usize) -> Result<Vec<Post>, CallError> {
        self.posts_of(account, before, limit).await
    }
    /// At most `depth` ancestors of a post, oldest first, and the post itself last.
    async fn thread_of(&self, id: &PostId, depth: usize, before: Timestamp) -> Result<Vec<Post>, CallError>;
    /// Posts of the last seven days that a search finds, newest first.
    async fn search(&self, search: &Search, before: Timestamp, limit: usize) -> Result<Vec<Post>, CallError>;
    /// The posts of the conversation that a post is of, as far as a search finds them, and the post itself; newest first.
    async fn conversation(&self, id: &PostId, before: Timestamp, limit: usize) -> Result<Vec<Post>, CallError> {
        let post = self.thread_of(id, 0, before).await?.pop();
        let post = post.ok_or_else(|| CallError::new(Code::NotFound, format!("there is no post {id}")))?;
        let search = Search::of_conversation(post.conversation.clone());
        let mut posts = self.search(&search, before, limit).await?;
        if posts.iter().all(|found| found.id != post.id) {
            // Ids grow with time: a longer one is a later one.
            let place = |post: &Post| (post.at, post.id.as_str().len(), post.id.clone());
            posts.insert(posts.partition_point(|found| place(found) > place(&post)), post);
            posts.truncate(limit);
        }
        Ok(posts)
    }
}
