//! Providers that answer what the scenario says, and note what it does not say.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use puppet_author::{
    scenario::{Balance, MarketAnswer},
    script::{Asked, Fetched, Script},
};
use puppet_grants::{Amount, Answer, Charge, Failure};
use puppet_http::{Ask, Fetch, Page, Pages};
use puppet_llm::{CallContext, Completion, LlmProvider, Offline, Request, ToolCall, Usage, route::Link};
use puppet_market::{PriceNow, Quotes, TokenInfo, Trend};
use puppet_types::{
    AgentId, CallError, Code, EffectId, StateBytes, Timestamp,
    trade::{Candle, Mint, Origin, SwapIntent},
};
use puppet_wallet::{Purses, SwapError, SwapQuote, SwapResult, TokenBalance};
use serde::de::DeserializeOwned;

/// One of each provider, over one script.
pub struct Doubles {
    script: Mutex<Script>,
    balances: Vec<Balance>,
    /// Answers what is not written down; what it answers is kept.
    recorder: Option<Recorder>,
    recorded: Mutex<Vec<Recorded>>,
}

/// Real providers, for what is not written down.
#[derive(Clone)]
pub struct Recorder {
    /// The configured model, where there is one but the offline one.
    pub model: Option<Link>,
    /// The web, where the pack asks for it.
    pub pages: Option<Arc<dyn Pages>>,
}

/// What a real provider answered.
#[derive(Debug, Clone)]
pub enum Recorded {
    /// A text, and what it was for.
    Text(String, Completion),
    /// A page, and how it was asked for.
    Page(Ask, Page),
}

impl Doubles {
    /// Over the answers of a scenario.
    pub fn new(script: Script, balances: Vec<Balance>, recorder: Option<Recorder>) -> Arc<Self> {
        Arc::new(Self { script: Mutex::new(script), balances, recorder, recorded: Mutex::default() })
    }

    /// What is answered, and what was not.
    pub fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn model(&self) -> Option<&Link> {
        self.recorder.as_ref()?.model.as_ref()
    }

    fn record(&self, recorded: Recorded) {
        self.script().missing.pop();
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner).push(recorded);
    }

    /// What real providers answered, in order.
    pub fn recorded(&self) -> Vec<Recorded> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn market<T: DeserializeOwned>(&self, operation: &str, about: &str) -> Result<T, CallError> {
        let found = self.script().market(operation, about);
        let Some(MarketAnswer { value, error, .. }) = found else {
            return Err(unanswered(&format!("market.{operation}")));
        };
        if let Some(error) = error {
            return Err(error.error());
        }
        let value = serde_json::to_value(value).map_err(|error| odd(operation, &error))?;
        serde_json::from_value(value).map_err(|error| odd(operation, &error))
    }
}

/// The guest finds a provider that is away; the scenario fails, and says what would answer.
fn unanswered(call: &str) -> CallError {
    CallError::new(Code::ProviderUnavailable, format!("the scenario has no answer for {call}"))
}

fn odd(operation: &str, error: &serde_json::Error) -> CallError {
    CallError::new(Code::InvalidAnswer, format!("the scenario's answer for market.{operation} is none: {error}"))
}

#[async_trait]
impl LlmProvider for Doubles {
    async fn complete(&self, request: &Request, context: &CallContext) -> Result<Answer<Completion>, Failure> {
        let asked = self.script().has_texts();
        if !asked && self.model().is_none() {
            return Offline.complete(request, context).await;
        }
        let prompt: Vec<&str> = request.messages.iter().map(|message| message.content.as_str()).collect();
        let prompt = prompt.join("\n");
        let found = self.script().llm(Asked { purpose: &request.purpose, prompt: &prompt });
        let Some(answer) = found else {
            let Some(real) = self.model() else { return Err(unanswered("llm.complete").into()) };
            let answer = real.provider.complete(request, context).await?;
            self.record(Recorded::Text(request.purpose.clone(), answer.value.clone()));
            return Ok(Answer { used: used(answer.value.usage), value: answer.value, latency: Duration::ZERO });
        };
        if let Some(error) = answer.error {
            return Err(error.error().into());
        }
        let text = answer.text.unwrap_or_default();
        let tokens = |bytes: usize| u32::try_from(bytes.div_ceil(4)).unwrap_or(u32::MAX);
        let usage = match answer.usage {
            Some(usage) => Usage { prompt_tokens: usage.prompt, completion_tokens: usage.completion },
            None => Usage { prompt_tokens: tokens(prompt.len()), completion_tokens: tokens(text.len()) },
        };
        let tool_calls: Vec<ToolCall> = answer
            .tool_calls
            .into_iter()
            .map(|call| {
                let arguments = serde_json::to_string(&call.arguments).unwrap_or_default();
                ToolCall { id: call.id, name: call.name, arguments }
            })
            .collect();
        let finish = if tool_calls.is_empty() { "stop" } else { "tool_calls" }.to_owned();
        let value =
            Completion { text, model: "scenario".to_owned(), usage, finish, tool_calls, ..Completion::default() };
        Ok(Answer { value, used: used(usage), latency: Duration::ZERO })
    }

    async fn embed(&self, texts: &[String]) -> Result<Answer<Vec<Vec<f32>>>, Failure> {
        if !self.script().has_vectors() {
            return Offline.embed(texts).await;
        }
        let found = self.script().embed(texts.len());
        let answer = found.ok_or_else(|| Failure::from(unanswered("llm.embed")))?;
        match answer.error {
            Some(error) => Err(error.error().into()),
            None => Ok(Answer::free(answer.vectors)),
        }
    }
}

