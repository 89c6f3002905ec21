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
    assert!(rows.len() >= 17, "{}", rows.len());
    for row in rows {
        let guest = row["hostile_guest"].as_str().unwrap();
        assert!(texts.iter().any(|text| is_test(text, guest)), "{}: there is no test `{guest}`", row["name"]);
    }
    assert!(!is_test("fn a_guest() {}", "a_guest") && is_test("#[test]\nfn a_guest() {}", "a_guest"));
}
