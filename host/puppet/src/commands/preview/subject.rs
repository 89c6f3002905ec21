//! Who is previewed: what PATH names, read and checked. Nothing of it is run here.

use std::path::Path;

use puppet_engine::report::Input;
use puppet_packs::{AgentSpec, Component, Manifest, Pack};
use puppet_sandbox::World;
use puppet_types::Digest;

use crate::{
    agents::{self, of_pack},
    assembly::Stranger,
    commands::invoke,
    firstparty, records, sandboxed,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// A character, and the component that it brings where that is its own.
pub struct Subject {
    /// It.
    pub spec: AgentSpec,
    /// None: it runs a plugin that comes with puppet.
    pub stranger: Option<Stranger>,
    /// Files that it was read from.
    pub inputs: Vec<Input>,
}

impl Subject {
    /// Opens what PATH names: a pack's folder, or an agent file.
    pub fn open(setup: &Setup, path: &Path) -> Result<Self> {
        if path.is_dir() {
            return Self::of_pack(setup, path, Pack::open(path).map_err(of_pack)?);
        }
        if path.extension().is_none_or(|ext| ext != "json") {
            let message = "is neither a pack's folder nor an agent file";
            let remedy = "name a folder with pack.toml, or an agent file of the original engine (`*.json`)";
            return Err(Trouble::input("agent-file", message, remedy).in_file(path));
        }
        let (imported, sha256) = agents::import(path)?;
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { spec: imported.spec, stranger: None, inputs: vec![Input { file, sha256 }] })
    }

    /// An agent of the data folder, or of `agents/` beside the configuration.
    pub async fn living(setup: &Setup, id: &str) -> Result<Self> {
        let specs = records::all_agents(setup).await?;
        match specs.into_iter().find(|spec| spec.id.as_str() == id) {
            Some(spec) if !firstparty::plugins().iter().any(|plugin| plugin.manifest.id == spec.plugin) => {
                let message = format!("`{id}` runs `{}`, which does not come with puppet", spec.plugin);
                Err(Trouble::input("unknown-plugin", message, "preview the pack that it was made from")
                    .of_field("--against"))
            }
            Some(spec) => Ok(Self { spec, stranger: None, inputs: Vec::new() }),
            None => {
                let message = format!("there is no agent `{id}`, neither in the data folder nor in `agents/`");
                let remedy = "`puppet agent list` names them; --data and --config name other folders";
                Err(Trouble::input("unknown-agent", message, remedy).of_field("--against"))
            }
        }
    }

    fn of_pack(setup: &Setup, path: &Path, pack: Pack) -> Result<Self> {
        let mut inputs = Vec::new();
        let names = [Some("pack.toml"), pack.manifest.persona.as_deref()];
        for name in names.into_iter().flatten() {
            inputs.push(input(name, &invoke::read(&path.join(name))?));
        }
        let stranger = match &pack.manifest.component {
            Component::File(file) => {
                let bytes = invoke::read(&path.join(file))?;
                inputs.push(input(file, &bytes));
                Some(compiled(setup, path, &pack, &bytes)?)
            }
            Component::BuiltIn(id) => {
                agents::check_plugin(&pack, path)?;
                if firstparty::GENERATORS.contains(&id.as_str()) {
                    return Err(agents::no_character(path, &pack.manifest.component));
                }
                None
            }
        };
        let spec = AgentSpec::from_pack(&pack).unwrap_or_else(|| anybody(&pack));
        Ok(Self { spec, stranger, inputs })
    }
}

/// A personality without a persona is looked at as a character without any.
fn anybody(pack: &Pack) -> AgentSpec {
    let Manifest { id, name, version, .. } = &pack.manifest;
    let (name, pack_version) = (name.clone(), version.to_string());
    AgentSpec { pack: id.clone(), name, pack_version, ..AgentSpec::blank("tester", pack.manifest.plugin()) }
}

fn input(file: &str, bytes: &[u8]) -> Input {
    Input { file: file.to_owned(), sha256: Digest::of(bytes).to_string() }
}

fn compiled(setup: &Setup, path: &Path, pack: &Pack, bytes: &[u8]) -> Result<Stranger> {
    let sandbox = sandboxed::open(setup)?;
    let compiled = sandbox.compile(bytes).map_err(|error| invoke::refused(path, &error))?;
    let world = compiled.inspection().world;
    if world == World::EventGenerator {
        return Err(agents::no_character(path, &pack.manifest.component));
    }
    Ok(Stranger { manifest: pack.manifest.clone(), world, sandbox, compiled })
}
