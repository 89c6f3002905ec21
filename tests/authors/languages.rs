//! One plugin, written in each language, on the same scenarios: what the SDKs hand on is the same. A scenario names the whole of
//! what is decided, so a language that tells anything else fails.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{author, copied, tools, whole};
use crate::support::list;

const LANGUAGES: [&str; 3] = ["rust", "python", "js"];

/// A copy of a pack in this folder, with the tool of its language; none where that is not here.
fn equipped(from: &Path, folder: &Path, lang: &str) -> Option<PathBuf> {
    let (target, place) = match lang {
        "python" => (tools("PUPPET_TEST_PYTHON_TOOLS")?, ".venv"),
        "js" => (tools("PUPPET_TEST_JS_TOOLS")?, "node_modules"),
        // Dependencies are compiled once for all.
        _ => (Path::new(env!("CARGO_TARGET_TMPDIR")).join("authors"), "target"),
    };
    let pack = folder.join(lang);
    copied(from, &pack);
    fs::create_dir_all(&target).unwrap();
    symlink(target, pack.join(place)).unwrap();
    Some(pack)
}

#[test]
fn prices_amounts_and_refusals_are_the_same_in_every_language() {
    let folder = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/authors/purse");
    for lang in LANGUAGES {
        let Some(pack) = equipped(&from, folder.path(), lang) else { continue };
        let manifest = fs::read_to_string(pack.join("pack.toml")).unwrap();
        // JavaScript has numbers of 53 bits; Rust has no amount that is none.
        let (entry, more): (_, &[&str]) = match lang {
            "rust" => ("", &["exact"]),
            "python" => ("entry = \"app.py\"", &["exact", "odd"]),
            _ => ("entry = \"app.js\"", &["rounded", "odd"]),
        };
        let built = format!("lang = \"{lang}\"\n{entry}");
        fs::write(pack.join("pack.toml"), manifest.replace("lang = \"rust\"", &built)).unwrap();
        for scenarios in more {
            copied(&pack.join(scenarios), &pack.join("tests"));
        }
        whole(&pack);
    }
}

#[test]
fn the_polyglot_is_one_personality_in_every_language() {
    let folder = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/examples/polyglot");
    let shared = scenarios(&from.join("scenarios"));
    assert!(!shared.is_empty());
    let mut decided = Vec::new();
    for lang in LANGUAGES {
        // Whoever takes a pack away takes its scenarios along, so they are there three times.
        let own = from.join(lang).join("tests");
        if std::env::var_os("UPDATE").is_some() {
            fs::remove_dir_all(&own).unwrap();
            copied(&from.join("scenarios"), &own);
        }
        assert_eq!(scenarios(&own), shared, "{lang}: `UPDATE=1` writes those of sdk/examples/polyglot/scenarios there");
        let Some(pack) = equipped(&from.join(lang), folder.path(), lang) else { continue };
        let checked = whole(&pack);
        figures(lang, &checked, &author(&pack, &["test", "--no-build", "--json"]).exits(0).json());
        // All that it decides, and not only what the scenarios name.
        for (name, text) in &shared {
            fs::write(pack.join("tests").join(name), nothing_expected(text)).unwrap();
        }
        author(&pack, &["test", "--no-build", "--update", "--yes"]).exits(0);
        decided.push(scenarios(&pack.join("tests")));
    }
    assert!(decided[0].iter().any(|(_, text)| text.contains("kind = \"put_state\"")), "{decided:?}");
    assert!(decided.iter().all(|all| *all == decided[0]), "{decided:?}");
}

/// Files of a folder, by name.
fn scenarios(folder: &Path) -> Vec<(String, String)> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let read = |file: fs::DirEntry| {
        (file.file_name().to_string_lossy().into_owned(), fs::read_to_string(file.path()).unwrap())
    };
    let mut all: Vec<_> = files.map(read).collect();
    all.sort();
    all
}

/// A scenario by which nothing comes of any step.
fn nothing_expected(text: &str) -> String {
    let mut scenario: toml_edit::DocumentMut = text.parse().unwrap();
    for step in scenario["step"].as_array_of_tables_mut().unwrap().iter_mut() {
        for expected in ["decision", "declined", "log_contains"] {
            step.remove(expected);
        }
        step.insert("decisions", toml_edit::value("exact"));
    }
    scenario.to_string()
}

/// What docs/sdk/index.md says of this language is about what was measured: bytes of the component, and fuel of its scenarios.
fn figures(lang: &str, checked: &Value, tested: &Value) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sdk/index.md");
    let page = fs::read_to_string(page).unwrap();
    let said = |row: &str| -> f64 {
        let row = page.lines().find(|line| line.starts_with(&format!("| {row} |"))).unwrap_or_else(|| panic!("{row}"));
        let column = 2 + LANGUAGES.iter().position(|name| *name == lang).unwrap();
        let digits: String = row.split('|').nth(column).unwrap().chars().filter(char::is_ascii_digit).collect();
        digits.parse().unwrap()
    };
    let near = |row: &str, found: &Value| {
        let (said, found) = (said(row), found.as_f64().unwrap());
        assert!((0.9..1.1).contains(&(found / said)), "{lang}, {row}: {said} in the page, and it is {found}");
    };
    near("size of the component, bytes", &checked["component"]["bytes"]);
    near("the dearest call, fuel", &checked["fuel"]["worst"]);
    for scenario in list(tested, "scenarios") {
        near(&format!("`{}`, fuel", scenario["name"].as_str().unwrap()), &scenario["fuel"]);
    }
    let peak = list(tested, "scenarios").iter().map(|scenario| scenario["peak_memory_bytes"].as_u64()).max();
    near("memory of a call, bytes", &peak.unwrap().into());
}
