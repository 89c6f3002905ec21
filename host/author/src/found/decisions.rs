//! Decisions beside those that were expected.

use serde_json::Value;
use toml::Spanned;

use super::{Difference, Place, difference, said, wrong_text};
use crate::scenario::{ExpectedDecision, Match, Step};

/// How a step's decisions are compared.
pub fn compared(step: &Step) -> Match {
    step.decisions.unwrap_or(if step.decision.is_empty() { Match::Any } else { Match::Exact })
}

/// Whether what was decided is what the step says.
pub fn decided(step: &Step, found: &[Value], weigh: fn(&str) -> u32) -> bool {
    compare(step, found, &Place { number: 1, line: 1, decisions: &[], weigh }).is_empty()
}

pub(super) fn compare(step: &Step, found: &[Value], place: &Place<'_>) -> Vec<Difference> {
    match compared(step) {
        Match::Any => Vec::new(),
        Match::Exact => exact(&step.decision, found, place),
        Match::Contains => contains(&step.decision, found, place),
    }
}

fn exact(expected: &[Spanned<ExpectedDecision>], found: &[Value], place: &Place<'_>) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (n, decision) in expected.iter().enumerate() {
        let line = place.decisions.get(n).copied().unwrap_or(place.line);
        let path = format!("decision[{}]", n + 1);
        match found.get(n) {
            Some(found) => differences.extend(one(decision.get_ref(), found, &path, place, line)),
            None => {
                let missing = difference(place, &path, decision.get_ref().kind.clone(), "nothing".to_owned());
                differences.push(Difference { line, ..missing });
            }
        }
    }
    for (n, more) in found.iter().enumerate().skip(expected.len()) {
        differences.push(difference(place, &format!("decision[{}]", n + 1), "nothing".to_owned(), written(more)));
    }
    differences
}

/// The first found one that fits each, in order.
fn contains(expected: &[Spanned<ExpectedDecision>], found: &[Value], place: &Place<'_>) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut from = 0;
    for (n, decision) in expected.iter().enumerate() {
        let line = place.decisions.get(n).copied().unwrap_or(place.line);
        let path = format!("decision[{}]", n + 1);
        let fits = |found: &Value| one(decision.get_ref(), found, &path, place, line).is_empty();
        match found[from..].iter().position(fits) {
            Some(at) => from += at + 1,
            None => {
                // The first of its kind tells best what is wrong.
                let near = found[from..].iter().find(|found| found["kind"] == *decision.get_ref().kind);
                match near {
                    Some(near) => differences.extend(one(decision.get_ref(), near, &path, place, line)),
                    None => {
                        let kinds: Vec<&str> = found.iter().filter_map(|found| found["kind"].as_str()).collect();
                        let is = if kinds.is_empty() { "nothing".to_owned() } else { kinds.join(", ") };
                        let missing = difference(place, &path, decision.get_ref().kind.clone(), is);
                        differences.push(Difference { line, ..missing });
                    }
                }
            }
        }
    }
    differences
}

fn one(expected: &ExpectedDecision, found: &Value, path: &str, place: &Place<'_>, line: usize) -> Vec<Difference> {
    if found["kind"] != *expected.kind {
        let is = difference(place, &format!("{path}.kind"), expected.kind.clone(), written(found));
        return vec![Difference { line, ..is }];
    }
    let mut differences = Vec::new();
    let body = serde_json::to_value(&expected.body).unwrap_or_default();
    let mut differs = |path: String, expected: String, is: String| {
        differences.push(Difference { line, ..difference(place, &path, expected, is) });
    };
    subset(&body, &found["body"], &format!("{path}.body"), &mut differs);
    if let Some(expected) = &expected.text {
        let text = said(found);
        match text {
            Some(text) => {
                for (key, asked) in wrong_text(expected, &text, place.weigh) {
                    differs(format!("{path}.text.{key}"), asked, text.clone());
                }
            }
            None => differs(format!("{path}.text"), "a text".to_owned(), "it says nothing".to_owned()),
        }
    }
    differences
}

/// Whether all that is named is there. Lists are compared whole, numbers by value.
fn subset(expected: &Value, found: &Value, path: &str, differs: &mut impl FnMut(String, String, String)) {
    match (expected, found) {
        (Value::Object(named), Value::Object(there)) => {
            for (key, value) in named {
                let path = format!("{path}.{key}");
                match there.get(key) {
                    Some(is) => subset(value, is, &path, differs),
                    None => {
                        let keys: Vec<&str> = there.keys().map(String::as_str).collect();
                        differs(path, short(value), format!("no such key; there are {}", keys.join(", ")));
                    }
                }
            }
        }
        (Value::Array(named), Value::Array(there)) if named.len() == there.len() => {
            for (n, (value, is)) in named.iter().zip(there).enumerate() {
                subset(value, is, &format!("{path}[{n}]"), differs);
            }
        }
        (expected, found) if same(expected, found) => {}
        // Of another type the texts alone may look the same.
        (expected, found) if short(expected) == short(found) => {
            differs(path.to_owned(), expected.to_string(), found.to_string());
        }
        (expected, found) => differs(path.to_owned(), short(expected), short(found)),
    }
}

