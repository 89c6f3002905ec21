//! Interface `puppet:events/events` on a view of the invocation, and the same for what a generator returns.

use puppet_grants::{Amount, Charge, Gate, Level};
use puppet_types::{Capability, Decision, EventTarget, Priority, Refusal, wit};
use wasmtime::component::{HasData, Linker};

use crate::check;

#[doc(hidden)]
pub mod fuzz;

mod bindings {
    wasmtime::component::bindgen!({
        path: ["../../wit/types", "../../wit/events"],
        inline: "
            package puppet:host-events;
            world host { import puppet:events/events@0.1.0; }
        ",
        imports: { default: trappable },
        with: { "puppet:types/types": puppet_types::wit::types },
    });
}

use bindings::puppet::events::events::{Host, NewEvent, Target, add_to_linker};

/// What the interface needs of an invocation.
pub struct View<'a> {
    /// Where decisions go.
    pub gate: &'a mut Gate,
    /// How many agents there are.
    pub audience: u64,
}

/// An invocation that carries this capability.
pub trait Carries: Send + 'static {
    /// Its view for this interface.
    fn events(&mut self) -> View<'_>;
}

struct Interface;

impl HasData for Interface {
    type Data<'a> = View<'a>;
}

/// Links the interface.
pub fn link<T: Carries>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    add_to_linker::<T, Interface>(linker, |carrier| carrier.events())
}

/// An event that a generator returned.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// A kind the pack was granted, or one under its id.
    pub kind: String,
    /// Agent ids; empty means all.
    pub targets: Vec<String>,
    /// Order of handling.
    pub priority: Priority,
    /// A JSON object.
    pub payload: String,
    /// How much later.
    pub delay_ms: u64,
}

/// Records what a generator returned as if it had been emitted; `audience` is how many agents there are. Answers the
/// decision's number.
pub fn record_generated(gate: &mut Gate, audience: u64, generated: Generated) -> Result<u32, Refusal> {
    let Generated { kind, targets, priority, payload, delay_ms } = generated;
    let target = if targets.is_empty() { EventTarget::All } else { checked(gate, check::targets(&targets))? };
    record(gate, audience, kind, target, priority, &payload, delay_ms)
}

/// What is wrong with a call's arguments, which costs that call.
fn checked<T>(gate: &mut Gate, checked: Result<T, impl Into<Refusal>>) -> Result<T, Refusal> {
    gate.checked(Capability::Events, checked)
}

fn record(
    gate: &mut Gate,
    audience: u64,
    kind: String,
    target: EventTarget,
    priority: Priority,
    payload: &str,
    delay_ms: u64,
) -> Result<u32, Refusal> {
    let granted = |kind: &str| gate.rights().get(Capability::Events).is_some_and(|right| right.kinds().contains(kind));
    let kind = check::kind(&kind, gate.pack().as_str(), granted).map(|()| kind);
    let kind = checked(gate, kind)?;
    let payload = checked(gate, check::payload(payload))?;
    let delay_ms = checked(gate, check::delay(delay_ms))?;
    // One event per agent addressed.
    let quantity = match &target {
        EventTarget::Agents(ids) => ids.len() as u64,
        EventTarget::Me => 1,
        EventTarget::All => audience,
    };
    let decision = Decision::Emit { event_kind: kind, target, priority, payload, delay_ms };
    let charge = Charge { amount: Amount::Events, quantity };
    gate.decide_within("emit", &[charge], &[Level { amount: Amount::Targets, reached: quantity }], decision)
}

impl Host for View<'_> {
    fn emit(&mut self, event: NewEvent) -> wasmtime::Result<Result<(), wit::Error>> {
        wit::answer(self.record(event))
    }
}

