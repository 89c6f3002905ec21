//! Rules 2 and 4, entry by entry: a failed invocation changed nothing; what an `ok` one decided to do is in the outbox as it
//! was decided, each decision once; answers are kept only while their event waits; breaches are counted.

use std::collections::BTreeMap;

use puppet_grants::Spend;
use puppet_store::{Filter, JournalEntry, Store, StoreError};
use puppet_types::{AgentId, Decision, Digest, EventId, EventTarget, Invocation, Outcome, PackId, ids};

use super::{PAGE, Rule, TELL, Tell, short, spends::Spends};

/// Breaches by plugin version.
pub type Breaches = BTreeMap<(PackId, Digest), u64>;

/// The journal, as it was walked through.
#[derive(Debug)]
pub struct Journal<'a> {
    /// How many entries there are.
    pub entries: u64,
    /// Events of entries that ended them, sorted.
    pub handled: Vec<u64>,
    /// Ids of all entries, sorted.
    pub known: Vec<u64>,
    /// Seqs of those that did not end well, in order.
    pub failures: Vec<u64>,
    /// More of `every-event-has-one-end`.
    pub ended: Rule,
    /// `a-failure-changes-nothing`.
    pub failed: Rule,
    /// `effects-are-what-was-decided`.
    pub follow: Rule,
    /// `answers-are-kept-while-they-are-needed`.
    pub kept_reads: Rule,
    /// What reads cost.
    pub spends: Spends<'a>,
    /// For the strikes.
    pub breaches: Breaches,
    /// Everybody that an event to all would be for.
    agents: Vec<AgentId>,
}

impl<'a> Journal<'a> {
    /// Nothing is read yet. `before` is what is booked by now, `agents` are all that there are.
    pub fn new(before: &'a [Spend], agents: Vec<AgentId>) -> Self {
        Self {
            entries: 0,
            handled: Vec::new(),
            known: Vec::new(),
            failures: Vec::new(),
            ended: Rule::new("every-event-has-one-end"),
            failed: Rule::new("a-failure-changes-nothing"),
            follow: Rule::new("effects-are-what-was-decided"),
            kept_reads: Rule::new("answers-are-kept-while-they-are-needed"),
            spends: Spends::new(before),
            breaches: BTreeMap::new(),
            agents,
        }
    }

    /// All entries, the oldest first: one that is tried again meanwhile moves to the end, and is met there.
    pub async fn walk(&mut self, store: &dyn Store, tell: Tell<'_>) -> Result<(), StoreError> {
        let mut filter = Filter { oldest_first: true, limit: PAGE, ..Filter::default() };
        tell("entries of the journal", 0);
        loop {
            let page = store.journal(&filter).await?;
            let Some(last) = page.last() else { break };
            filter.after_seq = Some(last.seq);
            for entry in &page {
                self.entry(entry, store).await?;
                if self.entries.is_multiple_of(TELL) {
                    tell("entries of the journal", self.entries);
                }
            }
        }
        self.handled.sort_unstable();
        self.known.sort_unstable();
        Ok(())
    }

    async fn entry(
        &mut self,
        JournalEntry { seq, invocation, .. }: &JournalEntry,
        store: &dyn Store,
    ) -> Result<(), StoreError> {
        let Invocation { id, event, outcome, .. } = invocation;
        self.entries += 1;
        self.known.push(short(id.as_str()));
        self.spends.add(invocation);
        if let Outcome::Breach(..) = outcome {
            // An entry of the first schema says nothing of its seed, and its strikes were not stored.
            let counts = u64::from(invocation.seed.is_some());
            let version = (invocation.plugin.id.clone(), invocation.plugin.digest);
            *self.breaches.entry(version).or_default() += counts;
        }
        let state = store.event(&event.id).await?.map(|(_, state)| state);
        if state.is_none() && store.invocation(id).await?.is_none() {
            // Retention took both since.
            return Ok(());
        }
        if matches!(outcome, Outcome::Ok | Outcome::Declined(_)) {
            self.handled.push(short(event.id.as_str()));
            self.ended.check(state == Some("done"), || {
                let state = state.unwrap_or("not there");
                format!("event {} was handled by {id}, and is {state}", event.id)
            });
        }
        if let Some(state @ ("done" | "dead")) = state {
            let kept = store.kept_reads(id).await?;
            self.kept_reads.check(kept.is_empty(), || format!("{} of {id}, whose event is {state}", kept.len()));
        }
        match outcome {
            Outcome::Ok => self.decided(invocation, store).await,
            _ => {
                self.failures.push(*seq);
                self.changed_nothing(invocation, store).await
            }
        }
    }

