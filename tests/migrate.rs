//! `docs/migrate.md`, walked through: its commands are run in their order on a deployment of our own, and what it states
//! is what comes out.

use std::{fs, path::Path, process::Command};

use crate::support::{clean, finish, fixtures};

/// A fenced block: `sh` is run, `text` is what the block before it prints.
struct Block {
    language: String,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut parts = page.split("\n```");
    parts.next();
    while let (Some(open), Some(_)) = (parts.next(), parts.next()) {
        let (language, text) = open.split_once('\n').unwrap();
        blocks.push(Block { language: language.to_owned(), text: text.to_owned() });
    }
    blocks
}

/// A copy of a folder.
fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-R").arg(from).arg(to).status().unwrap().success());
}

/// A deployment of two agents with memories, a dump and an `.env`.
pub fn deployment(folder: &Path) {
    copy(&fixtures().join("original"), folder);
    fs::rename(folder.join("dot-env"), folder.join(".env")).unwrap();
}

/// A program of the old machine that we do not have.
fn stand_in(folder: &Path, name: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\nset -eu\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn every_command_of_the_page_does_what_it_says() {
    let page = fs::read_to_string(fixtures().join("../../docs/migrate.md")).unwrap();
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path();
    deployment(&folder.join("old"));
    fs::remove_dir_all(folder.join("old/dump")).unwrap();
    let programs = folder.join("programs");
    fs::create_dir(&programs).unwrap();
    stand_in(&programs, "pm2", &format!("echo \"$@\" >> {}", folder.join("pm2.log").display()));
    let dump = fixtures().join("original/dump");
    // mongodump --uri URI --out FOLDER
    stand_in(&programs, "mongodump", &format!("[ \"$1 $3\" = '--uri --out' ]; cp -R {} \"$4\"", dump.display()));
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_puppet"), programs.join("puppet")).unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());

    let (mut here, mut printed, mut compared) = (folder.to_owned(), String::new(), 0);
    for Block { language, text } in blocks(&page) {
        match language.as_str() {
            "sh" => {
                let script = format!("set -e\n{text}\npwd > {}", folder.join("here").display());
                let mut shell = clean(Command::new("sh"), &here);
                printed = finish(shell.env("PATH", &path).args(["-c", &script])).exits(0).stdout;
                here = fs::read_to_string(folder.join("here")).unwrap().trim_end().into();
            }
            "text" => {
                assert_eq!(printed.trim_end(), text.trim_end(), "not as docs/migrate.md states it");
                compared += 1;
            }
            other => panic!("nobody runs `{other}`"),
        }
    }
    assert_eq!((compared, printed.lines().last()), (5, Some("as it was")), "{printed}");
    assert_eq!(fs::read_to_string(folder.join("pm2.log")).unwrap(), "stop puppet-engine\nstart puppet-engine\n");
    let secrets = fs::read_to_string(folder.join("home/.puppet/secrets.toml")).unwrap();
    for value in secrets.split('"').filter(|text| text.starts_with("FIXTURE")) {
        let report = fs::read_to_string(folder.join("home/report.json")).unwrap();
        assert!(!report.contains(value), "a credential is in the report");
    }
    assert_eq!(secrets.matches("FIXTURE").count(), 8);
}
