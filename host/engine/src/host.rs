//! A host's parts, wired once, and its state in memory: the agenda, the actors in use, the watchers.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use hmac::{Hmac, KeyInit, Mac};
use puppet_grants::{Books, CallBounds, Ledger};
use puppet_sandbox::Sandbox;
use puppet_store::{Change, Committed, Effect, EffectState, Store, StoreError, Waiting};
use puppet_tweet::{Accounts, TweetPublisher, policy::PostingRules};
use puppet_types::{AgentId, Event, InvocationId, Timestamp, scrub};
use puppet_wallet::Purses;
use serde_json::Value;
use sha2::Sha256;
use tokio::sync::{Notify, broadcast};

use crate::{
    actor::Actor,
    agenda::Agenda,
    agents::Agents,
    backlog::Backlog,
    budgets,
    call::HeldProviders,
    clock::Clock,
    disk::Disk,
    ended::Ends,
    handle::Settled,
    happening::Happening,
    mailbox::Mailbox,
    outbox::{Attempted, Moderation, Pace},
    pause::Pauses,
    plugin::Plugin,
    ready::Ready,
    redaction::Redaction,
    swap::Watches,
    tally::{StoreWork, Tally},
    turned_away::TurnedAway,
    versions::{Plugins, Versions},
};

/// Watchers that fall behind by more than this lose the oldest.
const WATCHED: usize = 4_096;

/// Builds an actor from what the store holds of it.
pub trait Casting: Send + Sync + 'static {
    /// `body` is the agent's row; none where its plugin is not installed.
    ///
    /// # Errors
    /// The row, or what the operator wrote about it, cannot be understood: in words.
    fn cast(
        &self,
        id: &AgentId,
        body: &Value,
        plugins: &Plugins,
        ledger: &Arc<Ledger>,
    ) -> Result<Option<Actor>, String>;
}

/// What a host is made of.
pub struct HostParts {
    /// Rows.
    pub store: Arc<dyn Store>,
    /// Instances.
    pub sandbox: Arc<Sandbox>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Providers of reads.
    pub held: HeldProviders,
    /// The same for a shadow replay, where the journal has no answer: nothing in it costs anything.
    pub offline: HeldProviders,
    /// Provider of effects.
    pub publisher: Arc<dyn TweetPublisher>,
    /// Carries swaps out.
    pub purses: Arc<dyn Purses>,
    /// Who is behind an account.
    pub accounts: Arc<Accounts>,
    /// Counters.
    pub ledger: Arc<Ledger>,
    /// Durable paid reads.
    pub books: Arc<dyn Books>,
    /// Bounds per invocation.
    pub bounds: CallBounds,
    /// How long an effect waits for the operator.
    pub approval_ms: u64,
    /// How much mail waits for a plugin that may not run.
    pub mailbox: Mailbox,
    /// What is never kept in the journal.
    pub redaction: Redaction,
    /// Seeds are HMACs under this.
    pub secret: [u8; 32],
    /// Rows to actors.
    pub casting: Box<dyn Casting>,
}

