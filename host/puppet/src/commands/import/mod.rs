//! `import`: a whole deployment of the original engine (docs/migrate.md). Everything is read before anything is written;
//! an agent and all that it brings is one transaction; what is here already is passed over, so that an import that was
//! cut short goes on where it stopped.

mod accounts;
mod env;
mod plan;
mod settings;
mod told;
mod write;

use std::path::Path;

use puppet_store::HostLock;
use puppet_types::Timestamp;

use crate::{cli::Import, output::Output, rows::Rows, setup::Setup, trouble::Result};

use plan::Plan;

/// Runs it. `config` is the configuration that the command line names.
pub async fn run(setup: &Setup, config: Option<&Path>, args: &Import, out: Output) -> Result<()> {
    let file = config.unwrap_or(Path::new("puppet.toml"));
    let mut plan = Plan::of(setup, file, args, Timestamp::from_system()).await?;
    // People are told what would be done where it would; scripts find in it what is wrong.
    if args.dry_run && (out.json || plan.deployment.problems.is_empty()) {
        told::tell(&plan, args, out)?;
    }
    plan.refused(out)?;
    if args.dry_run {
        return Ok(());
    }
    let _lock = HostLock::take(&setup.data)?;
    let store = Rows::open(setup).await?;
    plan.look(&*store, args.replace).await?;
    plan.refused(out)?;
    write::write(setup, (&*store, file), &mut plan, args, out).await?;
    store.close();
    told::tell(&plan, args, out)
}
