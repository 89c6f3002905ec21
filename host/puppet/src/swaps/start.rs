//! What a host begins with: what is installed, and what lies in the operator's pack folders, taken in as versions. A
//! version that is new where another serves goes its way once the host runs.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use puppet_engine::Host;
use puppet_packs::{AgentSpec, Bundle, Entry, Installed, Source, State};
use puppet_store::Change;
use puppet_types::{Digest, PackId, Timestamp};

use super::folders::{is_live, packs_in};
use crate::{
    agents::brought, config::Packs, grants::Vouched, installing::of_install, repertoire::Version, strategies,
    trouble::Result,
};

/// What there is.
#[derive(Default)]
pub struct AtStart {
    /// Components that serve agents from the first moment.
    pub versions: Vec<Version>,
    /// Packs that bring data alone, and who vouches for them.
    pub packs: Vec<(PackId, Vouched)>,
    /// Agents that packs make, and whether the pack names their account.
    pub agents: Vec<(AgentSpec, bool)>,
    /// Packs whose way goes on once the host runs.
    pub look: BTreeSet<PackId>,
    /// Packs whose version was watched, and is watched again.
    pub watched: BTreeSet<PackId>,
    /// Folders that were taken in, and what they held.
    pub folders: BTreeMap<PathBuf, (PackId, Digest)>,
    /// Components whose state gives way: of versions that do not serve, for those that do.
    pub given_way: Vec<(PackId, Digest, Digest)>,
    /// What people should know.
    pub notes: Vec<String>,
    /// Folders that are not fit: why is told where agents are looked for.
    pub unfit: Vec<PathBuf>,
}

/// Takes in what is there.
/// Folders that are not fit are left as they are.
pub fn at_start(
    installed: &Installed,
    (home, unfit): (&Path, &[PathBuf]),
    keep: &Packs,
    now: Timestamp,
) -> Result<AtStart> {
    let mut start = AtStart { unfit: unfit.to_vec(), ..AtStart::default() };
    installed.sweep_within(keep.keep, keep.bytes).map_err(of_install)?;
    installed
        .change(|entries| {
            // A canary ends with its host: it begins its way again.
            let canaries = entries.iter_mut().filter(|entry| entry.state == State::Canary);
            canaries.for_each(|entry| entry.state = State::Next);
            // Data alone: what it was before is not written down.
            let data = entries.iter_mut().filter(|entry| entry.state == State::Watched && entry.component.is_none());
            data.for_each(|entry| entry.state = State::Current);
            Ok(())
        })
        .map_err(of_install)?;
    for folder in packs_in(&home.join("agents")).into_iter().filter(|folder| !unfit.contains(folder)) {
        start.folder(installed, &folder, now)?;
    }
    let entries = installed.entries().map_err(of_install)?;
    for entry in &entries {
        start.entry(installed, entry, &entries)?;
    }
    Ok(start)
}

impl AtStart {
    /// A folder of the operator's.
    fn folder(&mut self, installed: &Installed, folder: &Path, now: Timestamp) -> Result<()> {
        // What is wrong with it is told where agents are looked for; what it held before serves.
        let Ok(bundle) = Bundle::open(folder) else { return Ok(()) };
        let (pack, digest) = (bundle.pack.manifest.id.clone(), bundle.digest());
        let entries = installed.entries().map_err(of_install)?;
        let own: Vec<&Entry> = entries.iter().filter(|entry| entry.id == pack).collect();
        if let Some(other) = own.iter().find(|entry| entry.source == Source::Archive && is_live(entry.state)) {
            self.notes.push(format!(
                "{}: `{pack}` {} was installed from an archive, which holds: `puppet remove {pack}`, or take this folder away",
                folder.display(),
                other.version
            ));
            return Ok(());
        }
        self.folders.insert(folder.to_owned(), (pack.clone(), digest));
        if let Some(known) = own.iter().find(|entry| entry.digest == digest) {
            if matches!(known.state, State::Refused | State::RolledBack) {
                let reason = known.reason.as_deref().unwrap_or("it was refused");
                self.notes.push(format!("{}: `{pack}` is not taken up as it is: {reason}", folder.display()));
            }
            if known.state != State::Kept {
                return Ok(());
            }
        }
        let serves = own.iter().any(|entry| matches!(entry.state, State::Current | State::Watched));
        // A strategy is not asked what it is before the host runs.
        let is_strategy = bundle.component_bytes().is_some_and(strategies::is_one);
        let state = if serves || is_strategy { State::Next } else { State::Current };
        let staged = match installed.stage(folder, Source::Folder) {
            Ok(staged) => staged,
            Err(error) => {
                self.notes.push(format!("{}: {error}: what it held before serves", folder.display()));
                return Ok(());
            }
        };
        if let Err(error) = installed.publish(staged, state, now, None) {
            self.notes.push(format!("{}: {error}: {}; what was live stays live", folder.display(), error.remedy()));
        }
        Ok(())
    }

    /// A version that is installed.
    fn entry(&mut self, installed: &Installed, entry: &Entry, all: &[Entry]) -> Result<()> {
        let serves = |entry: &Entry| matches!(entry.state, State::Current | State::Watched);
        match entry.state {
            State::Next => drop(self.look.insert(entry.id.clone())),
            State::Watched => {
                self.look.insert(entry.id.clone());
                self.watched.insert(entry.id.clone());
            }
            _ => {}
        }
        if !serves(entry) {
            let to = all.iter().find(|other| other.id == entry.id && serves(other)).and_then(|other| other.component);
            if let (Some(from), Some(to)) = (entry.component, to)
                && !matches!(entry.state, State::Kept)
                && from != to
            {
                self.given_way.push((entry.id.clone(), from, to));
            }
            return Ok(());
        }
        let pack = match installed.open(entry) {
            Ok(pack) => pack,
            Err(error) => {
                self.notes.push(format!("{} {}: {error}: its agents wait", entry.id, entry.version));
                return Ok(());
            }
        };
        let vouched = Vouched::of(entry);
        match brought(&pack) {
            // No agent runs it, and it was proved when it came.
            Ok(Some(version)) if version.is_strategy() => return Ok(()),
            Ok(Some(version)) => self.versions.push(Version { vouched, ..version }),
            Ok(None) => self.packs.push((entry.id.clone(), vouched)),
            Err(trouble) => {
                self.notes.push(format!("{} {}: {}: its agents wait", entry.id, entry.version, trouble.message));
                return Ok(());
            }
        }
        let names_account = pack.manifest.agent.handle.is_some();
        self.agents.extend(AgentSpec::from_pack(&pack).map(|spec| (spec, names_account)));
        Ok(())
    }

    /// What versions wrote that do not serve any more gives way to what was there before.
    pub async fn restore(&self, host: &Host) -> Result<()> {
        let changes: Vec<Change> = self
            .given_way
            .iter()
            .map(|(plugin, from, to)| Change::RestoreState {
                plugin: plugin.clone(),
                agents: None,
                from: *from,
                to: *to,
            })
            .collect();
        if !changes.is_empty() {
            host.apply(changes).await?;
        }
        Ok(())
    }
}
