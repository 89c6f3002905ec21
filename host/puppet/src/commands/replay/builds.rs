//! Which component is run: the one that was recorded, looked for by its digest among what is here, or the one that
//! `--with` names.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use puppet_types::{Digest, PackId, PluginRef};

use crate::{
    agents,
    commands::diff_behaviour::side,
    installing::{self, of_install},
    records,
    repertoire::Version,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// A component that can be run.
#[derive(Debug)]
pub struct Build {
    /// Its bytes.
    pub bytes: Cow<'static, [u8]>,
    /// Of them.
    pub digest: Digest,
    /// Semver; none of a bare component.
    pub version: Option<String>,
    /// Of which pack; none of a bare component: it is of whatever it takes the place of.
    pub pack: Option<PackId>,
    /// What its pack asks for, where that is known.
    pub requests: Option<puppet_grants::Requests>,
}

/// Everything that is here.
pub struct Builds<'a> {
    setup: &'a Setup,
    with: Option<(String, Arc<Build>)>,
    /// What was looked for, found or not.
    known: BTreeMap<Digest, Option<Arc<Build>>>,
}

impl Build {
    fn of(Version { manifest, bytes, .. }: Version) -> Self {
        Self {
            digest: Digest::of(&bytes),
            bytes,
            version: Some(manifest.version.to_string()),
            pack: Some(manifest.id),
            requests: Some(manifest.requests),
        }
    }
}

impl<'a> Builds<'a> {
    /// What is here, and what the operator names.
    pub fn new(setup: &'a Setup, with: Option<&str>) -> Result<Self> {
        let named = |name: &str| match side::alone(setup, name)? {
            side::Alone::Version(version) => Ok::<_, Trouble>((name.to_owned(), Arc::new(Build::of(*version)))),
            side::Alone::Component(bytes) => {
                let digest = Digest::of(&bytes);
                let build = Build { bytes: bytes.into(), digest, version: None, pack: None, requests: None };
                Ok((name.to_owned(), Arc::new(build)))
            }
        };
        Ok(Self { setup, with: with.map(named).transpose()?, known: BTreeMap::new() })
    }

    /// Whether `--with` names one, and its digest.
    pub fn with(&self) -> Option<(&str, Digest)> {
        self.with.as_ref().map(|(name, build)| (name.as_str(), build.digest))
    }

    /// What a record is to be run on; why there is nothing, in words.
    pub fn for_record(&mut self, plugin: &PluginRef) -> Result<std::result::Result<Arc<Build>, String>> {
        if let Some((name, build)) = &self.with {
            return match &build.pack {
                Some(pack) if *pack != plugin.id => {
                    Ok(Err(format!("`{}` ran, and `{name}` is a version of `{pack}`", plugin.id)))
                }
                _ => Ok(Ok(Arc::clone(build))),
            };
        }
        let missing = || {
            let PluginRef { id, version, digest } = plugin;
            format!("`{id}` {version} is not here any more: name a file with the component {digest} (--with)")
        };
        Ok(self.find(plugin)?.ok_or_else(missing))
    }

    /// The component of this digest.
    pub fn find(&mut self, plugin: &PluginRef) -> Result<Option<Arc<Build>>> {
        if let Some(known) = self.known.get(&plugin.digest) {
            return Ok(known.clone());
        }
        let found = look(self.setup, plugin)?.map(|version| Arc::new(Build::of(version)));
        self.known.insert(plugin.digest, found.clone());
        Ok(found)
    }
}

/// Among what comes with the program, what is installed, and what lies in `agents/` beside the configuration.
fn look(setup: &Setup, PluginRef { digest, .. }: &PluginRef) -> Result<Option<Version>> {
    let is_it = |version: &Version| Digest::of(&version.bytes) == *digest;
    if let Some(own) = Version::built_in().into_iter().find(is_it) {
        return Ok(Some(own));
    }
    let installed = installing::of(setup);
    let entries = installed.entries().map_err(of_install)?;
    for entry in entries.iter().filter(|entry| entry.component == Some(*digest)) {
        // One whose files were changed is not it.
        let Ok(bundle) = installed.bundle(entry) else { continue };
        if let Some(bytes) = bundle.component_bytes() {
            let vouched = crate::grants::Vouched::of(entry);
            return Ok(Some(Version { manifest: bundle.pack.manifest.clone(), bytes: bytes.to_vec().into(), vouched }));
        }
    }
    let agents::Found { brought, .. } = records::fit(setup).map(|(found, _)| found).unwrap_or_default();
    Ok(brought.into_iter().find(is_it))
}
