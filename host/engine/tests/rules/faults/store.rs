//! Rows that fail: every call goes to SQLite, past a world that lets the host die before or after a write, lets calls
//! fail for a while, and lets one overtake another. A call takes no time of its own, so that a seed decides everything.

use std::{
    collections::BTreeSet,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake},
    thread::Thread,
};

use async_trait::async_trait;
use puppet_grants::Spend;
use puppet_store::*;
use puppet_types::*;

use super::{mutation::Mutation, world::World};

/// Them.
pub struct Faulty {
    rows: SqliteStore,
    world: Arc<World>,
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for the other thread without letting anybody else run meanwhile.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut context = Context::from_waker(&waker);
    // A task has so many turns before it must let others run: these are none.
    let mut work = pin!(tokio::task::unconstrained(work));
    loop {
        match work.as_mut().poll(&mut context) {
            Poll::Ready(done) => return done,
            Poll::Pending => std::thread::park(),
        }
    }
}

impl Faulty {
    /// Over these rows.
    pub fn new(rows: SqliteStore, world: Arc<World>) -> Self {
        Self { rows, world }
    }

    async fn writes<T>(&self, step: &'static str, work: impl Future<Output = Result<T>> + Send) -> Result<T> {
        self.world.pause().await;
        self.world.before(step)?;
        let done = at_once(work);
        self.world.after(step)?;
        self.world.pause().await;
        if self.world.is_dead() { Err(StoreError::Closed) } else { done }
    }

    async fn reads<T>(&self, work: impl Future<Output = Result<T>> + Send) -> Result<T> {
        self.world.reads()?;
        at_once(work)
    }
}

/// Methods that only pass on what they are given: reads, and writes by the name of their step.
macro_rules! passes_on {
    ($trait:ident { $($name:ident ( $($argument:ident: $type:ty),* ) -> $answer:ty $(, $step:literal)?;)* }) => {
        #[async_trait]
        impl $trait for Faulty {
            $(async fn $name(&self, $($argument: $type),*) -> Result<$answer> {
                passes_on!(@ self, self.rows.$name($($argument),*) $(, $step)?)
            })*
        }
    };
    (@ $self:ident, $work:expr) => { $self.reads($work).await };
    (@ $self:ident, $work:expr, $step:literal) => { $self.writes($step, $work).await };
}

