//! Forgetting in MongoDB: the words of records go, the records stay.

use async_trait::async_trait;
use mongodb::bson::{Document, doc};
use puppet_store::{EffectBody, EffectState, Fate, Result};
use puppet_types::{
    AgentId, Decision, EffectId, EventId, FORGOTTEN, ForgetWords, InvocationId, LogLine, NumberedDecision, Read,
};
use serde::de::DeserializeOwned;

use crate::{
    answers::{self, Reads},
    budgets,
    fields::{Fields, json, key},
    journal, queries,
    schema::{EVENTS, JOURNAL, MEMORIES, OUTBOX, REMEMBERED},
    tx::{Tx, Wanted},
    writer::Work,
};

/// Forgets entries, as far as they have ended.
pub(crate) struct Forget {
    pub(crate) ids: Vec<InvocationId>,
    pub(crate) reason: String,
}

#[async_trait]
impl Work for Forget {
    type Answer = Vec<(InvocationId, Fate)>;

    fn wants(&self, wanted: &mut Wanted) {
        for id in &self.ids {
            wanted.row(JOURNAL, id.as_str());
            wanted.set(&queries::EFFECTS_OF, "invocation", id.as_str());
        }
    }
    async fn run(self, tx: &mut Tx) -> Result<Self::Answer> {
        let mut fates = Vec::new();
        for id in &self.ids {
            fates.push((id.clone(), entry(tx, id, &self.reason).await?));
        }
        Ok(fates)
    }
}

async fn entry(tx: &mut Tx, id: &InvocationId, reason: &str) -> Result<Fate> {
    let Some(record) = tx.get(JOURNAL, id.as_str()).await? else { return letter(tx, id).await };
    let seq = Fields::of(JOURNAL, &record).int("event")?;
    let Some(event) = tx.find(&queries::EVENTS_BY_SEQ, doc! {"seq": seq}).await?.pop() else {
        return Ok(Fate::Unknown);
    };
    let fields = Fields::of(EVENTS, &event);
    if fields.text("state")? == "waiting" {
        return Ok(Fate::Retried(EventId::new(fields.text("id")?)));
    }
    if let Some((effect, state)) = leaving(tx, id).await? {
        return Ok(Fate::Leaving(effect, state));
    }
    let attempts = fields.int("attempts")?;
    blank(tx, &record, reason).await?;
    blank_event(tx, event).await?;
    if attempts > 1 {
        others(tx, &record, reason).await?;
    }
    bodies(tx, id).await?;
    budgets::forget_reads(tx, id).await?;
    Ok(Fate::Forgotten)
}

/// A dead letter that nobody was called for has no row in the journal: it goes by the id of its event.
async fn letter(tx: &mut Tx, id: &InvocationId) -> Result<Fate> {
    let Some(event) = tx.get(EVENTS, id.as_str()).await? else { return Ok(Fate::Unknown) };
    let fields = Fields::of(EVENTS, &event);
    let recorded = tx.find(&queries::JOURNAL_OF_EVENT, doc! {"event": fields.int("seq")?}).await?;
    if fields.text("state")? != "dead" || !recorded.is_empty() {
        return Ok(Fate::Unknown);
    }
    blank_event(tx, event).await?;
    Ok(Fate::Forgotten)
}

async fn blank_event(tx: &mut Tx, mut event: Document) -> Result<()> {
    let id = Fields::of(EVENTS, &event).text("id")?.to_owned();
    event.insert("payload", "{}");
    tx.put(EVENTS, &id, event).await
}

/// The first effect that has not ended.
async fn leaving(tx: &mut Tx, id: &InvocationId) -> Result<Option<(EffectId, EffectState)>> {
    let mut first: Option<(i64, EffectId, EffectState)> = None;
    for row in tx.find(&queries::EFFECTS_OF, doc! {"invocation": id.as_str()}).await? {
        let fields = Fields::of(OUTBOX, &row);
        let (n, state) = (fields.int("n")?, fields.named::<EffectState>("state")?);
        let leaves = match state {
            EffectState::Waiting | EffectState::Sent | EffectState::WaitingForApproval => true,
            EffectState::InDoubt => !fields.flag("undecidable")?,
            _ => false,
        };
        if leaves && first.as_ref().is_none_or(|(earlier, ..)| n < *earlier) {
            first = Some((n, EffectId::new(fields.text("id")?), state));
        }
    }
    Ok(first.map(|(_, effect, state)| (effect, state)))
}

