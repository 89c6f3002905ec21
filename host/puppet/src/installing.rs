//! What is installed in the data folder, as commands need it: which plugins it brings, who needs whom, which version is
//! spoken of, and how a version comes to take another's place.

use std::time::Duration;

use puppet_packs::{
    Entry, InstallError, Installed, Source, State,
    requires::{Present, Unmet},
};
use puppet_types::{Digest, PackId, Timestamp};

use crate::{
    agents::of_pack,
    commands::grants::{asked::Asking, edit::Draft},
    config::grants_file::PackGrant,
    control::{self, Request, Until},
    firstparty,
    grants::{Grants, Vouched},
    repertoire::{Repertoire, Version},
    setup::Setup,
    strategies,
    trouble::{Result, Trouble},
    vetting::{self, Runs},
};

/// The installed packs of the data folder.
pub fn of(setup: &Setup) -> Installed {
    Installed::at(&setup.data)
}

/// All versions.
pub fn entries(setup: &Setup) -> Result<Vec<Entry>> {
    of(setup).entries().map_err(of_install)
}

/// The plugins that packs can run here: those that come with the program, and in their place those that are installed
/// and run. One whose files were changed is not among them.
pub fn plugins(installed: &Installed) -> Result<Vec<Runs>> {
    let mut all = vetting::built_in()?;
    for entry in
        installed.entries().map_err(of_install)?.iter().filter(|entry| entry.component.is_some() && is_there(entry))
    {
        let Ok(bundle) = installed.bundle(entry) else { continue };
        let runs = bundle.component_bytes().map(|bytes| Runs::of(&bundle.pack.manifest, bytes));
        if let Some(Ok(runs)) = runs {
            all.retain(|other| other.plugin != runs.plugin);
            all.push(runs);
        }
    }
    Ok(all)
}

/// The component of an installed pack that runs, granted what it requests: for who looks at it apart from the host.
pub fn brought(installed: &Installed, id: &PackId) -> Result<Option<Version>> {
    let entries = installed.entries().map_err(of_install)?;
    let Some(entry) = running(&entries, id).filter(|entry| entry.component.is_some()) else { return Ok(None) };
    let bundle = installed.bundle(entry).map_err(of_install)?;
    let (manifest, vouched) = (bundle.pack.manifest.clone(), Vouched::BuiltIn);
    Ok(bundle.component_bytes().map(|bytes| Version { manifest, bytes: bytes.to_vec().into(), vouched }))
}

/// What serves in the data folder, or will when a host starts. What was damaged is not among it.
pub fn repertoire(installed: &Installed) -> Result<Repertoire> {
    let repertoire = Repertoire::default();
    let entries = installed.entries().map_err(of_install)?;
    let mut replaced = Vec::new();
    for entry in entries.iter().filter(|entry| entry.state.runs()) {
        let Ok(bundle) = installed.bundle(entry) else { continue };
        let vouched = Vouched::of(entry);
        match entry.component {
            Some(component) => {
                replaced.push(entry.id.clone());
                repertoire.add(component, bundle.pack.manifest.clone(), vouched);
            }
            None => repertoire.add_pack(entry.id.clone(), vouched),
        }
    }
    for Version { manifest, bytes, vouched } in Version::built_in() {
        if !replaced.contains(&manifest.id) {
            repertoire.add(Digest::of(&bytes), manifest, vouched);
        }
    }
    Ok(repertoire)
}

/// Whether others can count on it: it runs, or comes next.
fn is_there(entry: &Entry) -> bool {
    entry.state.runs() || entry.state == State::Next
}

/// Every pack that others can need: what is installed, and in its absence what comes with the program. Of two versions
/// of a pack the one that comes next counts.
pub fn present(installed: &Installed) -> Result<Vec<Present>> {
    let mut all: Vec<Present> = Vec::new();
    let entries = installed.entries().map_err(of_install)?;
    let mut entries: Vec<Entry> = entries.into_iter().filter(is_there).collect();
    entries.sort_by_key(|entry| entry.state != State::Next);
    for entry in entries {
        if all.iter().any(|other| other.id == entry.id) {
            continue;
        }
        // One that was changed on the disk does not run, and needs nobody; another install of it mends it.
        let requires = installed.open(&entry).map(|pack| Present::of(&pack.manifest).requires).unwrap_or_default();
        all.push(Present { id: entry.id, version: entry.version, requires });
    }
    for plugin in firstparty::plugins() {
        if all.iter().all(|other| other.id != plugin.manifest.id) {
            all.push(Present::of(&plugin.manifest));
        }
    }
    Ok(all)
}

/// What stands against something, as the first of several.
pub fn refused(unmet: &[Unmet]) -> Option<Trouble> {
    let Unmet { code, message, remedy } = unmet.first()?;
    Some(match *code {
        "missing-pack" => Trouble::refused("missing-pack", message, remedy),
        "pack-cycle" => Trouble::refused("pack-cycle", message, remedy),
        "pack-needed" => Trouble::refused("pack-needed", message, remedy),
        _ => Trouble::refused("pack-conflict", message, remedy),
    })
}

