//! What OLD and NEW name: a component, a pack on the disk, a version that is installed, or what runs. Not here: whether
//! the operator grants it anything.

use std::{borrow::Cow, path::Path};

use puppet_grants::{Request, Requests};
use puppet_packs::{AgentSpec, Bundle, Entry, Manifest};
use puppet_sandbox::{Inspection, World};
use puppet_types::{Digest, PackId};

use crate::{
    agents::of_pack,
    commands::invoke,
    grants::Vouched,
    installing::{self, of_install},
    repertoire::Version,
    setup::Setup,
    trouble::{Result, Trouble},
    vetting,
};

/// The first bytes of every component.
const WASM: &[u8] = b"\0asm";
/// Fewer digits of a digest name too much.
const DIGITS: usize = 4;

/// One of the two.
#[derive(Clone)]
pub struct Side {
    /// As it was named.
    pub named: String,
    /// Its pack.
    pub pack: PackId,
    /// Of the pack; none of a bare component.
    pub version: Option<String>,
    /// What runs.
    pub plugin: Version,
    /// What that is.
    pub world: World,
    /// The agent that comes with the pack.
    pub spec: Option<AgentSpec>,
    /// Whether its account is the pack's word.
    pub names_account: bool,
    /// Whether the pack brings data alone: what runs is another's.
    pub is_data: bool,
    /// Whether the pack was named, and not guessed from a file.
    pub is_named: bool,
}

impl Side {
    /// Of its component.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.plugin.bytes)
    }
}

/// A component that nobody said of whose it is.
struct Bare<'a> {
    named: &'a str,
    bytes: Vec<u8>,
    inspection: Inspection,
}

enum Named<'a> {
    Bare(Bare<'a>),
    Whole(Box<Side>),
}

/// Both. A bare component is a version of what the other one is of, or of the plugin that plays the agent that was named,
/// or of the pack that has the name of its file.
pub fn pair(setup: &Setup, [old, new]: [&str; 2], plays: Option<&PackId>) -> Result<[Side; 2]> {
    let (old, new) = match (named(setup, old)?, named(setup, new)?) {
        (Named::Whole(old), Named::Whole(new)) => (*old, *new),
        (Named::Whole(old), Named::Bare(new)) => {
            let new = new.of(&old);
            (*old, new)
        }
        (Named::Bare(old), Named::Whole(new)) => (old.of(&new), *new),
        (Named::Bare(old), Named::Bare(new)) => {
            let model = match plays {
                Some(plays) => running(setup, plays.as_str(), plays)?,
                None => running(setup, old.named, &old.stem())?.map(|model| Side { is_named: false, ..model }),
            };
            let model = model.unwrap_or_else(|| old.alone());
            (old.of(&model), new.of(&model))
        }
    };
    if old.pack != new.pack {
        let message = format!("`{}` and `{}` are not versions of one pack", old.pack, new.pack);
        return Err(Trouble::input("other-pack", message, "name two versions of the same pack"));
    }
    if old.world != new.world {
        let message = format!("one is of the world `{}`, the other of `{}`", old.world.name(), new.world.name());
        return Err(Trouble::input("component", message, "name two versions of the same plugin"));
    }
    Ok([old, new])
}

/// What a name stands for where there is no other to compare it with.
pub enum Alone {
    /// A component that nobody said of whose it is.
    Component(Vec<u8>),
    /// A version of a plugin.
    Version(Box<Version>),
}

/// One alone: of a pack that brings data alone the plugin that runs for it.
pub fn alone(setup: &Setup, name: &str) -> Result<Alone> {
    Ok(match named(setup, name)? {
        Named::Bare(bare) => Alone::Component(bare.bytes),
        Named::Whole(side) => Alone::Version(Box::new(side.plugin)),
    })
}

fn named<'a>(setup: &Setup, name: &'a str) -> Result<Named<'a>> {
    let path = Path::new(name);
    if path.is_file() {
        let bytes = invoke::read(path)?;
        if bytes.starts_with(WASM) || path.extension().is_some_and(|ending| ending == "wasm") {
            let inspection = puppet_sandbox::inspect(&bytes).map_err(|error| invoke::refused(path, &error))?;
            return Ok(Named::Bare(Bare { named: name, bytes, inspection }));
        }
    }
    let side = if path.exists() {
        Some(of_bundle(setup, name, &Bundle::open(path).map_err(of_pack)?)?)
    } else if let Some((pack, which)) = name.rsplit_once('@') {
        Some(version(setup, name, &PackId::new(pack), which)?)
    } else {
        running(setup, name, &PackId::new(name))?
    };
    side.map(|side| Named::Whole(Box::new(side))).ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> Trouble {
    let message = format!("`{name}` is no file, no folder, and no pack that is here");
    let remedy = "name a component (`.wasm`), a pack's folder or archive, PACK or PACK@VERSION: `puppet packs` and \
                  `puppet plugins` list them";
    Trouble::input("unknown-pack", message, remedy).missing()
}

