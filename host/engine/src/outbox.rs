//! Effects leave: one attempt at a time per account, marked as under way before it starts, and what follows
//! from it (result event, mentions, posts seen, the lists of own posts) written in one transaction.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use puppet_store::{Change, Effect, EffectEnd, EffectState, Post, StoreError, Waiting};
use puppet_tweet::{Action, Delivery, Order, PublishError, Published};
use puppet_types::{
    Decision, Event, EventId, Memory, MemoryKind, PostId, PostRef, Priority, Timestamp, Trust, ids, scrub,
};
use serde_json::json;

use crate::{happening::Happening, host::Host};

/// Tries before an effect fails for good.
const ATTEMPTS: u32 = 5;

/// How long an effect waits for another of its invocation that has not ended, before it is looked at again.
const YET_MS: u64 = 1_000;

/// What an attempt came to.
#[derive(Debug)]
pub struct Attempted {
    /// New events.
    pub events: Vec<Waiting>,
    /// To be tried again.
    pub again: Option<Effect>,
    /// For those who watch; none where nothing was tried yet.
    pub happening: Option<Happening>,
}

/// Why there is no order of a decision.
pub(crate) enum NoOrder {
    /// The decision that it is about has not been published yet: it is tried, or is going to be.
    Yet,
    /// There will be none.
    Ever(String),
}

/// Tries one effect. One that was begun before and whose end nobody saw is tried again only where that cannot do it
/// twice. Where the store fails the effect is left as far as it came: `Sent` once the attempt is written. None, and nothing
/// is tried, where everything is halted.
pub async fn attempt(host: &Host, effect: &mut Effect) -> Result<Option<Attempted>, StoreError> {
    let at = host.clock.now();
    if effect.state == EffectState::Sent && !host.publisher.is_idempotent() {
        let reason = "an attempt was under way and nobody saw its end".to_owned();
        return not_done(host, effect.clone(), at, PublishError::InDoubt(reason), None).await.map(Some);
    }
    let action = match action(host, effect).await? {
        Err(NoOrder::Yet) => return Ok(Some(later(effect, at))),
        Err(NoOrder::Ever(reason)) => Err(reason),
        Ok(action) => Ok(action),
    };
    if !host.store.begin_attempt(&effect.id).await? {
        host.look_whether_halted().await?;
        return Ok(None);
    }
    effect.attempts += 1;
    effect.state = EffectState::Sent;
    let mut about = None;
    let outcome = match action {
        Ok(action) => {
            about = action.about().cloned();
            let order =
                Order { effect: effect.id.clone(), account: effect.account.clone(), at, hops: effect.hops, action };
            let published = AssertUnwindSafe(host.publisher.publish(&order)).catch_unwind().await;
            // Nobody knows how far it came, and the account's other effects must not wait for it.
            published.unwrap_or_else(|_| Err(PublishError::InDoubt("the provider panicked".to_owned())))
        }
        Err(reason) => Err(PublishError::Refused(reason)),
    };
    let attempted = match outcome {
        Ok(published) => done(host, effect, at, published, about).await,
        Err(error) => not_done(host, effect.clone(), at, error, about).await,
    };
    attempted.map(Some)
}

/// Nothing was tried: it comes again when what it waits for may have ended.
fn later(effect: &Effect, at: Timestamp) -> Attempted {
    let again = Effect { not_before: at.plus_millis(YET_MS), ..effect.clone() };
    Attempted { events: Vec::new(), again: Some(again), happening: None }
}