/// A running host.
pub struct Host {
    /// Rows.
    pub store: Arc<dyn Store>,
    /// Instances.
    pub sandbox: Arc<Sandbox>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Providers of reads.
    pub held: Arc<HeldProviders>,
    /// Those of shadow replays.
    pub(crate) offline: Arc<HeldProviders>,
    /// Provider of effects.
    pub publisher: Arc<dyn TweetPublisher>,
    /// Carries swaps out.
    pub purses: Arc<dyn Purses>,
    /// Who is behind an account.
    pub accounts: Arc<Accounts>,
    /// Counters.
    pub ledger: Arc<Ledger>,
    /// Durable paid reads.
    pub books: Arc<dyn Books>,
    /// Bounds per invocation.
    pub bounds: Arc<CallBounds>,
    /// How long an effect waits for the operator.
    pub approval_ms: u64,
    /// How much mail waits for a plugin that may not run.
    pub mailbox: Mailbox,
    /// What is never kept in the journal.
    pub redaction: Redaction,
    /// Who there is.
    pub agents: Arc<Agents>,
    /// Keyed once: keying costs as much as a seed.
    seeds: Hmac<Sha256>,
    pub(crate) casting: Box<dyn Casting>,
    pub(crate) versions: Versions,
    pub(crate) watches: Watches,
    actors: Ready,
    agenda: Arc<Mutex<Agenda>>,
    /// Whose memories wait for vectors.
    pub(crate) backlog: Backlog,
    /// Whether the store can write.
    pub disk: Disk,
    wake: Notify,
    watchers: broadcast::Sender<Happening>,
    recovering: AtomicBool,
    /// How accounts stand with their providers.
    pub(crate) pace: Pace,
    /// Who looks at texts before they leave.
    pub(crate) moderation: Moderation,
    /// What holds for everything that leaves.
    pub(crate) posting: Mutex<Option<Arc<PostingRules>>>,
    /// By what effects of a dry run are judged where nothing does.
    pub(crate) rehearsal: Mutex<Option<Arc<PostingRules>>>,
    /// What the policy kept from accounts.
    pub(crate) turned_away: TurnedAway,
    /// Held while the stop is written.
    pub(crate) halting: tokio::sync::Mutex<()>,
    /// What it has counted.
    pub tally: Tally,
    /// What agents do.
    pub(crate) at_work: crate::doing::AtWork,
    /// Who is paused.
    pub(crate) pauses: Pauses,
    /// Held while an agent's row is read and written anew.
    pub(crate) rows: tokio::sync::Mutex<()>,
    /// Who waits for the end of what.
    pub(crate) ends: Ends,
    /// Whether what happens is shown to people.
    shown: AtomicBool,
}

/// Events that were accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct Submitted {
    /// Those that are new.
    pub accepted: Vec<Waiting>,
}

impl Host {
    /// Wires the parts. Nothing runs yet: [`Host::load`] fills the agenda.
    pub fn new(parts: HostParts) -> Self {
        let watchers = broadcast::channel(WATCHED).0;
        let pace = Pace::new(parts.clock.now());
        budgets::listen(&parts.ledger, Arc::clone(&parts.clock), watchers.clone());
        Self {
            store: parts.store,
            sandbox: parts.sandbox,
            clock: parts.clock,
            held: Arc::new(parts.held),
            offline: Arc::new(parts.offline),
            publisher: parts.publisher,
            purses: parts.purses,
            accounts: parts.accounts,
            ledger: parts.ledger,
            books: parts.books,
            bounds: Arc::new(parts.bounds),
            approval_ms: parts.approval_ms,
            mailbox: parts.mailbox,
            redaction: parts.redaction,
            agents: Arc::default(),
            seeds: keyed(&parts.secret),
            casting: parts.casting,
            versions: Versions::default(),
            watches: Watches::default(),
            actors: Ready::default(),
            agenda: Arc::default(),
            backlog: Backlog::default(),
            disk: Disk::default(),
            wake: Notify::new(),
            watchers,
            recovering: AtomicBool::new(false),
            pace,
            moderation: Moderation::default(),
            posting: Mutex::default(),
            rehearsal: Mutex::default(),
            turned_away: TurnedAway::default(),
            halting: tokio::sync::Mutex::default(),
            tally: Tally::default(),
            at_work: Default::default(),
            pauses: Pauses::default(),
            rows: tokio::sync::Mutex::default(),
            ends: Ends::default(),
            shown: AtomicBool::new(false),
        }
    }

    /// Adds a plugin, or replaces the version of its pack.
    pub fn install(&self, plugin: Plugin) {
        self.versions.serve(Arc::new(plugin));
        self.actors.clear();
    }

    /// Casts everybody anew, as they are needed: what they may do has changed.
    pub fn recast(&self) {
        self.actors.clear();
    }

