//! A host that is put together: what is installed serves, and who lives here is found. Nothing is handled yet.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use puppet_engine::{Host, SystemClock};
use puppet_packs::{AgentSpec, Installed, SecretsFile};
use puppet_store::Store;
use puppet_tweet::{Local, X};
use puppet_types::Timestamp;

use super::SECRET;
use crate::{
    agents::{self, Found, NewAgent},
    assembly::{self, Assembly, Plan},
    files,
    grants::Grants,
    installing,
    models::{self, Usable},
    networks,
    output::Output,
    pages, records,
    repertoire::Repertoire,
    routes::Routes,
    rows::Rows,
    setup::Setup,
    swaps::{self, AtStart},
    trading::Seats,
    trouble::{Result, Trouble},
};

/// See the head of this file.
pub struct Assembled {
    pub host: Arc<Host>,
    /// None where agents post elsewhere.
    pub local: Option<Arc<Local>>,
    pub installed: Installed,
    pub repertoire: Arc<Repertoire>,
    /// Where characters look for their desks.
    pub seats: Arc<Seats>,
    pub grants: Arc<Grants>,
    pub models: Usable,
    pub start: AtStart,
    found: Found,
    /// Where agents post, where it is X.
    pub x: Option<Arc<X>>,
    routes: Routes,
    /// Event generators that run.
    generators: Vec<String>,
}

impl Assembled {
    /// Puts it together from the configuration and what is installed.
    ///
    /// `emulated`: where X is emulated, the handles of those who live here already.
    pub async fn of(
        setup: &Setup,
        secrets: &SecretsFile,
        store: &Rows,
        emulated: Option<&[String]>,
        out: Output,
    ) -> Result<Self> {
        let generators = setup.config.generators.all().into_iter().filter(|(_, generator)| generator.enabled);
        let generators: BTreeMap<String, u64> =
            generators.map(|(name, generator)| (name.to_owned(), generator.interval_ms)).collect();
        let routes = models::of(setup, secrets, out)?;
        let models = Usable::of_host(&routes, &setup.config.llm.default);
        let grants = Arc::new(Grants::of(setup)?);
        let plan = Plan {
            store: store.clone(),
            clock: Arc::new(SystemClock),
            secret: secret(&setup.data)?,
            generators: generators.clone(),
            grants: Arc::clone(&grants),
            models: routes.clone(),
            embedding: models::embedding(setup, secrets)?,
            timezone: setup.config.host.timezone.clone(),
            markets: None,
            pages: Some(pages::of(setup, secrets, out)?),
        };
        let installed = Installed::at(&setup.data);
        // One that is not fit keeps nobody else from living.
        let (found, unfit) = records::fit(setup)?;
        for (path, trouble) in &unfit {
            out.note(format!("{}: {}: it is left as it was", path.display(), trouble.in_a_line()));
        }
        let unfit: Vec<PathBuf> = unfit.into_iter().map(|(path, _)| path).collect();
        let (home, keep) = (&setup.home, &setup.config.packs);
        let start = swaps::at_start(&installed, (home, &unfit), keep, Timestamp::from_system())?;
        start.notes.iter().for_each(|note| out.note(note));
        let x = match emulated {
            None => networks::x(setup, secrets, store, out).await?,
            Some(handles) => {
                let born = found.specs.iter().chain(start.agents.iter().map(|(spec, _)| spec));
                let born = born.map(|spec| spec.handle.as_str());
                Some(networks::emulated(setup, store, handles.iter().map(String::as_str).chain(born)).await?)
            }
        };
        let assembly = assembly::assemble_for(setup, plan, x.clone())?;
        if let Some(moderator) = models::moderator(setup, secrets)? {
            assembly.host.moderate_with(moderator);
        }
        let more = install(&assembly, &start, out);
        let generators = generators.into_keys().chain(more).collect();
        let Assembly { host, local, repertoire, seats, .. } = assembly;
        let local = x.is_none().then_some(local);
        Ok(Self { host, local, installed, repertoire, seats, grants, models, start, found, x, routes, generators })
    }

