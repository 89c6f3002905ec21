//! JSON schemas that a guest hands over: a stranger's, so what a check may cost is bounded before anything is checked.
//! No references (a few of them unfold without end), few patterns, and those of linear time.

use jsonschema::{PatternOptions, Validator};
use puppet_types::{CallError, Code};
use serde_json::{Map, Value};

use crate::request::check;

/// Most bytes of a schema.
pub const SCHEMA_BYTES: usize = 16 << 10;
/// How deep a schema may be.
pub const SCHEMA_DEPTH: usize = 24;
/// Most regular expressions of a schema.
pub const PATTERNS: usize = 16;
/// Most bytes of one when it is compiled.
const PATTERN_BYTES: usize = 256 << 10;
/// Characters kept of what is wrong: it repeats the answer.
const REASON: usize = 300;
/// Most that a check may cost: the weight of the schema times that of the answer.
const CHECKED: usize = 1 << 24;
/// Most of it where it is also told what is wrong: every branch that does not hold leaves an error in memory.
const REASONED: usize = 1 << 17;
/// Keywords by which a schema of a few bytes may cost any time.
const REFUSED: [&str; 5] = ["$ref", "$dynamicRef", "$recursiveRef", "unevaluatedProperties", "unevaluatedItems"];

/// A schema that answers can be held to.
#[derive(Clone)]
pub struct Schema {
    validator: Validator,
    weight: usize,
}

impl Schema {
    /// Of its text, in the draft 2020-12.
    pub fn new(text: &str) -> Result<Self, CallError> {
        let schema = object(text).ok_or_else(|| {
            invalid(format!("a JSON object of at most {SCHEMA_BYTES} bytes and a depth of {SCHEMA_DEPTH}"))
        })?;
        let schema = Value::Object(schema);
        let mut patterns = 0;
        bounded(&schema, &mut patterns)?;
        check(patterns <= PATTERNS, || format!("response-schema: at most {PATTERNS} patterns"))?;
        let validator = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .with_pattern_options(PatternOptions::regex().size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES))
            .should_validate_formats(false)
            .offline()
            .build(&schema);
        let weight = weight(&schema);
        validator.map(|validator| Self { validator, weight }).map_err(|error| invalid(shortened(&error.to_string())))
    }

    /// The JSON of an answer, without the fence that models like to put around it; or what is wrong with it.
    pub fn read<'a>(&self, answer: &'a str) -> Result<&'a str, String> {
        let text = unfenced(answer);
        let value: Value = serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
        let cost = self.weight.saturating_mul(weight(&value));
        if cost > CHECKED {
            return Err("it is too long to be held to this schema".to_owned());
        }
        if self.validator.is_valid(&value) {
            return Ok(text);
        }
        if cost > REASONED {
            return Err("it does not hold".to_owned());
        }
        let wrong = |error: jsonschema::ValidationError<'_>| {
            let place = error.instance_path().to_string();
            let place = if place.is_empty() { String::new() } else { format!("{place}: ") };
            shortened(&format!("{place}{error}"))
        };
        self.validator.validate(&value).map_err(wrong)?;
        Ok(text)
    }
}

/// A bounded text that is a JSON object.
pub(crate) fn object(text: &str) -> Option<Map<String, Value>> {
    let Value::Object(object) = (text.len() <= SCHEMA_BYTES).then(|| serde_json::from_str(text).ok())?? else {
        return None;
    };
    (object.values().map(depth).max().unwrap_or(0) < SCHEMA_DEPTH).then_some(object)
}

fn depth(value: &Value) -> usize {
    1 + match value {
        Value::Object(object) => object.values().map(depth).max().unwrap_or(0),
        Value::Array(array) => array.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Values and keys, long texts as several: checking costs at most what the two sides weigh, multiplied.
fn weight(value: &Value) -> usize {
    let text = |text: &str| 1 + text.len() / 64;
    match value {
        Value::Object(object) => 1 + object.iter().map(|(key, value)| text(key) + weight(value)).sum::<usize>(),
        Value::Array(array) => 1 + array.iter().map(weight).sum::<usize>(),
        Value::String(string) => text(string),
        _ => 1,
    }
}

/// Without the keywords that are refused, wherever they stand; counts the patterns.
fn bounded(value: &Value, patterns: &mut usize) -> Result<(), CallError> {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                if REFUSED.contains(&key.as_str()) {
                    return Err(invalid(format!("`{key}` is not served: write the schema out")));
                }
                *patterns += match (key.as_str(), value) {
                    ("pattern", _) => 1,
                    ("patternProperties", Value::Object(all)) => all.len(),
                    _ => 0,
                };
                bounded(value, patterns)?;
            }
            Ok(())
        }
        Value::Array(array) => array.iter().try_for_each(|value| bounded(value, patterns)),
        _ => Ok(()),
    }
}

/// "```json … ```" and blanks taken off.
fn unfenced(answer: &str) -> &str {
    let text = answer.trim();
    let inner = text.strip_prefix("```").and_then(|text| text.strip_suffix("```"));
    inner.map_or(text, |inner| inner.strip_prefix("json").unwrap_or(inner).trim())
}

