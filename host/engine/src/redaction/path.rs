//! Paths into a record, checked when they are read: a path that can never hold anything is refused, with what could.

use puppet_grants::CEILINGS;
use puppet_types::{Capability, Decision};
use serde_json::Value;

use super::{REDACTED, samples, take};

/// A path, and where it leads.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Path {
    /// As the operator wrote it.
    pub text: String,
    /// What of a record.
    pub place: Place,
    /// From there on.
    pub fields: Vec<String>,
}

/// What of a record a path is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// The event's payload.
    Payload,
    /// The question of a read.
    Request(Capability, &'static str),
    /// Its answer.
    Answer(Capability, &'static str),
    /// The body of decisions of this kind.
    Body(&'static str),
}

/// A path that names nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}`: {what}")]
pub struct PathError {
    /// The path.
    pub path: String,
    /// What is wrong with it.
    pub what: String,
    /// The part that is wrong; empty where one is missing.
    pub word: String,
    /// What could stand there; empty where that is not known.
    pub known: Vec<String>,
}

impl Path {
    pub(super) fn parse(text: &str) -> Result<Self, PathError> {
        let mut words = Words { path: text, rest: text.split('.') };
        let place = match words.one_of(&["event", "reads", "decisions"])? {
            "event" => words.one_of(&["payload"]).map(|_| Place::Payload)?,
            "reads" => words.read()?,
            _ => {
                let kinds: Vec<&'static str> = samples::all().iter().map(Decision::kind).collect();
                Place::Body(words.one_of(&kinds)?)
            }
        };
        if let Place::Body(_) = place {
            words.one_of(&["body"])?;
        }
        let fields = words.fields()?;
        if let Place::Body(kind) = place {
            check_body(text, kind, &fields)?;
        }
        Ok(Self { text: text.to_owned(), place, fields })
    }
}

/// The parts of a path that were not read yet.
struct Words<'p> {
    path: &'p str,
    rest: std::str::Split<'p, char>,
}

impl Words<'_> {
    fn one_of(&mut self, known: &[&'static str]) -> Result<&'static str, PathError> {
        let word = self.rest.next().unwrap_or_default();
        known.iter().find(|known| **known == word).copied().ok_or_else(|| {
            let what =
                if word.is_empty() { "it ends too early".to_owned() } else { format!("`{word}` is not known here") };
            wrong(self.path, what, word, known.iter().map(ToString::to_string))
        })
    }

    fn read(&mut self) -> Result<Place, PathError> {
        let asked: Vec<(Capability, &'static [&'static str])> = operations().collect();
        let names: Vec<&'static str> = asked.iter().map(|(capability, _)| capability.name()).collect();
        let name = self.one_of(&names)?;
        let found = asked.into_iter().find(|(capability, _)| capability.name() == name);
        let (capability, operations) = found.unwrap_or((Capability::Agent, &[]));
        let operation = self.one_of(operations)?;
        Ok(match self.one_of(&["request", "answer"])? {
            "request" => Place::Request(capability, operation),
            _ => Place::Answer(capability, operation),
        })
    }

    fn fields(self) -> Result<Vec<String>, PathError> {
        let fields: Vec<String> = self.rest.map(str::to_owned).collect();
        if fields.iter().any(String::is_empty) {
            return Err(wrong(self.path, "a field has no name".to_owned(), "", []));
        }
        Ok(fields)
    }
}

/// Whatever stands in the journal as a read.
fn operations() -> impl Iterator<Item = (Capability, &'static [&'static str])> {
    let requested = CEILINGS.iter().map(|ceiling| (ceiling.capability, ceiling.operations));
    std::iter::once((Capability::Agent, puppet_agent::OPERATIONS)).chain(requested)
}

/// Tries a path on a decision that has everything. What is left must still be a decision.
fn check_body(path: &str, kind: &str, fields: &[String]) -> Result<(), PathError> {
    let Some(sample) = samples::all().into_iter().find(|sample| sample.kind() == kind) else { return Ok(()) };
    let mut value = serde_json::to_value(&sample).unwrap_or_default();
    let Some(body) = value.get_mut("body") else { return Ok(()) };
    known_fields(path, body, fields)?;
    // A payload holds what its plugin likes.
    if fields.first().is_some_and(|field| field == "payload") {
        return Ok(());
    }
    take(body, fields);
    if fields.is_empty() || serde_json::from_value::<Decision>(value).is_err() {
        let what = format!("it is no text, and nothing else can be {REDACTED} there");
        return Err(wrong(path, what, "", []));
    }
    Ok(())
}

fn known_fields(path: &str, value: &Value, fields: &[String]) -> Result<(), PathError> {
    let ([field, rest @ ..], value) = (fields, through_lists(value)) else { return Ok(()) };
    let known = value.as_object().map(|table| table.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    match value.get(field) {
        Some(_) if field == "payload" => Ok(()),
        Some(inner) => known_fields(path, inner, rest),
        None => Err(wrong(path, format!("`{field}` is not known here"), field, known)),
    }
}

/// What the items of lists are.
fn through_lists(value: &Value) -> &Value {
    match value.as_array().and_then(|items| items.first()) {
        Some(item) => through_lists(item),
        None => value,
    }
}

fn wrong(path: &str, what: String, word: &str, known: impl IntoIterator<Item = String>) -> PathError {
    PathError { path: path.to_owned(), what, word: word.to_owned(), known: known.into_iter().collect() }
}
