//! How an attempt ended, written with everything that follows from it: done, to be tried again, failed for good, or in doubt.

use std::time::Instant;

use puppet_store::{Change, Doubt, Effect, EffectEnd, EffectState, Post, StoreError, Waiting};
use puppet_tweet::{Lost, PublishError, Published};
use puppet_types::{Event, Timestamp, scrub};
use puppet_wallet::SwapResult;
use serde_json::json;

use super::{
    Attempted, is_idempotent,
    pace::{LONGEST_ASKED_MS, backoff_ms},
    results::{delivered, failed_again_event, own_lists, result_event, swap_event},
    threads,
};
use crate::{behind, happening::Happening, host::Host, tally::StoreWork};

/// Why an effect is in doubt that its provider takes for a duplicate: it is not sent again.
const DUPLICATE: &str = "an attempt was lost, and its provider has the same";

/// It happened: right now, or as its provider says afterwards. Of a thread it may be a part.
pub(super) async fn done(
    host: &Host,
    effect: &Effect,
    at: Timestamp,
    published: Published,
) -> Result<Attempted, StoreError> {
    let published = match threads::joined(host, effect, at, published).await? {
        Ok(published) => published,
        Err(left) => return Ok(left),
    };
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
    let led_by = if published.posts.is_empty() { None } else { behind::of_effect(host, effect).await? };
    let posts = published.posts.iter();
    let changes: Vec<Change> = posts.flat_map(|post| own_lists(host, effect, post, led_by)).collect();
    let unembedded = host.unembedded(&changes);
    let end =
        EffectEnd { provider_id: Some(provider_id), events, changes, ..EffectEnd::of(effect, EffectState::Done, at) };
    let Some(events) = write(host, effect, end).await? else { return Ok(Attempted::default()) };
    host.backlog.add(unembedded);
    let happening = told(effect, at, EffectState::Done, published.posts);
    Ok(Attempted { events, happening: Some(happening), ..Attempted::default() })
}

/// The provider did not take it, or nobody knows.
pub(super) async fn not_done(
    host: &Host,
    effect: &Effect,
    at: Timestamp,
    error: &PublishError,
) -> Result<Attempted, StoreError> {
    // The agent hears of it, in the provider's words.
    let reason = scrub::text(&error.to_string()).into_owned();
    let wait = match error {
        PublishError::RateLimited { retry_after_ms } => (*retry_after_ms).clamp(1, LONGEST_ASKED_MS),
        PublishError::Unauthorized(_)
        | PublishError::Suspended(_)
        | PublishError::UsageCap { .. }
        | PublishError::Capped { .. } => {
            return held(host, effect, at, (error, reason)).await;
        }
        PublishError::Unavailable(_) => backoff(host, effect),
        // The same once more is the same.
        PublishError::InDoubt(_) if is_idempotent(host, effect) && is_tried_again(host, effect) => {
            backoff(host, effect)
        }
        PublishError::InDoubt(_) if is_idempotent(host, effect) => {
            return undecidable(host, effect, at, &reason).await;
        }
        PublishError::InDoubt(why) => return in_doubt(host, effect, at, why).await,
        // What it has is what an attempt made that was lost, most likely.
        PublishError::Duplicate(_) if lost_before(effect, at).is_some() => {
            return in_doubt(host, effect, at, &format!("{DUPLICATE}: {reason}")).await;
        }
        PublishError::NotFound(_)
        | PublishError::Refused(_)
        | PublishError::Duplicate(_)
        | PublishError::NotAllowed(_) => {
            return failed(host, effect, at, reason).await;
        }
    };
    match is_tried_again(host, effect) {
        true => waits(host, effect, (at, at.plus_millis(wait)), reason).await,
        // An earlier attempt may have done it, and no provider that does the same once says so.
        false if is_idempotent(host, effect) && lost_before(effect, at).is_some() => {
            undecidable(host, effect, at, &reason).await
        }
        false => failed(host, effect, at, reason).await,
    }
}

/// Its provider does the same effect once: it is told again, however often it was.
pub(super) async fn told_again(host: &Host, effect: &Effect, at: Timestamp) -> Result<Attempted, StoreError> {
    let reason = "an attempt was lost: its provider is told again".to_owned();
    waits(host, effect, (at, at.plus_millis(backoff(host, effect))), reason).await
}

/// It was taken and has not ended: its provider is told again, however often it was, and it stays as if it were under way.
pub(super) async fn goes_on(host: &Host, effect: &Effect, at: Timestamp, why: &str) -> Result<Attempted, StoreError> {
    let until = at.plus_millis(backoff(host, effect));
    let waiting = EffectEnd::of(effect, EffectState::Waiting, at);
    let reason = Some(scrub::text(why).into_owned());
    let end = EffectEnd { reason, not_before: Some(until), doubt: effect.doubt, ..waiting };
    not_done_yet(host, effect, end).await
}

