//! What an agent can be asked to do, in types that cannot be wrong: both APIs make their events of these.

use puppet_types::{AgentId, PostId};
use serde_json::{Map, Value, json};

use super::Wish;

/// What somebody says with a command: not too long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// Longest, in bytes.
    pub const MOST: usize = 10_000;

    /// None where it is too long.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        Some(text.into()).filter(|text| text.len() <= Self::MOST).map(Self)
    }
}

/// So many parts of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartCount(u8);

impl PartCount {
    /// Most: those that X takes at once.
    pub const MOST: u8 = 25;

    /// None where that is none, or too many.
    pub fn new(parts: u64) -> Option<Self> {
        u8::try_from(parts).ok().filter(|parts| (1..=Self::MOST).contains(parts)).map(Self)
    }
}

/// A wish for one agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// To post.
    Post {
        /// About what; else what it likes.
        topic: Option<Text>,
        /// A thread of so many.
        parts: Option<PartCount>,
        /// Also where it is too soon after the last one.
        force: bool,
    },
    /// To answer a post.
    Reply {
        /// Which.
        post: PostId,
        /// What that says, for the case that it cannot be read.
        content: Option<Text>,
    },
}

impl Command {
    /// The kind of its event.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Post { .. } => "command_post",
            Self::Reply { .. } => "command_reply",
        }
    }

    /// As an event for an agent. What was left out is left out of it. `key`: as in [`Wish`].
    pub fn to(self, agent: AgentId, key: Option<String>) -> Wish {
        let kind = self.kind().to_owned();
        let mut payload = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            value.into_iter().for_each(|value| drop(payload.insert(name.to_owned(), value)));
        };
        match self {
            Self::Post { topic, parts, force } => {
                put("topic", topic.map(|Text(text)| json!(text)));
                put("thread_length", parts.map(|PartCount(parts)| json!(parts)));
                put("force", Some(json!(force)));
            }
            Self::Reply { post, content } => {
                put("tweet_id", Some(json!(post)));
                put("content", content.map(|Text(text)| json!(text)));
            }
        }
        let (to, payload, source) = (vec![agent], Value::Object(payload), "api".to_owned());
        Wish { kind, payload, to, priority: None, delay_ms: 0, source, key }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_out_is_left_out_of_the_event() {
        let payload = |command: Command| command.to("ann".into(), None).payload;
        let post = |topic: Option<&str>, parts: Option<u64>| Command::Post {
            topic: topic.and_then(Text::new),
            parts: parts.and_then(PartCount::new),
            force: false,
        };
        assert_eq!(payload(post(None, None)), json!({ "force": false }));
        assert_eq!(
            payload(post(Some("tea"), Some(25))),
            json!({ "topic": "tea", "thread_length": 25, "force": false })
        );
        let reply = Command::Reply { post: "7".into(), content: None };
        let wish = reply.to("ann".into(), Some("k".to_owned()));
        assert_eq!(
            (&*wish.kind, wish.payload, wish.to),
            ("command_reply", json!({ "tweet_id": "7" }), vec!["ann".into()])
        );
        assert_eq!((&*wish.source, wish.key.as_deref()), ("api", Some("k")));
        for none in [0, 26, 256 + 1, u64::MAX] {
            assert_eq!(PartCount::new(none), None, "{none}");
        }
        assert!(Text::new("x".repeat(10_000)).is_some() && Text::new("x".repeat(10_001)).is_none());
    }
}
