//! What is heard on another network becomes events of the agents behind its accounts: each mention one, whoever brings it
//! and however often, for its id follows from the account and the post.

use std::sync::Arc;

use async_trait::async_trait;
use puppet_store::{Change, Effect, Heard, Post, StoreError};
use puppet_tweet::{Delivery, Listener, Mention};
use puppet_types::{AccountId, Decision, EventId, PostId, PostRef, Timestamp, ids};
use serde_json::Value;

use crate::{host::Host, outbox::delivery_event};

/// The network.
pub(crate) const SOURCE: &str = "x";

/// A host's ears on X.
pub struct Ears(pub Arc<Host>);

/// The event by which an account hears of a post.
pub fn heard_id(account: &AccountId, post: &PostId) -> EventId {
    EventId::from(ids::derive("evt", &[SOURCE, &account.as_str().to_ascii_lowercase(), post.as_str()]))
}

#[async_trait]
impl Listener for Ears {
    fn hears(&self, account: &AccountId) -> bool {
        self.0.accounts.agent(account).is_some()
    }

    async fn heard(&self) -> Result<Vec<Heard>, StoreError> {
        self.0.store.heard().await
    }

    async fn unheard(&self, account: &AccountId, posts: Vec<Post>) -> Result<Vec<Post>, StoreError> {
        let others = posts.into_iter().filter(|post| !post.author.as_str().eq_ignore_ascii_case(account.as_str()));
        let rules = self.0.posting_rules();
        // Whom the operator does not let in is not heard.
        let is_let_in = |post: &Post| rules.as_ref().is_none_or(|rules| rules.policy_of(account).hears(&post.author));
        let (others, turned_away): (Vec<Post>, Vec<Post>) = others.partition(is_let_in);
        turned_away.iter().for_each(|post| self.0.turned_away.count(account, post));
        // What another engine has seen to before is not answered a second time.
        let ids: Vec<PostId> = others.iter().map(|post| post.id.clone()).collect();
        let seen = self.0.store.seen(&ids).await?;
        let mut unheard = Vec::new();
        for post in others.into_iter().filter(|post| !seen.contains(&post.id)) {
            if self.0.store.event(&heard_id(account, &post.id)).await?.is_none() {
                unheard.push(post);
            }
        }
        Ok(unheard)
    }

    async fn known(&self, account: &AccountId, id: &PostId) -> Result<Option<Post>, StoreError> {
        if let Some((event, _)) = self.0.store.event(&heard_id(account, id)).await? {
            return Ok(told(&event.payload["post"]));
        }
        let made = self.0.store.maker_of(id).await?;
        Ok(made.filter(|effect| effect.provider_id.as_deref() == Some(id.as_str())).and_then(|effect| of(&effect, id)))
    }

    async fn take_in(
        &self,
        account: &AccountId,
        mentions: Vec<Mention>,
        heard: Option<Heard>,
    ) -> Result<Option<usize>, StoreError> {
        let host = &self.0;
        // Whoever was behind it has gone meanwhile: it is heard from there on once somebody is.
        let Some(agent) = host.accounts.agent(account) else { return Ok(None) };
        let mut events = Vec::with_capacity(mentions.len());
        for Mention { post, context } in mentions {
            let from_agent = host.accounts.agent(&post.author);
            let hops = if from_agent.is_some() { self.hops(&post).await? } else { 0 };
            let delivery = Delivery::mention(account.clone(), &post, &context, from_agent.as_ref(), hops);
            let id = heard_id(account, &post.id);
            events.push(delivery_event(id, SOURCE, agent.clone(), delivery, host.now()));
        }
        Ok(Some(host.submit_with(events, heard.map(Change::Heard)).await?.accepted.len()))
    }
}

impl Ears {
    /// How many of our own events led to a post of an agent of this host. X may tell of it before it has answered whoever
    /// made it: then it is one more than the post had that it answers.
    async fn hops(&self, post: &Post) -> Result<u32, StoreError> {
        // A part of a thread is found by the first.
        for id in [&post.id, &post.conversation] {
            let made = self.0.store.maker_of(id).await?;
            if let Some(effect) = made.filter(|effect| has_made(effect, &post.id)) {
                return Ok(effect.hops);
            }
        }
        for id in post.in_reply_to.iter().chain(&post.quotes) {
            if let Some(effect) = self.0.store.maker_of(id).await? {
                return Ok(effect.hops.saturating_add(1));
            }
        }
        Ok(0)
    }
}

fn has_made(effect: &Effect, post: &PostId) -> bool {
    effect.provider_id.as_deref().is_some_and(|ids| ids.split(',').any(|id| id == post.as_str()))
}

/// The post that an effect of ours made.
fn of(effect: &Effect, id: &PostId) -> Option<Post> {
    let (text, in_reply_to, quotes) = match &effect.body {
        Decision::Post { text, .. } => (text, None, None),
        Decision::Reply { to: PostRef::Id(to), text, .. } => (text, Some(to.clone()), None),
        Decision::Quote { of: PostRef::Id(of), text } => (text, None, Some(of.clone())),
        // Which post it was about is told by another effect: X is asked.
        _ => return None,
    };
    let at = effect.doubt.map_or(effect.not_before, |doubt| doubt.begun);
    Some(Post { in_reply_to, quotes, ..bare(id.clone(), effect.account.clone(), text.clone(), at) })
}

/// A post as an event told it.
pub(crate) fn told(post: &Value) -> Option<Post> {
    let id = |field: &str| post[field].as_str().map(PostId::new);
    let author = AccountId::new(post["author"].as_str()?);
    let at = Timestamp::parse(post["at"].as_str()?)?;
    let told = bare(id("id")?, author, post["text"].as_str()?.to_owned(), at);
    let conversation = id("conversation").unwrap_or_else(|| told.conversation.clone());
    Some(Post { in_reply_to: id("in_reply_to"), quotes: id("quotes"), conversation, ..told })
}

fn bare(id: PostId, author: AccountId, text: String, at: Timestamp) -> Post {
    Post {
        author,
        text,
        at,
        in_reply_to: None,
        quotes: None,
        conversation: id.clone(),
        thread: None,
        media: Vec::new(),
        hops: 0,
        likes: 0,
        replies: 0,
        quoted: 0,
        id,
    }
}
