//! Random moods, one per agent every four hours and up to one more (contract §7). Settings: `interval_ms`,
//! `jitter_ms`, `moods`.

use puppet_sdk::{prelude::*, time::HOUR_MS};
use serde::Deserialize;

/// The plugin.
pub struct MoodSwings;

puppet_sdk::event_generator!(MoodSwings);

/// Timers are named after their agent.
const TIMER: &str = "mood.";
/// Looks for agents that have come since.
const CENSUS: &str = "census";

#[derive(Deserialize)]
#[serde(default)]
struct Settings {
    interval_ms: u64,
    jitter_ms: u64,
    moods: Vec<Swing>,
}

#[derive(Deserialize, Clone)]
struct Swing {
    reason: String,
    valence: f64,
    arousal: f64,
    dominance: f64,
}

impl Default for Settings {
    fn default() -> Self {
        let swing = |(reason, valence, arousal, dominance): &(&str, f64, f64, f64)| Swing {
            reason: (*reason).to_owned(),
            valence: *valence,
            arousal: *arousal,
            dominance: *dominance,
        };
        Self { interval_ms: 4 * HOUR_MS, jitter_ms: HOUR_MS, moods: MOODS.iter().map(swing).collect() }
    }
}

/// Contract §7.
const MOODS: &[(&str, f64, f64, f64)] = &[
    ("sudden inspiration", 0.3, 0.4, 0.2),
    ("mild frustration", -0.2, 0.3, -0.1),
    ("pleasant surprise", 0.4, 0.3, 0.1),
    ("brief melancholy", -0.3, -0.2, -0.1),
    ("creative surge", 0.3, 0.4, 0.3),
];

impl EventGenerator for MoodSwings {
    fn generate(trigger: Trigger) -> Result<Vec<NewEvent>, Failure> {
        let settings: Settings = agent::settings()?;
        let mut random = Random::of_invocation();
        let fired: Option<TimerFired> = (trigger.kind == "timer").then(|| trigger.payload()).transpose()?;
        match fired {
            Some(fired) if fired.name == CENSUS => missing(&trigger, &settings, &mut random, &fired.name),
            Some(fired) => {
                let due: Vec<AgentRef> = addressed(&trigger, &fired).cloned().into_iter().collect();
                set(&due, &settings, &mut random, trigger.at)?;
                let Some(swing) = random.pick(&settings.moods) else {
                    return Err(Failure::Failed("`moods` of the settings is empty".to_owned()));
                };
                let Swing { reason, valence, arousal, dominance } = swing;
                let payload =
                    json!({"reason": reason, "valence": valence, "arousal": arousal, "dominance": dominance});
                Ok(due.iter().map(|agent| NewEvent::to(&agent.id, "mood_shift", payload.clone())).collect())
            }
            None => missing(&trigger, &settings, &mut random, CENSUS),
        }
    }
}

fn addressed<'a>(trigger: &'a Trigger, fired: &TimerFired) -> Option<&'a AgentRef> {
    let id = fired.payload.get("agent").and_then(serde_json::Value::as_str)?;
    trigger.agents.iter().find(|agent| agent.id == id)
}

/// A timer for every agent that has none, and the next census.
fn missing(
    trigger: &Trigger,
    settings: &Settings,
    random: &mut Random,
    census: &str,
) -> Result<Vec<NewEvent>, Failure> {
    let timers = schedule::list()?;
    let has = |agent: &AgentRef| timers.iter().any(|timer| timer.name == name_of(agent));
    let new: Vec<AgentRef> = trigger.agents.iter().filter(|agent| !has(agent)).cloned().collect();
    set(&new, settings, random, trigger.at)?;
    schedule::after(census, settings.interval_ms, &json!({}))?;
    Ok(Vec::new())
}

fn set(agents: &[AgentRef], settings: &Settings, random: &mut Random, at: Timestamp) -> Result<(), Failure> {
    for agent in agents {
        let delay = settings.interval_ms + (random.unit() * settings.jitter_ms as f64) as u64;
        schedule::once(&name_of(agent), at.plus_millis(delay), &json!({"agent": agent.id}))?;
    }
    Ok(())
}

/// Short, whatever the id: timer names are bounded.
fn name_of(agent: &AgentRef) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in agent.id.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{TIMER}{hash:016x}")
}

#[cfg(test)]
mod tests {
    use puppet_sdk::testing::{Host, event};

    use super::*;

    const AGENTS: &[(&str, &str)] = &[("ada", "Ada"), ("bob", "Bob")];

    #[test]
    fn each_agent_swings_every_four_to_five_hours() {
        let mut host = Host::new();
        host.generate::<MoodSwings>(event("started"), AGENTS);
        let mut swings = std::collections::BTreeMap::<String, Vec<u64>>::new();
        let end = host.now.plus_millis(7 * 24 * HOUR_MS);
        loop {
            let next = host.timers.iter().min_by_key(|(name, (at, ..))| (*at, (*name).clone()));
            let Some((name, (at, _, payload))) = next.map(|(name, timer)| (name.clone(), timer.clone())) else { break };
            if at > end.0 {
                break;
            }
            host.timers.remove(&name);
            let payload: serde_json::Value = serde_json::from_str(&payload).unwrap();
            let fired = event("timer").payload(json!({"name": name, "payload": payload})).at(Timestamp(at));
            for event in host.generate::<MoodSwings>(fired, AGENTS).generated {
                assert_eq!(event.kind, "mood_shift");
                swings.entry(event.targets[0].clone()).or_default().push(at);
            }
        }
        for times in swings.values() {
            assert!((33..=42).contains(&times.len()), "{}", times.len());
            assert!(times.windows(2).all(|pair| (4 * HOUR_MS..=5 * HOUR_MS).contains(&(pair[1] - pair[0]))));
        }
        assert_eq!(swings.len(), 2);
    }

    #[test]
    fn an_agent_that_came_later_is_found_and_one_that_left_is_let_go() {
        let mut host = Host::new();
        host.generate::<MoodSwings>(event("started"), &AGENTS[..1]);
        let census = event("timer").payload(json!({"name": "census", "payload": {}}));
        let run = host.generate::<MoodSwings>(census, AGENTS);
        assert_eq!(run.timers().len(), 2, "the new agent's and the next census");
        let gone = event("timer").payload(json!({"name": "mood.x", "payload": {"agent": "eve"}}));
        let run = host.generate::<MoodSwings>(gone, AGENTS);
        assert!(run.generated.is_empty() && run.timers().is_empty());
    }
}
