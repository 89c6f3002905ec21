//! Imports of our own fixtures, and of the original files where they lie beside the project.

use std::path::Path;

use serde_json::{Value, json};

use super::*;

fn import(file: &Value) -> Result<Imported, ImportError> {
    agent_file(Path::new("a.json"), &file.to_string())
}

fn leaves(value: &Value) -> usize {
    match value {
        Value::Object(map) if !map.is_empty() => map.values().map(leaves).sum(),
        Value::Array(items) if !items.is_empty() => items.iter().map(leaves).sum(),
        _ => 1,
    }
}

fn sums_up(file: &Value, imported: &Imported) {
    let report = &imported.report;
    let sorted = report.carried.len() + report.ignored.len() + report.secrets_moved.len() + report.unknown.len();
    assert_eq!(sorted, leaves(file));
}

fn whole() -> Value {
    json!({
        "id": "ada", "name": "Ada", "llm_provider": "GROK", "goals": "finish", "surprise": {"deep": [1, []]},
        "twitter_credentials": {"apiKey": "KEY-1", "apiKeySecret": "", "username": "ada"},
        "personality": {"traits": ["calm"], "background": "sea", "interests": []},
        "initial_memory": {"coreMemories": ["born"], "relationships": {"bob": {"sentiment": 0.5, "sharedExperiences": ["x"]}}},
        "behavior": {
            "interaction_patterns": {"reply_probability": 0, "like_probability": 0.0},
            "trading_behavior": {"trading_enabled": true, "token_blacklist": ["X"]},
        },
        "solana_integration": {"wallet": {"private_key": "KEY-2", "keypairs": [{"secretKey": "KEY-3"}]}, "rpc": "x"},
    })
}

#[test]
fn every_leaf_is_sorted_and_no_credential_is_shown() {
    let file = whole();
    let imported = import(&file).unwrap();
    sums_up(&file, &imported);
    let names: Vec<&str> = imported.secrets.iter().map(|(name, _)| name.as_str()).collect();
    assert!(names.contains(&"x/ada/apiKey") && names.len() == 4, "{names:?}");
    let seen = format!("{imported:?} {}", serde_json::to_string(&imported.spec).unwrap());
    for key in ["KEY-1", "KEY-2", "KEY-3"] {
        assert!(!seen.contains(key), "{seen}");
    }
    assert_eq!(imported.report.unknown, ["personality.background", "surprise.deep[0]", "surprise.deep[1]"]);
    let spec = &imported.spec;
    assert_eq!((spec.llm.as_deref(), spec.persona.goals.as_slice()), (Some("grok"), &["finish".to_owned()][..]));
    assert_eq!(spec.persona.behavior.interaction_patterns.reply_probability, 0.0);
    assert_eq!(spec.persona.behavior.interaction_patterns.quote_tweet_probability, 0.3);
    assert_eq!(spec.persona.initial_memory.core_memories, ["born"]);
    assert_eq!(spec.extra["solana_integration"]["rpc"], "x");
}

#[test]
fn structural_errors_name_field_and_expectation() {
    let table = [
        (json!([]), "(root)", "object"),
        (json!({}), "id", "missing"),
        (json!({"id": "../x"}), "id", "letters"),
        (json!({"id": "x", "name": 3}), "name", "a text, found 3"),
        (json!({"id": "x", "personality": []}), "personality", "an object"),
        (json!({"id": "x", "personality": {"traits": "calm"}}), "personality.traits", "a list of texts"),
        (json!({"id": "x", "behavior": {"interaction_patterns": {"like_probability": 2}}}), "like_probability", "0 to 1"),
        (json!({"id": "x", "behavior": {"post_frequency": {"min_hours_between_posts": 0}}}), "min_hours", "above 0"),
        (json!({"id": "x", "timezone": "Mars/Base"}), "timezone", "IANA"),
    ];
    for (file, field, expected) in table {
        let error = import(&file).unwrap_err().to_string();
        assert!(error.contains("a.json") && error.contains(field) && error.contains(expected), "{error}");
    }
}

#[test]
fn the_original_files_import_whole() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/agents");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: {} is not there", folder.display());
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let imported = agent_file(&path, &text).unwrap();
        sums_up(&serde_json::from_str(&text).unwrap(), &imported);
        assert!(imported.report.unknown.is_empty(), "{}: {:?}", path.display(), imported.report.unknown);
    }
}
