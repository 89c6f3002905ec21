use std::{collections::BTreeSet, path::Path};

use serde_json::{Value, json};

use super::*;

fn import(value: &Value) -> Result<Imported, ImportError> {
    agent_file(Path::new("lamp.json"), &value.to_string())
}

fn lamp() -> Value {
    json!({
        "id": "lamp-agent", "name": "Lamp", "description": "Shines.", "llm_provider": "Grok",
        "twitter_credentials": {"apiKey": "kkk-1", "apiKeySecret": "kkk-2", "accessToken": "kkk-3", "accessTokenSecret": "kkk-4",
            "username": "kkk-5", "bearerToken": ""},
        "custom_system_prompt": "You are a lamp.",
        "rotating_system_prompts": ["One.", "Two."],
        "goals": "shine",
        "personality": {"traits": ["bright"], "values": [], "speaking_style": "brief", "background": "Made of brass.", "quirks": ["flickers"],
            "emotional_range": "wide"},
        "style_guide": {"voice": "v", "formatting": {"uses_hashtags": false, "avoid_hyphens": true}, "vocabulary": {"key_terms": ["glow"]}},
        "initial_memory": {"coreMemories": ["lit once"], "recent_events": ["a storm", {"content": "a fog", "timestamp": 1000, "importance": 0, "id": "9"}],
            "relationships": {"secret-keeper": {"sentiment": 0.1, "familiarity": 0, "sharedExperiences": ["x"], "notes": "kind", "lastInteractionDate": null,
                "recentInteractions": [{"a": 1}], "colour": "red"}}},
        "behavior": {
            "post_frequency": {"min_hours_between_posts": 20, "peak_posting_hours": [0, 23], "timezone": "Europe/Berlin"},
            "interaction_patterns": {"reply_probability": 0, "like_probability": 0},
            "content_preferences": {"max_thread_length": 0, "link_sharing_frequency": 0},
            "trading_behavior": {"trade_tweet_probability": 0, "allowed_tokens": {"blacklist": [], "always_tradable": ["SOL"]}},
            "retweet_probability": 0.5,
        },
        "solana_integration": {"private_key": [1, 2, 3], "rpc_url": "https://rpc.example/?api-key=kkk-6", "wallet_address": "abc", "network": "x"},
        "agent_kit_integration": {},
        "llm_config": {"model": "m", "max_tokens": 5},
        "webhook": {"url": "https://u:kkk-7@h/", "secret": "kkk-8", "on": true},
        "nothing": null,
    })
}

/// What the report names: every path once.
fn named_once(report: &ImportReport) -> BTreeSet<String> {
    let all: Vec<String> = report
        .carried
        .iter()
        .map(|carried| carried.field.clone())
        .chain(report.ignored.iter().map(|ignored| ignored.field.clone()))
        .chain(report.secrets_moved.clone())
        .chain(report.unknown.clone())
        .collect();
    let set: BTreeSet<String> = all.iter().cloned().collect();
    assert_eq!(set.len(), all.len(), "a leaf is named twice: {all:?}");
    set
}

fn assert_whole(file: &Value, imported: &Imported) {
    let expected: BTreeSet<String> = leaves("", file).into_iter().collect();
    assert_eq!(named_once(&imported.report), expected);
}

fn everything_shown(imported: &Imported) -> String {
    format!(
        "{}\n{}\n{imported:?}\n{imported:#?}",
        serde_json::to_string(&imported.spec).unwrap(),
        serde_json::to_string(&imported.report).unwrap()
    )
}

#[test]
fn every_leaf_is_somewhere() {
    let imported = import(&lamp()).unwrap();
    assert_whole(&lamp(), &imported);
    let report = &imported.report;
    let to =
        |field: &str| report.carried.iter().find(|carried| carried.field == field).map(|carried| carried.to.as_str());
    assert_eq!(to("initial_memory.coreMemories[0]"), Some("persona.initial_memory.core_memories[0]"));
    assert_eq!(
        to("behavior.trading_behavior.allowed_tokens.blacklist"),
        Some("extra.trading_behavior.allowed_tokens.blacklist")
    );
    assert_eq!(to("personality.background"), Some("persona.initial_memory.core_memories"));
    assert_eq!(report.unknown, ["initial_memory.relationships.secret-keeper.colour", "webhook.on"]);
    assert!(report.ignored.iter().any(|ignored| ignored.field == "nothing"));
}

#[test]
fn the_agent_is_what_the_file_says() {
    let AgentSpec { id, name, handle, timezone, llm, persona, plugin, extra, .. } = import(&lamp()).unwrap().spec;
    assert_eq!((id.as_str(), name.as_str(), handle.as_str()), ("lamp-agent", "Lamp", "lamp_agent"));
    assert_eq!(
        (timezone.as_deref(), llm.as_deref(), plugin.as_str()),
        (Some("Europe/Berlin"), Some("grok"), "standard-personality")
    );
    assert_eq!(persona.goals, ["shine"]);
    assert_eq!(persona.personality.traits, ["bright", "flickers"]);
    assert_eq!(persona.initial_memory.core_memories, ["lit once", "Made of brass."]);
    assert_eq!(persona.initial_memory.relationships["secret-keeper"].notes, ["kind"]);
    assert_eq!(persona.custom_system_prompt.as_deref(), Some("You are a lamp."));
    assert!(persona.style_guide.formatting.avoid_hyphens);
    let patterns = &persona.behavior.interaction_patterns;
    assert_eq!(
        (patterns.reply_probability, patterns.quote_tweet_probability, patterns.like_probability),
        (0.0, 0.3, 0.0)
    );
    let posts = &persona.behavior.post_frequency;
    assert_eq!((posts.min_hours_between_posts, posts.max_hours_between_posts), (20.0, 20.0));
    assert_eq!(posts.peak_posting_hours, [0, 23]);
    assert_eq!(persona.behavior.content_preferences.max_thread_length, 0);
    assert_eq!(extra["solana_integration"], json!({"wallet_address": "abc", "network": "x"}));
    assert_eq!(extra["trading_behavior"]["trade_tweet_probability"], 0);
}

