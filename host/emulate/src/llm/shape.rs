//! A value of a JSON schema: what the model answers where it is asked for a shape, and what it calls tools with.

use puppet_types::ids::derive_u64;
use serde_json::{Map, Value, json};

/// How deep a schema is followed; below it there is nothing.
const DEEPEST: usize = 16;

/// A value that the schema takes, as far as it is made of types, properties, items, enumerations, bounds, alternatives
/// and references into itself.
pub(super) fn value(schema: &Value, seed: u64) -> Value {
    at(schema, schema, seed, 0)
}

fn at(schema: &Value, root: &Value, seed: u64, depth: usize) -> Value {
    if depth > DEEPEST {
        return Value::Null;
    }
    if let Some(pointer) = schema["$ref"].as_str().and_then(|to| to.strip_prefix('#')) {
        return root.pointer(pointer).map_or(Value::Null, |to| at(to, root, seed, depth + 1));
    }
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    if let Some(several) = schema["enum"].as_array().filter(|several| !several.is_empty()) {
        return several[(seed % several.len() as u64) as usize].clone();
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        if let Some(first) = schema[key].as_array().and_then(|several| several.first()) {
            return at(first, root, seed, depth + 1);
        }
    }
    match kind(schema) {
        "object" => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            let inner = |name: &str| derive_u64(&["shape", &seed.to_string(), name]);
            let all = properties.map(|(name, of)| (name.clone(), at(of, root, inner(name), depth + 1)));
            Value::Object(all.collect::<Map<_, _>>())
        }
        "array" => {
            let least = schema["minItems"].as_u64().unwrap_or(1).max(1);
            let most = schema["maxItems"].as_u64().unwrap_or(least).min(least);
            Value::Array((0..most).map(|n| at(&schema["items"], root, seed.wrapping_add(n), depth + 1)).collect())
        }
        "integer" => json!(within(schema, seed)),
        "number" => json!(within(schema, seed) as f64),
        "boolean" => json!(seed.is_multiple_of(2)),
        "null" => Value::Null,
        _ => json!(string(schema, seed)),
    }
}

/// The first of several types that is not null.
fn kind(schema: &Value) -> &str {
    match &schema["type"] {
        Value::String(one) => one,
        Value::Array(several) => several.iter().filter_map(Value::as_str).find(|one| *one != "null").unwrap_or("null"),
        _ if schema.get("properties").is_some() => "object",
        _ if schema.get("items").is_some() => "array",
        _ => "string",
    }
}

fn within(schema: &Value, seed: u64) -> i64 {
    let bound = |name: &str| schema[name].as_f64().map(|bound| bound.ceil() as i64);
    let least = bound("minimum").or(bound("exclusiveMinimum").map(|least| least.saturating_add(1)));
    let most = schema["maximum"].as_f64().map(|most| most.floor() as i64);
    let most = most.or(bound("exclusiveMaximum").map(|most| most.saturating_sub(1)));
    let (least, most) = match (least, most) {
        (Some(least), Some(most)) => (least, most.max(least)),
        (Some(least), None) => (least, least.saturating_add(9)),
        (None, Some(most)) => (most.saturating_sub(9), most),
        (None, None) => (0, 9),
    };
    let span = most.abs_diff(least).saturating_add(1);
    least.saturating_add_unsigned(seed % span)
}

fn string(schema: &Value, seed: u64) -> String {
    match schema["format"].as_str() {
        Some("date-time") => return "2026-01-01T00:00:00Z".to_owned(),
        Some("date") => return "2026-01-01".to_owned(),
        _ => {}
    }
    let mut text = format!("note {}", seed % 1_000_000);
    let least = usize::try_from(schema["minLength"].as_u64().unwrap_or(0)).unwrap_or(usize::MAX);
    while text.len() < least.min(100_000) {
        text.push('.');
    }
    text.truncate(usize::try_from(schema["maxLength"].as_u64().unwrap_or(u64::MAX)).unwrap_or(usize::MAX));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_of_its_schema() {
        let schema = json!({
            "type": "object", "additionalProperties": false, "required": ["mood", "score", "notes", "next", "near"],
            "properties": {
                "mood": { "enum": ["calm", "stormy"] },
                "score": { "type": "integer", "minimum": 3, "maximum": 5 },
                "notes": { "type": "array", "items": { "$ref": "#/$defs/note" }, "minItems": 2 },
                "next": { "type": ["null", "string"], "maxLength": 4 },
                "near": { "anyOf": [{ "type": "boolean" }, { "type": "null" }] },
            },
            "$defs": { "note": { "type": "object", "required": ["text"], "properties": { "text": { "type": "string", "minLength": 20 } } } },
        });
        let validator = jsonschema::validator_for(&schema).unwrap();
        for seed in 0..50 {
            let value = value(&schema, seed);
            assert!(validator.is_valid(&value), "{value}");
        }
        assert_ne!(value(&schema, 1), value(&schema, 2));
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let schema = json!({ "type": "object", "properties": { "inner": { "$ref": "#" } } });
        assert!(value(&schema, 1).is_object());
    }
}
