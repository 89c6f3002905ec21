//! How much the operator's policy kept from accounts, since the start: nothing else tells of what was not heard.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use puppet_store::Post;
use puppet_types::{AccountId, PostId};

use crate::host::Host;

/// So many of the latest posts of an account are known again: a network may bring one twice.
const LATEST: usize = 1_000;

/// What was kept from each account.
#[derive(Debug, Default)]
pub(crate) struct TurnedAway(Mutex<BTreeMap<AccountId, Kept>>);

#[derive(Debug, Default)]
struct Kept {
    posts: u64,
    latest: VecDeque<PostId>,
}

impl TurnedAway {
    /// A post that its account is not told of.
    pub fn count(&self, account: &AccountId, post: &Post) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = all.entry(account.clone()).or_default();
        if kept.latest.contains(&post.id) {
            return;
        }
        if kept.latest.len() == LATEST {
            kept.latest.pop_front();
        }
        kept.latest.push_back(post.id.clone());
        kept.posts += 1;
        tracing::debug!(%account, author = %post.author, post = %post.id, "not heard: the policy does not let its author in");
    }
}

impl Host {
    /// How many posts each account was not told of, by the policy, since the start.
    pub fn turned_away(&self) -> BTreeMap<AccountId, u64> {
        let all = self.turned_away.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(account, kept)| (account.clone(), kept.posts)).collect()
    }
}
