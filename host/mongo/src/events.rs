//! Events in MongoDB.

use std::collections::BTreeSet;

use async_trait::async_trait;
use mongodb::bson::{Bson, Document, doc};
use puppet_store::{DeadLetter, EventEnd, EventStore, Result, Waiting};
use puppet_types::{AgentId, Event, EventId, InvocationId, Priority, Timestamp};
use serde_json::Value;

use crate::{
    budgets,
    fields::{Fields, corrupt, json, limit, one_of, says},
    queries,
    schema::{EVENTS, JOURNAL, KNOWN},
    store::MongoStore,
    tx::{Tx, Wanted},
    writer::Work,
};

/// Reads an event.
pub(crate) fn event(row: &Document) -> Result<Event> {
    let fields = Fields::of(EVENTS, row);
    let id = |field: &str| fields.maybe_text(field).map(|id| id.map(EventId::new));
    Ok(Event {
        id: EventId::new(fields.text("id")?),
        kind: fields.text("kind")?.to_owned(),
        source: fields.text("source")?.to_owned(),
        agent: AgentId::new(fields.text("agent")?),
        author: fields.maybe_text("author")?.map(str::to_owned),
        priority: priority(fields.int("priority")?)?,
        at: fields.time("at")?,
        payload: fields.json("payload")?,
        hops: fields.small("hops")?,
        cause: id("cause")?,
        broadcast: id("broadcast")?,
    })
}

fn priority(rank: i64) -> Result<Priority> {
    const ALL: [Priority; 4] = [Priority::Low, Priority::Normal, Priority::High, Priority::Critical];
    let found = ALL.into_iter().find(|priority| rank_of(*priority) == rank);
    found.ok_or_else(|| corrupt(EVENTS, &format!("priority {rank}")))
}

fn rank_of(priority: Priority) -> i64 {
    match priority {
        Priority::Low => 0,
        Priority::Normal => 1,
        Priority::High => 2,
        Priority::Critical => 3,
    }
}

fn row(event: &Event, seq: i64, state: &str) -> Result<Document> {
    Ok(doc! {
        "seq": seq,
        "id": event.id.as_str(),
        "state": state,
        "attempts": 0_i64,
        "not_before": event.at.as_millis(),
        "kind": &event.kind,
        "source": &event.source,
        "agent": event.agent.as_str(),
        "author": event.author.as_deref(),
        "priority": rank_of(event.priority),
        "at": event.at.as_millis(),
        "payload": json(&event.payload)?,
        "hops": i64::from(event.hops),
        "cause": event.cause.as_ref().map(EventId::as_str),
        "broadcast": event.broadcast.as_ref().map(EventId::as_str),
        "reason": Bson::Null,
        "ended": Bson::Null,
    })
}

async fn insert(tx: &mut Tx, event: &Event, state: &str) -> Result<Option<i64>> {
    if tx.get(EVENTS, event.id.as_str()).await?.is_some() {
        return Ok(None);
    }
    let seq = tx.counters.events + 1;
    tx.put(EVENTS, event.id.as_str(), row(event, seq, state)?).await?;
    tx.counters.events = seq;
    Ok(Some(seq))
}

/// The rows that accepting an event looks at.
pub(crate) fn want(wanted: &mut Wanted, event: &Event) {
    wanted.row(EVENTS, event.id.as_str());
    wanted.row(KNOWN, event.id.as_str());
}

/// Accepts one event; none where its id is known, also where its row is gone.
pub(crate) async fn accept(tx: &mut Tx, event: &Event) -> Result<Option<Waiting>> {
    if tx.get(KNOWN, event.id.as_str()).await?.is_some() {
        return Ok(None);
    }
    let seq = insert(tx, event, "waiting").await?;
    let fresh =
        |seq: i64| Waiting { seq: seq.cast_unsigned(), attempts: 0, not_before: event.at, event: event.clone() };
    Ok(seq.map(fresh))
}

/// What an invocation makes of its event; the event's seq. An event that was never accepted is kept as well:
/// the journal refers to it. `payload` is what takes the place of its own.
pub(crate) async fn end(
    tx: &mut Tx,
    event: &Event,
    end: &EventEnd,
    at: Timestamp,
    payload: Option<&str>,
) -> Result<i64> {
    let (state, not_before, reason, ended) = match end {
        EventEnd::Done => ("done", None, None, Some(at)),
        EventEnd::Dead { reason } => ("dead", None, Some(reason.as_str()), Some(at)),
        EventEnd::Retry { not_before } => ("waiting", Some(*not_before), None, None),
    };
    insert(tx, event, state).await?;
    let found = tx.get(EVENTS, event.id.as_str()).await?;
    let mut row = found.ok_or_else(|| corrupt(EVENTS, &"an event that was just written is not there"))?;
    let fields = Fields::of(EVENTS, &row);
    let (seq, attempts) = (fields.int("seq")?, fields.int("attempts")? + 1);
    row.insert("state", state);
    row.insert("attempts", attempts);
    row.insert("reason", reason);
    row.insert("ended", ended.map(Timestamp::as_millis));
    if let Some(not_before) = not_before {
        row.insert("not_before", not_before.as_millis());
    }
    if let Some(payload) = payload {
        row.insert("payload", payload);
    }
    tx.put(EVENTS, event.id.as_str(), row).await?;
    Ok(seq)
}

