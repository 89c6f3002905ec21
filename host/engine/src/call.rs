//! The store data of one call: what every interface sees of an invocation. Wiring only.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use puppet_agent::Profile;
use puppet_grants::{Gate, Held};
use puppet_http::{Bounds as PageBounds, Pages};
use puppet_market::Quotes;
use puppet_memory::Memories;
use puppet_sandbox::{AgentRef, CallSetup, Carrier, Ended, NewEvent, Prepared, Room, Sandbox};
use puppet_store::{AgentStore, MemorySize, TimerStore};
use puppet_tweet::{TweetReader, plan::Prices, platform::PlatformRules};
use puppet_types::{AgentId, Capability, Event, Outcome, PackId, Refusal};
use puppet_wallet::Purses;
use wasmtime::component::Linker;

use crate::{
    actor::Actor,
    agenda::Agenda,
    agents::Agents,
    behind::Led,
    host::Host,
    migration::{self, Migrator},
};

/// Providers in custody, shared by all calls. A model is the actor's own.
pub struct HeldProviders {
    /// Moods, relationships, state.
    pub agents: Held<dyn AgentStore>,
    /// Timers.
    pub timers: Held<dyn TimerStore>,
    /// Memory.
    pub memory: Memories,
    /// Posts.
    pub tweets: Held<dyn TweetReader>,
    /// What that network charges.
    pub prices: Prices,
    /// Prices.
    pub quotes: Held<dyn Quotes>,
    /// What characters have to trade with.
    pub purses: Held<dyn Purses>,
    /// Pages of the web.
    pub pages: Held<dyn Pages>,
    /// How much of those at once.
    pub page_bounds: PageBounds,
}

/// Which timers are set, from the agenda.
struct Timers(Arc<Mutex<Agenda>>);

impl puppet_schedule::Names for Timers {
    fn of(&self, agent: &AgentId, pack: &PackId) -> BTreeSet<Arc<str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).timer_names(agent, pack)
    }
}

/// One call. Behind one pointer, since it is handed on from hand to hand.
pub struct Call(Box<Parts>);

struct Parts {
    room: Room,
    gate: Gate,
    actor: Arc<Actor>,
    held: Arc<HeldProviders>,
    agents: Arc<Agents>,
    timers: Timers,
    seed: u64,
    recalled: puppet_memory::Recalled,
    size: MemorySize,
    /// Where the plugin carries over state of another version.
    migrator: Option<Box<Migrator>>,
    migrated: puppet_state::Migrated,
    /// Whom the agent is shown as, where not as itself.
    mask: Option<Profile>,
    /// What the call answers to.
    led: Led,
    /// What the network takes that it posts to.
    platform: PlatformRules,
}

impl Call {
    /// Before the instance. `size` is no less than what its agent remembers.
    pub(crate) fn new(
        host: &Host,
        held: &Arc<HeldProviders>,
        gate: Gate,
        actor: Arc<Actor>,
        (seed, size): (u64, MemorySize),
        led: Led,
    ) -> Self {
        let migrator = Migrator::of(host, &actor, &gate);
        let platform = host.posting_rules().map_or(PlatformRules::NONE, |rules| rules.platform);
        Self(Box::new(Parts {
            room: Room::default(),
            gate,
            actor,
            held: Arc::clone(held),
            agents: Arc::clone(&host.agents),
            timers: Timers(host.agenda_of()),
            seed,
            recalled: Default::default(),
            size,
            migrator,
            migrated: Default::default(),
            mask: None,
            led,
            platform,
        }))
    }

    /// One that may do nothing and knows nobody: its gate is sealed.
    pub(crate) fn sealed(of: &Migrator, gate: Gate) -> Self {
        Self(Box::new(Parts {
            room: Room::default(),
            gate,
            actor: Arc::clone(&of.actor),
            held: Arc::clone(&of.held),
            agents: Arc::clone(&of.agents),
            timers: Timers(Arc::clone(&of.agenda)),
            seed: 0,
            recalled: Default::default(),
            size: MemorySize::default(),
            migrator: None,
            migrated: Default::default(),
            mask: Some(migration::nobody()),
            led: Led::Unknown,
            platform: PlatformRules::NONE,
        }))
    }

    /// Instructions that went into migrating state, beside those of the call itself.
    pub(crate) fn migration_fuel(&self) -> u64 {
        self.0.migrated.fuel
    }

