//! Swaps leave: the purse gets the effect by its id, does it at most once, and says how it ended. One that has not ended
//! within a while is asked for again, of the same purse: that it was handed to this one is written before it is. Another
//! purse knows nothing of it and would swap a second time, so where the agent has another one by then, the operator decides.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt as _;
use puppet_store::{Effect, StoreError};
use puppet_tweet::PublishError;
use puppet_types::{
    Timestamp,
    trade::{Origin, SwapIntent},
};
use puppet_wallet::{NoPurses, SwapError};

use super::{Attempted, ends};
use crate::host::Host;

/// So long one swap holds its place in the outbox: a person's yes may take longer.
const WAITS: Duration = Duration::from_secs(60);

/// Why nobody may be handed it now: a purse has it, or may have, that is not the agent's any more.
pub(super) fn is_elsewhere(effect: &Effect, purse: Option<&str>) -> Option<String> {
    let before = effect.purse.as_deref().filter(|before| Some(*before) != purse)?;
    let now = match purse {
        Some(purse) => format!("trades on `{purse}` now"),
        None => "has no desk now".to_owned(),
    };
    Some(format!("in doubt: it was handed to the purse `{before}`, and `{}` {now}", effect.agent))
}

/// Hands one over that is marked as under way, to the purse that its row names.
pub(super) async fn carry_out(
    host: &Host,
    effect: &Effect,
    at: Timestamp,
    (purse, intent, origin): (Option<&str>, &SwapIntent, Origin),
) -> Result<Attempted, StoreError> {
    host.pace.began(&effect.account, at);
    let handed = async {
        let none = || SwapError::Unavailable(NoPurses::told(&effect.agent).message);
        host.purses.swap(&effect.id, purse.ok_or_else(none)?, &effect.agent, intent, origin).await
    };
    let ended = match tokio::time::timeout(WAITS, AssertUnwindSafe(handed).catch_unwind()).await {
        Ok(Ok(ended)) => ended,
        Ok(Err(_)) => Err(SwapError::UnderWay("the purse panicked".to_owned())),
        Err(_) => Err(SwapError::UnderWay(format!("it takes longer than {} s", WAITS.as_secs()))),
    };
    match ended {
        // Whose it is, is known here.
        Ok(result) => {
            let agent = Some(effect.agent.clone());
            ends::swapped(host, effect, at, &puppet_wallet::SwapResult { agent, ..result }).await
        }
        Err(SwapError::UnderWay(why)) => ends::goes_on(host, effect, at, &format!("it is under way: {why}")).await,
        // It may have been taken by an attempt before: desks come later than the outbox at a start.
        Err(SwapError::Unavailable(why)) if effect.doubt.is_some_and(|doubt| doubt.begun != at) => {
            ends::goes_on(host, effect, at, &format!("it may be under way: {why}")).await
        }
        Err(SwapError::Unavailable(why)) => ends::not_done(host, effect, at, &PublishError::Unavailable(why)).await,
    }
}
