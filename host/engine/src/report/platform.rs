//! What X and the operator's policy would have refused of an agent's effects: the `local` provider allows all of it.

use std::collections::BTreeMap;

use puppet_store::{Effect, EffectState, StoreError};
use puppet_tweet::{
    Action,
    policy::{PolicyRefusal, PostingRules, normalized},
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
    for effect in host.store.effects(&[EffectState::Done, EffectState::DryRun]).await? {
        if effect.agent != *agent {
            continue;
        }
        let Ok(action) = outbox::action(host, &effect).await? else { continue };
        if let Some(code) = code(host, &effect, rules, (action, &mut said)).await? {
            *refused.entry(code).or_default() += 1;
        }
    }
    Ok(refused)
}

/// Of one effect; `said` is what was said before it, and when.
async fn code(
    host: &Host,
    effect: &Effect,
    rules: &PostingRules,
    (action, said): (Action, &mut Vec<(Timestamp, String)>),
) -> Result<Option<&'static str>, StoreError> {
    let post = match &action {
        Action::Reply { to, .. } => host.store.post(to).await?,
        _ => None,
    };
    let answered = match post {
        Some(post) => Some(outbox::around(host, post).await?),
        None => None,
    };
    if let Some(refusal) = rules.platform.refusal(&effect.account, &action, answered.as_ref()) {
        return Ok(Some(refusal.code()));
    }
    let is_reply = matches!(action, Action::Reply { .. });
    let action = match rules.policy.cleaned(action) {
        Ok(action) => action,
        Err(refusal) => return Ok(Some(refusal.code())),
    };
    if let Some(answered) = answered.filter(|_| is_reply && rules.policy.minds_authors()) {
        let is_known = outbox::is_known(host, &answered.author);
        if let Err(refusal) = rules.policy.answers(&answered.author, is_known) {
            return Ok(Some(refusal.code()));
        }
    }
    let texts: Vec<String> = action.texts().into_iter().map(normalized).collect();
    let since = rules.policy.duplicates_since(effect.not_before);
    let again = said.iter().any(|(at, text)| *at >= since && texts.contains(text));
    if again && rules.policy.duplicate_days > 0 {
        return Ok(Some(PolicyRefusal::Duplicate.code()));
    }
    said.extend(texts.into_iter().map(|text| (effect.not_before, text)));
    Ok(None)
}
