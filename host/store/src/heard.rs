//! How far another network has been listened to. Mentions after it are asked for when a host starts again; one that comes
//! twice is known by the id of its event.

use async_trait::async_trait;
use puppet_types::{AccountId, PostId, Timestamp};

use crate::Result;

/// How far, for one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// In lower case: the key.
    pub account: AccountId,
    /// Every mention up to this post has been taken in.
    pub since: PostId,
    /// When that was written.
    pub at: Timestamp,
}

/// Listening.
#[async_trait]
pub trait HeardStore: Send + Sync {
    /// All accounts that were listened for, by account.
    async fn heard(&self) -> Result<Vec<Heard>>;
}
