//! Which version serves which; and the WIT files of the contract against the list of what is frozen (`wit/frozen.toml`).

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use puppet_types::Digest;

use super::*;

#[test]
fn an_earlier_version_of_a_track_is_served_and_a_later_one_is_not() {
    use Skew::{Gone, Newer};
    // (asked for, served, what comes of it)
    type Case<'a> = (&'a str, &'a [&'a str], Result<(), Skew>);
    let table: [Case<'_>; 14] = [
        ("0.1.0", &["0.1.0"], Ok(())),
        ("0.1.0", &["0.1.3"], Ok(())),
        ("0.1.4", &["0.1.3"], Err(Newer)),
        ("0.1.4", &["0.1.3", "0.2.0"], Err(Gone)),
        ("0.2.0", &["0.1.3", "0.2.0"], Ok(())),
        ("0.2.1", &["0.1.0", "0.2.0"], Err(Newer)),
        ("0.1.0", &["0.2.0"], Err(Gone)),
        ("0.2.0-rc.1", &["0.2.0"], Err(Gone)),
        ("0.0.1", &["0.0.2"], Err(Gone)),
        ("1.1.0", &["1.4.0"], Ok(())),
        ("1.5.0", &["1.4.0"], Err(Newer)),
        ("1.4.0", &["2.0.0"], Err(Gone)),
        ("2.0.0", &["1.4.0"], Err(Newer)),
        ("0.9.0", &["1.4.0"], Err(Gone)),
    ];
    for (asked, served, expected) in table {
        let version = Version::parse(asked).unwrap();
        assert_eq!(check(&version, served), expected, "{asked} where {served:?} are served");
    }
}

#[test]
fn the_contract_is_the_latest_version_of_the_table() {
    let latest = SERVED.iter().map(|served| Version::parse(served.version).unwrap()).max().unwrap();
    assert_eq!(latest.to_string(), CONTRACT);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Frozen {
    /// Files that no host serves yet, below `wit`.
    draft: Vec<String>,
    package: Vec<Entry>,
}

/// A frozen file.
#[derive(serde::Deserialize, Debug, Clone, PartialEq)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    version: String,
    /// Below `wit`.
    file: String,
    sha256: String,
}

