//! One message: its bytes are made once, when the first reader takes it, and shared by all.

use std::{borrow::Cow, ops::Range, sync::OnceLock};

use bytes::Bytes;
use puppet_engine::Happening;
use puppet_types::{AgentId, Timestamp, scrub};
use serde_json::{Value, json};

use super::{told, topics::Topic};

/// What a message is made of.
pub(super) enum Source {
    /// Something that the host told. Of those that become two messages, each has its own.
    Happening(Box<Happening>),
    /// Data as they are.
    Data(Value),
}

/// One of the stream.
pub struct Message {
    pub(super) number: u64,
    pub(super) topic: Topic,
    pub(super) agent: Option<AgentId>,
    at: Timestamp,
    source: Source,
    written: OnceLock<Written>,
}

struct Written {
    /// `id: …`, `event: …`, `data: …` and an empty line.
    event: Bytes,
    /// Where in it the object is.
    object: Range<usize>,
}

impl Message {
    pub(super) fn new(number: u64, topic: Topic, (at, agent): (Timestamp, Option<AgentId>), source: Source) -> Self {
        Self { number, topic, agent, at, source, written: OnceLock::new() }
    }

    /// As a server-sent event.
    pub fn event(&self, start: &str) -> Bytes {
        self.written(start).event.clone()
    }

    /// As one object: `{"id", "at", "topic", "agent", "data"}`.
    pub fn object(&self, start: &str) -> Bytes {
        let written = self.written(start);
        written.event.slice(written.object.clone())
    }

    fn written(&self, start: &str) -> &Written {
        self.written.get_or_init(|| {
            let data = match &self.source {
                Source::Happening(happening) => told::data(self.topic, happening),
                Source::Data(data) => data.clone(),
            };
            let (id, topic) = (format!("{start}.{}", self.number), self.topic.name());
            let object = json!({ "id": id, "at": self.at, "topic": topic, "agent": self.agent, "data": data });
            // JSON has no line breaks of its own: it is one line of data.
            let object = object.to_string();
            let object = match scrub::json(&object) {
                Cow::Borrowed(_) => object,
                Cow::Owned(clean) => clean,
            };
            let head = format!("id: {id}\nevent: {topic}\ndata: ");
            let range = head.len()..head.len() + object.len();
            Written { event: Bytes::from(format!("{head}{object}\n\n")), object: range }
        })
    }
}
