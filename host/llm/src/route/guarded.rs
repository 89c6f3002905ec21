//! One endpoint with its breaker, its queue and what it answered before. All agents share it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use puppet_grants::{Answer, Failure};
use puppet_types::{AgentId, CallError, Code};

use super::{BreakerRules, CacheRules, breaker::Breaker, cache::Cache, queue::Queue};
use crate::{CallContext, Completion, LlmProvider, Request, Worst};

/// What those are told to wait who got no turn.
const PATIENTLY_MS: u64 = 5_000;

/// How an endpoint is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Requests at once.
    pub concurrency: usize,
    /// Longest that a request waits for its turn.
    pub patience: Duration,
    /// When it is left alone.
    pub breaker: BreakerRules,
    /// What is kept of its answers.
    pub cache: CacheRules,
}

/// What an operator is told of an endpoint, once each time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// It begins to fail: why, with what to do.
    Fails(CallError),
    /// It answers again.
    Answers,
}

/// Who is told.
pub type Teller = Box<dyn Fn(Word) + Send + Sync>;

/// See the head of this file.
pub struct Guarded {
    provider: Arc<dyn LlmProvider>,
    breaker: Breaker,
    queue: Arc<Queue>,
    name: String,
    patience: Duration,
    cache: Option<Cache>,
    /// In whose turn vectors are made: they are asked for by nobody by name.
    vectors: AgentId,
    /// It was told that it fails.
    fails: AtomicBool,
    tell: Teller,
}

impl Guarded {
    /// Around a provider of this name. `tell` is told when it begins to fail, and when it answers again.
    pub fn new(name: &str, provider: Arc<dyn LlmProvider>, rules: Rules, tell: Teller) -> Self {
        Self {
            provider,
            breaker: Breaker::new(name, rules.breaker),
            queue: Queue::new(rules.concurrency),
            name: name.to_owned(),
            patience: rules.patience,
            cache: Cache::new(rules.cache),
            vectors: AgentId::new(""),
            fails: AtomicBool::new(false),
            tell,
        }
    }

    async fn ask<A>(
        &self,
        agent: &AgentId,
        call: impl Future<Output = Result<Answer<A>, Failure>> + Send,
    ) -> Result<Answer<A>, Failure> {
        // Nobody queues for one that is left alone, nor asks one that came to be so meanwhile.
        self.breaker.look().map_err(not_asked)?;
        let turn = tokio::time::timeout(self.patience, self.queue.turn(agent)).await;
        let _turn = turn.map_err(|_| {
            let message = format!("too many wait for `{}`", self.name);
            not_asked(CallError::retry(Code::RateLimited, message, PATIENTLY_MS))
        })?;
        let leave = self.breaker.enter().map_err(not_asked)?;
        let answer = call.await;
        match &answer {
            Err(failure) if is_fault(&failure.error) => {
                leave.failed(&failure.error);
                if !self.fails.swap(true, Ordering::Relaxed) {
                    (self.tell)(Word::Fails(failure.error.clone()));
                }
            }
            _ => {
                leave.answered();
                if self.fails.swap(false, Ordering::Relaxed) {
                    (self.tell)(Word::Answers);
                }
            }
        }
        answer
    }
}

/// Whether an error says that the endpoint cannot answer now, whatever it is asked. An answer without a text does not:
/// the request may have left no room for one.
pub(super) fn is_fault(error: &CallError) -> bool {
    matches!(error.code, Code::ProviderUnavailable | Code::RateLimited | Code::Timeout)
}

fn not_asked(error: CallError) -> Failure {
    Failure::told(error, Worst::NOTHING.charges().to_vec())
}

#[async_trait]
impl LlmProvider for Guarded {
    async fn complete(&self, request: &Request, context: &CallContext) -> Result<Answer<Completion>, Failure> {
        let kept = self.cache.as_ref().and_then(|cache| Some((cache, Cache::key(request)?)));
        if let Some(value) = kept.as_ref().and_then(|(cache, key)| cache.get(key)) {
            return Ok(Answer { value, used: Worst::NOTHING.charges().to_vec(), latency: Duration::ZERO });
        }
        let answer = self.ask(&context.agent, self.provider.complete(request, context)).await?;
        if let Some((cache, key)) = kept {
            cache.put(key, &answer.value);
        }
        Ok(answer)
    }

    async fn embed(&self, texts: &[String]) -> Result<Answer<Vec<Vec<f32>>>, Failure> {
        self.ask(&self.vectors, self.provider.embed(texts)).await
    }
}
