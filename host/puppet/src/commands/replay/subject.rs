//! A record with all that its call had: what the journal names by digest is looked up where it is kept. What a record lacks
//! is said in words, and it is not run.

use std::{collections::BTreeMap, sync::Arc};

use puppet_engine::{Circumstances, Measures, Missing, Whole, unreplayable};
use puppet_grants::{Ledger, Rights};
use puppet_store::{JournalEntry, Store};
use puppet_types::{AccountId, Digest, Invocation, Json};

use super::builds::Builds;
use crate::{
    agents, sandboxed,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// What is replayed.
#[derive(Debug)]
pub struct Subject {
    /// As it was recorded.
    pub recorded: Invocation,
    /// What the call had; shared by all calls of one cast.
    pub whole: Arc<Whole>,
}

/// A record that cannot be run again, and why.
pub type Unfit = (Box<Invocation>, String);

/// A record that can be run again, or not.
pub type Found = std::result::Result<Subject, Unfit>;

/// Looks for what calls had.
pub struct Subjects<'a> {
    setup: &'a Setup,
    store: &'a Arc<dyn Store>,
    known: BTreeMap<Digest, Arc<Whole>>,
}

impl<'a> Subjects<'a> {
    /// In this folder.
    pub fn new(setup: &'a Setup, store: &'a Arc<dyn Store>) -> Self {
        Self { setup, store, known: BTreeMap::new() }
    }

    /// A record with all that its call had.
    pub async fn find(&mut self, entry: JournalEntry, builds: &mut Builds<'_>) -> Result<Found> {
        let JournalEntry { seq, invocation: recorded } = entry;
        let unfit = |recorded, reason: String| Ok(Err((Box::new(recorded), reason)));
        if let Some(reason) = unreplayable(&recorded) {
            return unfit(recorded, reason);
        }
        if recorded.seed.is_none() {
            return unfit(recorded, "the version that recorded it did not write down what it drew from".to_owned());
        }
        let whole = match self.store.cast_at(&recorded.agent, seq).await? {
            Some(cast) => self.kept(cast).await?,
            None => self.of_today(&recorded, builds).await?,
        };
        match whole {
            Ok(whole) => match differs(&recorded, &whole) {
                None => Ok(Ok(Subject { recorded, whole })),
                Some(what) => unfit(recorded, format!("its {what} was another then, and is not kept")),
            },
            Err(reason) => unfit(recorded, reason),
        }
    }

    async fn kept(&mut self, cast: Digest) -> Result<std::result::Result<Arc<Whole>, String>> {
        if let Some(whole) = self.known.get(&cast) {
            return Ok(Ok(Arc::clone(whole)));
        }
        match Whole::read(&**self.store, &cast).await {
            Ok(whole) => {
                let whole = Arc::new(whole);
                self.known.insert(cast, Arc::clone(&whole));
                Ok(Ok(whole))
            }
            Err(Missing::Store(error)) => Err(error.into()),
            Err(missing) => Ok(Err(missing.to_string())),
        }
    }

    /// Of records that are older than what is kept with them: the agent as it is now, where that is the same.
    async fn of_today(
        &self,
        recorded: &Invocation,
        builds: &mut Builds<'_>,
    ) -> Result<std::result::Result<Arc<Whole>, String>> {
        let gone = || Ok(Err("what it was called with was not kept".to_owned()));
        let Some(row) = self.store.agent(&recorded.agent).await? else { return gone() };
        let Ok(spec) = agents::spec_of(&row) else { return gone() };
        let Some(build) = builds.find(&recorded.plugin)? else { return gone() };
        let requests = spec.requests_of(&build.requests.clone().unwrap_or_default());
        let rights = Rights::from_requests(&requests, &spec.plugin, &spec.id, &Arc::new(Ledger::default()));
        let limits = sandboxed::config(self.setup)?.limits;
        let measures = Measures::of(&limits, &sandboxed::bounds(self.setup));
        let (persona, settings) = (Json::of(&spec.persona), Json::of(&spec.settings));
        let of = |json: &Json| Digest::of(json.as_str().as_bytes());
        let circumstances = Circumstances {
            name: spec.name,
            description: spec.description,
            account: AccountId::new(&spec.handle),
            handle: spec.handle,
            timezone: spec.timezone.unwrap_or_else(|| self.setup.config.host.timezone.clone()),
            persona: of(&persona),
            settings: of(&settings),
            assets: spec.assets,
            mood_decay: spec.mood_decay,
            rights: rights.granted_all(),
            measures: of(&Json::of(&measures)),
            audience: None,
        };
        Ok(Ok(Arc::new(Whole { circumstances, persona, settings, measures, audience: None })))
    }
}

/// What a record names otherwise than what was found for it.
fn differs(recorded: &Invocation, whole: &Whole) -> Option<&'static str> {
    let Circumstances { persona, settings, .. } = &whole.circumstances;
    let parts = [("persona", recorded.persona_digest == *persona), ("settings", recorded.settings_digest == *settings)];
    parts.into_iter().find(|(_, same)| !same).map(|(part, _)| part)
}

/// What is missing, for a command that stands or falls with it.
pub fn trouble((recorded, reason): Unfit) -> Trouble {
    let message = format!("{} cannot be run again: {reason}", recorded.id);
    Trouble::refused("unreplayable", message, "take another record; `puppet journal` lists them")
}
