//! `emulate`: stands for X, for a model, and for a chain and its exchange on this machine until it is stopped. Nothing of it is in the data folder: what
//! was posted is there as long as this process is, whatever becomes of the host.

use puppet_emulate::{Emulator, Plan, Services, token};
use serde::Serialize;

use crate::{
    cli::Emulate,
    commands::run::told_to_stop,
    emulated::{Chain, Wanted},
    files,
    output::Output,
    trouble::{Result, Trouble},
};

#[derive(Serialize)]
struct Emulating {
    schema: &'static str,
    pid: u32,
    x: Option<String>,
    llm: Option<String>,
    solana: Option<String>,
    jupiter: Option<String>,
    /// Below it are report, faults and commands of the chain and its exchange.
    chain: Option<String>,
    counts: String,
    report: String,
    faults: String,
    /// `<account>` stands for any.
    token: String,
}

/// Runs it.
pub async fn run(args: &Emulate, out: Output) -> Result<()> {
    let plan = plan(args)?;
    let wanted = Wanted { solana: args.solana, jupiter: args.jupiter };
    let chain = Chain::start(wanted, args.seed).await?;
    let all = !args.x && !args.llm && chain.is_none();
    let services = Services { x: args.x || all, llm: args.llm || all };
    let emulator = Emulator::start(services, args.seed, plan).await.map_err(|error| {
        Trouble::unreachable("no-port", format!("no port can be had: {error}"), "see what this machine forbids")
    })?;
    let url = emulator.url();
    let told = Emulating {
        schema: "puppet.emulate/1",
        pid: std::process::id(),
        x: emulator.x(),
        llm: emulator.llm(),
        solana: chain.as_ref().map(Chain::solana),
        jupiter: chain.as_ref().map(Chain::jupiter),
        chain: chain.as_ref().map(Chain::control),
        counts: format!("{url}/_emulator/counts"),
        report: format!("{url}/_emulator/report"),
        faults: format!("{url}/_emulator/faults"),
        token: token("<account>"),
    };
    if out.json {
        out.object_line(&told)?;
    } else {
        let addresses = [
            ("x", &told.x),
            ("llm", &told.llm),
            ("solana", &told.solana),
            ("jupiter", &told.jupiter),
            ("chain", &told.chain),
        ];
        for (name, at) in addresses {
            if let Some(at) = at {
                out.line(format!("{name}: {at}"))?;
            }
        }
        if services.x || services.llm {
            out.line(format!("counts: {}", told.counts))?;
            out.line(format!("report: {}", told.report))?;
            out.line(format!("faults: {}", told.faults))?;
            out.line(format!("tokens are {}", told.token))?;
        }
    }
    told_to_stop(args.length).await;
    Ok(())
}

fn plan(args: &Emulate) -> Result<Plan> {
    let Some(file) = &args.faults else { return Ok(Plan::default()) };
    let text = files::text(file).map_err(|error| {
        Trouble::input("faults-file", format!("cannot be read: {error}"), "name a file of faults (docs/emulators.md)")
            .in_file(file)
    })?;
    Plan::parse(text.as_bytes())
        .map_err(|error| Trouble::input("faults-file", error.to_string(), "docs/emulators.md has one").in_file(file))
}
