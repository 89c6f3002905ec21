//! What became of an attempt whose end nobody saw: its provider is asked, before anything of the account is tried. It was
//! done, or it was not and is tried again, or nobody can tell and the operator decides.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use puppet_store::{Effect, EffectState, StoreError};
use puppet_tweet::{PublishError, Reconciled};
use puppet_types::{PostId, Timestamp};

use super::{
    Attempted, NoOrder, action, admission, ends, is_idempotent, later, order, pace::backoff_ms, reach, threads,
};
use crate::host::Host;

/// Effects of the account, the latest, whose posts are known to be theirs: more than any provider lists.
const CLAIMED: usize = 1_000;

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
        Ok(action) => admission::as_sent(host, action),
        // It was made once: what it is about was there.
        Err(NoOrder::Yet) => return left(host, effect, at, "what it is about is open again").await,
        Err(NoOrder::Ever(why)) => return left(host, effect, at, &why).await,
    };
    if ends::begun(effect) > at {
        return left(host, effect, at, "the clock of this machine was set back since it began").await;
    }
    let claimed = claimed(host, effect).await?;
    let order = order::order(effect, at, threads::next(host, effect, action));
    let asked = host.publisher.reconcile(&order, ends::lost(effect, effect.not_before), &claimed);
    let answer = AssertUnwindSafe(asked).catch_unwind().await;
    let answer = answer.unwrap_or_else(|_| Ok(Reconciled::Undecidable("the provider panicked".to_owned())));
    reach(host, effect, answer.as_ref().err());
    match answer {
        Ok(Reconciled::Done(published)) => ends::done(host, effect, at, published).await,
        Ok(Reconciled::NotDone) if ends::is_duplicate(effect) => left(host, effect, at, "it does not list it").await,
        Ok(Reconciled::NotDone) => ends::not_happened(host, effect, at).await,
        Ok(Reconciled::Undecidable(why)) => left(host, effect, at, &why).await,
        // Its account is held, and it with it.
        Err(PublishError::Unauthorized(_) | PublishError::Suspended(_) | PublishError::UsageCap { .. }) => {
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
    let before = effect.reason.as_deref().unwrap_or("in doubt");
    ends::undecidable(host, effect, at, &format!("{before}: {why}")).await
}

/// Posts that other effects of the account have made.
async fn claimed(host: &Host, effect: &Effect) -> Result<Vec<PostId>, StoreError> {
    let ids = host.store.published_as(&effect.account, CLAIMED).await?;
    Ok(ids.iter().flat_map(|ids| ids.split(',')).map(PostId::new).collect())
}
