//! BSON as plain JSON: what the original wrote, without the types of its database. Every document is framed here and
//! read element by element, so that a damaged file costs no more than its size.

use bson::{RawArray, RawBsonRef, RawDocument, spec::BinarySubtype};
use puppet_types::Timestamp;
use serde_json::{Map, Number, Value};

/// The largest document that MongoDB writes, with the room that a dump needs besides.
const MAX_BYTES: usize = (16 << 20) + (16 << 10);
/// Deeper than that no document of the original is.
pub(crate) const MAX_DEPTH: usize = 64;

/// Every document of a dump, in order; or at which document and byte it is damaged, and how.
pub(crate) fn documents(mut bytes: &[u8], most: usize) -> Result<Vec<Value>, String> {
    let whole = bytes.len();
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let damaged = |how: &str| format!("document {} at byte {}: {how}", out.len(), whole - bytes.len());
        if out.len() == most {
            return Err(format!("it holds more than {most} documents"));
        }
        let (document, rest) = frame(bytes).map_err(damaged)?;
        out.push(object(document, MAX_DEPTH).map_err(damaged)?);
        bytes = rest;
    }
    Ok(out)
}

fn frame(bytes: &[u8]) -> Result<(&RawDocument, &[u8]), &'static str> {
    let length = bytes.first_chunk().ok_or("the file ends within its length")?;
    let length = usize::try_from(i32::from_le_bytes(*length)).map_err(|_| "its length is no length")?;
    if !(5..=MAX_BYTES).contains(&length) {
        return Err("its length is no length of a document");
    }
    let (document, rest) = bytes.split_at_checked(length).ok_or("the file ends within it")?;
    RawDocument::from_bytes(document).map(|document| (document, rest)).map_err(|_| "it is no BSON")
}

fn object(document: &RawDocument, depth: usize) -> Result<Value, &'static str> {
    let depth = depth.checked_sub(1).ok_or("it is nested too deeply")?;
    let mut map = Map::new();
    for element in document {
        let (key, value) = element.map_err(|_| "an element of it cannot be read")?;
        map.insert(key.as_str().to_owned(), plain(value, depth)?);
    }
    Ok(Value::Object(map))
}

fn list(array: &RawArray, depth: usize) -> Result<Value, &'static str> {
    let depth = depth.checked_sub(1).ok_or("it is nested too deeply")?;
    let mut items = Vec::new();
    for item in array {
        items.push(plain(item.map_err(|_| "an element of it cannot be read")?, depth)?);
    }
    Ok(Value::Array(items))
}

fn plain(value: RawBsonRef<'_>, depth: usize) -> Result<Value, &'static str> {
    Ok(match value {
        RawBsonRef::Document(document) => object(document, depth)?,
        RawBsonRef::Array(array) => list(array, depth)?,
        RawBsonRef::String(text) | RawBsonRef::Symbol(text) | RawBsonRef::JavaScriptCode(text) => Value::from(text),
        RawBsonRef::Boolean(flag) => Value::from(flag),
        RawBsonRef::Int32(number) => Value::from(number),
        RawBsonRef::Int64(number) => Value::from(number),
        RawBsonRef::Double(number) => double(number),
        RawBsonRef::DateTime(at) => date(at.timestamp_millis()),
        RawBsonRef::Timestamp(at) => date(i64::from(at.time) * 1_000),
        RawBsonRef::ObjectId(id) => Value::from(id.to_hex()),
        RawBsonRef::Decimal128(number) => Value::from(number.to_string()),
        RawBsonRef::Binary(binary) => match (binary.subtype, binary.bytes) {
            (BinarySubtype::Uuid, bytes) if bytes.len() == 16 => Value::from(uuid(bytes)),
            (_, bytes) => Value::from(hex(bytes)),
        },
        RawBsonRef::RegularExpression(regex) => Value::from(regex.pattern.as_str()),
        RawBsonRef::Null | RawBsonRef::Undefined => Value::Null,
        _ => return Err("it holds a value of a type that the original never wrote"),
    })
}

/// A number that JSON has no sign for becomes a text, and is told where a number is expected.
pub(crate) fn double(number: f64) -> Value {
    Number::from_f64(number).map_or_else(|| Value::from(number.to_string()), Value::Number)
}

/// As the original's own files have dates.
pub(crate) fn date(millis: i64) -> Value {
    Value::from(Timestamp::from_millis(millis).to_string())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn uuid(bytes: &[u8]) -> String {
    [0..4, 4..6, 6..8, 8..10, 10..16].map(|part| hex(&bytes[part])).join("-")
}

#[cfg(test)]
mod tests {
    use bson::{Bson, DateTime, doc, oid::ObjectId};
    use serde_json::json;

    use super::*;

    fn bytes(document: &bson::Document) -> Vec<u8> {
        let mut out = Vec::new();
        document.to_writer(&mut out).unwrap();
        out
    }

    #[test]
    fn documents_become_what_the_original_wrote() {
        let first = doc! {
            "_id": ObjectId::parse_str("65f0c0ffee0123456789abcd").unwrap(), "agentId": "ada", "n": 3_i32, "big": 1_i64 << 60,
            "half": 0.5, "never": f64::NAN, "at": DateTime::from_millis(1_746_572_591_486), "nothing": Bson::Null,
            "list": [true, {"a": "b"}],
        };
        let all = [bytes(&first), bytes(&doc! {})].concat();
        let expected = json!({
            "_id": "65f0c0ffee0123456789abcd", "agentId": "ada", "n": 3, "big": 1_152_921_504_606_846_976_i64, "half": 0.5,
            "never": "NaN", "at": "2025-05-06T23:03:11.486Z", "nothing": null, "list": [true, {"a": "b"}],
        });
        assert_eq!(documents(&all, 9), Ok(vec![expected, json!({})]));
        assert_eq!(documents(&all, 1), Err("it holds more than 1 documents".to_owned()));
        assert_eq!(documents(&[], 9), Ok(Vec::new()));
    }

    #[test]
    fn a_damaged_dump_is_told_with_its_place_wherever_it_is_cut() {
        let whole = [bytes(&doc! {"a": "text", "b": [1, 2]}), bytes(&doc! {"c": {"d": 1.5}})].concat();
        for end in 1..whole.len() {
            let result = documents(&whole[..end], 9);
            // Between two documents nothing is missing that could be seen.
            if end == whole.len() - bytes(&doc! {"c": {"d": 1.5}}).len() {
                assert!(result.is_ok());
            } else {
                assert!(result.unwrap_err().contains(" at byte "), "{end}");
            }
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0xff;
            // It may still be a document; it never panics.
            let _ = documents(&damaged, 9);
        }
        let huge = i32::MAX.to_le_bytes();
        assert_eq!(documents(&huge, 9).unwrap_err(), "document 0 at byte 0: its length is no length of a document");
    }

    #[test]
    fn depth_has_a_bound() {
        let mut nested = doc! {};
        for _ in 0..MAX_DEPTH {
            nested = doc! {"a": nested};
        }
        assert!(documents(&bytes(&nested), 9).unwrap_err().contains("nested too deeply"));
    }
}
