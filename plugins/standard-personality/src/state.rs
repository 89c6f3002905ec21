//! What the plugin keeps between events.

use puppet_sdk::prelude::*;
use serde::{Deserialize, Serialize};

const VERSION: u32 = 1;

/// Kept per agent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    /// The last original post.
    pub last_post_at: Option<Timestamp>,
    /// The one before it: comes back into force where the last one failed on its way out.
    pub previous_post_at: Option<Timestamp>,
    /// Errors in a row of the model or the network.
    pub errors: u32,
    /// Nothing is written before then.
    pub quiet_until: Option<Timestamp>,
    /// Topics of the last original posts, newest last.
    pub topics: Vec<String>,
    #[serde(skip)]
    loaded: Option<Box<Saved>>,
}

/// Topics remembered, so that they rotate.
const TOPICS: usize = 6;

impl Saved {
    /// As it was saved, or as at birth.
    pub fn load() -> Result<Self, Failure> {
        let mut saved: Self = state::load(VERSION)?.unwrap_or_default();
        saved.loaded = Some(Box::new(saved.clone()));
        Ok(saved)
    }

    /// Decision, where something changed.
    pub fn save(mut self) -> Result<(), Failure> {
        match self.loaded.take() {
            Some(loaded) if *loaded == self => Ok(()),
            _ => Ok(state::save(VERSION, &self)?),
        }
    }

    /// An original post was decided.
    pub fn posted(&mut self, now: Timestamp, topic: Option<&str>) {
        self.previous_post_at = self.last_post_at;
        self.last_post_at = Some(now);
        if let Some(topic) = topic {
            self.topics.retain(|old| old != topic);
            self.topics.push(topic.to_owned());
            let excess = self.topics.len().saturating_sub(TOPICS);
            self.topics.drain(..excess);
        }
    }
}
