//! Deterministic text made from the persona's own material: no model, no network, and it never claims to be one.

use std::time::Duration;

use async_trait::async_trait;
use puppet_grants::Answer;
use puppet_types::CallError;

use crate::{CallContext, Completion, LlmProvider, Price, Request, Terms, Usage, Worst};

/// Name of the provider and of its model.
pub const MODEL: &str = "offline";
/// How long a model would take, for virtual time.
const LATENCY: Duration = Duration::from_millis(800);

/// The provider without a model.
#[derive(Debug, Clone, Copy, Default)]
pub struct Offline;

impl Offline {
    /// Free.
    pub fn terms() -> Terms {
        Terms { paid: false, price: Some(Price::FREE), model: MODEL.to_owned(), priced_as: MODEL.to_owned() }
    }
}

#[async_trait]
impl LlmProvider for Offline {
    fn worst_case(&self, request: &Request) -> Worst {
        Self::terms().worst(request.prompt_bytes(), request.max_tokens)
    }
    fn is_paid(&self) -> bool {
        false
    }
    fn model(&self) -> &str {
        MODEL
    }
    async fn complete(&self, request: &Request, _context: &CallContext) -> Result<Answer<Completion>, CallError> {
        let text = "something".to_owned();
        let tokens = |bytes: u64| u32::try_from(bytes.div_ceil(4)).unwrap_or(u32::MAX);
        let usage = Usage { prompt_tokens: tokens(request.prompt_bytes()), completion_tokens: tokens(text.len() as u64) };
        let used = Self::terms().used(usage.prompt_tokens.into(), usage.completion_tokens.into());
        let value = Completion { text, model: MODEL.to_owned(), usage, finish: "stop".to_owned() };
        Ok(Answer { value, used, latency: LATENCY })
    }
    async fn embed(&self, _texts: &[String]) -> Result<Answer<Vec<Vec<f32>>>, CallError> {
        Ok(Answer::free(Vec::new()))
    }
}
