//! Who is previewed: what PATH names, read and checked. Nothing of it is run here.

use std::path::Path;

use puppet_engine::report::Input;
use puppet_packs::{AgentSpec, Bundle, Manifest, Pack};
use puppet_sandbox::World;
use puppet_types::Digest;

use crate::{
    agents::{self, of_pack},
    grants::Vouched,
    installing, records,
    repertoire::Version,
    setup::Setup,
    trouble::{Result, Trouble},
    vetting,
};

/// A character, and the component that it runs where that does not come with puppet.
pub struct Subject {
    /// It.
    pub spec: AgentSpec,
    /// None: it runs a plugin that comes with puppet.
    pub brought: Option<Version>,
    /// Files that it was read from.
    pub inputs: Vec<Input>,
    /// What a grant to it is bound to: its component, or the pack where it brings none. None of an agent file, and of who
    /// lives here.
    pub digest: Option<Digest>,
}

impl Subject {
    /// Opens what PATH names: a pack's folder or archive, or an agent file.
    pub fn open(setup: &Setup, path: &Path) -> Result<Self> {
        if path.extension().is_some_and(|ext| ext == "json") && !path.is_dir() {
            let (imported, sha256) = agents::import(path)?;
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            return Ok(Self { spec: imported.spec, brought: None, inputs: vec![Input { file, sha256 }], digest: None });
        }
        if !path.is_dir() && path.extension().is_none_or(|ext| ext != "puppet") {
            let message = "is neither a pack's folder or archive nor an agent file";
            let remedy =
                "name a folder with pack.toml, a `.puppet` file, or an agent file of the original engine (`*.json`)";
            return Err(Trouble::input("agent-file", message, remedy).in_file(path));
        }
        Self::of_bundle(setup, path, &Bundle::open(path).map_err(of_pack)?)
    }

    /// An agent of the data folder, or of `agents/` beside the configuration.
    pub async fn living(setup: &Setup, id: &str) -> Result<Self> {
        let specs = records::all_agents(setup).await?;
        let Some(spec) = specs.into_iter().find(|spec| spec.id.as_str() == id) else {
            let message = format!("there is no agent `{id}`, neither in the data folder nor in `agents/`");
            let remedy = "`puppet agent list` names them; --data and --config name other folders";
            return Err(Trouble::input("unknown-agent", message, remedy).of_field("--against"));
        };
        let brought = installing::brought(&installing::of(setup), &spec.plugin)?;
        Ok(Self { spec, brought, inputs: Vec::new(), digest: None })
    }

    fn of_bundle(setup: &Setup, path: &Path, bundle: &Bundle) -> Result<Self> {
        let (pack, installed) = (&bundle.pack, installing::of(setup));
        let bytes = bundle.component_bytes();
        let runs = vetting::vet(pack, bytes, &installing::plugins(&installed)?)?;
        if runs.world != World::Personality {
            return Err(agents::no_character(path, &pack.manifest.component, runs.world));
        }
        let own = bytes.map(|bytes| Version {
            manifest: pack.manifest.clone(),
            bytes: bytes.to_vec().into(),
            vouched: Vouched::BuiltIn,
        });
        let brought = match own {
            Some(own) => Some(own),
            None => installing::brought(&installed, pack.manifest.plugin())?,
        };
        let spec = AgentSpec::from_pack(pack).unwrap_or_else(|| anybody(pack));
        let digest = Some(bytes.map_or_else(|| bundle.digest(), Digest::of));
        Ok(Self { spec, brought, inputs: inputs(bundle), digest })
    }
}

/// What says who it is: the manifest, the persona, the component.
fn inputs(bundle: &Bundle) -> Vec<Input> {
    let persona = bundle.pack.manifest.persona.as_deref();
    let texts = [Some("pack.toml"), persona].into_iter().flatten();
    let texts = texts.filter_map(|name| Some(input(name, bundle.contents.get(name)?)));
    let component = match &bundle.pack.manifest.component {
        puppet_packs::Component::File(file) => bundle.component_bytes().map(|bytes| input(file, bytes)),
        puppet_packs::Component::BuiltIn(_) => None,
    };
    texts.chain(component).collect()
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
