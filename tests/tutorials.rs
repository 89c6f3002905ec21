//! The tutorials, played as a reader would: every command is run, every file is written, and what a page shows is what comes.
//!
//! A page tells what to do with marks that are not shown (docs/testing.md): `<!-- file: PATH -->` before a fence writes it,
//! `<!-- change: PATH -->` before two fences puts the second into the place of the first, and `<!-- exits: N -->` before a
//! `console` fence says how its last command ends.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    authors::{author, tools},
    support::Ran,
};

/// What a page has its reader do, with the line where it says so.
#[derive(Debug, PartialEq)]
enum Act {
    /// Words of a command, lines of what it prints, its exit code.
    Run(Vec<String>, Vec<String>, i32),
    Write(String, String),
    Change(String, String, String),
}

/// The acts of a page.
fn acts(text: &str) -> Vec<(usize, Act)> {
    let mut acts = Vec::new();
    let (mut mark, mut before): (Option<(String, String)>, Option<String>) = (None, None);
    let mut lines = text.lines().enumerate().map(|(n, line)| (n + 1, line));
    while let Some((n, line)) = lines.next() {
        if let Some(said) = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) {
            let (what, of) = said.split_once(": ").unwrap_or_else(|| panic!("line {n}: `{line}` says nothing"));
            assert!(["file", "change", "exits"].contains(&what), "line {n}: `{what}` is no mark");
            assert!(mark.is_none(), "line {n}: the mark before has no fence");
            mark = Some((what.to_owned(), of.to_owned()));
            continue;
        }
        let Some(lang) = line.strip_prefix("```") else {
            // Between the two fences of a change stands what a reader is told.
            assert!(
                line.is_empty() || mark.is_none() || before.is_some(),
                "line {n}: a mark stands right before its fence"
            );
            continue;
        };
        let block: Vec<&str> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        let whole = block.iter().map(|line| format!("{line}\n")).collect::<String>();
        match mark.take() {
            Some((what, path)) if what == "file" => acts.push((n, Act::Write(path, whole))),
            Some((what, path)) if what == "change" => match before.take() {
                None => (before, mark) = (Some(whole), Some((what, path))),
                Some(old) => acts.push((n, Act::Change(path, old, whole))),
            },
            Some((what, _)) if lang != "console" => panic!("line {n}: `{what}` is no mark of this fence"),
            code if lang == "console" => {
                let code = code.map_or(0, |(_, code)| code.parse().unwrap());
                commands(n, &block, code, &mut acts);
            }
            _ => {}
        }
    }
    assert!(mark.is_none() && before.is_none(), "a mark at the end has no fence");
    acts
}

/// `$ command` with the lines below it; the last one ends with `code`.
fn commands(n: usize, block: &[&str], code: i32, acts: &mut Vec<(usize, Act)>) {
    let starts: Vec<usize> = (0..block.len()).filter(|at| block[*at].starts_with("$ ")).collect();
    assert!(starts.first() == Some(&0), "line {n}: a fence of commands begins with one (`$ `)");
    for (nth, at) in starts.iter().enumerate() {
        let end = starts.get(nth + 1).copied().unwrap_or(block.len());
        let words = block[*at][2..].split(' ').map(str::to_owned).collect();
        let shown = block[at + 1..end].iter().map(|line| line.trim().to_owned()).filter(|line| line != "…").collect();
        let code = if nth + 1 == starts.len() { code } else { 0 };
        acts.push((n + at + 1, Act::Run(words, shown, code)));
    }
}

/// Whether a line is what a page shows of it: `…` stands for anything.
fn is_shown(line: &str, shown: &str) -> bool {
    let mut rest = line.trim();
    let parts: Vec<&str> = shown.split('…').collect();
    for (n, part) in parts.iter().enumerate() {
        let Some(at) = rest.find(part) else { return false };
        if n == 0 && at > 0 {
            return false;
        }
        rest = &rest[at + part.len()..];
    }
    rest.is_empty() || parts.last().is_some_and(|part| part.is_empty() || rest.ends_with(part))
}

/// Where its reader stands.
struct Reader {
    folder: PathBuf,
    /// What the language needs beside a pack: its name there, and where it is.
    tool: (&'static str, PathBuf),
}

impl Reader {
    /// What went otherwise than the page says.
    fn act(&mut self, act: &Act) -> Result<(), String> {
        match act {
            Act::Write(path, text) => {
                let path = self.folder.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
                Ok(())
            }
            Act::Change(path, old, new) => {
                let path = self.folder.join(path);
                let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                match text.matches(old.as_str()).count() {
                    1 => {
                        fs::write(path, text.replacen(old, new, 1)).unwrap();
                        Ok(())
                    }
                    n => Err(format!("what is to be changed is there {n} times:\n{old}\n---\n{text}")),
                }
            }
            Act::Run(words, shown, code) => self.run(words, shown, *code),
        }
    }

