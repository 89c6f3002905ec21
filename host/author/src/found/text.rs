//! What is asked of a text.

use serde_json::Value;

use crate::scenario::TextExpected;

/// What a decision says: of a thread its parts, joined by line ends; of a memory its words.
pub fn said(decision: &Value) -> Option<String> {
    let body = decision.get("body")?;
    if let Some(parts) = body.get("parts").and_then(Value::as_array) {
        return Some(parts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"));
    }
    let memory = body.get("memory").and_then(|memory| memory.get("content"));
    let text = body.get("text").or(memory).or_else(|| body.get("cause")).or_else(|| body.get("reason"));
    text.and_then(Value::as_str).map(str::to_owned)
}

/// What a text is not that it has to be: which key, and what that asks for.
pub fn wrong_text(expected: &TextExpected, text: &str, weigh: fn(&str) -> u32) -> Vec<(&'static str, String)> {
    let mut wrong = Vec::new();
    if let Some(is) = expected.is.as_ref().filter(|is| *is != text) {
        wrong.push(("is", is.clone()));
    }
    if let Some(start) = expected.starts_with.as_ref().filter(|start| !text.starts_with(*start)) {
        wrong.push(("starts_with", format!("{start}…")));
    }
    for part in expected.contains.iter().filter(|part| !text.contains(*part)) {
        wrong.push(("contains", format!("… {part} …")));
    }
    for part in expected.lacks.iter().filter(|part| text.contains(*part)) {
        wrong.push(("lacks", format!("nothing like `{part}`")));
    }
    if let Some(pattern) = &expected.matches
        && !regex::Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
    {
        wrong.push(("matches", format!("/{pattern}/")));
    }
    let weight = weigh(text);
    if let Some(most) = expected.max_weight.filter(|most| weight > *most) {
        wrong.push(("max_weight", format!("at most {most}, and it weighs {weight}")));
    }
    if let Some(least) = expected.min_weight.filter(|least| weight < *least) {
        wrong.push(("min_weight", format!("at least {least}, and it weighs {weight}")));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn keys(expected: &str, text: &str) -> Vec<&'static str> {
        let expected: TextExpected = toml::from_str(expected).unwrap();
        let weigh = |text: &str| u32::try_from(text.len()).unwrap();
        wrong_text(&expected, text, weigh).into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn each_condition_is_one_that_can_fail() {
        let cases = [
            ("is = \"Good morning\"", "is"),
            ("starts_with = \"morning\"", "starts_with"),
            ("contains = [\"tide\", \"evening\"]", "contains"),
            ("lacks = [\"tide\"]", "lacks"),
            ("matches = '^\\d+$'", "matches"),
            ("max_weight = 5", "max_weight"),
            ("min_weight = 50", "min_weight"),
        ];
        for (expected, key) in cases {
            assert_eq!(keys(expected, "Good morning, tide"), [key], "{expected}");
        }
        let all = "is = \"a1\"\nstarts_with = \"a\"\ncontains = [\"1\"]\nlacks = [\"2\"]\nmatches = '\\d'\nmax_weight = 2\nmin_weight = 2";
        assert!(keys(all, "a1").is_empty());
    }

    #[test]
    fn the_words_of_a_decision() {
        let cases = [
            (json!({ "kind": "post", "body": { "text": "a" } }), Some("a")),
            (json!({ "kind": "thread", "body": { "parts": ["a", "b"] } }), Some("a\nb")),
            (json!({ "kind": "remember", "body": { "memory": { "content": "c" } } }), Some("c")),
            (json!({ "kind": "like", "body": { "of": { "id": "7" } } }), None),
        ];
        for (decision, text) in cases {
            assert_eq!(said(&decision).as_deref(), text);
        }
    }
}
