//! Any endpoint that speaks OpenAI's chat completions and embeddings: OpenAI, xAI, and many that run at home.
//!
//! An attempt that failed after it was sent may have been billed: it is charged at its worst case, and so is an answer
//! that does not tell its usage. Keys and addresses are in no error and no log line.

mod attempts;
mod endpoint;
mod wire;

use std::{fmt, sync::Arc, time::Instant};

use async_openai::{
    Client,
    config::OpenAIConfig,
    error::{ApiErrorResponse, OpenAIError},
};
use async_trait::async_trait;
use puppet_grants::{Answer, Charge, Failure};
use puppet_types::{CallError, Code};

pub use endpoint::{EMBEDDING_MODEL, Endpoint, MOST_RETRIES, SetupError};
pub use puppet_types::Secret;

use crate::{CallContext, Completion, Llm, LlmProvider, Request, Terms, Usage, Worst};
use attempts::{Attempts, GaveUp};

/// The provider.
pub struct OpenAi {
    endpoint: Endpoint,
    config: OpenAIConfig,
    http: reqwest::Client,
    terms: Terms,
}

// The configuration of the client would print its headers.
impl fmt::Debug for OpenAi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAi").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl OpenAi {
    /// Checks the endpoint. Nothing is sent.
    pub fn new(endpoint: Endpoint) -> Result<Self, SetupError> {
        let terms = endpoint.terms()?;
        let config = endpoint.config()?;
        let http = endpoint.http_client()?;
        Ok(Self { endpoint, config, http, terms })
    }

    /// On which terms it is used.
    pub fn terms(&self) -> Terms {
        self.terms.clone()
    }

    fn attempts(&self, seed: u64) -> Attempts {
        Attempts::new(self.http.clone(), &self.endpoint, seed)
    }

    /// The most a request can use.
    pub fn worst_case(&self, request: &Request) -> Worst {
        self.terms.worst(request.prompt_bytes(), request.max_tokens)
    }

    fn client(&self, attempts: &Attempts) -> Client<OpenAIConfig> {
        Client::build(self.http.clone(), self.config.clone()).with_http_service(attempts.clone())
    }
}

impl Llm {
    /// A model behind an endpoint.
    pub fn openai(endpoint: Endpoint) -> Result<Self, SetupError> {
        let provider = OpenAi::new(endpoint)?;
        let terms = provider.terms();
        Ok(Self::new(Arc::new(provider), terms))
    }
}

#[async_trait]
impl LlmProvider for OpenAi {
    async fn complete(&self, request: &Request, context: &CallContext) -> Result<Answer<Completion>, Failure> {
        let started = Instant::now();
        let body = wire::chat_request(request, &self.endpoint.model);
        let once = self.terms.used(request.prompt_bytes(), request.max_tokens.into());
        let attempts = self.attempts(context.seed);
        let response: Result<wire::ChatResponse, OpenAIError> = self.client(&attempts).chat().create_byot(body).await;
        let response = response.map_err(|error| self.failure(&error, once, attempts.lost()))?;
        let told = response.usage.map(wire::TokenUsage::bounded);
        let charged = told.map(|usage| self.terms.used(usage.prompt_tokens.into(), usage.completion_tokens.into()));
        let used = charges(charged.unwrap_or(once), once, attempts.lost());
        let usage = told.unwrap_or_else(|| {
            // Not told: the worst case counts.
            let prompt_tokens = u32::try_from(request.prompt_bytes()).unwrap_or(u32::MAX);
            Usage { prompt_tokens, completion_tokens: request.max_tokens }
        });
        let model = response.model.unwrap_or_else(|| self.endpoint.model.clone());
        let (text, finish) =
            wire::first_choice(response.choices).map_err(|error| Failure::told(error, used.clone()))?;
        let [text, model, finish] = [text, model, finish].map(|said| self.endpoint.without_secrets(said));
        let (text, finish) = wire::cut(text, finish);
        let value = Completion { text, model, usage, finish, ..Completion::default() };
        Ok(Answer { value, used, latency: started.elapsed() })
    }

