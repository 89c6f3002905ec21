//! Threads, where a provider does not do the same order once: each part is an attempt of its own, the first a post and every
//! other an answer to the one before. The ids of those that are there stand in the effect's row before the next one leaves,
//! so that a thread which breaks off goes on behind its last part, and a part whose end nobody saw is looked for as any post.

use puppet_store::{Effect, EffectEnd, EffectState, Post, StoreError};
use puppet_tweet::{Action, Published};
use puppet_types::{Decision, PostId, Timestamp};

use super::{Attempted, admission, ends};
use crate::host::Host;

/// What the provider is told next: of a thread the first part that is not there yet. A provider that does the same once
/// takes a thread whole.
pub(super) fn next(host: &Host, effect: &Effect, action: Action) -> Action {
    let Action::Thread { parts } = &action else { return action };
    let there = there(effect);
    match parts.get(there.len()).filter(|_| !host.publisher.is_idempotent()).cloned() {
        None => action,
        Some(text) => match there.last().cloned() {
            None => Action::Post { text, images: Vec::new() },
            Some(to) => Action::Reply { to, text, images: Vec::new() },
        },
    }
}

/// The parts of a thread that are there already, in order; none of what is no thread.
pub(super) fn there(effect: &Effect) -> Vec<PostId> {
    let ids = effect.provider_id.as_deref().filter(|_| matches!(effect.body, Decision::Thread { .. }));
    ids.unwrap_or_default().split(',').filter(|id| !id.is_empty()).map(PostId::new).collect()
}

/// A part has come to the others. Answers the whole thread where it was the last one, and else what is left of it.
pub(super) async fn joined(
    host: &Host,
    effect: &Effect,
    at: Timestamp,
    published: Published,
) -> Result<Result<Published, Attempted>, StoreError> {
    let Decision::Thread { parts } = &effect.body else { return Ok(Ok(published)) };
    let (there, part) = (there(effect), published.posts.first());
    let Some(part) = part.filter(|_| published.posts.len() < parts.len()) else { return Ok(Ok(published)) };
    // Of the earlier ones only their ids are written down.
    let sent = admission::parts_as_sent(host, effect, parts).await?;
    let texts = sent.into_iter().take(there.len()).chain([part.text.clone()]);
    let mut posts: Vec<Post> = Vec::with_capacity(parts.len());
    for (id, text) in there.into_iter().chain([part.id.clone()]).zip(texts) {
        let before = posts.last().map(|post| post.id.clone());
        let first = posts.first().map_or(&id, |post| &post.id).clone();
        posts.push(Post {
            text,
            in_reply_to: before,
            conversation: first.clone(),
            thread: Some(first),
            id,
            ..part.clone()
        });
    }
    if posts.len() == parts.len() {
        return Ok(Ok(Published { posts, ..published }));
    }
    let ids = posts.iter().map(|post| post.id.as_str()).collect::<Vec<_>>().join(",");
    let waiting = EffectEnd::of(effect, EffectState::Waiting, at);
    let end = EffectEnd { provider_id: Some(ids.clone()), not_before: Some(at), ..waiting };
    if ends::write(host, effect, end).await?.is_none() {
        return Ok(Err(Attempted::default()));
    }
    // As the row has it: the next part has all its attempts before it.
    let again = Effect {
        state: EffectState::Waiting,
        provider_id: Some(ids),
        not_before: at,
        attempts: 0,
        reason: None,
        doubt: None,
        ..effect.clone()
    };
    Ok(Err(Attempted { again: Some(again), ..Attempted::default() }))
}

/// Why a thread ends before its last part, with those that are there.
pub(super) fn why(effect: &Effect, reason: &str) -> String {
    let Decision::Thread { parts } = &effect.body else { return reason.to_owned() };
    let there = there(effect);
    match there.is_empty() {
        true => reason.to_owned(),
        false => {
            let ids: Vec<&str> = there.iter().map(PostId::as_str).collect();
            format!("{} of {} parts are there ({}): {reason}", ids.len(), parts.len(), ids.join(", "))
        }
    }
}
