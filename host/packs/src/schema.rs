//! The fields of a persona with their types and ranges (docs/reference/persona.md), once for `persona.toml` and for
//! the agent files of the original engine. A 0 is a value like any other.

use puppet_types::{Persona, Timestamp, persona::PostFrequency};
use serde_json::{Map, Value, json};

use crate::{
    document::below,
    error::{ErrorKind, Problem},
};

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Texts,
    TextOrTexts,
    Switch,
    /// A number > 0.
    Hours,
    /// 0..1.
    Share,
    /// Whole numbers 0–23.
    DayHours,
    /// A whole number ≥ 0.
    Count,
    Events,
    Relationships,
}

/// Every field, by its path.
pub(crate) const FIELDS: &[(&str, Kind)] = &[
    ("personality.traits", Kind::Texts),
    ("personality.values", Kind::Texts),
    ("personality.speaking_style", Kind::Text),
    ("personality.interests", Kind::Texts),
    ("style_guide.voice", Kind::Text),
    ("style_guide.tone", Kind::Text),
    ("style_guide.formatting.uses_hashtags", Kind::Switch),
    ("style_guide.formatting.hashtag_style", Kind::Text),
    ("style_guide.formatting.uses_emojis", Kind::Switch),
    ("style_guide.formatting.emoji_frequency", Kind::Text),
    ("style_guide.formatting.capitalization", Kind::Text),
    ("style_guide.formatting.sentence_length", Kind::Text),
    ("style_guide.formatting.avoid_hyphens", Kind::Switch),
    ("style_guide.vocabulary.key_terms", Kind::Texts),
    ("style_guide.vocabulary.avoid_terms", Kind::Texts),
    ("style_guide.topics_to_avoid", Kind::Texts),
    ("initial_memory.core_memories", Kind::Texts),
    ("initial_memory.recent_events", Kind::Events),
    ("initial_memory.relationships", Kind::Relationships),
    (MIN_HOURS, Kind::Hours),
    (MAX_HOURS, Kind::Hours),
    ("behavior.post_frequency.peak_posting_hours", Kind::DayHours),
    ("behavior.interaction_patterns.reply_probability", Kind::Share),
    ("behavior.interaction_patterns.quote_tweet_probability", Kind::Share),
    ("behavior.interaction_patterns.like_probability", Kind::Share),
    ("behavior.content_preferences.max_thread_length", Kind::Count),
    ("behavior.content_preferences.typical_post_length", Kind::Count),
    ("behavior.content_preferences.max_post_length", Kind::Count),
    ("behavior.content_preferences.link_sharing_frequency", Kind::Share),
    ("goals", Kind::TextOrTexts),
    ("custom_system_prompt", Kind::Text),
    ("rotating_system_prompts", Kind::Texts),
    ("sample_lines", Kind::Texts),
];

const MIN_HOURS: &str = "behavior.post_frequency.min_hours_between_posts";
const MAX_HOURS: &str = "behavior.post_frequency.max_hours_between_posts";

/// What a field holds, where there is such a field.
pub(crate) fn kind(path: &str) -> Option<Kind> {
    FIELDS.iter().find(|(field, _)| *field == path).map(|(_, kind)| *kind)
}