    async fn embed(&self, texts: &[String]) -> Result<Answer<Vec<Vec<f32>>>, Failure> {
        let started = Instant::now();
        let body = wire::embedding_request(texts, &self.endpoint.embedding_model);
        let seed = puppet_types::ids::derive_u64(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let once = self.terms.used_embedding(texts.iter().map(|text| text.len() as u64).sum());
        let attempts = self.attempts(seed);
        let response: Result<wire::EmbeddingResponse, OpenAIError> =
            self.client(&attempts).embeddings().create_byot(body).await;
        let response = response.map_err(|error| self.failure(&error, once, attempts.lost()))?;
        let told = response.usage.map(|usage| self.terms.used_embedding(usage.bounded().prompt_tokens.into()));
        let used = charges(told.unwrap_or(once), once, attempts.lost());
        let value = wire::vectors(response.data, texts.len()).map_err(|error| Failure::told(error, used.clone()))?;
        Ok(Answer { value, used, latency: started.elapsed() })
    }
}

/// What the last attempt took, and those before it that may have been billed.
fn charges(last: Worst, once: Worst, lost: u32) -> Vec<Charge> {
    last.plus(once.times(lost)).charges().to_vec()
}

impl OpenAi {
    /// With what it took; attempts that failed are counted by whoever made them.
    fn failure(&self, error: &OpenAIError, once: Worst, lost: u32) -> Failure {
        let last = match error {
            OpenAIError::Boxed(_) | OpenAIError::InvalidArgument(_) => Worst::NOTHING,
            // Not taken; what a policy refuses may be billed.
            OpenAIError::ApiError(error) if error.status_code.is_client_error() && !is_policy(error) => Worst::NOTHING,
            _ => once,
        };
        Failure::told(self.call_error(error), charges(last, once, lost))
    }

    fn call_error(&self, error: &OpenAIError) -> CallError {
        match error {
            OpenAIError::Boxed(error) => match error.downcast_ref::<GaveUp>() {
                Some(gave_up) => gave_up.call_error(),
                None => unavailable("the request could not be sent"),
            },
            OpenAIError::ApiError(error) => self.refused(error),
            OpenAIError::JSONDeserialize(..) => unavailable("the answer is not what this protocol answers"),
            OpenAIError::Reqwest(error) if error.is_timeout() => CallError::new(Code::Timeout, "no answer in time"),
            OpenAIError::InvalidArgument(_) => CallError::new(Code::InvalidInput, "the request cannot be written"),
            _ => unavailable("the request could not be sent"),
        }
    }

    fn refused(&self, error: &ApiErrorResponse) -> CallError {
        let (status, said) = (error.status_code.as_u16(), &error.api_error);
        let code = said.code.as_deref().unwrap_or_default();
        let message = self.endpoint.masked(&said.message);
        let small = code == "context_length_exceeded" || said.message.contains("maximum context length");
        let policy = is_policy(error);
        match status {
            400 | 413 | 422 if small || policy => CallError::new(Code::Refused, message),
            400 | 413 | 422 => CallError::new(Code::InvalidInput, message),
            // The words of an error about a key may hold a part of it.
            401 | 403 => unavailable(format!("status {status}: the key is not accepted")),
            404 => unavailable(format!("status 404: {message}")),
            429 => CallError::new(Code::RateLimited, message),
            _ => unavailable(format!("status {status}")),
        }
    }
}

fn is_policy(error: &ApiErrorResponse) -> bool {
    let code = error.api_error.code.as_deref().unwrap_or_default();
    let kind = error.api_error.r#type.as_deref().unwrap_or_default();
    code.contains("content_policy") || code.contains("content_filter") || kind == "content_policy_violation"
}

fn unavailable(message: impl Into<String>) -> CallError {
    CallError::new(Code::ProviderUnavailable, message)
}