/// A swap has ended, as its purse says.
pub(super) async fn swapped(
    host: &Host,
    effect: &Effect,
    at: Timestamp,
    result: &SwapResult,
) -> Result<Attempted, StoreError> {
    let later = host.later(at);
    if !result.is_done {
        let words = [result.code.as_deref(), result.detail.as_deref()].into_iter().flatten().collect::<Vec<_>>();
        let reason = scrub::text(&words.join(": ")).into_owned();
        let event = swap_event(&effect.agent, result, later, effect.hops);
        return failed_with(host, effect, at, reason, event).await;
    }
    let provider_id = result.signature.clone().unwrap_or_else(|| result.id.clone());
    let events = vec![swap_event(&effect.agent, result, later, effect.hops)];
    let done = EffectEnd::of(effect, EffectState::Done, at);
    let end = EffectEnd { provider_id: Some(provider_id), events, ..done };
    let Some(events) = write(host, effect, end).await? else { return Ok(Attempted::default()) };
    let happening = told(effect, at, EffectState::Done, Vec::new());
    Ok(Attempted { events, happening: Some(happening), ..Attempted::default() })
}

/// The attempt whose end nobody saw did not happen.
pub(super) async fn not_happened(host: &Host, effect: &Effect, at: Timestamp) -> Result<Attempted, StoreError> {
    let reason = "an attempt was lost: its provider has not got it".to_owned();
    match is_tried_again(host, effect) {
        true => waits(host, effect, (at, at.plus_millis(backoff(host, effect))), reason).await,
        false => failed(host, effect, at, reason).await,
    }
}

/// The attempt before this one, which began now, that nobody saw the end of: its post may come to light yet.
fn lost_before(effect: &Effect, now: Timestamp) -> Option<Doubt> {
    effect.doubt.filter(|doubt| doubt.begun != now)
}

/// Whether its provider has taken it for a duplicate of what a lost attempt made.
pub(super) fn is_duplicate(effect: &Effect) -> bool {
    effect
        .reason
        .as_deref()
        .and_then(|reason| reason.strip_prefix("in doubt: "))
        .is_some_and(|why| why.starts_with(DUPLICATE))
}

fn is_tried_again(host: &Host, effect: &Effect) -> bool {
    u64::from(effect.attempts) < host.pace.rules().attempts
}

fn backoff(host: &Host, effect: &Effect) -> u64 {
    backoff_ms(&host.pace.rules(), &effect.id, effect.attempts.into())
}

async fn waits(
    host: &Host,
    effect: &Effect,
    (at, not_before): (Timestamp, Timestamp),
    reason: String,
) -> Result<Attempted, StoreError> {
    let waiting = EffectEnd::of(effect, EffectState::Waiting, at);
    let doubt = lost_before(effect, at);
    let end = EffectEnd { reason: Some(reason), not_before: Some(not_before), doubt, ..waiting };
    not_done_yet(host, effect, end).await
}

/// Its account is held: it waits with it, and the attempt does not count. Until when stands in its row where the provider
/// said so; else since when: a start, or the operator's word, tries it at once, and so does another cap.
async fn held(
    host: &Host,
    effect: &Effect,
    at: Timestamp,
    (error, reason): (&PublishError, String),
) -> Result<Attempted, StoreError> {
    let until = host.pace.asks_at(&effect.account, at).unwrap_or(at);
    let since = host.pace.held_since(&effect.account).unwrap_or(at).min(at);
    let not_before = if matches!(error, PublishError::UsageCap { .. }) { until } else { since };
    let (doubt, waiting) = (lost_before(effect, at), EffectEnd::of(effect, EffectState::Waiting, at));
    let end = EffectEnd { reason: Some(reason), not_before: Some(not_before), doubt, uncounted: true, ..waiting };
    let attempted = not_done_yet(host, effect, end).await?;
    let again = attempted.again.map(|again| Effect { attempts: again.attempts.saturating_sub(1), ..again });
    Ok(Attempted { again, until: Some(until), ..attempted })
}

pub(super) async fn failed(
    host: &Host,
    effect: &Effect,
    at: Timestamp,
    reason: String,
) -> Result<Attempted, StoreError> {
    let event = failed_again_event(&*host.store, effect, host.later(at), &reason).await?;
    failed_with(host, effect, at, reason, event).await
}

