//! The outbox in MongoDB.

use async_trait::async_trait;
use mongodb::bson::{Bson, Document, doc};
use puppet_store::{Committed, Doubt, Effect, EffectEnd, EffectPage, EffectState, OutboxStore, Result, Waiting, whose};
use puppet_types::{AccountId, AgentId, EffectId, InvocationId, PostId, Timestamp};

use crate::{
    commit::{self, Terms},
    events,
    fields::{Fields, json, limit, name, one_of},
    halt,
    queries::{self, Query},
    schema::{HALT, OUTBOX},
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
        doubt: match fields.maybe_time("begun")? {
            Some(begun) => Some(Doubt { begun, undecidable: fields.flag("undecidable")? }),
            None => None,
        },
        purse: fields.maybe_text("purse")?.map(str::to_owned),
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
        "begun": effect.doubt.map(|doubt| doubt.begun.as_millis()),
        "undecidable": i64::from(effect.doubt.is_some_and(|doubt| doubt.undecidable)),
        "purse": effect.purse.as_deref(),
    };
    tx.put(OUTBOX, effect.id.as_str(), row).await?;
    tx.counters.outbox = seq;
    Ok(Some(Effect { seq: seq.cast_unsigned(), ..effect.clone() }))
}

struct Begin(EffectId, Timestamp, Option<String>);

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
        let fields = Fields::of(OUTBOX, &row);
        if !matches!(fields.named::<EffectState>("state")?, EffectState::Waiting | EffectState::Sent) {
            return Ok(false);
        }
        let (attempts, begun) =
            (fields.int("attempts")? + 1, fields.maybe_time("begun")?.unwrap_or(self.1).as_millis());
        let purse = fields.maybe_text("purse")?.map(str::to_owned).or(self.2);
        row.extend(doc! {
            "state": name(&EffectState::Sent),
            "attempts": attempts,
            "begun": begun,
            "undecidable": 0_i64,
            "purse": purse,
        });
        tx.put(OUTBOX, self.0.as_str(), row).await?;
        Ok(true)
    }
}

/// Which effects an end is for.
enum Still {
    /// The one that is named; there has to be one.
    There,
    /// It waits for the operator.
    WaitsForApproval,
    /// It is in one of these states.
    In(Vec<EffectState>),
}

/// The end of an attempt, or of the wait for the operator.
struct End {
    end: EffectEnd,
    terms: Terms,
    still: Still,
}

#[async_trait]
impl Work for End {
    type Answer = Option<Vec<Waiting>>;

