//! The program.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match puppet::cli::Cli::try_parse() {
        Ok(cli) => puppet::run(cli),
        Err(error) => puppet::usage(&error, std::env::args_os().any(|argument| argument == "--json")),
    }
}
