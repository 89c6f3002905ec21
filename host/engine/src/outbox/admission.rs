//! What may leave for a network with strangers, looked at before an attempt begins: the network's own rules, and the
//! operator's policy. Where no rules are set (the local timeline, simulations, previews) everything may.

use std::sync::{Arc, PoisonError};

use puppet_store::{Effect, Post, StoreError};
use puppet_tweet::{
    Action, PublishError,
    platform::Answered,
    policy::{Policy, PolicyRefusal, PostingRules, normalized},
};
use puppet_types::{AccountId, MemoryKind, PostId, Timestamp};

use super::reach;
use crate::{
    hearing::{SOURCE, heard_id, told},
    host::Host,
};

/// So many of its latest posts an agent knows (docs/capabilities/memory.md): one of them is not posted again.
const OWN_POSTS: usize = 50;
/// Posts of an account, the latest, that are known to be its own.
const PUBLISHED: usize = 1_000;

/// What becomes of an action.
#[derive(Debug)]
pub(super) enum Admission {
    /// It leaves, so.
    Leaves(Action),
    /// Not before then.
    Waits(Timestamp),
    /// Never: why.
    Never(String),
    /// Its provider was asked, and did not say: that counts as an attempt.
    Unanswered(PublishError),
}

/// Looks at an action of an effect.
pub(super) async fn admit(
    host: &Host,
    effect: &Effect,
    at: Timestamp,
    action: Action,
) -> Result<Admission, StoreError> {
    let Some(rules) = host.posting_rules() else { return Ok(Admission::Leaves(action)) };
    // A thread of which parts are out there goes on to its end.
    if effect.provider_id.is_some() {
        return Ok(Admission::Leaves(as_sent(host, action)));
    }
    if let Some(until) = quiet_until(host, effect, at, &rules.policy).await? {
        // What is taken back is taken back at any time.
        if !matches!(action, Action::Delete { .. }) {
            return Ok(Admission::Waits(until));
        }
    }
    let action = match rules.policy.cleaned(action) {
        Ok(action) => action,
        Err(refusal) => return Ok(by_policy(refusal)),
    };
    let answered = match &action {
        Action::Reply { to, .. } if rules.platform.summoned_replies_only || rules.policy.minds_authors() => {
            match answered(host, effect, to).await? {
                Ok(answered) => answered,
                Err(error) => return Ok(Admission::Unanswered(error)),
            }
        }
        _ => None,
    };
    if let Some(refusal) = rules.platform.refusal(&effect.account, &action, answered.as_ref()) {
        return Ok(Admission::Never(format!("{}: X does not take {}", refusal.code(), refusal.plain())));
    }
    if let Action::Reply { .. } = &action
        && rules.policy.minds_authors()
    {
        // Whoever is not known is a stranger.
        let author = answered.as_ref().map_or_else(|| AccountId::new(""), |answered| answered.author.clone());
        let is_known = is_known(host, &author);
        if let Err(refusal) = rules.policy.answers(&author, is_known) {
            return Ok(by_policy(refusal));
        }
    }
    if is_said_before(host, effect, at, (&action, &rules.policy)).await? {
        return Ok(by_policy(PolicyRefusal::Duplicate));
    }
    Ok(Admission::Leaves(action))
}

/// An action as it was sent, by the rules of now.
pub(super) fn as_sent(host: &Host, action: Action) -> Action {
    let Some(rules) = host.posting_rules() else { return action };
    rules.policy.cleaned(action.clone()).unwrap_or(action)
}

fn by_policy(refusal: PolicyRefusal) -> Admission {
    Admission::Never(format!("{}: the policy refuses {}", refusal.code(), refusal.plain()))
}

async fn quiet_until(
    host: &Host,
    effect: &Effect,
    at: Timestamp,
    policy: &Policy,
) -> Result<Option<Timestamp>, StoreError> {
    let Some(hours) = policy.quiet_hours else { return Ok(None) };
    let actor = host.actor(&effect.agent).await?;
    Ok(hours.until(at, actor.as_ref().map_or("UTC", |actor| &actor.profile.timezone)))
}

/// An account of this host. Whom an agent has met is for its plugin to say, and nothing that a plugin says makes a friend.
pub(crate) fn is_known(host: &Host, author: &AccountId) -> bool {
    !author.as_str().is_empty() && host.accounts.find(author.as_str()).is_some()
}

