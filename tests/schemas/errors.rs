//! Errors of many kinds, each with its exit code, and the list of codes: in the program, in the schema, in the docs.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{
    outputs::Seen,
    shapes::{folder, schemas},
};
use crate::support::run;

/// Makes commands fail in every way that a user can.
pub fn provoke(seen: &mut Seen) {
    let write = |name: &str, text: &str| std::fs::write(seen.folder.join(name), text).unwrap();
    write("cut.json", "{\"id\": \"x\", \"personality\": {");
    write("key.toml", "[host]\ntimezon = \"UTC\"\n");
    write("range.toml", "[sandbox.limits]\nfuel = 0\n");
    write("type.toml", "[host]\nworkers = \"many\"\n");
    write("syntax.toml", "[host\n");
    write("text.wasm", "hello");
    write("grants.toml", "[[grant]]\n");
    std::fs::create_dir_all(seen.folder.join("bad")).unwrap();
    write("bad/puppet.db", "this is no database at all, not even a little");
    let event = ["--event", "{\"kind\": \"x\"}"];
    let cases: [(i32, &str, &[&str]); 28] = [
        (2, "usage", &["simulat"]),
        (2, "usage", &["journal", "--limit", "none"]),
        (2, "usage", &["simulate", "--days", "3"]),
        (2, "usage", &["agent"]),
        (2, "file-exists", &["init", "first"]),
        (2, "agent-file", &["agent", "import", "nowhere.json"]),
        (2, "bad-agent-file", &["agent", "import", "cut.json"]),
        (2, "unknown-agent", &["agent", "show", "harbor-watch"]),
        (2, "unknown-agent", &["event", "send", "news", "--agent", "harbor-watch"]),
        (2, "bad-kind", &["event", "send", "newz"]),
        (2, "payload", &["event", "send", "news", "--payload", "[]"]),
        (2, "bad-value", &["event", "send", "news", "--priority", "now"]),
        (2, "bad-value", &["journal", "--outcome", "fine"]),
        (2, "not-found", &["journal", "show", "inv_0"]),
        (2, "event", &["invoke", "text.wasm", "--event", "x"]),
        (2, "component", &["invoke", "text.wasm", event[0], event[1]]),
        (2, "answers", &["invoke", "text.wasm", event[0], event[1], "--answers", "cut.json"]),
        (2, "unknown-key", &["config", "--config", "key.toml"]),
        (2, "wrong-type", &["config", "--config", "type.toml"]),
        (2, "toml-syntax", &["config", "--config", "syntax.toml"]),
        (2, "bad-value", &["config", "--config", "range.toml"]),
        (2, "config-file", &["config", "--config", "nowhere.toml"]),
        (2, "agents-folder", &["simulate", "--agents", "nowhere", "--out", "o"]),
        (2, "no-agents", &["simulate", "--agents", "strict", "--out", "o"]),
        (4, "data-folder", &["journal", "--data", "nowhere"]),
        (4, "data-folder", &["journal", "--data", "bad"]),
        (4, "no-host", &["event", "send", "news", "--wait", "--data", "out/data"]),
        (1, "checks-failed", &["doctor", "--data", "bad"]),
    ];
    for (exit, code, args) in cases {
        let ran = run(&seen.folder, &[args, &["--json"]].concat()).exits(exit);
        let place = seen.error(&args.join(" "), code, &ran);
        let (file, line, field) = (place["file"].is_string(), place["line"].is_u64(), place["field"].is_string());
        match code {
            "unknown-key" | "wrong-type" => assert!(file && line && field, "{args:?}: {place}"),
            "toml-syntax" | "bad-agent-file" => assert!(file && line, "{args:?}: {place}"),
            "agent-file" | "data-folder" | "config-file" | "component" | "file-exists" => {
                assert!(file, "{args:?}: {place}");
            }
            "bad-value" => assert!(field, "{args:?}: {place}"),
            _ => {}
        }
        if args[0] != "doctor" {
            assert_eq!(ran.stdout, "", "nothing on stdout: {args:?}");
        }
    }
}

/// Codes in the program's source.
fn written(folder: &Path, codes: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => written(&path, codes),
            false => codes_of(&std::fs::read_to_string(&path).unwrap(), codes),
        }
    }
}

/// Codes in a source: the first argument of what makes an error.
fn codes_of(text: &str, codes: &mut BTreeSet<String>) {
    const MAKERS: [&str; 6] =
        ["::input(", "::refused(", "::unreachable(", "::conflict(", "::new(Exit::Internal,", ".trouble("];
    for maker in MAKERS {
        for after in text.split(maker).skip(1) {
            let code = after.trim_start().strip_prefix('"').and_then(|text| text.split('"').next());
            codes.extend(code.map(str::to_owned));
        }
    }
}

#[test]
fn every_code_of_an_error_is_in_its_schema_and_in_the_docs() {
    let listed = schemas()["error"].text.pointer("/properties/error/properties/code/enum").unwrap();
    let listed: BTreeSet<String> =
        listed.as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect();
    let mut codes = BTreeSet::from(["refused".to_owned()]);
    // What is wrong with a key is said by the server's own crate.
    let keys = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../api/src/auth/keys.rs")).unwrap();
    codes_of(&keys, &mut codes);
    written(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut codes);
    assert_eq!(codes, listed);
    let read = |path: &str| std::fs::read_to_string(folder().join("..").join(path)).unwrap();
    let table = read("reference/exit-codes.md");
    let rows = table.lines().filter(|line| line.starts_with("| [`")).filter_map(|line| line[2..].split(" |").next());
    // Each code once in the table, with a link to its section; where links lead is held by the test of all documents.
    let linked: Vec<String> = rows.flat_map(|row| row.split(", ")).map(told_in).collect();
    let told: BTreeMap<&str, BTreeSet<&str>> = linked.iter().fold(BTreeMap::new(), |mut told, cell| {
        let (code, page) = cell.split_once(' ').unwrap();
        told.entry(code).or_default().insert(page);
        told
    });
    assert_eq!(told.keys().map(|code| (*code).to_owned()).collect::<BTreeSet<_>>(), listed);
    let mut sections: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in std::fs::read_dir(folder().join("../errors")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        for heading in read(&format!("errors/{name}")).lines().filter_map(|line| line.strip_prefix("## ")) {
            let code = heading.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
            let code = code.unwrap_or_else(|| panic!("errors/{name}: `{heading}` is no code"));
            sections.entry(code.to_owned()).or_default().push(name.clone());
        }
    }
    assert_eq!(sections.keys().cloned().collect::<BTreeSet<_>>(), listed);
    for (code, pages) in &sections {
        assert_eq!(pages.len(), 1, "`{code}` has one section: {pages:?}");
        assert_eq!(told[code.as_str()], BTreeSet::from([pages[0].as_str()]), "`{code}` in the table");
    }
}

/// The code of a cell of the table, and the page that its link leads to.
fn told_in(cell: &str) -> String {
    let (code, link) = cell.trim_start_matches('[').split_once("](../errors/").unwrap_or_else(|| panic!("{cell}"));
    let (page, anchor) = link.trim_end_matches(')').split_once('#').unwrap();
    assert_eq!(code.trim_matches('`'), anchor, "{cell}");
    format!("{anchor} {page}")
}
