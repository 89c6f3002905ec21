//! The exports of components, bound by hand: what goes into `handle`, `generate` and `migrate`, and what comes out.

use puppet_types::{Declined, Event, Outcome, Priority, Timestamp, wit};
use wasmtime::{
    Store,
    component::{Component, ComponentExportIndex, ComponentType, Instance, Lift, Lower, types::ComponentItem},
};

use crate::{Carrier, LoadError, World, inspect::MIGRATION, shape};

/// Bytes kept of a text in which a plugin explains itself.
const MESSAGE_BYTES: usize = 4 << 10;

/// An agent that a generator may address.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lower)]
#[component(record)]
pub struct AgentRef {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its handle.
    pub handle: String,
}

/// An event that a generator made. Nothing of it is checked yet but its shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// What happened.
    pub kind: String,
    /// Agent ids; empty means all.
    pub targets: Vec<String>,
    /// Order of handling.
    pub priority: Priority,
    /// A JSON object, by the guest's word.
    pub payload: String,
    /// Due so much later.
    pub delay_ms: u64,
}

/// A plugin's state, with the plugin's own version of its shape.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(record)]
pub struct Blob {
    /// Of the data.
    pub version: u32,
    /// Opaque.
    pub data: Vec<u8>,
}

#[derive(ComponentType, Lower)]
#[component(record)]
struct Trigger {
    id: String,
    kind: String,
    at: u64,
    payload: String,
    agents: Vec<AgentRef>,
}

#[derive(ComponentType, Lift)]
#[component(record)]
struct RawEvent {
    kind: String,
    targets: Vec<String>,
    priority: wit::Priority,
    payload: String,
    #[component(name = "delay-ms")]
    delay_ms: u64,
}

#[derive(ComponentType, Lift)]
#[component(record)]
struct Decline {
    code: String,
    message: String,
    #[component(name = "retry-at")]
    retry_at: Option<u64>,
}

#[derive(ComponentType, Lift)]
#[component(variant)]
enum Failure {
    #[component(name = "declined")]
    Declined(Decline),
    #[component(name = "failed")]
    Failed(String),
}

/// What is asked of a guest.
pub(crate) enum Ask {
    Handle(wit::Event),
    Generate { event: Event, agents: Vec<AgentRef> },
    Migrate(Blob),
}

/// What it said.
pub(crate) struct Said {
    pub(crate) outcome: Outcome,
    pub(crate) made: Made,
}

/// What it made.
pub(crate) enum Made {
    Nothing,
    Events(Vec<NewEvent>),
    Blob(Blob),
}

/// The function of a component's world, if all that the world exports is of the shape that the contract says.
pub(crate) fn function(component: &Component, world: World) -> Result<ComponentExportIndex, LoadError> {
    let mut first = None;
    for (name, shape) in world.functions() {
        let index = export(component, world.export(), name, shape)?;
        first.get_or_insert(index);
    }
    first.ok_or_else(|| LoadError::Link { reason: format!("the world `{}` has no function", world.name()) })
}

/// One of the functions that a world exports, by name.
pub(crate) fn function_of(component: &Component, world: World, name: &str) -> Result<ComponentExportIndex, LoadError> {
    let shape = world.functions().iter().find(|(known, _)| *known == name).map_or("", |(_, shape)| shape);
    export(component, world.export(), name, shape)
}

/// The one that carries state over, where there is one.
pub(crate) fn migration(component: &Component, migrates: bool) -> Result<Option<ComponentExportIndex>, LoadError> {
    migrates.then(|| export(component, MIGRATION, "migrate", shape::MIGRATE)).transpose()
}

fn export(
    component: &Component,
    interface: &str,
    name: &str,
    expected: &str,
) -> Result<ComponentExportIndex, LoadError> {
    let link = |reason| LoadError::Link { reason };
    let found = component.get_export(None, interface).and_then(|(_, index)| component.get_export(Some(&index), name));
    let Some((ComponentItem::ComponentFunc(function), index)) = found else {
        return Err(link(format!("`{interface}` has no function `{name}`")));
    };
    let found = shape::signature(&function);
    if found != expected {
        return Err(link(format!("`{interface}.{name}` is `{found}`, the contract says `{expected}`")));
    }
    Ok(index)
}

/// Calls it.
pub(crate) async fn call<T: Carrier>(
    store: &mut Store<T>,
    instance: &Instance,
    function: ComponentExportIndex,
    ask: Ask,
) -> wasmtime::Result<Said> {
    match ask {
        Ask::Handle(event) => {
            let typed = instance.get_typed_func::<(&wit::Event,), (Result<(), Failure>,)>(&mut *store, function)?;
            let (answer,) = typed.call_async(&mut *store, (&event,)).await?;
            Ok(Said { outcome: answer.map_or_else(outcome, |()| Outcome::Ok), made: Made::Nothing })
        }
        Ask::Generate { event, agents } => {
            type Answer = (Result<Vec<RawEvent>, Failure>,);
            let typed = instance.get_typed_func::<(&Trigger,), Answer>(&mut *store, function)?;
            let trigger = trigger(&event, agents);
            let (answer,) = typed.call_async(&mut *store, (&trigger,)).await?;
            Ok(match answer {
                Ok(raw) => {
                    let events = raw.into_iter().map(NewEvent::from).collect();
                    Said { outcome: Outcome::Ok, made: Made::Events(events) }
                }
                Err(failure) => Said { outcome: outcome(failure), made: Made::Nothing },
            })
        }
        Ask::Migrate(old) => {
            let typed = instance.get_typed_func::<(&Blob,), (Result<Blob, String>,)>(&mut *store, function)?;
            let (answer,) = typed.call_async(&mut *store, (&old,)).await?;
            Ok(match answer {
                Ok(new) => Said { outcome: Outcome::Ok, made: Made::Blob(new) },
                Err(message) => Said { outcome: Outcome::Failed(short(message)), made: Made::Nothing },
            })
        }
    }
}

fn trigger(event: &Event, agents: Vec<AgentRef>) -> Trigger {
    let kind = match event.kind.as_str() {
        "agent_started" => "started",
        other => other,
    };
    Trigger {
        id: event.id.to_string(),
        kind: kind.to_owned(),
        at: event.at.as_millis().unsigned_abs(),
        payload: event.payload.to_string(),
        agents,
    }
}

fn outcome(failure: Failure) -> Outcome {
    match failure {
        Failure::Declined(decline) => Outcome::Declined(Declined {
            code: short(decline.code),
            message: short(decline.message),
            retry_at: decline.retry_at.map(|at| Timestamp::from_millis(i64::try_from(at).unwrap_or(i64::MAX))),
        }),
        Failure::Failed(message) => Outcome::Failed(short(message)),
    }
}

pub(crate) fn short(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(MESSAGE_BYTES));
    text
}

impl From<RawEvent> for NewEvent {
    fn from(raw: RawEvent) -> Self {
        let RawEvent { kind, targets, priority, payload, delay_ms } = raw;
        Self { kind, targets, priority: priority.into(), payload, delay_ms }
    }
}
