//! `/moderations`.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use puppet_types::{CallError, ids::derive_u64};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{OpenAi, Raw, fault::Fault};
use crate::Moderator;

/// The model that looks, at OpenAI and whoever speaks its protocol.
pub(super) const MODEL: &str = "omni-moderation-latest";
/// Said where a text is flagged and no category is named.
const UNNAMED: &str = "flagged";

#[derive(Debug, Deserialize)]
struct Found {
    flagged: bool,
    #[serde(default)]
    categories: BTreeMap<String, Option<bool>>,
}

pub(super) fn body(texts: &[String]) -> Value {
    json!({"model": MODEL, "input": texts})
}

/// Categories of an answer to so many texts. One that does not speak of each of them is none.
pub(super) fn categories(body: Value, wanted: usize) -> Result<Vec<String>, Fault> {
    let Value::Object(mut body) = body else { return Err(Fault::Unreadable) };
    let found = body.remove("results").unwrap_or_default();
    let found: Vec<Found> = serde_json::from_value(found).map_err(|_| Fault::Unreadable)?;
    if found.len() != wanted {
        return Err(Fault::Unreadable);
    }
    let is_flagged = found.iter().any(|one| one.flagged);
    let named = found.into_iter().filter(|one| one.flagged).flat_map(|one| one.categories);
    let mut all: BTreeSet<String> = named.filter(|(_, falls)| *falls == Some(true)).map(|(name, _)| name).collect();
    if is_flagged && all.is_empty() {
        all.insert(UNNAMED.to_owned());
    }
    Ok(all.into_iter().collect())
}

#[async_trait]
impl Moderator for OpenAi {
    async fn look(&self, texts: &[String]) -> Result<Vec<String>, CallError> {
        let seed = derive_u64(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let (raw, _) = self.ask("moderations", &self.moderation_quirks, seed, |_| Ok(body(texts))).await;
        let found = match raw {
            Ok(Raw::Whole(body)) => categories(body, texts.len()),
            Ok(Raw::Told(_)) => Err(Fault::Unreadable),
            Err(fault) => Err(fault),
        };
        found.map_err(|fault| fault.call_error(&self.endpoint.name, MODEL))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(flagged: bool, categories: &Value) -> Value {
        json!({"flagged": flagged, "categories": categories, "category_scores": {"hate": 0.9}})
    }

    #[test]
    fn categories_of_all_texts_are_named_once() {
        let bad = found(true, &json!({"violence": true, "hate": true, "self-harm": false, "illicit": null}));
        let fine = found(false, &json!({"hate": false}));
        let all = |results: Value| categories(json!({"id": "m", "results": results}), 2);
        assert_eq!(all(json!([fine, fine])), Ok(Vec::new()));
        assert_eq!(all(json!([fine, bad])), Ok(vec!["hate".to_owned(), "violence".to_owned()]));
        assert_eq!(all(json!([bad, bad])).unwrap().len(), 2);
        assert_eq!(all(json!([{"flagged": true}, fine])), Ok(vec![UNNAMED.to_owned()]));
    }

    #[test]
    fn an_answer_that_does_not_speak_of_every_text_is_none() {
        let fine = found(false, &json!({}));
        for body in [
            json!({"results": [fine]}),
            json!({"results": []}),
            json!({"results": [fine, {"categories": {}}]}),
            json!({"results": [fine, {"flagged": "no"}]}),
            json!({}),
            json!([fine, fine]),
        ] {
            assert_eq!(categories(body.clone(), 2), Err(Fault::Unreadable), "{body}");
        }
    }
}
