//! What mentions are about: posts that are known here, or were read before, and else reads that X charges. However many
//! mentions come, an account buys so many in a day, and none when what the operator's caps leave for reads is nearly used up.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use puppet_store::{Post, StoreError};
use puppet_types::{AccountId, PostId};

use super::Hearing;
use crate::{
    caps::{Cap, CapState},
    plan::day_of,
};

/// Posts of other conversations that are kept, so that a thread is not read again with each answer.
const CACHED: usize = 2_000;

/// See the head of this file.
#[derive(Debug, Default)]
pub(super) struct Context {
    /// What was read, by id: the oldest go first.
    read: Mutex<BTreeMap<u64, Post>>,
    /// On which day each account read last, and how much on that day.
    bought: Mutex<BTreeMap<AccountId, Bought>>,
}

#[derive(Debug, Default)]
struct Bought {
    day: i64,
    posts: usize,
    /// It was said that no more is read.
    is_told: bool,
}

impl Hearing {
    /// What a mention is about. What cannot be read is left out: it does not keep the mention.
    pub(super) async fn context(&self, account: &AccountId, post: &Post) -> Result<Vec<Post>, StoreError> {
        let mut found: Vec<Post> = Vec::new();
        let mut next = before(post);
        while let Some(id) = next.filter(|_| found.len() < self.terms.context) {
            let mut earlier = match self.kept(&id) {
                Some(post) => post,
                None => match self.listener.known(account, &id).await? {
                    Some(post) => post,
                    None if !self.may_read(account) => break,
                    None => match self.x.post_for(account, &id).await {
                        Ok(post) => post,
                        Err(error) => {
                            tracing::debug!(%account, %id, %error, "what a mention is about cannot be read");
                            break;
                        }
                    },
                },
            };
            let after = found.last().unwrap_or(post);
            if after.in_reply_to.is_some() {
                // Who wrote it here does not know which conversation it is a part of.
                earlier.conversation.clone_from(&after.conversation);
            }
            self.keep(&earlier);
            next = before(&earlier);
            found.push(earlier);
        }
        found.reverse();
        Ok(found)
    }

    fn kept(&self, id: &PostId) -> Option<Post> {
        self.context.read.lock().unwrap_or_else(PoisonError::into_inner).get(&id.as_str().parse().ok()?).cloned()
    }

    fn keep(&self, post: &Post) {
        let Ok(id) = post.id.as_str().parse() else { return };
        let mut read = self.context.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.insert(id, post.clone());
        if read.len() > CACHED {
            read.pop_first();
        }
    }

    /// Whether X may be asked for one more. It is counted.
    fn may_read(&self, account: &AccountId) -> bool {
        let is_near = |cap: Cap, state: CapState| cap != Cap::PostsPerMonth && state >= CapState::Near;
        let near = self.x.caps().into_iter().find(|line| is_near(line.cap, line.state()));
        let today = day_of(self.x.client.now());
        let mut bought = self.context.bought.lock().unwrap_or_else(PoisonError::into_inner);
        let bought = bought.entry(account.clone()).or_default();
        if bought.day != today {
            *bought = Bought { day: today, ..Bought::default() };
        }
        if near.is_none() && bought.posts < self.terms.context_per_day {
            bought.posts += 1;
            return true;
        }
        if !std::mem::replace(&mut bought.is_told, true) {
            let why = near.map_or("context_per_day of [tweet.x.mentions]", |line| line.cap.name());
            tracing::warn!(%account, why, "what mentions are about is not read any more today, but where it is known here");
        }
        false
    }
}

/// The post that a post is about.
fn before(post: &Post) -> Option<PostId> {
    post.in_reply_to.clone().or_else(|| post.quotes.clone())
}
