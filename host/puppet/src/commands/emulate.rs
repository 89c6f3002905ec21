//! `emulate`: stands for X and for a model on this machine until it is stopped. Nothing of it is in the data folder: what
//! was posted is there as long as this process is, whatever becomes of the host.

use puppet_emulate::{Emulator, Plan, Services, token};
use serde::Serialize;

use crate::{
    cli::Emulate,
    commands::run::told_to_stop,
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
    report: String,
    faults: String,
    /// `<account>` stands for any.
    token: String,
}

/// Runs it.
pub async fn run(args: &Emulate, out: Output) -> Result<()> {
    let plan = plan(args)?;
    let all = !args.x && !args.llm;
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
        report: format!("{url}/_emulate/report"),
        faults: format!("{url}/_emulate/faults"),
        token: token("<account>"),
    };
    if out.json {
        out.object_line(&told)?;
    } else {
        for (name, at) in [("x", &told.x), ("llm", &told.llm)] {
            if let Some(at) = at {
                out.line(format!("{name}: {at}"))?;
            }
        }
        out.line(format!("report: {}", told.report))?;
        out.line(format!("faults: {}", told.faults))?;
        out.line(format!("tokens are {}", told.token))?;
    }
    told_to_stop(args.length).await;
    Ok(())
}

fn plan(args: &Emulate) -> Result<Plan> {
    let Some(file) = &args.faults else { return Ok(Plan::default()) };
    let text = files::text(file).map_err(|error| {
        Trouble::input("faults-file", format!("cannot be read: {error}"), "name a file of faults (docs/x.md)")
            .in_file(file)
    })?;
    Plan::parse(text.as_bytes())
        .map_err(|error| Trouble::input("faults-file", error.to_string(), "docs/x.md has one").in_file(file))
}