/// The version of a pack that grants are asked about: one that waits, comes next, or runs.
pub fn spoken_of<'e>(entries: &'e [Entry], id: &PackId) -> Option<&'e Entry> {
    const ORDER: [State; 5] = [State::Waiting, State::Next, State::Canary, State::Watched, State::Current];
    let of = |state: &State| entries.iter().find(|entry| entry.id == *id && entry.state == *state);
    ORDER.iter().find_map(of)
}

/// The version of a pack that runs.
pub fn running<'e>(entries: &'e [Entry], id: &PackId) -> Option<&'e Entry> {
    entries.iter().find(|entry| entry.id == *id && entry.state.runs())
}

/// What an installed version asks for, with what runs for it.
pub fn asking(setup: &Setup, entry: &Entry, known: &[Runs]) -> Result<Asking> {
    let bundle = of(setup).bundle(entry).map_err(of_install)?;
    let runs = vetting::vet(&bundle.pack, bundle.component_bytes(), known)?;
    let asking = Asking::of_pack(&bundle.pack, &runs, entry.digest);
    Ok(asking.installed(Vouched::of(entry)))
}

/// A version on its way to run: where it goes, and what has to be written into `grants.toml` first.
pub struct Way {
    /// How it is to stand.
    pub state: State,
    /// What it asks for beyond what it was granted; empty where it waits for nobody.
    pub widened: Vec<String>,
    /// What it was granted beyond what it asks for.
    pub narrowed: Vec<String>,
    /// The grant is bound to another content of the pack, and this one asks for no more.
    pub rebind: bool,
}

impl Way {
    /// Of a version that is to run, by what was granted to it, or to the one that runs now.
    pub fn of(setup: &Setup, asking: &Asking, runs: Option<&Entry>, grants: &Grants) -> Result<Self> {
        let known = plugins(&of(setup))?;
        // One whose files were changed cannot say what it asked for.
        let before = runs.and_then(|entry| self::asking(setup, entry, &known).ok());
        Ok(Self::from(asking, (runs, before.as_ref()), grants))
    }

    fn from(asking: &Asking, (runs, before): (Option<&Entry>, Option<&Asking>), grants: &Grants) -> Self {
        let is_bound = |grant: &PackGrant| asking.vouched().holds(grant);
        // What lies in the operator's own folder vouches for nobody else.
        let is_strangers = |entry: &&Entry| entry.source == Source::Archive;
        let was_bound =
            |grant: &PackGrant| runs.filter(is_strangers).is_some_and(|entry| Vouched::of(entry).holds(grant));
        let grant = grants.pack(&asking.pack).filter(|grant| is_bound(grant) || was_bound(grant));
        let (mut widened, narrowed) = asking.against(&grant.clone().unwrap_or_else(|| PackGrant::of(&asking.pack)));
        // A grant names no kinds of events: what runs is the measure, until this very content was approved.
        let is_approved = |grant: &PackGrant| grant.is_bound_to(asking.digest);
        if let Some(before) = before.filter(|_| !grant.as_ref().is_some_and(is_approved)) {
            widened.extend(asking.kinds_beyond(before));
        }
        let over = grant.as_ref().filter(|grant| grant.is_over()).and_then(|grant| grant.terms.expires);
        widened.extend(over.map(|end| format!("its grant ended at {end}")));
        // Where nothing of it runs yet, and the operator has said of exactly this content how much it may.
        let is_settled = |grant: &PackGrant| grant.digest == Some(asking.digest) && !grant.is_over();
        let goes = widened.is_empty() || runs.is_none() && grant.as_ref().is_some_and(is_settled);
        let state = if goes { Self::place(runs.is_some(), &asking.pack) } else { State::Waiting };
        let rebind =
            widened.is_empty() && grant.is_some_and(|grant| grant.digest.is_some_and(|of| of != asking.digest));
        Self { state, widened, narrowed, rebind }
    }

    /// Where a version goes that may run: beside another one that runs, or that comes with the program, it is the next.
    pub fn place(another_runs: bool, id: &PackId) -> State {
        let is_built_in = || firstparty::plugins().iter().any(|plugin| plugin.manifest.id == *id);
        if another_runs || is_built_in() { State::Next } else { State::Current }
    }

    /// Writes what has to be written, and does the rest while nobody else changes the grants.
    pub fn go<T>(&self, setup: &Setup, asking: &Asking, then: impl FnOnce() -> Result<T>) -> Result<T> {
        if !self.rebind {
            return then();
        }
        let mut draft = Draft::open(setup)?;
        let entries = entries(setup)?;
        let stays = |digest| entries.iter().any(|entry| entry.id == asking.pack && entry.vouched() == digest);
        draft.rebind(asking.pack.as_str(), asking.digest, &stays)?;
        let _changing = draft.save(setup)?;
        then()
    }
}