async fn failed_with(
    host: &Host,
    effect: &Effect,
    at: Timestamp,
    reason: String,
    event: Event,
) -> Result<Attempted, StoreError> {
    let events = vec![event];
    let end = EffectEnd { reason: Some(reason.clone()), events, ..EffectEnd::of(effect, EffectState::Failed, at) };
    let attempted = not_done_yet(host, effect, end).await?;
    if attempted.happening.is_some() {
        let failed = Effect { state: EffectState::Failed, reason: Some(reason), doubt: None, ..effect.clone() };
        host.tell(Some(Happening::Kept { at, effect: Box::new(failed) }));
    }
    Ok(attempted)
}

/// Its provider is asked what became of it, no sooner than what was on its way has arrived.
pub(super) async fn in_doubt(host: &Host, effect: &Effect, at: Timestamp, why: &str) -> Result<Attempted, StoreError> {
    let doubt = Doubt { begun: begun(effect), undecidable: false };
    // Of a clock that was set back since it began nobody waits for the time that it had.
    let look = lost(effect, at).last.min(at).plus_millis(host.pace.rules().look_after_ms).max(at);
    let reason = scrub::text(&format!("in doubt: {why}")).into_owned();
    let in_doubt = EffectEnd::of(effect, EffectState::InDoubt, at);
    let end = EffectEnd { reason: Some(reason), not_before: Some(look), doubt: Some(doubt), ..in_doubt };
    not_done_yet(host, effect, end).await
}

/// Nobody can tell whether it happened: it is the operator's, and the account goes on.
pub(super) async fn undecidable(
    host: &Host,
    effect: &Effect,
    at: Timestamp,
    reason: &str,
) -> Result<Attempted, StoreError> {
    let doubt = Some(Doubt { begun: begun(effect), undecidable: true });
    let reason = Some(scrub::text(reason).into_owned());
    let end = EffectEnd { reason: reason.clone(), doubt, ..EffectEnd::of(effect, EffectState::InDoubt, at) };
    let attempted = not_done_yet(host, effect, end).await?;
    if attempted.happening.is_some() {
        tracing::error!(effect = %effect.id, "nobody can tell whether it happened: puppet outbox retry or drop");
        let left = Effect { state: EffectState::InDoubt, reason, doubt, ..effect.clone() };
        host.tell(Some(Happening::Undecidable { at, effect: Box::new(left) }));
    }
    Ok(attempted)
}

/// Of an attempt under an earlier version nobody wrote it down: not before it might leave.
pub(super) fn begun(effect: &Effect) -> Timestamp {
    effect.doubt.map_or(effect.not_before, |doubt| doubt.begun)
}

/// Its attempts that were lost. Of several the row has the first: the last one began before `latest`.
pub(super) fn lost(effect: &Effect, latest: Timestamp) -> Lost {
    let first = begun(effect);
    Lost { first, last: if effect.attempts > 1 { first.max(latest) } else { first } }
}

async fn not_done_yet(host: &Host, effect: &Effect, end: EffectEnd) -> Result<Attempted, StoreError> {
    let (at, state, not_before) = (end.at, end.state, end.not_before);
    let (reason, doubt) = (end.reason.clone(), end.doubt);
    let Some(events) = write(host, effect, end).await? else { return Ok(Attempted::default()) };
    let what = match (state, doubt) {
        (EffectState::InDoubt, Some(Doubt { undecidable: true, .. })) => "nobody can tell whether the effect was done",
        (EffectState::InDoubt, _) => "nobody knows yet whether the effect was done: its provider is asked",
        (EffectState::Failed, _) => "the effect has failed",
        _ => "the effect is tried again",
    };
    let reason_told = reason.as_deref().unwrap_or_default();
    tracing::warn!(effect = %effect.id, agent = %effect.agent, reason = reason_told, "{what}");
    let purse = effect.purse.clone().filter(|_| doubt.is_some());
    let again = not_before.map(|not_before| Effect { not_before, state, reason, doubt, purse, ..effect.clone() });
    Ok(Attempted { events, again, happening: Some(told(effect, at, state, Vec::new())), ..Attempted::default() })
}

/// Of one that is not under way the operator may have spoken meanwhile: then that stands.
pub(super) async fn write(host: &Host, effect: &Effect, end: EffectEnd) -> Result<Option<Vec<Waiting>>, StoreError> {
    let since = Instant::now();
    let written = match effect.state {
        EffectState::Sent => host.store.end_attempt(end).await.map(Some),
        state => host.store.end_from(end, &[state]).await,
    }?;
    host.tally.stored(StoreWork::End, since);
    Ok(written)
}

fn told(effect: &Effect, at: Timestamp, state: EffectState, posts: Vec<Post>) -> Happening {
    let about = effect.body.about().cloned();
    let (id, agent) = (effect.id.clone(), effect.agent.clone());
    Happening::Effect { at, effect: id, agent, kind: effect.body.kind(), state, posts, about }
}
