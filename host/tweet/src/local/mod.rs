//! The `local` network: a timeline in the store. Posts get decimal ids that grow with time, and whoever is
//! addressed or follows hears of them at once.

mod delivery;

pub use delivery::handles;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use puppet_store::{Post, PostStore, StoreError};
use puppet_types::{AccountId, CallError, Code, EffectId, Image, PostId, Timestamp, ids};
use tokio::sync::Mutex;

use crate::{
    Accounts, Action, Order, PublishError, Published, Search, TweetPublisher, TweetReader, check, search::RECENT_MS,
};

/// 2026-01-01T00:00:00Z in milliseconds: ids count from here.
const EPOCH_MS: i64 = 1_767_225_600_000;
/// Ids per millisecond, as a power of two; a millisecond that needs more borrows from the next.
const ID_BITS: u32 = 8;
/// The latest posts that a search looks at: of all accounts, or of the one that it names.
const SEARCHED: usize = 2_000;

/// A timeline in the store.
pub struct Local {
    store: Arc<dyn PostStore>,
    accounts: Arc<Accounts>,
    /// Held from choosing an id to storing it.
    writing: Mutex<()>,
}

/// A post without its place in the order of posts.
struct Draft {
    text: String,
    images: Vec<Image>,
    in_reply_to: Option<PostId>,
    quotes: Option<PostId>,
    /// None begins one.
    conversation: Option<PostId>,
}

impl Local {
    /// Over a store of posts; `Arc<dyn Store>` coerces.
    pub fn new(store: Arc<dyn PostStore>, accounts: Arc<Accounts>) -> Self {
        Self { store, accounts, writing: Mutex::new(()) }
    }

    /// A person writes to the timeline.
    pub async fn write(
        &self,
        author: &AccountId,
        text: &str,
        in_reply_to: Option<PostId>,
        at: Timestamp,
    ) -> Result<Published, PublishError> {
        // Its own number makes it one of its own: a person may say the same thing twice.
        let next = self.store.last_post_number().await?.saturating_add(1).to_string();
        let effect = ids::derive("wrote", &[author.as_str(), &at.to_string(), &next]);
        let (text, images) = (text.to_owned(), Vec::new());
        let action = match in_reply_to {
            Some(to) => Action::Reply { to, text, images },
            None => Action::Post { text, images },
        };
        let account = author.clone();
        self.publish(&Order { effect: EffectId::from(effect), account, at, hops: 0, of_thread: false, action }).await
    }

    async fn existing(&self, id: &PostId) -> Result<Post, PublishError> {
        self.store.post(id).await?.ok_or_else(|| PublishError::NotFound(id.to_string()))
    }

    /// What an earlier try of the same order wrote: the post that it answers or quotes may be gone since.
    async fn written_before(&self, order: &Order) -> Result<Option<(Vec<Post>, Option<AccountId>)>, PublishError> {
        let (Action::Reply { to: about, .. } | Action::Quote { of: about, .. }) = &order.action else {
            return Ok(None);
        };
        let posts = self.store.published(&order.effect).await?;
        if posts.is_empty() {
            return Ok(None);
        }
        let addressed = self.store.post(about).await?.map(|post| post.author);
        Ok(Some((posts, addressed)))
    }

    fn told(&self, order: &Order, posts: Vec<Post>, addressed: Option<&AccountId>) -> Published {
        let deliveries = delivery::deliveries(&self.accounts, &posts, addressed, order.hops);
        Published { posts, deliveries }
    }

    async fn drafted(&self, order: &Order, drafts: Vec<Draft>) -> Result<Vec<Post>, PublishError> {
        for draft in &drafts {
            check::text(&draft.text).map_err(|error| PublishError::Refused(error.to_string()))?;
        }
        let _writing = self.writing.lock().await;
        let first = (self.store.last_post_number().await?.saturating_add(1)).max(earliest_number(order.at));
        let in_thread = drafts.len() > 1;
        let mut posts: Vec<Post> = Vec::with_capacity(drafts.len());
        for (draft, number) in drafts.into_iter().zip(first..) {
            let id = PostId::new(number.to_string());
            let beginning = posts.first().map_or_else(|| id.clone(), |first| first.id.clone());
            posts.push(Post {
                author: self.named(&order.account),
                text: draft.text,
                at: order.at,
                in_reply_to: draft.in_reply_to.or_else(|| posts.last().map(|previous| previous.id.clone())),
                quotes: draft.quotes,
                conversation: draft.conversation.unwrap_or_else(|| beginning.clone()),
                thread: in_thread.then_some(beginning),
                media: draft.images,
                hops: order.hops,
                likes: 0,
                replies: 0,
                quoted: 0,
                id,
            });
        }
        Ok(self.store.publish(&order.effect, posts).await?)
    }

