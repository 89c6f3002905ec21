//! docs/reference/cli.md has a section for every command, and in it every flag of the command.

use std::collections::BTreeMap;

use clap::{Command, CommandFactory as _};

use super::Cli;

const PAGE: &str = include_str!("../../../../docs/reference/cli.md");

/// Every command that somebody can type, by its words: `agent import`.
fn commands(of: &Command, words: &str, out: &mut BTreeMap<String, Command>) {
    let below = of.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help");
    for command in below {
        let words = format!("{words} {}", command.get_name()).trim().to_owned();
        commands(command, &words, out);
        if !command.is_subcommand_required_set() {
            out.insert(words, command.clone());
        }
    }
}

/// The commands of a heading: `api key create | list` is two, `grants show, diff` too.
fn headed(heading: &str, top: &Command) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for part in heading.split([',', '|']) {
        let words: Vec<&str> = part.split_whitespace().collect();
        let before = found.last().and_then(|path| path.rsplit_once(' ')).map(|(before, _)| before.to_owned());
        let starts: Vec<String> = match before {
            Some(before) if top.find_subcommand(words.first().unwrap_or(&"")).is_none() => {
                before.split(' ').map(str::to_owned).collect()
            }
            _ => Vec::new(),
        };
        let known = starts.len();
        let (mut at, mut path) = (top, Vec::new());
        for word in starts.iter().map(String::as_str).chain(words) {
            let Some(next) = at.find_subcommand(word) else { break };
            (at, path) = (next, [path, vec![word.to_owned()]].concat());
        }
        // `FILE|DIR` is one argument.
        if path.len() > known {
            found.push(path.join(" "));
        }
    }
    found
}

/// What is said of each command: the text of its sections.
fn said(top: &Command) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for section in PAGE.split("\n## ").skip(1) {
        let heading = section.lines().next().unwrap_or_default();
        let paths = headed(heading, top);
        assert!(!paths.is_empty(), "`{heading}` is no command");
        for path in paths {
            out.entry(path).or_insert_with(String::new).push_str(section);
        }
    }
    out
}

/// Whether the text has the flag as a word of its own: `--all` is not in `--allow-unsigned`.
fn names(text: &str, flag: &str) -> bool {
    text.match_indices(flag)
        .any(|(at, _)| !text[at + flag.len()..].starts_with(|next: char| next.is_ascii_alphanumeric() || next == '-'))
}

/// Commands that take the flags of others besides their own, as the page says.
const AS: &[(&str, &str)] = &[("trade", "run")];

#[test]
fn every_command_and_every_flag_of_it_is_in_the_reference() {
    let mut top = Cli::command();
    top.build();
    let (mut all, said) = (BTreeMap::new(), said(&top));
    commands(&top, "", &mut all);
    assert!(all.len() > 60, "{}", all.len());
    let mut missing = Vec::new();
    for (path, command) in &all {
        let Some(mut text) = said.get(path).cloned() else {
            missing.push(format!("`{path}` has no section"));
            continue;
        };
        let mut name = path.as_str();
        while let Some((_, other)) = AS.iter().find(|(of, _)| *of == name) {
            assert!(text.contains(&format!("`{other}`")), "the section of {name} speaks of {other}");
            text.push_str(&said[*other]);
            name = other;
        }
        let flags = command.get_arguments().filter(|arg| !arg.is_global_set() && !arg.is_hide_set());
        for flag in flags.filter_map(clap::Arg::get_long).filter(|long| !["help", "version"].contains(long)) {
            if !names(&text, &format!("--{flag}")) {
                missing.push(format!("`{path} --{flag}`"));
            }
        }
    }
    assert!(missing.is_empty(), "docs/reference/cli.md: {missing:#?}");
}
