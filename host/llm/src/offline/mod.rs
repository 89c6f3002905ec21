//! Deterministic text made from the persona's own material: no model, no network, and it never claims to be one.
//! The same question of the same agent under the same seed has the same answer on every machine.

mod answers;
mod bank;
mod choice;
mod contractions;
mod embedding;
mod finish;
mod focus;
mod frames;
mod grammar;
mod manner;
mod nouns;
mod random;
mod task;
mod words;
mod writer;

use std::time::Duration;

use async_trait::async_trait;
use puppet_grants::{Answer, Failure};
use puppet_types::{CallError, Code, ids::derive_u64};

use crate::{CallContext, Completion, LlmProvider, Price, Request, Role, Terms, Usage, Worst};

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
        let free = Some(Price::FREE);
        let (model, priced_as) = (MODEL.to_owned(), MODEL.to_owned());
        Terms { paid: false, price: free, embedding_price: free, attempts: 1, model, priced_as }
    }

    /// The answer to a request. A pure function of its arguments.
    pub fn text(request: &Request, context: &CallContext) -> String {
        let mut random = random::Random::new(seed(request, context));
        let bank = bank::Bank::of(context);
        let task = task::Task::of(request);
        let writer = writer::Writer { persona: &context.persona, bank: &bank, task: &task };
        match request.purpose.as_str() {
            "reaction" => answers::reaction(&writer, &mut random),
            "memory" => answers::memory(&writer, &mut random),
            "relationship" => answers::relationship(&writer, &mut random),
            "reply" | "quote" => writer.reply(&mut random),
            "post" => writer.post(&mut random),
            _ if task.said.is_some() => writer.reply(&mut random),
            _ => writer.post(&mut random),
        }
    }
}

fn seed(request: &Request, context: &CallContext) -> u64 {
    let seed = context.seed.to_string();
    let mut parts = vec![seed.as_str(), context.agent.as_str(), request.purpose.as_str()];
    for message in &request.messages {
        parts.push(match message.role {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
        });
        parts.push(&message.content);
    }
    derive_u64(&parts)
}

/// At most so many tokens of four bytes, whole words; and whether it was cut.
fn bounded(mut text: String, max_tokens: u32) -> (String, bool) {
    let most = (max_tokens as usize).saturating_mul(4);
    if text.len() <= most {
        return (text, false);
    }
    let mut end = most;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let word = text.get(..end).and_then(|cut| cut.rfind(char::is_whitespace)).filter(|at| *at > 0);
    text.truncate(word.unwrap_or(end));
    (text, true)
}

fn tokens(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(4)).unwrap_or(u32::MAX)
}

#[async_trait]
impl LlmProvider for Offline {
    async fn complete(&self, request: &Request, context: &CallContext) -> Result<Answer<Completion>, Failure> {
        if request.response_schema.is_some() {
            let message = "the offline model writes prose: its answers have no shape";
            return Err(Failure::told(CallError::new(Code::Refused, message), Worst::NOTHING.charges().to_vec()));
        }
        let (text, cut) = bounded(Self::text(request, context), request.max_tokens);
        let usage =
            Usage { prompt_tokens: tokens(request.prompt_bytes()), completion_tokens: tokens(text.len() as u64) };
        let used = Self::terms().used(usage.prompt_tokens.into(), usage.completion_tokens.into()).charges().to_vec();
        let finish = if cut { "length" } else { "stop" }.to_owned();
        let value = Completion { text, model: MODEL.to_owned(), usage, finish, ..Completion::default() };
        Ok(Answer { value, used, latency: LATENCY })
    }

    async fn embed(&self, texts: &[String]) -> Result<Answer<Vec<Vec<f32>>>, Failure> {
        let bytes = texts.iter().map(|text| text.len() as u64).sum();
        let value = texts.iter().map(|text| embedding::embedded(text)).collect();
        let used = Self::terms().used(tokens(bytes).into(), 0).charges().to_vec();
        Ok(Answer { value, used, latency: Duration::from_millis(50) })
    }
}
