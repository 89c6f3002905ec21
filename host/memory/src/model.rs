//! Vectors from a model behind an endpoint: what is needed of one, and on which terms it is asked. Likeness of meaning
//! is to be had this way. Its vectors come after the rows: a commit never waits for a network.

use std::sync::Arc;

use async_trait::async_trait;
use puppet_grants::{Amount, Answer, Charge, Failure, Held};
use puppet_store::{MemoryStore, Vector};

use crate::{embedding::hashed_vector, recall::Recaller};

/// A model that makes vectors.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// A vector per text, in their order. Called once per recall, and in batches for rows that have none.
    async fn embed(&self, texts: &[String]) -> Result<Answer<Vec<Vec<f32>>>, Failure>;
}

/// What is known of a model without asking it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VectorTerms {
    /// Names it beside its vectors: those of another name are made anew.
    pub model: String,
    /// What a million tokens cost; where they cost something, calls are booked before they are made.
    pub usd_micros_per_million: u64,
    /// How often a question may be sent before there is an answer: each may be billed.
    pub attempts: u32,
}

impl VectorTerms {
    /// Whether somebody is billed.
    pub fn paid(&self) -> bool {
        self.usd_micros_per_million > 0
    }

    /// The most that texts of so many bytes can use, with every attempt: they are never fewer than their tokens.
    pub fn worst(&self, bytes: u64) -> [Charge; 2] {
        let bytes = bytes.saturating_mul(self.attempts.into());
        let usd_micros = (u128::from(bytes) * u128::from(self.usd_micros_per_million)).div_ceil(1_000_000);
        used(bytes, u64::try_from(usd_micros).unwrap_or(u64::MAX))
    }
}

/// Nothing was used.
pub(crate) const NOTHING: [Charge; 2] = used(0, 0);

const fn used(tokens: u64, usd_micros: u64) -> [Charge; 2] {
    [Charge { amount: Amount::Tokens, quantity: tokens }, Charge { amount: Amount::Usd, quantity: usd_micros }]
}

/// A model in custody, and its terms.
#[derive(Debug, Clone)]
pub struct Model {
    /// Reached through the gate, and by errands.
    pub held: Held<dyn Embedder>,
    /// Known without it.
    pub terms: VectorTerms,
}

/// Memories as a host has them: how they are found, and where vectors come from.
#[derive(Debug, Clone)]
pub struct Memories {
    /// Reached through the gate.
    pub recaller: Held<Recaller>,
    /// None: hashed ones.
    pub model: Option<Model>,
}

impl Memories {
    /// With hashed vectors: nothing leaves the machine.
    pub fn hashed(store: Arc<dyn MemoryStore>) -> Self {
        Self { recaller: Held::new(Arc::new(Recaller::new(store))), model: None }
    }

    /// With those of a model.
    pub fn embedded(store: Arc<dyn MemoryStore>, embedder: Arc<dyn Embedder>, terms: VectorTerms) -> Self {
        let recaller = Recaller::with_embedder(store, Arc::clone(&embedder), &terms.model);
        Self { recaller: Held::new(Arc::new(recaller)), model: Some(Model { held: Held::new(embedder), terms }) }
    }

    /// The vector with which a text is stored; none where it comes later.
    pub fn vector(&self, text: &str) -> Option<Vector> {
        self.model.is_none().then(|| hashed_vector(text))
    }
}
