//! What a provider of language models is, and the terms on which one is used. The gate alone can reach a provider,
//! so what must be known before it is asked stands beside it.

use std::sync::Arc;

use async_trait::async_trait;
use puppet_grants::{Amount, Answer, Charge, Failure, Held, Used};
use puppet_types::{AgentId, Persona, Timestamp};

use crate::{Completion, Price, Request, offline::Offline, structured};

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
    /// Asks for a text.
    async fn complete(&self, request: &Request, context: &CallContext) -> Result<Answer<Completion>, Failure>;
    /// Asks for a vector per text, all of one length.
    async fn embed(&self, texts: &[String]) -> Result<Answer<Vec<Vec<f32>>>, Failure>;
}

/// The most a request can use, or what it used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worst {
    /// At most the bytes of the prompt, which are never fewer than its tokens, and the bound of the answer.
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
    /// How often a request may be sent before there is an answer: each may be billed.
    pub attempts: u32,
    /// Which model answers.
    pub model: String,
    /// Under which name the price is listed; `configured` or `offline` where it is not from the list.
    pub priced_as: String,
}

impl Terms {
    /// The most that a prompt of so many bytes and an answer of so many tokens can use, with every attempt.
    pub fn worst(&self, prompt_bytes: u64, max_tokens: u32) -> Worst {
        self.used(prompt_bytes, max_tokens.into()).times(self.attempts)
    }

    /// The most that texts of so many bytes can use where vectors are made of them, with every attempt.
    pub fn worst_embedding(&self, bytes: u64) -> Worst {
        self.used_embedding(bytes).times(self.attempts)
    }

    /// What vectors of so many tokens cost.
    pub(crate) fn used_embedding(&self, tokens: u64) -> Worst {
        Worst { tokens, usd_micros: self.embedding_price.unwrap_or(Price::FREE).of(tokens, 0) }
    }

    /// What an answer of so many tokens costs.
    pub(crate) fn used(&self, prompt_tokens: u64, completion_tokens: u64) -> Worst {
        let price = self.price.unwrap_or(Price::FREE);
        let usd_micros = price.of(prompt_tokens, completion_tokens);
        Worst { tokens: prompt_tokens.saturating_add(completion_tokens), usd_micros }
    }
}

impl Worst {
    pub(crate) const NOTHING: Self = Self { tokens: 0, usd_micros: 0 };

    pub(crate) fn times(self, n: u32) -> Self {
        let Self { tokens, usd_micros } = self;
        Self { tokens: tokens.saturating_mul(n.into()), usd_micros: usd_micros.saturating_mul(n.into()) }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        let tokens = self.tokens.saturating_add(other.tokens);
        Self { tokens, usd_micros: self.usd_micros.saturating_add(other.usd_micros) }
    }

    /// What a call really took, of the most that it could: what is not told counts as that.
    pub(crate) fn taken(used: Used, worst: Self) -> Self {
        let told = match used {
            Used::Nothing => return Self::NOTHING,
            Used::Unknown => return worst,
            Used::Told(told) => told,
        };
        let of = |amount| told.iter().find(|charge| charge.amount == amount).map(|charge| charge.quantity);
        Self {
            tokens: of(Amount::Tokens).unwrap_or(worst.tokens),
            usd_micros: of(Amount::Usd).unwrap_or(worst.usd_micros),
        }
    }

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
    /// Of those that are asked where it fails.
    pub(crate) fallbacks: Vec<Terms>,
}

impl Llm {
    /// A provider on given terms.
    pub fn new(provider: Arc<dyn LlmProvider>, terms: Terms) -> Self {
        Self { held: Held::new(provider), terms, fallbacks: Vec::new() }
    }

    /// The models that may be asked, in order.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        self.all().map(|terms| terms.model.as_str())
    }

    /// Whether somebody may be billed.
    pub fn paid(&self) -> bool {
        self.all().any(|terms| terms.paid)
    }

    /// The most that a request can use: each that may be asked fails at its worst, and, where the answer has a shape,
    /// so does the second try.
    pub fn worst(&self, request: &Request) -> Worst {
        let first = self.worst_of_one(request.prompt_bytes(), request.max_tokens);
        match request.response_schema {
            None => first,
            Some(_) => {
                let bytes = request.prompt_bytes().saturating_add(structured::repair_bytes(request));
                first.plus(self.worst_of_one(bytes, request.max_tokens))
            }
        }
    }

    /// The same without a second try.
    pub(crate) fn worst_of_one(&self, prompt_bytes: u64, max_tokens: u32) -> Worst {
        self.all().fold(Worst::NOTHING, |sum, terms| sum.plus(terms.worst(prompt_bytes, max_tokens)))
    }

    fn all(&self) -> impl Iterator<Item = &Terms> {
        std::iter::once(&self.terms).chain(&self.fallbacks)
    }

    /// Text from the persona's own material. Costs nothing, needs nothing.
    pub fn offline() -> Self {
        Self::new(Arc::new(Offline), Offline::terms())
    }
}