async fn done(
    host: &Host,
    effect: &Effect,
    at: Timestamp,
    published: Published,
    about: Option<PostId>,
) -> Result<Attempted, StoreError> {
    let provider_id = published.posts.iter().map(|post| post.id.as_str()).collect::<Vec<_>>().join(",");
    let mut events = Vec::new();
    if !published.posts.is_empty() {
        let payload = json!({
            "decision": effect.n, "kind": effect.body.kind(), "id": published.posts.first().map(|post| &post.id),
            "text": published.posts.first().map(|post| &post.text),
        });
        events.push(result_event(effect, "post_published", host.later(at), payload));
    }
    for (n, delivery) in published.deliveries.into_iter().enumerate() {
        events.extend(delivered(host, effect, n, delivery, host.later(at)));
    }
    let changes: Vec<Change> = published.posts.iter().flat_map(|post| own_lists(host, effect, post)).collect();
    let unembedded = host.unembedded(&changes);
    let end = EffectEnd {
        id: effect.id.clone(),
        state: EffectState::Done,
        provider_id: Some(provider_id),
        reason: None,
        not_before: None,
        at,
        events,
        changes,
    };
    let events = host.store.end_attempt(end).await?;
    host.backlog.add(unembedded);
    let happening = told(effect, at, (EffectState::Done, published.posts), about);
    Ok(Attempted { events, again: None, happening: Some(happening) })
}

async fn not_done(
    host: &Host,
    mut effect: Effect,
    at: Timestamp,
    error: PublishError,
    about: Option<PostId>,
) -> Result<Attempted, StoreError> {
    // The agent hears of it, in the provider's words.
    let reason = scrub::text(&error.to_string()).into_owned();
    let wait = match &error {
        PublishError::RateLimited { retry_after_ms } => Some(*retry_after_ms),
        PublishError::Unavailable(_) => Some(backoff_ms(effect.attempts)),
        _ => None,
    };
    let wait = wait.filter(|_| effect.attempts < ATTEMPTS);
    let state = match (&error, wait) {
        (_, Some(_)) => EffectState::Waiting,
        (PublishError::InDoubt(_), None) => EffectState::InDoubt,
        _ => EffectState::Failed,
    };
    let not_before = wait.map(|wait| at.plus_millis(wait.max(1)));
    let events =
        if state == EffectState::Failed { vec![failed_event(&effect, host.later(at), &reason)] } else { Vec::new() };
    tracing::warn!(effect = %effect.id, agent = %effect.agent, %reason, ?state, "effect not done");
    let end = EffectEnd {
        id: effect.id.clone(),
        state,
        provider_id: None,
        reason: Some(reason),
        not_before,
        at,
        events,
        changes: Vec::new(),
    };
    let events = host.store.end_attempt(end).await?;
    let happening = told(&effect, at, (state, Vec::new()), about);
    let again = not_before.map(|not_before| {
        effect.not_before = not_before;
        effect.state = state;
        effect
    });
    Ok(Attempted { events, again, happening: Some(happening) })
}

fn told(effect: &Effect, at: Timestamp, (state, posts): (EffectState, Vec<Post>), about: Option<PostId>) -> Happening {
    Happening::Effect { at, agent: effect.agent.clone(), kind: effect.body.kind(), state, posts, about }
}

/// 2, 4, 8 … seconds.
fn backoff_ms(attempts: u32) -> u64 {
    1_000_u64 << attempts.min(10)
}

/// What its plugin hears of an effect that will not happen.
pub(crate) fn failed_event(effect: &Effect, at: Timestamp, reason: &str) -> Event {
    let payload = json!({ "decision": effect.n, "kind": effect.body.kind(), "error": reason });
    result_event(effect, "post_failed", at, payload)
}

fn result_event(effect: &Effect, kind: &str, at: Timestamp, payload: serde_json::Value) -> Event {
    Event {
        id: EventId::from(ids::derive("evt", &[effect.id.as_str(), kind])),
        kind: kind.to_owned(),
        source: "host".to_owned(),
        agent: effect.agent.clone(),
        author: None,
        priority: Priority::Low,
        at,
        payload,
        // How an effect ended is no step of a chain: what follows from it in the world is.
        hops: effect.hops,
        cause: None,
        broadcast: None,
    }
}

