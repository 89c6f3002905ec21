//! `tests/mutants.toml`, the list of mutants that may live, speaks of code that is there, and gives a reason each
//! time. Whether they live is asked by `tests/mutants.sh`, by hand: it takes two hours.

use std::path::Path;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    accepted: Vec<Accepted>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Accepted {
    mutant: String,
    reason: String,
}

/// The function that a mutant is in, by the words of cargo-mutants; none where it is in a constant.
fn function(change: &str) -> Option<&str> {
    let path = match change.rsplit_once(" in ") {
        Some((_, path)) => path,
        None => change.strip_prefix("replace ")?.split(" -> ").next()?.split(" with ").next()?,
    };
    let name = path.rsplit("::").next()?;
    name.starts_with(|first: char| first.is_alphabetic() || first == '_').then_some(name)
}

#[test]
fn accepted_mutants_are_of_code_that_is_there_and_have_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("tests/mutants.toml")).unwrap();
    let list: List = toml::from_str(&text).unwrap();
    // The script reads the list line by line.
    assert_eq!(list.accepted.len(), text.lines().filter(|line| line.starts_with("mutant = \"")).count());
    for Accepted { mutant, reason } in &list.accepted {
        let (file, change) = mutant.split_once(": ").unwrap();
        assert!(
            ["host/grants/src/", "host/sandbox/src/", "host/wallet/src/"].iter().any(|folder| file.starts_with(folder)),
            "{mutant}"
        );
        let code = std::fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{mutant}: {error}"));
        if let Some(name) = function(change) {
            let is_there = ["(", "<"].iter().any(|after| code.contains(&format!("fn {name}{after}")));
            assert!(is_there, "{mutant}: there is no function `{name}`");
        }
        assert!(reason.len() > 20 && reason.ends_with('.'), "{mutant}: {reason:?}");
    }
}

#[test]
fn the_function_of_a_mutant_is_found_in_its_words() {
    let table = [
        ("replace <impl fmt::Debug for Held<P>>::fmt -> fmt::Result with Ok(Default::default())", Some("fmt")),
        ("replace == with != in <impl PartialEq for ByKey>::eq", Some("eq")),
        ("delete match arm Self::Usd in Amount::unit", Some("unit")),
        ("replace Ledger::restore with ()", Some("restore")),
        ("replace ours -> Option<Vec<u8>> with None", Some("ours")),
        ("replace << with >>", None),
    ];
    for (words, name) in table {
        assert_eq!(function(words), name, "{words}");
    }
}
