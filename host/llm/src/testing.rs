//! A model of a script, for tests: what it is to answer, in order; what it was asked is kept.

use std::{collections::VecDeque, sync::Mutex, time::Duration};

use async_trait::async_trait;
use puppet_grants::{Answer, Failure};
use puppet_types::{AgentId, CallError, Code, Persona, Timestamp};

use crate::{CallContext, Completion, LlmProvider, Message, Price, Request, Role, Terms, Usage};

/// See the head of this file.
pub(crate) struct Scripted {
    answers: Mutex<VecDeque<Result<String, Failure>>>,
    asked: Mutex<Vec<Request>>,
    takes: Duration,
}

impl Scripted {
    /// What each answer takes.
    pub(crate) const TOKENS: u64 = 11;

    pub(crate) fn new<'a>(answers: impl IntoIterator<Item = Result<&'a str, Failure>>) -> Self {
        let answers = answers.into_iter().map(|answer| answer.map(str::to_owned)).collect();
        Self { answers: Mutex::new(answers), asked: Mutex::default(), takes: Duration::ZERO }
    }

    /// One that takes its time.
    pub(crate) fn slow<'a>(takes: Duration, answers: impl IntoIterator<Item = Result<&'a str, Failure>>) -> Self {
        Self { takes, ..Self::new(answers) }
    }

    /// A dollar per million tokens, asked once.
    pub(crate) fn terms() -> Terms {
        let price = Price { prompt_usd_micros_per_million: 1_000_000, completion_usd_micros_per_million: 1_000_000 };
        let (model, priced_as) = ("scripted".to_owned(), "configured".to_owned());
        Terms { paid: true, price: Some(price), embedding_price: Some(price), attempts: 1, model, priced_as }
    }

    pub(crate) fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl LlmProvider for Scripted {
    async fn complete(&self, request: &Request, _: &CallContext) -> Result<Answer<Completion>, Failure> {
        self.asked.lock().unwrap().push(request.clone());
        tokio::time::sleep(self.takes).await;
        let text = self.answers.lock().unwrap().pop_front().unwrap_or_else(|| Err(away()))?;
        let usage = Usage { prompt_tokens: Self::TOKENS as u32 - 1, completion_tokens: 1 };
        let (model, finish) = ("scripted".to_owned(), "stop".to_owned());
        let value = Completion { text, model, usage, finish, ..Completion::default() };
        Ok(Answer { value, used: Self::terms().used(Self::TOKENS - 1, 1).charges().to_vec(), latency: Duration::ZERO })
    }

    async fn embed(&self, texts: &[String]) -> Result<Answer<Vec<Vec<f32>>>, Failure> {
        Ok(Answer::free(texts.iter().map(|_| vec![1.0]).collect()))
    }
}

/// Nobody is there, and nobody was asked.
pub(crate) fn away() -> Failure {
    Failure::told(
        CallError::new(Code::ProviderUnavailable, "nobody is there"),
        crate::Worst::NOTHING.charges().to_vec(),
    )
}

pub(crate) fn request(text: &str) -> Request {
    Request {
        purpose: "post".to_owned(),
        messages: vec![Message::new(Role::User, text)],
        max_tokens: 100,
        ..Request::default()
    }
}

pub(crate) fn context(agent: &str) -> CallContext {
    CallContext {
        persona: Persona::default().into(),
        name: agent.to_owned(),
        description: String::new(),
        agent: AgentId::new(agent),
        seed: 7,
        at: Timestamp::from_millis(0),
    }
}