#[test]
fn credentials_go_to_the_secrets_and_are_shown_nowhere() {
    let imported = import(&lamp()).unwrap();
    let names: Vec<&str> = imported.secrets.iter().map(|(name, _)| name.as_str()).collect();
    for name in [
        "x/lamp-agent/api_key",
        "x/lamp-agent/access_token_secret",
        "x/lamp-agent/username",
        "solana/lamp-agent/private_key",
        "solana/lamp-agent/rpc_url",
        "agent/lamp-agent/webhook/url",
        "agent/lamp-agent/webhook/secret",
    ] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
    let key = imported.secrets.iter().find(|(name, _)| name == "solana/lamp-agent/private_key").unwrap();
    assert_eq!(key.1.expose(), "[1,2,3]");
    assert!(imported.report.secrets_moved.contains(&"solana_integration.private_key[2]".to_owned()));
    let shown = everything_shown(&imported);
    assert!(!shown.contains("kkk-") && shown.contains("***"));
}

#[test]
fn a_bare_id_is_an_agent_with_defaults() {
    let imported = import(&json!({"id": "a", "name": null})).unwrap();
    assert_eq!(imported.spec.name, "a");
    assert_eq!(imported.spec.persona, puppet_types::Persona::default());
    assert_eq!(imported.report.defaulted.len(), 11);
}

#[test]
fn an_unknown_provider_is_reported() {
    let imported = import(&json!({"id": "a", "llm_provider": "oracle"})).unwrap();
    assert_eq!(imported.spec.llm, None);
    assert_eq!(imported.report.ignored[0].reason, "no known provider (openai or grok): the default is used");
    assert!(imported.report.defaulted.contains(&"llm_provider".to_owned()));
}

#[test]
fn structural_errors_name_file_field_and_what_was_expected() {
    let table = [
        (json!([1]), "lamp.json: expected an agent: a JSON object, found a list"),
        (
            json!({"name": "x"}),
            "lamp.json: id: is missing: expected the agent's id, a text: write \"id\": \"my-agent\"",
        ),
        (json!({"id": 7}), "lamp.json: id: expected a text, found a number"),
        (
            json!({"id": "../../x"}),
            "lamp.json: id: expected 1 to 64 letters, digits, `-`, `_` or `.`, beginning with a letter or digit: give the agent another id",
        ),
        (json!({"id": "a", "personality": "kind"}), "lamp.json: personality: expected an object, found a text"),
        (
            json!({"id": "a", "behavior": {"post_frequency": {"peak_posting_hours": [9, 24]}}}),
            "lamp.json: behavior.post_frequency.peak_posting_hours[1]: expected a whole hour from 0 to 23, found 24",
        ),
        (
            json!({"id": "a", "behavior": {"interaction_patterns": {"replyProbability": 1.5}}}),
            "lamp.json: behavior.interaction_patterns.replyProbability: expected a number from 0 to 1, found 1.5",
        ),
        (
            json!({"id": "a", "behavior": {"post_frequency": {"min_hours_between_posts": 5, "max_hours_between_posts": 4}}}),
            "lamp.json: behavior.post_frequency.max_hours_between_posts: expected at least min_hours_between_posts (5), found 4: make it larger, or the other smaller",
        ),
        (
            json!({"id": "a", "name": "Ann\nbob"}),
            "lamp.json: name: a name stands on one line: this one controls it, ends it or turns it: write it without such characters",
        ),
    ];
    for (file, error) in table {
        assert_eq!(import(&file).unwrap_err().to_string(), error);
    }
    let error = agent_file(Path::new("lamp.json"), "{\n\"id\": \"a\",\n}").unwrap_err();
    assert_eq!((error.code(), error.line()), ("syntax", Some(3)));
    assert!(error.message().contains("line 3 column 1"), "{error}");
}

/// The agent files of the original engine, where they lie beside the project.
#[test]
fn original_agent_files_are_whole() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/agents");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: {} is not there", folder.display());
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ext| ext != "json") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let imported = agent_file(&path, &text).unwrap();
        let file: Value = serde_json::from_str(&text).unwrap();
        assert_whole(&file, &imported);
        assert!(imported.report.unknown.is_empty(), "{}: {:?}", path.display(), imported.report.unknown);
        let shown = everything_shown(&imported);
        for (name, secret) in &imported.secrets {
            assert!(!shown.contains(secret.expose()), "{}: {name} is shown", path.display());
        }
    }
}
