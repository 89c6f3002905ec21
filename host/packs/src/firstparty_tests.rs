//! The packs that come with the project are whole, and their characters can be told apart.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use crate::{AgentSpec, Component, Pack};

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn personalities() -> Vec<(Pack, AgentSpec)> {
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(project().join("personalities")).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let packs = folders.iter().filter(|folder| folder.is_dir()).map(|folder| Pack::open(folder).unwrap());
    packs.map(|pack| (pack.clone(), AgentSpec::from_pack(&pack).unwrap())).collect()
}

fn lower_words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 4).map(str::to_lowercase).collect()
}

#[test]
fn plugins_come_with_puppet() {
    let agents = ["standard-personality", "news", "mood-swings", "encounters"];
    for id in agents.into_iter().chain(["sma-cross", "impulse", "dca", "grid", "momentum"]) {
        let pack = Pack::open(&project().join("plugins").join(id)).unwrap();
        assert_eq!(pack.manifest.id.as_str(), id);
        assert_eq!(pack.manifest.component, Component::BuiltIn(id.into()));
        assert!(
            pack.manifest.requests.values().all(|request| !request.reason.is_empty() && !request.operations.is_empty())
        );
    }
}

/// Fields of the structure `Settings` in a plugin's source.
fn fields_of_settings(source: &str) -> BTreeSet<&str> {
    let body = source.split("struct Settings {").nth(1).and_then(|rest| rest.split("\n}").next()).unwrap();
    let code = body.lines().map(str::trim).filter(|line| !line.starts_with("//") && !line.is_empty());
    code.map(|line| line.trim_start_matches("pub ").split(':').next().unwrap()).collect()
}

#[test]
fn plugins_declare_the_settings_that_they_read() {
    for (id, source) in [
        ("standard-personality", include_str!("../../../plugins/standard-personality/src/persona.rs")),
        ("news", include_str!("../../../plugins/news/src/lib.rs")),
        ("mood-swings", include_str!("../../../plugins/mood-swings/src/lib.rs")),
        ("encounters", include_str!("../../../plugins/encounters/src/lib.rs")),
    ] {
        let pack = Pack::open(&project().join("plugins").join(id)).unwrap();
        let declared: BTreeSet<&str> = pack.manifest.declares.iter().map(|setting| setting.name.as_str()).collect();
        assert_eq!(declared, fields_of_settings(source), "{id}");
        for setting in &pack.manifest.declares {
            let set = pack.manifest.settings.get(&setting.name);
            assert!(set.is_none() || set == setting.default.as_ref(), "{id}: {}", setting.name);
        }
    }
}

#[test]
fn every_character_is_rich_enough_for_the_offline_model() {
    let all = personalities();
    assert_eq!(all.len(), 4);
    let ids: BTreeSet<&str> = all.iter().map(|(_, spec)| spec.id.as_str()).collect();
    for (pack, AgentSpec { id, persona, plugin, .. }) in &all {
        assert_eq!(plugin.as_str(), "standard-personality", "{id}");
        let standard = Pack::open(&project().join("plugins/standard-personality")).unwrap();
        pack.check_settings(&standard.manifest.declares).unwrap();
        assert_eq!(pack.dir.file_name().unwrap().to_str(), Some(id.as_str()));
        assert!(pack.manifest.requests.values().all(|request| !request.reason.is_empty()), "{id}");
        assert!((6..=12).contains(&persona.personality.interests.len()), "{id}");
        assert!((5..=8).contains(&persona.initial_memory.core_memories.len()), "{id}");
        let known: BTreeSet<&str> = persona.initial_memory.relationships.keys().map(String::as_str).collect();
        assert_eq!(known, ids.iter().copied().filter(|other| *other != id.as_str()).collect(), "{id}");
        assert!((25..=40).contains(&persona.sample_lines.len()), "{id}");
        let style = &persona.style_guide;
        let never = style.topics_to_avoid.iter().chain(&style.vocabulary.avoid_terms);
        let never: Vec<String> = never.map(|term| term.to_lowercase()).collect();
        let mut seen = BTreeSet::new();
        for line in &persona.sample_lines {
            assert!(line.chars().count() <= 200 && seen.insert(line), "{id}: {line}");
            assert!(style.formatting.uses_hashtags || !line.contains('#'), "{id}: {line}");
            assert!(!style.formatting.avoid_hyphens || !line.contains(['-', '–', '—']), "{id}: {line}");
            let line = line.to_lowercase();
            assert!(never.iter().all(|term| !line.contains(term.as_str())), "{id}: {line}");
        }
    }
}

#[test]
fn characters_have_words_of_their_own() {
    let all = personalities();
    let words: Vec<BTreeSet<String>> =
        all.iter().map(|(_, spec)| lower_words(&spec.persona.sample_lines.join(" "))).collect();
    for (a, one) in words.iter().enumerate() {
        for (b, other) in words.iter().enumerate().skip(a + 1) {
            let share = one.intersection(other).count() as f64 / one.len().min(other.len()) as f64;
            assert!(share < 0.2, "{} and {}: {share:.2}", all[a].1.id, all[b].1.id);
        }
    }
}

/// The demo runs an hour in a second, and a post is to be seen within five.
#[test]
fn the_demo_starts_soon_and_one_of_them_takes_its_time() {
    let all = personalities();
    let posts = |spec: &AgentSpec| spec.persona.behavior.post_frequency.clone();
    assert!(all.iter().any(|(_, spec)| posts(spec).max_hours_between_posts <= 2.0));
    assert!(all.iter().any(|(_, spec)| posts(spec).min_hours_between_posts >= 6.0));
    assert!(all.iter().any(|(_, spec)| spec.persona.rotating_system_prompts.len() >= 3));
    assert!(all.iter().any(|(_, spec)| spec.persona.behavior.interaction_patterns.reply_probability >= 0.9));
}
