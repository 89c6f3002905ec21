//! A network outside, which does the same order twice where it is given twice: it counts what it did by effect, loses
//! answers, says 429 and 5xx, and can be asked what it has done.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use puppet_store::Post;
use puppet_tweet::{Action, Lost, Order, PublishError, Published, Reconciled, Search, TweetPublisher, TweetReader};
use puppet_types::{AccountId, CallError, Code, EffectId, PostId, Timestamp};

use super::world::{Weather, World};

/// What it keeps.
#[derive(Debug, Default)]
pub struct Kept {
    /// What was done, in order: for which effect, and the post that came of it.
    pub done: Vec<(EffectId, Order, Option<Post>)>,
    /// What it said of effects that were asked about, where it could tell.
    pub told: BTreeMap<EffectId, bool>,
    /// Posts whose news nobody has brought to the host yet.
    pub news: Vec<Post>,
}

/// It.
pub struct Network {
    world: Arc<World>,
    kept: Mutex<Kept>,
}

impl Network {
    /// With nothing in it.
    pub fn new(world: Arc<World>) -> Self {
        Self { world, kept: Mutex::default() }
    }

    /// What it keeps.
    pub fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn carry_out(&self, order: &Order) -> Published {
        let mut kept = self.kept();
        let id = PostId::new(format!("{}", 1_000 + kept.done.len()));
        let post = post_of(order, id);
        kept.done.push((order.effect.clone(), order.clone(), post.clone()));
        kept.news.extend(post.clone());
        drop(kept);
        self.world.say(format!("done {} {:?}", order.effect, order.action));
        Published { posts: post.into_iter().collect(), ..Published::default() }
    }

    async fn posts(&self, before: Timestamp, limit: usize, of: impl Fn(&Post) -> bool) -> Result<Vec<Post>, CallError> {
        self.world.pause().await;
        match self.world.weather("timeline") {
            Weather::Refused => return Err(CallError::new(Code::ProviderUnavailable, "not reached")),
            Weather::TooMany => return Err(CallError::retry(Code::RateLimited, "too many", 60_000)),
            _ => {}
        }
        let kept = self.kept();
        let posts = kept.done.iter().filter_map(|(_, _, post)| post.as_ref());
        Ok(posts.filter(|post| post.at < before && of(post)).rev().take(limit).cloned().collect())
    }
}

/// The post that an order makes.
fn post_of(order: &Order, id: PostId) -> Option<Post> {
    let (text, in_reply_to, quotes) = match &order.action {
        Action::Post { text, .. } => (text.clone(), None, None),
        Action::Thread { parts } => (parts.join("\n"), None, None),
        Action::Reply { to, text, .. } => (text.clone(), Some(to.clone()), None),
        Action::Quote { of, text } => (text.clone(), None, Some(of.clone())),
        Action::Like { .. } | Action::Delete { .. } => return None,
    };
    Some(Post {
        author: order.account.clone(),
        text,
        at: order.at,
        in_reply_to,
        quotes,
        conversation: id.clone(),
        thread: None,
        media: Vec::new(),
        hops: order.hops,
        likes: 0,
        replies: 0,
        quoted: 0,
        id,
    })
}

#[async_trait]
impl TweetPublisher for Network {
    fn is_idempotent(&self) -> bool {
        false
    }

    async fn publish(&self, order: &Order) -> Result<Published, PublishError> {
        self.world.pause().await;
        let weather = self.world.weather("publish");
        self.world.say(format!("publish {} {weather:?}", order.effect));
        match weather {
            Weather::Fine => Ok(self.carry_out(order)),
            Weather::Refused => Err(PublishError::Unavailable("connection refused".to_owned())),
            Weather::TooMany => Err(PublishError::RateLimited { retry_after_ms: 1 + self.world.below(900_000) }),
            Weather::Broken => Err(PublishError::Unavailable("503".to_owned())),
            Weather::Forbidden => Err(PublishError::Refused("403".to_owned())),
            Weather::LostRequest => Err(PublishError::InDoubt("no answer".to_owned())),
            Weather::LostAnswer => {
                self.carry_out(order);
                Err(PublishError::InDoubt("no answer".to_owned()))
            }
            Weather::CrashBefore => {
                self.world.crash("before publish");
                Err(PublishError::InDoubt("nobody hears this".to_owned()))
            }
            Weather::CrashAfter => {
                let published = self.carry_out(order);
                self.world.crash("after publish");
                Ok(published)
            }
        }
    }

    async fn reconcile(&self, order: &Order, lost: Lost, claimed: &[PostId]) -> Result<Reconciled, PublishError> {
        self.world.pause().await;
        match self.world.weather("reconcile") {
            Weather::Refused | Weather::Broken | Weather::LostRequest | Weather::LostAnswer => {
                return Err(PublishError::Unavailable("connection refused".to_owned()));
            }
            Weather::TooMany => return Err(PublishError::RateLimited { retry_after_ms: 30_000 }),
            Weather::Forbidden => {
                // Of an attempt before this one it may have told.
                self.kept().told.remove(&order.effect);
                return Ok(Reconciled::Undecidable("it does not say".to_owned()));
            }
            Weather::CrashBefore | Weather::CrashAfter => self.world.crash("while it looks"),
            Weather::Fine => {}
        }
        let mut kept = self.kept();
        let wanted = post_of(order, PostId::new("?"));
        let is_it = |(_, done, post): &&(EffectId, Order, Option<Post>)| match (&wanted, post) {
            (Some(wanted), Some(post)) => {
                let same = |post: &Post| (post.author.clone(), post.text.clone(), post.in_reply_to.clone());
                same(wanted) == same(post) && post.at >= lost.first && !claimed.contains(&post.id)
            }
            _ => done.account == order.account && done.action == order.action,
        };
        let found: Vec<Option<Post>> = kept.done.iter().filter(is_it).map(|(_, _, post)| post.clone()).collect();
        let reconciled = match &found[..] {
            [] => Reconciled::NotDone,
            [Some(post)] => Reconciled::Done(Published { posts: vec![post.clone()], ..Published::default() }),
            [None, ..] => Reconciled::Done(Published::default()),
            _ => Reconciled::Undecidable("two look the same".to_owned()),
        };
        if !matches!(reconciled, Reconciled::Undecidable(_)) && !self.world.is_dead() {
            kept.told.insert(order.effect.clone(), !found.is_empty());
        }
        Ok(reconciled)
    }
}

#[async_trait]
impl TweetReader for Network {
    async fn timeline(&self, account: &AccountId, before: Timestamp, limit: usize) -> Result<Vec<Post>, CallError> {
        self.posts(before, limit, |post| post.author != *account).await
    }
    async fn posts_of(&self, author: &AccountId, before: Timestamp, limit: usize) -> Result<Vec<Post>, CallError> {
        self.posts(before, limit, |post| post.author == *author).await
    }
    async fn thread_of(&self, id: &PostId, _: usize, before: Timestamp) -> Result<Vec<Post>, CallError> {
        self.posts(before, 1, |post| post.id == *id).await
    }
    async fn search(&self, search: &Search, before: Timestamp, limit: usize) -> Result<Vec<Post>, CallError> {
        self.posts(before, limit, |post| search.finds(post)).await
    }
}