    fn run(&mut self, words: &[String], shown: &[String], code: i32) -> Result<(), String> {
        let args: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
        match words[0].as_str() {
            "cd" => {
                self.folder.push(args[0]);
                return Ok(());
            }
            "puppet" => {}
            other => return Err(format!("`{other}` is not run here")),
        }
        let ran: Ran = author(&self.folder, &args);
        if ran.code != code {
            return Err(format!("`{}` ends with {}: {}{}", words.join(" "), ran.code, ran.stdout, ran.stderr));
        }
        if args[0] == "new" && code == 0 {
            let (name, place) = &self.tool;
            std::os::unix::fs::symlink(place, self.folder.join(args[1]).join(name)).unwrap();
        }
        let said = format!("{}\n{}", ran.stdout, ran.stderr);
        let mut lines = said.lines();
        for wanted in shown {
            if !lines.any(|line| is_shown(line, wanted)) {
                return Err(format!("`{}` does not print `{wanted}`, or not in this place:\n{said}", words.join(" ")));
            }
        }
        Ok(())
    }
}

/// What a page of this name needs; none where that is not here.
fn tool(name: &str) -> Option<(&'static str, PathBuf)> {
    if name.ends_with("-python.md") {
        return Some((".venv", tools("PUPPET_TEST_PYTHON_TOOLS")?));
    }
    if name.ends_with("-javascript.md") {
        return Some(("node_modules", tools("PUPPET_TEST_JS_TOOLS")?));
    }
    let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("authors");
    fs::create_dir_all(&shared).unwrap();
    Some(("target", shared))
}

fn play(of: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/tutorials");
    let mut pages: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.retain(|page| page.to_str().unwrap().ends_with(of));
    pages.sort();
    assert!(!pages.is_empty(), "there is no page *{of}");
    for page in pages {
        let name = page.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(tool) = tool(&name) else { return };
        let home = tempfile::tempdir().unwrap();
        let mut reader = Reader { folder: home.path().to_owned(), tool };
        let all = acts(&fs::read_to_string(&page).unwrap());
        assert!(all.len() > 5, "{name} does next to nothing");
        for (line, act) in all {
            reader.act(&act).unwrap_or_else(|why| panic!("docs/tutorials/{name}:{line}: {why}"));
        }
    }
}

#[test]
fn the_tutorials_in_rust_do_what_they_say() {
    play("-rust.md");
}

#[test]
fn the_tutorials_in_python_do_what_they_say() {
    play("-python.md");
}

#[test]
fn the_tutorials_in_javascript_do_what_they_say() {
    play("-javascript.md");
}

#[test]
fn a_page_that_is_not_meant_so_is_told() {
    for (page, why) in [
        ("<!-- file: a -->\nText.\n```text\na\n```\n", "right before its fence"),
        ("<!-- file: a -->\n<!-- file: b -->\n", "has no fence"),
        ("<!-- change: a -->\n```text\na\n```\n", "has no fence"),
        ("<!-- exits: 1 -->\n```text\na\n```\n", "is no mark of this fence"),
        ("<!-- say: 1 -->\n", "is no mark"),
        ("```console\npuppet test\n```\n", "begins with one"),
    ] {
        let told = std::panic::catch_unwind(|| acts(page)).unwrap_err();
        let told = told
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| told.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        assert!(told.as_ref().is_some_and(|told| told.contains(why)), "{page}: {told:?}");
    }
    assert!(
        is_shown("axbxb", "a…b") && is_shown("  a 5 b", "a … b") && !is_shown("ab c", "a…b") && !is_shown("xa", "a")
    );
}

#[test]
fn a_page_that_says_another_thing_is_told() {
    let page = "Text.\n\n<!-- file: a/b.txt -->\n```text\none\n```\n\n<!-- change: a/b.txt -->\n```text\none\n```\nto\n```text\ntwo\n```\n\n\
                <!-- exits: 2 -->\n```console\n$ puppet new\nerror[usage]: …\n```\n```rust\nignored\n```\n";
    let all = acts(page);
    let lines: Vec<usize> = all.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [4, 13, 19]);
    let home = tempfile::tempdir().unwrap();
    let mut reader = Reader { folder: home.path().to_owned(), tool: ("target", home.path().to_owned()) };
    for (_, act) in &all {
        reader.act(act).unwrap();
    }
    assert_eq!(fs::read_to_string(home.path().join("a/b.txt")).unwrap(), "two\n");
    let run = |shown: &str, code| Act::Run(vec!["puppet".to_owned(), "new".to_owned()], vec![shown.to_owned()], code);
    assert!(reader.act(&run("made it", 2)).unwrap_err().contains("does not print `made it`"));
    assert!(reader.act(&run("error[usage]: …", 0)).unwrap_err().contains("ends with 2"));
    assert!(reader.act(&all[1].1).unwrap_err().contains("is there 0 times"));
    let other = Act::Run(vec!["rm".to_owned()], Vec::new(), 0);
    assert!(reader.act(&other).unwrap_err().contains("is not run here"));
}
