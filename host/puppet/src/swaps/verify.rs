//! From what is installed to what can serve: read, checked against its own claims and the operator's grants, compiled
//! apart, linked. Nothing serves yet.

use std::sync::Arc;

use puppet_engine::{Host, swap::Candidate};
use puppet_packs::{
    AgentSpec, Component, Entry, Installed, Pack, Source,
    requires::{self, Present},
};
use puppet_sandbox::World;
use puppet_store::AgentRow;
use puppet_types::{PackId, Timestamp};

use super::{Context, compile};
use crate::{
    agents,
    grants::{Grants, Vouched},
    installing,
    repertoire::Version,
    trouble::Trouble,
    vetting,
};

/// Why a version does not serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// Never as it is.
    Refused(String),
    /// Not before the operator has spoken.
    Waits(String),
}

/// A version that was read and checked.
pub struct Verified {
    /// It.
    pub pack: Pack,
    /// Its component, where it brings one.
    pub version: Option<Version>,
    /// What runs for it.
    pub world: World,
}

/// Reads what is installed, and whether it may serve at this time.
pub fn verify(installed: &Installed, entry: &Entry, grants: &Grants, now: Timestamp) -> Result<Verified, Stop> {
    let bundle = installed.bundle(entry).map_err(|error| Stop::Refused(format!("{error}: {}", error.remedy())))?;
    let fault = |trouble: Trouble| Stop::Refused(trouble.in_a_line());
    let bytes = bundle.component_bytes();
    // One that brings its own component needs no other.
    let known = if bytes.is_some() { Ok(Vec::new()) } else { installing::plugins(installed) };
    let world = vetting::vet(&bundle.pack, bytes, &known.map_err(fault)?).map_err(fault)?.world;
    let manifest = &bundle.pack.manifest;
    if !manifest.claims.requires.is_empty() {
        let there = installing::present(installed).map_err(fault)?;
        let needs = requires::unmet(&Present::of(manifest), &there);
        installing::refused(&needs).map_or(Ok(()), |trouble| Err(fault(trouble)))?;
    }
    let version = bytes.map(|bytes| Version {
        manifest: manifest.clone(),
        bytes: bytes.to_vec().into(),
        vouched: Vouched::of(entry),
    });
    granted(entry, &bundle.pack, grants, now)?;
    Ok(Verified { pack: bundle.pack, version, world })
}

/// What was installed serves only where the operator has approved exactly it, and that has not ended. What lies in the
/// operator's own folder needs no approval; where there is one, it is held to it.
fn granted(entry: &Entry, pack: &Pack, grants: &Grants, now: Timestamp) -> Result<(), Stop> {
    if pack.manifest.requests.is_empty() {
        return Ok(());
    }
    let approve = format!("`puppet grants approve {}`", entry.id);
    let grant = grants.pack(&entry.id);
    if grant.is_none() && entry.source == Source::Folder {
        return Ok(());
    }
    if !grant.as_ref().is_some_and(|grant| Vouched::of(entry).holds(grant)) {
        return Err(Stop::Waits(format!("it is not what `grants.toml` grants: {approve}")));
    }
    match grant.and_then(|grant| grant.terms.expires) {
        Some(end) if end <= now => Err(Stop::Waits(format!("its grant ended at {end}: {approve}"))),
        _ => Ok(()),
    }
}

/// Compiles and links it.
pub async fn load(context: &Arc<Context>, verified: &Verified) -> Result<Option<Arc<puppet_engine::Plugin>>, Stop> {
    let Some(version) = verified.version.clone() else { return Ok(None) };
    let file = match &verified.pack.manifest.component {
        Component::File(file) => verified.pack.dir.join(file),
        Component::BuiltIn(_) => return Ok(None),
    };
    let own = Arc::clone(context);
    let loading = tokio::task::spawn_blocking(move || {
        let (program, rules) = ((own.program.as_path(), &own.sandbox), own.rules());
        let compiled = compile::apart(&own.host.sandbox, program, (&file, &version.bytes), &rules)?;
        let plugin = version.load(&own.host.sandbox, &compiled).map_err(|error| error.to_string())?;
        own.repertoire.add(plugin.digest(), version.manifest, version.vouched);
        Ok(Arc::new(plugin))
    });
    let loaded: Result<_, String> =
        loading.await.unwrap_or_else(|error| Err(format!("it could not be loaded: {error}")));
    loaded.map(Some).map_err(Stop::Refused)
}

/// What is to serve: the component, or that of the plugin which the pack runs, and the agent that comes with it; one
/// that does not live here yet is named apart.
pub async fn candidate(
    host: &Host,
    pack: &Pack,
    plugin: Option<Arc<puppet_engine::Plugin>>,
) -> Result<(Candidate, Option<AgentSpec>), Stop> {
    let runs: &PackId = pack.manifest.plugin();
    let plugin = match plugin {
        Some(plugin) => plugin,
        None => host
            .plugins()
            .get(runs)
            .cloned()
            .ok_or_else(|| Stop::Refused(format!("it runs `{runs}`, which is not here: install that first")))?,
    };
    let failed = |error: puppet_store::StoreError| Stop::Refused(error.to_string());
    let alone = |plugin| Candidate { plugin, rows: Vec::new() };
    let Some(mut spec) = AgentSpec::from_pack(pack) else { return Ok((alone(plugin), None)) };
    let row = host.store.agent(&spec.id).await.map_err(failed)?;
    let old = row.as_ref().and_then(|row| agents::spec_of(row).ok());
    if let Some(old) = &old
        && old.pack != spec.pack
    {
        return Err(Stop::Refused(format!("there is an agent `{}` already, made from `{}`", old.id, old.pack)));
    }
    if let Some(old) = old {
        spec.paused = old.paused;
        if pack.manifest.agent.handle.is_none() {
            // The account that it was given when it came to live here.
            spec.handle = old.handle;
        }
    }
    let account = puppet_types::AccountId::new(&spec.handle);
    if let Some(other) = host.accounts.agent(&account).filter(|other| *other != spec.id) {
        return Err(Stop::Refused(format!("it would speak as @{account}, which is the account of `{other}`")));
    }
    let Some(row) = row else { return Ok((alone(plugin), Some(spec))) };
    let body = serde_json::to_value(&spec).map_err(|error| Stop::Refused(error.to_string()))?;
    if row.body == body {
        return Ok((alone(plugin), None));
    }
    Ok((Candidate { plugin, rows: vec![AgentRow { body, ..row }] }, None))
}