    /// After the instance.
    pub fn into_gate(self) -> Gate {
        self.0.gate
    }
}

impl Carrier for Call {
    fn room(&mut self) -> &mut Room {
        &mut self.0.room
    }
}

impl puppet_agent::Carries for Call {
    fn agent(&mut self) -> puppet_agent::View<'_> {
        puppet_agent::View {
            gate: &mut self.0.gate,
            store: &self.0.held.agents,
            profile: self.0.mask.as_ref().unwrap_or(&self.0.actor.profile),
            seed: self.0.seed,
            agent: &self.0.actor.id,
            decay: self.0.actor.decay.as_ref(),
        }
    }
}

impl puppet_log::Carries for Call {
    fn log(&mut self) -> puppet_log::View<'_> {
        puppet_log::View { gate: &mut self.0.gate }
    }
}

impl puppet_llm::Carries for Call {
    fn llm(&mut self) -> puppet_llm::View<'_> {
        puppet_llm::View {
            gate: &mut self.0.gate,
            llm: &self.0.actor.llm,
            persona: &self.0.actor.persona,
            profile: (&self.0.actor.profile.name, &self.0.actor.profile.description),
            agent: &self.0.actor.id,
            seed: self.0.seed,
        }
    }
}

impl puppet_tweet::Carries for Call {
    fn tweet(&mut self) -> puppet_tweet::View<'_> {
        puppet_tweet::View {
            gate: &mut self.0.gate,
            reader: &self.0.held.tweets,
            prices: self.0.held.prices,
            account: &self.0.actor.account,
            assets: &self.0.actor.assets,
            platform: self.0.platform,
        }
    }
}

impl puppet_memory::Carries for Call {
    fn memory(&mut self) -> puppet_memory::View<'_> {
        puppet_memory::View {
            gate: &mut self.0.gate,
            memories: &self.0.held.memory,
            agent: &self.0.actor.id,
            account: &self.0.actor.account,
            recalled: &mut self.0.recalled,
            size: self.0.size,
        }
    }
}

impl puppet_schedule::Carries for Call {
    fn schedule(&mut self) -> puppet_schedule::View<'_> {
        puppet_schedule::View {
            gate: &mut self.0.gate,
            store: &self.0.held.timers,
            agent: &self.0.actor.id,
            timezone: &self.0.actor.profile.timezone,
            names: &self.0.timers,
        }
    }
}

impl puppet_state::Carries for Call {
    fn state(&mut self) -> puppet_state::View<'_> {
        let Parts { gate, held, actor, migrator, migrated, .. } = &mut *self.0;
        puppet_state::View {
            gate,
            store: &held.agents,
            agent: &actor.id,
            component: actor.plugin.digest(),
            migration: migrator.as_deref().map(|migrator| migrator as _),
            migrated,
        }
    }
}

impl puppet_events::Carries for Call {
    fn events(&mut self) -> puppet_events::View<'_> {
        puppet_events::View { gate: &mut self.0.gate, audience: self.0.agents.len() as u64 }
    }
}

impl puppet_market::Carries for Call {
    fn market(&mut self) -> puppet_market::View<'_> {
        let Parts { gate, held, actor, .. } = &mut *self.0;
        puppet_market::View { gate, quotes: &held.quotes, agent: &actor.id }
    }
}

impl puppet_wallet::Carries for Call {
    fn wallet(&mut self) -> puppet_wallet::View<'_> {
        let Parts { gate, held, actor, led, .. } = &mut *self.0;
        puppet_wallet::View { gate, purses: &held.purses, agent: &actor.id, behind: led }
    }
}

impl puppet_http::Carries for Call {
    fn http(&mut self) -> puppet_http::View<'_> {
        let Parts { gate, held, .. } = &mut *self.0;
        puppet_http::View { gate, pages: &held.pages, bounds: held.page_bounds }
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
            Capability::Market => puppet_market::link(linker)?,
            Capability::Wallet => puppet_wallet::link(linker)?,
            Capability::Http => puppet_http::link(linker)?,
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
        let NewEvent { kind, targets, priority, payload, delay_ms } = new;
        let new = puppet_events::Generated { kind, targets, priority, payload, delay_ms };
        let audience = call.0.agents.len() as u64;
        let recorded = puppet_events::record_generated(&mut call.0.gate, audience, new);
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