/// Whether the agent posted the same within so many days.
async fn is_said_before(
    host: &Host,
    effect: &Effect,
    at: Timestamp,
    (action, policy): (&Action, &Policy),
) -> Result<bool, StoreError> {
    let texts: Vec<String> = action.texts().into_iter().map(normalized).collect();
    if policy.duplicate_days == 0 || texts.is_empty() {
        return Ok(false);
    }
    let since = policy.duplicates_since(at);
    let own = host.store.memories(&effect.agent, &[MemoryKind::Tweet], OWN_POSTS).await?;
    let before = own.iter().map(|hit| &hit.memory).filter(|memory| memory.at >= since && memory.at < at);
    Ok(before.map(|memory| normalized(&memory.content)).any(|said| texts.contains(&said)))
}

/// The post that a reply answers, from what is here: posts of the timeline, the account's own posts, mentions that were heard; else by asking the provider. None where nobody knows it. An error: the provider does not say.
async fn answered(
    host: &Host,
    effect: &Effect,
    id: &PostId,
) -> Result<Result<Option<Answered>, PublishError>, StoreError> {
    if let Some(known) = known(host, effect, id).await? {
        return Ok(Ok(Some(known)));
    }
    let asked = host.publisher.answered(&effect.account, id).await;
    match asked {
        Ok(mut answered) => {
            if answered.begun_by.is_none() && is_own(host, effect, id).await? {
                answered.begun_by = Some(effect.account.clone());
            }
            Ok(Ok(Some(answered)))
        }
        Err(PublishError::NotFound(_) | PublishError::Refused(_) | PublishError::NotAllowed(_)) => Ok(Ok(None)),
        Err(error) => {
            reach(host, effect, Some(&error));
            Ok(Err(error))
        }
    }
}

async fn known(host: &Host, effect: &Effect, id: &PostId) -> Result<Option<Answered>, StoreError> {
    if let Some(post) = host.store.post(id).await? {
        return around(host, post).await.map(Some);
    }
    if is_own(host, effect, id).await? {
        let author = effect.account.clone();
        let begun_by = Some(author.clone());
        return Ok(Some(Answered { author, text: String::new(), quotes: None, answers: None, begun_by }));
    }
    // A mention of it was heard; the journal has one for longer than it is kept. Of a post in any other event nobody knows
    // whether it is one: whoever makes events could say of it what they like.
    let heard = host.store.event(&heard_id(&effect.account, id)).await?.map(|(event, _)| event);
    let event = match heard {
        Some(event) => event,
        None => match host.store.invocation(&effect.invocation).await? {
            Some(entry) => entry.invocation.event,
            None => return Ok(None),
        },
    };
    if event.kind != "mention" || event.source != SOURCE {
        return Ok(None);
    }
    let Some(post) = told(&event.payload["post"]).filter(|post| post.id == *id) else { return Ok(None) };
    // That it is one is the network's own word, however it is written.
    Ok(Some(Answered { answers: Some(effect.account.clone()), ..around(host, post).await? }))
}

/// Whether it is a post that this host made for the account.
async fn is_own(host: &Host, effect: &Effect, id: &PostId) -> Result<bool, StoreError> {
    let published = host.store.published_as(&effect.account, PUBLISHED).await?;
    Ok(published.iter().flat_map(|ids| ids.split(',')).any(|own| own == id.as_str()))
}

/// A post with the authors around it, as far as they are here.
pub(crate) async fn around(host: &Host, post: Post) -> Result<Answered, StoreError> {
    Ok(Answered {
        quotes: author(host, post.quotes.as_ref()).await?,
        answers: author(host, post.in_reply_to.as_ref()).await?,
        begun_by: author(host, Some(&post.conversation)).await?,
        author: post.author,
        text: post.text,
    })
}

async fn author(host: &Host, id: Option<&PostId>) -> Result<Option<AccountId>, StoreError> {
    let Some(id) = id else { return Ok(None) };
    Ok(host.store.post(id).await?.map(|post| post.author))
}

impl Host {
    /// What holds for everything that leaves; none where everything may.
    pub fn posting_rules(&self) -> Option<Arc<PostingRules>> {
        self.posting.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Rules that hold from now on, also for what waits by other ones.
    pub fn set_posting_rules(&self, rules: Option<PostingRules>) {
        let mut posting = self.posting.lock().unwrap_or_else(PoisonError::into_inner);
        if posting.as_deref() == rules.as_ref() {
            return;
        }
        *posting = rules.map(Arc::new);
        drop(posting);
        self.agenda().hurry_effects(self.clock.now());
        self.wake();
    }
}
