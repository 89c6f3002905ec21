//! What runs for a pack, and whether the pack may be used with it: read from the component's binary and from manifests.
//! Nothing is compiled or run. Not here: what the operator grants, and who signed it.

use puppet_grants::Requests;
use puppet_packs::{Component, Kind, Manifest, Pack, Setting};
use puppet_sandbox::World;
use puppet_types::{Capability, Digest, PackId};

use crate::{
    agents::{check_contract, no_character, of_pack},
    firstparty,
    trouble::{Result, Trouble},
};

/// A plugin that a pack can run.
#[derive(Debug, Clone)]
pub struct Runs {
    /// Its pack.
    pub plugin: PackId,
    /// What it is.
    pub world: World,
    /// Of its component.
    pub component: Digest,
    /// What it imports.
    pub imports: Vec<Capability>,
    /// What its manifest asks for.
    pub requests: Requests,
    /// The settings that it has.
    pub declares: Vec<Setting>,
}

impl Runs {
    /// Reads a component, and holds its manifest to it.
    pub fn of(manifest: &Manifest, component: &[u8]) -> std::result::Result<Self, puppet_sandbox::LoadError> {
        let inspection = puppet_sandbox::inspect(component)?;
        puppet_engine::agree(&inspection, &manifest.requests)?;
        Ok(Self {
            plugin: manifest.id.clone(),
            world: inspection.world,
            component: inspection.digest,
            imports: inspection.capabilities.into_iter().collect(),
            requests: manifest.requests.clone(),
            declares: manifest.declares.clone(),
        })
    }
}

/// The plugins that come with the program.
pub fn built_in() -> Result<Vec<Runs>> {
    let one = |plugin: firstparty::BuiltIn| Runs::of(&plugin.manifest, plugin.component).map_err(Trouble::internal);
    firstparty::plugins().into_iter().map(one).collect()
}

/// What runs for a pack: its own component, or one of those that are known. Everything about it agrees, or one line
/// says what does not.
pub fn vet(pack: &Pack, component: Option<&[u8]>, known: &[Runs]) -> Result<Runs> {
    check_contract(pack)?;
    let manifest = &pack.manifest;
    let file = pack.dir.join("pack.toml");
    let runs = match (&manifest.component, component) {
        (Component::File(name), Some(bytes)) => Runs::of(manifest, bytes).map_err(|error| {
            let remedy = "make pack.toml and the component agree, or build it anew";
            Trouble::input("component", error.to_string(), remedy).in_file(&pack.dir.join(name))
        })?,
        (Component::File(name), None) => return Err(Trouble::internal(format!("`{name}` was not read"))),
        (Component::BuiltIn(id), _) => known.iter().find(|plugin| plugin.plugin == *id).cloned().ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|plugin| plugin.plugin.as_str()).collect();
            let remedy = format!("{}; or install the pack that brings it", crate::config::remedy(id.as_str(), &names));
            let message = format!("there is no plugin `{id}` here");
            Trouble::input("unknown-plugin", message, remedy).in_file(&file).of_field("plugin")
        })?,
    };
    if runs.world == World::TradingStrategy && component.is_none() {
        let message =
            format!("`{}` is a trading strategy: no agent runs it, and no pack but its own brings it", runs.plugin);
        let remedy = "name a plugin of the world `personality` or `event-generator`, or a component of your own";
        return Err(Trouble::input("bad-pack", message, remedy).in_file(&file).of_field("plugin"));
    }
    if runs.world != World::Personality && pack.persona.is_some() {
        return Err(no_character(&pack.dir, &manifest.component, runs.world));
    }
    hold_to_claims(pack, &runs.plugin, runs.world, runs.component)?;
    pack.check_settings(&runs.declares).map_err(of_pack)?;
    Ok(runs)
}

/// What a manifest says of what runs for it: of which kind it is, and that it is the one that is meant.
pub fn hold_to_claims(pack: &Pack, plugin: &PackId, world: World, component: Digest) -> Result<()> {
    let manifest = &pack.manifest;
    let file = pack.dir.join("pack.toml");
    if !manifest.claims.kinds.is_empty() && !manifest.claims.kinds.iter().any(|kind| is(*kind, world)) {
        let message = format!("what runs is of the world `{}`, which is not named there", world.name());
        let remedy = format!("write kinds = [\"{}\"]", world.name());
        return Err(Trouble::input("bad-pack", message, remedy).in_file(&file).of_field("kinds"));
    }
    if let Some(meant) = manifest.claims.digest.filter(|meant| *meant != component) {
        let message = format!("the component of `{plugin}` is {component}, not {meant}");
        let remedy = "install the version of the plugin that the pack was made for, or write this digest";
        return Err(Trouble::input("wrong-digest", message, remedy).in_file(&file).of_field("digest"));
    }
    Ok(())
}

fn is(kind: Kind, world: World) -> bool {
    kind.name() == world.name()
}
