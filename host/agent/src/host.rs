//! Interface `puppet:agent/agent` on a view of the invocation.

use std::collections::BTreeMap;

use puppet_grants::{Answer, Gate, Held};
use puppet_store::{AgentStore, Relationship, StoreError};
use puppet_types::{
    AgentId, CallError, Capability, Code, Decision, Mood, NumberedDecision, Refusal, RelationshipChange, Timestamp, wit,
};
use wasmtime::component::{HasData, Linker};

use crate::{MoodDecay, Profile, apply_change, apply_shift, decayed, mood::rounded};

#[doc(hidden)]
pub mod fuzz;

mod bindings {
    wasmtime::component::bindgen!({
        path: ["../../wit/types", "../../wit/agent"],
        inline: "
            package puppet:host-agent;
            world host { import puppet:agent/agent@0.1.0; }
        ",
        imports: {
            "puppet:agent/agent.get-mood": async | trappable,
            "puppet:agent/agent.list-relationships": async | trappable,
            "puppet:agent/agent.get-relationship": async | trappable,
            default: trappable,
        },
        with: { "puppet:types/types": puppet_types::wit::types },
    });
}

use bindings::puppet::agent::agent as wire;

/// Longest cause of a shift.
const CAUSE_BYTES: usize = 512;
/// Longest target of a relationship.
const TARGET_BYTES: usize = 128;
/// Longest line about an interaction, and longest note.
const LINE_BYTES: usize = 1_024;

/// What the interface needs of an invocation.
pub struct View<'a> {
    /// The way to everything.
    pub gate: &'a mut Gate,
    /// Where moods and relationships are.
    pub store: &'a Held<dyn AgentStore>,
    /// What does not change during a call.
    pub profile: &'a Profile,
    /// Of the invocation.
    pub seed: u64,
    /// Whose.
    pub agent: &'a AgentId,
    /// Off unless configured.
    pub decay: Option<&'a MoodDecay>,
}

/// An invocation that carries this capability.
pub trait Carries: Send + 'static {
    /// Its view for this interface.
    fn agent(&mut self) -> View<'_>;
}

struct Interface;

impl HasData for Interface {
    type Data<'a> = View<'a>;
}

/// Links the interface.
pub fn link<T: Carries>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    wire::add_to_linker::<T, Interface>(linker, |carrier| carrier.agent())
}

impl wire::Host for View<'_> {
    fn get_profile(&mut self) -> wasmtime::Result<wire::Profile> {
        self.count()?;
        let Profile { id, name, description, handle, timezone, .. } = self.profile.clone();
        Ok(wire::Profile { id, name, description, handle, timezone })
    }

    fn persona(&mut self) -> wasmtime::Result<String> {
        self.count()?;
        Ok(self.profile.persona.as_str().to_owned())
    }

    fn settings(&mut self) -> wasmtime::Result<String> {
        self.count()?;
        Ok(self.profile.settings.as_str().to_owned())
    }

    fn now(&mut self) -> wasmtime::Result<u64> {
        self.count()?;
        Ok(millis(self.gate.at()))
    }

    fn local_time_at(&mut self, at: u64) -> wasmtime::Result<wire::LocalTime> {
        self.count()?;
        let at = Timestamp::from_millis(i64::try_from(at).unwrap_or(i64::MAX)).to_jiff();
        // A zone is checked where agents are made; one that is gone since counts as UTC.
        let zone = jiff::tz::TimeZone::get(&self.profile.timezone).unwrap_or(jiff::tz::TimeZone::UTC);
        let local = at.to_zoned(zone);
        Ok(wire::LocalTime {
            year: i32::from(local.year()),
            month: local.month().unsigned_abs(),
            day: local.day().unsigned_abs(),
            hour: local.hour().unsigned_abs(),
            minute: local.minute().unsigned_abs(),
            weekday: local.weekday().to_monday_one_offset().unsigned_abs(),
        })
    }

    fn seed(&mut self) -> wasmtime::Result<u64> {
        self.count()?;
        Ok(self.seed)
    }

    async fn get_mood(&mut self) -> wasmtime::Result<Result<wire::Mood, wit::Error>> {
        let mood =
            self.mood().await.map(|Mood { valence, arousal, dominance }| wire::Mood { valence, arousal, dominance });
        wit::answer(mood)
    }

    fn shift_mood(&mut self, shift: wire::Mood, cause: String) -> wasmtime::Result<Result<(), wit::Error>> {
        wit::answer(self.shift(&shift, cause))
    }

    async fn list_relationships(&mut self) -> wasmtime::Result<Result<Vec<wire::Relationship>, wit::Error>> {
        let bonds = self.bonds().await.map(|bonds| bonds.into_iter().map(wire_bond).collect());
        wit::answer(bonds)
    }

    async fn get_relationship(
        &mut self,
        target: String,
    ) -> wasmtime::Result<Result<Option<wire::Relationship>, wit::Error>> {
        let bond = self.bond(&target).await.map(|bond| bond.map(wire_bond));
        wit::answer(bond)
    }

    fn adjust_relationship(
        &mut self,
        target: String,
        change: wire::RelationshipChange,
    ) -> wasmtime::Result<Result<(), wit::Error>> {
        wit::answer(self.adjust(target, change))
    }
}

