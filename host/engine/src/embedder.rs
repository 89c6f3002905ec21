//! A language model's endpoint as the embedder of memory. Wiring only: neither capability knows the other.

use std::sync::Arc;

use async_trait::async_trait;
use puppet_grants::{Answer, Failure};
use puppet_llm::{LlmProvider, Terms};
use puppet_memory::{Embedder, VectorTerms};

/// Asks a provider for vectors.
pub struct LlmEmbedder(Arc<dyn LlmProvider>);

impl LlmEmbedder {
    /// A provider, and the terms of its vectors. `model` names it beside them: endpoint and model, since two
    /// endpoints may mean different things by one name.
    pub fn new(provider: Arc<dyn LlmProvider>, terms: &Terms, model: String) -> (Arc<Self>, VectorTerms) {
        let price = terms.embedding_price.or(terms.price).unwrap_or(puppet_llm::Price::FREE);
        let usd_micros_per_million = price.prompt_usd_micros_per_million;
        (Arc::new(Self(provider)), VectorTerms { model, usd_micros_per_million, attempts: terms.attempts })
    }
}

#[async_trait]
impl Embedder for LlmEmbedder {
    async fn embed(&self, texts: &[String]) -> Result<Answer<Vec<Vec<f32>>>, Failure> {
        self.0.embed(texts).await
    }
}
