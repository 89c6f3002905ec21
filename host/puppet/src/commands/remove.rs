//! `remove`: a pack goes, or one version of it. Not while an agent runs it, nor while another pack needs it.

use puppet_packs::{Entry, requires};
use puppet_types::{Digest, PackId};
use serde::Serialize;

use crate::{
    installing::{self, of_install},
    output::Output,
    records,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// `puppet.remove/1`.
#[derive(Serialize)]
struct Told {
    schema: &'static str,
    pack: PackId,
    removed: Vec<Removed>,
}

#[derive(Serialize)]
struct Removed {
    version: String,
    digest: Digest,
}

/// Runs it.
pub async fn run(setup: &Setup, pack: &str, version: Option<&str>, out: Output) -> Result<()> {
    let id = PackId::new(pack);
    let entries = installing::entries(setup)?;
    let is_meant = |entry: &Entry| entry.id == id && version.is_none_or(|version| entry.version.to_string() == version);
    let meant: Vec<&Entry> = entries.iter().filter(|entry| is_meant(entry)).collect();
    if meant.is_empty() {
        let names: Vec<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
        let message = match version {
            Some(version) => format!("`{id}` {version} is not installed"),
            None => format!("`{id}` is not installed"),
        };
        return Err(Trouble::input("not-installed", message, crate::config::remedy(pack, &names)));
    }
    if meant.iter().any(|entry| !entry.state.is_old()) {
        unused(setup, &id).await?;
    }
    let removed = installing::of(setup).forget(is_meant).map_err(of_install)?;
    installing::tell_host(setup, &id, out).await;
    let removed = removed.into_iter().map(|entry| Removed { version: entry.version.to_string(), digest: entry.digest });
    let told = Told { schema: "puppet.remove/1", pack: id, removed: removed.collect() };
    if out.json {
        return out.object(&told);
    }
    told.removed.iter().try_for_each(|gone| out.line(format!("removed {} {}", out.bold(&told.pack), gone.version)))
}

/// No agent runs it, and no pack needs it.
async fn unused(setup: &Setup, id: &PackId) -> Result<()> {
    let agents = records::all_agents(setup).await?;
    let of_it = agents.iter().filter(|spec| spec.pack == *id || spec.plugin == *id);
    let names: Vec<&str> = of_it.map(|spec| spec.id.as_str()).collect();
    if !names.is_empty() {
        let message = format!("`{id}` is run by {}", names.join(", "));
        return Err(Trouble::refused("pack-in-use", message, "give them another pack first"));
    }
    installing::refused(&requires::needed(id, &installing::present(&installing::of(setup))?)).map_or(Ok(()), Err)
}
