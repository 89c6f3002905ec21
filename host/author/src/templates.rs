//! The beginning of a pack: a plugin that does a little, its scenarios, its manifest. Files are named by what they are for:
//! all packs, a language, a kind, or a kind in a language.

use crate::sdk;

/// What a pack is to be.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Its id.
    pub name: &'a str,
    /// `personality`, `event-generator`, `trading-strategy`.
    pub kind: &'a str,
    /// `rust`, `python`, `js`.
    pub lang: &'a str,
}

/// The files of the pack: path below its folder, and text; by path.
pub fn files(wanted: Wanted<'_>) -> Vec<(String, String)> {
    let Wanted { kind, lang, .. } = wanted;
    let folders = ["all/".to_owned(), format!("kind/{kind}/"), format!("lang/{lang}/"), format!("both/{lang}-{kind}/")];
    let mut files: Vec<(String, String)> = sdk::templates()
        .filter_map(|(path, bytes)| {
            let below = folders.iter().find_map(|folder| path.strip_prefix(folder.as_str()))?;
            let text = filled(std::str::from_utf8(bytes).ok()?, wanted);
            let name = below.strip_suffix(".in").unwrap_or(below).replace("dot-", ".");
            Some((name, text))
        })
        .collect();
    files.sort();
    files
}

/// Whether there is a beginning of this kind in this language.
pub fn is_there(kind: &str, lang: &str) -> bool {
    let folder = format!("both/{lang}-{kind}/");
    sdk::templates().any(|(path, _)| path.starts_with(&folder))
}

fn filled(text: &str, wanted: Wanted<'_>) -> String {
    let Wanted { name, kind, lang } = wanted;
    let module = name.replace('-', "_");
    let (title, of_type) = (title(name), camel(name));
    let about = match kind {
        "event-generator" => "Gives everybody a word an hour.",
        "trading-strategy" => "Buys once when a bar falls.",
        _ => "Greets whoever speaks to it, and counts them.",
    };
    let (entry, fuel, strategy_fuel, bytes, notes) = match lang {
        "python" => ("entry = \"app.py\"\n", "20000000", "200000000", "25000000", PYTHON),
        "js" => ("entry = \"app.js\"\n", "10000000", "100000000", "4000000", JS),
        _ => ("", "1000000", "5000000", "400000", RUST),
    };
    let values = [
        ("name", name),
        ("module", &module),
        ("type", &of_type),
        ("title", &title),
        ("about", about),
        ("kind", kind),
        ("lang", lang),
        ("entry", entry),
        ("fuel", fuel),
        ("strategy_fuel", strategy_fuel),
        ("bytes", bytes),
        ("lang_notes", notes),
    ];
    values.iter().fold(text.to_owned(), |text, (key, value)| text.replace(&format!("{{{{{key}}}}}"), value))
}

const RUST: &str = "The behaviour is in `src/lib.rs`; `cargo test` runs its unit tests natively, without a sandbox.";
const PYTHON: &str = "The behaviour is in `app.py`. `pip install componentize-py==0.25.1` gets what builds it.";
const JS: &str = "The behaviour is in `app.js`. `npm install` gets what builds it.";

/// `night-watch` as people write it: `Night watch`.
fn title(name: &str) -> String {
    let words = name.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The same as a type is called: `NightWatch`.
fn camel(name: &str) -> String {
    let word = |word: &str| -> String {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    let name: String = name.split('-').map(word).collect();
    // A type does not begin with a digit.
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("Pack{name}") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    #[test]
    fn each_beginning_is_filled_in_and_its_scenarios_are_read() {
        for lang in ["rust", "python", "js"] {
            for kind in ["personality", "event-generator", "trading-strategy"] {
                if !is_there(kind, lang) {
                    continue;
                }
                let files = files(Wanted { name: "night-watch", kind, lang });
                let mut scenarios = 0;
                for (path, text) in &files {
                    assert!(!text.contains("{{"), "{lang} {kind} {path}: {text}");
                    if path.starts_with("tests/") {
                        Scenario::parse(text, path).unwrap_or_else(|fault| panic!("{path}: {fault:?}"));
                        scenarios += 1;
                    }
                }
                assert!(scenarios > 0, "{lang} {kind}");
                for needed in ["pack.toml", "README.md", ".gitignore"] {
                    assert!(files.iter().any(|(path, _)| path == needed), "{lang} {kind} {needed}");
                }
            }
        }
        assert!(is_there("personality", "rust"));
    }

    #[test]
    fn names_become_titles_and_types() {
        assert_eq!((title("night-watch").as_str(), camel("night-watch").as_str()), ("Night watch", "NightWatch"));
        assert_eq!(camel("7-lamps"), "Pack7Lamps");
    }
}