impl View<'_> {
    /// A call that needs no answer from outside; beyond the bound it ends the invocation.
    fn count(&mut self) -> wasmtime::Result<()> {
        match self.gate.count(Capability::Agent) {
            Ok(()) => Ok(()),
            Err(Refusal::Breach(breach, detail)) => {
                Err(wasmtime::Error::new(puppet_types::BreachError(breach, detail)))
            }
            Err(Refusal::Call(error)) => Err(wasmtime::Error::new(error)),
        }
    }

    /// What is wrong with a call's arguments, which costs that call.
    fn checked<T>(&mut self, checked: Result<T, impl Into<Refusal>>) -> Result<T, Refusal> {
        self.gate.checked(Capability::Agent, checked)
    }

    async fn mood(&mut self) -> Result<Mood, Refusal> {
        let agent = self.agent;
        let stored: Option<(Mood, Timestamp)> = self
            .gate
            .read(Capability::Agent, "get-mood", &(), self.store, move |store| {
                Box::pin(async move { answered(store.mood(agent).await) })
            })
            .await?;
        let mood = match (stored, self.decay) {
            (None, _) => Mood::default(),
            (Some((mood, _)), None) => mood,
            (Some((mood, since)), Some(decay)) => decayed(mood, since, self.gate.at(), decay),
        };
        Ok(shifted(mood, &self.gate.decided()))
    }

    fn shift(&mut self, shift: &wire::Mood, cause: String) -> Result<(), Refusal> {
        let wire::Mood { valence, arousal, dominance } = *shift;
        let checked = finite(&[valence, arousal, dominance]);
        self.checked(checked.and_then(|()| text("cause", &cause, CAUSE_BYTES)))?;
        let [valence, arousal, dominance] = [valence, arousal, dominance].map(six_decimals);
        let decision = Decision::ShiftMood { valence, arousal, dominance, cause };
        self.gate.decide("shift-mood", &[], decision).map(drop)
    }

    async fn bonds(&mut self) -> Result<Vec<Relationship>, Refusal> {
        let agent = self.agent;
        let stored: Vec<Relationship> = self
            .gate
            .read(Capability::Agent, "list-relationships", &(), self.store, move |store| {
                Box::pin(async move { answered(store.relationships(agent).await) })
            })
            .await?;
        let at = self.gate.at();
        let mut bonds: BTreeMap<String, Relationship> =
            stored.into_iter().map(|bond| (bond.target.clone(), bond)).collect();
        for (target, change) in adjustments(&self.gate.decided()) {
            let old = bonds.get(target).cloned().unwrap_or_else(|| stranger(target));
            bonds.insert(target.to_owned(), apply_change(&old, change, at));
        }
        Ok(bonds.into_values().collect())
    }

    async fn bond(&mut self, target: &str) -> Result<Option<Relationship>, Refusal> {
        let (agent, wanted) = (self.agent, target.to_owned());
        let stored: Option<Relationship> = self
            .gate
            .read(Capability::Agent, "get-relationship", target, self.store, move |store| {
                Box::pin(async move { answered(store.relationship(agent, &wanted).await) })
            })
            .await?;
        let at = self.gate.at();
        let decided = self.gate.decided();
        let changes = adjustments(&decided).filter(|(of, _)| *of == target);
        Ok(changes.fold(stored, |bond, (_, change)| {
            Some(apply_change(&bond.unwrap_or_else(|| stranger(target)), change, at))
        }))
    }

    fn adjust(&mut self, target: String, change: wire::RelationshipChange) -> Result<(), Refusal> {
        let wire::RelationshipChange { sentiment, familiarity, trust, interaction, note } = change;
        let lines = || [&interaction, &note].into_iter().flatten().try_for_each(|line| text("line", line, LINE_BYTES));
        let checked = finite(&[sentiment, familiarity, trust]).and_then(|()| text("target", &target, TARGET_BYTES));
        self.checked(checked.and_then(|()| lines()))?;
        let [sentiment, familiarity, trust] = [sentiment, familiarity, trust].map(six_decimals);
        let change = RelationshipChange { sentiment, familiarity, trust, interaction, note };
        self.gate.decide("adjust-relationship", &[], Decision::AdjustRelationship { target, change }).map(drop)
    }
}

