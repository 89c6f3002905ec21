//! What X and the operator's policy would have refused of an agent's effects: the `local` provider allows all of it.

use std::collections::BTreeMap;

use puppet_store::{Effect, EffectState, StoreError};
use puppet_tweet::{
    Action,
    policy::{PolicyRefusal, PostingRules, Ruling, normalized},
};
use puppet_types::{AgentId, Timestamp};

use crate::{host::Host, outbox};

/// Effects of an agent that were done here, or were only shown, and would not be done there, by the code of the rule. Each counts
/// once: X's own rules first.
///
/// # Errors
/// The store failed.
pub async fn refused_by_platform(
    host: &Host,
    agent: &AgentId,
    rules: &PostingRules,
) -> Result<BTreeMap<&'static str, u64>, StoreError> {
    let mut refused = BTreeMap::new();
    let mut said = Vec::new();
    let marks = host.actor(agent).await?.map(|actor| actor.rights.marks()).unwrap_or_default();
    for effect in host.store.effects(&[EffectState::Done, EffectState::DryRun]).await? {
        if effect.agent != *agent {
            continue;
        }
        let Ok(action) = outbox::action(host, &effect).await? else { continue };
        let ruling = rules.of(&effect.account, marks);
        if let Some(code) = code(host, &effect, &ruling, (action, &mut said)).await? {
            *refused.entry(code).or_default() += 1;
        }
    }
    Ok(refused)
}

/// Of one effect; `said` is what was said before it, and when.
async fn code(
    host: &Host,
    effect: &Effect,
    ruling: &Ruling,
    (action, said): (Action, &mut Vec<(Timestamp, String)>),
) -> Result<Option<&'static str>, StoreError> {
    let known = |account: &_| outbox::is_known(host, account);
    let action = match ruling.cleaned(action, known) {
        Ok(action) => action,
        Err(refused) => return Ok(Some(refused.code())),
    };
    let post = match ruling.minds(&action) {
        Some(id) => host.store.post(id).await?,
        None => None,
    };
    let about = match post {
        Some(post) => Some(outbox::around(host, post).await?),
        None => None,
    };
    if let Some(refused) = ruling.refusal(&effect.account, &action, about.as_ref(), known) {
        return Ok(Some(refused.code()));
    }
    let texts: Vec<String> = action.texts().into_iter().map(normalized).collect();
    let since = ruling.policy.duplicates_since(effect.not_before);
    let again = said.iter().any(|(at, text)| *at >= since && texts.contains(text));
    if again && ruling.policy.duplicate_days > 0 {
        return Ok(Some(PolicyRefusal::Duplicate.code()));
    }
    said.extend(texts.into_iter().map(|text| (effect.not_before, text)));
    Ok(None)
}
