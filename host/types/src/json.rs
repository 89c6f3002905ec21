//! JSON kept as text: written once, compared and copied as bytes, parsed only where somebody looks inside.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

/// How deep lists and objects of a payload may lie in each other. A payload is kept within other JSON (the journal's
/// decisions, a timer's event), and readers of JSON give up at 128.
pub const PAYLOAD_DEPTH: usize = 64;

/// Whether lists and objects lie in each other deeper than [`PAYLOAD_DEPTH`].
pub fn is_too_deep(payload: &Value) -> bool {
    fn deeper(value: &Value, left: usize) -> bool {
        match value {
            Value::Array(list) => left == 0 || list.iter().any(|value| deeper(value, left - 1)),
            Value::Object(map) => left == 0 || map.values().any(|value| deeper(value, left - 1)),
            _ => false,
        }
    }
    deeper(payload, PAYLOAD_DEPTH)
}

/// Valid JSON text without superfluous spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json(String);

impl Json {
    /// Serialises a value. What cannot be JSON (a map with odd keys) becomes null; none of our types does that.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Self {
        Self(serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned()))
    }
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// Reads it as a type.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.0)
    }
    /// Whether both say the same, however it is written: keys in another order, spaces.
    pub fn is_same_value(&self, other: &Self) -> bool {
        let value = |json: &Self| json.parse::<Value>().ok();
        *self == *other || value(self).is_some_and(|own| value(other) == Some(own))
    }
}

impl Default for Json {
    fn default() -> Self {
        Self("null".into())
    }
}

impl Serialize for Json {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serde_json::from_str::<&RawValue>(&self.0) {
            Ok(raw) => raw.serialize(serializer),
            Err(error) => Err(serde::ser::Error::custom(error)),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(Box::<str>::from(raw).into_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_that_of_lists_and_objects() {
        let nested = |depth| (0..depth).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
        assert!(!is_too_deep(&nested(PAYLOAD_DEPTH)) && is_too_deep(&nested(PAYLOAD_DEPTH + 1)));
        assert!(!is_too_deep(&Value::Null));
    }

    #[test]
    fn passes_through_byte_for_byte() {
        let json = Json::of(&serde_json::json!({"a": [1, 0.1], "b": "x"}));
        let text = serde_json::to_string(&json).unwrap();
        assert_eq!(text, json.as_str());
        assert_eq!(serde_json::from_str::<Json>(&text).unwrap(), json);
    }
}
