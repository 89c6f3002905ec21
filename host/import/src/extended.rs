//! MongoDB's extended JSON (`mongoexport`), canonical and relaxed, as the same plain JSON that [`crate::dump`] makes.

use serde_json::{Map, Value};

use crate::dump::{date, double};

/// The plain form; or at which field there is what is no value.
pub(crate) fn plain(path: &str, value: Value) -> Result<Value, String> {
    match value {
        Value::Object(map) => object(path, map),
        Value::Array(items) => {
            let items = items.into_iter().enumerate();
            items.map(|(n, item)| plain(&format!("{path}[{n}]"), item)).collect()
        }
        other => Ok(other),
    }
}

fn object(path: &str, map: Map<String, Value>) -> Result<Value, String> {
    let mut entries = map.iter();
    if let (Some((key, value)), None) = (entries.next(), entries.next())
        && key.starts_with('$')
    {
        return typed(key, value).ok_or_else(|| path.to_owned());
    }
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    map.into_iter().map(|(key, value)| Ok((key.clone(), plain(&below(&key), value)?))).collect()
}

/// `{"$date": …}` and its like; none where it is malformed or of a type that the original never wrote.
fn typed(key: &str, value: &Value) -> Option<Value> {
    Some(match key {
        "$oid" | "$uuid" | "$symbol" | "$numberDecimal" | "$code" => Value::from(value.as_str()?),
        "$numberInt" | "$numberLong" => Value::from(value.as_str()?.parse::<i64>().ok()?),
        "$numberDouble" => double(value.as_str()?.parse().ok()?),
        "$date" => match value {
            Value::String(text) => date(puppet_types::Timestamp::parse(text)?.as_millis()),
            Value::Number(millis) => date(millis.as_i64()?),
            Value::Object(inner) => date(inner.get("$numberLong")?.as_str()?.parse().ok()?),
            _ => return None,
        },
        "$timestamp" => date(value.get("t")?.as_i64()?.checked_mul(1_000)?),
        "$binary" => Value::from(value.get("base64")?.as_str()?),
        "$undefined" => Value::Null,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_forms_are_the_same_plain_values() {
        let canonical = json!({
            "_id": {"$oid": "65f0c0ffee0123456789abcd"}, "n": {"$numberInt": "3"}, "big": {"$numberLong": "1152921504606846976"},
            "half": {"$numberDouble": "0.5"}, "never": {"$numberDouble": "NaN"},
            "at": {"$date": {"$numberLong": "1746572591486"}}, "list": [{"$date": "2025-05-06T23:03:11.486Z"}],
        });
        let relaxed = json!({
            "_id": {"$oid": "65f0c0ffee0123456789abcd"}, "n": 3, "big": 1_152_921_504_606_846_976_i64, "half": 0.5,
            "never": {"$numberDouble": "NaN"}, "at": {"$date": "2025-05-06T23:03:11.486Z"}, "list": [{"$date": 1_746_572_591_486_i64}],
        });
        let expected = json!({
            "_id": "65f0c0ffee0123456789abcd", "n": 3, "big": 1_152_921_504_606_846_976_i64, "half": 0.5, "never": "NaN",
            "at": "2025-05-06T23:03:11.486Z", "list": ["2025-05-06T23:03:11.486Z"],
        });
        assert_eq!(plain("", canonical), Ok(expected.clone()));
        assert_eq!(plain("", relaxed), Ok(expected));
        assert_eq!(plain("", json!({"$cost": 1, "b": {"c": {}}})), Ok(json!({"$cost": 1, "b": {"c": {}}})));
    }

    #[test]
    fn what_is_no_value_is_named() {
        let table = [
            (json!({"a": {"b": {"$date": true}}}), "a.b"),
            (json!({"a": [{"$numberLong": "many"}]}), "a[0]"),
            (json!({"$minKey": 1}), ""),
        ];
        for (value, path) in table {
            assert_eq!(plain("", value.clone()), Err(path.to_owned()), "{value}");
        }
    }
}
