//! Models behind an API like OpenAI's: chat completions and responses, plain and streamed, with tools and answers of a
//! shape, embeddings, moderations. They are no language models and say nothing of the question.
//!
//! How refusals are written follows from the model's name: `grok-…` as xAI does, `maker/model` as OpenRouter does, all
//! others as OpenAI. A name that begins with `no-such` is of no model.

mod chat;
mod embeddings;
mod moderations;
mod problems;
mod quirks;
mod responses;
mod shape;
mod text;
mod written;

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    asked::Asked,
    faults::{Kind, Plan},
    operation::{Call, Operation},
    record::Record,
    reply::Reply,
};
pub use problems::Manner;
use problems::Refusal;
pub(crate) use problems::{failed, too_many};

/// What models are used for, as it is counted.
pub(crate) const EFFECTS: [&str; 2] = ["completion", "embedding"];

/// What has been asked of them.
#[derive(Debug, Default)]
pub(crate) struct Model {
    requests: u64,
    prompt_tokens: u64,
    completion_tokens: u64,
}

/// One request, and how it is to be met.
#[derive(Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) seed: u64,
    pub(crate) plan: &'a Plan,
    pub(crate) fault: Option<&'a Kind>,
    /// Whether the key is right.
    pub(crate) is_known: bool,
}

impl Asking<'_> {
    /// Server-sent events at the pace of the plan. `error`: the event of an error after so many others, where the plan
    /// has one come.
    fn stream(self, mut events: Vec<String>, error: impl FnOnce(usize) -> String) -> Reply {
        if let Some(Kind::ErrorInStream { after }) = self.fault {
            events.truncate(usize::try_from(*after).unwrap_or(usize::MAX));
            events.push(error(events.len()));
        }
        Reply::events(events, Duration::from_millis(self.plan.chunk_ms.into()))
    }

    /// What the plan has the model write.
    fn says(self) -> Option<String> {
        match self.fault {
            Some(Kind::Says { text }) => Some(text.clone()),
            _ => None,
        }
    }

    fn tells_usage(self) -> bool {
        self.fault != Some(&Kind::NoUsage)
    }
}

impl Model {
    /// Does what is asked.
    pub(crate) fn answer(&mut self, asking: Asking<'_>, call: &Call, asked: &Asked, record: &mut Record) -> Reply {
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let model = body["model"].as_str().unwrap_or(&call.of);
        let manner = asking.plan.manner.unwrap_or_else(|| Manner::of(model));
        if !asking.is_known {
            return manner.refuse(Refusal::WrongKey);
        }
        if model.starts_with("no-such") {
            return manner.refuse(Refusal::NoSuchModel(model, call.operation));
        }
        let reply = match call.operation {
            Operation::Chat => self.chat(asking, manner, body),
            Operation::Responses => self.respond(asking, manner, body),
            Operation::Embeddings => self.embed(asking, manner, body),
            Operation::Moderations => moderations::judged(manner, &body),
            Operation::Models => listed(),
            _ => Reply::new(200, one(&call.of)),
        };
        if reply.status == 200 {
            match call.operation {
                Operation::Chat | Operation::Responses => record.done("completion"),
                Operation::Embeddings => record.done("embedding"),
                _ => {}
            }
        }
        reply
    }

    fn count(&mut self, prompt: u64, completion: u64) {
        self.requests += 1;
        self.prompt_tokens += prompt;
        self.completion_tokens += completion;
    }

    pub(crate) fn report(&self) -> Value {
        json!({
            "requests": self.requests, "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
        })
    }
}

/// Some of them; any other name is as good.
fn listed() -> Reply {
    let models: Vec<Value> = ["emulated-small", "emulated-large", "emulated-embedding"].into_iter().map(one).collect();
    Reply::new(200, json!({ "object": "list", "data": models }))
}

fn one(id: &str) -> Value {
    json!({ "id": id, "object": "model", "created": 0, "owned_by": "puppet" })
}
