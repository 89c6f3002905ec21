//! Random encounters: every eight hours some agents turn to others (docs/reference/behaviour.md). Settings:
//! `interval_ms`, `mirror_probability`, `topics`, `descriptions` (with `{topic}` and `{target}` in them).

use puppet_sdk::{prelude::*, time::HOUR_MS};
use serde::Deserialize;

/// The plugin.
pub struct Encounters;

puppet_sdk::event_generator!(Encounters);

/// Name of the timer.
const TIMER: &str = "encounters";
/// Fewer agents meet in one pair only.
const CROWD: usize = 4;

#[derive(Deserialize)]
#[serde(default)]
struct Settings {
    interval_ms: u64,
    mirror_probability: f64,
    topics: Vec<String>,
    descriptions: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Self {
            interval_ms: 8 * HOUR_MS,
            mirror_probability: 0.3,
            topics: owned(TOPICS),
            descriptions: owned(DESCRIPTIONS),
        }
    }
}

const TOPICS: &[&str] =
    &["current events", "a shared interest", "creative work", "daily life", "a big question", "plans"];

const DESCRIPTIONS: &[&str] = &[
    "Thinking of {target}, with {topic} in mind",
    "A good moment to ask {target} about {topic}",
    "{target} might have a view on {topic}",
    "It has been a while since {target} spoke of {topic}",
    "Something about {topic} that {target} should hear",
];

impl EventGenerator for Encounters {
    fn generate(trigger: Trigger) -> Result<Vec<NewEvent>, Failure> {
        let settings: Settings = agent::settings()?;
        if trigger.kind == "started" {
            let set = schedule::list()?.into_iter().find(|timer| timer.name == TIMER);
            let rule = format!("every {} ms", settings.interval_ms);
            if set.is_none_or(|timer| timer.rule != rule) {
                schedule::every(TIMER, settings.interval_ms, &json!({}))?;
            }
            return Ok(Vec::new());
        }
        let agents = &trigger.agents;
        if agents.len() < 2 {
            return Ok(Vec::new());
        }
        let mut random = Random::of_invocation();
        let rounds = if agents.len() < CROWD { 1 } else { 1 + random.below(3) };
        let mut events = Vec::new();
        for _ in 0..rounds {
            let first = random.below(agents.len());
            let second = (first + 1 + random.below(agents.len() - 1)) % agents.len();
            events.push(prompt(&settings, &mut random, &agents[first], &agents[second])?);
            if random.chance(settings.mirror_probability) {
                events.push(prompt(&settings, &mut random, &agents[second], &agents[first])?);
            }
        }
        Ok(events)
    }
}

fn prompt(settings: &Settings, random: &mut Random, from: &AgentRef, to: &AgentRef) -> Result<NewEvent, Failure> {
    let (Some(topic), Some(text)) = (random.pick(&settings.topics), random.pick(&settings.descriptions)) else {
        return Err(Failure::Failed("`topics` or `descriptions` of the settings is empty".to_owned()));
    };
    let description = text.replace("{topic}", topic).replace("{target}", &to.name);
    let payload = json!({
        "description": description, "initiatorId": from.id, "targetId": to.id, "targetHandle": to.handle, "topic": topic,
    });
    Ok(NewEvent::to(&from.id, "interaction_prompt", payload))
}

#[cfg(test)]
mod tests {
    use puppet_sdk::testing::{Host, event};

    use super::*;

    fn rounds(agents: &[(&str, &str)], n: u64) -> Vec<Vec<NewEvent>> {
        let mut host = Host::new();
        (0..n).map(|_| host.generate::<Encounters>(event("timer"), agents).generated).collect()
    }

    #[test]
    fn pairs_are_different_agents_and_the_initiator_is_asked() {
        let agents = [("a", "A"), ("b", "B"), ("c", "C"), ("d", "D")];
        let all = rounds(&agents, 500);
        for event in all.iter().flatten() {
            let (from, to) =
                (event.payload["initiatorId"].as_str().unwrap(), event.payload["targetId"].as_str().unwrap());
            assert_ne!(from, to);
            assert_eq!(event.targets, [from]);
        }
        let counts: Vec<usize> = all.iter().map(Vec::len).collect();
        assert!(counts.iter().all(|count| (1..=6).contains(count)));
        let mean = counts.iter().sum::<usize>() as f64 / 500.0;
        // 2 rounds on average, 30 % of them mirrored.
        assert!((2.4..2.8).contains(&mean), "{mean}");
    }

    #[test]
    fn few_agents_meet_in_one_pair_and_one_alone_in_none() {
        assert!(rounds(&[("a", "A"), ("b", "B")], 100).iter().all(|events| (1..=2).contains(&events.len())));
        assert!(rounds(&[("a", "A")], 10).iter().all(Vec::is_empty));
    }
}
