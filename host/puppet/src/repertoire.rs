//! The versions of plugins that a host knows: built in, brought by packs. What is known of one (its manifest, who
//! vouches for it) is looked up by pack and component whenever somebody is cast.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use puppet_engine::Plugin;
use puppet_packs::Manifest;
use puppet_sandbox::{Compiled, LoadError, Sandbox, World};
use puppet_types::{Digest, PackId};

use crate::{firstparty, grants::Vouched, strategies};

/// A component with what its pack says of it.
#[derive(Debug, Clone)]
pub struct Version {
    /// Its pack's.
    pub manifest: Manifest,
    /// The component.
    pub bytes: Cow<'static, [u8]>,
    /// Who vouches for it.
    pub vouched: Vouched,
}

impl From<firstparty::BuiltIn> for Version {
    fn from(firstparty::BuiltIn { manifest, component }: firstparty::BuiltIn) -> Self {
        Self { manifest, bytes: Cow::Borrowed(component), vouched: Vouched::BuiltIn }
    }
}

impl Version {
    /// Those that come with the program.
    pub fn built_in() -> Vec<Self> {
        firstparty::plugins().into_iter().map(Self::from).collect()
    }

    /// Whether it makes events.
    pub fn is_generator(&self) -> bool {
        puppet_sandbox::inspect(&self.bytes).is_ok_and(|inspection| inspection.world == World::EventGenerator)
    }

    /// Whether it trades: no agent runs it, and no event goes to it.
    pub fn is_strategy(&self) -> bool {
        strategies::is_one(&self.bytes)
    }

    /// Links it.
    pub fn load(&self, sandbox: &Sandbox, compiled: &Compiled) -> Result<Plugin, LoadError> {
        let Manifest { id, version, requests, .. } = &self.manifest;
        Plugin::load(sandbox, compiled, id.clone(), version.to_string(), requests.clone())
    }
}

/// What is known of a version.
#[derive(Debug, Clone)]
pub struct Known {
    /// Its pack's.
    pub manifest: Manifest,
    /// Who vouches for it.
    pub vouched: Vouched,
}

/// Everything that is known.
#[derive(Debug, Default)]
pub struct Repertoire(RwLock<All>);

#[derive(Debug, Default)]
struct All {
    versions: BTreeMap<(PackId, Digest), Arc<Known>>,
    /// Packs without a component of their own.
    packs: BTreeMap<PackId, Vouched>,
}

impl Repertoire {
    fn read<T>(&self, look: impl FnOnce(&All) -> T) -> T {
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, change: impl FnOnce(&mut All)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// One version more.
    pub fn add(&self, digest: Digest, manifest: Manifest, vouched: Vouched) {
        let key = (manifest.id.clone(), digest);
        self.write(|all| drop(all.versions.insert(key, Arc::new(Known { manifest, vouched }))));
    }

    /// A pack that brings data alone.
    pub fn add_pack(&self, pack: PackId, vouched: Vouched) {
        self.write(|all| drop(all.packs.insert(pack, vouched)));
    }

    /// What is known of a version.
    pub fn known(&self, pack: &PackId, digest: Digest) -> Option<Arc<Known>> {
        self.read(|all| all.versions.get(&(pack.clone(), digest)).cloned())
    }

    /// What is known of the version of a pack that was added: for who reads a folder, where one of each serves.
    pub fn serving(&self, pack: &PackId) -> Option<Arc<Known>> {
        self.read(|all| all.versions.iter().find(|((id, _), _)| id == pack).map(|(_, known)| Arc::clone(known)))
    }

    /// Who vouches for the data of a pack: the operator, where nobody else is known to.
    pub fn vouched(&self, pack: &PackId) -> Vouched {
        self.read(|all| all.packs.get(pack).cloned()).unwrap_or(Vouched::FOLDER)
    }
}