fn shortened(text: &str) -> String {
    text.chars().take(REASON).collect()
}

fn invalid(what: impl std::fmt::Display) -> CallError {
    CallError::new(Code::InvalidInput, format!("response-schema: {what}"))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use serde_json::json;

    use super::*;

    const SCHEMA: &str = r#"{"type": "object", "required": ["mood"], "additionalProperties": false,
        "properties": {"mood": {"enum": ["good", "bad"]}, "why": {"type": "string", "pattern": "^[a-z ]+$"}}}"#;

    #[test]
    fn an_answer_is_held_to_its_schema() {
        let schema = Schema::new(SCHEMA).unwrap();
        let good = r#"{"mood": "good"}"#;
        for answer in [good.to_owned(), format!(" {good}\n"), format!("```json\n{good}\n```"), format!("```{good}```")]
        {
            assert_eq!(schema.read(&answer), Ok(good), "{answer}");
        }
        for (answer, said) in [
            ("mood: good", "no JSON"),
            ("", "no JSON"),
            (r#"{"mood": "great"}"#, "/mood: "),
            (r#"{"mood": "bad", "why": "42"}"#, "/why: "),
            (r#"{"mood": "bad", "x": 1}"#, "'x'"),
            ("{}", "\"mood\" is a required property"),
            ("[]", "object"),
        ] {
            let wrong = schema.read(answer).unwrap_err();
            assert!(wrong.contains(said) && wrong.chars().count() <= REASON, "{answer}: {wrong}");
        }
        let long = format!(r#"{{"mood": "{}"}}"#, "é".repeat(10_000));
        assert_eq!(schema.read(&long).unwrap_err().chars().count(), REASON);
    }

    #[test]
    fn a_schema_that_could_cost_too_much_is_refused_by_name() {
        let deep = |n: usize| format!("{}{}{}", r#"{"not":"#.repeat(n), "{}", "}".repeat(n));
        let patterns = |n: usize| {
            json!({"anyOf": (0..n).map(|n| json!({"pattern": format!("a{n}")})).collect::<Vec<_>>()}).to_string()
        };
        let table = [
            ("[]".to_owned(), "a JSON object"),
            ("{".to_owned(), "a JSON object"),
            (format!(r#"{{"title": "{}"}}"#, "x".repeat(SCHEMA_BYTES)), "a JSON object"),
            (deep(SCHEMA_DEPTH + 1), "a depth of 24"),
            (r##"{"$defs": {"a": {}}, "items": {"$ref": "#/$defs/a"}}"##.to_owned(), "`$ref` is not served"),
            (r#"{"unevaluatedItems": false}"#.to_owned(), "`unevaluatedItems` is not served"),
            (patterns(PATTERNS + 1), "at most 16 patterns"),
            (r#"{"pattern": "\\w{10000}"}"#.to_owned(), "response-schema: "),
            (r#"{"pattern": "(?=a)b"}"#.to_owned(), "response-schema: "),
            (r#"{"type": "thing"}"#.to_owned(), "response-schema: "),
        ];
        for (schema, said) in table {
            let Err(error) = Schema::new(&schema) else { panic!("{schema:.100} is taken") };
            assert!(error.code == Code::InvalidInput && error.message.contains(said), "{}", error.message);
        }
        for schema in ["{}".to_owned(), SCHEMA.to_owned(), deep(SCHEMA_DEPTH - 2), patterns(PATTERNS)] {
            assert!(Schema::new(&schema).is_ok(), "{schema:.100}");
        }
    }

    /// What takes other engines years to match takes no time.
    #[test]
    fn a_pattern_that_would_backtrack_is_checked_in_linear_time() {
        let schema = Schema::new(r#"{"type": "string", "pattern": "^(a+)+$"}"#).unwrap();
        let started = Instant::now();
        assert!(schema.read(&json!("a".repeat(5_000) + "b").to_string()).is_err());
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    }

    /// Collected, the errors of every branch and item took gigabytes.
    #[test]
    fn an_answer_that_would_cost_too_much_to_explain_is_refused_without_a_reason() {
        let branches = |n: usize| {
            let schema = json!({"anyOf": [{"items": {"anyOf": vec![json!({"type": "null"}); n]}}]});
            Schema::new(&schema.to_string()).unwrap()
        };
        let numbers = |n: usize| json!(vec![0; n]).to_string();
        let started = Instant::now();
        assert_eq!(branches(700).read(&numbers(5_000)).unwrap_err(), "it does not hold");
        assert!(branches(700).read(&numbers(50_000)).unwrap_err().contains("too long to be held"));
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        let nulls = json!(vec![Value::Null; 5_000]).to_string();
        assert_eq!(branches(700).read(&nulls), Ok(nulls.as_str()));
        assert!(branches(7).read(&numbers(50)).unwrap_err().contains("not valid under any"), "a small one is told");
    }
}
