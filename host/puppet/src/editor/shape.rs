//! Parts that schemas are made of.

use serde_json::{Map, Value, json};

/// A table with these keys and no others.
pub fn table<'k>(keys: impl IntoIterator<Item = (&'k str, Value)>, required: &[&str]) -> Value {
    let properties: Map<String, Value> = keys.into_iter().map(|(key, of)| (key.to_owned(), of)).collect();
    let mut table = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        table["required"] = json!(required);
    }
    table
}

/// A table of free names.
pub fn by_name(of: Value) -> Value {
    json!({ "type": "object", "additionalProperties": of })
}

/// A text.
pub fn text() -> Value {
    json!({ "type": "string" })
}

/// One of these words.
pub fn one_of<'w>(words: impl IntoIterator<Item = &'w str>) -> Value {
    json!({ "type": "string", "enum": words.into_iter().collect::<Vec<_>>() })
}

/// A list.
pub fn list(of: Value) -> Value {
    json!({ "type": "array", "items": of })
}

/// A list with at least one.
pub fn some(of: Value) -> Value {
    json!({ "type": "array", "items": of, "minItems": 1 })
}

/// A whole number from here on.
pub fn from(least: u64) -> Value {
    json!({ "type": "integer", "minimum": least })
}

/// A number within these bounds.
pub fn within(least: f64, most: f64) -> Value {
    json!({ "type": "number", "minimum": least, "maximum": most })
}

/// A text of this form.
pub fn of_form(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": pattern })
}

/// Dollars as a text.
pub fn dollars() -> Value {
    of_form(r"^[0-9]+(\.[0-9]{1,6})?$")
}

/// With what it is for.
pub fn said(mut of: Value, description: &str) -> Value {
    of["description"] = json!(description);
    of
}