/// What a file says to a machine: without comments, with single spaces.
fn normalised(text: &str) -> String {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    code.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

/// A file as the list has to have it.
fn entry(file: &str, text: &str) -> Entry {
    let text = normalised(text);
    let package = text.split_once(';').and_then(|(head, _)| head.strip_prefix("package puppet:"));
    let (name, version) = package.and_then(|package| package.split_once('@')).unwrap_or_else(|| panic!("{file}"));
    let sha256 = Digest::of(text.as_bytes()).hex();
    Entry { name: name.to_owned(), version: version.to_owned(), file: file.to_owned(), sha256 }
}

/// Every WIT file, by its path below `wit`.
fn files(folder: &Path, below: &str, found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{below}{}", path.file_name().unwrap().to_string_lossy());
        if path.is_dir() {
            files(&path, &format!("{name}/"), found);
        } else if name.ends_with(".wit") {
            found.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// What is wrong with the files, in words for who changed them.
fn complaints(files: &BTreeMap<String, String>, frozen: &[Entry]) -> Vec<String> {
    let of =
        |one: &Entry| frozen.iter().find(|known| (&known.name, &known.version) == (&one.name, &one.version)).cloned();
    let mut complaints = Vec::new();
    for (file, text) in files {
        let found = entry(file, text);
        let Entry { name, version, sha256, .. } = &found;
        match of(&found) {
            None => complaints.push(format!(
                "wit/{file} is puppet:{name}@{version}, which wit/frozen.toml does not have: when it is finished, add\n\
                 [[package]]\nname = \"{name}\"\nversion = \"{version}\"\nfile = \"{file}\"\nsha256 = \"{sha256}\""
            )),
            Some(known) if known.file != *file => {
                complaints.push(format!("puppet:{name}@{version} is frozen in wit/{}, and wit/{file} is it too", known.file));
            }
            Some(known) if known.sha256 != *sha256 => complaints.push(format!(
                "wit/{file} has changed and is still puppet:{name}@{version}, which is frozen: undo it, or make it a new \
                 version as wit/VERSIONING.md says"
            )),
            Some(_) => {}
        }
    }
    let gone = frozen.iter().filter(|known| !files.contains_key(&known.file));
    complaints.extend(gone.map(|known| format!("wit/{} is frozen, and is gone", known.file)));
    complaints
}

fn found() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    files(&root().join("wit"), "", &mut found);
    found.retain(|file, _| !drafts().contains(file));
    found
}

fn list() -> Frozen {
    let text = std::fs::read_to_string(root().join("wit/frozen.toml")).unwrap();
    toml::from_str(&text).unwrap()
}

fn frozen() -> Vec<Entry> {
    list().package
}

fn drafts() -> Vec<String> {
    list().draft
}

#[test]
fn a_frozen_file_changes_only_with_its_version() {
    let complaints = complaints(&found(), &frozen());
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn each_way_to_break_what_is_frozen_is_told() {
    let (files, frozen) = (found(), frozen());
    let log = || "log/log.wit".to_owned();
    let told = |change: &dyn Fn(&mut BTreeMap<String, String>)| {
        let mut changed = files.clone();
        change(&mut changed);
        complaints(&changed, &frozen)
    };
    let edited = |from: &'static str, to: &'static str| {
        told(&|files| {
            let text = files.get_mut(&log()).unwrap();
            assert!(text.contains(from), "{from}");
            *text = text.replace(from, to);
        })
    };
    assert!(edited("/// A line", "/// One line").is_empty(), "comments are free");
    assert!(edited("debug, info", "debug,\n        info").is_empty(), "and so is layout");
    let [changed] = &edited("debug, info", "trace, debug, info")[..] else { panic!() };
    assert!(changed.starts_with("wit/log/log.wit has changed and is still puppet:log@0.2.0"), "{changed}");
    let [unknown, ..] = &edited("log@0.2.0", "log@0.3.0")[..] else { panic!() };
    assert!(unknown.contains("puppet:log@0.3.0, which wit/frozen.toml does not have"), "{unknown}");
    let [gone] = &told(&|files| drop(files.remove(&log())))[..] else { panic!() };
    assert_eq!(gone, "wit/log/log.wit is frozen, and is gone");
    let twice = told(&|files| drop(files.insert("log/copy.wit".to_owned(), files[&log()].clone())));
    assert!(twice[0].contains("and wit/log/copy.wit is it too"), "{twice:?}");
}

/// What the host says that it serves is what the files say that there is.
#[test]
fn every_frozen_version_is_served() {
    let pairs = |name: &str, version: &str| (name.to_owned(), version.to_owned());
    let frozen: BTreeSet<_> = frozen().iter().map(|entry| pairs(&entry.name, &entry.version)).collect();
    let served: BTreeSet<_> = SERVED.iter().map(|served| pairs(served.package, served.version)).collect();
    assert_eq!(served, frozen);
}

/// A draft is free to change because nobody can be built against it: no version of its package is served.
#[test]
fn a_draft_is_a_file_that_is_served_in_no_version() {
    for file in drafts() {
        let text = std::fs::read_to_string(root().join("wit").join(&file)).unwrap();
        let Entry { name, .. } = entry(&file, &text);
        assert!(versions(&name).is_empty(), "puppet:{name} is served and may not be a draft");
        assert!(frozen().iter().all(|entry| entry.file != file && entry.name != name), "{file} is frozen and a draft");
    }
}

/// The table for authors.
#[test]
fn the_page_on_the_contract_has_the_table_of_served_versions() {
    let page = std::fs::read_to_string(root().join("docs/reference/contract.md")).unwrap();
    for Served { package, version, since } in SERVED {
        let row = format!("| `puppet:{package}@{version}` | {since} |");
        assert!(page.contains(&row), "docs/reference/contract.md: {row}");
    }
    let rows = page.lines().filter(|line| line.starts_with("| `puppet:")).count();
    assert_eq!(rows, SERVED.len(), "docs/reference/contract.md has rows of what is not served");
}