#[async_trait]
impl EventStore for Faulty {
    async fn accept(&self, mut events: Vec<Event>) -> Result<Vec<Waiting>> {
        if self.world.lies(Mutation::ForgetsAccepted) {
            events.pop();
        }
        self.writes("accept", self.rows.accept(events)).await
    }
    async fn waiting(&self) -> Result<Vec<Waiting>> {
        self.reads(self.rows.waiting()).await
    }
    async fn bury(&self, id: &EventId, reason: &str, at: Timestamp, payload: Option<serde_json::Value>) -> Result<()> {
        self.writes("bury", self.rows.bury(id, reason, at, payload)).await
    }
    async fn waiting_after(
        &self,
        after_seq: u64,
        among: Option<&BTreeSet<AgentId>>,
        limit: usize,
    ) -> Result<Vec<Waiting>> {
        self.reads(self.rows.waiting_after(after_seq, among, limit)).await
    }
    async fn dead_letters_before(
        &self,
        before: Option<(Timestamp, u64)>,
        among: Option<&BTreeSet<AgentId>>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>> {
        self.reads(self.rows.dead_letters_before(before, among, limit)).await
    }
    async fn event(&self, id: &EventId) -> Result<Option<(Event, &'static str)>> {
        self.reads(self.rows.event(id)).await
    }
    async fn events_after(&self, after_seq: u64, limit: usize) -> Result<Vec<Waiting>> {
        self.reads(self.rows.events_after(after_seq, limit)).await
    }
}

#[async_trait]
impl OutboxStore for Faulty {
    async fn effects(&self, states: &[EffectState]) -> Result<Vec<Effect>> {
        self.reads(self.rows.effects(states)).await
    }
    async fn effects_of(&self, invocation: &InvocationId) -> Result<Vec<Effect>> {
        self.reads(self.rows.effects_of(invocation)).await
    }
    async fn effect(&self, id: &EffectId) -> Result<Option<Effect>> {
        self.reads(self.rows.effect(id)).await
    }
    async fn effects_after(&self, after_seq: u64, limit: usize) -> Result<Vec<Effect>> {
        self.reads(self.rows.effects_after(after_seq, limit)).await
    }
    async fn effects_before(&self, page: &EffectPage) -> Result<Vec<Effect>> {
        self.reads(self.rows.effects_before(page)).await
    }
    async fn effects_of_many(&self, invocations: &[InvocationId]) -> Result<Vec<Effect>> {
        self.reads(self.rows.effects_of_many(invocations)).await
    }
    async fn published_as(&self, account: &AccountId, most: usize) -> Result<Vec<String>> {
        self.reads(self.rows.published_as(account, most)).await
    }
    async fn maker_of(&self, post: &PostId) -> Result<Option<Effect>> {
        self.reads(self.rows.maker_of(post)).await
    }
    async fn begin_attempt(&self, id: &EffectId, at: Timestamp, purse: Option<&str>) -> Result<bool> {
        if self.world.lies(Mutation::ForgetsAttempt) {
            return Ok(true);
        }
        self.writes("begin-attempt", self.rows.begin_attempt(id, at, purse)).await
    }
    async fn end_attempt(&self, mut end: EffectEnd) -> Result<Vec<Waiting>> {
        if self.world.lies(Mutation::ForgetsDoubt) {
            Mutation::ForgetsDoubt.falsify_end(&mut end);
        }
        self.writes("end-attempt", self.rows.end_attempt(end)).await
    }
    async fn end_from(&self, end: EffectEnd, states: &[EffectState]) -> Result<Option<Vec<Waiting>>> {
        self.writes("end-from", self.rows.end_from(end, states)).await
    }
    async fn end_approval(&self, end: EffectEnd) -> Result<Option<Vec<Waiting>>> {
        self.writes("end-approval", self.rows.end_approval(end)).await
    }
}

#[async_trait]
impl TimerStore for Faulty {
    async fn timers(&self) -> Result<Vec<Timer>> {
        self.reads(self.rows.timers()).await
    }
    async fn timers_of(&self, agent: &AgentId, plugin: &PackId) -> Result<Vec<Timer>> {
        self.reads(self.rows.timers_of(agent, plugin)).await
    }
    async fn fire(
        &self,
        timer: &Timer,
        next: Option<Timestamp>,
        event: Event,
        spends: Vec<Spend>,
    ) -> Result<Option<Waiting>> {
        self.world.say(format!("timer {} of {} for {}", timer.name, timer.agent, timer.next));
        if self.world.lies(Mutation::ForgetsFired) {
            // Booked, told, and its event is dropped.
            let fired = self.writes("fire", self.rows.fire(timer, next, event, spends)).await?;
            let Some(waiting) = &fired else { return Ok(None) };
            self.rows.bury(&waiting.event.id, "", waiting.event.at, None).await?;
            return Ok(fired);
        }
        self.writes("fire", self.rows.fire(timer, next, event, spends)).await
    }
}

#[async_trait]
impl BudgetStore for Faulty {
    async fn spent(&self) -> Result<Vec<Spend>> {
        self.reads(self.rows.spent()).await
    }
    async fn open_read(&self, invocation: &InvocationId, n: u32, worst: Vec<Spend>) -> Result<()> {
        let work = async {
            self.world.opened(invocation, n, worst.clone());
            if self.world.lies(Mutation::ForgetsOpened) {
                return Ok(());
            }
            self.rows.open_read(invocation, n, worst).await
        };
        self.writes("open-read", work).await
    }
    async fn settle_read(&self, invocation: &InvocationId, read: Read, mut spent: Vec<Spend>) -> Result<()> {
        if self.world.lies(Mutation::RefundsTwice) {
            spent.iter_mut().for_each(|spend| spend.used /= 2);
        }
        if self.world.lies(Mutation::ForgetsDebt) {
            spent.iter_mut().for_each(|spend| spend.debt = 0);
        }
        let work = async {
            self.world.settled(invocation, read.n);
            self.rows.settle_read(invocation, read, spent).await
        };
        self.writes("settle-read", work).await
    }
    async fn close_read(&self, errand: &InvocationId, n: u32, spent: Vec<Spend>) -> Result<()> {
        self.writes("close-read", self.rows.close_read(errand, n, spent)).await
    }
    async fn kept_reads(&self, invocation: &InvocationId) -> Result<Vec<Read>> {
        self.reads(self.rows.kept_reads(invocation)).await
    }
}

#[async_trait]
impl CommitStore for Faulty {
    async fn commit(&self, mut commit: Commit) -> Result<Committed> {
        let outcome = commit.invocation.outcome.name();
        let (event, end) = (commit.invocation.event.id.clone(), commit.end.clone());
        self.world.say(format!("{event} of {}: {outcome}, {end:?}", commit.invocation.agent));
        self.world.saw(format!("outcome {outcome}"));
        if self.world.lies(Mutation::ForgetsCommit) {
            return Ok(Committed::default());
        }
        for (mutation, _) in Mutation::ALL {
            if self.world.lies(mutation) {
                mutation.falsify(&mut commit);
            }
        }
        let work = async {
            let committed = self.rows.commit(commit).await?;
            if matches!(end, EventEnd::Retry { .. }) {
                self.world.retried(&event);
            }
            Ok(committed)
        };
        self.writes("commit", work).await
    }
    async fn apply(&self, changes: Vec<Change>) -> Result<Committed> {
        self.writes("apply", self.rows.apply(changes)).await
    }
}

passes_on! { JournalStore {
    journal(filter: &Filter) -> Vec<JournalEntry>;
    invocation(id: &InvocationId) -> Option<JournalEntry>;
    forget(ids: Vec<InvocationId>, reason: &str) -> Forgetting, "forget";
} }

passes_on! { StateStore {
    state(agent: &AgentId, plugin: &PackId) -> Option<StateRow>;
    kept_states(agent: &AgentId, plugin: &PackId) -> Vec<KeptState>;
} }

passes_on! { AgentStore {
    agent(id: &AgentId) -> Option<AgentRow>;
    agents_after(after: Option<&AgentId>, rows: usize) -> Vec<AgentRow>;
    mood(agent: &AgentId) -> Option<(Mood, Timestamp)>;
    moods(agent: &AgentId, since: Option<Timestamp>, before_seq: Option<u64>, limit: usize) -> Vec<MoodEntry>;
    relationships(agent: &AgentId) -> Vec<Relationship>;
    relationship(agent: &AgentId, target: &str) -> Option<Relationship>;
} }

passes_on! { MemoryStore {
    memories(agent: &AgentId, kinds: &[MemoryKind], limit: usize) -> Vec<TextHit>;
    memories_after(agent: &AgentId, kinds: &[MemoryKind], after: (Timestamp, &str), limit: usize) -> Vec<TextHit>;
    memory(agent: &AgentId, id: &str) -> Option<TextHit>;
    text_candidates(agent: &AgentId, terms: &[String], kinds: &[MemoryKind], limit: usize) -> Vec<TextHit>;
    nearest(agent: &AgentId, kinds: &[MemoryKind], vector: &Vector, limit: usize) -> Option<Vec<TextHit>>;
    memory_counts(agent: &AgentId) -> Vec<(MemoryKind, u64)>;
    memory_size(agent: &AgentId) -> MemorySize;
} }

passes_on! { VectorStore {
    agents_without_vectors(model: &str) -> Vec<AgentId>;
    without_vectors(agent: &AgentId, model: &str, limit: usize) -> Vec<Memory>;
    put_vectors(agent: &AgentId, vectors: Vec<LateVector>) -> (), "put-vectors";
} }

passes_on! { PostStore {
    publish(effect: &EffectId, posts: Vec<Post>) -> Vec<Post>, "publish";
    published(effect: &EffectId) -> Vec<Post>;
    like(account: &AccountId, post: &PostId, at: Timestamp) -> bool, "like";
    delete_post(account: &AccountId, post: &PostId) -> bool, "delete-post";
    post(id: &PostId) -> Option<Post>;
    posts_before(authors: &[AccountId], before: (Timestamp, u64), originals: bool, limit: usize) -> Vec<Post>;
    thread_of(id: &PostId, depth: usize) -> Vec<Post>;
    likes() -> Vec<(Timestamp, PostId, AccountId)>;
    last_post_number() -> u64;
} }

passes_on! { StrikeStore {
    strikes() -> Vec<StrikesRow>;
} }

passes_on! { PastStore {
    past(agent: Option<&AgentId>, limit: usize) -> Vec<PastEvent>;
    seen(posts: &[PostId]) -> Vec<PostId>;
} }

passes_on! { HeardStore {
    heard() -> Vec<Heard>;
} }

passes_on! { BillStore {
    billed(since: i64) -> Vec<Billed>;
} }

passes_on! { DocumentStore {
    document(digest: &Digest) -> Option<String>;
    cast_at(agent: &AgentId, seq: u64) -> Option<Digest>;
} }

passes_on! { RetentionStore {
    recorded_agents() -> Vec<AgentId>;
    cut(agent: &AgentId, keep: &Keep) -> Cut;
    beyond(cut: &Cut, after_seq: u64, limit: usize) -> Vec<OldRecord>;
    old_letters(before: Timestamp, after_seq: u64, limit: usize) -> Vec<u64>;
    prune(old: Old) -> Pruned, "prune";
} }

passes_on! { HaltStore {
    halted() -> Option<Halt>;
} }

// What copies and checks rows is no host.
passes_on! { RowStore {
    rows_after(table: &'static Table, after: Option<Row>, limit: usize) -> Vec<Row>;
    put_rows(table: &'static Table, rows: Vec<Row>) -> (), "put-rows";
    row_count(table: &'static Table) -> u64;
    copying() -> Option<String>;
    set_copying(source: Option<String>) -> (), "set-copying";
} }

// The village does not trade: nothing is told falsely here, for nobody would see it.
passes_on! { TradeStore {
    purses() -> Vec<Purse>;
    purse(name: &str) -> Option<Purse>;
    write_purse(purse: Purse, after: u64, rows: Vec<PurseRow>) -> bool, "write-purse";
    purse_log(name: &str, kinds: &[PurseEntry], after: u64, limit: usize) -> Vec<PurseRow>;
    purse_past(name: &str, kinds: &[PurseEntry], before: Option<u64>, limit: usize) -> Vec<PurseRow>;
    prune_purse(name: &str, kinds: &[PurseEntry], up_to: u64) -> u64, "prune-purse";
    append_swap(row: SwapRow) -> bool, "append-swap";
    swap(id: &str) -> Vec<SwapRow>;
    open_swaps() -> Vec<String>;
    ask_swap_approval(approval: SwapApproval) -> (), "ask-swap-approval";
    swap_approvals() -> Vec<SwapApproval>;
    grant_swap(hash: &str, at: Timestamp) -> bool, "grant-swap";
    take_swap_approval(hash: &str) -> Option<SwapApproval>, "take-swap-approval";
    drop_swap_approval(hash: &str) -> bool, "drop-swap-approval";
    put_candles(market: &str, bar_seconds: u32, bars: &[trade::Candle]) -> (), "put-candles";
    candles(market: &str, bar_seconds: u32, from: Option<Timestamp>, to: Option<Timestamp>, limit: usize)
        -> Vec<trade::Candle>;
    last_candles(market: &str, bar_seconds: u32, limit: usize) -> Vec<trade::Candle>;
    candle_series() -> Vec<CandleSeries>;
    prune_candles(market: &str, bar_seconds: u32, before: Timestamp) -> u64, "prune-candles";
} }

// Nor is anybody served.
passes_on! { ApiStore {
    api_keys() -> Vec<ApiKey>;
    api_key(id: &str) -> Option<ApiKey>;
    put_api_key(key: ApiKey) -> bool, "put-api-key";
    revoke_api_key(id: &str, at: Timestamp) -> Option<ApiKey>, "revoke-api-key";
    note_api_key(id: &str, at: Timestamp) -> (), "note-api-key";
    begin_api_session(session: ApiSession) -> (), "begin-api-session";
    renew_api_session(hash: &Digest, at: Timestamp, next: &Digest, expires_at: Timestamp) -> Renewed, "renew-api-session";
    api_session(family: &str) -> Option<ApiSession>;
    end_api_session(family: &str) -> bool, "end-api-session";
    forget_api_sessions(before: Timestamp) -> u64, "forget-api-sessions";
    append_api_change(change: ApiChange) -> u64, "append-api-change";
    api_changes(changes: &ApiChanges) -> Vec<ApiChange>;
    forget_api_changes(keep: u64) -> u64, "forget-api-changes";
    api_answer(question: &ApiQuestion, at: Timestamp) -> Option<ApiAnswer>;
    keep_api_answer(question: ApiQuestion, answer: ApiAnswer, most: u64) -> (), "keep-api-answer";
    forget_api_answers(before: Timestamp) -> u64, "forget-api-answers";
} }
