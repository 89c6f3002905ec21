//! `remove`: a pack goes, or one version of it. Not while an agent runs it or a desk trades by it, nor
//! while another pack needs it.

use puppet_packs::{AgentSpec, Entry, requires};
use puppet_store::Change;
use puppet_types::{AgentId, Digest, PackId, counted};
use serde::Serialize;

use crate::{
    agents,
    cli::Remove,
    control::{self, Folder},
    grants::Grants,
    installing::{self, of_install},
    output::Output,
    records,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// `puppet.remove/1`.
#[derive(Serialize)]
pub struct Told {
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
pub async fn run(setup: &Setup, args: &Remove, out: Output) -> Result<()> {
    let mut notes = Vec::new();
    let told = gone(setup, PackId::new(&args.pack), args.version.as_deref(), args.with_agent, &mut notes).await;
    let told = told.inspect_err(|_| out.notes(&notes))?;
    if out.json {
        out.object(&told)?;
    } else {
        out.line(format!("removed {}", told.in_words(out)))?;
    }
    out.notes(&notes);
    Ok(())
}

/// Takes a pack out, or one version of it.
pub async fn gone(
    setup: &Setup,
    id: PackId,
    version: Option<&str>,
    with_agent: bool,
    notes: &mut Vec<String>,
) -> Result<Told> {
    let entries = installing::entries(setup)?;
    let is_meant = |entry: &Entry| entry.id == id && version.is_none_or(|version| entry.version.to_string() == version);
    let meant: Vec<&Entry> = entries.iter().filter(|entry| is_meant(entry)).collect();
    if meant.is_empty() {
        let names: Vec<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
        let message = match version {
            Some(version) => format!("`{id}` {version} is not installed"),
            None => format!("`{id}` is not installed"),
        };
        return Err(Trouble::input("not-installed", message, crate::config::remedy(id.as_str(), &names)).missing());
    }
    let runs = meant.iter().find(|entry| entry.state.runs());
    if let (Some(runs), Some(_)) = (runs, entries.iter().find(|entry| entry.id == id && !is_meant(entry))) {
        let message = format!("`{id}` {} is the version that runs", runs.version);
        let remedy =
            format!("`puppet rollback {id}` brings another one back first; `puppet remove {id}` takes all out");
        return Err(Trouble::refused("pack-in-use", message, remedy));
    }
    if runs.is_some() {
        unused(setup, &id, with_agent).await?;
    }
    let removed = installing::of(setup).forget(is_meant).map_err(of_install)?;
    let is_whole = !installing::entries(setup)?.iter().any(|entry| entry.id == id);
    if !installing::tell_host(setup, &id, notes).await && is_whole && with_agent {
        retire(setup, &id).await?;
    }
    let removed = removed.into_iter().map(|entry| Removed { version: entry.version.to_string(), digest: entry.digest });
    let told = Told { schema: "puppet.remove/1", pack: id, removed: removed.collect() };
    if is_whole {
        left_behind(setup, &told.pack, notes)?;
    }
    Ok(told)
}

impl Told {
    /// One version by its number, several by how many there were.
    fn in_words(&self, out: Output) -> String {
        let pack = out.bold(&self.pack);
        let mut versions: Vec<&str> = self.removed.iter().map(|gone| gone.version.as_str()).collect();
        versions.dedup();
        match self.removed.as_slice() {
            [one] => format!("{pack} {}", one.version),
            all => format!("{pack}: {}: {}", counted(all.len(), "version", "versions"), versions.join(", ")),
        }
    }
}

/// What of a pack that is gone is still there: its folder, from which it comes back, and its grant.
fn left_behind(setup: &Setup, id: &PackId, notes: &mut Vec<String>) -> Result<()> {
    let folder = setup.home.join("agents").join(id.as_str());
    if folder.join("pack.toml").is_file() {
        notes.push(format!(
            "{} still holds it: the next change there, or the next start of a host, brings it back",
            folder.display()
        ));
    }
    if Grants::of(setup)?.pack(id).is_some() {
        notes.push(format!("grants.toml still has [packs.{id}]: `puppet grants revoke {id}` takes it back"));
    }
    Ok(())
}

/// The agent that was made from it lives no more: no host is here to be told.
async fn retire(setup: &Setup, id: &PackId) -> Result<()> {
    let mut folder = Folder::of(setup);
    let store = folder.rows().await?;
    let agent = AgentId::new(id.as_str());
    let row = store.agent(&agent).await?;
    if row.is_some_and(|row| agents::spec_of(&row).is_ok_and(|spec| spec.pack == *id)) {
        store.apply(vec![Change::Retire { agent }]).await?;
    }
    Ok(())
}

/// No agent runs it but the one that goes with it, no desk trades by it, and no pack needs it.
async fn unused(setup: &Setup, id: &PackId, with_agent: bool) -> Result<()> {
    let agents = records::all_agents(setup).await?;
    let goes = |spec: &AgentSpec| with_agent && spec.pack == *id && spec.id.as_str() == id.as_str();
    let of_it = agents.iter().filter(|spec| (spec.pack == *id || spec.plugin == *id) && !goes(spec));
    let names: Vec<&str> = of_it.map(|spec| spec.id.as_str()).collect();
    if !names.is_empty() {
        let message = format!("`{id}` is run by {}", names.join(", "));
        let remedy = "--with-agent lets the agent go that was made from it; others that run it are packs of their own";
        return Err(Trouble::refused("pack-in-use", message, remedy));
    }
    let desks = desks(setup, id).await?;
    if !desks.is_empty() {
        let message = format!("`{id}` trades on {}", desks.join(", "));
        let remedy = "take it out of [trading.desks], and let a host that trades by it end first";
        return Err(Trouble::refused("pack-in-use", message, remedy));
    }
    installing::refused(&requires::needed(id, &installing::present(&installing::of(setup))?)).map_or(Ok(()), Err)
}

/// Desks that trade by it, or will when a host starts.
async fn desks(setup: &Setup, id: &PackId) -> Result<Vec<String>> {
    let configured = setup.config.trading.desks.iter();
    let by_it = configured.filter(|(_, desk)| desk.strategy.as_deref() == Some(id.as_str()));
    let mut desks: Vec<String> = by_it.map(|(name, _)| format!("[trading.desks.{name}]")).collect();
    let running = control::desks(setup).await?.into_iter();
    let of_it = running.filter(|desk| desk.pack.as_deref() == Some(id.as_str()) && desk.state != "stopped");
    desks.extend(of_it.map(|desk| format!("the purse {}", desk.purse)));
    Ok(desks)
}
