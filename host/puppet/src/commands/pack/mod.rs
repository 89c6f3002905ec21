//! `pack`: archives of packs made, signed, looked into and compared. Nothing of a pack is run here, and nothing is
//! installed.

mod build;
mod diff;
mod inspect;
mod keys;
mod lines;

use std::path::Path;

use puppet_packs::Bundle;

use crate::{
    agents::{check_contract, of_pack},
    cli::PackCommand,
    output::Output,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// Runs it.
pub fn run(setup: &Setup, command: PackCommand, out: Output) -> Result<()> {
    match command {
        PackCommand::Keygen { file, unencrypted } => keys::generate(&file, unencrypted, out),
        PackCommand::Build { dir, output } => build::run(&dir, output.as_deref(), out),
        PackCommand::Sign(args) => keys::sign(&args.path, &args.key, out),
        PackCommand::Inspect { path } => inspect::run(setup, &path, out),
        PackCommand::Diff { old, new } => diff::run(setup, &old, &new, out),
    }
}

/// A pack that this host can use.
fn open(path: &Path) -> Result<Bundle> {
    let bundle = Bundle::open(path).map_err(of_pack)?;
    check_contract(&bundle.pack)?;
    Ok(bundle)
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Trouble {
    Trouble::input("cannot-write", format!("cannot be written: {error}"), "check the folder, or name another file")
        .in_file(path)
}

/// `1,234 bytes`, or in KiB and MiB.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..10_240 => format!("{bytes} bytes"),
        10_240..10_485_760 => format!("{} KiB", bytes.div_ceil(1 << 10)),
        _ => format!("{} MiB", bytes.div_ceil(1 << 20)),
    }
}
