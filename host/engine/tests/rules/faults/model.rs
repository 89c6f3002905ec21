//! A language model that is paid for: it tells what it charges, and sometimes charges more than was reserved, takes too
//! long, fails, or is never heard of again.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use puppet_grants::{Amount, Answer, Charge, Failure};
use puppet_llm::{CallContext, Completion, LlmProvider, Price, Request, Terms, Usage};
use puppet_types::{CallError, Code};

use super::world::{Weather, World};

/// It.
pub struct Model {
    world: Arc<World>,
}

/// Somebody is billed, in tokens.
pub fn terms() -> Terms {
    let free = Some(Price::FREE);
    let (model, priced_as) = ("counted".to_owned(), "configured".to_owned());
    Terms { paid: true, price: free, embedding_price: free, attempts: 1, model, priced_as }
}

impl Model {
    /// With this weather.
    pub fn new(world: Arc<World>) -> Self {
        Self { world }
    }

    fn answer(&self, context: &CallContext, tokens: u64, latency: Duration) -> Answer<Completion> {
        self.world.charged(&context.agent, tokens);
        let usage = Usage { prompt_tokens: u32::try_from(tokens).unwrap_or(u32::MAX) - 1, completion_tokens: 1 };
        let text = format!("an answer to {:016x} for {tokens}", context.seed);
        let value =
            Completion { text, model: "counted".to_owned(), usage, finish: "stop".to_owned(), ..Completion::default() };
        Answer { value, used: charges(tokens), latency }
    }
}

fn charges(tokens: u64) -> Vec<Charge> {
    vec![Charge { amount: Amount::Tokens, quantity: tokens }, Charge { amount: Amount::Usd, quantity: 0 }]
}

#[async_trait]
impl LlmProvider for Model {
    async fn complete(&self, _: &Request, context: &CallContext) -> Result<Answer<Completion>, Failure> {
        self.world.pause().await;
        let weather = self.world.weather("model");
        let tokens = 2 + self.world.below(10);
        self.world.say(format!("asked for {} {weather:?} {tokens}", context.agent));
        let refused = |code, words: &str| Err(CallError::new(code, words).into());
        match weather {
            Weather::Fine => Ok(self.answer(context, tokens, Duration::ZERO)),
            // It says more than anybody reserved.
            Weather::Broken => Ok(self.answer(context, tokens + 90, Duration::ZERO)),
            // It is charged, and comes too late.
            Weather::LostAnswer => Ok(self.answer(context, tokens, Duration::from_secs(600))),
            Weather::Refused => {
                self.world.charged(&context.agent, 0);
                Err(Failure::told(CallError::new(Code::ProviderUnavailable, "connection refused"), charges(0)))
            }
            Weather::TooMany => {
                self.world.charged(&context.agent, 0);
                refused(Code::RateLimited, "429")
            }
            // Whether it is billed nobody knows.
            Weather::LostRequest | Weather::Forbidden => refused(Code::Timeout, "no answer"),
            Weather::CrashBefore => {
                self.world.crash("before the model answers");
                refused(Code::Timeout, "nobody hears this")
            }
            Weather::CrashAfter => {
                let answer = self.answer(context, tokens, Duration::ZERO);
                self.world.crash("after the model answered");
                Ok(answer)
            }
        }
    }

    async fn embed(&self, _: &[String]) -> Result<Answer<Vec<Vec<f32>>>, Failure> {
        Ok(Answer::free(Vec::new()))
    }
}