/// A pack as it lies there.
fn of_bundle(setup: &Setup, named: &str, bundle: &Bundle) -> Result<Side> {
    let known = installing::plugins(&installing::of(setup))?;
    let runs = vetting::vet(&bundle.pack, bundle.component_bytes(), &known)?;
    let manifest = &bundle.pack.manifest;
    let plugin = match bundle.component_bytes() {
        Some(bytes) => granted(manifest.clone(), bytes.to_vec().into()),
        None => plugin(setup, &runs.plugin)?
            .ok_or_else(|| Trouble::internal(format!("`{}` was found, and is not there", runs.plugin)))?,
    };
    Ok(Side {
        named: named.to_owned(),
        pack: manifest.id.clone(),
        version: Some(manifest.version.to_string()),
        plugin,
        world: runs.world,
        spec: AgentSpec::from_pack(&bundle.pack),
        names_account: manifest.agent.handle.is_some(),
        is_data: bundle.component_bytes().is_none(),
        is_named: true,
    })
}

/// With everything that it asks for.
fn granted(manifest: Manifest, bytes: Cow<'static, [u8]>) -> Version {
    Version { manifest, bytes, vouched: Vouched::BuiltIn }
}

/// The plugin that runs under a name.
fn plugin(setup: &Setup, id: &PackId) -> Result<Option<Version>> {
    let built_in = || Version::built_in().into_iter().find(|version| version.manifest.id == *id);
    Ok(installing::brought(&installing::of(setup), id)?.or_else(built_in))
}

/// The version of a pack that runs.
fn running(setup: &Setup, named: &str, id: &PackId) -> Result<Option<Side>> {
    let entries = installing::entries(setup)?;
    if let Some(entry) = installing::running(&entries, id) {
        return of_entry(setup, named, entry).map(Some);
    }
    Ok(Version::built_in().into_iter().find(|version| version.manifest.id == *id).map(|own| built_in(named, own)))
}

fn built_in(named: &str, plugin: Version) -> Side {
    Side {
        named: named.to_owned(),
        pack: plugin.manifest.id.clone(),
        version: Some(plugin.manifest.version.to_string()),
        world: if plugin.is_generator() { World::EventGenerator } else { World::Personality },
        plugin,
        spec: None,
        names_account: false,
        is_data: false,
        is_named: true,
    }
}

fn of_entry(setup: &Setup, named: &str, entry: &Entry) -> Result<Side> {
    of_bundle(setup, named, &installing::of(setup).bundle(entry).map_err(of_install)?)
}

/// A version that is installed or built in, by its number or the first digits of its digest or its component's.
fn version(setup: &Setup, named: &str, pack: &PackId, which: &str) -> Result<Side> {
    let entries = installing::entries(setup)?;
    let digits = which.strip_prefix("sha256:").unwrap_or(which).to_lowercase();
    let begins = |digest: Digest| digits.len() >= DIGITS && digest.hex().starts_with(&digits);
    let is_it =
        |version: &str, digests: [Option<Digest>; 2]| version == which || digests.into_iter().flatten().any(begins);
    let of_pack: Vec<&Entry> = entries.iter().filter(|entry| entry.id == *pack).collect();
    let found: Vec<&Entry> = of_pack
        .iter()
        .copied()
        .filter(|entry| is_it(&entry.version.to_string(), [Some(entry.digest), entry.component]))
        .collect();
    match found.as_slice() {
        [one] => return of_entry(setup, named, one),
        [] => {}
        several => {
            let digests: Vec<String> =
                several.iter().map(|entry| format!("{pack}@{}", &entry.digest.hex()[..12])).collect();
            let message = format!("{} versions of `{pack}` are `{which}`", several.len());
            return Err(Trouble::input("not-installed", message, format!("name one: {}", digests.join(", "))).missing());
        }
    }
    let own = Version::built_in().into_iter().find(|version| {
        version.manifest.id == *pack
            && is_it(&version.manifest.version.to_string(), [Some(Digest::of(&version.bytes)), None])
    });
    own.map(|own| built_in(named, own)).ok_or_else(|| {
        let there: Vec<String> = of_pack.iter().map(|entry| entry.version.to_string()).collect();
        let remedy = if there.is_empty() {
            "`puppet packs` lists what is installed".to_owned()
        } else {
            format!("there is {}", there.join(", "))
        };
        Trouble::input("not-installed", format!("no version of `{pack}` is `{which}`"), remedy).missing()
    })
}

impl Bare<'_> {
    fn stem(&self) -> PackId {
        let name = Path::new(self.named).file_stem().unwrap_or_default().to_string_lossy();
        PackId::new(name.replace('_', "-"))
    }

    /// What it imports is what it asks for.
    fn asks(&self) -> Requests {
        let asked = self.inspection.capabilities.iter().filter(|capability| !capability.comes_with_every_plugin());
        asked.map(|capability| (*capability, Request::default())).collect()
    }

    /// In the place of what another one runs: of what it imports it asks for as much as that does.
    fn of(self, other: &Side) -> Side {
        let mut manifest = other.plugin.manifest.clone();
        let mut asks = self.asks();
        for (capability, request) in &mut asks {
            if let Some(known) = manifest.requests.remove(capability) {
                *request = known;
            }
        }
        let spec = other.spec.clone().map(|spec| match other.is_data {
            true => spec,
            false => AgentSpec { requests: asks.clone(), ..spec },
        });
        manifest.requests = asks;
        let world = self.inspection.world;
        let plugin = granted(manifest, self.bytes.into());
        Side { named: self.named.to_owned(), version: None, plugin, world, spec, ..other.clone() }
    }

    fn alone(&self) -> Side {
        let manifest = Manifest::bare(self.stem().as_str(), self.asks());
        let side = built_in(self.named, granted(manifest, self.bytes.clone().into()));
        Side { is_named: false, ..side }
    }
}
