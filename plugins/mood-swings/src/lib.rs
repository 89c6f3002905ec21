//! Random moods: each agent has one every four hours and up to one more (docs/reference/behaviour.md). Settings:
//! `interval_ms`, `jitter_ms`, `moods`.
//!
//! One timer for all agents, however many: when an agent's n-th swing is due follows from its id and n alone, so
//! nothing has to be kept per agent.

use std::collections::BTreeMap;

use puppet_sdk::{
    prelude::*,
    time::{HOUR_MS, MINUTE_MS},
};
use serde::{Deserialize, Serialize};

/// The plugin.
pub struct MoodSwings;

puppet_sdk::event_generator!(MoodSwings);

/// Name of the timer.
const TIMER: &str = "moods";
/// Swings that are due within so much of each other come together.
const STEP_MS: u64 = 5 * MINUTE_MS;

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

/// Cause, valence, arousal, dominance: docs/reference/behaviour.md.
const MOODS: &[(&str, f64, f64, f64)] = &[
    ("sudden inspiration", 0.3, 0.4, 0.2),
    ("mild frustration", -0.2, 0.3, -0.1),
    ("pleasant surprise", 0.4, 0.3, 0.1),
    ("brief melancholy", -0.3, -0.2, -0.1),
    ("creative surge", 0.3, 0.4, 0.3),
];

/// Carried by the timer: the plan of all swings, and how far it is carried out.
#[derive(Serialize, Deserialize, Clone, PartialEq)]
struct Plan {
    start: u64,
    salt: u64,
    interval_ms: u64,
    jitter_ms: u64,
    done_until: u64,
}

impl Plan {
    /// When an agent's n-th swing is due, n from 1. Two in a row are `interval` to `interval + jitter` apart.
    fn due(&self, agent: &str, n: u64) -> u64 {
        let pace = self.interval_ms + self.jitter_ms / 2;
        let share = Random::new(hash(agent) ^ self.salt ^ n.wrapping_mul(0x9e37_79b9)).unit();
        self.start + n * pace + (share * (self.jitter_ms as f64 / 2.0)) as u64
    }

    /// The first swing of an agent after a time.
    fn next(&self, agent: &str, after: u64) -> u64 {
        let pace = (self.interval_ms + self.jitter_ms / 2).max(1);
        let mut n = (after.saturating_sub(self.start) / pace).max(1);
        while self.due(agent, n) <= after {
            n += 1;
        }
        // The pace is longer than the jitter within it, so one before is the only other candidate.
        if n > 1 && self.due(agent, n - 1) > after { self.due(agent, n - 1) } else { self.due(agent, n) }
    }

    /// Sets the timer to the first swing that is left.
    fn set(&self, agents: &[AgentRef], now: Timestamp) -> Result<(), Failure> {
        let next = agents.iter().map(|agent| self.next(&agent.id, self.done_until)).min();
        let next = next.unwrap_or(now.0 + self.interval_ms).max(now.0 + STEP_MS);
        Ok(schedule::once(TIMER, Timestamp(next), &serde_json::to_value(self)?)?)
    }
}

impl EventGenerator for MoodSwings {
    fn generate(trigger: Trigger) -> Result<Vec<NewEvent>, Failure> {
        let settings: Settings = agent::settings()?;
        let mut random = Random::of_invocation();
        if trigger.kind == "started" {
            return start(&trigger, &settings, &mut random);
        }
        let fired: TimerFired = trigger.payload()?;
        let mut plan: Plan = serde_json::from_value(fired.payload)?;
        let due: Vec<&AgentRef> =
            trigger.agents.iter().filter(|agent| plan.next(&agent.id, plan.done_until) <= trigger.at.0).collect();
        plan.done_until = trigger.at.0;
        plan.set(&trigger.agents, trigger.at)?;
        swings(&due, &settings, &mut random)
    }
}

