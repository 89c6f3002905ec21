//! Codes of errors: each that a source gives is in the docs with its status, and each that the docs have is given.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

const OURS: &str = include_str!("../../../../docs/reference/api-errors.md");
const OF_COMMANDS: &str = include_str!("../../../../docs/reference/exit-codes.md");

/// What makes a fault, and its status.
const MAKERS: [(&str, u16); 8] = [
    ("Fault::input(", 400),
    ("Fault::not_found(", 404),
    ("Fault::conflict(", 409),
    ("Fault::unavailable(", 503),
    ("Trouble::input(", 400),
    ("Trouble::refused(", 409),
    ("Trouble::failed(", 409),
    ("Trouble::unreachable(", 503),
];
/// Kinds of `Fault::new(Kind::…, "code"`.
const KINDS: [(&str, u16); 16] = [
    ("Input", 400),
    ("Unauthorised", 401),
    ("Forbidden", 403),
    ("NotFound", 404),
    ("Method", 405),
    ("Slow", 408),
    ("Conflict", 409),
    ("Stale", 412),
    ("TooLarge", 413),
    ("Unsupported", 415),
    ("Misdirected", 421),
    ("Unprocessable", 422),
    ("TooMany", 429),
    ("Internal", 500),
    ("Unavailable", 503),
    ("NotInTime", 504),
];

/// Sources of a server: this crate, and what the program does for it. Tests make faults of their own.
fn sources() -> Vec<String> {
    let crate_ = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = vec![crate_.join("src"), crate_.join("../puppet/src/serving")];
    let mut texts = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let of_tests = ["tests", "tests.rs", "testing"].iter().any(|name| path.ends_with(name));
            match path.is_dir() {
                _ if of_tests => {}
                true => folders.push(path),
                false => {
                    let text = std::fs::read_to_string(&path).unwrap();
                    texts.push(text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned());
                }
            }
        }
    }
    texts
}

/// The code that a text begins with.
fn code(text: &str) -> Option<String> {
    let code = text.trim_start().strip_prefix('"')?.split('"').next()?;
    let is_code = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    is_code.then(|| code.to_owned())
}

/// What is left of a statement: up to the end of its line that ends it, or of the block that it is the value of.
fn statement(rest: &str) -> &str {
    let ends = [";\n", "}\n", "})"].iter().filter_map(|end| rest.find(end));
    &rest[..ends.min().unwrap_or(rest.len())]
}

/// Every code that is given, with its statuses.
fn given() -> BTreeMap<String, BTreeSet<u16>> {
    let mut given: BTreeMap<String, BTreeSet<u16>> = BTreeMap::new();
    for text in sources() {
        for (maker, status) in MAKERS {
            for rest in text.split(maker).skip(1) {
                let Some(code) = code(rest) else { continue };
                // As the program says what stops a command (serving/mod.rs).
                let is_missing = maker.starts_with("Trouble") && statement(rest).contains(".missing()");
                given.entry(code).or_default().insert(if is_missing { 404 } else { status });
            }
        }
        for rest in text.split("Fault::new(Kind::").skip(1) {
            let (kind, rest) = rest.split_once(',').unwrap();
            let status = KINDS.iter().find(|(name, _)| *name == kind).unwrap_or_else(|| panic!("no kind {kind}")).1;
            given.extend(code(rest).map(|code| (code, BTreeSet::from([status]))));
        }
    }
    given
}

/// Codes between backticks in the first cell of each row, with the statuses in the second.
fn documented() -> BTreeMap<String, BTreeSet<u16>> {
    let rows = OURS.lines().filter_map(|line| line.strip_prefix("| `")).map(|rest| format!("`{rest}"));
    let mut all = BTreeMap::new();
    for row in rows {
        let mut cells = row.split(" | ");
        let (codes, statuses) = (cells.next().unwrap(), cells.next().unwrap());
        let statuses: BTreeSet<u16> = statuses.split(", ").map(|status| status.trim().parse().unwrap()).collect();
        for code in codes.split('`').skip(1).step_by(2) {
            assert!(all.insert(code.to_owned(), statuses.clone()).is_none(), "`{code}` stands there twice");
        }
    }
    all
}

#[test]
fn every_code_is_in_the_docs_with_its_status() {
    let (given, documented) = (given(), documented());
    assert!(given.len() > 40 && documented.len() > 40, "{given:?} {documented:?}");
    for (code, statuses) in &given {
        match documented.get(code) {
            Some(told) => assert!(statuses.is_subset(told), "`{code}` is {statuses:?}, and {told:?} in the docs"),
            None => assert!(OF_COMMANDS.contains(&format!("`{code}`")), "`{code}` is in no docs"),
        }
    }
}

#[test]
fn every_code_of_the_docs_is_given() {
    let sources = sources().concat();
    let nowhere: Vec<String> =
        documented().into_keys().filter(|code| !sources.contains(&format!("\"{code}\""))).collect();
    assert!(nowhere.is_empty(), "docs/reference/api-errors.md has what is never answered: {nowhere:?}");
}
