//! The data folder as reading commands open it, and what is known of agents before the first host has lived in it.

use std::path::PathBuf;

use puppet_packs::AgentSpec;
use puppet_store::Store;
use puppet_types::AgentId;

use crate::{
    agents::{self, Found},
    firstparty, installing,
    rows::Rows,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// The rows of the deployment.
pub async fn open(setup: &Setup) -> Result<Rows> {
    if_there(setup).await?.ok_or_else(|| nothing(setup))
}

/// The rows of the deployment; none where nothing has lived in it yet.
pub async fn if_there(setup: &Setup) -> Result<Option<Rows>> {
    Rows::look(setup).await
}

/// All agents. Before the first run they are those that the configuration has; where it has none either, nothing
/// can be said.
pub async fn agents(setup: &Setup) -> Result<Vec<AgentSpec>> {
    if let Some(store) = if_there(setup).await? {
        return agents::rows(&*store).await;
    }
    match configured(setup)? {
        Some(found) if !found.specs.is_empty() => Ok(found.specs),
        _ => Err(nothing(setup)),
    }
}

/// The same without those whose rows cannot be understood; `puppet doctor` names them.
pub async fn readable(setup: &Setup) -> Result<Vec<AgentSpec>> {
    match if_there(setup).await? {
        Some(store) => understood(&*store).await,
        None => agents(setup).await,
    }
}

/// Those that live here and can be read.
async fn understood(store: &dyn Store) -> Result<Vec<AgentSpec>> {
    Ok(store.agents().await?.iter().filter_map(|row| agents::spec_of(row).ok()).collect())
}

/// Everybody that a host would have now: those that live here and can be read, and those that the configuration adds.
pub async fn all_agents(setup: &Setup) -> Result<Vec<AgentSpec>> {
    let mut specs = match if_there(setup).await? {
        Some(store) => understood(&*store).await?,
        None => Vec::new(),
    };
    let stored: Vec<AgentId> = specs.iter().map(|spec| spec.id.clone()).collect();
    let configured = fit(setup)?.0.specs;
    specs.extend(configured.into_iter().filter(|spec| !stored.contains(&spec.id)));
    Ok(specs)
}

/// Agents of the folder `agents/` beside the configuration, where there is one: the next host takes them in.
pub fn configured(setup: &Setup) -> Result<Option<Found>> {
    let folder = setup.home.join("agents");
    if folder.is_dir() {
        agents::find(&folder, installing::plugins(&installing::of(setup))?).map(Some)
    } else {
        Ok(None)
    }
}

/// Those of the folder that are fit to live, and what is wrong with the others.
pub fn fit(setup: &Setup) -> Result<(Found, Vec<(PathBuf, Trouble)>)> {
    let folder = setup.home.join("agents");
    if !folder.is_dir() {
        return Ok((Found::default(), Vec::new()));
    }
    agents::look(&folder, installing::plugins(&installing::of(setup))?)
}

/// Everybody who may stand in a journal: agents and generators.
pub async fn everybody(store: &dyn Store) -> Result<Vec<AgentId>> {
    let generators = firstparty::GENERATORS.iter().map(|name| AgentId::generator(&(*name).into()));
    let agents = store.agents().await?.into_iter().map(|row| row.id);
    Ok(agents.chain(generators).collect())
}

/// Nothing has lived here.
fn nothing(setup: &Setup) -> Trouble {
    let message = "nothing has lived in this data folder yet";
    let remedy = "start a host with `puppet run`, or make an agent with `puppet agent import FILE.json`; \
                  --data names another folder";
    Trouble::unreachable("data-folder", message, remedy).in_file(&setup.data)
}
