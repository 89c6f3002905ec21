//! The store data of one call: what every interface sees of an invocation. Wiring only.

use std::sync::Arc;

use puppet_grants::{Gate, Held};
use puppet_memory::Recaller;
use puppet_sandbox::{AgentRef, CallSetup, Carrier, Ended, Prepared, Room, Sandbox};
use puppet_store::{AgentStore, TimerStore};
use puppet_tweet::TweetReader;
use puppet_types::{Capability, Event, Outcome, Refusal};
use wasmtime::component::Linker;

use crate::actor::Actor;

/// Providers in custody, shared by all calls. A model is the actor's own.
pub struct HeldProviders {
    /// Moods, relationships, state.
    pub agents: Held<dyn AgentStore>,
    /// Timers.
    pub timers: Held<dyn TimerStore>,
    /// Memory.
    pub memory: Held<Recaller>,
    /// Posts.
    pub tweets: Held<dyn TweetReader>,
}

/// One call.
pub struct Call {
    room: Room,
    gate: Gate,
    actor: Arc<Actor>,
    held: Arc<HeldProviders>,
    seed: u64,
}

impl Call {
    /// Before the instance.
    pub fn new(gate: Gate, actor: Arc<Actor>, held: Arc<HeldProviders>, seed: u64) -> Self {
        Self { room: Room::default(), gate, actor, held, seed }
    }
    /// After the instance.
    pub fn into_gate(self) -> Gate {
        self.gate
    }
}

impl Carrier for Call {
    fn room(&mut self) -> &mut Room {
        &mut self.room
    }
}

/// Links the interfaces that a component imports, and no other.
pub fn link(linker: &mut Linker<Call>, imports: &[Capability]) -> wasmtime::Result<()> {
    for capability in imports {
        match capability {
            Capability::Agent => puppet_agent::link(linker)?,
            Capability::Log => puppet_log::link(linker)?,
            Capability::Llm => puppet_llm::link(linker)?,
            Capability::Tweet => puppet_tweet::link(linker)?,
            Capability::Memory => puppet_memory::link(linker)?,
            Capability::Schedule => puppet_schedule::link(linker)?,
            Capability::State => puppet_state::link(linker)?,
            Capability::Events => puppet_events::link(linker)?,
            // Not served yet: instantiation names the interface.
            Capability::Market | Capability::Wallet | Capability::Http => {}
        }
    }
    Ok(())
}

/// A generator's call: what it returns passes the same check as what a character emits.
pub async fn generate(
    sandbox: &Sandbox,
    prepared: &Prepared<Call>,
    call: Call,
    event: &Event,
    setup: CallSetup,
    agents: Vec<AgentRef>,
) -> Ended<Call> {
    let (mut ended, generated) = sandbox.generate(prepared, call, event, agents, setup).await;
    if ended.outcome != Outcome::Ok {
        return ended;
    }
    for new in generated {
        let call = &mut ended.carrier;
        let recorded = puppet_events::record_generated(&mut call.gate, new);
        match recorded {
            Ok(_) => {}
            Err(Refusal::Call(error)) => {
                ended.outcome = Outcome::Failed(error.to_string());
                break;
            }
            Err(Refusal::Breach(breach, detail)) => {
                ended.outcome = Outcome::Breach(breach, detail);
                break;
            }
        }
    }
    ended
}
