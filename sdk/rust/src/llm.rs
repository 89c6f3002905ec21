//! Language models. Which one answers, its key and its price are the operator's.

use crate::{
    bindings::imports::puppet::llm::llm as wit,
    failure::{Answer, answer},
};
pub use wit::{Completion, Message, Request, Role, Sampling, Usage};

#[cfg(not(target_family = "wasm"))]
use crate::testing::sys::llm as sys;
#[cfg(target_family = "wasm")]
use wit as sys;

/// A request, built up line by line.
#[derive(Debug, Clone)]
pub struct Prompt(Request);

impl Prompt {
    /// `purpose` is shown in the journal and never sent: `post`, `reply`, `reaction`, …
    pub fn new(purpose: &str) -> Self {
        let sampling = Sampling {
            temperature: None,
            top_p: None,
            presence_penalty: None,
            frequency_penalty: None,
            stop: Vec::new(),
        };
        Self(Request {
            purpose: purpose.to_owned(),
            messages: Vec::new(),
            max_tokens: 256,
            sampling,
            extra: Vec::new(),
        })
    }
    fn message(mut self, role: Role, content: impl Into<String>) -> Self {
        self.0.messages.push(Message { role, name: None, content: content.into() });
        self
    }
    /// What the model is to be.
    pub fn system(self, content: impl Into<String>) -> Self {
        self.message(Role::System, content)
    }
    /// What is asked.
    pub fn user(self, content: impl Into<String>) -> Self {
        self.message(Role::User, content)
    }
    /// What it said before.
    pub fn assistant(self, content: impl Into<String>) -> Self {
        self.message(Role::Assistant, content)
    }
    /// Upper bound of the answer.
    pub fn max_tokens(mut self, tokens: u32) -> Self {
        self.0.max_tokens = tokens;
        self
    }
    /// 0..2.
    pub fn temperature(mut self, value: f32) -> Self {
        self.0.sampling.temperature = Some(value);
        self
    }
    /// 0..1.
    pub fn top_p(mut self, value: f32) -> Self {
        self.0.sampling.top_p = Some(value);
        self
    }
    /// Presence and frequency, −2..2 each.
    pub fn penalties(mut self, presence: f32, frequency: f32) -> Self {
        self.0.sampling.presence_penalty = Some(presence);
        self.0.sampling.frequency_penalty = Some(frequency);
        self
    }
    /// Asks: a read, paid, and booked before the answer is seen.
    pub fn complete(&self) -> Answer<Completion> {
        complete(&self.0)
    }
    /// The request as it stands.
    pub fn request(&self) -> &Request {
        &self.0
    }
}

/// Asks a model.
pub fn complete(request: &Request) -> Answer<Completion> {
    answer(sys::complete(request))
}

/// One vector per text.
pub fn embed(texts: &[String]) -> Answer<Vec<Vec<f32>>> {
    answer(sys::embed(texts))
}
