//! `replay`.

use std::path::PathBuf;

use clap::Args;

/// `replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// A recorded invocation, by its id; or a case that `--export` wrote.
    #[arg(value_name = "ID|CASE.json", conflicts_with_all = MANY)]
    pub what: Option<String>,
    /// Run another build on the same recorded answers: a component (`.wasm`), a pack's folder or archive, `PACK@VERSION`,
    /// or `PACK` for what runs.
    #[arg(long, value_name = "COMPONENT|PACK")]
    pub with: Option<String>,
    /// Walk through reads, log lines and decisions one after the other: Enter goes on, `q` ends.
    #[arg(long, conflicts_with_all = ["since", "export"])]
    pub step: bool,
    /// Write everything that the call had into one file, to be replayed elsewhere.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["since", "with"])]
    pub export: Option<PathBuf>,
    /// Replay everything from this time on, or since this long ago (`24h`).
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// With --since: only what was before this time.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// With --since: of one agent.
    #[arg(long, value_name = "ID")]
    pub agent: Option<String>,
    /// With --since: of one event kind.
    #[arg(long)]
    pub kind: Option<String>,
    /// With --since: ok, declined, failed or breach.
    #[arg(long, value_name = "WORD")]
    pub outcome: Option<String>,
}

/// Flags that speak of many invocations.
const MANY: [&str; 5] = ["since", "until", "agent", "kind", "outcome"];
