//! What happened, as entries to show: posts with whom they answer, likes, what was remembered. The demo and a running
//! host show the same.

pub mod plain;

use std::collections::BTreeMap;

use puppet_engine::{Happening, Host};
use puppet_grants::BudgetState;
use puppet_store::{Effect, EffectState, Post};
use puppet_types::{AccountId, AgentId, Mood, PostId, Timestamp};

use crate::commands::halt::words as halted;

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
        /// What it says; empty for a like.
        text: String,
        /// Whose post it answers, quotes or likes.
        about: Option<About>,
    },
    /// An effect that does not leave, or not yet.
    Kept {
        /// When.
        at: Timestamp,
        /// Whose.
        name: String,
        /// `post`, `reply`, …
        kind: &'static str,
        /// `dry-run`, `waiting-for-approval`, …
        state: &'static str,
        /// What it would say; empty for a like.
        text: String,
        /// Whose post it would answer, quote or like.
        about: Option<About>,
    },
    /// What the operator did to all of them.
    Word {
        /// When.
        at: Timestamp,
        /// In words.
        text: String,
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

/// The post that an effect is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Account without `@`.
    pub author: String,
    /// The beginning of what it says.
    pub beginning: String,
}

impl About {
    fn of(post: &Post) -> Self {
        Self { author: post.author.to_string(), beginning: beginning(&post.text, 48) }
    }
}

/// The beginning of a text, on one line, with `…` where more follows.
pub fn beginning(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let cut: String = line.chars().take(most).collect();
    format!("{}…", cut.trim_end())
}

/// What agents did so far, and how they feel.
#[derive(Debug, Default)]
pub struct Feed {
    /// By agent.
    pub moods: BTreeMap<AgentId, Mood>,
    /// Posts, replies and likes by agent.
    pub counts: BTreeMap<AgentId, (u32, u32, u32)>,
}

