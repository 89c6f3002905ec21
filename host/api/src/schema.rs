//! The schemas of answers: the files of `docs/schemas`, which `--json` is held to as well, as components of the OpenAPI
//! description. There is no second truth.

use serde_json::{Map, Value};

macro_rules! files {
    ($($name:literal)*) => {
        /// By name of the file.
        pub const FILES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../../docs/schemas/", $name, ".json")))),*];
    };
}

// Answers of the API, in the order of the alphabet. `ref("#/components/schemas/<name>")` names one.
files! {
    "agent-list"
    "agent-made"
    "agent-show"
    "agent-trade"
    "approval"
    "approvals"
    "audit"
    "budgets"
    "config"
    "dead-letters"
    "diff-behaviour"
    "effect"
    "event-history"
    "event-send"
    "events-waiting"
    "grant"
    "grants"
    "halt"
    "health"
    "install"
    "invocation"
    "journal"
    "key"
    "keys"
    "live"
    "memories"
    "memory"
    "memory-search"
    "mood"
    "mood-history"
    "openapi"
    "outbox"
    "packs"
    "plugin"
    "plugins"
    "problem"
    "relationships"
    "release"
    "remove"
    "replay"
    "rollback"
    "session"
    "status"
    "swaps"
    "thread"
    "timeline"
    "timers"
    "trading-stats"
    "version"
    "wallet-approval"
    "wallet-approvals"
    "wallet-balance"
    "wallet-history"
    "wallet-word"
    "wallets"
}

/// `components.schemas` of the description. References within a file (`#/$defs/x`) are led to where it lies there.
pub fn components() -> Map<String, Value> {
    let read = |&(name, text): &(&str, &str)| {
        let mut schema: Value = serde_json::from_str(text).unwrap_or_default();
        lead(&mut schema, &format!("#/components/schemas/{name}/"));
        if let Some(schema) = schema.as_object_mut() {
            schema.remove("$schema");
        }
        (name.to_owned(), schema)
    };
    FILES.iter().map(read).collect()
}

fn lead(schema: &mut Value, to: &str) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(place) if key == "$ref" => {
                        if let Some(within) = place.strip_prefix("#/") {
                            *place = format!("{to}{within}");
                        }
                    }
                    value => lead(value, to),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| lead(value, to)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_reads_and_is_in_its_place() {
        let components = components();
        assert!(FILES.is_sorted_by(|a, b| a.0 < b.0), "the order of the alphabet");
        assert_eq!(components.len(), FILES.len());
        let text = serde_json::to_string(&components).unwrap();
        assert!(!text.contains("\"#/$defs"));
        for (name, schema) in &components {
            assert!(schema.is_object(), "{name}");
        }
    }
}