/// Whether there are fields below a path.
pub(crate) fn is_section(path: &str) -> bool {
    FIELDS.iter().any(|(field, _)| field.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

/// The keys that a section may have.
pub(crate) fn keys(section: &str) -> Vec<&'static str> {
    let mut keys: Vec<&str> = FIELDS
        .iter()
        .filter_map(|(field, _)| {
            let rest = if section.is_empty() { field } else { field.strip_prefix(section)?.strip_prefix('.')? };
            rest.split('.').next()
        })
        .collect();
    keys.dedup();
    keys
}

/// Checks a value and answers it as a persona has it. Paths of what is unknown inside go to `rest`.
pub(crate) fn read(kind: Kind, field: &str, value: &Value, rest: &mut Vec<(String, Value)>) -> Result<Value, Problem> {
    match kind {
        Kind::Text => text(field, value).map(Value::from),
        Kind::Texts => texts(field, value).map(Value::from),
        Kind::TextOrTexts => match value {
            Value::String(one) if one.trim().is_empty() => Ok(json!([])),
            Value::String(one) => Ok(json!([one])),
            Value::Array(_) => texts(field, value).map(Value::from),
            other => Err(Problem::wrong_type(field, "a text or a list of texts", other)),
        },
        Kind::Switch => match value {
            Value::Bool(_) => Ok(value.clone()),
            other => Err(Problem::wrong_type(field, "true or false", other)),
        },
        Kind::Hours => {
            let hours = number(field, value, "a number of hours above 0")?;
            // A century: what is longer is a slip, and would not fit a timer.
            within(field, hours, f64::MIN_POSITIVE, 876_600.0, "a number of hours above 0 and within a century")
        }
        Kind::Share => within(field, number(field, value, "a number from 0 to 1")?, 0.0, 1.0, "a number from 0 to 1"),
        Kind::DayHours => list(field, value, "a list of hours")?
            .iter()
            .enumerate()
            .map(|(n, hour)| whole(&format!("{field}[{n}]"), hour, 23, "a whole hour from 0 to 23"))
            .collect(),
        Kind::Count => whole(field, value, u32::MAX.into(), "a whole number from 0"),
        Kind::Events => list(field, value, "a list of events")?
            .iter()
            .enumerate()
            .map(|(n, event)| read_event(&format!("{field}[{n}]"), event, rest))
            .collect(),
        Kind::Relationships => read_relationships(field, value, rest),
    }
}

/// Fields that only make sense together. An absent bound gives way to one that is set.
pub(crate) fn settle(persona: &mut Persona, has: impl Fn(&str) -> bool) -> Result<(), Problem> {
    let PostFrequency { min_hours_between_posts: min, max_hours_between_posts: max, .. } =
        &mut persona.behavior.post_frequency;
    if max < min {
        match (has(MIN_HOURS), has(MAX_HOURS)) {
            (true, false) => *max = *min,
            (false, true) => *min = *max,
            _ => {
                let message = format!("expected at least min_hours_between_posts ({min}), found {max}");
                return Err(Problem::new(
                    ErrorKind::BadValue,
                    MAX_HOURS,
                    message,
                    "make it larger, or the other smaller",
                ));
            }
        }
    }
    persona.custom_system_prompt = persona.custom_system_prompt.take().filter(|prompt| !prompt.trim().is_empty());
    persona.rotating_system_prompts.retain(|prompt| !prompt.trim().is_empty());
    persona.sample_lines.retain(|line| !line.trim().is_empty());
    Ok(())
}

fn read_event(field: &str, value: &Value, rest: &mut Vec<(String, Value)>) -> Result<Value, Problem> {
    let map = match value {
        Value::String(_) => return Ok(value.clone()),
        Value::Object(map) => map,
        other => return Err(Problem::wrong_type(field, "a text, or a table with `content`", other)),
    };
    let mut event = Map::new();
    for (key, value) in map {
        let at = below(field, key);
        match key.as_str() {
            _ if value.is_null() => rest.push((at, Value::Null)),
            "content" => drop(event.insert(key.clone(), text(&at, value)?.into())),
            "timestamp" => drop(event.insert(key.clone(), time(&at, value)?)),
            "importance" => drop(event.insert(key.clone(), read(Kind::Share, &at, value, rest)?)),
            _ => rest.push((at, value.clone())),
        }
    }
    if event.contains_key("content") {
        return Ok(Value::Object(event));
    }
    let message = "expected a text: what happened";
    Err(Problem::new(ErrorKind::Missing, &below(field, "content"), message, "write content = \"…\""))
}

/// RFC 3339, a date, or milliseconds.
fn time(field: &str, value: &Value) -> Result<Value, Problem> {
    let expected = "a time (RFC 3339) or milliseconds since 1970";
    match value {
        Value::Number(number) if number.is_u64() => Ok(value.clone()),
        Value::String(text) if Timestamp::parse(text).is_some() => Ok(value.clone()),
        Value::String(text) => {
            // Without an offset: UTC, as a date alone is in the original.
            let civil = text.parse::<jiff::civil::DateTime>().ok();
            let civil = civil.or_else(|| text.parse::<jiff::civil::Date>().ok().map(|date| date.at(0, 0, 0, 0)));
            let at = civil.and_then(|civil| civil.to_zoned(jiff::tz::TimeZone::UTC).ok());
            let at = at.map(|at| Timestamp::from_millis(at.timestamp().as_millisecond()).to_string());
            let problem = || Problem::new(ErrorKind::BadValue, field, format!("expected {expected}"), "");
            at.map(Value::from).ok_or_else(problem)
        }
        other => Err(Problem::wrong_type(field, expected, other)),
    }
}

fn read_relationships(field: &str, value: &Value, rest: &mut Vec<(String, Value)>) -> Result<Value, Problem> {
    let map = match value {
        Value::Object(map) => map,
        Value::Array(none) if none.is_empty() => return Ok(json!({})),
        other => return Err(Problem::wrong_type(field, "a table of relationships by the other's id", other)),
    };
    let mut relationships = Map::new();
    for (other, value) in map {
        let at = below(field, other);
        let Value::Object(parts) = value else {
            return Err(Problem::wrong_type(&at, "a table", value));
        };
        let mut relationship = Map::new();
        for (key, value) in parts {
            let at = below(&at, key);
            let (name, read) = match key.as_str() {
                _ if value.is_null() => {
                    rest.push((at, Value::Null));
                    continue;
                }
                "sentiment" => {
                    let expected = "a number from -1 to 1";
                    (key.as_str(), within(&at, number(&at, value, expected)?, -1.0, 1.0, expected)?)
                }
                "familiarity" | "trust" => (key.as_str(), read(Kind::Share, &at, value, rest)?),
                "shared_experiences" | "sharedExperiences" => ("shared_experiences", texts(&at, value)?.into()),
                "notes" => (key.as_str(), read(Kind::TextOrTexts, &at, value, rest)?),
                _ => {
                    rest.push((at, value.clone()));
                    continue;
                }
            };
            relationship.insert(name.to_owned(), read);
        }
        relationships.insert(other.clone(), Value::Object(relationship));
    }
    Ok(Value::Object(relationships))
}

pub(crate) fn text(field: &str, value: &Value) -> Result<String, Problem> {
    value.as_str().map(str::to_owned).ok_or_else(|| Problem::wrong_type(field, "a text", value))
}

pub(crate) fn texts(field: &str, value: &Value) -> Result<Vec<String>, Problem> {
    let items = list(field, value, "a list of texts")?.iter().enumerate();
    items.map(|(n, item)| text(&format!("{field}[{n}]"), item)).collect()
}

fn list<'a>(field: &str, value: &'a Value, expected: &str) -> Result<&'a Vec<Value>, Problem> {
    value.as_array().ok_or_else(|| Problem::wrong_type(field, expected, value))
}

