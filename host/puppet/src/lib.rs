//! The binary's parts: the command line, the configuration, and the one place where a host is wired together.

pub mod agents;
pub mod assembly;
mod assets;
mod backup;
mod bill;
pub mod cli;
mod commands;
pub mod config;
pub mod control;
mod cost;
mod credentials;
mod drawn;
mod duration;
mod editor;
mod emulated;
mod feed;
mod files;
pub mod firstparty;
#[doc(hidden)]
pub mod fuzz;
pub mod grants;
mod hearing;
pub mod init;
mod inspected;
pub mod installing;
mod intake;
mod inventory;
mod logging;
mod models;
mod moment;
mod networks;
mod output;
mod pages;
mod panics;
mod records;
pub mod repertoire;
mod retention;
pub mod routes;
pub mod rows;
mod sandboxed;
mod sending;
mod serving;
pub mod setup;
mod standing;
mod strategies;
pub mod swaps;
mod tokens;
pub mod trading;
pub mod trouble;
mod verify;
pub mod vetting;
pub mod wallets;
mod workshop;

use std::process::ExitCode;

use cli::{Cli, Command, Common, PluginsCommand, StoreCommand, WhichVersion};
use output::Output;
use setup::Setup;
use tokio::signal::unix::{SignalKind, signal};
use trouble::{Result, Trouble};

/// Runs a command and answers its exit code.
pub fn run(cli: Cli) -> ExitCode {
    panics::hook();
    let json = cli.common.json;
    match start(&cli.common, cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            trouble.report(json);
            ExitCode::from(trouble.exit as u8)
        }
    }
}

/// Says what is wrong with a command line; help and version are no errors. `json` where the line asks for it.
pub fn usage(error: &clap::Error, json: bool) -> ExitCode {
    if json && error.use_stderr() {
        Trouble::usage(error).report(true);
    } else {
        // Nowhere to print to is no reason to fail differently.
        let _ = error.print();
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn start(common: &Common, command: Command) -> Result<()> {
    let out = Output::new(common.json);
    // A pipe that is closed ends a command quietly (see `Output::line`).
    if let Command::Init(args) = &command {
        return commands::init::run(args, out);
    }
    match &command {
        Command::Explain { code } => return commands::explain::run(code, out),
        Command::Completions { shell } => return commands::shell::completions(*shell, out),
        Command::Schema { file } => return commands::shell::schema(file, out),
        Command::Man { dir } => return commands::shell::man(dir, out),
        _ => {}
    }
    if let Command::Compile = command {
        return swaps::compile::child();
    }
    let mut common = common.clone();
    if command.has_own_data() {
        common.data = None;
    }
    let setup = Setup::new(&common)?;
    if !command.is_of_virtual_time() {
        setup.config.check_accounts()?;
    }
    logging::begin(&setup, common.log, command.lives())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Trouble::internal)?;
    let done = runtime.block_on(async {
        // A file that may not grow is an error of that file, as a full disk is, and not the end of the process.
        let _size = signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())).ok();
        match command {
            Command::Init(_) | Command::Compile | Command::Explain { .. } => Ok(()),
            Command::Completions { .. } | Command::Schema { .. } | Command::Man { .. } => Ok(()),
            Command::Demo(args) => commands::demo::run(&setup, &args, out).await,
            Command::Run(args) => commands::run::run(&setup, &args, out).await,
            Command::Simulate(args) => commands::simulate::run(&setup, &args, out).await,
            Command::Invoke(args) => commands::invoke::run(&setup, &args, out).await,
            Command::New(args) => commands::new::run(&args, out),
            Command::Build(args) => commands::build::run(&args, out),
            Command::Check(args) => commands::check::run(&setup, &args, out).await,
            Command::Test(args) => commands::test::run(&setup, &args, out).await,
            Command::Dev(args) => commands::dev::run(&setup, &args, out).await,
            Command::Preview(args) => commands::preview::run(&setup, &args, out).await,
            Command::Backtest(args) => commands::backtest::run(&setup, &args, out).await,
            Command::Paper(args) => commands::run::paper(&setup, &args, out).await,
            Command::Trade(args) => commands::run::trade(&setup, &args, out).await,
            Command::Market(command) => commands::market::run(&setup, &command, out).await,
            Command::Wallet(command) => commands::wallet::run(&setup, command, out).await,
            Command::DiffBehaviour(args) => commands::diff_behaviour::run(&setup, &args, out).await,
            Command::Agent(command) => commands::agent::run(&setup, command, out).await,
            Command::Import(args) => commands::import::run(&setup, common.config.as_deref(), &args, out).await,
            Command::Event(command) => commands::event::run(&setup, command, out).await,
            Command::Journal(args) => commands::journal::run(&setup, args, out).await,
            Command::Replay(args) => commands::replay::run(&setup, &args, out).await,
            Command::Pack(command) => commands::pack::run(&setup, command, out),
            Command::Packs => commands::packs::run(&setup, out),
            Command::Install(args) => commands::install::run(&setup, &args, false, out).await,
            Command::Upgrade(args) => commands::install::run(&setup, &args, true, out).await,
            Command::Rollback(WhichVersion { pack, version }) => {
                commands::rollback::run(&setup, &pack, version.as_deref(), out).await
            }
            Command::Remove(args) => commands::remove::run(&setup, &args, out).await,
            Command::Plugins { command: None } => commands::plugins::run(&setup, out).await,
            Command::Plugins { command: Some(PluginsCommand::Release { pack }) } => {
                commands::release::run(&setup, &pack, out).await
            }
            Command::Grants(command) => commands::grants::run(&setup, command, out).await,
            Command::Budgets => commands::budgets::run(&setup, out).await,
            Command::Halt { reason } => commands::halt::halt(&setup, reason, out).await,
            Command::Resume => commands::halt::resume(&setup, out).await,
            Command::Approvals(command) => commands::approvals::run(&setup, command, out).await,
            Command::Outbox(command) => commands::outbox::run(&setup, command, out).await,
            Command::Api(command) => commands::api::run(&setup, command, out).await,
            Command::X(command) => commands::x::run(&setup, &command, out).await,
            Command::Backup(args) => commands::backup::run(&setup, &args, out).await,
            Command::Restore(args) => commands::restore::run(&setup, &args, out).await,
            Command::Verify => commands::verify::run(&setup, out).await,
            Command::Store(StoreCommand::Copy(args)) => commands::store::run(&setup, &args, out).await,
            Command::Emulate(args) => commands::emulate::run(&args, out).await,
            Command::Doctor(args) => commands::doctor::run(&setup, &args, out).await,
            Command::Config => commands::config::run(&setup, out),
        }
    });
    // A reader of the terminal may still sit in a blocking read.
    runtime.shutdown_background();
    done
}
