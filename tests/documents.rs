//! The documents: no link of them is dead, and what they show as TOML or JSON is that.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Component, Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// README.md and every page of docs/, by its path in the project.
fn pages() -> BTreeMap<PathBuf, String> {
    let mut pages = BTreeMap::new();
    let mut folders = vec![PathBuf::from("docs")];
    let mut files = vec![PathBuf::from("README.md")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root().join(&folder)).unwrap() {
            let path = folder.join(entry.unwrap().file_name());
            if root().join(&path).is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "md") {
                files.push(path);
            }
        }
    }
    for file in files {
        let text = std::fs::read_to_string(root().join(&file)).unwrap();
        pages.insert(file, text);
    }
    pages
}

/// A line of a page, or a block between fences: its language, its first line, its text.
enum Part<'a> {
    Line(usize, &'a str),
    Block(&'a str, usize, String),
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let (mut parts, mut block) = (Vec::new(), None);
    for (n, line) in text.lines().enumerate() {
        match (line.trim_start().strip_prefix("```"), block.take()) {
            (Some(_), Some((lang, at, text))) => parts.push(Part::Block(lang, at, text)),
            (Some(lang), None) => block = Some((lang.trim(), n + 1, String::new())),
            (None, Some((lang, at, text))) => block = Some((lang, at, text + line + "\n")),
            (None, None) => parts.push(Part::Line(n + 1, line)),
        }
    }
    assert!(block.is_none(), "a fence is not closed");
    parts
}

/// A heading without its links: `[a](b)` as `a`.
fn unlinked(heading: &str) -> String {
    let mut out = String::new();
    let mut rest = heading;
    while let Some((before, (text, after))) = rest
        .split_once('[')
        .and_then(|(before, after)| Some((before, after.split_once("](")?)))
        .and_then(|(before, (text, after))| Some((before, (text, after.split_once(')')?.1))))
    {
        out.push_str(before);
        out.push_str(text);
        rest = after;
    }
    out + rest
}

/// Anchors as mdBook and GitHub make them: small letters, spaces as `-`, other signs left out.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut anchors = BTreeSet::new();
    for part in parts(text) {
        let Part::Line(_, line) = part else { continue };
        let heading = line.trim_start_matches('#');
        if heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let letters = unlinked(heading.trim()).to_lowercase();
        let kept = letters.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let count = seen.entry(anchor.clone()).or_default();
        anchors.insert(if *count == 0 { anchor } else { format!("{anchor}-{count}") });
        *count += 1;
    }
    anchors
}

/// Where the links of a line lead, without what stands in `code`.
fn links(line: &str) -> Vec<String> {
    let text: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target.to_owned()).collect()
}

/// `docs/reference/../x.md` as `docs/x.md`.
fn tidy(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut out, part| {
        if part == Component::ParentDir {
            out.pop();
        } else {
            out.push(part);
        }
        out
    })
}

/// What is wrong with the links of a page.
fn dead(page: &Path, text: &str, pages: &BTreeMap<PathBuf, String>) -> Vec<String> {
    let mut dead = Vec::new();
    for part in parts(text) {
        let Part::Line(n, line) = part else { continue };
        for target in links(line).into_iter().filter(|target| !target.contains("://")) {
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let file = if file.is_empty() { page.to_owned() } else { tidy(&page.with_file_name("").join(file)) };
            let is_there = pages.contains_key(&file) || root().join(&file).exists();
            let has_anchor = anchor.is_empty() || pages.get(&file).is_none_or(|text| anchors(text).contains(anchor));
            if !is_there || !has_anchor {
                dead.push(format!("{}:{n}: {target}", page.display()));
            }
        }
    }
    dead
}

#[test]
fn no_link_is_dead() {
    let pages = pages();
    assert!(pages.len() > 60, "{}", pages.len());
    let dead: Vec<String> = pages.iter().flat_map(|(page, text)| dead(page, text, &pages)).collect();
    assert!(dead.is_empty(), "{dead:#?}");
}

#[test]
fn a_dead_link_is_found() {
    let page = Path::new("docs/reference/here.md");
    let text = "# A [b](../x.md) c\n[ok](#a-b-c) [file](../gone.md) [anchor](#none) `[code](gone.md)`\n```\n[block](gone.md)\n```\n";
    let pages = BTreeMap::from([(page.to_owned(), text.to_owned()), ("docs/x.md".into(), String::new())]);
    let found = dead(page, text, &pages);
    assert_eq!(found, ["docs/reference/here.md:2: ../gone.md", "docs/reference/here.md:2: #none"]);
}

#[test]
fn every_page_is_in_the_summary() {
    let pages = pages();
    let summary = &pages[Path::new("docs/SUMMARY.md")];
    for page in pages.keys().filter_map(|page| page.strip_prefix("docs").ok()) {
        let link = format!("]({})", page.display());
        let stands_alone = page == Path::new("SUMMARY.md");
        assert!(stands_alone || summary.contains(&link), "{} is not in docs/SUMMARY.md", page.display());
    }
}

#[test]
fn blocks_of_toml_and_json_are_that() {
    let (mut read, mut wrong) = (0, Vec::new());
    for (page, text) in pages() {
        for part in parts(&text) {
            let Part::Block(lang, n, block) = part else { continue };
            let error = match lang {
                "toml" => toml::from_str::<toml::Table>(&block).err().map(|error| error.to_string()),
                "json" => serde_json::from_str::<serde_json::Value>(&block).err().map(|error| error.to_string()),
                _ => continue,
            };
            read += 1;
            wrong.extend(error.map(|error| format!("{}:{n}: {error}", page.display())));
        }
    }
    assert!(read > 20, "{read}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
