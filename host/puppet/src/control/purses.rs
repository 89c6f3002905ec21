//! Words about purses and messages that wait: written down first, then told to the desk that trades, where there is one.

use async_trait::async_trait;
use puppet_store::{Store, TradeStore};
use puppet_types::Timestamp;
use serde_json::{Value, json};

use crate::{
    trouble::{Result, Trouble},
    wallets::words::{self, Word},
};

/// The desks of a host.
#[async_trait]
pub trait Desks: Send + Sync {
    /// Nothing is traded on a purse from here on. Called once for each halt, after it was written down. Answers whether there
    /// is a desk.
    async fn halt(&self, purse: &str, reason: &str) -> Result<bool>;
    /// Trading goes on. Called once for each resume, after it was written down. Answers whether there is a desk.
    async fn resume(&self, purse: &str) -> Result<bool>;
    /// How each stands: a `DeskView`.
    fn views(&self) -> Result<Vec<Value>>;
}

/// Nothing is traded.
#[derive(Debug, Clone, Copy)]
pub struct NoDesks;

#[async_trait]
impl Desks for NoDesks {
    async fn halt(&self, _: &str, _: &str) -> Result<bool> {
        Ok(false)
    }
    async fn resume(&self, _: &str) -> Result<bool> {
        Ok(false)
    }
    fn views(&self) -> Result<Vec<Value>> {
        Ok(Vec::new())
    }
}

/// Says it of each purse: durable before a desk hears it. Answers what was said of each, and whether a desk has heard it.
pub async fn word(
    store: &dyn Store,
    desks: &dyn Desks,
    purses: &[String],
    word: &Word,
    at: Timestamp,
) -> Result<Value> {
    let store: &dyn TradeStore = store;
    let mut items = Vec::with_capacity(purses.len());
    for purse in purses {
        let mut said = words::say(store, purse, word, at).await?;
        let has_heard = match word {
            Word::Halt { reason } => desks.halt(purse, reason.as_deref().unwrap_or("by the operator")).await?,
            Word::Resume => desks.resume(purse).await?,
            Word::Resumed | Word::Understood { .. } => false,
        };
        if has_heard && *word == Word::Resume {
            said = words::say(store, purse, &Word::Resumed, at).await?;
        }
        items.push(json!({ "name": purse, "said": said, "has_heard": has_heard }));
    }
    Ok(items.into())
}

/// A yes or a no to one message.
pub async fn approval(store: &dyn Store, hash: &str, is_yes: bool, at: Timestamp) -> Result<Value> {
    let asked = store.swap_approvals().await?.into_iter().find(|asked| asked.hash == hash);
    let is_done = match (&asked, is_yes) {
        (None, _) => false,
        (Some(_), true) => store.grant_swap(hash, at).await?,
        (Some(_), false) => store.drop_swap_approval(hash).await?,
    };
    match asked {
        Some(asked) if is_done => serde_json::to_value(asked).map_err(Trouble::internal),
        asked => {
            let why = if asked.is_some() { "is not waiting any more" } else { "does not wait" };
            let message = format!("the message `{hash}` {why}");
            Err(Trouble::refused("not-waiting", message, "`puppet wallet approvals` shows what waits"))
        }
    }
}
