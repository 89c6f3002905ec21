//! The program.

use std::process::ExitCode;

use clap::Parser as _;

/// An event makes a few hundred small objects: a tenth of its time, with the system's allocator.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match puppet::cli::Cli::try_parse() {
        Ok(cli) => puppet::run(cli),
        Err(error) => puppet::usage(&error, std::env::args_os().any(|argument| argument == "--json")),
    }
}
