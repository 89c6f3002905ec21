//! What is said to accounts on X. It is asked for account by account, as often as the limits leave room for (`poll`).
//! Every mention is taken in once: how far an account was listened for is written with what came, and what comes twice
//! is known by its id.

mod ear;
mod pages;
mod poll;
#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;
use puppet_store::{Heard, Post, StoreError};
use puppet_types::{AccountId, PostId};

pub use poll::Hearing;

/// Somebody said something to an account.
#[derive(Debug, Clone, PartialEq)]
pub struct Mention {
    /// It.
    pub post: Post,
    /// What it answers or quotes, and what that answers, oldest first, as far as it was asked for and is there.
    pub context: Vec<Post>,
}

/// How it is listened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HearingTerms {
    /// An account is asked for no more often.
    pub every: Duration,
    /// An account that was never listened for is heard from so long ago on.
    pub backfill: Duration,
    /// So many posts before a mention are read with it.
    pub context: usize,
}

impl Default for HearingTerms {
    fn default() -> Self {
        Self { every: Duration::from_secs(60), backfill: Duration::ZERO, context: 3 }
    }
}

/// Takes in what is heard.
#[async_trait]
pub trait Listener: Send + Sync + 'static {
    /// Whether anybody is behind the account. Asked before each look at X: for nobody nothing is read.
    fn hears(&self, account: &AccountId) -> bool;
    /// How far was listened before this start. Asked once.
    async fn heard(&self) -> Result<Vec<Heard>, StoreError>;
    /// Those of these posts that the account has not heard and is to hear: not its own.
    async fn unheard(&self, account: &AccountId, posts: Vec<Post>) -> Result<Vec<Post>, StoreError>;
    /// A post that is known here, as the account heard it or as one of ours wrote it: it need not be read at X.
    async fn known(&self, account: &AccountId, id: &PostId) -> Result<Option<Post>, StoreError>;
    /// Takes mentions in, oldest first, and notes how far that is: both are durable when it answers, or neither. One that
    /// was taken in before comes to nothing. Answers how many were new.
    async fn take_in(
        &self,
        account: &AccountId,
        mentions: Vec<Mention>,
        heard: Option<Heard>,
    ) -> Result<usize, StoreError>;
}