fn used(usage: Usage) -> Vec<Charge> {
    let tokens = u64::from(usage.prompt_tokens) + u64::from(usage.completion_tokens);
    vec![Charge { amount: Amount::Tokens, quantity: tokens }, Charge { amount: Amount::Usd, quantity: 0 }]
}

#[async_trait]
impl Quotes for Doubles {
    async fn candles(
        &self,
        _: &AgentId,
        market: &str,
        _: u32,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<Candle>, CallError> {
        let mut bars: Vec<Candle> = self.market("candles", market)?;
        bars.retain(|bar| bar.at < before);
        Ok(bars.split_off(bars.len().saturating_sub(limit)))
    }

    async fn quote(&self, _: &AgentId, market: &str) -> Result<PriceNow, CallError> {
        self.market("quote", market)
    }

    async fn trending(&self, _: &AgentId, limit: usize) -> Result<Vec<Trend>, CallError> {
        let mut trends: Vec<Trend> = self.market("trending", "")?;
        trends.truncate(limit);
        Ok(trends)
    }

    async fn token_info(&self, _: &AgentId, token: &str) -> Result<TokenInfo, CallError> {
        self.market("token-info", token)
    }
}

#[async_trait]
impl Pages for Doubles {
    async fn fetch(&self, of: &Fetch) -> Result<Answer<Page>, Failure> {
        let ask = &of.ask;
        let sent = ask.body.clone().map(StateBytes::into_bytes).unwrap_or_default();
        let asked = Fetched { method: &ask.method, url: &ask.url, body: &String::from_utf8_lossy(&sent) };
        let found = self.script().http(asked);
        let Some(answer) = found else {
            let real = self.recorder.as_ref().and_then(|recorder| recorder.pages.as_ref());
            let Some(real) = real else { return Err(unanswered("http.fetch").into()) };
            let answer = real.fetch(of).await?;
            if let StateBytes::Hex(_) = answer.value.body {
                let message = "what came back is no text: write it down by hand";
                return Err(CallError::new(Code::InvalidAnswer, message).into());
            }
            self.record(Recorded::Page(ask.clone(), answer.value.clone()));
            return Ok(Answer { latency: Duration::ZERO, ..answer });
        };
        let used = |bytes: usize| {
            let bytes = Charge { amount: Amount::Bytes, quantity: bytes as u64 };
            vec![Charge { amount: Amount::Requests, quantity: 1 }, bytes]
        };
        if let Some(error) = answer.error {
            return Err(Failure::told(error.error(), used(sent.len())));
        }
        let body = answer.body.unwrap_or_default();
        let used = used(sent.len() + body.len());
        if body.len() as u64 > of.most_bytes {
            let message = format!("the scenario answers with more than {} bytes", of.most_bytes);
            return Err(Failure::told(CallError::new(Code::TooLong, message), used));
        }
        let headers = answer.headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        let (status, url) = (answer.status.unwrap_or(200), ask.url.clone());
        let value = Page { status, url, headers, body: StateBytes::Text(body), is_cached: false };
        Ok(Answer { value, used, latency: Duration::ZERO })
    }
}

#[async_trait]
impl Purses for Doubles {
    async fn balances(&self, _: &AgentId) -> Result<Vec<TokenBalance>, CallError> {
        let of = |Balance { mint, symbol, amount, decimals }: &Balance| {
            let odd = || CallError::new(Code::InvalidInput, format!("the scenario's balance: `{mint}` is no mint"));
            let mint = Mint::parse(mint).ok_or_else(odd)?;
            Ok(TokenBalance { mint, symbol: symbol.clone(), amount: *amount, decimals: *decimals })
        };
        self.balances.iter().map(of).collect()
    }

    async fn quote(&self, _: &AgentId, _: &Mint, out_mint: &Mint, _: u64) -> Result<SwapQuote, CallError> {
        self.market("swap-quote", out_mint.as_str())
    }

    /// What a rule of the operator's would say is not the plugin's to test.
    async fn look(&self, _: &AgentId, _: &SwapIntent, _: Origin) -> Result<(), CallError> {
        Ok(())
    }

    fn purse(&self, _: &AgentId) -> Option<String> {
        Some("scenario".to_owned())
    }

    async fn swap(
        &self,
        _: &EffectId,
        _: &str,
        _: &AgentId,
        _: &SwapIntent,
        _: Origin,
    ) -> Result<SwapResult, SwapError> {
        Err(SwapError::UnderWay("a scenario ends with the decision".to_owned()))
    }
}

/// What of an answer of a real provider goes into a scenario: the list that it belongs to, and its keys.
pub fn as_answer(recorded: &Recorded) -> (&'static str, Vec<(&'static str, toml_edit::Value)>) {
    match recorded {
        Recorded::Text(purpose, completion) => {
            let mut usage = toml_edit::InlineTable::new();
            usage.insert("prompt", i64::from(completion.usage.prompt_tokens).into());
            usage.insert("completion", i64::from(completion.usage.completion_tokens).into());
            let (purpose, text) = (purpose.as_str().into(), completion.text.as_str().into());
            ("llm", vec![("purpose", purpose), ("text", text), ("usage", usage.into())])
        }
        Recorded::Page(ask, page) => {
            // What tells when it was asked is of no use, and another one each time.
            let mut headers = toml_edit::InlineTable::new();
            for (name, value) in page.headers.iter().filter(|(name, _)| name == "content-type") {
                headers.insert(name, value.as_str().into());
            }
            let body = match &page.body {
                StateBytes::Text(text) | StateBytes::Hex(text) => text.as_str().into(),
            };
            let (method, url) = (ask.method.as_str().into(), ask.url.as_str().into());
            let status = i64::from(page.status).into();
            let keys = vec![("method", method), ("url", url), ("status", status), ("headers", headers.into())];
            ("http", keys.into_iter().chain([("body", body)]).collect())
        }
    }
}
