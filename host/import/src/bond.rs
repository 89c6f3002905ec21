//! How an agent stands to another, as the original kept it.

use puppet_agent::RECENT;
use puppet_packs::import::snake;
use puppet_store::Relationship;
use serde_json::Value;

use crate::{
    fates::Fates,
    item::{Fault, NULL},
    value::{as_text, expected, number, time},
};

/// Notes that are kept.
const NOTES: usize = 100;

/// Reads one. The target is its key; every value is brought into its range (contract §11: 0..1 for two of them).
pub(crate) fn read(path: &str, target: &str, value: &Value) -> Result<(Relationship, Fates), Fault> {
    let Value::Object(fields) = value else {
        return Err((path.to_owned(), expected("a relationship: an object", value)));
    };
    let bond = Relationship { target: target.to_owned(), ..Relationship::default() };
    let mut reading = Reading { to: format!("relationships.{target}"), bond, fates: Fates::default() };
    if fields.is_empty() {
        reading.fates.carried(path, value, &reading.to);
    }
    for (key, value) in fields {
        let at = format!("{path}.{key}");
        if value.is_null() {
            reading.fates.ignored(&at, value, NULL);
        } else {
            reading.field(&at, &snake(key), value).map_err(|wrong| (at, wrong))?;
        }
    }
    reading.bond.interactions = u32::try_from(reading.bond.recent_interactions.len()).unwrap_or(u32::MAX);
    Ok((reading.bond, reading.fates))
}

struct Reading {
    to: String,
    bond: Relationship,
    fates: Fates,
}

impl Reading {
    fn field(&mut self, path: &str, name: &str, value: &Value) -> Result<(), String> {
        let bond = &mut self.bond;
        let place = match name {
            "sentiment" => {
                bond.sentiment = number(value, -1.0, 1.0)?;
                "sentiment"
            }
            "familiarity" => {
                bond.familiarity = number(value, 0.0, 1.0)?;
                "familiarity"
            }
            "trust" => {
                bond.trust = number(value, 0.0, 1.0)?;
                "trust"
            }
            "last_interaction_date" => {
                bond.last_interaction = Some(time(value)?);
                "last_interaction"
            }
            "target_agent_id" if value.as_str() == Some(&bond.target) => "target",
            "target_agent_id" => {
                self.fates.ignored(path, value, "the key of the entry says who it is");
                return Ok(());
            }
            "recent_interactions" => return self.interactions(path, value),
            "shared_experiences" | "notes" => return self.notes(path, value),
            _ => {
                self.fates.unknown(path, value);
                return Ok(());
            }
        };
        self.fates.carried(path, value, &format!("{}.{place}", self.to));
        Ok(())
    }

    /// Newest first, as they are there.
    fn interactions(&mut self, path: &str, value: &Value) -> Result<(), String> {
        let to = format!("{}.recent_interactions", self.to);
        for (at, item) in items(path, value)? {
            if self.bond.recent_interactions.len() < RECENT {
                self.bond.recent_interactions.push(line(item));
                self.fates.carried(&at, item, &to);
            } else {
                self.fates.ignored(&at, item, "only the newest ten are kept");
            }
        }
        self.empty(path, value, &to);
        Ok(())
    }

    /// The original has the newest first, here they are last.
    fn notes(&mut self, path: &str, value: &Value) -> Result<(), String> {
        let to = format!("{}.notes", self.to);
        for (at, item) in items(path, value)? {
            if self.bond.notes.len() < NOTES {
                self.bond.notes.insert(0, line(item));
                self.fates.carried(&at, item, &to);
            } else {
                self.fates.ignored(&at, item, "only a hundred notes are kept");
            }
        }
        self.empty(path, value, &to);
        Ok(())
    }

    fn empty(&mut self, path: &str, value: &Value, to: &str) {
        if value.as_array().is_some_and(Vec::is_empty) {
            self.fates.carried(path, value, to);
        }
    }
}

/// The items of a list; a text alone is a list of one.
fn items<'v>(path: &str, value: &'v Value) -> Result<Vec<(String, &'v Value)>, String> {
    match value {
        Value::Array(list) => Ok(list.iter().enumerate().map(|(n, item)| (format!("{path}[{n}]"), item)).collect()),
        Value::String(_) => Ok(vec![(path.to_owned(), value)]),
        other => Err(expected("a list of texts", other)),
    }
}

/// An item in one line: what it says, or all of it.
fn line(item: &Value) -> String {
    let said = ["content", "description", "text"].iter().find_map(|name| item.get(name).and_then(Value::as_str));
    said.map_or_else(|| as_text(item), str::to_owned)
}