impl Feed {
    /// Turns a happening into what is shown of it. `name` says how an agent is called.
    pub async fn take(&mut self, host: &Host, name: impl Fn(&AgentId) -> String, happening: Happening) -> Vec<Entry> {
        match happening {
            Happening::Effect { at, agent, kind, state: EffectState::Done, posts, about, .. } => {
                let counts = self.counts.entry(agent.clone()).or_default();
                match kind {
                    "reply" => counts.1 += 1,
                    "like" => counts.2 += 1,
                    _ => counts.0 += 1,
                }
                let about = about_of(host, about).await;
                let entry = |text: String| Entry::Effect { at, name: name(&agent), kind, text, about: about.clone() };
                if posts.is_empty() {
                    return vec![entry(String::new())];
                }
                posts.into_iter().map(|post| entry(post.text)).collect()
            }
            // It comes as what was kept, with what it would have said.
            Happening::Effect { state: EffectState::Failed, .. } => Vec::new(),
            Happening::Effect { at, agent, kind, state, .. } => {
                vec![Entry::Note { at, name: name(&agent), text: format!("{kind}: {}", state.name()) }]
            }
            Happening::Invoked { at, agent, kind, outcome, decisions, mood, .. } => {
                if let Some(mood) = mood {
                    self.moods.insert(agent.clone(), mood);
                }
                let felt = matches!(kind.as_str(), "news" | "mood_shift" | "interaction_prompt");
                let text = match outcome {
                    _ if agent.is_generator() => return Vec::new(),
                    ("ok", _) if felt && decisions.contains(&"remember") => {
                        format!("takes in {} and remembers it", words(&kind))
                    }
                    ("ok", _) => return Vec::new(),
                    (outcome, detail) => format!("{}: {outcome} {detail}", words(&kind)),
                };
                vec![Entry::Note { at, name: name(&agent), text }]
            }
            Happening::Kept { at, effect } => {
                let (name, kind, state) = (name(&effect.agent), effect.body.kind(), effect.state.name());
                let text = effect.body.text().unwrap_or_default().to_owned();
                let about = about_of(host, effect.body.about().cloned()).await;
                vec![Entry::Kept { at, name, kind, state, text, about }]
            }
            // One that may leave is shown when it has left, and an accepted event when it is handled.
            Happening::Approved { .. } | Happening::Accepted { .. } | Happening::Posted { .. } => Vec::new(),
            Happening::Quarantined { at, plugin, breach, strikes } => {
                let text = format!(
                    "{} {} is quarantined after {strikes} breaches, the last `{breach}`: `puppet plugins release {}`",
                    plugin.id, plugin.version, plugin.id
                );
                vec![Entry::Word { at, text }]
            }
            Happening::Paused { at, agent, paused, by } => {
                let text = match paused {
                    Some(paused) => {
                        let reason = paused.reason.map_or_else(String::new, |reason| format!(" ({reason})"));
                        format!("{} is paused by {by}{reason}: its events wait", name(&agent))
                    }
                    None => format!("{} goes on", name(&agent)),
                };
                vec![Entry::Word { at, text }]
            }
            Happening::Budget { at, line } => {
                let how = match line.state {
                    BudgetState::Spent => "is spent",
                    _ => "is near its end",
                };
                let text = format!("the budget {} of {} {how}", line.key, line.key.owner);
                vec![Entry::Word { at, text }]
            }
            Happening::Swap { at, pack, version, stage, detail } => {
                let gap = if detail.is_empty() { "" } else { ": " };
                let version = if version.is_empty() { version } else { format!(" {version}") };
                vec![Entry::Word { at, text: format!("{pack}{version} {stage}{gap}{detail}") }]
            }
            Happening::Undecidable { at, effect } => vec![Entry::Word { at, text: undecidable(&effect) }],
            Happening::Unreached { at, account, until } => vec![Entry::Word { at, text: unreached(&account, until) }],
            Happening::Held { at, account, held } => vec![Entry::Word { at, text: held_or_not(&account, held) }],
            Happening::Halted { at, halt } => {
                let text = halt.as_ref().map_or_else(|| "resumed: effects leave again".to_owned(), halted);
                vec![Entry::Word { at, text }]
            }
            Happening::DeadLettered { at, reason, .. } => {
                vec![Entry::Note { at, name: "host".to_owned(), text: format!("an event was put aside: {reason}") }]
            }
        }
    }
}

/// What the operator has to decide.
fn undecidable(effect: &Effect) -> String {
    let Effect { id, account, reason, .. } = effect;
    let (kind, reason) = (effect.body.kind(), reason.as_deref().unwrap_or_default());
    format!("a {kind} of @{account} may have happened, nobody can tell: `puppet outbox show {id}` ({reason})")
}

fn unreached(account: &AccountId, until: Option<Timestamp>) -> String {
    match until {
        Some(until) => format!("the provider of @{account} is not reached: its outbox waits until {until}"),
        None => format!("the provider of @{account} is reached again"),
    }
}

fn held_or_not(account: &AccountId, held: Option<(String, Timestamp)>) -> String {
    match held {
        Some((why, until)) => format!(
            "@{account} is held, and its effects wait: {}. Next try at {until}; once it is mended, \
             `puppet outbox retry` of one of them tries at once",
            why.trim_end_matches('.')
        ),
        None => format!("@{account} is held no more: its effects leave"),
    }
}

/// A post that cannot be found any more, or not now, is not told of.
async fn about_of(host: &Host, id: Option<PostId>) -> Option<About> {
    let post = host.store.post(&id?).await.ok().flatten();
    post.as_ref().map(About::of)
}

fn words(kind: &str) -> String {
    kind.replace('_', " ")
}

/// `Mon 09:41`.
pub fn clock(at: Timestamp) -> String {
    at.to_jiff().strftime("%a %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_to_its_beginning() {
        assert_eq!(beginning("two\nlines  here", 20), "two lines here");
        assert_eq!(beginning("a kettle that rattles", 9), "a kettle…");
        assert_eq!(beginning("ümläut", 6), "ümläut");
    }
}
