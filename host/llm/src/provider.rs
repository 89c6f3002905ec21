//! What a provider of language models is, and the terms on which one is used. The gate alone can reach a provider,
//! so what must be known before it is asked stands beside it.

use std::sync::Arc;

use async_trait::async_trait;
use puppet_grants::{Amount, Answer, Charge, Held};
use puppet_types::{AgentId, CallError, Persona, Timestamp};

use crate::{Completion, Price, Request, offline::Offline};

/// For whom and when a model is asked.
#[derive(Debug, Clone)]
pub struct CallContext {
    /// The character.
    pub persona: Arc<Persona>,
    /// Its name.
    pub name: String,
    /// What it is, in a line.
    pub description: String,
    /// Its id.
    pub agent: AgentId,
    /// Of the invocation.
    pub seed: u64,
    /// Time of the event.
    pub at: Timestamp,
}

/// A language model.
#[async_trait]
pub trait LlmProvider: Send + Sync {
    /// The most a request can use.
    fn worst_case(&self, request: &Request) -> Worst;
    /// Whether somebody is billed.
    fn is_paid(&self) -> bool;
    /// Which model answers.
    fn model(&self) -> &str;
    /// Asks for a text.
    async fn complete(&self, request: &Request, context: &CallContext) -> Result<Answer<Completion>, CallError>;
    /// Asks for a vector per text, all of one length.
    async fn embed(&self, texts: &[String]) -> Result<Answer<Vec<Vec<f32>>>, CallError>;
}

/// The most a request can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worst {
    /// Bytes of the prompt, which are never fewer than its tokens, and the bound of the answer.
    pub tokens: u64,
    /// What that costs.
    pub usd_micros: u64,
}

/// On which terms a provider is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Somebody is billed: calls are booked before they are made.
    pub paid: bool,
    /// What tokens cost.
    pub price: Option<Price>,
    /// What tokens of texts to embed cost: another model, mostly a cheaper one.
    pub embedding_price: Option<Price>,
    /// Which model answers.
    pub model: String,
    /// Under which name the price is listed; `configured` or `offline` where it is not from the list.
    pub priced_as: String,
}

impl Terms {
    /// The most that a prompt of so many bytes and an answer of so many tokens can use.
    pub fn worst(&self, prompt_bytes: u64, max_tokens: u32) -> Worst {
        let price = self.price.unwrap_or(Price::FREE);
        let completion = u64::from(max_tokens);
        Worst { tokens: prompt_bytes + completion, usd_micros: price.of(prompt_bytes, completion) }
    }

    /// The most that texts of so many bytes can use where vectors are made of them.
    pub fn worst_embedding(&self, bytes: u64) -> Worst {
        Worst { tokens: bytes, usd_micros: self.embedding_price.unwrap_or(Price::FREE).of(bytes, 0) }
    }

    /// What vectors really used.
    pub(crate) fn used_embedding(&self, tokens: u64) -> Vec<Charge> {
        self.worst_embedding(tokens).charges().to_vec()
    }

    /// What was really used.
    pub(crate) fn used(&self, prompt_tokens: u64, completion_tokens: u64) -> Vec<Charge> {
        let price = self.price.unwrap_or(Price::FREE);
        vec![
            Charge { amount: Amount::Tokens, quantity: prompt_tokens + completion_tokens },
            Charge { amount: Amount::Usd, quantity: price.of(prompt_tokens, completion_tokens) },
        ]
    }
}

impl Worst {
    pub(crate) fn charges(self) -> [Charge; 2] {
        [
            Charge { amount: Amount::Tokens, quantity: self.tokens },
            Charge { amount: Amount::Usd, quantity: self.usd_micros },
        ]
    }
}

/// A model that an agent speaks through: the provider in custody, and its terms.
#[derive(Debug, Clone)]
pub struct Llm {
    /// Reached through the gate.
    pub held: Held<dyn LlmProvider>,
    /// Known without it.
    pub terms: Terms,
}

impl Llm {
    /// A provider on given terms.
    pub fn new(provider: Arc<dyn LlmProvider>, terms: Terms) -> Self {
        Self { held: Held::new(provider), terms }
    }

    /// Text from the persona's own material. Costs nothing, needs nothing.
    pub fn offline() -> Self {
        Self::new(Arc::new(Offline), Offline::terms())
    }
}