fn delivered(host: &Host, effect: &Effect, n: usize, delivery: Delivery, at: Timestamp) -> Option<Event> {
    let agent = host.accounts.agent(&delivery.account)?;
    let id = ids::derive("evt", &[effect.id.as_str(), &n.to_string(), agent.as_str()]);
    Some(delivery_event(EventId::from(id), agent, delivery, at))
}

/// What an account hears becomes an event of the agent behind it.
pub fn delivery_event(id: EventId, agent: puppet_types::AgentId, delivery: Delivery, at: Timestamp) -> Event {
    Event {
        id,
        priority: if delivery.kind == "mention" { Priority::High } else { Priority::Normal },
        kind: delivery.kind,
        source: "local".to_owned(),
        agent,
        author: Some(delivery.author),
        at,
        payload: delivery.payload,
        hops: delivery.hops,
        cause: None,
        broadcast: None,
    }
}

/// The lists of own posts (20) and of everything posted (50): docs/capabilities/memory.md.
fn own_lists(host: &Host, effect: &Effect, post: &Post) -> Vec<Change> {
    let original = matches!(effect.body, Decision::Post { .. } | Decision::Thread { .. });
    let kinds = if original { vec![MemoryKind::Tweet, MemoryKind::Post] } else { vec![MemoryKind::Tweet] };
    kinds
        .into_iter()
        .map(|kind| {
            let memory = Memory {
                id: format!("{}:{}", if kind == MemoryKind::Post { "post" } else { "tweet" }, post.id),
                kind,
                content: post.text.clone(),
                at: post.at,
                importance: 0.5,
                valence: 0.0,
                associations: Vec::new(),
                metadata: vec![("post".to_owned(), post.id.to_string())],
                author: Some(post.author.to_string()),
                trust: Trust::Own,
                pinned: false,
            };
            host.remember(effect.agent.clone(), memory)
        })
        .collect()
}

/// The provider's order of a decision, with earlier decisions replaced by the ids they got.
pub(crate) async fn action(host: &Host, effect: &Effect) -> Result<Result<Action, NoOrder>, StoreError> {
    let resolve = |reference: &PostRef| {
        let reference = reference.clone();
        async move {
            match reference {
                PostRef::Id(id) => Ok(Ok(id)),
                PostRef::Decision(n) => published_by(host, effect, n).await,
            }
        }
    };
    macro_rules! id {
        ($reference:expr) => {
            match resolve($reference).await? {
                Ok(id) => id,
                Err(reason) => return Ok(Err(reason)),
            }
        };
    }
    Ok(Ok(match &effect.body {
        Decision::Post { text, images } => Action::Post { text: text.clone(), images: images.clone() },
        Decision::Thread { parts } => Action::Thread { parts: parts.clone() },
        Decision::Reply { to, text, images } => {
            Action::Reply { to: id!(to), text: text.clone(), images: images.clone() }
        }
        Decision::Quote { of, text } => Action::Quote { of: id!(of), text: text.clone() },
        Decision::Like { of } => Action::Like { of: id!(of) },
        Decision::Delete { of } => Action::Delete { of: id!(of) },
        other => return Ok(Err(NoOrder::Ever(format!("`{}` is no outside effect", other.kind())))),
    }))
}

async fn published_by(host: &Host, effect: &Effect, n: u32) -> Result<Result<PostId, NoOrder>, StoreError> {
    let effects = host.store.effects_of(&effect.invocation).await?;
    let earlier = effects.into_iter().find(|other| other.n == n);
    if earlier.as_ref().is_some_and(|other| matches!(other.state, EffectState::Waiting | EffectState::Sent)) {
        return Ok(Err(NoOrder::Yet));
    }
    let id = earlier.and_then(|other| other.provider_id);
    // Of a thread the last part is the one that is answered.
    let last = id.as_deref().and_then(|ids| ids.rsplit(',').next()).filter(|id| !id.is_empty());
    Ok(last.map(PostId::new).ok_or_else(|| NoOrder::Ever(format!("decision {n} was not published"))))
}
