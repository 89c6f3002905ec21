//! `/embeddings`.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Usage,
    openai::{
        fault::Fault,
        quirks::{Parameter, Quirks},
        told::usage,
    },
};

/// Most numbers of all vectors of an answer: 64 texts of 4,096.
const NUMBERS: usize = 64 * 4_096;

#[derive(Debug, Deserialize)]
struct Embedding {
    #[serde(default)]
    index: usize,
    embedding: Vec<f32>,
}

/// The body of a request.
pub(super) fn body(texts: &[String], model: &str, quirks: &Quirks) -> Value {
    let mut body = json!({"model": model, "input": texts});
    if quirks.takes(Parameter::EncodingFormat) {
        body["encoding_format"] = json!("float");
    }
    body
}

/// What it took, where that is told.
pub(super) fn usage_of(body: &Value) -> Option<Usage> {
    usage(body.get("usage"), "prompt_tokens", "completion_tokens")
}

/// A vector per text, in the order of the texts.
pub(super) fn vectors(body: Value, wanted: usize) -> Result<Vec<Vec<f32>>, Fault> {
    let Value::Object(mut body) = body else { return Err(Fault::Unreadable) };
    let data = body.remove("data").unwrap_or_default();
    let mut data: Vec<Embedding> = serde_json::from_value(data).map_err(|_| Fault::Unreadable)?;
    data.sort_by_key(|embedding| embedding.index);
    let length = data.first().map_or(0, |first| first.embedding.len());
    let fit = data.len() == wanted
        && (1..=NUMBERS / wanted.max(1)).contains(&length)
        && data.iter().all(|one| one.embedding.len() == length && one.embedding.iter().all(|value| value.is_finite()));
    if !fit {
        return Err(Fault::Unreadable);
    }
    Ok(data.into_iter().map(|embedding| embedding.embedding).collect())
}
