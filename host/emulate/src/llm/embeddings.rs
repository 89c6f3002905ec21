//! `/v1/embeddings`: words thrown onto dimensions, so that texts with the same words are near one another.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use puppet_types::ids::derive_u64;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Asking, Model,
    problems::{Manner, Refusal},
    text,
};
use crate::reply::Reply;

/// Where nobody says how many.
const DIMENSIONS: usize = 1_536;
const MOST_DIMENSIONS: usize = 8_192;

#[derive(Deserialize)]
struct Embed {
    model: String,
    input: Input,
    dimensions: Option<usize>,
    #[serde(default)]
    encoding_format: Format,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Input {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Float,
    Base64,
}

impl Model {
    pub(super) fn embed(&mut self, asking: Asking<'_>, manner: Manner, body: Value) -> Reply {
        let embed: Embed = match serde_json::from_value(body) {
            Ok(embed) => embed,
            Err(error) => return manner.refuse(Refusal::Invalid(error.to_string())),
        };
        let texts = match embed.input {
            Input::One(text) => vec![text],
            Input::Several(texts) => texts,
        };
        let dimensions = embed.dimensions.unwrap_or(DIMENSIONS);
        if texts.is_empty() || texts.iter().any(String::is_empty) || !(1..=MOST_DIMENSIONS).contains(&dimensions) {
            return manner.refuse(Refusal::Invalid("texts and dimensions are needed".to_owned()));
        }
        let one = |(index, text): (usize, &String)| {
            let vector = vector(text, dimensions);
            let embedding = match embed.encoding_format {
                Format::Float => json!(vector),
                Format::Base64 => {
                    json!(STANDARD.encode(vector.iter().flat_map(|part| part.to_le_bytes()).collect::<Vec<u8>>()))
                }
            };
            json!({ "object": "embedding", "index": index, "embedding": embedding })
        };
        let data: Vec<Value> = texts.iter().enumerate().map(one).collect();
        let tokens = text::tokens(texts.iter().map(String::len).sum());
        self.count(tokens, 0);
        let usage = asking.tells_usage().then(|| json!({ "prompt_tokens": tokens, "total_tokens": tokens }));
        Reply::new(200, json!({ "object": "list", "data": data, "model": embed.model, "usage": usage }))
    }
}

/// Of length one.
fn vector(text: &str, dimensions: usize) -> Vec<f32> {
    let mut vector = vec![0.0_f32; dimensions];
    for word in text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let number = derive_u64(&["word", &word.to_lowercase()]);
        let place = usize::try_from(number % dimensions as u64).unwrap_or_default();
        vector[place] += if number >> 63 == 0 { 1.0 } else { -1.0 };
    }
    let length = vector.iter().map(|part| part * part).sum::<f32>().sqrt();
    if length == 0.0 {
        vector[0] = 1.0;
        return vector;
    }
    vector.iter_mut().for_each(|part| *part /= length);
    vector
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_with_the_same_words_are_near() {
        let near = |left: &str, right: &str| {
            let (left, right) = (vector(left, 256), vector(right, 256));
            left.iter().zip(&right).map(|(left, right)| left * right).sum::<f32>()
        };
        assert!((near("the tide is early", "The tide is early!") - 1.0).abs() < 1e-5);
        assert!(near("the tide is early", "the tide is late") > near("the tide is early", "gulls eat chips"));
        assert_eq!(vector("...", 4), [1.0, 0.0, 0.0, 0.0]);
    }
}
