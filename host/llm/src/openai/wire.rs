//! The protocol's JSON, read leniently: endpoints leave out what they do not know.

use puppet_types::{CallError, Code};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{Request, Role, Sampling, Usage};

/// Most bytes of an answer's text: several times what the most tokens of a request make. A guest could not take in
/// much more, and would be blamed for it.
const TEXT_BYTES: usize = 256 << 10;
/// Most numbers of all vectors of an answer: 64 texts of 4,096.
const NUMBERS: usize = 64 * 4_096;

#[derive(Debug, Deserialize)]
pub(super) struct ChatResponse {
    #[serde(default)]
    pub(super) choices: Vec<Choice>,
    #[serde(default)]
    pub(super) model: Option<String>,
    #[serde(default)]
    pub(super) usage: Option<TokenUsage>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    message: AnswerMessage,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct AnswerMessage {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct TokenUsage {
    pub(super) prompt_tokens: u64,
    #[serde(default)]
    pub(super) completion_tokens: u64,
}

impl TokenUsage {
    /// What an endpoint says is believed as far as it can be added up.
    pub(super) fn bounded(self) -> Usage {
        let bounded = |tokens: u64| u32::try_from(tokens).unwrap_or(u32::MAX);
        Usage { prompt_tokens: bounded(self.prompt_tokens), completion_tokens: bounded(self.completion_tokens) }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct EmbeddingResponse {
    #[serde(default)]
    pub(super) data: Vec<Embedding>,
    #[serde(default)]
    pub(super) usage: Option<TokenUsage>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Embedding {
    #[serde(default)]
    index: usize,
    embedding: Vec<f32>,
}

pub(super) fn chat_request(request: &Request, model: &str) -> Value {
    let messages: Vec<Value> = request
        .messages
        .iter()
        .map(|message| {
            let role = match message.role {
                Role::System => "system",
                Role::User => "user",
                Role::Assistant => "assistant",
                Role::Tool => "tool",
            };
            let mut out = json!({"role": role, "content": message.content});
            if let Some(name) = &message.name {
                out["name"] = json!(name);
            }
            out
        })
        .collect();
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(model));
    body.insert("messages".to_owned(), Value::Array(messages));
    let thinks = thinks(model);
    // Models that think do not know the old name; endpoints at home often do not know the new one.
    let bound = if thinks { "max_completion_tokens" } else { "max_tokens" };
    body.insert(bound.to_owned(), json!(request.max_tokens));
    body.insert("stream".to_owned(), json!(false));
    if !thinks {
        sampled(&mut body, &request.sampling);
    }
    Value::Object(body)
}

/// Models that refuse sampling parameters.
fn thinks(model: &str) -> bool {
    ["o1", "o3", "o4", "gpt-5"].iter().any(|family| model.starts_with(family))
}

fn sampled(body: &mut Map<String, Value>, sampling: &Sampling) {
    let numbers = [
        ("temperature", sampling.temperature),
        ("top_p", sampling.top_p),
        ("presence_penalty", sampling.presence_penalty),
        ("frequency_penalty", sampling.frequency_penalty),
    ];
    for (name, number) in numbers {
        if let Some(number) = number {
            // Through its shortest text: 0.7, not 0.699999988079071.
            let number = number.to_string().parse::<f64>().unwrap_or_else(|_| f64::from(number));
            body.insert(name.to_owned(), json!(number));
        }
    }
    if !sampling.stop.is_empty() {
        body.insert("stop".to_owned(), json!(sampling.stop));
    }
}

pub(super) fn first_choice(choices: Vec<Choice>) -> Result<(String, String), CallError> {
    let none = || CallError::new(Code::ProviderUnavailable, "the answer holds no text");
    let choice = choices.into_iter().next().ok_or_else(none)?;
    let finish = choice.finish_reason.unwrap_or_else(|| "stop".to_owned());
    let text = choice.message.content.filter(|text| !text.trim().is_empty());
    match (text, choice.message.refusal) {
        (Some(text), _) => Ok((text, finish)),
        (None, Some(_)) => Err(CallError::new(Code::Refused, "the model refused")),
        (None, None) if finish == "content_filter" => Err(CallError::new(Code::Refused, "the answer was filtered")),
        (None, None) => Err(none()),
    }
}

/// A text of bounded length, and why it ended.
pub(super) fn cut(mut text: String, finish: String) -> (String, String) {
    if text.len() <= TEXT_BYTES {
        return (text, finish);
    }
    text.truncate(text.floor_char_boundary(TEXT_BYTES));
    (text, "length".to_owned())
}

pub(super) fn embedding_request(texts: &[String], model: &str) -> Value {
    json!({"model": model, "input": texts, "encoding_format": "float"})
}

pub(super) fn vectors(mut data: Vec<Embedding>, wanted: usize) -> Result<Vec<Vec<f32>>, CallError> {
    data.sort_by_key(|embedding| embedding.index);
    let length = data.first().map_or(0, |first| first.embedding.len());
    let fit = data.len() == wanted
        && (1..=NUMBERS / wanted.max(1)).contains(&length)
        && data.iter().all(|one| one.embedding.len() == length && one.embedding.iter().all(|value| value.is_finite()));
    if !fit {
        return Err(CallError::new(Code::ProviderUnavailable, "the answer does not hold a vector per text"));
    }
    Ok(data.into_iter().map(|embedding| embedding.embedding).collect())
}
