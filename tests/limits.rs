//! `doctor --limits`: a limit without a guest that hits it does not exist.

use std::path::{Path, PathBuf};

use crate::support::{list, run};

/// Sources of tests: integration tests of the crates, and modules of tests within them.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            sources(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.push(entry);
        }
    }
}

/// Whether a function of this name is there and is run as a test.
fn is_test(text: &str, name: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let starts = [format!("fn {name}("), format!("async fn {name}(")];
    let at = lines.iter().position(|line| starts.iter().any(|start| line.starts_with(start)));
    let Some(at) = at else { return false };
    let attributes = lines[..at].iter().rev().take_while(|line| line.starts_with("#["));
    let attributes: Vec<_> = attributes.collect();
    let runs = |line: &&&str| line.starts_with("#[test]") || line.starts_with("#[tokio::test");
    attributes.iter().any(runs) && !attributes.iter().any(|line| line.starts_with("#[ignore"))
}

#[test]
fn every_limit_that_doctor_names_has_a_hostile_guest_among_the_tests() {
    let folder = tempfile::tempdir().unwrap();
    let limits = run(folder.path(), &["doctor", "--limits", "--json"]).exits(0).json();
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), &mut files);
    let texts: Vec<String> = files.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let rows = list(&limits, "items");
    let known = puppet_sandbox::LIMITS.iter().map(|limit| limit.name);
    let known = known.chain(puppet_grants::BOUNDS.iter().map(|bound| bound.name));
    let known: Vec<&str> = known.chain(["relationships"]).collect();
    let listed: Vec<&str> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(listed, known);
    let told = run(folder.path(), &["doctor", "--limits"]).exits(0).stdout;
    for row in rows {
        let guest = row["hostile_guest"].as_str().unwrap();
        assert!(texts.iter().any(|text| is_test(text, guest)), "{}: there is no test `{guest}`", row["name"]);
        let line = told.lines().find(|line| line.split_whitespace().next() == row["name"].as_str()).unwrap();
        let shown: Vec<&str> = line.split_whitespace().collect();
        let numbers = ["value", "least", "most"].map(|key| row[key].as_u64().unwrap());
        assert_eq!(shown[1..4], numbers.map(|n| n.to_string()), "{line}");
        assert_eq!(shown.last(), Some(&guest), "{line}");
        assert!(numbers[1] <= numbers[0] && numbers[0] <= numbers[2], "{row}");
    }
    assert!(!is_test("fn a_guest() {}", "a_guest") && is_test("#[test]\nfn a_guest() {}", "a_guest"));
}
