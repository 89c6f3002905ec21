//! `explain`: what a code of an error means, told from the pages of docs/errors, so that there is no second truth.

use std::fmt::Write as _;

use super::shell::for_people;
use crate::{
    output::Output,
    trouble::{Result, Trouble},
};

/// The pages, each code a heading of one of them.
const PAGES: [&str; 8] = [
    include_str!("../../../../docs/errors/agents.md"),
    include_str!("../../../../docs/errors/authors.md"),
    include_str!("../../../../docs/errors/commands.md"),
    include_str!("../../../../docs/errors/configuration.md"),
    include_str!("../../../../docs/errors/data.md"),
    include_str!("../../../../docs/errors/host.md"),
    include_str!("../../../../docs/errors/packs.md"),
    include_str!("../../../../docs/errors/trading.md"),
];

/// So many codes are offered in the place of one that does not exist.
const OFFERED: usize = 3;

/// Prints the section of a code.
pub fn run(code: &str, out: Output) -> Result<()> {
    for_people(out, "what an error means is told in words and has no form in JSON")?;
    let section = section(code).ok_or_else(|| unknown(code))?;
    out.line(format!("{}\n\n{}", out.bold(code), plain(section, out.width())))
}

/// Every code with its section.
fn sections() -> impl Iterator<Item = (&'static str, &'static str)> {
    let parts = PAGES.iter().flat_map(|page| page.split("\n## `").skip(1));
    parts.filter_map(|part| part.split_once("`\n"))
}

fn section(code: &str) -> Option<&'static str> {
    sections().find(|(known, _)| *known == code).map(|(_, section)| section)
}

fn unknown(code: &str) -> Trouble {
    let near = near(code);
    let remedy = if near.is_empty() {
        "docs/reference/exit-codes.md lists all of them, docs/reference/api-errors.md those of the API alone".to_owned()
    } else {
        format!("did you mean {}?", near.iter().map(|code| format!("`{code}`")).collect::<Vec<_>>().join(", "))
    };
    Trouble::input("bad-value", format!("`{code}` is no code of an error"), remedy).of_field("CODE")
}

/// The codes that may be meant: those that a slip made it of, else those that it is a part of.
fn near(code: &str) -> Vec<&'static str> {
    let known = || sections().map(|(known, _)| known);
    let mut slips: Vec<(usize, &str)> = known()
        .map(|known| (strsim::damerau_levenshtein(code, known), known))
        .filter(|(distance, known)| *distance <= 1.max(code.chars().count().max(known.len()) / 5))
        .collect();
    slips.sort_unstable();
    let mut found: Vec<&str> = slips.into_iter().map(|(_, known)| known).collect();
    if found.is_empty() && !code.is_empty() {
        found = known().filter(|known| known.split('-').any(|word| word == code)).collect();
        found.sort_unstable();
    }
    found.truncate(OFFERED);
    found
}

/// A section in rows of a width: code in one piece, links as words and the page, what says more on a row of its own.
fn plain(section: &str, width: usize) -> String {
    let paragraphs = section.trim().split("\n\n").map(|paragraph| {
        let text = linked(&paragraph.replace('\n', " ")).replace(" More: ", "\n\nMore: ");
        let rows: Vec<String> = text.lines().map(|line| wrapped(line, width)).collect();
        rows.join("\n")
    });
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

/// A space that no row ends at.
const HELD: &str = "\u{a0}";

fn wrapped(line: &str, width: usize) -> String {
    let mut held = String::with_capacity(line.len());
    for (at, part) in line.split('`').enumerate() {
        match at % 2 {
            0 => held.push_str(part),
            _ => held.extend(["`", part.replace(' ', HELD).as_str(), "`"]),
        }
    }
    let options = textwrap::Options::new(width)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .break_words(false);
    textwrap::fill(&held, options).replace(HELD, " ")
}

/// `[words](../page.md#part)` as `words (docs/page.md#part)`.
fn linked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, words, target, after)) = link(rest) {
        out.push_str(before);
        let _ = match target.strip_prefix("../") {
            Some(page) => write!(out, "{words} (docs/{page})"),
            None => write!(out, "{words} (docs/errors/{target})"),
        };
        rest = after;
    }
    out + rest
}

/// What stands before a link, its words, where it leads, and what comes after it. `[table]` is none.
fn link(text: &str) -> Option<(&str, &str, &str, &str)> {
    let (until, rest) = text.split_once("](")?;
    let (before, words) = until.rsplit_once('[')?;
    let (target, after) = rest.split_once(')')?;
    Some((before, words, target, after))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn a_section_is_text_whose_code_stays_in_one_piece() {
        let section =
            "\nSay `puppet x login ACCOUNT` first, or\nwrite `[trading]`. More: [Here](../a.md#b), [there](c.md).\n";
        let text = "Say\n`puppet x login ACCOUNT`\nfirst, or\nwrite\n`[trading]`.\n\n\
                    More: Here\n(docs/a.md#b),\nthere\n(docs/errors/c.md).";
        assert_eq!(plain(section, 14), text);
    }

    #[test]
    fn every_section_says_something_and_has_no_mark_of_a_link_left() {
        assert!(sections().count() > 140);
        for (code, section) in sections() {
            let text = plain(section, 100);
            assert!(text.len() > 60 && !text.contains("](") && !text.contains(HELD), "{code}: {text}");
        }
    }

    #[test]
    fn what_a_section_says_to_type_can_be_typed() {
        let mut top = crate::cli::Cli::command();
        top.build();
        let mut typed = 0;
        for (code, section) in sections() {
            let text = section.replace('\n', " ");
            for said in text.split('`').skip(1).step_by(2).filter_map(|said| said.strip_prefix("puppet ")) {
                let (mut at, mut is_path) = (&top, true);
                for word in said.split(' ') {
                    let below = at.find_subcommand(word).filter(|_| is_path);
                    match (below, word.strip_prefix("--")) {
                        (Some(command), _) => at = command,
                        (None, Some(flag)) => {
                            let known = at.get_arguments().any(|arg| arg.get_long() == Some(flag));
                            assert!(known, "{code}: `puppet {said}`: --{flag}");
                        }
                        (None, None) => is_path = at.get_name() == top.get_name(),
                    }
                }
                let is_top = at.get_name() == top.get_name();
                let is_whole = if is_top { said.contains("--") } else { !at.is_subcommand_required_set() };
                assert!(is_whole, "{code}: `puppet {said}`");
                typed += 1;
            }
        }
        assert!(typed > 80, "{typed}");
    }

    #[test]
    fn an_unknown_code_leads_to_those_that_are_near() {
        assert_eq!(near("unknown-agnet"), ["unknown-agent"]);
        assert_eq!(near("datalocked"), ["data-locked"]);
        assert_eq!(near("purse"), ["purse"]);
        assert_eq!(near("airdrop"), ["no-airdrop"]);
        assert_eq!(near("unknown").len(), OFFERED);
        assert!(near("elephants").is_empty() && near("").is_empty());
    }
}
