//! Every leaf of a file, sorted: carried, ignored with a reason, moved to the secrets, or unknown.

use puppet_types::AgentId;
use serde::Serialize;
use serde_json::{Map, Value};

use super::fields;
use crate::Secret;

/// A field that was carried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Carried {
    /// In the file.
    pub field: String,
    /// In the agent.
    pub to: String,
}

/// A field that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ignored {
    /// In the file.
    pub field: String,
    /// Why.
    pub reason: String,
}

/// Where everything went. Carried, ignored, moved and unknown are all leaves of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// The agent.
    pub agent_id: String,
    /// Leaves that the agent has.
    pub carried: Vec<Carried>,
    /// Fields that the file does not have, and their defaults take effect.
    pub defaulted: Vec<String>,
    /// Leaves that have no effect, and why.
    pub ignored: Vec<Ignored>,
    /// Leaves that went to the secrets. Names only.
    pub secrets_moved: Vec<String>,
    /// Leaves that nobody knows.
    pub unknown: Vec<String>,
}

/// Sorts the leaves of a file. Answers the report, the credentials, and what is kept for later.
pub(super) fn sort(root: &Value, id: &AgentId) -> (ImportReport, Vec<(String, Secret)>, Value) {
    let mut report = ImportReport {
        agent_id: id.to_string(),
        carried: Vec::new(),
        defaulted: Vec::new(),
        ignored: Vec::new(),
        secrets_moved: Vec::new(),
        unknown: Vec::new(),
    };
    let mut secrets = Vec::new();
    let mut leaves = Vec::new();
    collect(root, String::new(), &mut leaves);
    for (path, value) in &leaves {
        let ignored = |reason: &str| Ignored { field: path.clone(), reason: reason.to_owned() };
        if fields::is_secret(path) {
            match value {
                Value::String(text) if !text.is_empty() => {
                    let short = path.rsplit('.').next().unwrap_or(path);
                    let name = if path.starts_with("twitter_credentials.") { format!("x/{id}/{short}") } else { format!("{path}/{id}") };
                    secrets.push((name, Secret::new(text)));
                    report.secrets_moved.push(path.clone());
                }
                Value::String(_) | Value::Null => report.ignored.push(ignored("an empty credential")),
                _ => report.ignored.push(ignored("no text where a credential was expected")),
            }
        } else if path == "llm_provider" {
            match value.as_str().map(str::to_lowercase).as_deref() {
                Some("openai" | "grok") => report.carried.push(Carried { field: path.clone(), to: "llm".to_owned() }),
                _ => report.ignored.push(ignored("no provider of this name: the host's default is used")),
            }
        } else if value.is_null() {
            report.ignored.push(ignored("null: the default is used"));
        } else if fields::is_kept(path) {
            report.carried.push(Carried { field: path.clone(), to: format!("extra.{path}") });
        } else if let Some(to) = fields::destination(path) {
            report.carried.push(Carried { field: path.clone(), to });
        } else {
            report.unknown.push(path.clone());
        }
    }
    for field in fields::DEFAULTED {
        let pointer = format!("/{}", field.replace('.', "/"));
        if root.pointer(&pointer).is_none_or(Value::is_null) {
            report.defaulted.push((*field).to_owned());
        }
    }
    (report, secrets, kept(root))
}

/// Paths of leaves: scalars, and empty objects and lists.
fn collect<'a>(value: &'a Value, path: String, leaves: &mut Vec<(String, &'a Value)>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (name, value) in map {
                let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                collect(value, below, leaves);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (n, value) in items.iter().enumerate() {
                collect(value, format!("{path}[{n}]"), leaves);
            }
        }
        _ => leaves.push((path, value)),
    }
}

/// Sections for plugins that trade, without their credentials.
fn kept(root: &Value) -> Value {
    let mut kept = Map::new();
    let sections = [
        ("trading_behavior", root.pointer("/behavior/trading_behavior")),
        ("solana_integration", root.get("solana_integration")),
        ("agent_kit_integration", root.get("agent_kit_integration")),
    ];
    for (name, section) in sections {
        if let Some(section) = section {
            kept.insert(name.to_owned(), without_secrets(section, name));
        }
    }
    if kept.is_empty() { Value::Null } else { Value::Object(kept) }
}

fn without_secrets(value: &Value, path: &str) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| (name, value, format!("{path}.{name}")))
            .filter(|(_, value, path)| value.is_object() || value.is_array() || !fields::is_secret(path))
            .map(|(name, value, path)| (name.clone(), without_secrets(value, &path)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) if fields::is_secret(path) => Value::Array(vec![Value::Null; items.len()]),
        Value::Array(items) => items.iter().map(|item| without_secrets(item, path)).collect(),
        other => other.clone(),
    }
}
