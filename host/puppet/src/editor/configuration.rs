//! `puppet.toml`, of the table of its keys.

use serde_json::{Value, json};

use super::shape::{by_name, list, one_of, text};
use crate::config::fields::{FIELDS, Field};

/// Keys that hold either what stands here or a table.
const OR_A_TABLE: [&str; 1] = ["trading.risk"];

/// See the head of this file.
pub fn schema() -> Value {
    let mut root = empty();
    for field in FIELDS {
        let mut path: Vec<&str> = field.key.split('.').collect();
        let Some(last) = path.pop() else { continue };
        let mut at = &mut root;
        for part in path {
            at = below(at, part);
        }
        put(at, last, held(field));
    }
    root
}

fn empty() -> Value {
    json!({ "type": "object", "additionalProperties": false })
}

/// The table of this name in a table; `<name>` is any.
fn below<'v>(table: &'v mut Value, part: &str) -> &'v mut Value {
    let slot = if part.starts_with('<') {
        if !table["additionalProperties"].is_object() {
            table["additionalProperties"] = empty();
        }
        &mut table["additionalProperties"]
    } else {
        &mut table["properties"][part]
    };
    if slot.is_null() {
        *slot = empty();
    }
    // What may also be something else has its table beside that.
    if slot["anyOf"].is_array() { &mut slot["anyOf"][1] } else { slot }
}

fn put(table: &mut Value, part: &str, held: Value) {
    if part.starts_with('<') {
        table["additionalProperties"] = held;
    } else {
        table["properties"][part] = held;
    }
}

/// What a key holds, as the table of keys says it.
fn held(field: &Field) -> Value {
    let mut held = kind(field);
    if OR_A_TABLE.contains(&field.key) {
        held = json!({ "anyOf": [held, empty()] });
    }
    held["description"] = json!(plain(field.meaning));
    held
}

fn kind(field: &Field) -> Value {
    let whole = || json!({ "type": "integer", "minimum": 0 });
    match field.holds {
        "true or false" => json!({ "type": "boolean" }),
        "table of texts" => by_name(text()),
        "table of whole numbers" => by_name(json!({ "type": "integer" })),
        "bytes" | "whole number" => whole(),
        "whole number, or a list" => json!({ "anyOf": [whole(), list(whole())] }),
        "as the rule says" => json!({}),
        // Milliseconds, as in the original's variables.
        _ if field.key.starts_with("generators.") && field.key.ends_with(".interval") => {
            json!({ "type": ["string", "integer"] })
        }
        holds if holds.starts_with("list of") || holds.starts_with("array of") => list(text()),
        holds => match (bounds(holds), words(holds)) {
            (Some((least, most)), _) => json!({ "type": "integer", "minimum": least, "maximum": most }),
            (None, Some(words)) => one_of(words),
            (None, None) => text(),
        },
    }
}

/// `1 to 1000`.
fn bounds(holds: &str) -> Option<(u64, u64)> {
    let (least, most) = holds.split_once(" to ")?;
    Some((least.parse().ok()?, most.parse().ok()?))
}

/// `off, error or warn`: each a word of its own.
fn words(holds: &str) -> Option<Vec<&str>> {
    // These say what it is, not how it is written.
    if holds == "name or path" {
        return None;
    }
    let words: Vec<&str> = holds.split(", ").flat_map(|part| part.split(" or ")).collect();
    let is_word =
        |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let known = ["text", "path", "folder", "address"];
    (words.iter().all(is_word) && !(words.len() == 1 && known.contains(&words[0]))).then_some(words)
}

/// Without the marks of a page: `[text](address)` is its text.
fn plain(meaning: &str) -> String {
    let mut out = String::new();
    let mut rest = meaning;
    while let Some((before, after)) = rest.split_once("](") {
        let (head, label) = before.rsplit_once('[').unwrap_or((before, ""));
        out.push_str(head);
        out.push_str(label);
        rest = after.split_once(')').map_or("", |(_, rest)| rest);
    }
    out.push_str(rest);
    out
}
