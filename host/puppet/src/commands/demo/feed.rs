//! What happened, as lines to show: posts with whom they answer, likes, what was remembered.

use std::collections::BTreeMap;

use puppet_engine::Happening;
use puppet_store::EffectState;
use puppet_types::{AgentId, Mood, Timestamp};

use super::Stage;

/// Something to show.
#[derive(Debug, Clone)]
pub enum Entry {
    /// An effect that is done.
    Effect {
        /// When.
        at: Timestamp,
        /// Whose.
        name: String,
        /// `post`, `reply`, …
        kind: &'static str,
        /// What it says.
        text: String,
        /// To whom, where it answers somebody.
        about: Option<String>,
    },
    /// Something an agent took in.
    Note {
        /// When.
        at: Timestamp,
        /// Whose.
        name: String,
        /// In words.
        text: String,
    },
}

/// What is kept to tell whom a post answers, and how agents feel.
#[derive(Debug, Default)]
pub struct Feed {
    authors: BTreeMap<String, String>,
    /// By agent.
    pub moods: BTreeMap<AgentId, Mood>,
    /// Posts, replies and likes by agent.
    pub counts: BTreeMap<AgentId, (u32, u32, u32)>,
}

impl Feed {
    /// Whose a post is that is no agent's: whoever answers it answers them.
    pub fn wrote(&mut self, post: String, author: &str) {
        self.authors.insert(post, author.to_owned());
    }

    /// Turns a happening into what is shown of it.
    pub fn take(&mut self, stage: &Stage, happening: Happening) -> Vec<Entry> {
        match happening {
            Happening::Effect { at, agent, kind, state: EffectState::Done, posts } => {
                let name = stage.name(&agent).to_owned();
                let counts = self.counts.entry(agent).or_default();
                match kind {
                    "reply" => counts.1 += 1,
                    "like" => counts.2 += 1,
                    _ => counts.0 += 1,
                }
                if posts.is_empty() {
                    return vec![Entry::Effect { at, name, kind, text: String::new(), about: None }];
                }
                let mut entries = Vec::new();
                for post in posts {
                    self.authors.insert(post.id.to_string(), post.author.to_string());
                    let about = post.in_reply_to.as_ref().or(post.quotes.as_ref());
                    let about = about.and_then(|id| self.authors.get(id.as_str())).map(|author| format!("@{author}"));
                    entries.push(Entry::Effect { at, name: name.clone(), kind, text: post.text, about });
                }
                entries
            }
            Happening::Effect { at, agent, kind, state, .. } => {
                let text = format!("{kind}: {state:?}");
                vec![Entry::Note { at, name: stage.name(&agent).to_owned(), text }]
            }
            Happening::Invoked { at, agent, kind, outcome, decisions, mood, .. } => {
                if let Some(mood) = mood {
                    self.moods.insert(agent.clone(), mood);
                }
                if agent.is_generator() {
                    return Vec::new();
                }
                let felt = matches!(kind.as_str(), "news" | "mood_shift" | "interaction_prompt");
                let text = match outcome {
                    ("ok", _) if felt && decisions.contains(&"remember") => {
                        format!("takes in {} and remembers it", words(&kind))
                    }
                    ("ok", _) => return Vec::new(),
                    (name, detail) => format!("{}: {name} {detail}", words(&kind)),
                };
                vec![Entry::Note { at, name: stage.name(&agent).to_owned(), text }]
            }
            Happening::DeadLettered { at, reason, .. } => {
                vec![Entry::Note { at, name: "host".to_owned(), text: format!("an event was put aside: {reason}") }]
            }
        }
    }
}

fn words(kind: &str) -> String {
    kind.replace('_', " ")
}

/// `Mon 09:41`.
pub fn clock(at: Timestamp) -> String {
    at.to_jiff().strftime("%a %H:%M").to_string()
}
