//! What becomes of an effect of a dry run: it is only recorded, and its record says whether rules and policy would let it
//! leave. Nobody is asked for that: what only the network knows is told as not known.

use std::sync::{Arc, PoisonError};

use puppet_store::{Change, Effect, EffectState, Filter, StoreError};
use puppet_tweet::{
    Action,
    platform::Answered,
    policy::{PolicyRefusal, PostingRules, Refused, Ruling, normalized},
};
use puppet_types::{Decision, PostId, PostRef, Timestamp};

use super::{admission, is_known};
use crate::{actor::Actor, host::Host};

/// How the reason of one begins that would be refused; the code follows.
pub const WOULD_BE_REFUSED: &str = "would be refused: ";
/// How the reason of one begins of which that is not known.
pub const NOT_KNOWN: &str = "not known whether it would be refused: ";
/// Of so many latest invocations of the agent the texts are looked at for the same text.
const LATEST: usize = 100;

/// Writes into the effects of a call's changes that are only recorded what rules and policy would do.
pub(crate) async fn rehearse(
    host: &Host,
    actor: &Actor,
    at: Timestamp,
    changes: &mut [Change],
) -> Result<(), StoreError> {
    let is_kept = |change: &Change| matches!(change, Change::Effect(effect) if is_rehearsed(effect));
    if !changes.iter().any(is_kept) {
        return Ok(());
    }
    let rules = host.rehearsal_rules();
    let ruling = rules.map_or_else(
        || PostingRules::none().of(&actor.account, actor.rights.marks()),
        |rules| rules.of(&actor.account, actor.rights.marks()),
    );
    let mut said = said(host, actor, at, &ruling).await?;
    let mut refused = Vec::new();
    for change in changes {
        let Change::Effect(effect) = change else { continue };
        if is_rehearsed(effect) {
            effect.reason = reason(host, effect, &ruling, (&mut said, &mut refused)).await?;
        }
    }
    Ok(())
}

fn is_rehearsed(effect: &Effect) -> bool {
    effect.state == EffectState::DryRun && !matches!(effect.body, Decision::Swap { .. })
}

/// Of one; `said` is what was said before it, `refused` which decisions of the call would not leave.
async fn reason(
    host: &Host,
    effect: &Effect,
    ruling: &Ruling,
    (said, refused): (&mut Vec<String>, &mut Vec<u32>),
) -> Result<Option<String>, StoreError> {
    let earlier = match effect.body.refers_to() {
        Some(PostRef::Decision(n)) => Some(*n),
        _ => None,
    };
    if let Some(n) = earlier.filter(|n| refused.contains(n)) {
        refused.push(effect.n);
        return Ok(Some(format!("would not leave: decision {n} of the same call would be refused")));
    }
    let verdict = match action(effect) {
        Some(action) => judged(host, effect, ruling, (action, earlier.is_some(), said)).await?,
        None => Verdict::Leaves,
    };
    Ok(match verdict {
        Verdict::Leaves => None,
        Verdict::Refused(why) => {
            refused.push(effect.n);
            Some(format!("{WOULD_BE_REFUSED}{why}"))
        }
        Verdict::Unknown => {
            Some(format!("{NOT_KNOWN}nobody here knows the post that it is about, and X is asked when it leaves"))
        }
    })
}

enum Verdict {
    Leaves,
    Refused(Refused),
    Unknown,
}

async fn judged(
    host: &Host,
    effect: &Effect,
    ruling: &Ruling,
    (action, is_own, said): (Action, bool, &mut Vec<String>),
) -> Result<Verdict, StoreError> {
    let known = |account: &_| is_known(host, account);
    let action = match ruling.cleaned(action, known) {
        Ok(action) => action,
        Err(refused) => return Ok(Verdict::Refused(refused)),
    };
    let about = match ruling.minds(&action) {
        Some(_) if is_own => Some(Answered::own(&effect.account)),
        Some(id) => match admission::known(host, effect, id).await? {
            Some(about) => Some(about),
            None => return Ok(Verdict::Unknown),
        },
        None => None,
    };
    if let Some(refused) = ruling.refusal(&effect.account, &action, about.as_ref(), known) {
        return Ok(Verdict::Refused(refused));
    }
    let texts: Vec<String> = action.texts().into_iter().map(normalized).collect();
    if ruling.policy.duplicate_days > 0 && texts.iter().any(|text| said.contains(text)) {
        return Ok(Verdict::Refused(Refused::Policy(PolicyRefusal::Duplicate)));
    }
    said.extend(texts);
    Ok(Verdict::Leaves)
}

/// What the agent said of late: what it posted, and what it would have.
async fn said(host: &Host, actor: &Actor, at: Timestamp, ruling: &Ruling) -> Result<Vec<String>, StoreError> {
    if ruling.policy.duplicate_days == 0 {
        return Ok(Vec::new());
    }
    let since = ruling.policy.duplicates_since(at);
    let mut said = admission::own_texts(host, &actor.id, since, at).await?;
    let latest = Filter { agent: Some(actor.id.clone()), limit: LATEST, ..Filter::default() };
    for entry in host.store.journal(&latest).await?.into_iter().filter(|entry| entry.invocation.at >= since) {
        let decided = entry.invocation.decisions.iter().map(|numbered| &numbered.decision);
        said.extend(decided.filter(|decision| decision.is_outside_effect()).flat_map(texts));
    }
    Ok(said)
}

fn texts(decision: &Decision) -> Vec<String> {
    match decision {
        Decision::Post { text, .. } | Decision::Reply { text, .. } | Decision::Quote { text, .. } => {
            vec![normalized(text)]
        }
        Decision::Thread { parts } => parts.iter().map(|part| normalized(part)).collect(),
        _ => Vec::new(),
    }
}

/// As it would leave; a post of the same call has no id yet.
fn action(effect: &Effect) -> Option<Action> {
    let id = |reference: &PostRef| match reference {
        PostRef::Id(id) => id.clone(),
        PostRef::Decision(n) => PostId::new(format!("decision:{n}")),
    };
    Some(match &effect.body {
        Decision::Post { text, images } => Action::Post { text: text.clone(), images: images.clone() },
        Decision::Thread { parts } => Action::Thread { parts: parts.clone() },
        Decision::Reply { to, text, images } => {
            Action::Reply { to: id(to), text: text.clone(), images: images.clone() }
        }
        Decision::Quote { of, text } => Action::Quote { of: id(of), text: text.clone() },
        Decision::Like { of } => Action::Like { of: id(of) },
        Decision::Delete { of } => Action::Delete { of: id(of) },
        _ => return None,
    })
}

impl Host {
    /// By what effects of a dry run are judged that are not posted anywhere: where nothing is enforced, what would be.
    pub fn rehearsal_rules(&self) -> Option<Arc<PostingRules>> {
        let rehearsal = || self.rehearsal.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.posting_rules().or_else(rehearsal)
    }

    /// Sets them, for what is decided from now on.
    pub fn set_rehearsal_rules(&self, rules: PostingRules) {
        *self.rehearsal.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(rules));
    }
}