    /// The same for a few.
    pub(crate) fn recast_some<'a>(&self, agents: impl IntoIterator<Item = &'a AgentId>) {
        self.actors.forget(agents);
    }

    /// The plugins that serve, by pack.
    pub fn plugins(&self) -> Arc<Plugins> {
        self.versions.serving()
    }

    /// Takes up what the store holds: budgets, strikes, waiting events, timers, effects, the stop. Called once, before a driver.
    pub async fn load(&self) -> Result<(), StoreError> {
        use EffectState::{InDoubt, Sent, Waiting, WaitingForApproval};
        self.ledger.restore(self.store.spent().await?);
        self.load_strikes().await?;
        let waiting = self.store.waiting().await?;
        self.recovering.store(!waiting.is_empty(), Ordering::Release);
        let timers = self.store.timers().await?;
        let effects = self.store.effects(&[Waiting, Sent, InDoubt, WaitingForApproval]).await?;
        let halted = self.store.halted().await?;
        let mut agenda = self.agenda();
        agenda.set_halted(halted);
        for event in waiting {
            agenda.add_event(event);
        }
        for timer in timers {
            agenda.set_timer(timer);
        }
        for effect in effects {
            agenda.note_effect(&effect);
            self.take_up_effect(&mut agenda, effect);
        }
        Ok(())
    }

    /// Whether events of an earlier run, or such that were put back, may have kept reads.
    pub fn recovering(&self) -> bool {
        self.recovering.load(Ordering::Acquire)
    }

    /// Accepts events: durable when it answers.
    pub async fn submit(&self, mut events: Vec<Event>) -> Result<Submitted, StoreError> {
        events.iter_mut().for_each(scrubbed);
        let begun = Instant::now();
        let accepted = self.store.accept(events).await.inspect_err(|error| self.disk.tell(error))?;
        self.tally.stored(StoreWork::Accept, begun);
        if !accepted.is_empty() {
            self.disk.wrote();
        }
        self.tell_accepted(&accepted);
        let mut agenda = self.agenda();
        for waiting in &accepted {
            agenda.add_event(waiting.clone());
        }
        drop(agenda);
        self.wake.notify_one();
        Ok(Submitted { accepted })
    }

    /// Accepts events with a change that is durable where they are, and is not where they are not.
    pub async fn submit_with(&self, events: Vec<Event>, change: Option<Change>) -> Result<Submitted, StoreError> {
        let events = events.into_iter().map(|mut event| {
            scrubbed(&mut event);
            Change::Event(event)
        });
        let committed = self.apply(events.chain(change).collect()).await?;
        Ok(Submitted { accepted: committed.events })
    }

    /// Makes changes outside an invocation durable, and takes up what they bring.
    pub async fn apply(&self, changes: Vec<Change>) -> Result<Committed, StoreError> {
        self.apply_then(changes, || ()).await
    }

    /// The same with a step between the two: what has to be known of the changes before anything follows from them, and
    /// must not be where they fail.
    pub async fn apply_then(&self, changes: Vec<Change>, done: impl FnOnce()) -> Result<Committed, StoreError> {
        let unembedded = self.unembedded(&changes);
        let committed = self.store.apply(changes).await.inspect_err(|error| self.disk.tell(error))?;
        done();
        self.backlog.add(unembedded);
        self.take_up(Settled { committed: committed.clone(), ..Settled::default() });
        self.wake.notify_one();
        Ok(committed)
    }

    /// The actor behind a mailbox; none where nobody is behind it.
    ///
    /// # Errors
    /// The store failed, or the row is there and cannot be cast ([`StoreError::Corrupt`]): whoever is behind it may be
    /// there again later.
    pub async fn actor(&self, id: &AgentId) -> Result<Option<Arc<Actor>>, StoreError> {
        if let Some(actor) = self.actors.get(id) {
            return Ok(Some(actor));
        }
        let generation = self.actors.generation();
        let body = match self.store.agent(id).await? {
            Some(row) => row.body,
            None if id.is_generator() => Value::Null,
            None => return Ok(None),
        };
        let plugins = self.versions.of(id);
        let cast = self.casting.cast(id, &body, &plugins, &self.ledger);
        let cast = cast.map_err(|reason| StoreError::Corrupt { table: "agents", reason: format!("{id}: {reason}") })?;
        let actor = cast.map(Arc::new);
        if let Some(actor) = &actor {
            self.actors.put(Arc::clone(actor), generation);
        }
        Ok(actor)
    }

    /// Seed of an invocation: HMAC under the host's secret, never of a component's digest.
    pub fn seed(&self, id: &InvocationId) -> u64 {
        let mut mac = self.seeds.clone();
        mac.update(id.as_str().as_bytes());
        let digest = mac.finalize().into_bytes();
        digest.iter().take(8).fold(0, |seed, byte| (seed << 8) | u64::from(*byte))
    }

    /// What is due when.
    pub fn agenda(&self) -> MutexGuard<'_, Agenda> {
        self.agenda.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, to be kept by a call.
    pub(crate) fn agenda_of(&self) -> Arc<Mutex<Agenda>> {
        Arc::clone(&self.agenda)
    }

    /// Something new is on the agenda.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Returns when something new is on the agenda.
    pub async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Watches from now on.
    pub fn watch(&self) -> broadcast::Receiver<Happening> {
        self.watchers.subscribe()
    }

    /// Takes up what a commit brought. Called by drivers, which look at the agenda next.
    pub(crate) fn take_up(&self, settled: Settled) {
        self.tell_accepted(&settled.committed.events);
        let mut agenda = self.agenda();
        if let Some(ended) = settled.ended {
            agenda.event_ended(ended);
        }
        for change in settled.timers {
            match change {
                Change::SetTimer(timer) => agenda.set_timer(timer),
                Change::CancelTimer { agent, plugin, name } => agenda.cancel_timer(&agent, &plugin, &name),
                _ => {}
            }
        }
        for event in settled.committed.events {
            agenda.add_event(event);
        }
        let mut kept = Vec::new();
        for effect in settled.committed.effects {
            if effect.state != EffectState::Waiting && self.is_watched() {
                kept.push(Happening::Kept { at: self.now(), effect: Box::new(effect.clone()) });
            }
            agenda.note_effect(&effect);
            if effect.state != EffectState::DryRun {
                agenda.add_effect(effect);
            }
        }
        if let Some(again) = settled.again {
            agenda.add_event(again);
        }
        drop(agenda);
        settled.happening.into_iter().chain(kept).for_each(|happening| self.tell(Some(happening)));
    }

    /// Takes up what an attempt brought.
    pub(crate) fn take_up_attempted(&self, effect: &Effect, attempted: Attempted) {
        self.tell_accepted(&attempted.events);
        let mut agenda = self.agenda();
        if let Some(Happening::Effect { kind, state, .. }) = &attempted.happening {
            self.tally.effect(kind, *state);
            agenda.note_state(effect.seq, *state);
        }
        for event in attempted.events {
            agenda.add_event(event);
        }
        if let Some(again) = attempted.again {
            let until = attempted.until.filter(|_| attempted.hurries == self.pace.hurries());
            let until = until.unwrap_or(again.not_before);
            agenda.hold_effect(again, until);
        }
        drop(agenda);
        self.tell(attempted.happening);
    }

    /// An event whose handling the store did not take: it comes again, and what it paid for is kept.
    pub(crate) fn put_back(&self, mut waiting: Waiting, pause: Duration) {
        self.recovering.store(true, Ordering::Release);
        waiting.not_before = self.clock.now().plus_millis(pause.as_millis() as u64);
        self.agenda().add_event(waiting);
    }

    /// Whether somebody watches: else nobody needs to be told.
    pub fn is_watched(&self) -> bool {
        self.watchers.receiver_count() > 0
    }

    /// What happens is shown to people from now on, at a terminal: the log need not say it too.
    pub fn show(&self) {
        self.shown.store(true, Ordering::Relaxed);
    }

    /// Whether the log has to say what happens: a program that watches is no reader.
    pub fn told_by_log(&self) -> bool {
        !self.shown.load(Ordering::Relaxed)
    }

    /// Tells those who watch, and those who wait for it.
    pub fn tell(&self, happening: Option<Happening>) {
        if let Some(happening) = happening {
            self.ends.take_note(&happening);
            // Nobody watching is not an error.
            let _ = self.watchers.send(happening);
        }
    }

    /// Tells of events that were accepted just now.
    pub(crate) fn tell_accepted(&self, accepted: &[Waiting]) {
        if !self.is_watched() {
            return;
        }
        let at = self.now();
        for Waiting { event, .. } in accepted {
            let (agent, kind) = (event.agent.clone(), event.kind.clone());
            self.tell(Some(Happening::Accepted { at, event: event.id.clone(), agent, kind }));
        }
    }

    /// The time by the host's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Who sends an event may have pasted a credential of this host into it.
fn scrubbed(event: &mut Event) {
    if scrub::is_needed() {
        let payload = std::mem::take(&mut event.payload);
        event.payload = scrub::value(payload).map(|(payload, _)| payload).unwrap_or_default();
    }
}

fn keyed(secret: &[u8; 32]) -> Hmac<Sha256> {
    // A short key is filled up with zeros: RFC 2104.
    let mut block = [0; 64];
    block[..secret.len()].copy_from_slice(secret);
    Hmac::new(&block.into())
}
