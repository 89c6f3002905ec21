//! One event through a plugin, and what came of it.

use serde_json::Value;

use super::{Decided, Host};
use crate::{Event, Failure, NewEvent, Priority, Timestamp, log::Level};

/// A line that the plugin logged.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLine {
    /// How much it matters.
    pub level: Level,
    /// What it says.
    pub message: String,
    /// What it is about, in the plugin's order.
    pub fields: Vec<(String, String)>,
}

impl LogLine {
    /// The value of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What one call did.
#[derive(Debug, Clone)]
pub struct Run {
    /// How it ended.
    pub result: Result<(), Failure>,
    /// What it decided, in order; dropped by the host unless `result` is `Ok`.
    pub decided: Vec<Decided>,
    /// Reads as `capability.operation`, in order.
    pub reads: Vec<&'static str>,
    /// Its log.
    pub log: Vec<LogLine>,
    /// What a generator answered.
    pub generated: Vec<NewEvent>,
}

impl Run {
    /// Texts of posts and of the parts of threads.
    pub fn posts(&self) -> Vec<&str> {
        let texts = self.decided.iter().flat_map(|decided| match decided {
            Decided::Post { text, .. } => vec![text.as_str()],
            Decided::Thread { parts } => parts.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        });
        texts.collect()
    }
    /// Texts of replies.
    pub fn replies(&self) -> Vec<&str> {
        let texts = self.decided.iter().filter_map(|decided| match decided {
            Decided::Reply { text, .. } => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }
    /// Texts of quotes.
    pub fn quotes(&self) -> Vec<&str> {
        let texts = self.decided.iter().filter_map(|decided| match decided {
            Decided::Quote { text, .. } => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }
    /// How many likes.
    pub fn likes(&self) -> usize {
        self.decided.iter().filter(|decided| matches!(decided, Decided::Like { .. })).count()
    }
    /// Timers set, by name and time.
    pub fn timers(&self) -> Vec<(&str, Timestamp)> {
        let timers = self.decided.iter().filter_map(|decided| match decided {
            Decided::SetTimer { name, next, .. } => Some((name.as_str(), Timestamp(*next))),
            _ => None,
        });
        timers.collect()
    }
    /// The code of a decline.
    pub fn declined(&self) -> Option<&str> {
        match &self.result {
            Err(Failure::Declined { code, .. }) => Some(code),
            _ => None,
        }
    }
}

/// An event in the making.
#[derive(Debug, Clone)]
pub struct EventBuilder {
    pub(super) event: Event,
    pub(super) at: Option<Timestamp>,
}

/// An event of a kind, at the host's time, with an empty payload.
pub fn event(kind: &str) -> EventBuilder {
    let event = Event {
        id: String::new(),
        kind: kind.to_owned(),
        source: "test".to_owned(),
        author: None,
        priority: Priority::Normal,
        at: Timestamp(0),
        json: "{}".to_owned(),
        hops: 0,
        cause: None,
    };
    EventBuilder { event, at: None }
}

impl EventBuilder {
    /// With a payload.
    pub fn payload(mut self, payload: Value) -> Self {
        self.event.json = payload.to_string();
        self
    }
    /// From somebody.
    pub fn author(mut self, author: &str) -> Self {
        self.event.author = Some(author.to_owned());
        self
    }
    /// At a time; the host's clock moves there.
    pub fn at(mut self, at: Timestamp) -> Self {
        self.at = Some(at);
        self
    }
    /// So many events of our own stand before it.
    pub fn hops(mut self, hops: u32) -> Self {
        self.event.hops = hops;
        self
    }
}

impl Host {
    /// Timers that are due until `until`, each as an event at its time, run through the plugin.
    pub fn run_timers_until<P: crate::Personality>(&mut self, until: Timestamp) -> Vec<Run> {
        let mut runs = Vec::new();
        while let Some(fired) = self.next_timer(until) {
            runs.push(self.run::<P>(fired));
        }
        runs
    }
}