fn same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        // What is no whole number is written with six digits after the point at most.
        (Some(a), Some(b)) if one.is_f64() || other.is_f64() => (a - b).abs() <= 1e-9 * a.abs().max(b.abs()),
        _ => one == other,
    }
}

/// A decision on a line.
pub fn written(decision: &Value) -> String {
    let kind = decision["kind"].as_str().unwrap_or_default();
    match said(decision) {
        Some(text) => format!("{kind} “{text}”"),
        None => format!("{kind} {}", decision["body"]),
    }
}

fn short(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What a step of this text says of decisions.
    fn paths(step: &str, found: &[Value]) -> Vec<String> {
        let step: Step = toml::from_str(step).unwrap();
        let place = Place { number: 1, line: 3, decisions: &[], weigh: |text| u32::try_from(text.len()).unwrap() };
        compare(&step, found, &place).into_iter().map(|difference| difference.path).collect()
    }

    fn post(text: &str) -> Value {
        json!({ "kind": "post", "body": { "text": text, "images": [] } })
    }

    #[test]
    fn only_what_is_named_is_compared() {
        let like = json!({ "kind": "like", "body": { "of": { "id": "7" } } });
        let step = "[[decision]]\nkind = \"post\"\ntext = { contains = [\"tide\"] }\n[[decision]]\nkind = \"like\"\nbody = { of = { id = \"7\" } }";
        assert!(paths(step, &[post("the tide"), like.clone()]).is_empty());
        assert_eq!(paths(step, &[post("the moon"), like.clone()]), ["decision[1].text.contains"]);
        assert_eq!(paths(step, &[post("the tide")]), ["decision[2]"]);
        assert_eq!(paths(step, &[post("the tide"), like, post("more")]), ["decision[3]"]);
        let other = json!({ "kind": "like", "body": { "of": { "id": "8" } } });
        assert_eq!(paths(step, &[post("the tide"), other]), ["decision[2].body.of.id"]);
        assert_eq!(paths(step, &[post("the tide"), post("x")]), ["decision[2].kind"]);
    }

    #[test]
    fn others_may_stand_between_and_nothing_may_be_decided_where_none_is_named() {
        let step = "decisions = \"contains\"\n[[decision]]\nkind = \"post\"\ntext = { is = \"b\" }";
        assert!(paths(step, &[post("a"), post("b"), post("c")]).is_empty());
        assert_eq!(paths(step, &[post("a")]), ["decision[1].text.is"]);
        assert_eq!(paths("decisions = \"exact\"", &[post("a")]), ["decision[1]"]);
        assert!(paths("", &[post("a")]).is_empty(), "nothing is said of decisions");
    }

    #[test]
    fn a_number_and_its_text_are_told_apart() {
        let step: Step = toml::from_str("[[decision]]\nkind = \"like\"\nbody = { of = { id = 7 } }").unwrap();
        let place = Place { number: 1, line: 3, decisions: &[], weigh: |_| 0 };
        let like = json!({ "kind": "like", "body": { "of": { "id": "7" } } });
        let found = &compare(&step, &[like], &place)[0];
        assert_eq!((found.expected.as_str(), found.found.as_str()), ("7", "\"7\""));
    }

    #[test]
    fn numbers_are_compared_by_value_and_lists_whole() {
        let mood = json!({ "kind": "shift_mood", "body": { "valence": 0.1, "cause": "x" } });
        assert!(
            paths("[[decision]]\nkind = \"shift_mood\"\nbody = { valence = 0.1 }", std::slice::from_ref(&mood))
                .is_empty()
        );
        assert_eq!(
            paths("[[decision]]\nkind = \"shift_mood\"\nbody = { valence = 1 }", &[mood]),
            ["decision[1].body.valence"]
        );
        let emit = json!({ "kind": "emit", "body": { "target": { "agents": ["a", "b"] } } });
        assert_eq!(
            paths("[[decision]]\nkind = \"emit\"\nbody = { target = { agents = [\"a\"] } }", &[emit]),
            ["decision[1].body.target.agents"]
        );
    }
}
