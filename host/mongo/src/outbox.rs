//! The outbox in MongoDB.

use async_trait::async_trait;
use mongodb::bson::{Bson, Document, doc};
use puppet_store::{Committed, Effect, EffectEnd, EffectState, OutboxStore, Result, Waiting};
use puppet_types::{AccountId, AgentId, EffectId, InvocationId, Timestamp};

use crate::{
    commit::{self, Terms},
    events,
    fields::{Fields, json, name},
    halt, queries,
    schema::{EVENTS, HALT, OUTBOX},
    store::MongoStore,
    tx::{Tx, Wanted, there},
    writer::Work,
};

fn effect(row: &Document) -> Result<Effect> {
    let fields = Fields::of(OUTBOX, row);
    Ok(Effect {
        seq: fields.unsigned("seq")?,
        id: EffectId::new(fields.text("id")?),
        state: fields.named("state")?,
        agent: AgentId::new(fields.text("agent")?),
        account: AccountId::new(fields.text("account")?),
        invocation: InvocationId::new(fields.text("invocation")?),
        n: fields.small("n")?,
        not_before: fields.time("not_before")?,
        hops: fields.small("hops")?,
        body: fields.json("body")?,
        attempts: fields.small("attempts")?,
        provider_id: fields.maybe_text("provider_id")?.map(str::to_owned),
        reason: fields.maybe_text("reason")?.map(str::to_owned),
        expires: fields.maybe_time("expires")?,
    })
}

/// Puts an effect at the end; none where its id is known.
pub(crate) async fn insert(tx: &mut Tx, effect: &Effect) -> Result<Option<Effect>> {
    if tx.get(OUTBOX, effect.id.as_str()).await?.is_some() {
        return Ok(None);
    }
    let seq = tx.counters.outbox + 1;
    let row = doc! {
        "seq": seq,
        "id": effect.id.as_str(),
        "state": name(&effect.state),
        "agent": effect.agent.as_str(),
        "account": effect.account.as_str(),
        "invocation": effect.invocation.as_str(),
        "n": i64::from(effect.n),
        "not_before": effect.not_before.as_millis(),
        "hops": i64::from(effect.hops),
        "body": json(&effect.body)?,
        "attempts": i64::from(effect.attempts),
        "provider_id": effect.provider_id.as_deref(),
        "reason": effect.reason.as_deref(),
        "ended": Bson::Null,
        "expires": effect.expires.map(Timestamp::as_millis),
    };
    tx.put(OUTBOX, effect.id.as_str(), row).await?;
    tx.counters.outbox = seq;
    Ok(Some(Effect { seq: seq.cast_unsigned(), ..effect.clone() }))
}

struct Begin(EffectId);

#[async_trait]
impl Work for Begin {
    type Answer = bool;

    fn wants(&self, wanted: &mut Wanted) {
        wanted.row(OUTBOX, self.0.as_str());
        wanted.row(HALT, halt::ID);
    }
    async fn run(self, tx: &mut Tx) -> Result<bool> {
        if halt::read(tx).await?.is_some() {
            return Ok(false);
        }
        let found = tx.get(OUTBOX, self.0.as_str()).await?;
        let mut row = there(&format!("effect {}", self.0), found)?;
        let attempts = Fields::of(OUTBOX, &row).int("attempts")? + 1;
        row.extend(doc! {"state": name(&EffectState::Sent), "attempts": attempts});
        tx.put(OUTBOX, self.0.as_str(), row).await?;
        Ok(true)
    }
}

/// The end of an attempt, or of the wait for the operator.
struct End {
    end: EffectEnd,
    terms: Terms,
    approval: bool,
}

#[async_trait]
impl Work for End {
    type Answer = Option<Vec<Waiting>>;

    fn wants(&self, wanted: &mut Wanted) {
        wanted.row(OUTBOX, self.end.id.as_str());
        self.end.events.iter().for_each(|event| wanted.row(EVENTS, event.id.as_str()));
        commit::want(wanted, &self.end.changes);
    }
    async fn run(self, tx: &mut Tx) -> Result<Option<Vec<Waiting>>> {
        let end = &self.end;
        let found = tx.get(OUTBOX, end.id.as_str()).await?;
        let row = match (self.approval, found) {
            (true, Some(row)) if may_end(&row, end)? => row,
            (true, _) => return Ok(None),
            (false, found) => there(&format!("effect {}", end.id), found)?,
        };
        mark(tx, row, end).await?;
        let mut committed = Committed::default();
        for event in &end.events {
            committed.events.extend(events::accept(tx, event).await?);
        }
        commit::apply(tx, &end.changes, &self.terms, &mut committed).await?;
        Ok(Some(committed.events))
    }
}

/// Whether an effect still waits for approval, and may leave if that is what was said.
fn may_end(row: &Document, end: &EffectEnd) -> Result<bool> {
    let fields = Fields::of(OUTBOX, row);
    let waits = fields.named::<EffectState>("state")? == EffectState::WaitingForApproval;
    let in_time = fields.maybe_time("expires")?.is_some_and(|expires| expires > end.at);
    Ok(waits && (end.state != EffectState::Waiting || in_time))
}

/// Writes how it ended.
async fn mark(tx: &mut Tx, mut row: Document, end: &EffectEnd) -> Result<()> {
    row.extend(doc! {"state": name(&end.state), "reason": end.reason.as_deref(), "ended": end.at.as_millis()});
    if let Some(provider_id) = &end.provider_id {
        row.insert("provider_id", provider_id);
    }
    if let Some(not_before) = end.not_before {
        row.insert("not_before", not_before.as_millis());
    }
    tx.put(OUTBOX, end.id.as_str(), row).await
}

#[async_trait]
impl OutboxStore for MongoStore {
    async fn effects(&self, states: &[EffectState]) -> Result<Vec<Effect>> {
        let states: Vec<String> = states.iter().map(name).collect();
        let filter = doc! {"state": {"$in": states}};
        let rows = self.reading().await?.find(&queries::EFFECTS_BY_STATE, filter, 0).await?;
        rows.iter().map(effect).collect()
    }

    async fn effects_of(&self, invocation: &InvocationId) -> Result<Vec<Effect>> {
        let filter = doc! {"invocation": invocation.as_str()};
        let rows = self.reading().await?.find(&queries::EFFECTS_OF, filter, 0).await?;
        rows.iter().map(effect).collect()
    }

    async fn effect(&self, id: &EffectId) -> Result<Option<Effect>> {
        let row = self.reading().await?.row(OUTBOX, id.as_str()).await?;
        row.as_ref().map(effect).transpose()
    }

    async fn begin_attempt(&self, id: &EffectId) -> Result<bool> {
        self.write(Begin(id.clone())).await
    }

    async fn end_attempt(&self, end: EffectEnd) -> Result<Vec<Waiting>> {
        let terms = Terms::of(&self.inner.words, &end.changes)?;
        Ok(self.write(End { end, terms, approval: false }).await?.unwrap_or_default())
    }

    async fn end_approval(&self, end: EffectEnd) -> Result<Option<Vec<Waiting>>> {
        let terms = Terms::of(&self.inner.words, &end.changes)?;
        self.write(End { end, terms, approval: true }).await
    }
}
