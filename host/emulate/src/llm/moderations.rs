//! `/v1/moderations`: a category is flagged whose name stands in the text in brackets, as in `[violence]`.

use serde_json::{Map, Value, json};

use super::problems::{Manner, Refusal};
use crate::reply::Reply;

const CATEGORIES: [&str; 13] = [
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
];

pub(super) fn judged(manner: Manner, body: &Value) -> Reply {
    let texts: Vec<&str> = match &body["input"] {
        Value::String(text) => vec![text.as_str()],
        Value::Array(several) => several.iter().filter_map(|one| one.as_str().or(one["text"].as_str())).collect(),
        _ => Vec::new(),
    };
    if texts.is_empty() {
        return manner.refuse(Refusal::Invalid("input is needed".to_owned()));
    }
    let results: Vec<Value> = texts.into_iter().map(result).collect();
    let model = body["model"].as_str().unwrap_or("omni-moderation-latest");
    Reply::new(200, json!({ "id": "modr-1", "model": model, "results": results }))
}

fn result(text: &str) -> Value {
    let is_flagged = |category: &str| text.contains(&format!("[{category}]"));
    let of = |value: fn(bool) -> Value| {
        let all = CATEGORIES.into_iter().map(|category| (category.to_owned(), value(is_flagged(category))));
        Value::Object(all.collect::<Map<_, _>>())
    };
    json!({
        "flagged": CATEGORIES.into_iter().any(is_flagged), "categories": of(|flagged| json!(flagged)),
        "category_scores": of(|flagged| json!(if flagged { 0.99 } else { 0.01 })),
        "category_applied_input_types": of(|_| json!(["text"])),
    })
}
