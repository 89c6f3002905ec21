//! The commit in MongoDB: every change of an invocation as rows of one commit document.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use mongodb::bson::doc;
use puppet_store::{AgentRow, Change, Commit, CommitStore, Committed, EventEnd, Result};

use crate::{
    agents, billed, budgets, documents, events,
    fields::{json, key},
    forget, halt, heard, journal, memories, outbox, past, queries,
    schema::{
        AGENTS, BILLED, DOCUMENTS, EVENTS, HEARD, JOURNAL, MEMORIES, MOODS, OUTBOX, PAST, PLUGIN_STATE, RELATIONSHIPS,
        SEEN, TIMERS,
    },
    state,
    store::MongoStore,
    strikes,
    text::Words,
    timers,
    tx::{Tx, Wanted},
    writer::Work,
};

/// Words of the texts that are remembered, cut before it is the writer's turn.
#[derive(Default)]
pub(crate) struct Terms(BTreeMap<String, Vec<String>>);

impl Terms {
    pub(crate) fn of(words: &Words, changes: &[Change]) -> Result<Self> {
        let mut terms = BTreeMap::new();
        for change in changes {
            if let Change::Remember { memory, .. } = change {
                terms.insert(memory.content.clone(), words.set(&memory.content)?.into_iter().collect());
            }
        }
        Ok(Self(terms))
    }

    fn get(&self, content: &str) -> Vec<String> {
        self.0.get(content).cloned().unwrap_or_default()
    }
}

struct Invoked {
    commit: Commit,
    texts: journal::Texts,
    terms: Terms,
    paid: Arc<AtomicBool>,
}

#[async_trait]
impl Work for Invoked {
    type Answer = Committed;

    fn agent(&self) -> &str {
        self.commit.invocation.agent.as_str()
    }

    fn wants(&self, wanted: &mut Wanted) {
        let invocation = &self.commit.invocation;
        wanted.row(EVENTS, invocation.event.id.as_str());
        wanted.row(JOURNAL, invocation.id.as_str());
        want(wanted, &self.commit.changes);
        budgets::want(wanted, &self.commit.spends);
        if self.paid.load(Ordering::Acquire) {
            wanted.set(&queries::OPEN_READS_OF, "invocation", invocation.id.as_str());
            wanted.set(&queries::KEPT_READS_OF, "invocation", invocation.id.as_str());
        }
    }

    async fn run(self, tx: &mut Tx) -> Result<Committed> {
        let invocation = &self.commit.invocation;
        let payload = self.texts.payload.as_deref();
        let event = events::end(tx, &invocation.event, &self.commit.end, invocation.at, payload).await?;
        let seq = journal::insert(tx, invocation, &self.texts, event).await?;
        let mut committed = Committed { seq, ..Committed::default() };
        apply(tx, &self.commit.changes, &self.terms, &mut committed).await?;
        budgets::add(tx, &self.commit.spends).await?;
        if self.paid.load(Ordering::Acquire) && !matches!(self.commit.end, EventEnd::Retry { .. }) {
            budgets::forget_reads(tx, &invocation.id).await?;
        }
        Ok(committed)
    }
}

struct Apply {
    changes: Vec<Change>,
    terms: Terms,
}

#[async_trait]
impl Work for Apply {
    type Answer = Committed;

    fn wants(&self, wanted: &mut Wanted) {
        want(wanted, &self.changes);
    }

    async fn run(self, tx: &mut Tx) -> Result<Committed> {
        let mut committed = Committed::default();
        apply(tx, &self.changes, &self.terms, &mut committed).await?;
        Ok(committed)
    }
}

#[async_trait]
impl CommitStore for MongoStore {
    fn close(&self) {
        self.close_blocking();
    }

    async fn commit(&self, commit: Commit) -> Result<Committed> {
        let texts = journal::Texts::of(&commit, self.inner.shared.db.options.answer_bytes)?;
        let terms = Terms::of(&self.inner.words, &commit.changes)?;
        self.write(Invoked { commit, texts, terms, paid: Arc::clone(&self.inner.paid) }).await
    }

    async fn apply(&self, changes: Vec<Change>) -> Result<Committed> {
        let terms = Terms::of(&self.inner.words, &changes)?;
        self.write(Apply { changes, terms }).await
    }
}