    /// Loads what was under way, and takes up who lives here. Answers how many agents there are.
    pub async fn load(&mut self, setup: &Setup, store: &dyn Store, out: Output) -> Result<usize> {
        self.host.load().await?;
        self.start.restore(&self.host).await?;
        adopt(store, (std::mem::take(&mut self.found), &self.start.agents), setup, out).await?;
        let (mut packs, mut here) = (BTreeSet::new(), BTreeSet::new());
        let names = self.routes.names();
        let tell = |spec: &AgentSpec| {
            packs.insert(spec.pack.clone());
            here.insert(spec.id.clone());
            for line in models::missing(&names, std::iter::once((spec.id.as_str(), spec.llm.as_deref()))) {
                out.note(line);
            }
            let x = self.x.as_ref();
            let tokenless = x.and_then(|x| networks::without_token(x, &setup.config, spec.id.as_str(), &spec.handle));
            tokenless.into_iter().for_each(|line| out.note(line));
        };
        let generators = std::mem::take(&mut self.generators);
        let count = agents::take_up(&self.host, generators.into_iter(), tell).await?;
        self.routes.unknown(&here).for_each(|line| out.note(line));
        self.grants.notes(&packs, &installing::entries(setup)?).into_iter().for_each(|note| out.note(note));
        Ok(count)
    }
}

/// Lets what is installed serve. What does not load is told, and its agents wait. Answers the generators among it.
fn install(assembly: &Assembly, start: &AtStart, out: Output) -> Vec<String> {
    let mut served = Vec::new();
    for version in &start.versions {
        let compiled = assembly.host.sandbox.compile(&version.bytes);
        let loaded = compiled.map_err(|error| error.to_string());
        let loaded =
            loaded.and_then(|compiled| assembly.install(version, &compiled).map_err(|trouble| trouble.message));
        match loaded {
            Ok(()) => served.push(version.clone()),
            Err(reason) => out.note(format!("{}: {reason}: its agents wait", version.manifest.id)),
        }
    }
    for (pack, vouched) in &start.packs {
        assembly.repertoire.add_pack(pack.clone(), vouched.clone());
    }
    agents::generators(&served).collect()
}

/// Agents of packs and agent files that do not live here yet come to live here; those of packs are as their packs are
/// now.
async fn adopt(
    store: &dyn Store,
    (found, packs): (Found, &[(AgentSpec, bool)]),
    setup: &Setup,
    out: Output,
) -> Result<()> {
    let Found { specs, mut secrets, notes, .. } = found;
    notes.into_iter().for_each(|note| out.note(note));
    let mut born = Vec::new();
    for (spec, names_account) in packs {
        match store.agent(&spec.id).await? {
            None => born.push(spec.clone()),
            Some(row) => agents::refresh(store, row, spec, *names_account).await?,
        }
    }
    let of_packs = |spec: &AgentSpec| packs.iter().any(|(other, _)| other.id == spec.id);
    for spec in specs.into_iter().filter(|spec| !of_packs(spec)) {
        if store.agent(&spec.id).await?.is_none() {
            born.push(spec);
        }
    }
    agents::distinct(&mut born)?.into_iter().for_each(|note| out.note(note));
    for spec in born {
        out.note(format!("{} comes to live here", spec.id));
        agents::keep(setup, secrets.remove(&spec.id).unwrap_or_default())?;
        NewAgent { spec }.write(store, Timestamp::from_system()).await?;
    }
    Ok(())
}

/// Made once per data folder, readable by its owner alone.
fn secret(data: &Path) -> Result<[u8; 32]> {
    if let Some(kept) = kept_secret(data)? {
        return Ok(kept);
    }
    let path = data.join(SECRET);
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(Trouble::internal)?;
    files::replace(&path, &secret, Some(0o600)).map_err(|error| of_secret(&path, &error))?;
    Ok(secret)
}

/// The one that was made; none where none was.
pub fn kept_secret(data: &Path) -> Result<Option<[u8; 32]>> {
    let path = data.join(SECRET);
    match std::fs::read(&path) {
        Ok(bytes) => {
            let kept = bytes.try_into().map_err(|_| of_secret(&path, &std::io::Error::other("it has not 32 bytes")));
            kept.map(Some)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(of_secret(&path, &error)),
    }
}

fn of_secret(path: &Path, error: &std::io::Error) -> Trouble {
    let message = format!("cannot be read or written: {error}");
    Trouble::unreachable("host-secret", message, "check the data folder").in_file(path)
}
