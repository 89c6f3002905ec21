//! One plugin, written in each language, on the same scenarios: what the SDKs hand on is the same. A scenario names the whole of
//! what is decided, so a language that tells anything else fails.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use super::{copied, tools, whole};

/// A language, and where its tool stands in a pack's folder.
const LANGUAGES: [(&str, &str, Option<(&str, &str)>); 3] = [
    ("rust", "src/lib.rs", None),
    ("python", "app.py", Some(("PUPPET_TEST_PYTHON_TOOLS", ".venv"))),
    ("js", "app.js", Some(("PUPPET_TEST_JS_TOOLS", "node_modules"))),
];

/// A copy of a pack in this folder, with the tool of its language; none where that is not here.
fn equipped(from: &Path, folder: &Path, lang: &str) -> Option<PathBuf> {
    let (_, _, tool) = LANGUAGES.iter().find(|(name, ..)| *name == lang).unwrap();
    let (target, place) = match tool {
        Some((variable, place)) => (tools(variable)?, *place),
        // Dependencies are compiled once for all.
        None => (Path::new(env!("CARGO_TARGET_TMPDIR")).join("authors"), "target"),
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
    for (lang, entry, _) in LANGUAGES {
        let Some(pack) = equipped(&from, folder.path(), lang) else { continue };
        let manifest = fs::read_to_string(pack.join("pack.toml")).unwrap();
        let built = format!("lang = \"{lang}\"\nentry = \"{entry}\"");
        fs::write(pack.join("pack.toml"), manifest.replace("lang = \"rust\"", &built)).unwrap();
        // JavaScript has numbers of 53 bits; Rust has no amount that is none.
        let more: &[&str] = match lang {
            "rust" => &["exact"],
            "python" => &["exact", "odd"],
            _ => &["rounded", "odd"],
        };
        for scenarios in more {
            copied(&pack.join(scenarios), &pack.join("tests"));
        }
        whole(&pack);
    }
}