/// How long is waited for what a host comes to with a strategy, where nobody says how long.
const SWAP_MS: u64 = 120_000;

/// Tells a host that runs here. Whether there is one. What it does not understand it finds at its next start, and is noted.
pub async fn tell_host(setup: &Setup, pack: &PackId, notes: &mut Vec<String>) -> bool {
    tell(setup, pack, None, notes).await
}

async fn tell(setup: &Setup, pack: &PackId, until: Option<Until>, notes: &mut Vec<String>) -> bool {
    for request in [Request::Regrant, Request::Swap { pack: pack.clone(), until }] {
        match control::ask(setup, &request).await {
            Ok(None) => return false,
            Ok(Some(_)) => {}
            Err(trouble) => {
                notes.push(format!("the running host takes it up when it starts anew: {}", trouble.message));
            }
        }
    }
    true
}

/// The same of a version that is on its way. A strategy is waited for: where a host runs, until that trades by it, tries it or
/// refuses it. Where none runs it takes its place at once: no agent is served by it, so that there is nobody to try it on, and it
/// was proved when it came. Answers how a strategy stands then.
///
/// `wait`: so long, also for what is no strategy; none: as told above.
pub async fn hand_over(
    setup: &Setup,
    entry: &Entry,
    wait: Option<Duration>,
    notes: &mut Vec<String>,
) -> Result<Option<Entry>> {
    let (installed, id) = (of(setup), &entry.id);
    let wait_ms = wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
    let until = |wait_ms| Until { version: entry.version.to_string(), wait_ms };
    if !strategies::is_brought(&installed, entry) {
        tell(setup, id, wait_ms.map(until), notes).await;
        // One that takes its place in its own time is told of by `puppet plugins`.
        return match wait {
            Some(_) => Ok(entries(setup)?.into_iter().find(|other| other.is(id, entry.digest))),
            None => Ok(None),
        };
    }
    let until = until(wait_ms.unwrap_or(SWAP_MS));
    let is_told = tell(setup, id, Some(until), notes).await;
    if is_told || entry.state != State::Next {
        return Ok(entries(setup)?.into_iter().find(|other| other.is(id, entry.digest)));
    }
    let at = Timestamp::from_system();
    let took = installed.change(|entries| {
        for other in entries.iter_mut().filter(|other| other.id == *id) {
            if other.digest == entry.digest {
                (other.state, other.since, other.reason) = (State::Current, at, None);
            } else if other.state.runs() {
                (other.state, other.since) = (State::Kept, at);
            }
        }
        Ok(())
    });
    took.map_err(of_install)?;
    Ok(Some(Entry { state: State::Current, since: at, ..entry.clone() }))
}

/// Why the host does not run a version that was handed over to it; none where it does, or is still at it.
pub fn not_run(entry: &Entry) -> Option<Trouble> {
    if !matches!(entry.state, State::Refused | State::RolledBack) {
        return None;
    }
    let why = entry.reason.as_deref().unwrap_or("it was refused");
    let message = format!("the running host does not trade by `{}` {}: {why}", entry.id, entry.version);
    let remedy = "what traded before goes on; docs/trading/live.md says what is asked of another version";
    Some(Trouble::refused("version-refused", message, remedy))
}

/// A version comes to stand otherwise.
pub fn move_to(setup: &Setup, id: &PackId, digest: Digest, state: State, reason: Option<&str>) -> Result<()> {
    let at = Timestamp::from_system();
    let moved = of(setup).change(|entries| {
        if let Some(entry) = entries.iter_mut().find(|entry| entry.is(id, digest)) {
            (entry.state, entry.since, entry.reason) = (state, at, reason.map(str::to_owned));
        }
        Ok(())
    });
    moved.map_err(of_install)
}

/// What went wrong with what is installed, at its place.
pub fn of_install(error: InstallError) -> Trouble {
    let (message, remedy) = (error.to_string(), error.remedy());
    match error {
        InstallError::Pack(error) => of_pack(error),
        InstallError::Io { path, .. } => Trouble::unreachable("packs-folder", message, remedy).in_file(&path),
        InstallError::Lock { path, line, .. } => {
            let mut trouble = Trouble::unreachable("lock-file", message, remedy).in_file(&path);
            trouble.place.line = line;
            trouble
        }
        InstallError::Changed { .. } => Trouble::unreachable("pack-changed", message, remedy),
        InstallError::SameVersion { .. } => Trouble::refused("same-version", message, remedy),
        InstallError::Downgrade { .. } => Trouble::refused("downgrade", message, remedy),
        InstallError::Refused { code, .. } => Trouble::refused("refused", format!("{code}: {message}"), remedy),
    }
}
