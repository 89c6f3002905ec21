//! `doctor --limits`: a limit without a guest that hits it does not exist.

use std::path::{Path, PathBuf};

use puppet_types::Breach;

use crate::support::{list, run};

/// Where hostile guests are, below the project's folder.
const SUITES: [&str; 6] = [
    "tests/hostile",
    "host/sandbox/tests/hostile.rs",
    "host/sandbox/tests/pool.rs",
    "host/sandbox/tests/refused.rs",
    "host/engine/tests/rules/limits.rs",
    "host/engine/tests/rules/fair.rs",
];

/// Sources below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            sources(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.push(entry);
        }
    }
}

/// The text of a function of this name that is run as a test.
fn test_of(text: &str, name: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let starts = [format!("fn {name}("), format!("async fn {name}(")];
    let at = lines.iter().position(|line| starts.iter().any(|start| line.starts_with(start)))?;
    let attributes: Vec<_> = lines[..at].iter().rev().take_while(|line| line.starts_with("#[")).collect();
    let runs = |line: &&&str| line.starts_with("#[test]") || line.starts_with("#[tokio::test");
    let is_test = attributes.iter().any(runs) && !attributes.iter().any(|line| line.starts_with("#[ignore"));
    let body = lines[at..].iter().take_while(|line| **line != "}").copied();
    is_test.then(|| body.collect::<Vec<_>>().join("\n"))
}

#[test]
fn what_all_invocations_share_can_be_set_within_its_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let with = |text: &str| {
        std::fs::write(folder.path().join("puppet.toml"), text).unwrap();
        run(folder.path(), &["doctor", "--limits", "--json"])
    };
    let text = "[sandbox.strikes]\nback_off_minutes = [2, 7]\nquarantine_after = 3\n[sandbox.pool]\nslots = 9\n";
    let limits = with(text).exits(0).json();
    let value = |name: &str| list(&limits, "items").iter().find(|row| row["name"] == name).unwrap()["value"].clone();
    assert_eq!(["back_off_minutes", "quarantine_after", "slots"].map(value), [7, 3, 9].map(serde_json::Value::from));
    for (text, told) in [
        ("[sandbox.strikes]\nquarantine_after = 0\n", "between 1 and 1000 strikes"),
        ("[sandbox.strikes]\nback_off_minutes = []\n", "between 1 and 10080 minutes"),
        ("[sandbox.strikes]\nback_off_minutes = 5\n", "write a whole number, or a list"),
        ("[sandbox.pool]\nslots = 10001\n", "between 1 and 10000 instances"),
        ("[sandbox.strikes]\nwindow = 5\n", "known here: back_off_minutes, quarantine_after, window_minutes"),
        ("[invocation]\nhops = 65\n", "from 1 to 64"),
    ] {
        let refused = with(text).exits(2).stderr;
        assert!(refused.contains(told) && refused.contains("\"line\":2"), "{refused}");
    }
}

#[test]
fn every_limit_that_doctor_names_has_a_hostile_guest_among_the_tests() {
    let folder = tempfile::tempdir().unwrap();
    let limits = run(folder.path(), &["doctor", "--limits", "--json"]).exits(0).json();
    let mut files = Vec::new();
    for suite in SUITES.map(|suite| Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(suite)) {
        if suite.is_dir() { sources(&suite, &mut files) } else { files.push(suite) }
    }
    let texts: Vec<String> = files.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let rows = list(&limits, "items");
    let known = puppet_sandbox::LIMITS.iter().map(|limit| limit.name);
    let known = known.chain(puppet_grants::BOUNDS.iter().map(|bound| bound.name));
    let known: Vec<&str> = known
        .chain(puppet_sandbox::SHARED.iter().map(|limit| limit.name))
        .chain([puppet_engine::MAILBOX.name])
        .collect();
    let listed: Vec<&str> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(listed, known);
    let told = run(folder.path(), &["doctor", "--limits"]).exits(0).stdout;
    for row in rows {
        let guest = row["hostile_guest"].as_str().unwrap();
        let test = texts.iter().find_map(|text| test_of(text, guest));
        let test = test.unwrap_or_else(|| panic!("{}: there is no test `{guest}`", row["name"]));
        if let Some(breach) = row["breach"].as_str().and_then(Breach::parse) {
            assert!(test.contains(&format!("Breach::{breach:?}")), "`{guest}` does not look for `{breach}`");
        }
        assert!(row["config_key"].as_str().is_some_and(|key| key.ends_with(row["name"].as_str().unwrap())), "{row}");
        let line = told.lines().find(|line| line.split_whitespace().next() == row["name"].as_str()).unwrap();
        let shown: Vec<&str> = line.split_whitespace().collect();
        let numbers = ["value", "least", "most"].map(|key| row[key].as_u64().unwrap());
        assert_eq!(shown[1..4], numbers.map(|n| n.to_string()), "{line}");
        assert_eq!(shown.last(), Some(&guest), "{line}");
        assert!(numbers[1] <= numbers[0] && numbers[0] <= numbers[2], "{row}");
    }
    assert_eq!(test_of("fn a_guest() {\n}", "a_guest"), None);
    assert_eq!(test_of("#[test]\nfn a_guest() {\n  1\n}\n2", "a_guest").as_deref(), Some("fn a_guest() {\n  1"));
}
