use std::{collections::BTreeSet, path::Path};

use serde_json::{Value, json};

use super::{super::*, CREDENTIAL};

fn import(value: &Value) -> Result<Imported, ImportError> {
    agent_file(Path::new("keeper.json"), &value.to_string())
}

fn fixture(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/eliza").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Every leaf once: carried, left behind with a reason, or unknown.
fn assert_whole(file: &Value, report: &ImportReport) {
    let carried = report.carried.iter().map(|carried| &carried.field);
    let ignored = report.ignored.iter().map(|ignored| &ignored.field);
    let named: Vec<&String> = carried.chain(ignored).chain(&report.secrets_moved).chain(&report.unknown).collect();
    let expected = leaves("", file);
    assert_eq!(named.len(), expected.len(), "{named:?}");
    assert_eq!(named.into_iter().collect::<BTreeSet<_>>(), expected.iter().collect());
}

fn reason<'a>(imported: &'a Imported, field: &str) -> &'a str {
    imported.report.ignored.iter().find(|ignored| ignored.field == field).map_or("", |ignored| &ignored.reason)
}

fn goes_to<'a>(imported: &'a Imported, field: &str) -> &'a str {
    imported.report.carried.iter().find(|carried| carried.field == field).map_or("", |carried| &carried.to)
}

#[test]
fn a_character_is_an_agent_and_every_leaf_of_it_is_told_of() {
    let file = fixture("lantern-keeper.json");
    let imported = import(&file).unwrap();
    assert_whole(&file, &imported.report);
    assert_eq!(imported.report.unknown, [""; 0]);
    for (field, to) in [
        ("bio[1]", "persona.initial_memory.core_memories[1]"),
        ("lore[0]", "persona.initial_memory.core_memories[3]"),
        ("style.post[0]", "persona.style_guide.voice"),
        ("messageExamples[0][1].content.text", "persona.sample_lines[0]"),
        ("username", "handle"),
        ("modelProvider", "llm"),
    ] {
        assert_eq!(goes_to(&imported, field), to, "{field}");
    }
    let AgentSpec { id, name, handle, description, llm, persona, plugin, .. } = imported.spec.clone();
    assert_eq!((id.as_str(), name.as_str(), handle.as_str()), ("wick-keeper", "Wick", "wick_keeper"));
    assert_eq!((llm.as_deref(), plugin.as_str()), (Some("openai"), STANDARD_PERSONALITY));
    assert_eq!(description, "Keeps the lanterns of a small harbour.");
    assert_eq!(persona.rotating_system_prompts, ["You are Wick. Never claim to be a person."]);
    assert_eq!(persona.personality.traits, ["patient", "dry"]);
    assert_eq!(persona.personality.interests, ["lanterns", "fog", "tides"]);
    assert_eq!(persona.personality.speaking_style, "short sentences; no hashtags");
    assert_eq!(persona.style_guide.tone, "answer with a question");
    assert_eq!(
        persona.sample_lines,
        ["It is. Are you coming in?", "Fog again. The lamp does not mind.", "Two ships. I counted three."]
    );
    assert!(persona.initial_memory.core_memories.contains(&"Kerosene burns at a steady yellow.".to_owned()));
}

#[test]
fn the_younger_shape_is_understood_too() {
    let file = fixture("tide-clerk.json");
    let imported = import(&file).unwrap();
    assert_whole(&file, &imported.report);
    assert_eq!(imported.report.unknown, [""; 0]);
    let AgentSpec { id, handle, persona, .. } = &imported.spec;
    assert_eq!((id.as_str(), handle.as_str()), ("tide-clerk", "tide_clerk"));
    assert_eq!(persona.initial_memory.core_memories.len(), 1, "the bio is one text");
    assert_eq!(goes_to(&imported, "bio"), "persona.initial_memory.core_memories[0]");
    assert!(persona.sample_lines.contains(&"4.2 metres. High.".to_owned()));
    assert!(!persona.sample_lines.contains(&"High or low?".to_owned()), "another's line");
}

