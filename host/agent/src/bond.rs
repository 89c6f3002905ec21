//! Relationships, clamped to the ranges in docs/capabilities/agent.md. Pure.

use puppet_store::Relationship;
use puppet_types::{Persona, RelationshipChange, Timestamp};

use crate::mood::rounded;

/// Relationships an agent keeps: who was not met for longest makes way. Whom it knows from birth and never met goes
/// last.
pub const KEPT: usize = 1_000;
/// Interactions kept, newest first.
pub const RECENT: usize = 10;
/// Notes kept, newest last.
const NOTES: usize = 100;

/// Steps: sentiment ±0.2, familiarity 0..0.1, trust ±0.2. Ranges: −1..1, 0..1, 0..1.
pub fn apply_change(old: &Relationship, change: &RelationshipChange, at: Timestamp) -> Relationship {
    let mut new = old.clone();
    new.sentiment = rounded((old.sentiment + change.sentiment.clamp(-0.2, 0.2)).clamp(-1.0, 1.0));
    new.familiarity = rounded((old.familiarity + change.familiarity.clamp(0.0, 0.1)).clamp(0.0, 1.0));
    new.trust = rounded((old.trust + change.trust.clamp(-0.2, 0.2)).clamp(0.0, 1.0));
    new.interactions = old.interactions.saturating_add(1);
    new.last_interaction = Some(at);
    if let Some(line) = &change.interaction {
        new.recent_interactions.insert(0, line.clone());
        new.recent_interactions.truncate(RECENT);
    }
    new.notes.extend(change.note.clone());
    let excess = new.notes.len().saturating_sub(NOTES);
    new.notes.drain(..excess);
    new
}

/// Whom the agent knows at birth, clamped.
pub fn initial_relationships(persona: &Persona) -> Vec<Relationship> {
    let known = persona.initial_memory.relationships.iter();
    known
        .map(|(target, initial)| Relationship {
            target: target.clone(),
            sentiment: rounded(initial.sentiment.clamp(-1.0, 1.0)),
            familiarity: rounded(initial.familiarity.clamp(0.0, 1.0)),
            trust: rounded(initial.trust.clamp(0.0, 1.0)),
            interactions: 0,
            last_interaction: None,
            recent_interactions: initial.shared_experiences.iter().take(RECENT).cloned().collect(),
            notes: initial.notes.iter().take(NOTES).cloned().collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn change(sentiment: f64, familiarity: f64, trust: f64) -> RelationshipChange {
        RelationshipChange { sentiment, familiarity, trust, interaction: Some("met".to_owned()), note: None }
    }

    #[test]
    fn steps_and_sums_are_clamped_as_in_the_contract() {
        let none = Relationship::default();
        let one = apply_change(&none, &change(1.0, 1.0, 1.0), Timestamp::from_millis(5));
        assert_eq!((one.sentiment, one.familiarity, one.trust), (0.2, 0.1, 0.2));
        assert_eq!((one.interactions, one.last_interaction), (1, Some(Timestamp::from_millis(5))));
        let two = apply_change(&one, &change(-1.0, -1.0, -1.0), Timestamp::from_millis(6));
        assert_eq!((two.sentiment, two.familiarity, two.trust), (0.0, 0.1, 0.0));
        let low = (0..20).fold(none, |bond, _| apply_change(&bond, &change(-1.0, 0.0, -1.0), Timestamp::default()));
        assert_eq!((low.sentiment, low.trust), (-1.0, 0.0));
        assert_eq!(low.recent_interactions.len(), RECENT);
    }

    #[test]
    fn bonds_at_birth_are_clamped_and_keep_their_story() {
        let mut persona = Persona::default();
        let bond = serde_json::json!({"sentiment": 3, "familiarity": -1, "trust": 0.4, "sharedExperiences": ["a walk"], "notes": "kind"});
        persona.initial_memory.relationships.insert("ada".into(), serde_json::from_value(bond).unwrap());
        let known = initial_relationships(&persona);
        assert_eq!((known[0].sentiment, known[0].familiarity, known[0].trust), (1.0, 0.0, 0.4));
        assert_eq!((known[0].recent_interactions[0].as_str(), known[0].notes[0].as_str()), ("a walk", "kind"));
    }

    proptest! {
        #[test]
        fn a_bond_never_leaves_its_range(steps in prop::collection::vec((-3.0..3.0_f64, -3.0..3.0_f64, -3.0..3.0_f64), 0..40)) {
            let mut bond = Relationship::default();
            for (sentiment, familiarity, trust) in steps {
                bond = apply_change(&bond, &change(sentiment, familiarity, trust), Timestamp::default());
                prop_assert!((-1.0..=1.0).contains(&bond.sentiment));
                prop_assert!((0.0..=1.0).contains(&bond.familiarity) && (0.0..=1.0).contains(&bond.trust));
            }
        }
    }
}
