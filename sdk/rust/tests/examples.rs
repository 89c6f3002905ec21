//! Every function of the SDK shows in its documentation how it is used; the examples themselves run as doctests.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Folders and files that are no functions for authors: generated code, and the fake host, which is shown by all the rest.
const APART: &[&str] = &["testing", "bindings.rs", "exports.rs"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if APART.contains(&entry.file_name().to_str().unwrap()) {
            continue;
        }
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The name of a function of a module that has no example, for each.
fn without_example(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (mut has_example, mut lines) = (false, source.lines());
    while let Some(line) = lines.next().filter(|line| *line != "#[cfg(test)]") {
        if let Some(doc) = line.strip_prefix("///") {
            has_example |= doc.trim_start().starts_with("```");
        } else if let Some(function) = line.strip_prefix("pub fn ") {
            let name = function.split(['(', '<']).next().unwrap_or_default();
            if !has_example {
                found.push(name.to_owned());
            }
            has_example = false;
        } else if !line.starts_with('#') {
            has_example = false;
        }
    }
    found
}

#[test]
fn every_function_has_an_example() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    assert!(files.len() > 15, "{files:?}");
    let missing = files.iter().flat_map(|file| {
        let names = without_example(&fs::read_to_string(file).unwrap());
        names.into_iter().map(|name| format!("{}: {name}", file.display())).collect::<Vec<_>>()
    });
    assert_eq!(missing.collect::<Vec<_>>(), [] as [&str; 0]);
}

#[test]
fn a_function_without_one_is_found() {
    let source = "/// ```\n/// ```\n#[inline]\npub fn shown() {}\n/// Nothing.\npub fn bare<T>() {}\n#[cfg(test)]\npub fn in_tests() {}";
    assert_eq!(without_example(source), ["bare"]);
}
