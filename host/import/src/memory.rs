//! A whole memory in the original's serialised shape: `data/memories/<id>.json`, or a document of `agent-memories`.

use puppet_packs::import::snake;
use puppet_store::Relationship;
use puppet_types::{AgentId, Timestamp};
use serde_json::{Map, Value};

use crate::{
    bond,
    fates::Fates,
    item::{self, Fault, Item, List, NULL, OF_THE_DATABASE, Owner},
    value::{expected, time},
};

/// What one holds.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) items: Vec<Item>,
    pub(crate) bonds: Vec<(Relationship, Fates)>,
    /// Of what is neither.
    pub(crate) fates: Fates,
    pub(crate) faults: Vec<Fault>,
}

/// Reads one. Everything that is wrong with it is told, not only the first.
pub(crate) fn read(agent: &AgentId, file: usize, path: &str, fields: &Map<String, Value>, now: Timestamp) -> Memory {
    let updated = ["lastUpdated", "last_updated"].iter().find_map(|name| fields.get(*name));
    let owner = Owner { agent, at: updated.and_then(|at| time(at).ok()).unwrap_or(now), file };
    let mut memory = Memory::default();
    for (key, value) in fields {
        let at = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        if let Err(wrong) = memory.field(&owner, &at, &snake(key), value) {
            memory.faults.push((at, wrong));
        }
    }
    memory
}

impl Memory {
    fn field(&mut self, owner: &Owner<'_>, path: &str, name: &str, value: &Value) -> Result<(), String> {
        match (List::named(name), name) {
            (None, "agent_id") => self.fates.carried(path, value, "agent.id"),
            (None, "_id" | "__v" | "id") => self.fates.ignored(path, value, OF_THE_DATABASE),
            (None, "last_updated") => {
                time(value)?;
                self.fates.ignored(
                    path,
                    value,
                    "memories have times of their own, and take this one where they have none",
                );
            }
            (None, "relationships") => self.relationships(path, value)?,
            (None, _) => self.fates.unknown(path, value),
            _ if value.is_null() => self.fates.ignored(path, value, NULL),
            (Some(list), _) => self.list(owner, list, path, value)?,
        }
        Ok(())
    }

    fn list(&mut self, owner: &Owner<'_>, list: List, path: &str, value: &Value) -> Result<(), String> {
        let Value::Array(items) = value else { return Err(expected("a list of memories", value)) };
        if items.is_empty() {
            self.fates.carried(path, value, "memories");
        }
        for (n, value) in items.iter().enumerate() {
            match item::read(owner, list, &format!("{path}[{n}]"), value) {
                Ok(Ok(item)) => self.items.push(item),
                Ok(Err(left)) => self.fates.add(left),
                Err(fault) => self.faults.push(fault),
            }
        }
        Ok(())
    }

    fn relationships(&mut self, path: &str, value: &Value) -> Result<(), String> {
        match value {
            Value::Null => self.fates.ignored(path, value, NULL),
            Value::Object(all) if all.is_empty() => self.fates.carried(path, value, "relationships"),
            Value::Object(all) => {
                for (target, value) in all {
                    match bond::read(&format!("{path}.{target}"), target, value) {
                        Ok(bond) => self.bonds.push(bond),
                        Err(fault) => self.faults.push(fault),
                    }
                }
            }
            other => return Err(expected("an object of relationships", other)),
        }
        Ok(())
    }
}