    async fn decided(&mut self, invocation: &Invocation, store: &dyn Store) -> Result<(), StoreError> {
        let id = &invocation.id;
        let effects = store.effects_of(id).await?;
        if effects.is_empty() && store.invocation(id).await?.is_none() {
            return Ok(());
        }
        for effect in &effects {
            let decision = invocation.decisions.iter().find(|numbered| numbered.n == effect.n);
            // Of one that was redacted or forgotten the words are others.
            let same = |decision: &Decision| invocation.unreplayable.is_some() || *decision == effect.body;
            let fits = decision.is_some_and(|numbered| same(&numbered.decision)) && effect.agent == invocation.agent;
            self.follow.check(fits, || format!("effect {} is not what {id} decided as number {}", effect.id, effect.n));
        }
        for numbered in invocation.decisions.iter().filter(|numbered| numbered.decision.is_outside_effect()) {
            let effects = effects.iter().filter(|effect| effect.n == numbered.n).count();
            self.follow.check(effects == 1, || {
                format!("number {} of {id} is in the outbox {effects} times instead of once", numbered.n)
            });
        }
        Ok(())
    }

    async fn changed_nothing(&mut self, invocation: &Invocation, store: &dyn Store) -> Result<(), StoreError> {
        let (id, outcome) = (&invocation.id, invocation.outcome.name());
        let effects = store.effects_of(id).await?;
        self.failed.check(effects.is_empty(), || format!("{id} ended as {outcome} and has effects: {}", effects.len()));
        for numbered in &invocation.decisions {
            // Of memories the rows themselves tell where they came from.
            let Decision::Emit { target, .. } = &numbered.decision else { continue };
            let left = emitted(invocation, numbered.n, (target, &self.agents), store).await?;
            self.failed
                .check(left.is_none(), || format!("{id} ended as {outcome} and left {}", left.unwrap_or_default()));
        }
        Ok(())
    }
}

/// An event that this decision would have made, and that is there.
async fn emitted(
    invocation: &Invocation,
    n: u32,
    (target, all): (&EventTarget, &[AgentId]),
    store: &dyn Store,
) -> Result<Option<String>, StoreError> {
    let broadcast = ids::derive("evt", &[invocation.id.as_str(), &n.to_string()]);
    let agents: &[AgentId] = match target {
        EventTarget::Agents(agents) => agents,
        EventTarget::Me => std::slice::from_ref(&invocation.agent),
        EventTarget::All => all,
    };
    for agent in agents {
        let id = EventId::from(ids::derive("evt", &[&broadcast, agent.as_str()]));
        if store.event(&id).await?.is_some() {
            return Ok(Some(format!("event {id}")));
        }
    }
    Ok(None)
}

/// Strikes were stored with the breaches that they are for: each makes a later revision.
pub async fn strikes(store: &dyn Store, breaches: &Breaches) -> Result<Rule, StoreError> {
    let mut rule = Rule::new("strikes-are-counted");
    let rows = store.strikes().await?;
    for ((plugin, digest), breaches) in breaches {
        let row = rows.iter().find(|row| row.plugin == *plugin && row.digest == *digest);
        let counted = row.map_or(0, |row| row.revision);
        rule.check(counted >= *breaches, || {
            format!("{plugin} ({digest}) has {breaches} breaches in the journal, and strikes of revision {counted}")
        });
    }
    Ok(rule)
}
