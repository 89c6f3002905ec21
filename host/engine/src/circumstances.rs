//! With what an agent is called beside its component and the event: who it is, its persona and settings, what it may do,
//! how much one call may take, and whom a generator may address. Kept as documents by their content, and found again by
//! whoever runs a record anew.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use puppet_agent::{MoodDecay, Profile};
use puppet_grants::{CallBounds, Granted, Rights};
use puppet_llm::Llm;
use puppet_sandbox::{AgentRef, Limits};
use puppet_store::{Change, Document, DocumentStore, StoreError};
use puppet_types::{AccountId, AgentId, Capability, Digest, Json, Persona};
use serde::{Deserialize, Serialize};

use crate::{actor::Actor, host::Host, plugin::Plugin, remembered::Remembered};

/// What an agent is cast with. Texts that many share are named by their digest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Circumstances {
    /// For people.
    pub name: String,
    /// One or two sentences.
    pub description: String,
    /// Account without `@`.
    pub handle: String,
    /// As whom it posts.
    pub account: AccountId,
    /// IANA name.
    pub timezone: String,
    /// The persona.
    pub persona: Digest,
    /// The plugin's settings.
    pub settings: Digest,
    /// Paths of the pack's assets.
    pub assets: Vec<String>,
    /// Off unless configured.
    pub mood_decay: Option<MoodDecay>,
    /// What it may do.
    pub rights: BTreeMap<Capability, Granted>,
    /// How much one call may take: [`Measures`].
    pub measures: Digest,
    /// Whom a generator may address: a list of [`Addressee`]; none of a character.
    pub audience: Option<Digest>,
}

/// How much one call may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measures {
    /// In the sandbox.
    pub limits: Limits,
    /// In the gate, by name.
    pub bounds: BTreeMap<String, u64>,
}

/// Somebody that a generator may address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addressee {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its handle.
    pub handle: String,
}

impl Measures {
    /// Those of a host.
    pub fn of(limits: &Limits, bounds: &CallBounds) -> Self {
        let bounds = bounds.values().into_iter().map(|(bound, value)| (bound.name.to_owned(), value));
        Self { limits: limits.clone(), bounds: bounds.collect() }
    }
}

impl From<AgentRef> for Addressee {
    fn from(AgentRef { id, name, handle }: AgentRef) -> Self {
        Self { id, name, handle }
    }
}

impl From<Addressee> for AgentRef {
    fn from(Addressee { id, name, handle }: Addressee) -> Self {
        Self { id, name, handle }
    }
}

/// Circumstances with all that they name.
#[derive(Debug, Clone, PartialEq)]
pub struct Whole {
    /// They.
    pub circumstances: Circumstances,
    /// The text behind `persona`.
    pub persona: Json,
    /// The text behind `settings`.
    pub settings: Json,
    /// What is behind `measures`.
    pub measures: Measures,
    /// What is behind `audience`.
    pub audience: Option<Vec<Addressee>>,
}