fn waiting(row: &Document) -> Result<Waiting> {
    let fields = Fields::of(EVENTS, row);
    let (seq, attempts) = (fields.unsigned("seq")?, fields.small("attempts")?);
    Ok(Waiting { seq, attempts, not_before: fields.time("not_before")?, event: event(row)? })
}

struct Accept(Vec<Event>);

#[async_trait]
impl Work for Accept {
    type Answer = Vec<Waiting>;

    fn agent(&self) -> &str {
        self.0.first().map_or("", |event| event.agent.as_str())
    }
    fn wants(&self, wanted: &mut Wanted) {
        self.0.iter().for_each(|event| want(wanted, event));
    }
    async fn run(self, tx: &mut Tx) -> Result<Vec<Waiting>> {
        let mut new = Vec::new();
        for event in &self.0 {
            new.extend(accept(tx, event).await?);
        }
        Ok(new)
    }
}

struct Bury {
    id: EventId,
    reason: String,
    at: Timestamp,
    payload: Option<String>,
}

#[async_trait]
impl Work for Bury {
    type Answer = ();

    fn wants(&self, wanted: &mut Wanted) {
        wanted.row(EVENTS, self.id.as_str());
    }
    async fn run(self, tx: &mut Tx) -> Result<()> {
        let Some(mut row) = tx.get(EVENTS, self.id.as_str()).await? else { return Ok(()) };
        if !says(&row, "state", "waiting") {
            return Ok(());
        }
        let tried = doc! {"event": Fields::of(EVENTS, &row).int("seq")?};
        row.extend(doc! {"state": "dead", "reason": self.reason, "ended": self.at.as_millis()});
        if let Some(payload) = self.payload {
            row.insert("payload", payload);
        }
        tx.put(EVENTS, self.id.as_str(), row).await?;
        // It does not come again: nobody asks for the answers that were kept for its next try.
        for entry in tx.find(&queries::JOURNAL_OF_EVENT, tried).await? {
            budgets::forget_reads(tx, &InvocationId::new(Fields::of(JOURNAL, &entry).text("id")?)).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl EventStore for MongoStore {
    async fn accept(&self, events: Vec<Event>) -> Result<Vec<Waiting>> {
        self.write(Accept(events)).await
    }

    async fn waiting(&self) -> Result<Vec<Waiting>> {
        let rows = self.reading().await?.find(&queries::EVENTS_WAITING, doc! {"state": "waiting"}, 0).await?;
        rows.iter().map(waiting).collect()
    }

    async fn bury(&self, id: &EventId, reason: &str, at: Timestamp, payload: Option<Value>) -> Result<()> {
        let payload = payload.as_ref().map(json).transpose()?;
        self.write(Bury { id: id.clone(), reason: reason.to_owned(), at, payload }).await
    }

    async fn waiting_after(
        &self,
        after_seq: u64,
        among: Option<&BTreeSet<AgentId>>,
        rows: usize,
    ) -> Result<Vec<Waiting>> {
        if rows == 0 {
            return Ok(Vec::new());
        }
        let after = i64::try_from(after_seq).unwrap_or(i64::MAX);
        let mut filter = doc! {"state": "waiting", "seq": {"$gt": after}};
        filter.extend(among.map(|among| ("agent".to_owned(), one_of(among))));
        let rows = self.reading().await?.find(&queries::EVENTS_WAITING, filter, limit(rows)).await?;
        rows.iter().map(waiting).collect()
    }

    async fn dead_letters_before(
        &self,
        before: Option<(Timestamp, u64)>,
        among: Option<&BTreeSet<AgentId>>,
        rows: usize,
    ) -> Result<Vec<DeadLetter>> {
        if rows == 0 {
            return Ok(Vec::new());
        }
        let mut filter = doc! {"state": "dead"};
        filter.extend(among.map(|among| ("agent".to_owned(), one_of(among))));
        if let Some((at, seq)) = before {
            let (at, seq) = (at.as_millis(), i64::try_from(seq).unwrap_or(i64::MAX));
            filter.insert("$or", [doc! {"ended": {"$lt": at}}, doc! {"ended": at, "seq": {"$lt": seq}}].to_vec());
        }
        let rows = self.reading().await?.find(&queries::EVENTS_DEAD, filter, limit(rows)).await?;
        let letter = |row: &Document| {
            let fields = Fields::of(EVENTS, row);
            let (seq, reason) = (fields.unsigned("seq")?, fields.text("reason")?.to_owned());
            Ok(DeadLetter { seq, reason, at: fields.time("ended")?, event: event(row)? })
        };
        rows.iter().map(letter).collect()
    }

    async fn event(&self, id: &EventId) -> Result<Option<(Event, &'static str)>> {
        let Some(row) = self.reading().await?.row(EVENTS, id.as_str()).await? else { return Ok(None) };
        let state = match Fields::of(EVENTS, &row).text("state")? {
            "waiting" => "waiting",
            "done" => "done",
            "dead" => "dead",
            other => return Err(corrupt(EVENTS, &format!("state {other}"))),
        };
        Ok(Some((event(&row)?, state)))
    }

    async fn events_after(&self, after_seq: u64, rows: usize) -> Result<Vec<Waiting>> {
        if rows == 0 {
            return Ok(Vec::new());
        }
        let after = i64::try_from(after_seq).unwrap_or(i64::MAX);
        let filter = doc! {"seq": {"$gt": after}};
        let rows = self.reading().await?.find(&queries::EVENTS_AFTER, filter, limit(rows)).await?;
        rows.iter().map(waiting).collect()
    }
}
