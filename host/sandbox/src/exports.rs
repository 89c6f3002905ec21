//! The exports of the worlds, bound by hand: what goes into `handle` and `generate`, and what comes out.

use puppet_types::{Declined, Event, Outcome, Priority, Timestamp, wit};
use wasmtime::{
    Store,
    component::{Component, ComponentExportIndex, ComponentType, Instance, Lift, Lower, types::ComponentItem},
};

use crate::{Carrier, LoadError, World, shape};

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
}

/// What it said.
pub(crate) struct Said {
    pub(crate) outcome: Outcome,
    pub(crate) generated: Vec<NewEvent>,
}

/// The function of a component's world, if it is of the shape that the contract says.
pub(crate) fn function(component: &Component, world: World) -> Result<ComponentExportIndex, LoadError> {
    let name = world.function();
    let link = |reason| LoadError::Link { reason };
    let found =
        component.get_export(None, world.export()).and_then(|(_, index)| component.get_export(Some(&index), name));
    let Some((ComponentItem::ComponentFunc(function), index)) = found else {
        return Err(link(format!("`{}` has no function `{name}`", world.export())));
    };
    let (expected, found) = (world.signature(), shape::signature(&function));
    if found != expected {
        return Err(link(format!("`{}.{name}` is `{found}`, the contract says `{expected}`", world.export())));
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
            Ok(Said { outcome: answer.map_or_else(outcome, |()| Outcome::Ok), generated: Vec::new() })
        }
        Ask::Generate { event, agents } => {
            type Answer = (Result<Vec<RawEvent>, Failure>,);
            let typed = instance.get_typed_func::<(&Trigger,), Answer>(&mut *store, function)?;
            let trigger = trigger(&event, agents);
            let (answer,) = typed.call_async(&mut *store, (&trigger,)).await?;
            Ok(match answer {
                Ok(raw) => Said { outcome: Outcome::Ok, generated: raw.into_iter().map(NewEvent::from).collect() },
                Err(failure) => Said { outcome: outcome(failure), generated: Vec::new() },
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

fn short(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(MESSAGE_BYTES));
    text
}

impl From<RawEvent> for NewEvent {
    fn from(raw: RawEvent) -> Self {
        let RawEvent { kind, targets, priority, payload, delay_ms } = raw;
        Self { kind, targets, priority: priority.into(), payload, delay_ms }
    }
}
