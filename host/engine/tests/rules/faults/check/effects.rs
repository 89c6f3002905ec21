//! Rule 4: what was decided happened at most once outside, and what is known of it is true.

use std::collections::BTreeMap;

use puppet_store::{Effect, EffectState};
use puppet_types::{Decision, EffectId, PostId};

use super::{Found, Outside, Rows};

pub fn check(rows: &Rows, outside: &Outside<'_>, found: &mut Found) {
    let kept = outside.network.kept();
    // Parts of one thread differ in what they answer.
    let mut once: BTreeMap<(&EffectId, Option<&PostId>), u32> = BTreeMap::new();
    let mut done: BTreeMap<&EffectId, usize> = BTreeMap::new();
    for (effect, _, post) in &kept.done {
        *once.entry((effect, post.as_ref().and_then(|post| post.in_reply_to.as_ref()))).or_default() += 1;
        *done.entry(effect).or_default() += 1;
    }
    for ((id, to), times) in &once {
        found.unless(*times == 1, 4, || format!("{id} (to {to:?}) happened {times} times"));
    }
    for id in done.keys() {
        let is_known = rows.effects.iter().any(|effect| effect.id == **id);
        found.unless(is_known, 4, || format!("{id} happened and is in no row"));
    }
    let records = rows.by_id();
    let mut decisions = BTreeMap::new();
    for effect in &rows.effects {
        let times = done.get(&effect.id).copied().unwrap_or(0);
        found.unless(is_true(effect, times), 4, || {
            format!("{} is {} and happened {times} times", effect.id, effect.state.name())
        });
        // Where the host died before it had written that, and the clock was set back then, nobody asks again.
        let set_back = effect.reason.as_ref().is_some_and(|reason| reason.contains("was set back"));
        let told = effect.state == EffectState::InDoubt && kept.told.contains_key(&effect.id) && !set_back;
        found.unless(!told, 4, || {
            format!("{} is in doubt ({:?}), though the network has told", effect.id, effect.reason)
        });
        let decided = records.get(&effect.invocation).and_then(|record| {
            record.decisions.iter().find(|numbered| numbered.n == effect.n && numbered.decision == effect.body)
        });
        // What a failed one did is rule 2's.
        let failed = rows.journal.iter().any(|record| record.id == effect.invocation)
            && !records.contains_key(&effect.invocation);
        found.unless(failed || decided.is_some(), 4, || format!("nobody decided {}", effect.id));
        *decisions.entry((&effect.invocation, effect.n)).or_insert(0) += 1;
    }
    for ((invocation, n), effects) in decisions {
        found.unless(effects == 1, 4, || format!("decision {n} of {invocation} became {effects} effects"));
    }
}

/// Whether the state of an effect agrees with how often it happened, and how much of a thread is there.
fn is_true(effect: &Effect, times: usize) -> bool {
    if let Decision::Thread { parts } = &effect.body {
        let there = effect.provider_id.as_deref().map_or(0, |ids| ids.split(',').count());
        return match effect.state {
            EffectState::Done => times == parts.len() && there == parts.len(),
            EffectState::InDoubt => {
                (there..=there + 1).contains(&times) && effect.doubt.as_ref().is_some_and(|doubt| doubt.undecidable)
            }
            EffectState::Failed => times == there && there < parts.len(),
            _ => false,
        };
    }
    match effect.state {
        // A like that was there before looks as if this one had made it.
        EffectState::Done if matches!(effect.body, Decision::Like { .. }) => times <= 1,
        EffectState::Done => times == 1,
        // Only what the network cannot tell stays so: that is the operator's.
        EffectState::InDoubt => times <= 1 && effect.doubt.as_ref().is_some_and(|doubt| doubt.undecidable),
        EffectState::Failed | EffectState::Expired => times == 0,
        // Everything has come to rest, nobody approves, and nothing is dry.
        _ => false,
    }
}
