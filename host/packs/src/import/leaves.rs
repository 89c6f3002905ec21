//! Leaf paths of a JSON value: `a.b[0].c`. An empty list or object is one leaf.

use serde_json::{Map, Value};

use crate::document::below;

/// Every leaf path below a path, in the order of the value.
pub fn leaves(path: &str, value: &Value) -> Vec<String> {
    let mut out = Vec::new();
    collect(path, value, &mut out);
    out
}

fn collect(path: &str, value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            map.iter().for_each(|(key, value)| collect(&below(path, key), value, out))
        }
        Value::Array(list) if !list.is_empty() => {
            list.iter().enumerate().for_each(|(n, value)| collect(&format!("{path}[{n}]"), value, out));
        }
        _ => out.push(path.to_owned()),
    }
}

/// Whether there is nothing in it.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => Map::is_empty(map),
        _ => false,
    }
}
