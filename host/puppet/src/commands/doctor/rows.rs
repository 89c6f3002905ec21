//! `doctor`: what the rows say: agents that cannot be read, a halt, effects that somebody has to look at or to approve.

use puppet_engine::DROPPED;
use puppet_store::{Effect, EffectState, Store};
use puppet_tweet::policy::Refused;
use puppet_types::{FORGOTTEN, counted};

use super::{Check, check, of_trouble};
use crate::{agents::spec_of, commands::halt::words};

/// Effects of a kind that are named.
const NAMED: usize = 5;

/// Whether the operator has stopped everything.
pub(super) async fn stop(store: &dyn Store) -> Check {
    match store.halted().await {
        Ok(None) => check("halt", "ok", "effects leave", ""),
        Ok(Some(halt)) => check("halt", "warn", words(&halt), "`puppet resume` lets effects leave"),
        Err(error) => of_trouble("halt", "fail", &error.into()),
    }
}

/// Effects that wait for the operator.
pub(super) async fn approvals(store: &dyn Store) -> Check {
    let waiting = match store.effects(&[EffectState::WaitingForApproval]).await {
        Ok(waiting) => waiting,
        Err(error) => return of_trouble("approvals", "fail", &error.into()),
    };
    let Some(first) = waiting.iter().filter_map(|effect| effect.expires).min() else {
        return check("approvals", "ok", "nothing waits for approval", "");
    };
    let detail =
        format!("{} for approval, the first until {first}", counted(waiting.len(), "effect waits", "effects wait"));
    check("approvals", "warn", detail, "`puppet approvals list` shows them")
}

/// Agents whose rows cannot be understood: their events wait until somebody mends them.
pub(super) async fn agents(store: &dyn Store) -> Check {
    let rows = match store.agents().await {
        Ok(rows) => rows,
        Err(error) => return of_trouble("agents", "fail", &error.into()),
    };
    let broken: Vec<String> = rows.iter().filter_map(|row| spec_of(row).err()).map(|trouble| trouble.message).collect();
    if broken.is_empty() {
        return check("agents", "ok", format!("{} can be read", counted(rows.len(), "agent", "agents")), "");
    }
    let remedy = "restore the folder from a backup: until then their events wait";
    check("agents", "fail", broken.join("; "), remedy)
}

/// Effects of which nobody knows whether they happened, and those that did not and are not tried again: somebody has to
/// look.
pub(super) async fn outbox(store: &dyn Store) -> Check {
    let ended = match store.effects(&[EffectState::InDoubt, EffectState::Failed]).await {
        Ok(ended) => ended,
        Err(error) => return of_trouble("outbox", "fail", &error.into()),
    };
    let (doubtful, mut failed): (Vec<&Effect>, Vec<&Effect>) =
        ended.iter().partition(|effect| effect.state == EffectState::InDoubt);
    // The operator has spoken about these.
    let is_settled = |reason: &str| reason == FORGOTTEN || reason.starts_with(DROPPED);
    failed.retain(|effect| !effect.reason.as_deref().is_some_and(is_settled));
    let told = |effects: &[&Effect], how: &str| {
        let named = effects.iter().rev().take(NAMED);
        let named: Vec<String> = named.map(|effect| format!("{} by @{}", effect.id, effect.account)).collect();
        (!effects.is_empty()).then(|| format!("{} {how}, the latest: {}", effects.len(), named.join(", ")))
    };
    let is_refused = |effect: &&Effect| effect.reason.as_deref().and_then(Refused::of_reason).is_some();
    let (refused, failed): (Vec<&Effect>, Vec<&Effect>) = failed.into_iter().partition(is_refused);
    let by_rule = told(&refused, "refused by a rule of X or by the policy");
    let details = [told(&doubtful, "in doubt"), told(&failed, "failed for good"), by_rule];
    let details: Vec<String> = details.into_iter().flatten().collect();
    let remedy = match (doubtful.is_empty(), failed.is_empty()) {
        (true, true) if !refused.is_empty() => "`puppet outbox show ID` tells which, and what helps: a retry does not",
        (true, true) => return check("outbox", "ok", "no effect is in doubt, and none has failed", ""),
        (true, false) => "`puppet outbox show ID` tells why; `puppet outbox retry ID` tries it once more",
        (false, _) => {
            "a running host asks their providers; what nobody can tell is yours: look whether it happened, then \
             `puppet outbox drop ID` or `puppet outbox retry ID --sure`"
        }
    };
    check("outbox", "warn", details.join("; "), remedy)
}
