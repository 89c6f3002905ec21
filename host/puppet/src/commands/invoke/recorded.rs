//! `invoke --answers`: an invocation as it was recorded. Its event, its time, its seed and its answers make the same
//! component ask and decide the same again.

use std::path::Path;

use puppet_engine::Recorded;
use puppet_types::{AgentId, Digest, Event, EventId, Invocation, InvocationId, PluginRef, Priority, Read, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    files,
    trouble::{Result, Trouble},
};
use puppet_api::view::invocation::seed_of;

/// A record, or no more of it than its reads. Fields of `puppet.invocation/1` that nothing here asks for are left.
#[derive(Deserialize, Default)]
pub struct Record {
    id: Option<InvocationId>,
    /// When it ran.
    pub at: Option<Timestamp>,
    agent: Option<AgentId>,
    plugin: Option<PluginRef>,
    persona_digest: Option<Digest>,
    settings_digest: Option<Digest>,
    seed: Option<String>,
    event: Option<RecordedEvent>,
    reads: Vec<Read>,
    unreplayable: Option<String>,
}

#[derive(Deserialize)]
struct RecordedEvent {
    id: EventId,
    kind: String,
    source: String,
    author: Option<String>,
    #[serde(default)]
    priority: Priority,
    at: Timestamp,
    #[serde(default)]
    payload: Value,
    #[serde(default)]
    hops: u32,
    cause: Option<EventId>,
}

impl Record {
    /// Reads a file.
    pub fn open(path: &Path) -> Result<Self> {
        let wrong = |what: String| {
            Trouble::input("answers", what, "give it what `puppet journal show ID --json` prints").in_file(path)
        };
        let text = files::text(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
        let record: Self =
            serde_json::from_str(&text).map_err(|error| wrong(format!("holds no recorded reads: {error}")))?;
        if let Some(reason) = &record.unreplayable {
            let id = record.id.as_ref().map_or("this invocation", InvocationId::as_str);
            let message = format!("{id} cannot be run again: {reason}");
            let remedy = "take another record; `puppet journal` lists them";
            return Err(Trouble::refused("unreplayable", message, remedy).in_file(path));
        }
        match record.seed.as_deref() {
            Some(seed) if seed_of(seed).is_none() => Err(wrong(format!("`{seed}` is no seed"))),
            _ => Ok(record),
        }
    }

    /// Its event, for the mailbox that is played.
    pub fn event(&self, agent: &AgentId) -> Option<Event> {
        let RecordedEvent { id, kind, source, author, priority, at, payload, hops, cause } = self.event.as_ref()?;
        Some(Event {
            id: id.clone(),
            kind: kind.clone(),
            source: source.clone(),
            agent: agent.clone(),
            author: author.clone(),
            priority: *priority,
            at: *at,
            payload: payload.clone(),
            hops: *hops,
            cause: cause.clone(),
            broadcast: None,
        })
    }

    /// What a call on its own event is given; on another event it is another invocation.
    pub fn given(self, own_event: bool) -> Recorded {
        let seed = self.seed.as_deref().and_then(seed_of);
        Recorded { id: self.id.filter(|_| own_event), seed, reads: Some(self.reads) }
    }

    /// Where what is called is not what was recorded: there the same answers may lead elsewhere.
    pub fn differences(&self) -> impl Fn(&Invocation) -> Vec<&'static str> + use<> {
        let Self { agent, plugin, persona_digest, settings_digest, .. } = self;
        let component = plugin.as_ref().map(|plugin| plugin.digest);
        let (agent, persona, settings) = (agent.clone(), *persona_digest, *settings_digest);
        move |now| {
            let parts = [
                ("component", component.is_some_and(|was| was != now.plugin.digest)),
                ("agent", agent.as_ref().is_some_and(|was| *was != now.agent)),
                ("persona", persona.is_some_and(|was| was != now.persona_digest)),
                ("settings", settings.is_some_and(|was| was != now.settings_digest)),
            ];
            parts.into_iter().filter_map(|(part, differs)| differs.then_some(part)).collect()
        }
    }
}