    /// The account as it is written everywhere.
    fn named(&self, account: &AccountId) -> AccountId {
        self.accounts.find(account.as_str()).unwrap_or_else(|| account.clone())
    }
}

impl Draft {
    fn new(text: &str) -> Self {
        Self { text: text.to_owned(), images: Vec::new(), in_reply_to: None, quotes: None, conversation: None }
    }
}

/// The smallest id of a time.
fn earliest_number(at: Timestamp) -> u64 {
    u64::try_from(at.as_millis() - EPOCH_MS).unwrap_or(0) << ID_BITS
}

#[async_trait]
impl TweetPublisher for Local {
    /// Posts are stored under their effect: the second time they are found.
    fn is_idempotent(&self) -> bool {
        true
    }

    async fn publish(&self, order: &Order) -> Result<Published, PublishError> {
        if let Some((posts, addressed)) = self.written_before(order).await? {
            return Ok(self.told(order, posts, addressed.as_ref()));
        }
        let (posts, addressed) = match &order.action {
            Action::Post { text, images } => {
                let draft = Draft { images: images.clone(), ..Draft::new(text) };
                (self.drafted(order, vec![draft]).await?, None)
            }
            Action::Thread { parts } => {
                (self.drafted(order, parts.iter().map(|part| Draft::new(part)).collect()).await?, None)
            }
            Action::Reply { to, text, images } => {
                let parent = self.existing(to).await?;
                let draft = Draft {
                    images: images.clone(),
                    in_reply_to: Some(parent.id),
                    conversation: Some(parent.conversation),
                    ..Draft::new(text)
                };
                (self.drafted(order, vec![draft]).await?, Some(parent.author))
            }
            Action::Quote { of, text } => {
                let quoted = self.existing(of).await?;
                let draft = Draft { quotes: Some(quoted.id), ..Draft::new(text) };
                (self.drafted(order, vec![draft]).await?, Some(quoted.author))
            }
            Action::Like { of } => {
                self.existing(of).await?;
                self.store.like(&self.named(&order.account), of, order.at).await?;
                return Ok(Published::default());
            }
            Action::Delete { of } => {
                let own = self.named(&order.account);
                // One that is gone already is what was asked for: the attempt before may have done it.
                if self.store.post(of).await?.is_some_and(|post| post.author != own) {
                    return Err(PublishError::Refused(format!("post {of} is not by {own}")));
                }
                self.store.delete_post(&own, of).await?;
                return Ok(Published::default());
            }
        };
        Ok(self.told(order, posts, addressed.as_ref()))
    }
}

#[async_trait]
impl TweetReader for Local {
    /// Everybody's, without replies: the local network is small, and agents are there to meet.
    async fn timeline(&self, _: &AccountId, before: Timestamp, limit: usize) -> Result<Vec<Post>, CallError> {
        self.store.posts(&[], before, true, limit).await.map_err(unreadable)
    }

    async fn posts_of(&self, author: &AccountId, before: Timestamp, limit: usize) -> Result<Vec<Post>, CallError> {
        self.store.posts(&[self.named(author)], before, false, limit).await.map_err(unreadable)
    }

    async fn thread_of(&self, id: &PostId, depth: usize, before: Timestamp) -> Result<Vec<Post>, CallError> {
        let mut posts = self.store.thread_of(id, depth).await.map_err(unreadable)?;
        if posts.last().is_none_or(|post| post.id != *id || post.at >= before) {
            return Err(CallError::new(Code::NotFound, format!("there is no post {id}")));
        }
        posts.retain(|post| post.at < before);
        Ok(posts)
    }

    async fn search(&self, search: &Search, before: Timestamp, limit: usize) -> Result<Vec<Post>, CallError> {
        // Of somebody who has no account here nobody knows how he writes himself.
        let author = search.author().and_then(|name| self.accounts.find(name.as_str()));
        let authors: Vec<AccountId> = author.into_iter().collect();
        let latest = self.store.posts(&authors, before, false, SEARCHED).await.map_err(unreadable)?;
        let recent = latest.into_iter().take_while(|post| before.millis_since(post.at) <= RECENT_MS);
        Ok(recent.filter(|post| search.finds(post)).take(limit).collect())
    }
}

fn unreadable(error: StoreError) -> CallError {
    CallError::new(Code::Internal, error.to_string())
}
