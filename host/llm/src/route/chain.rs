//! Models one after the other: the next one is asked where one cannot answer now or
//! said nothing, and never where it would not.

use std::sync::Arc;

use async_trait::async_trait;
use puppet_grants::{Answer, Failure, Used};
use puppet_types::{Code, Tried};

use super::guarded::is_fault;
use crate::{CallContext, Completion, Llm, LlmProvider, Request, Terms, Worst};

/// A model that may be asked.
#[derive(Clone)]
pub struct Link {
    /// In the configuration.
    pub name: String,
    /// It.
    pub provider: Arc<dyn LlmProvider>,
    /// What it costs.
    pub terms: Terms,
}

pub(super) struct Chain {
    first: Link,
    others: Vec<Link>,
}

/// Asked in order.
pub(super) fn of(first: Link, others: Vec<Link>) -> Chain {
    Chain { first, others }
}

impl Llm {
    /// The first of these, and the others, in order, where it cannot answer.
    pub fn chain(first: Link, others: Vec<Link>) -> Self {
        if others.is_empty() {
            return Self::new(first.provider, first.terms);
        }
        let terms = first.terms.clone();
        let fallbacks = others.iter().map(|link| link.terms.clone()).collect();
        Self { fallbacks, ..Self::new(Arc::new(of(first, others)), terms) }
    }
}

#[async_trait]
impl LlmProvider for Chain {
    async fn complete(&self, request: &Request, context: &CallContext) -> Result<Answer<Completion>, Failure> {
        let (mut link, mut others) = (&self.first, self.others.iter());
        let (mut spent, mut tried) = (Worst::NOTHING, Vec::new());
        loop {
            let worst = link.terms.worst(request.prompt_bytes(), request.max_tokens);
            match link.provider.complete(request, context).await {
                Ok(Answer { mut value, used, latency }) => {
                    value.provider = Some(link.name.clone());
                    value.tried = tried;
                    let used = spent.plus(Worst::taken(Used::Told(used), worst)).charges().to_vec();
                    return Ok(Answer { value, used, latency });
                }
                Err(Failure { mut error, used }) => {
                    spent = spent.plus(Worst::taken(used, worst));
                    let (provider, message) = (link.name.clone(), error.message.clone());
                    tried.push(Tried { provider, code: error.code, message });
                    let next = others.next().filter(|_| is_fault(&error) || error.code == Code::InvalidAnswer);
                    let Some(next) = next else {
                        error.tried = tried;
                        return Err(Failure::told(error, spent.charges().to_vec()));
                    };
                    tracing::debug!(agent = %context.agent, from = link.name, to = next.name, reason = %error, "asked instead");
                    link = next;
                }
            }
        }
    }

    /// Vectors of two models cannot be compared: the first makes them, or nobody does.
    async fn embed(&self, texts: &[String]) -> Result<Answer<Vec<Vec<f32>>>, Failure> {
        self.first.provider.embed(texts).await
    }
}