pub(crate) fn number(field: &str, value: &Value, expected: &str) -> Result<f64, Problem> {
    value.as_f64().ok_or_else(|| Problem::wrong_type(field, expected, value))
}

fn out_of_range(field: &str, expected: &str, found: impl std::fmt::Display) -> Problem {
    Problem::new(ErrorKind::BadValue, field, format!("expected {expected}, found {found}"), "")
}

pub(crate) fn within(field: &str, number: f64, least: f64, most: f64, expected: &str) -> Result<Value, Problem> {
    if (least..=most).contains(&number) { Ok(json!(number)) } else { Err(out_of_range(field, expected, number)) }
}

fn whole(field: &str, value: &Value, most: u64, expected: &str) -> Result<Value, Problem> {
    let number = number(field, value, expected)?;
    // `3.0` is how some tools write 3.
    if number.fract() == 0.0 && (0.0..=most as f64).contains(&number) {
        Ok(json!(number as u64))
    } else {
        Err(out_of_range(field, expected, number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table names every field that a persona has, and no other.
    #[test]
    fn the_table_is_the_persona() {
        fn paths(value: &Value, at: &str, out: &mut Vec<String>) {
            match value {
                Value::Object(map) if kind(at).is_none() => {
                    map.iter().for_each(|(key, value)| paths(value, &below(at, key), out));
                }
                _ => out.push(at.to_owned()),
            }
        }
        let mut seen = Vec::new();
        paths(&serde_json::to_value(Persona::default()).unwrap(), "", &mut seen);
        let mut known: Vec<String> = FIELDS.iter().map(|(field, _)| (*field).to_owned()).collect();
        seen.sort();
        known.sort();
        assert_eq!(seen, known);
    }

    #[test]
    fn ranges_and_types_have_clear_errors() {
        let table = [
            (Kind::Share, json!(1.5), "expected a number from 0 to 1, found 1.5"),
            (Kind::Share, json!("often"), "expected a number from 0 to 1, found a text"),
            (Kind::Hours, json!(0), "expected a number of hours above 0 and within a century, found 0"),
            (Kind::Hours, json!(-2.5), "expected a number of hours above 0 and within a century, found -2.5"),
            (Kind::Count, json!(1.5), "expected a whole number from 0, found 1.5"),
            (Kind::Count, json!(-1), "expected a whole number from 0, found -1"),
            (Kind::DayHours, json!([9, 24]), "expected a whole hour from 0 to 23, found 24"),
            (Kind::Texts, json!(["a", 2]), "expected a text, found a number"),
            (Kind::Texts, json!("a"), "expected a list of texts, found a text"),
            (Kind::Switch, json!("yes"), "expected true or false, found a text"),
            (Kind::Events, json!([{"importance": 0.5}]), "expected a text: what happened"),
            (
                Kind::Events,
                json!([{"content": "x", "timestamp": "soon"}]),
                "expected a time (RFC 3339) or milliseconds since 1970",
            ),
            (Kind::Relationships, json!({"b": {"trust": -0.5}}), "expected a number from 0 to 1, found -0.5"),
            (Kind::Relationships, json!([1]), "expected a table of relationships by the other's id, found a list"),
        ];
        for (kind, value, message) in table {
            assert_eq!(read(kind, "f", &value, &mut Vec::new()).unwrap_err().message, message, "{value}");
        }
    }

    #[test]
    fn a_zero_stays_and_a_whole_float_is_whole() {
        let mut rest = Vec::new();
        assert_eq!(read(Kind::Share, "f", &json!(0), &mut rest).unwrap(), json!(0.0));
        assert_eq!(read(Kind::Count, "f", &json!(0), &mut rest).unwrap(), json!(0));
        assert_eq!(read(Kind::Count, "f", &json!(3.0), &mut rest).unwrap(), json!(3));
        assert_eq!(read(Kind::TextOrTexts, "f", &json!("one"), &mut rest).unwrap(), json!(["one"]));
        let dated = json!([{"content": "x", "timestamp": "2024-03-15", "importance": 0}]);
        let expected = json!([{"content": "x", "timestamp": "2024-03-15T00:00:00.000Z", "importance": 0.0}]);
        assert_eq!(read(Kind::Events, "f", &dated, &mut rest).unwrap(), expected);
        assert!(rest.is_empty());
    }
}
