//! Lies of a store, to show that the checker finds them: each is told now and then, in otherwise honest runs.

use puppet_store::{Change, Commit, EffectEnd, EffectState, EventEnd};
use puppet_types::{Decision, Outcome};

/// What the store does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// An event is accepted and not there.
    ForgetsAccepted,
    /// A commit is answered and not made.
    ForgetsCommit,
    /// What an invocation emitted is not there.
    ForgetsEmitted,
    /// A handled event waits still.
    EndsTwice,
    /// A timer fires and its event is not there.
    ForgetsFired,
    /// An attempt is not marked before it starts.
    ForgetsAttempt,
    /// An effect whose fate is unknown waits for its turn.
    ForgetsDoubt,
    /// A decision leaves as two effects.
    DoublesEffect,
    /// An invocation that failed remembers.
    KeepsOfFailed,
    /// An invocation that failed leaves an effect.
    ActsOfFailed,
    /// A read that the guest was answered is not in the record.
    ForgetsRead,
    /// A decision is not in the record as it was made.
    ChangesDecision,
    /// Half of what a paid read took is given back twice.
    RefundsTwice,
    /// A commit spends nothing.
    ForgetsSpends,
    /// The worst case of a paid read is not written.
    ForgetsOpened,
    /// What earlier windows owe is not written.
    ForgetsDebt,
}

impl Mutation {
    /// All of them, each with the rule that it breaks.
    pub const ALL: [(Self, u8); 16] = [
        (Self::ForgetsAccepted, 3),
        (Self::ForgetsCommit, 3),
        (Self::ForgetsEmitted, 3),
        (Self::EndsTwice, 3),
        (Self::ForgetsFired, 3),
        (Self::ForgetsAttempt, 4),
        (Self::ForgetsDoubt, 4),
        (Self::DoublesEffect, 4),
        (Self::KeepsOfFailed, 2),
        (Self::ActsOfFailed, 2),
        (Self::ForgetsRead, 5),
        (Self::ChangesDecision, 5),
        (Self::RefundsTwice, 6),
        (Self::ForgetsSpends, 6),
        (Self::ForgetsOpened, 6),
        (Self::ForgetsDebt, 6),
    ];

    /// One in so many chances is taken.
    pub fn rarity(self) -> u64 {
        match self {
            // One honest row of a window says it as well.
            Self::ForgetsDebt => 1,
            _ => 8,
        }
    }

    /// A commit as it is made.
    pub fn falsify(self, commit: &mut Commit) {
        let failed = !matches!(commit.invocation.outcome, Outcome::Ok | Outcome::Declined(_));
        match self {
            Self::ForgetsEmitted => commit.changes.retain(|change| !matches!(change, Change::Event(_))),
            Self::EndsTwice if commit.end == EventEnd::Done => {
                commit.end = EventEnd::Retry { not_before: commit.invocation.at.plus_millis(1) };
            }
            Self::DoublesEffect => {
                let effect = commit.changes.iter().find_map(|change| match change {
                    Change::Effect(effect) => Some(effect.clone()),
                    _ => None,
                });
                commit.changes.extend(effect.map(|mut effect| {
                    effect.id = format!("{}_again", effect.id).into();
                    Change::Effect(effect)
                }));
            }
            Self::KeepsOfFailed if failed => commit.changes.extend(remembered(commit)),
            Self::ActsOfFailed if failed => commit.changes.extend(acted(commit)),
            Self::ForgetsRead => drop(commit.invocation.reads.pop()),
            Self::ChangesDecision => {
                if let Some(numbered) = commit.invocation.decisions.first_mut() {
                    numbered.decision = Decision::ClearState {};
                }
            }
            Self::ForgetsSpends => commit.spends.clear(),
            _ => {}
        }
    }

    /// The end of an attempt as it is written.
    pub fn falsify_end(self, end: &mut EffectEnd) {
        if self == Self::ForgetsDoubt && end.state == EffectState::InDoubt {
            end.state = EffectState::Waiting;
        }
    }
}

/// What an invocation would have remembered.
fn remembered(commit: &Commit) -> Option<Change> {
    let invocation = &commit.invocation;
    invocation.decisions.iter().find_map(|numbered| match &numbered.decision {
        Decision::Remember { memory } => {
            let (agent, memory) = (invocation.agent.clone(), memory.clone());
            Some(Change::Remember { agent, memory, vector: None, cap: None })
        }
        _ => None,
    })
}

/// What an invocation would have done.
fn acted(commit: &Commit) -> Option<Change> {
    let invocation = &commit.invocation;
    let outside = invocation.decisions.iter().find(|numbered| numbered.decision.is_outside_effect())?;
    Some(Change::Effect(puppet_store::Effect {
        id: format!("{}_{}", invocation.id, outside.n).into(),
        seq: 0,
        agent: invocation.agent.clone(),
        account: super::village::account_of(&invocation.agent),
        invocation: invocation.id.clone(),
        n: outside.n,
        not_before: invocation.at.plus_millis(1_000),
        hops: 0,
        body: outside.decision.clone(),
        state: EffectState::Waiting,
        attempts: 0,
        provider_id: None,
        reason: None,
        expires: None,
        doubt: None,
        purse: None,
    }))
}
