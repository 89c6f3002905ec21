//! What became of an attempt whose end nobody saw: its provider is asked, before anything of the account is tried. It was
//! done, or it was not and is tried again, or nobody can tell and the operator decides.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use puppet_store::{Effect, EffectEnd, EffectState, StoreError};
use puppet_tweet::{PublishError, Reconciled};
use puppet_types::{PostId, Timestamp, scrub};

use super::{Attempted, NoOrder, action, ends, is_idempotent, later, order, pace::backoff_ms, reach, threads};
use crate::host::Host;

/// Effects of the account, the latest, whose posts are known to be theirs: more than any provider lists.
const CLAIMED: usize = 1_000;
/// Where what may be read is used up it is looked again so often: a cap of the operator's may be raised.
const CAPPED_MS: u64 = 300_000;
/// What stands in the reason of an effect before why it cannot be looked for now.
const NOT_NOW: &str = "; it cannot be looked for now: ";

/// Asks the provider of an effect in doubt.
pub(super) async fn look(host: &Host, effect: &Effect, at: Timestamp) -> Result<Attempted, StoreError> {
    // The operator may have spoken.
    if host.store.effect(&effect.id).await?.is_none_or(|row| row.state != EffectState::InDoubt) {
        return Ok(Attempted::default());
    }
    if let Some(until) = host.pace.asks_at(&effect.account, at) {
        return Ok(later(effect, until));
    }
    if is_idempotent(host, effect) {
        return ends::told_again(host, effect, at).await;
    }
    let action = match action(host, effect).await? {
        // As it was decided: in which form it left, by the rules of then, its provider finds out.
        Ok(action) => action,
        // It was made once: what it is about was there.
        Err(NoOrder::Yet) => return left(host, effect, at, "what it is about is open again").await,
        Err(NoOrder::Ever(why)) => return left(host, effect, at, &why).await,
    };
    if ends::begun(effect) > at {
        return left(host, effect, at, "the clock of this machine was set back since it began").await;
    }
    let claimed = claimed(host, effect).await?;
    let hurries = host.pace.hurries();
    let order = order::order(effect, at, threads::next(host, effect, action));
    let asked = host.publisher.reconcile(&order, ends::lost(effect, effect.not_before), &claimed);
    let answer = AssertUnwindSafe(asked).catch_unwind().await;
    let answer = answer.unwrap_or_else(|_| Ok(Reconciled::Undecidable("the provider panicked".to_owned())));
    // What a look costs holds up that look alone: posts may have room.
    if let Err(error @ (PublishError::UsageCap { retry_after_ms, .. } | PublishError::Capped { retry_after_ms, .. })) =
        &answer
    {
        return not_now(host, effect, at, (error, (*retry_after_ms).clamp(1, CAPPED_MS))).await;
    }
    reach(host, effect, answer.as_ref().err(), hurries);
    match answer {
        Ok(Reconciled::Done(published)) => ends::done(host, effect, at, published).await,
        Ok(Reconciled::NotDone) if ends::is_duplicate(effect) => left(host, effect, at, "it does not list it").await,
        Ok(Reconciled::NotDone) => ends::not_happened(host, effect, at).await,
        Ok(Reconciled::Undecidable(why)) => left(host, effect, at, &why).await,
        // Its account is held, and it with it.
        Err(PublishError::Unauthorized(_) | PublishError::Suspended(_)) => {
            Ok(later(effect, host.pace.asks_at(&effect.account, at).unwrap_or(at)))
        }
        Err(PublishError::RateLimited { retry_after_ms }) => Ok(later(effect, at.plus_millis(retry_after_ms.max(1)))),
        Err(PublishError::Unavailable(why)) => {
            tracing::warn!(effect = %effect.id, %why, "its provider cannot be asked what became of it");
            let failures = host.pace.failures(&effect.account);
            Ok(later(effect, at.plus_millis(backoff_ms(&host.pace.rules(), &effect.id, failures))))
        }
        Err(error) => left(host, effect, at, &error.to_string()).await,
    }
}

async fn left(host: &Host, effect: &Effect, at: Timestamp, why: &str) -> Result<Attempted, StoreError> {
    ends::undecidable(host, effect, at, &format!("{}: {why}", reason(effect))).await
}

/// Why it is in doubt, whatever kept anybody from looking.
fn reason(effect: &Effect) -> &str {
    let reason = effect.reason.as_deref().unwrap_or("in doubt");
    reason.split_once(NOT_NOW).map_or(reason, |(reason, _)| reason)
}

/// Whether nothing but what may be read keeps anybody from looking what became of it.
pub(super) fn waits_for_room(effect: &Effect) -> bool {
    effect.reason.as_deref().is_some_and(|reason| reason.contains(NOT_NOW))
}

/// What may be read is used up: why stands in its row.
async fn not_now(
    host: &Host,
    effect: &Effect,
    at: Timestamp,
    (error, wait_ms): (&PublishError, u64),
) -> Result<Attempted, StoreError> {
    let words = scrub::text(&format!("{}{NOT_NOW}{error}", reason(effect))).into_owned();
    let mut waits = later(effect, at.plus_millis(wait_ms));
    if effect.reason.as_deref() == Some(&words) {
        return Ok(waits);
    }
    tracing::warn!(effect = %effect.id, account = %effect.account, %error, "what became of it cannot be looked for now");
    let in_doubt = EffectEnd::of(effect, EffectState::InDoubt, at);
    let end = EffectEnd { reason: Some(words.clone()), doubt: effect.doubt, ..in_doubt };
    if ends::write(host, effect, end).await?.is_none() {
        return Ok(Attempted::default());
    }
    waits.again.iter_mut().for_each(|again| again.reason = Some(words.clone()));
    Ok(waits)
}

/// Posts that other effects of the account have made.
async fn claimed(host: &Host, effect: &Effect) -> Result<Vec<PostId>, StoreError> {
    let ids = host.store.published_as(&effect.account, CLAIMED).await?;
    Ok(ids.iter().flat_map(|ids| ids.split(',')).map(PostId::new).collect())
}
