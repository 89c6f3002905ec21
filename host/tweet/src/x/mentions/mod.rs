//! What is said to accounts on X. It is asked for account by account, as often as the limits leave room for (`poll`); where
//! the plan allows, a stream tells it at once (`stream`, `rules`, `lines`), and asking makes good what that passes over.
//! Every mention is taken in once: how far an account was listened for is written with what came, and what comes twice is
//! known by its id.

mod context;
mod ear;
mod ended;
mod lines;
mod pages;
mod poll;
mod rules;
mod schedule;
mod stream;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use puppet_store::{Heard, Post, StoreError};
use puppet_types::{AccountId, PostId};

pub use poll::Hearing;
pub(super) use rules::PATH as RULES;

/// Somebody said something to an account.
#[derive(Debug, Clone, PartialEq)]
pub struct Mention {
    /// It.
    pub post: Post,
    /// What it answers or quotes, and what that answers, oldest first, as far as it was asked for and is there.
    pub context: Vec<Post>,
}

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Listening {
    /// By a stream where an app has a bearer token and its plan has streams, else by asking.
    #[default]
    Auto,
    /// By asking.
    Poll,
    /// By a stream. Without one it is asked, and the operator hears of it.
    Stream,
}

/// How it is listened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HearingTerms {
    /// Which way.
    pub by: Listening,
    /// An account is asked for no more often.
    pub every: Duration,
    /// An account that was never listened for is heard from so long ago on.
    pub backfill: Duration,
    /// So many posts before a mention are read with it.
    pub context: usize,
    /// No more of them are read at X in a day, UTC, for an account.
    pub context_per_day: usize,
    /// A stream without a byte for so long is dead: X sends one every 20 seconds.
    pub silence: Duration,
    /// By which app an account in lower case is streamed; the others by the first that has a bearer token.
    pub apps: BTreeMap<AccountId, String>,
}

impl Default for HearingTerms {
    fn default() -> Self {
        Self {
            by: Listening::Auto,
            every: Duration::from_secs(60),
            backfill: Duration::ZERO,
            context: 3,
            context_per_day: 200,
            silence: Duration::from_secs(30),
            apps: BTreeMap::new(),
        }
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
    /// was taken in before comes to nothing. Answers how many were new; none where nobody is behind the account any more:
    /// then nothing was taken in, nor noted.
    async fn take_in(
        &self,
        account: &AccountId,
        mentions: Vec<Mention>,
        heard: Option<Heard>,
    ) -> Result<Option<usize>, StoreError>;
}
