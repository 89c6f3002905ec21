//! Random news for everybody, every six hours unless set otherwise (docs/reference/behaviour.md). Settings:
//! `interval_ms`, `topics`, `headlines` (with `{topic}` in them).

use puppet_sdk::{prelude::*, time::HOUR_MS};
use serde::Deserialize;

/// The plugin.
pub struct NewsGenerator;

puppet_sdk::event_generator!(NewsGenerator);

/// Name of the timer.
const TIMER: &str = "news";

#[derive(Deserialize)]
#[serde(default)]
struct Settings {
    interval_ms: u64,
    topics: Vec<String>,
    headlines: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Self { interval_ms: 6 * HOUR_MS, topics: owned(TOPICS), headlines: owned(HEADLINES) }
    }
}

const TOPICS: &[&str] = &[
    "technology breakthrough",
    "political development",
    "entertainment news",
    "scientific discovery",
    "business announcement",
    "sports highlight",
    "internet trend",
    "cultural moment",
];

const HEADLINES: &[&str] = &[
    "Everybody is talking about a {topic}",
    "A {topic} nobody saw coming",
    "What the latest {topic} could change",
    "Experts disagree over a {topic}",
    "A small {topic} with a long shadow",
];

impl EventGenerator for NewsGenerator {
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
        let mut random = Random::of_invocation();
        let (Some(topic), Some(headline)) = (random.pick(&settings.topics), random.pick(&settings.headlines)) else {
            return Err(Failure::Failed("`topics` or `headlines` of the settings is empty".to_owned()));
        };
        let headline = headline.replace("{topic}", topic);
        let description = format!("Reports of a {topic} are spreading; details are still coming in.");
        let payload = json!({"headline": headline, "topic": topic, "description": description, "url": null});
        Ok(vec![NewEvent::broadcast("news", payload)])
    }
}

#[cfg(test)]
mod tests {
    use puppet_sdk::testing::{Host, event};

    use super::*;

    #[test]
    fn every_six_hours_for_everybody() {
        let mut host = Host::new();
        let started = host.generate::<NewsGenerator>(event("started"), &[]);
        assert!(started.generated.is_empty());
        assert_eq!(host.timers["news"].1, "every 21600000 ms");
        let mut topics = std::collections::BTreeSet::new();
        for _ in 0..100 {
            let run = host.generate::<NewsGenerator>(event("timer"), &[]);
            let news = &run.generated[0];
            assert!(news.targets.is_empty() && news.kind == "news");
            let topic = news.payload["topic"].as_str().unwrap().to_owned();
            assert!(news.payload["headline"].as_str().unwrap().contains(&topic));
            topics.insert(topic);
        }
        assert_eq!(topics.len(), 8);
    }

    #[test]
    fn a_new_interval_replaces_the_timer_and_the_same_keeps_it() {
        let mut host = Host::new();
        host.generate::<NewsGenerator>(event("started"), &[]);
        assert!(host.generate::<NewsGenerator>(event("started"), &[]).timers().is_empty());
        host.settings = json!({"interval_ms": 60_000}).to_string();
        host.generate::<NewsGenerator>(event("started"), &[]);
        assert_eq!(host.timers["news"].1, "every 60000 ms");
    }
}
