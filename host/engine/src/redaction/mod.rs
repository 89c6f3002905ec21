//! What the operator never wants in the journal: values at paths, replaced when an invocation ends and before its record
//! is written. What the invocation leads to is made of the values as they were; a record that lost one cannot be run
//! again, and says so.

mod path;
mod samples;

use puppet_types::{Decision, ForgetWords as _, Invocation, Json, NumberedDecision, Read, ReadStatus};
use serde_json::Value;

pub use path::PathError;
use path::{Path, Place};

/// What stands where a value was redacted.
pub const REDACTED: &str = "[redacted]";

/// Paths of values that are not kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Redaction {
    paths: Vec<Path>,
}

impl Redaction {
    /// Reads paths: `event.payload.FIELD…`, `reads.CAPABILITY.OPERATION.request.FIELD…` (or `answer`, and each also
    /// without a field), `decisions.KIND.body.FIELD…`. Where a list stands on the way, or at its end, each of its items
    /// is meant.
    ///
    /// # Errors
    /// The first path that names nothing that there could be.
    pub fn parse<T: AsRef<str>>(paths: &[T]) -> Result<Self, PathError> {
        let paths = paths.iter().map(|path| Path::parse(path.as_ref())).collect::<Result<_, _>>()?;
        Ok(Self { paths })
    }

    /// Takes the values out of a record. Where there were any it cannot be run again.
    pub fn apply(&self, invocation: &mut Invocation) {
        let hit: Vec<&str> =
            self.paths.iter().filter(|path| path.apply(invocation)).map(|path| path.text.as_str()).collect();
        if !hit.is_empty() {
            invocation.unreplayable = Some(format!("redacted: {}", hit.join(", ")));
        }
    }

    /// A payload without its values; none where it holds none of them.
    pub fn payload(&self, payload: &Value) -> Option<Value> {
        let mut less = payload.clone();
        let paths = self.paths.iter().filter(|path| path.place == Place::Payload);
        let hits = paths.filter(|path| path.take_from_payload(&mut less)).count();
        (hits > 0).then_some(less)
    }
}

impl Path {
    fn apply(&self, invocation: &mut Invocation) -> bool {
        match &self.place {
            Place::Payload => self.take_from_payload(&mut invocation.event.payload),
            Place::Request(..) | Place::Answer(..) => {
                any(&mut invocation.reads, |read| self.side(read).is_some_and(|json| within(json, &self.fields)))
            }
            Place::Body(kind) => {
                let decided = any(&mut invocation.decisions, |NumberedDecision { decision, .. }| {
                    decision.kind() == *kind && take_from_decision(decision, &self.fields)
                });
                let refused = any(&mut invocation.reads, |read| take_from_refused(read, kind, &self.fields));
                decided || refused
            }
        }
    }

    /// A payload stays a table: named whole, each of its fields is meant.
    fn take_from_payload(&self, payload: &mut Value) -> bool {
        match payload {
            Value::Object(fields) if self.fields.is_empty() => any(fields.values_mut(), |value| take(value, &[])),
            payload => take(payload, &self.fields),
        }
    }

    /// The side of a read that is meant, where this is one.
    fn side<'r>(&self, read: &'r mut Read) -> Option<&'r mut Json> {
        match &self.place {
            Place::Request(capability, operation) if *capability == read.capability && *operation == read.operation => {
                Some(&mut read.request)
            }
            Place::Answer(capability, operation) if *capability == read.capability && *operation == read.operation => {
                Some(&mut read.answer)
            }
            _ => None,
        }
    }
}

/// Whether it was so of any; each is looked at.
fn any<T>(items: impl IntoIterator<Item = T>, so: impl FnMut(T) -> bool) -> bool {
    items.into_iter().map(so).filter(|hit| *hit).count() > 0
}

/// Replaces what stands at a path. Whether something did.
fn take(value: &mut Value, path: &[String]) -> bool {
    match (value, path) {
        (Value::Array(items), path) => any(items, |item| take(item, path)),
        (Value::Null, []) => false,
        (value, []) => {
            *value = Value::from(REDACTED);
            true
        }
        (Value::Object(fields), [field, rest @ ..]) => fields.get_mut(field).is_some_and(|value| take(value, rest)),
        _ => false,
    }
}

fn within(json: &mut Json, path: &[String]) -> bool {
    let Ok(mut value) = json.parse::<Value>() else { return false };
    let hit = take(&mut value, path);
    if hit {
        *json = Json::of(&value);
    }
    hit
}

fn take_from_decision(decision: &mut Decision, path: &[String]) -> bool {
    let Ok(mut value) = serde_json::to_value(&*decision) else { return false };
    if !value.get_mut("body").is_some_and(|body| take(body, path)) {
        return false;
    }
    match serde_json::from_value(value) {
        Ok(less) => *decision = less,
        // Paths were tried on samples, so this is not expected: better too little than a word too many.
        Err(_) => decision.forget_words(),
    }
    true
}

/// A decision that was refused stands among the reads.
fn take_from_refused(read: &mut Read, kind: &str, path: &[String]) -> bool {
    if !matches!(read.status, ReadStatus::Denied | ReadStatus::Budget) {
        return false;
    }
    let Ok(mut value) = read.request.parse::<Value>() else { return false };
    let hit = value["kind"] == kind && value.get_mut("body").is_some_and(|body| take(body, path));
    if hit {
        read.request = Json::of(&value);
    }
    hit
}

#[cfg(test)]
mod tests;
