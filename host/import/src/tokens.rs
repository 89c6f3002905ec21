//! `agent-tokens`: what the token launcher of the original wrote down, which was switched off. Nothing uses it here; keys
//! in it are kept all the same.

use puppet_packs::{
    Secret,
    import::{is_secret, snake},
};
use serde_json::Value;

use crate::{fates::Fates, value::as_text};

const REASON: &str = "of the token launcher, which the original had switched off";

/// Reads a document.
pub(crate) fn read(path: &str, value: &Value, secrets: &mut Vec<(String, Secret)>) -> Fates {
    let mut fates = Fates::default();
    let whose = value.get("agentId").and_then(Value::as_str).unwrap_or(path);
    walk(path, value, &format!("token/{whose}"), (&mut fates, secrets));
    fates
}

fn walk(path: &str, value: &Value, name: &str, (fates, secrets): (&mut Fates, &mut Vec<(String, Secret)>)) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                let (path, name) = (format!("{path}.{key}"), format!("{name}/{}", snake(key)));
                if is_secret(key) && !matches!(value, Value::Null | Value::Bool(_)) {
                    fates.moved(&path, value);
                    secrets.push((name, Secret::new(as_text(value))));
                } else {
                    walk(&path, value, &name, (&mut *fates, &mut *secrets));
                }
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (n, item) in items.iter().enumerate() {
                walk(&format!("{path}[{n}]"), item, &format!("{name}/{n}"), (&mut *fates, &mut *secrets));
            }
        }
        leaf => fates.ignored(path, leaf, REASON),
    }
}
