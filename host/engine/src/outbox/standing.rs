//! Why an account's line stands, as its operator sees it: it is held, or its quiet hours are not over. What rows say of it
//! can be read without a host; what only a running one knows is asked of it.

use puppet_store::{Effect, EffectEnd, EffectState, StoreError};
use puppet_types::{AccountId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Attempted, ends, later,
    pace::{held_since, is_held, is_used_up},
};
use crate::host::Host;

/// What the reason of an effect begins with that waits for the end of quiet hours; behind it is when that is.
const QUIET: &str = "quiet hours until ";

/// An account that its provider does not let in, or whose plan's allowance is used up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldAccount {
    /// Which.
    pub account: AccountId,
    /// In its provider's words.
    pub why: String,
    /// Since when; none where nobody knows it any more.
    pub since: Option<Timestamp>,
    /// When it is tried next; none where no host knows: the next one tries it at its start.
    pub until: Option<Timestamp>,
}

/// Accounts that are held, as rows of the outbox say.
pub fn held_accounts(effects: &[Effect]) -> Vec<HeldAccount> {
    let mut held: Vec<HeldAccount> = Vec::new();
    for effect in effects.iter().filter(|effect| is_held(effect)) {
        if held.iter().all(|known| known.account != effect.account) {
            held.push(HeldAccount {
                account: effect.account.clone(),
                why: effect.reason.clone().unwrap_or_default(),
                since: held_since(effect),
                until: is_used_up(effect).then_some(effect.not_before),
            });
        }
    }
    held
}

/// When the quiet hours are over that an effect waits for; none where it does not.
pub fn quiet_until(effect: &Effect) -> Option<Timestamp> {
    let reason = effect.reason.as_deref().filter(|_| effect.state == EffectState::Waiting)?;
    Timestamp::parse(reason.strip_prefix(QUIET)?)
}

/// It waits for the end of quiet hours. That stands in its row, and is logged, once for each end; when it may leave stays as it
/// was, so that other hours hold at once.
pub(super) async fn is_quiet(
    host: &Host,
    effect: &Effect,
    at: Timestamp,
    until: Timestamp,
) -> Result<Attempted, StoreError> {
    let mut waits = later(effect, until);
    let reason = format!("{QUIET}{until}");
    if effect.state != EffectState::Waiting || effect.reason.as_deref() == Some(&reason) {
        return Ok(waits);
    }
    let waiting = EffectEnd::of(effect, EffectState::Waiting, at);
    let end = EffectEnd { reason: Some(reason.clone()), doubt: effect.doubt, ..waiting };
    if ends::write(host, effect, end).await?.is_none() {
        return Ok(Attempted::default());
    }
    tracing::info!(effect = %effect.id, account = %effect.account, %until, "quiet hours: the outbox of the account waits");
    waits.again.iter_mut().for_each(|again| again.reason = Some(reason.clone()));
    Ok(waits)
}

impl Host {
    /// Accounts that are held now.
    pub fn held_accounts(&self) -> Vec<HeldAccount> {
        self.pace.held_accounts(self.clock.now())
    }
}