/// What is missing of circumstances.
#[derive(Debug, thiserror::Error)]
pub enum Missing {
    /// A document.
    #[error("its {0} is not kept")]
    Document(&'static str),
    /// A document of another version of this program.
    #[error("its {0} does not read back: {1}")]
    Unread(&'static str, String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Whole {
    /// Of an actor as a host calls it now.
    pub fn of(host: &Host, actor: &Actor) -> Self {
        let Actor { profile, account, assets, decay, rights, .. } = actor;
        let measures = Measures::of(host.sandbox.limits(), &host.bounds);
        let addressed = || host.agents.addressable(actor).into_iter().map(Addressee::from).collect::<Vec<_>>();
        let audience = actor.id.is_generator().then(addressed);
        let circumstances = Circumstances {
            name: profile.name.clone(),
            description: profile.description.clone(),
            handle: profile.handle.clone(),
            account: account.clone(),
            timezone: profile.timezone.clone(),
            persona: actor.persona_digest,
            settings: actor.settings_digest,
            assets: assets.clone(),
            mood_decay: decay.clone(),
            rights: rights.granted_all(),
            measures: digest_of(&measures),
            audience: audience.as_ref().map(digest_of),
        };
        let (persona, settings) = (profile.persona.clone(), profile.settings.clone());
        Self { circumstances, persona, settings, measures, audience }
    }

    /// As they are kept; the first says it, the others are what it names.
    pub fn documents(&self) -> Vec<Document> {
        let text = |json: &Json| Document::of(json.as_str());
        let mut documents = vec![
            text(&Json::of(&self.circumstances)),
            text(&self.persona),
            text(&self.settings),
            text(&Json::of(&self.measures)),
        ];
        documents.extend(self.audience.as_ref().map(|audience| text(&Json::of(audience))));
        documents
    }

    /// What is kept under a digest.
    pub async fn read(store: &(impl DocumentStore + ?Sized), cast: &Digest) -> Result<Self, Missing> {
        let circumstances: Circumstances = parsed("cast", &text(store, "cast", cast).await?)?;
        let persona = parsed("persona", &text(store, "persona", &circumstances.persona).await?)?;
        let settings = parsed("settings", &text(store, "settings", &circumstances.settings).await?)?;
        let measures = parsed("measures", &text(store, "measures", &circumstances.measures).await?)?;
        let audience = match &circumstances.audience {
            Some(digest) => Some(parsed("audience", &text(store, "audience", digest).await?)?),
            None => None,
        };
        Ok(Self { circumstances, persona, settings, measures, audience })
    }

    /// Somebody who is called with this, with counters of its own and a model that costs nothing.
    ///
    /// # Errors
    /// The persona is none, in words.
    pub fn cast(&self, id: &AgentId, plugin: &Arc<Plugin>) -> Result<Actor, Missing> {
        let Circumstances { name, description, handle, account, timezone, .. } = self.circumstances.clone();
        let persona: Persona = parsed("persona", self.persona.as_str())?;
        let rights = Rights::of_granted(&self.circumstances.rights, &plugin.id, id);
        let profile = Profile {
            id: id.to_string(),
            name,
            description,
            handle,
            timezone,
            persona: self.persona.clone(),
            settings: self.settings.clone(),
        };
        Ok(Actor {
            id: id.clone(),
            account,
            profile,
            persona: Arc::new(persona),
            persona_digest: self.circumstances.persona,
            settings_digest: self.circumstances.settings,
            plugin: Arc::clone(plugin),
            rights: Arc::new(rights),
            llm: Llm::offline(),
            assets: self.circumstances.assets.clone(),
            decay: self.circumstances.mood_decay.clone(),
            remembered: Remembered::default(),
            kept: Kept::default(),
        })
    }
}

fn digest_of<T: Serialize>(value: &T) -> Digest {
    Digest::of(Json::of(value).as_str().as_bytes())
}

async fn text(store: &(impl DocumentStore + ?Sized), what: &'static str, digest: &Digest) -> Result<String, Missing> {
    store.document(digest).await?.ok_or(Missing::Document(what))
}

fn parsed<T: serde::de::DeserializeOwned>(what: &'static str, text: &str) -> Result<T, Missing> {
    serde_json::from_str(text).map_err(|error| Missing::Unread(what, error.to_string()))
}

/// Whether the store has what an actor was cast with. It is written with the first commit of the actor, and of a generator
/// again when others came or went.
#[derive(Debug, Default)]
pub struct Kept(AtomicU64);

/// Says later that the store has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark(u64);

impl Kept {
    /// What the store does not have yet of a call that begins.
    pub(crate) fn untold(&self, host: &Host, actor: &Actor) -> Option<(Change, Mark)> {
        let mark = if actor.id.is_generator() { host.agents.generation() + 1 } else { 1 };
        if self.0.load(Ordering::Acquire) == mark {
            return None;
        }
        let documents = Whole::of(host, actor).documents();
        let cast = documents.first()?.digest;
        Some((Change::Cast { agent: actor.id.clone(), cast, documents }, Mark(mark)))
    }

    /// The store has it.
    pub(crate) fn told(&self, Mark(mark): Mark) {
        self.0.store(mark, Ordering::Release);
    }
}
