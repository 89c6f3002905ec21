//! What the real platform would have refused of an agent's effects: the `local` provider allows all of it.

use std::collections::BTreeMap;

use puppet_store::{EffectState, Post, StoreError};
use puppet_tweet::{
    Action,
    platform::{Answered, refusal},
};
use puppet_types::{AccountId, AgentId, PostId};

use crate::{host::Host, outbox};

/// Effects of an agent that were done here and would not be there, by the code of the rule.
///
/// # Errors
/// The store failed.
pub async fn refused_by_platform(host: &Host, agent: &AgentId) -> Result<BTreeMap<&'static str, u64>, StoreError> {
    let mut refused = BTreeMap::new();
    for effect in host.store.effects(&[EffectState::Done]).await? {
        if effect.agent != *agent {
            continue;
        }
        let Ok(action) = outbox::action(host, &effect).await? else { continue };
        let about = match &action {
            Action::Reply { to, .. } => About::of(host, to).await?,
            _ => None,
        };
        let answered = about.as_ref().map(About::answered);
        if let Some(refusal) = refusal(&effect.account, &action, answered.as_ref()) {
            *refused.entry(refusal.code()).or_default() += 1;
        }
    }
    Ok(refused)
}

/// A post with the authors around it.
struct About {
    post: Post,
    quotes: Option<AccountId>,
    answers: Option<AccountId>,
    begun_by: Option<AccountId>,
}

impl About {
    async fn of(host: &Host, id: &PostId) -> Result<Option<Self>, StoreError> {
        let Some(post) = host.store.post(id).await? else { return Ok(None) };
        Ok(Some(Self {
            quotes: author(host, post.quotes.as_ref()).await?,
            answers: author(host, post.in_reply_to.as_ref()).await?,
            begun_by: author(host, Some(&post.conversation)).await?,
            post,
        }))
    }

    fn answered(&self) -> Answered<'_> {
        Answered {
            author: &self.post.author,
            text: &self.post.text,
            quotes: self.quotes.as_ref(),
            answers: self.answers.as_ref(),
            begun_by: self.begun_by.as_ref(),
        }
    }
}

async fn author(host: &Host, id: Option<&PostId>) -> Result<Option<AccountId>, StoreError> {
    let Some(id) = id else { return Ok(None) };
    Ok(host.store.post(id).await?.map(|post| post.author))
}