/// JSON without its words. What does not read back is dropped whole.
fn wordless<T: ForgetWords + DeserializeOwned + Default + serde::Serialize>(text: &str) -> Result<String> {
    let mut value: T = serde_json::from_str(text).unwrap_or_default();
    value.forget_words();
    json(&value)
}

async fn blank(tx: &mut Tx, record: &Document, reason: &str) -> Result<()> {
    let ids = answers::ids(record, "reads");
    let loaded = tx.answers(&ids).await?;
    let reads = wordless::<Vec<Read>>(&answers::text(record, &loaded)?)?;
    let fields = Fields::of(JOURNAL, record);
    let mut row = record.clone();
    row.extend(doc! {
        "decisions": wordless::<Vec<NumberedDecision>>(fields.text("decisions")?)?,
        "log": wordless::<Vec<LogLine>>(fields.text("log")?)?,
        "unreplayable": reason,
    });
    if fields.maybe_text("message")?.is_some() {
        row.insert("message", FORGOTTEN);
    }
    if fields.text("outcome")? == "declined" {
        row.insert("code", FORGOTTEN);
    }
    let reads = journal::put_reads(tx, &Reads::of(&reads))?;
    row.insert("reads", reads);
    tx.drop_answers(ids);
    tx.put(JOURNAL, fields.text("id")?, row).await
}

/// Records of the same event by another plugin: they were about the same payload.
async fn others(tx: &mut Tx, record: &Document, reason: &str) -> Result<()> {
    let fields = Fields::of(JOURNAL, record);
    for mut row in tx.find(&queries::JOURNAL_OF_EVENT, doc! {"event": fields.int("event")?}).await? {
        let other = Fields::of(JOURNAL, &row);
        let same_agent = other.text("agent")? == fields.text("agent")?;
        if same_agent && other.int("seq")? != fields.int("seq")? && other.maybe_text("unreplayable")?.is_none() {
            let id = other.text("id")?.to_owned();
            row.insert("unreplayable", reason);
            tx.put(JOURNAL, &id, row).await?;
        }
    }
    Ok(())
}

/// The bodies of what left, or never will.
async fn bodies(tx: &mut Tx, id: &InvocationId) -> Result<()> {
    for mut row in tx.find(&queries::EFFECTS_OF, doc! {"invocation": id.as_str()}).await? {
        let fields = Fields::of(OUTBOX, &row);
        let id = fields.text("id")?.to_owned();
        // A body that does not read back is of no use to anybody else either.
        let body = match fields.json::<EffectBody>("body") {
            Ok(mut body) => {
                body.forget_words();
                json(&body)?
            }
            Err(_) => "{}".to_owned(),
        };
        let reason = fields.maybe_text("reason")?.map(|_| FORGOTTEN);
        row.extend(doc! {"body": body, "reason": reason});
        tx.put(OUTBOX, &id, row).await?;
    }
    Ok(())
}

/// Takes the words of a memory out of the rows that wrote it. A row that does not read back is left: it must not hold
/// up the call that forgets.
pub(crate) async fn memory(tx: &mut Tx, agent: &AgentId, id: &str, reason: &str) -> Result<()> {
    if tx.get(MEMORIES, &key(&[agent.as_str(), id])).await?.is_none() {
        return Ok(());
    }
    for source in tx.find(&queries::REMEMBERED_OF, doc! {"agent": agent.as_str(), "id": id}).await? {
        let seq = Fields::of(REMEMBERED, &source).int("journal")?;
        for mut row in tx.find(&queries::JOURNAL_BY_SEQ, doc! {"seq": seq}).await? {
            let fields = Fields::of(JOURNAL, &row);
            if fields.text("agent")? != agent.as_str() {
                continue;
            }
            let Ok(mut decisions) = fields.json::<Vec<NumberedDecision>>("decisions") else {
                tracing::warn!(seq, %agent, "a row of the journal does not read back: a memory is not taken out of it");
                continue;
            };
            without(&mut decisions, id);
            let why = fields.maybe_text("unreplayable")?;
            let why = why.map_or_else(|| reason.to_owned(), |before| format!("{before}; {reason}"));
            let record = fields.text("id")?.to_owned();
            row.extend(doc! {"decisions": json(&decisions)?, "unreplayable": why});
            tx.put(JOURNAL, &record, row).await?;
        }
    }
    Ok(())
}

fn without(decisions: &mut [NumberedDecision], id: &str) {
    for NumberedDecision { decision, .. } in decisions {
        match decision {
            Decision::Remember { memory } | Decision::Supersede { memory, .. } if memory.id == id => {
                memory.forget_words();
            }
            _ => {}
        }
    }
}
