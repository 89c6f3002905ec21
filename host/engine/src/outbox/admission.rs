//! What may leave for a network with strangers, looked at before an attempt begins: the network's own rules, and the
//! operator's policy. Where no rules are set (the local timeline, simulations, previews) everything may.

use std::sync::{Arc, PoisonError};

use puppet_grants::TextMarks;
use puppet_store::{Effect, Post, StoreError};
use puppet_tweet::{
    Action, PublishError,
    platform::Answered,
    policy::{Policy, PolicyRefusal, PostingRules, Refused, Ruling, normalized},
};
use puppet_types::{AccountId, AgentId, MemoryKind, PostId, Timestamp};

use super::{reach, threads};
use crate::{
    actor::Actor,
    hearing::{SOURCE, heard_id, told},
    host::Host,
};

/// So many of its latest posts an agent knows (docs/capabilities/memory.md): one of them is not posted again.
const OWN_POSTS: usize = 50;
/// Posts of an account, the latest, that are known to be its own.
const PUBLISHED: usize = 1_000;

/// How often effects of an agent are looked at whose row cannot be understood.
const BROKEN_MS: u64 = 600_000;

/// What becomes of an action.
#[derive(Debug)]
pub(super) enum Admission {
    /// It leaves, so.
    Leaves(Action),
    /// Not before then: nobody can say yet.
    Waits(Timestamp),
    /// Not before its quiet hours are over.
    Quiet(Timestamp),
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
    let (actor, ruling) = match ruling_of(host, effect).await {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(Admission::Leaves(action)),
        // What its pack was granted is not known.
        Err(error @ StoreError::Corrupt { .. }) => {
            tracing::error!(effect = %effect.id, agent = %effect.agent, %error, "its agent cannot be read: the effect waits");
            return Ok(Admission::Waits(at.plus_millis(BROKEN_MS)));
        }
        Err(error) => return Err(error),
    };
    // A thread of which parts are out there goes on to its end; what goes by the rules of now goes from each part that is left.
    if effect.provider_id.is_some()
        && let Action::Thread { parts } = &action
    {
        let parts: Vec<String> = parts.iter().map(|part| ruling.policy.begun(part).unwrap_or_default()).collect();
        return Ok(match parts.get(threads::there(effect).len()) {
            Some(next) if next.is_empty() => Admission::Never(Refused::Policy(PolicyRefusal::Nothing).to_string()),
            _ => Admission::Leaves(Action::Thread { parts }),
        });
    }
    let zone = actor.as_ref().map_or("UTC", |actor| &actor.profile.timezone);
    if let Some(until) = ruling.policy.quiet_hours.and_then(|hours| hours.until(at, zone)) {
        // What is taken back is taken back at any time.
        if !matches!(action, Action::Delete { .. }) {
            return Ok(Admission::Quiet(until));
        }
    }
    let known = |account: &AccountId| is_known(host, account);
    let action = match ruling.cleaned(action, known) {
        Ok(action) => action,
        Err(refused) => return Ok(Admission::Never(refused.to_string())),
    };
    let about = match ruling.minds(&action) {
        Some(id) => match answered(host, effect, id).await? {
            Ok(about) => about,
            Err(error) => return Ok(Admission::Unanswered(error)),
        },
        None => None,
    };
    if let Some(refused) = ruling.refusal(&effect.account, &action, about.as_ref(), known) {
        return Ok(Admission::Never(refused.to_string()));
    }
    if is_said_before(host, effect, at, (&action, &ruling.policy)).await? {
        return Ok(Admission::Never(Refused::Policy(PolicyRefusal::Duplicate).to_string()));
    }
    Ok(Admission::Leaves(action))
}

/// The parts of a thread as they left, as far as the rules of now tell it.
pub(super) async fn parts_as_sent(host: &Host, effect: &Effect, parts: &[String]) -> Result<Vec<String>, StoreError> {
    let ruling = match ruling_of(host, effect).await {
        Err(StoreError::Corrupt { .. }) => host.ruling(&effect.account, TextMarks::default()),
        found => found?.map(|(_, ruling)| ruling),
    };
    let sent = |part: &String| ruling.as_ref().and_then(|ruling| ruling.policy.begun(part)).unwrap_or(part.clone());
    Ok(parts.iter().map(sent).collect())
}

/// What holds for an effect, and whose it is: of who has gone, what holds for everybody. None: everything may leave.
async fn ruling_of(host: &Host, effect: &Effect) -> Result<Option<(Option<Arc<Actor>>, Ruling)>, StoreError> {
    let actor = host.actor(&effect.agent).await?;
    let granted = actor.as_ref().map(|actor| actor.rights.marks()).unwrap_or_default();
    Ok(host.ruling(&effect.account, granted).map(|ruling| (actor, ruling)))
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
    let said = own_texts(host, &effect.agent, since, at).await?;
    Ok(texts.iter().any(|text| said.contains(text)))
}

/// What an agent posted since then, as texts are compared.
pub(super) async fn own_texts(
    host: &Host,
    agent: &AgentId,
    since: Timestamp,
    at: Timestamp,
) -> Result<Vec<String>, StoreError> {
    let own = host.store.memories(agent, &[MemoryKind::Tweet], OWN_POSTS).await?;
    let before = own.iter().map(|hit| &hit.memory).filter(|memory| memory.at >= since && memory.at < at);
    Ok(before.map(|memory| normalized(&memory.content)).collect())
}

/// The post that a reply answers or a quote quotes, from what is here: posts of the timeline, the account's own posts,
/// mentions that were heard; else by asking the provider. None where nobody knows it. An error: the provider does not say.
async fn answered(
    host: &Host,
    effect: &Effect,
    id: &PostId,
) -> Result<Result<Option<Answered>, PublishError>, StoreError> {
    if let Some(known) = known(host, effect, id).await? {
        return Ok(Ok(Some(known)));
    }
    let hurries = host.pace.hurries();
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
            reach(host, effect, Some(&error), hurries);
            Ok(Err(error))
        }
    }
}

pub(super) async fn known(host: &Host, effect: &Effect, id: &PostId) -> Result<Option<Answered>, StoreError> {
    if let Some(post) = host.store.post(id).await? {
        return around(host, post).await.map(Some);
    }
    if is_own(host, effect, id).await? {
        return Ok(Some(Answered::own(&effect.account)));
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

    /// What holds for what leaves as an account, of a pack whose grant says so much; none where everything may.
    pub(crate) fn ruling(&self, account: &AccountId, granted: TextMarks) -> Option<Ruling> {
        match self.posting_rules() {
            Some(rules) => Some(rules.of(account, granted)),
            None => (!granted.is_open()).then(|| PostingRules::none().of(account, granted)),
        }
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