#[test]
fn credentials_are_named_and_neither_kept_nor_shown() {
    for (name, fields) in [
        (
            "lantern-keeper.json",
            &[
                "settings.secrets.OPENAI_API_KEY",
                "settings.secrets.TWITTER_PASSWORD",
                "settings.voice.elevenlabs.apiKey",
            ][..],
        ),
        ("tide-clerk.json", &["secrets.DISCORD_API_TOKEN"]),
    ] {
        let imported = import(&fixture(name)).unwrap();
        assert!(imported.secrets.is_empty() && imported.report.secrets_moved.is_empty());
        fields.iter().for_each(|field| assert_eq!(reason(&imported, field), CREDENTIAL, "{field}"));
        let shown = format!("{imported:?} {}", serde_json::to_string(&imported.spec).unwrap());
        assert!(!shown.contains("eliza-secret"), "{shown}");
    }
    let file = json!({"name": "A", "bio": "b", "settings": {"node": "https://u:eliza-secret@h/", "token": ["eliza-secret"]},
        "privateKey": "", "clientConfig": {"telegram": {"botToken": "eliza-secret", "on": true}}});
    let imported = import(&file).unwrap();
    assert_whole(&file, &imported.report);
    for field in ["settings.node", "settings.token[0]", "clientConfig.telegram.botToken"] {
        assert_eq!(reason(&imported, field), CREDENTIAL, "{field}");
    }
    assert!(!format!("{imported:?}").contains("eliza-secret"));
}

#[test]
fn what_is_odd_is_unknown_or_refused_with_its_place() {
    let file = json!({"name": "A", "bio": ["b", "", null], "lore": [], "colour": {"of": ["hat", null]}, "style": {"letters": ["x"]},
        "messageExamples": [[], [{"name": "B", "content": {"text": "x"}, "mood": 1}]], "username": "far too long a name", "system": null});
    assert_eq!(import(&file).unwrap_err().to_string(), "keeper.json: bio[2]: expected a text, found null");
    let mut file = file;
    file["bio"] = json!(["b", ""]);
    let imported = import(&file).unwrap();
    assert_whole(&file, &imported.report);
    let unknown: BTreeSet<&str> = imported.report.unknown.iter().map(String::as_str).collect();
    assert_eq!(unknown, BTreeSet::from(["colour.of[0]", "messageExamples[1][0].mood", "style.letters[0]"]));
    assert_eq!(imported.spec.id.as_str(), "far-too-long-a-name");
    assert_eq!(imported.spec.handle, "a", "the name's, where the account fits no account of X");
    for (file, error) in [
        (json!({"name": "A", "bio": 5}), "keeper.json: bio: expected a text or a list of texts, found a number"),
        (json!({"name": "A", "bio": "b", "style": []}), ""),
        (json!({"name": "A", "bio": "b", "style": "plain"}), "keeper.json: style: expected an object, found a text"),
        (
            json!({"name": "A", "bio": "b", "messageExamples": ["x"]}),
            "keeper.json: messageExamples[0]: expected a list of conversations, each a list of messages, found a text",
        ),
        (
            json!({"name": "灯", "bio": "b"}),
            "keeper.json: id: no id can be made of this character's name: it has no Latin letter and no digit: write \"id\": \"my-agent\"",
        ),
        (
            json!({"name": "A", "id": "no id", "bio": "b"}),
            "keeper.json: id: expected 1 to 64 letters, digits, `-`, `_` or `.`, beginning with a letter or digit: give the agent another id",
        ),
    ] {
        assert_eq!(import(&file).err().map_or(String::new(), |error| error.to_string()), error);
    }
}

#[test]
fn an_agent_file_with_a_bio_stays_an_agent_file() {
    let imported = import(&json!({"id": "a", "bio": "b", "personality": {"traits": ["calm"]}})).unwrap();
    assert_eq!(imported.report.unknown, ["bio"]);
    assert_eq!(imported.spec.persona.personality.traits, ["calm"]);
}