/// The rows that changes look at, as far as that is plain from them.
pub(crate) fn want(wanted: &mut Wanted, changes: &[Change]) {
    for change in changes {
        match change {
            Change::Mood { agent, .. } => wanted.row(MOODS, agent.as_str()),
            Change::Relationship { agent, relationship, .. } => {
                wanted.row(RELATIONSHIPS, key(&[agent.as_str(), &relationship.target]));
            }
            Change::Remember { agent, memory, .. } => wanted.row(MEMORIES, key(&[agent.as_str(), &memory.id])),
            Change::ForgetWords { agent, id, .. } | Change::Forget { agent, id } | Change::Pin { agent, id, .. } => {
                wanted.row(MEMORIES, key(&[agent.as_str(), id]));
            }
            Change::SetTimer(timer) => wanted.row(TIMERS, timers::key_of(&timer.agent, &timer.plugin, &timer.name)),
            Change::CancelTimer { agent, plugin, name } => wanted.row(TIMERS, timers::key_of(agent, plugin, name)),
            Change::PutState { agent, plugin, .. } | Change::ClearState { agent, plugin, .. } => {
                wanted.row(PLUGIN_STATE, key(&[agent.as_str(), plugin.as_str()]));
            }
            Change::Event(event) => events::want(wanted, event),
            Change::Effect(effect) => wanted.row(OUTBOX, effect.id.as_str()),
            Change::Agent(row) => wanted.row(AGENTS, row.id.as_str()),
            Change::Retire { agent } => wanted.row(AGENTS, agent.as_str()),
            Change::Part { agent, target } => wanted.row(RELATIONSHIPS, key(&[agent.as_str(), target])),
            Change::Past(past) => wanted.row(PAST, past::id_of(&past.event)),
            Change::Heard(far) => wanted.row(HEARD, far.account.as_str()),
            Change::Billed(day) => wanted.row(BILLED, billed::id_of(day)),
            Change::Seen { posts, .. } => posts.iter().for_each(|post| wanted.row(SEEN, post.as_str())),
            Change::Cast { agent, documents: cast, .. } => {
                wanted.set(&queries::CASTS_OF, "agent", agent.as_str());
                cast.iter().for_each(|document| wanted.row(DOCUMENTS, documents::id_of(&document.digest)));
            }
            Change::RestoreState { .. } | Change::Strikes(_) | Change::Halt(_) => {}
        }
    }
}

/// Makes changes in order, noting what came into being.
pub(crate) async fn apply(tx: &mut Tx, changes: &[Change], terms: &Terms, committed: &mut Committed) -> Result<()> {
    for change in changes {
        match change {
            Change::Mood { agent, mood, at } => agents::put_mood(tx, agent, mood, *at, committed.seq).await?,
            Change::Relationship { agent, relationship, keep } => {
                agents::relate(tx, agent, relationship, *keep).await?;
            }
            Change::Remember { agent, memory, vector, cap } => {
                let terms = terms.get(&memory.content);
                memories::remember(tx, agent, memory, vector.as_ref(), terms, committed.seq).await?;
                if let Some((kinds, keep, order)) = cap {
                    memories::keep(tx, agent, kinds, *keep, *order).await?;
                }
            }
            Change::ForgetWords { agent, id, reason } => forget::memory(tx, agent, id, reason).await?,
            Change::Forget { agent, id } => memories::delete(tx, agent.as_str(), id).await?,
            Change::Pin { agent, id, pinned } => memories::pin(tx, agent, id, *pinned).await?,
            Change::SetTimer(timer) => timers::set(tx, timer).await?,
            Change::CancelTimer { agent, plugin, name } => timers::cancel(tx, agent, plugin, name).await?,
            Change::PutState { agent, plugin, digest, blob, led_by, at } => {
                state::write(tx, &state::Writer { agent, plugin, digest, at: *at }, Some((blob, *led_by))).await?;
            }
            Change::ClearState { agent, plugin, digest, at } => {
                state::write(tx, &state::Writer { agent, plugin, digest, at: *at }, None).await?;
            }
            Change::RestoreState { plugin, agents, from, to } => {
                state::restore(tx, plugin, agents.as_deref(), from, to).await?;
            }
            Change::Event(event) => committed.events.extend(events::accept(tx, event).await?),
            Change::Effect(effect) => committed.effects.extend(outbox::insert(tx, effect).await?),
            Change::Agent(row) => put_agent(tx, row).await?,
            Change::Retire { agent } => {
                tx.delete(AGENTS, agent.as_str()).await?;
                for row in tx.find(&queries::TIMERS_OF_AGENT, doc! {"agent": agent.as_str()}).await? {
                    tx.delete(TIMERS, row.get_str("_id").unwrap_or_default()).await?;
                }
            }
            Change::Strikes(row) => strikes::put(tx, row).await?,
            Change::Part { agent, target } => {
                tx.delete(RELATIONSHIPS, &key(&[agent.as_str(), target])).await?;
            }
            Change::Cast { agent, cast, documents: all } => {
                documents::cast(tx, agent, cast, all, committed.seq).await?
            }
            Change::Past(past) => past::put(tx, past).await?,
            Change::Seen { posts, keep } => past::see(tx, posts, *keep).await?,
            Change::Heard(far) => heard::put(tx, far).await?,
            Change::Billed(day) => billed::put(tx, day).await?,
            Change::Halt(halt) => halt::put(tx, halt.as_ref()).await?,
        }
    }
    Ok(())
}

async fn put_agent(tx: &mut Tx, row: &AgentRow) -> Result<()> {
    let document = doc! {"id": row.id.as_str(), "body": json(&row.body)?, "created": row.created.as_millis()};
    tx.put(AGENTS, row.id.as_str(), document).await
}
