//! Rule 4 for the outbox: an effect happens at most once, and only one that was sent; and each comes from an invocation.

use puppet_store::{Effect, EffectState, Store, StoreError};
use puppet_types::Decision;

use super::{PAGE, Rule, TELL, Tell, journal::Journal, oldest::Oldest, short};

/// Effects, as they were walked through.
#[derive(Debug)]
pub struct Effects {
    /// `an-effect-happens-once`.
    pub once: Rule,
    /// `effects-have-invocations`.
    pub references: Rule,
    /// What providers know them by, with the seq of the effect.
    made: Vec<(u64, u64)>,
}

impl Default for Effects {
    fn default() -> Self {
        let (once, references) = (Rule::new("an-effect-happens-once"), Rule::new("effects-have-invocations"));
        Self { once, references, made: Vec::new() }
    }
}

impl Effects {
    /// All of them, after the journal.
    pub async fn walk(
        &mut self,
        journal: &Journal<'_>,
        store: &dyn Store,
        oldest: &mut Oldest,
        tell: Tell<'_>,
    ) -> Result<(), StoreError> {
        let mut after = 0;
        tell("effects", 0);
        loop {
            let page = store.effects_after(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            for effect in &page {
                self.effect(effect, store).await?;
                let has = journal.known.binary_search(&short(effect.invocation.as_str())).is_ok()
                    || store.invocation(&effect.invocation).await?.is_some()
                    || !oldest.has(store, &effect.agent, effect.not_before).await?
                    || store.effect(&effect.id).await?.is_none();
                self.references
                    .check(has, || format!("effect {}: there is no invocation {}", effect.id, effect.invocation));
                if self.once.checked.is_multiple_of(TELL) {
                    tell("effects", self.once.checked);
                }
            }
        }
        self.twice(store).await
    }

    async fn effect(&mut self, effect: &Effect, store: &dyn Store) -> Result<(), StoreError> {
        use EffectState::{DryRun, Expired, Rejected, Waiting, WaitingForApproval};
        let posts = store.published(&effect.id).await?.len();
        let may = match (effect.state, &effect.body) {
            (DryRun | Expired | Rejected | WaitingForApproval, _) => 0,
            (Waiting, _) if effect.attempts == 0 => 0,
            (_, Decision::Thread { parts }) => parts.len(),
            _ => 1,
        };
        self.once.check(posts <= may, || {
            format!("effect {} is {} and was posted {posts} times: at most {may}", effect.id, effect.state.name())
        });
        // Of a thread that has not ended those parts that are there.
        let ids = effect.provider_id.iter().flat_map(|ids| ids.split(',')).filter(|id| !id.is_empty());
        self.made.extend(ids.map(|id| (short(id), effect.seq)));
        Ok(())
    }

    /// One post that two effects are said to have made.
    async fn twice(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        self.made.sort_unstable();
        let both = self.made.windows(2).filter(|pair| pair[0].0 == pair[1].0 && pair[0].1 != pair[1].1);
        for pair in both {
            let mut named = Vec::new();
            for (_, seq) in pair {
                named.extend(store.effects_after(seq - 1, 1).await?.into_iter().map(|effect| effect.id.to_string()));
            }
            self.once.violated(format!("effects {} are said to have made the same post", named.join(" and ")));
        }
        self.made.clear();
        Ok(())
    }
}