fn answered<T>(result: Result<T, StoreError>) -> Result<Answer<T>, CallError> {
    result.map(Answer::free).map_err(|error| CallError::new(Code::Internal, error.to_string()))
}

fn millis(at: Timestamp) -> u64 {
    u64::try_from(at.as_millis()).unwrap_or(0)
}

fn finite(numbers: &[f64]) -> Result<(), Refusal> {
    if numbers.iter().all(|number| number.is_finite()) {
        return Ok(());
    }
    Err(Refusal::call(Code::InvalidInput, "a number is not finite"))
}

/// As the journal prints numbers. Far beyond every range, so that rounding cannot overflow.
fn six_decimals(number: f64) -> f64 {
    rounded(number.clamp(-1e6, 1e6))
}

fn text(what: &str, text: &str, most: usize) -> Result<(), Refusal> {
    match text.len() {
        0 => Err(Refusal::call(Code::InvalidInput, format!("the {what} is empty"))),
        length if length > most => {
            Err(Refusal::call(Code::TooLong, format!("{length} bytes of {what}: at most {most}")))
        }
        _ => Ok(()),
    }
}

/// What this call has decided, laid over what is stored.
fn shifted(mood: Mood, decided: &[NumberedDecision]) -> Mood {
    decided.iter().fold(mood, |mood, numbered| match &numbered.decision {
        Decision::ShiftMood { valence, arousal, dominance, .. } => {
            apply_shift(mood, Mood { valence: *valence, arousal: *arousal, dominance: *dominance })
        }
        _ => mood,
    })
}

fn adjustments(decided: &[NumberedDecision]) -> impl Iterator<Item = (&str, &RelationshipChange)> {
    decided.iter().filter_map(|numbered| match &numbered.decision {
        Decision::AdjustRelationship { target, change } => Some((target.as_str(), change)),
        _ => None,
    })
}

fn stranger(target: &str) -> Relationship {
    Relationship { target: target.to_owned(), ..Relationship::default() }
}

fn wire_bond(bond: Relationship) -> wire::Relationship {
    wire::Relationship {
        target: bond.target,
        sentiment: bond.sentiment,
        familiarity: bond.familiarity,
        trust: bond.trust,
        interactions: bond.interactions,
        last_interaction: bond.last_interaction.map(millis),
        recent_interactions: bond.recent_interactions,
        notes: bond.notes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_sees_its_own_shifts() {
        let shift = |valence| Decision::ShiftMood { valence, arousal: 0.1, dominance: 0.0, cause: "x".to_owned() };
        let decided: Vec<NumberedDecision> = [shift(0.2), shift(0.3), Decision::ClearState {}]
            .into_iter()
            .enumerate()
            .map(|(n, decision)| NumberedDecision { n: n as u32, decision })
            .collect();
        let mood = shifted(Mood::default(), &decided);
        assert_eq!((mood.valence, mood.arousal, mood.dominance), (0.5, 0.2, 0.5));
    }

    #[test]
    fn what_is_journaled_has_six_decimals() {
        assert_eq!(six_decimals(0.1 + 0.2), 0.3);
        assert_eq!(six_decimals(f64::MAX), 1e6);
        assert!(six_decimals(-1e-9).is_sign_positive());
    }

    #[test]
    fn numbers_and_texts_are_checked() {
        assert!(finite(&[0.0, f64::NAN]).is_err() && finite(&[1.0]).is_ok());
        assert!(
            text("cause", "", 5).is_err() && text("cause", "123456", 5).is_err() && text("cause", "12345", 5).is_ok()
        );
    }
}
