//! Any endpoint that speaks OpenAI's protocols: OpenAI, xAI, gateways to others, and many that run at home
//! (docs/models.md).
//!
//! An attempt that failed after it was sent may have been billed: it is charged at its worst case, and so is an answer
//! that does not tell its usage. Keys and addresses are in no error and no log line.

mod attempts;
mod chat;
mod embeddings;
mod endpoint;
mod fault;
mod listing;
mod moderation;
mod presets;
mod quirks;
mod responses;
mod said;
mod stream;
mod told;

#[cfg(test)]
mod spec;

use std::{fmt, sync::Arc, time::Instant};

use async_trait::async_trait;
use puppet_grants::{Answer, Charge, Failure};
use reqwest::{Response, header::CONTENT_TYPE};
use serde_json::Value;

pub use endpoint::{EMBEDDING_MODEL, Endpoint, MOST_RETRIES, SetupError};
pub use listing::{Listed, Trouble};
pub use presets::{PRESETS, Preset};
pub use puppet_types::Secret;
pub use quirks::Api;

use crate::{CallContext, Completion, Llm, LlmProvider, Request, Terms, Usage, Worst};
use attempts::{Attempts, Lost};
use fault::{Fault, MOST_BYTES};
use quirks::Quirks;
use said::{Said, fault_inside, fault_of};
use stream::{Cut, Ear};
use told::Told;

/// The provider.
pub struct OpenAi {
    endpoint: Endpoint,
    base: String,
    http: reqwest::Client,
    terms: Terms,
    quirks: Quirks,
    /// Of the model of vectors.
    embedding_quirks: Quirks,
    /// Of the model that looks at texts.
    moderation_quirks: Quirks,
}

impl fmt::Debug for OpenAi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAi").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// An answer as it came.
enum Raw {
    Whole(Value),
    /// Out of pieces.
    Told(Told),
}

impl OpenAi {
    /// Checks the endpoint. Nothing is sent.
    pub fn new(endpoint: Endpoint) -> Result<Self, SetupError> {
        let terms = endpoint.terms()?;
        let base = endpoint.base()?;
        let http = endpoint.http_client()?;
        let preset = endpoint.preset.map(|preset| preset.name);
        let quirks = Quirks::of(&endpoint.name, preset, endpoint.api, &endpoint.model);
        let embedding_quirks = Quirks::of(&endpoint.name, preset, endpoint.api, &endpoint.embedding_model);
        let moderation_quirks = Quirks::of(&endpoint.name, preset, endpoint.api, moderation::MODEL);
        Ok(Self { endpoint, base, http, terms, quirks, embedding_quirks, moderation_quirks })
    }

    /// On which terms it is used.
    pub fn terms(&self) -> Terms {
        self.terms.clone()
    }

    /// The most a request can use.
    pub fn worst_case(&self, request: &Request) -> Worst {
        self.terms.worst(request.prompt_bytes(), request.max_tokens)
    }

    /// What is sent for a request.
    fn body(&self, request: &Request, quirks: &Quirks) -> Result<Value, Fault> {
        let Endpoint { model, stream, .. } = &self.endpoint;
        let body = match self.endpoint.api {
            Api::Chat => chat::body(request, model, quirks, *stream),
            Api::Responses => responses::body(request, model, quirks, *stream),
        };
        body.map_err(|error| Fault::Invalid(error.message))
    }