impl View<'_> {
    fn record(&mut self, event: NewEvent) -> Result<(), Refusal> {
        let target = match event.target {
            Target::Me => EventTarget::Me,
            Target::All => EventTarget::All,
            Target::Agents(named) => checked(self.gate, check::targets(&named))?,
        };
        let NewEvent { kind, target: _, priority, payload, delay_ms } = event;
        record(self.gate, self.audience, kind, target, priority.into(), &payload, delay_ms).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use puppet_grants::{CallBounds, Elapsed, Period, Request, Rights, UnbookedReads};
    use puppet_types::{Code, Timestamp};

    use super::*;

    fn gate(request: Option<Request>) -> Gate {
        let requests = request.into_iter().map(|request| (Capability::Events, request)).collect();
        let rights = Rights::from_requests(&requests, &"news".into(), &"generator:news".into(), &Arc::default());
        Gate::new(
            "inv_1".into(),
            "news".into(),
            Timestamp::default(),
            Arc::new(rights),
            Arc::new(CallBounds::default()),
            Arc::new(UnbookedReads),
            Elapsed::Modelled(std::time::Duration::ZERO),
        )
    }

    fn news(targets: &[&str]) -> Generated {
        Generated {
            kind: "news".to_owned(),
            targets: targets.iter().map(|target| (*target).to_owned()).collect(),
            priority: Priority::Normal,
            payload: "{}".to_owned(),
            delay_ms: 0,
        }
    }

    fn refused(result: Result<u32, Refusal>) -> Code {
        match result {
            Err(Refusal::Call(error)) => error.code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_generator_needs_the_grant_for_its_kind() {
        assert_eq!(refused(record_generated(&mut gate(None), 1, news(&[]))), Code::Denied);
        assert_eq!(refused(record_generated(&mut gate(Some(Request::default())), 1, news(&[]))), Code::Denied);
        let request = Request { kinds: ["news".to_owned()].into(), ..Request::default() };
        let mut open = gate(Some(request));
        assert_eq!(record_generated(&mut open, 2, news(&[])), Ok(0));
        let decided = open.finish(true).decisions;
        assert!(matches!(decided[0].decision, Decision::Emit { target: EventTarget::All, .. }));
    }

    #[test]
    fn every_agent_addressed_counts() {
        let request = Request {
            kinds: ["news".to_owned()].into(),
            amounts: [((Amount::Events, Period::Hour), 3)].into(),
            ..Request::default()
        };
        let mut open = gate(Some(request));
        assert!(record_generated(&mut open, 2, news(&["a", "b"])).is_ok());
        assert_eq!(refused(record_generated(&mut open, 2, news(&["a", "b"]))), Code::BudgetExhausted);
        assert!(record_generated(&mut open, 2, news(&["a"])).is_ok());
    }

    #[test]
    fn one_event_goes_to_no_more_agents_than_are_granted() {
        let request = Request {
            kinds: ["news".to_owned()].into(),
            amounts: [((Amount::Targets, Period::AtOnce), 2)].into(),
            ..Request::default()
        };
        let mut open = gate(Some(request));
        assert_eq!(refused(record_generated(&mut open, 3, news(&[]))), Code::BudgetExhausted);
        assert_eq!(refused(record_generated(&mut open, 3, news(&["a", "b", "c"]))), Code::BudgetExhausted);
        for _ in 0..2 {
            assert!(record_generated(&mut open, 3, news(&["a", "b"])).is_ok(), "each for itself");
        }
    }

    #[test]
    fn an_event_to_all_counts_as_many_as_there_are() {
        let request = Request {
            kinds: ["news".to_owned()].into(),
            amounts: [((Amount::Events, Period::Hour), 5)].into(),
            ..Request::default()
        };
        let mut open = gate(Some(request));
        let mut emitted = |target| {
            let event = NewEvent {
                kind: "news".into(),
                target,
                priority: Priority::Normal.into(),
                payload: "{}".into(),
                delay_ms: 0,
            };
            View { gate: &mut open, audience: 2 }.record(event)
        };
        assert!(emitted(Target::All).is_ok());
        assert!(emitted(Target::Me).is_ok());
        assert!(emitted(Target::All).is_ok());
        assert!(matches!(emitted(Target::Me), Err(Refusal::Call(error)) if error.code == Code::BudgetExhausted));
        assert_eq!(refused(record_generated(&mut open, 2, news(&[]))), Code::BudgetExhausted);
    }
}
