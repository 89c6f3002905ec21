//! Values of the original's files as what they mean: times as ISO or epoch, numbers within their ranges, texts. What is
//! of another type is told with what was expected.

use puppet_types::Timestamp;
use serde_json::Value;

/// What was expected and found.
pub(crate) type Wrong = String;

/// Epoch numbers below this are seconds: as milliseconds they would lie before March 1973.
const SECONDS_BELOW: i64 = 100_000_000_000;

/// A text.
pub(crate) fn text(value: &Value) -> Result<&str, Wrong> {
    value.as_str().ok_or_else(|| expected("a text", value))
}

/// A number, brought into its range and to six decimals. A 0 stays a 0.
pub(crate) fn number(value: &Value, least: f64, most: f64) -> Result<f64, Wrong> {
    let number = value.as_f64().filter(|number| number.is_finite()).ok_or_else(|| expected("a number", value))?;
    // Adding zero turns −0 into 0.
    Ok(libm::round(number.clamp(least, most) * 1e6) / 1e6 + 0.0)
}

/// A time: RFC 3339, or seconds or milliseconds since 1970 as a number or in digits.
pub(crate) fn time(value: &Value) -> Result<Timestamp, Wrong> {
    let epoch = |number: i64| {
        let millis = if number.abs() < SECONDS_BELOW { number.saturating_mul(1_000) } else { number };
        (millis >= 0).then(|| Timestamp::from_millis(millis))
    };
    let found = match value {
        Value::String(text) => Timestamp::parse(text.trim()).or_else(|| text.trim().parse().ok().and_then(epoch)),
        Value::Number(number) => {
            number.as_i64().or_else(|| number.as_f64().map(|number| number as i64)).and_then(epoch)
        }
        _ => None,
    };
    found.ok_or_else(|| expected("a time (ISO 8601, or since 1970)", value))
}

/// A leaf as a text, for places that hold only texts.
pub(crate) fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// In words; a text is not quoted, since it may hold anything.
pub(crate) fn expected(what: &str, found: &Value) -> Wrong {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    format!("expected {what}, found {found}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_are_iso_or_epoch() {
        let at = Timestamp::parse("2025-05-06T23:03:11.486Z").unwrap();
        for value in [
            json!("2025-05-06T23:03:11.486Z"),
            json!("2025-05-07T01:03:11.486+02:00"),
            json!(1_746_572_591_486_i64),
            json!("1746572591486"),
            json!(1_746_572_591_486.0),
        ] {
            assert_eq!(time(&value), Ok(at), "{value}");
        }
        assert_eq!(time(&json!(1_746_572_591)).unwrap().to_string(), "2025-05-06T23:03:11.000Z");
        assert_eq!(time(&json!(0)).unwrap().as_millis(), 0);
        for value in [json!("yesterday"), json!(true), json!(null), json!({}), json!(-5)] {
            assert!(time(&value).unwrap_err().starts_with("expected a time"), "{value}");
        }
    }

    #[test]
    fn numbers_are_clamped_and_a_zero_is_a_zero() {
        let table = [
            (json!(0), 0.0),
            (json!(-0.0), 0.0),
            (json!(3), 1.0),
            (json!(-9.5), -1.0),
            (json!(0.123_456_789), 0.123_457),
        ];
        for (value, expected) in table {
            assert_eq!(number(&value, -1.0, 1.0).map(f64::to_bits), Ok(f64::to_bits(expected)), "{value}");
        }
        assert_eq!(number(&json!("0.5"), 0.0, 1.0), Err("expected a number, found a text".to_owned()));
    }
}
