//! One plugin on one event: the call in a fresh instance, and its record. Nothing is committed here.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use puppet_grants::{Bookings, Books, Elapsed, Gate, Proceedings, UnbookedReads};
use puppet_sandbox::{AgentRef, CallSetup, Ended};
use puppet_store::{MemorySize, StoreError};
use puppet_types::{Event, EventId, Invocation, InvocationId, Outcome, PackId, Read, Timestamp, Timing, ids};

use crate::{actor::Actor, behind::Led, call::Call, host::Host, remembered};

/// Where reads are answered from.
pub enum Answers {
    /// These first, then providers.
    Resume(Vec<Read>),
    /// Only these; decisions are admitted as ever.
    Recorded(Vec<Read>),
    /// Only these, and decisions are admitted as they were then; whom a generator could address then, where that is known.
    Replay(Vec<Read>, Option<Vec<AgentRef>>),
    /// These in any order, then what costs nothing; whether another version was given them.
    Shadow(Vec<Read>, bool),
}

/// What names an invocation, and what it draws from.
pub struct Origin {
    /// The invocation's.
    pub id: InvocationId,
    /// Of it alone: no other invocation's follows from it.
    pub seed: u64,
}

impl Origin {
    /// As this host makes it.
    pub fn of(host: &Host, id: InvocationId) -> Self {
        Self { seed: host.seed(&id), id }
    }
}

/// A call that has ended.
pub struct Called {
    /// The invocation's.
    pub id: InvocationId,
    /// When it was.
    pub at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// What it read and decided.
    pub proceedings: Proceedings,
    /// When it ended, where the wall counts.
    pub ended: Option<Instant>,
    seed: u64,
    fuel: u64,
    peak_memory_bytes: u64,
    timing: Option<Timing>,
}

/// Calls the plugin. Reservations of its decisions are kept where it ended well, else given back.
///
/// # Errors
/// The store cannot say how much there is already, or did not take the books of a paid read.
pub async fn call(
    host: &Host,
    actor: &Arc<Actor>,
    origin: Origin,
    event: &Event,
    answers: Answers,
) -> Result<Called, StoreError> {
    let size = remembered::size(host, actor).await?;
    let (at, since) = (host.clock.now(), Instant::now());
    let (outcome, ended) = run(host, actor, (&origin, size), event, (at, since), answers).await;
    let Origin { id, seed } = origin;
    let Ended { carrier, fuel, peak_memory_bytes, output, .. } = ended;
    let mut proceedings = carrier.into_gate().finish(outcome == Outcome::Ok);
    if proceedings.unbooked {
        return Err(why_unbooked(host, &id).await);
    }
    proceedings.log.extend(output);
    let ended = (!host.clock.is_virtual()).then(Instant::now);
    let timing = ended.map(|ended| Timing {
        sandbox: micros((ended - since).saturating_sub(proceedings.waited)),
        reads: micros(proceedings.waited),
        commit: 0,
    });
    Ok(Called { id, at, outcome, proceedings, ended, seed, fuel, peak_memory_bytes, timing })
}

/// What is wrong with a store that did not take the books of a paid read: that row, written once more for nobody.
async fn why_unbooked(host: &Host, id: &InvocationId) -> StoreError {
    let nobody = InvocationId::from(ids::derive("err", &["books", id.as_str()]));
    let written = async {
        host.store.open_read(&nobody, 0, Vec::new()).await?;
        host.store.close_read(&nobody, 0, Vec::new()).await
    };
    let passed = "it did not take the books of a paid read".to_owned();
    written.await.err().unwrap_or(StoreError::Failed(passed))
}

impl Called {
    /// For the journal, and what it adds to the budgets when that is stored.
    pub fn record(self, actor: &Actor, event: Event) -> (Invocation, Bookings) {
        let Self { id, at, outcome, proceedings, seed, fuel, peak_memory_bytes, timing, .. } = self;
        let invocation = Invocation {
            id,
            at,
            agent: actor.id.clone(),
            plugin: actor.plugin.reference(),
            persona_digest: actor.persona_digest,
            settings_digest: actor.settings_digest,
            seed: Some(seed),
            event,
            outcome,
            fuel,
            peak_memory_bytes,
            host_calls: proceedings.host_calls,
            reads: proceedings.reads,
            decisions: proceedings.decisions,
            log: proceedings.log,
            // Counted by whoever settles, in the order of commits.
            strikes: 0,
            timing,
            unreplayable: None,
        };
        (invocation, proceedings.spends)
    }
}

/// The plugin on the event, in a fresh instance, for an agent that remembers so much.
pub async fn run(
    host: &Host,
    actor: &Arc<Actor>,
    (Origin { id, seed }, size): (&Origin, MemorySize),
    event: &Event,
    (at, since): (Timestamp, Instant),
    answers: Answers,
) -> (Outcome, Ended<Call>) {
    let elapsed =
        if host.clock.is_virtual() { Elapsed::Modelled(std::time::Duration::ZERO) } else { Elapsed::Wall(since) };
    let (held, books): (_, Arc<dyn Books>) = match answers {
        Answers::Shadow(..) => (&host.offline, Arc::new(UnbookedReads)),
        _ => (&host.held, Arc::clone(&host.books)),
    };
    let gate = Gate::new(
        id.clone(),
        actor.plugin.id.clone(),
        event.at,
        Arc::clone(&actor.rights),
        Arc::clone(&host.bounds),
        books,
        elapsed,
    )
    .charged_at(at);
    let mut audience = None;
    let gate = match answers {
        Answers::Resume(reads) => gate.resume_from(reads),
        Answers::Recorded(reads) => gate.answer_from(reads),
        Answers::Replay(reads, then) => {
            audience = then;
            gate.replay(reads)
        }
        Answers::Shadow(reads, of_another) => gate.shadow(reads, of_another),
    };
    let seed = *seed;
    let led = Led::of(host, actor, event);
    let call = Call::new(host, held, gate, Arc::clone(actor), (seed, size), led);
    let deadline = (!host.clock.is_virtual()).then_some(host.bounds.deadline);
    let setup = CallSetup { seed, wall: at, deadline };
    let audience = audience.unwrap_or_else(|| host.agents.addressable(actor));
    let mut ended = actor.plugin.run(&host.sandbox, call, event, setup, audience).await;
    ended.fuel = ended.fuel.saturating_add(ended.carrier.migration_fuel());
    let outcome = std::mem::replace(&mut ended.outcome, Outcome::Ok);
    (outcome, ended)
}

/// Of the event and the plugin: the same event on another version is the same invocation, run again.
pub fn invocation_id(event: &Event, actor: &Actor) -> InvocationId {
    invocation_of(&event.id, &actor.plugin.id)
}

/// That of an event by the plugin that is called with it; by `host` where the host handles it itself.
pub fn invocation_of(event: &EventId, plugin: &PackId) -> InvocationId {
    InvocationId::from(ids::derive("inv", &[event.as_str(), plugin.as_str()]))
}

fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}
