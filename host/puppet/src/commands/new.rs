//! `new`: begins a pack: a plugin that does a little, its scenarios, its manifest.

use std::path::{Path, PathBuf};

use puppet_author::templates::{self, Wanted};
use puppet_packs::{Kind, Lang};
use serde::Serialize;

use crate::{
    cli::New,
    files,
    output::Output,
    trouble::{Result, Trouble},
};

/// `puppet.new/1`.
#[derive(Debug, Serialize)]
struct Told {
    dir: String,
    files: Vec<String>,
    next: Vec<String>,
}

/// Runs it.
pub fn run(args: &New, out: Output) -> Result<()> {
    let name = match &args.name {
        Some(name) => name.clone(),
        None => asked(out, "NAME", "What is it called?", "my-character")?,
    };
    if !is_id(&name) {
        let message = format!("`{name}` is no id of a pack");
        let remedy = "write 1 to 64 small letters, digits or `-`, beginning with a letter: night-watch";
        return Err(Trouble::input("bad-name", message, remedy).of_field("NAME"));
    }
    let kind = chosen(out, args.kind.as_deref(), "--kind", "What is it?", &Kind::ALL.map(Kind::name))?;
    let lang = chosen(out, args.lang.as_deref(), "--lang", "What is it written in?", &Lang::ALL.map(Lang::name))?;
    if !templates::is_there(&kind, &lang) {
        let message = format!("there is no beginning of a `{kind}` in `{lang}`");
        return Err(Trouble::input("bad-value", message, "take --lang rust").of_field("--lang"));
    }
    let dir = args.dir.clone().unwrap_or_else(|| PathBuf::from(&name));
    empty(&dir)?;
    let files = templates::files(Wanted { name: &name, kind: &kind, lang: &lang });
    for (path, text) in &files {
        write(&dir.join(path), text)?;
    }
    let mut next = Vec::new();
    if dir != Path::new(".") {
        next.push(format!("cd {}", dir.display()));
    }
    match lang.as_str() {
        "python" => next.push("python3 -m venv .venv && .venv/bin/pip install 'componentize-py==0.25.*'".to_owned()),
        "js" => next.push("npm install".to_owned()),
        _ => {}
    }
    next.extend(["puppet test".to_owned(), "puppet dev".to_owned()]);
    let told = Told { dir: dir.display().to_string(), files: files.into_iter().map(|(path, _)| path).collect(), next };
    if out.json {
        return out.object_of("puppet.new/1", &told);
    }
    for file in &told.files {
        out.line(out.dim(format!("  {file}")))?;
    }
    let kind = match kind.to_string().split_once('-') {
        Some(("event", _)) => "an event generator",
        Some(_) => "a trading strategy",
        None => "a personality",
    };
    out.line(format!("{} {}: {kind} in {lang}", out.good("made"), told.dir))?;
    out.line("next:")?;
    told.next.iter().try_for_each(|step| out.line(format!("  {step}")))
}

fn is_id(name: &str) -> bool {
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=64).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.chars().all(fine)
}

/// What a flag says; else what somebody at a terminal says.
fn chosen(out: Output, flag: Option<&str>, field: &str, question: &str, known: &[&str]) -> Result<String> {
    let word = match flag {
        Some(word) => word.to_owned(),
        None => asked(out, field, &format!("{question} {}", known.join(", ")), known.first().unwrap_or(&""))?,
    };
    if known.contains(&word.as_str()) {
        return Ok(word);
    }
    let remedy = crate::config::remedy(&word, known);
    Err(Trouble::input("bad-value", format!("`{word}` is none of these"), remedy).of_field(field))
}

fn asked(out: Output, field: &str, question: &str, default: &str) -> Result<String> {
    if !out.can_ask() {
        let message = "is not given, and nobody is there to be asked";
        let remedy = "write puppet new NAME --kind personality --lang rust";
        return Err(Trouble::input("usage", message, remedy).of_field(field));
    }
    let answer = out.asks_for(&format!("{question} [{default}]"))?;
    Ok(if answer.is_empty() { default.to_owned() } else { answer })
}

/// Nothing is overwritten.
fn empty(dir: &Path) -> Result<()> {
    let taken = |what: &str| {
        let remedy = "name an empty folder with --dir, or another name";
        Trouble::input("folder-not-empty", what, remedy).in_file(dir)
    };
    match std::fs::read_dir(dir) {
        Ok(mut entries) => {
            match entries.find_map(|entry| Some(entry.ok()?.file_name())).filter(|name| name != ".git") {
                Some(_) => Err(taken("holds something already")),
                None => Ok(()),
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(taken(&format!("cannot be used: {error}"))),
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    let written = || -> std::io::Result<()> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        files::replace(path, text.as_bytes(), None)
    };
    written().map_err(|error| {
        Trouble::input("cannot-write", format!("cannot be written: {error}"), "name another folder with --dir")
            .in_file(path)
    })
}
