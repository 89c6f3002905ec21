//! `completions`, `man` and `schema`: the command line told to shells and to manuals, and files to editors. All are made of the definition that reads
//! it, so that they cannot say another thing.

use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::{
    cli::Cli,
    editor,
    output::Output,
    trouble::{Result, Trouble},
};

const OF_SHELLS: &str = "scripts of shells and manual pages have no form in JSON";

/// Prints the completions of a shell.
pub fn completions(shell: Shell, out: Output) -> Result<()> {
    for_people(out, OF_SHELLS)?;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "puppet", &mut script);
    out.line(String::from_utf8(script).map_err(Trouble::internal)?.trim_end())
}

/// Prints the schema of a file: JSON in any case.
pub fn schema(file: &str, out: Output) -> Result<()> {
    let missing = || Trouble::internal(format!("there is no schema of `{file}`"));
    out.line(editor::text(&editor::schema(file).ok_or_else(missing)?).trim_end())
}

/// Writes a page for each command into a folder.
pub fn man(dir: &Path, out: Output) -> Result<()> {
    for_people(out, OF_SHELLS)?;
    let write = || {
        std::fs::create_dir_all(dir)?;
        clap_mangen::generate_to(Cli::command(), dir)
    };
    write().map_err(|error| {
        let remedy = "name a folder that you may write to";
        Trouble::input("cannot-write", format!("cannot be written: {error}"), remedy).in_file(dir)
    })?;
    out.line(format!("{} manual pages in {}", out.good("wrote"), dir.display()))
}

/// Refuses `--json` where what is printed has no other form.
pub(super) fn for_people(out: Output, message: &str) -> Result<()> {
    if out.json { Err(Trouble::input("usage", message, "leave --json out")) } else { Ok(()) }
}