    const fn path(&self) -> &'static str {
        match self.endpoint.api {
            Api::Chat => "chat/completions",
            Api::Responses => "responses",
        }
    }

    /// Sends until there is an answer; with how many attempts failed that may have been billed.
    async fn ask(
        &self,
        path: &str,
        quirks: &Quirks,
        seed: u64,
        body: impl Fn(&Quirks) -> Result<Value, Fault>,
    ) -> (Result<Raw, Fault>, u32) {
        let of_this = quirks.of_request();
        let learn = |fault: &Fault| {
            let Fault::Unsupported { parameter, by_code, .. } = fault else { return false };
            if *by_code {
                quirks.learn(*parameter, true);
            }
            of_this.learn(*parameter, *by_code)
        };
        let once = || {
            let body = body(&of_this);
            async move { self.send(path, &body?).await }
        };
        Attempts::new(&self.endpoint, seed).run(once, learn).await
    }

    /// One attempt.
    async fn send(&self, path: &str, body: &Value) -> Result<Raw, Lost> {
        let request = self.http.post(format!("{}/{path}", self.base)).json(body);
        let response = request.send().await.map_err(|error| Fault::of_transport(&error))?;
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if response.status().is_success() && kind.starts_with("text/event-stream") {
            let clean = |text: &str| self.endpoint.masked(text);
            let ear = Ear { api: self.endpoint.api, idle: self.endpoint.idle_timeout, clean: &clean };
            return ear.hear(response).await.map(Raw::Told).map_err(|Cut { fault, had_begun }| {
                let lost = Lost::from(fault);
                Lost { may_be_billed: lost.may_be_billed || had_begun, ..lost }
            });
        }
        self.read(response).await.map(Raw::Whole)
    }

    /// A whole body that is no error.
    async fn read(&self, response: Response) -> Result<Value, Lost> {
        let clean = |text: &str| self.endpoint.masked(text);
        let (status, asked) = (response.status(), attempts::asked(response.headers()));
        let bytes = whole(response).await;
        if !status.is_success() {
            let body = bytes.ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
            let fault = fault_of(status.as_u16(), body.as_ref().and_then(Said::of).as_ref(), asked, clean);
            return Err(Lost { asked, ..fault.into() });
        }
        // Read here, so that a body that stops halfway is an attempt that failed.
        let bytes = bytes?;
        let Ok(body) = serde_json::from_slice::<Value>(&bytes) else {
            let is_page = bytes.trim_ascii_start().starts_with(b"<");
            let page = || Fault::WrongAddress("a web page answers there".to_owned());
            return Err(if is_page { page() } else { Fault::Unreadable }.into());
        };
        match Said::of(&body) {
            Some(said) => Err(fault_inside(&said, clean).into()),
            None => Ok(body),
        }
    }

    fn told(&self, raw: Raw) -> Result<Told, Fault> {
        match (raw, self.endpoint.api) {
            (Raw::Told(told), _) => Ok(told),
            (Raw::Whole(body), Api::Chat) => chat::answer(&body),
            (Raw::Whole(body), Api::Responses) => responses::answer(&body, |text| self.endpoint.masked(text)),
        }
    }

    /// With what it took.
    fn failure(&self, fault: &Fault, used: Vec<Charge>) -> Failure {
        Failure::told(fault.call_error(&self.endpoint.name, &self.endpoint.model), used)
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
        let once = self.terms.used(request.prompt_bytes(), request.max_tokens.into());
        let (raw, lost) = self.ask(self.path(), &self.quirks, context.seed, |quirks| self.body(request, quirks)).await;
        let raw = raw.map_err(|fault| self.failure(&fault, charges(Worst::NOTHING, once, lost)))?;
        let told = self.told(raw).map_err(|fault| self.failure(&fault, charges(once, once, lost)))?;
        let charged =
            told.usage.map(|usage| self.terms.used(usage.prompt_tokens.into(), usage.completion_tokens.into()));
        let used = charges(charged.unwrap_or(once), once, lost);
        let usage = told.usage.unwrap_or_else(|| {
            // Not told: the worst case counts.
            let prompt_tokens = u32::try_from(request.prompt_bytes()).unwrap_or(u32::MAX);
            Usage { prompt_tokens, completion_tokens: request.max_tokens }
        });
        let value = told
            .completion(usage, &self.endpoint.model, |text| self.endpoint.without_secrets(text))
            .map_err(|fault| self.failure(&fault, used.clone()))?;
        Ok(Answer { value, used, latency: started.elapsed() })
    }

    async fn embed(&self, texts: &[String]) -> Result<Answer<Vec<Vec<f32>>>, Failure> {
        let started = Instant::now();
        let seed = puppet_types::ids::derive_u64(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let once = self.terms.used_embedding(texts.iter().map(|text| text.len() as u64).sum());
        let model = &self.endpoint.embedding_model;
        let failure = |fault: &Fault, used| Failure::told(fault.call_error(&self.endpoint.name, model), used);
        let body = |quirks: &Quirks| Ok(embeddings::body(texts, model, quirks));
        let (raw, lost) = self.ask("embeddings", &self.embedding_quirks, seed, body).await;
        let body = match raw {
            Ok(Raw::Whole(body)) => body,
            Ok(Raw::Told(_)) => return Err(failure(&Fault::Unreadable, charges(once, once, lost))),
            Err(fault) => return Err(failure(&fault, charges(Worst::NOTHING, once, lost))),
        };
        let told = embeddings::usage_of(&body).map(|usage| self.terms.used_embedding(usage.prompt_tokens.into()));
        let used = charges(told.unwrap_or(once), once, lost);
        let value = embeddings::vectors(body, texts.len()).map_err(|fault| failure(&fault, used.clone()))?;
        Ok(Answer { value, used, latency: started.elapsed() })
    }
}

/// What the last attempt took, and those before it that may have been billed.
fn charges(last: Worst, once: Worst, lost: u32) -> Vec<Charge> {
    last.plus(once.times(lost)).charges().to_vec()
}

/// The bytes of a body, bounded.
async fn whole(mut response: Response) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Fault::of_transport(&error))? {
        if body.len() + chunk.len() > MOST_BYTES {
            return Err(Fault::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
