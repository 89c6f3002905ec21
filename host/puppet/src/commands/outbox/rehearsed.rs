//! How many effects of a dry run rules and policy would have refused, as their records say.

use std::{collections::BTreeMap, fmt};

use puppet_engine::{NOT_KNOWN, WOULD_BE_REFUSED};
use puppet_store::{Effect, EffectState};
use puppet_types::counted;
use serde::Serialize;

/// A count of them.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rehearsed {
    /// All of them.
    effects: u64,
    /// Those that would be refused, by the code of the rule.
    would_be_refused: BTreeMap<String, u64>,
    /// Those of which that is not known here.
    not_known: u64,
}

impl Rehearsed {
    /// Of some effects; none where none of them is of a dry run.
    pub fn of<'a>(effects: impl Iterator<Item = &'a Effect>) -> Option<Self> {
        let mut found = Self::default();
        for effect in effects.filter(|effect| effect.state == EffectState::DryRun) {
            found.effects += 1;
            let reason = effect.reason.as_deref().unwrap_or_default();
            if let Some(why) = reason.strip_prefix(WOULD_BE_REFUSED) {
                let code = why.split(':').next().unwrap_or(why);
                *found.would_be_refused.entry(code.to_owned()).or_default() += 1;
            }
            found.not_known += u64::from(reason.starts_with(NOT_KNOWN));
        }
        (found.effects > 0).then_some(found)
    }
}

impl fmt::Display for Rehearsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refused: u64 = self.would_be_refused.values().sum();
        let all = counted(self.effects, "effect", "effects");
        write!(f, "of {all} of a dry run {refused} would be refused")?;
        let codes: Vec<String> = self.would_be_refused.iter().map(|(code, count)| format!("{code} {count}")).collect();
        if !codes.is_empty() {
            write!(f, " ({})", codes.join(", "))?;
        }
        match self.not_known {
            0 => Ok(()),
            unknown => write!(f, ", and of {unknown} that is not known"),
        }
    }
}

#[cfg(test)]
mod tests {
    use puppet_types::Decision;

    use super::*;

    fn effect(state: EffectState, reason: Option<&str>) -> Effect {
        Effect {
            id: "e".into(),
            seq: 1,
            agent: "ann".into(),
            account: "ann".into(),
            invocation: "inv".into(),
            n: 0,
            not_before: puppet_types::Timestamp::from_millis(1),
            hops: 0,
            body: Decision::Post { text: "tea".to_owned(), images: Vec::new() },
            state,
            attempts: 0,
            provider_id: None,
            reason: reason.map(str::to_owned),
            expires: None,
            doubt: None,
            purse: None,
        }
    }

    #[test]
    fn what_would_be_refused_is_counted_by_its_code() {
        use EffectState::{DryRun, Failed};
        let unknown = format!("{NOT_KNOWN}who knows");
        let all = [
            effect(DryRun, Some("would be refused: like-not-allowed: X does not take likes")),
            effect(DryRun, Some("would be refused: like-not-allowed: X does not take likes")),
            effect(DryRun, Some("would be refused: same-text-again: the policy refuses the same text again")),
            effect(DryRun, Some(&unknown)),
            effect(DryRun, None),
            effect(Failed, Some("like-not-allowed: X does not take likes")),
        ];
        let told = Rehearsed::of(all.iter()).unwrap().to_string();
        let expected = "of 5 effects of a dry run 3 would be refused (like-not-allowed 2, same-text-again 1), \
                        and of 1 that is not known";
        assert_eq!(told, expected);
        assert_eq!(Rehearsed::of(all[..0].iter().chain(&all[5..])), None);
        let one = [effect(DryRun, None)];
        assert_eq!(Rehearsed::of(one.iter()).unwrap().to_string(), "of 1 effect of a dry run 0 would be refused");
    }
}