    fn wants(&self, wanted: &mut Wanted) {
        wanted.row(OUTBOX, self.end.id.as_str());
        self.end.events.iter().for_each(|event| events::want(wanted, event));
        commit::want(wanted, &self.end.changes);
    }
    async fn run(self, tx: &mut Tx) -> Result<Option<Vec<Waiting>>> {
        let end = &self.end;
        let found = tx.get(OUTBOX, end.id.as_str()).await?;
        let row = match (&self.still, found) {
            (Still::There, found) => there(&format!("effect {}", end.id), found)?,
            (Still::WaitsForApproval, Some(row)) if may_end(&row, end)? => row,
            (Still::In(states), Some(row)) if states.contains(&Fields::of(OUTBOX, &row).named("state")?) => row,
            _ => return Ok(None),
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
    let fields = Fields::of(OUTBOX, &row);
    let failed = fields.named::<EffectState>("state")? == EffectState::Failed || fields.flag("undecidable")?;
    if end.state == EffectState::Waiting && (failed || end.provider_id.is_some()) {
        row.insert("attempts", 0_i64);
    } else if end.uncounted {
        let attempts = (fields.int("attempts")? - 1).max(0);
        row.insert("attempts", attempts);
    }
    row.extend(doc! {
        "state": name(&end.state),
        "reason": end.reason.as_deref(),
        "ended": end.at.as_millis(),
        "begun": end.doubt.map(|doubt| doubt.begun.as_millis()),
        "undecidable": i64::from(end.doubt.is_some_and(|doubt| doubt.undecidable)),
    });
    if end.doubt.is_none() {
        row.insert("purse", Bson::Null);
    }
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

    async fn effects_before(&self, page: &EffectPage) -> Result<Vec<Effect>> {
        let EffectPage { states, agent, among, before_seq, limit: most } = page;
        let agents = whose(agent.as_ref(), among.as_ref());
        if *most == 0 || agents.as_ref().is_some_and(Vec::is_empty) {
            return Ok(Vec::new());
        }
        let mut filter = doc! {};
        if let Some(seq) = before_seq {
            filter.insert("seq", doc! {"$lt": i64::try_from(*seq).unwrap_or(i64::MAX)});
        }
        let in_states =
            |states: &[EffectState]| doc! {"$in": states.iter().map(|state| state.name()).collect::<Vec<_>>()};
        let query: &Query = match (agents, states.as_slice()) {
            (None, []) => &queries::EFFECTS_BEFORE,
            (None, states) => {
                filter.insert("state", in_states(states));
                &queries::EFFECTS_IN_BEFORE
            }
            (Some(agents), states) => {
                filter.insert("agent", one_of(agents));
                filter.insert("state", in_states(if states.is_empty() { &EffectState::ALL } else { states }));
                &queries::EFFECTS_BY_BEFORE
            }
        };
        let rows = self.reading().await?.find(query, filter, limit(*most)).await?;
        rows.iter().map(effect).collect()
    }

    async fn effects_of_many(&self, invocations: &[InvocationId]) -> Result<Vec<Effect>> {
        let of: Vec<&str> = invocations.iter().map(InvocationId::as_str).collect();
        let rows = self.reading().await?.find(&queries::EFFECTS_OF, doc! {"invocation": {"$in": of}}, 0).await?;
        let mut effects = rows.iter().map(effect).collect::<Result<Vec<_>>>()?;
        effects.sort_by(|one, other| {
            (one.invocation.as_str(), one.n, one.seq).cmp(&(other.invocation.as_str(), other.n, other.seq))
        });
        Ok(effects)
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

    async fn effects_after(&self, after_seq: u64, rows: usize) -> Result<Vec<Effect>> {
        if rows == 0 {
            return Ok(Vec::new());
        }
        let filter = doc! {"seq": {"$gt": i64::try_from(after_seq).unwrap_or(i64::MAX)}};
        let rows = self.reading().await?.find(&queries::ROWS_OUTBOX, filter, limit(rows)).await?;
        rows.iter().map(effect).collect()
    }

    async fn begin_attempt(&self, id: &EffectId, at: Timestamp, purse: Option<&str>) -> Result<bool> {
        self.write(Begin(id.clone(), at, purse.map(str::to_owned))).await
    }

    async fn end_attempt(&self, end: EffectEnd) -> Result<Vec<Waiting>> {
        let terms = Terms::of(&self.inner.words, &end.changes)?;
        Ok(self.write(End { end, terms, still: Still::There }).await?.unwrap_or_default())
    }

    async fn end_approval(&self, end: EffectEnd) -> Result<Option<Vec<Waiting>>> {
        let terms = Terms::of(&self.inner.words, &end.changes)?;
        self.write(End { end, terms, still: Still::WaitsForApproval }).await
    }

    async fn end_from(&self, end: EffectEnd, states: &[EffectState]) -> Result<Option<Vec<Waiting>>> {
        let terms = Terms::of(&self.inner.words, &end.changes)?;
        self.write(End { end, terms, still: Still::In(states.to_vec()) }).await
    }

    async fn published_as(&self, account: &AccountId, most: usize) -> Result<Vec<String>> {
        if most == 0 {
            return Ok(Vec::new());
        }
        let filter = doc! {"account": account.as_str(), "provider_id": {"$nin": [Bson::Null, ""]}};
        let rows = self.reading().await?.find(&queries::EFFECTS_AS, filter, limit(most)).await?;
        rows.iter().map(|row| Fields::of(OUTBOX, row).text("provider_id").map(str::to_owned)).collect()
    }

    async fn maker_of(&self, post: &PostId) -> Result<Option<Effect>> {
        // Several have commas between them, and `-` comes next after a comma.
        let filter = doc! {"provider_id": {"$gte": post.as_str(), "$lt": format!("{post}-")}};
        let rows = self.reading().await?.find(&queries::EFFECTS_MADE, filter, 1).await?;
        rows.first().map(effect).transpose()
    }
}