fn start(trigger: &Trigger, settings: &Settings, random: &mut Random) -> Result<Vec<NewEvent>, Failure> {
    let Settings { interval_ms, jitter_ms, .. } = *settings;
    let set = schedule::list()?.into_iter().find(|timer| timer.name == TIMER);
    let running: Option<Plan> = set.and_then(|timer| serde_json::from_str(&timer.payload).ok());
    if running.is_some_and(|plan| plan.interval_ms == interval_ms && plan.jitter_ms == jitter_ms) {
        return Ok(Vec::new());
    }
    let plan = Plan { start: trigger.at.0, salt: random.bits() >> 1, interval_ms, jitter_ms, done_until: trigger.at.0 };
    plan.set(&trigger.agents, trigger.at)?;
    Ok(Vec::new())
}

/// Agents with the same mood share an event.
fn swings(due: &[&AgentRef], settings: &Settings, random: &mut Random) -> Result<Vec<NewEvent>, Failure> {
    let mut by_mood: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for agent in due {
        by_mood.entry(random.below(settings.moods.len())).or_default().push(agent.id.clone());
    }
    let mut events = Vec::new();
    for (mood, targets) in by_mood {
        let Some(Swing { reason, valence, arousal, dominance }) = settings.moods.get(mood) else {
            return Err(Failure::Failed("`moods` of the settings is empty".to_owned()));
        };
        let payload = json!({"reason": reason, "valence": valence, "arousal": arousal, "dominance": dominance});
        events.push(NewEvent { targets, ..NewEvent::broadcast("mood_shift", payload) });
    }
    Ok(events)
}

fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use puppet_sdk::testing::{Host, event};

    use super::*;

    type Swings = BTreeMap<String, Vec<u64>>;

    /// A week of swings, and how often the generator ran for them.
    fn week(agents: &[(&str, &str)]) -> (Swings, usize) {
        let mut host = Host::new();
        host.generate::<MoodSwings>(event("started"), agents);
        let end = host.now.plus_millis(7 * 24 * HOUR_MS);
        let mut swings = Swings::new();
        let mut runs = 0;
        while let Some((at, _, payload)) = host.timers.remove(TIMER).filter(|(at, ..)| *at <= end.0) {
            runs += 1;
            let payload: serde_json::Value = serde_json::from_str(&payload).unwrap();
            let fired = event("timer").payload(json!({"name": TIMER, "payload": payload})).at(Timestamp(at));
            for event in host.generate::<MoodSwings>(fired, agents).generated {
                assert_eq!(event.kind, "mood_shift");
                event.targets.iter().for_each(|target| swings.entry(target.clone()).or_default().push(at));
            }
        }
        (swings, runs)
    }

    #[test]
    fn each_agent_swings_every_four_to_five_hours() {
        let (swings, _) = week(&[("ada", "Ada"), ("bob", "Bob"), ("eve", "Eve")]);
        assert_eq!(swings.len(), 3);
        for times in swings.values() {
            assert!((33..=42).contains(&times.len()), "{}", times.len());
            for pair in times.windows(2) {
                let gap = pair[1] - pair[0];
                assert!((4 * HOUR_MS - STEP_MS..=5 * HOUR_MS + STEP_MS).contains(&gap), "{gap}");
            }
        }
    }

    #[test]
    fn many_agents_cost_no_more_than_a_run_every_five_minutes() {
        let ids: Vec<String> = (0..1_000).map(|n| format!("agent-{n}")).collect();
        let agents: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), id.as_str())).collect();
        let (swings, runs) = week(&agents);
        assert_eq!(swings.len(), 1_000);
        assert!(swings.values().all(|times| (33..=42).contains(&times.len())));
        assert!(runs <= 7 * 24 * 12, "{runs}");
    }

    #[test]
    fn a_start_keeps_the_plan_unless_it_is_another() {
        let mut host = Host::new();
        let agents = [("ada", "Ada")];
        host.generate::<MoodSwings>(event("started"), &agents);
        assert!(host.generate::<MoodSwings>(event("started"), &agents).timers().is_empty());
        host.settings = json!({"interval_ms": 60_000}).to_string();
        assert_eq!(host.generate::<MoodSwings>(event("started"), &agents).timers().len(), 1);
    }
}
