//! Agents in MongoDB.

use async_trait::async_trait;
use mongodb::bson::{Bson, Document, doc};
use puppet_store::{AgentRow, AgentStore, MoodEntry, Relationship, Result};
use puppet_types::{AgentId, InvocationId, Mood, Timestamp};

use crate::{
    fields::{Fields, counts, json, key, limit},
    queries,
    schema::{AGENTS, EVENTS, JOURNAL, MOOD_LOG, MOODS, RELATIONSHIPS},
    store::{MongoStore, Reading},
    tx::Tx,
};

fn agent(row: &Document) -> Result<AgentRow> {
    let fields = Fields::of(AGENTS, row);
    Ok(AgentRow { id: AgentId::new(fields.text("id")?), body: fields.json("body")?, created: fields.time("created")? })
}

fn relationship(row: &Document) -> Result<Relationship> {
    Fields::of(RELATIONSHIPS, row).json("body")
}

/// Replaces the mood; where an invocation changed it, with a note beside its record.
pub(crate) async fn put_mood(tx: &mut Tx, agent: &AgentId, mood: &Mood, at: Timestamp, journal: u64) -> Result<()> {
    let row = doc! {
        "agent": agent.as_str(),
        "valence": mood.valence,
        "arousal": mood.arousal,
        "dominance": mood.dominance,
        "at": at.as_millis(),
    };
    tx.put(MOODS, agent.as_str(), row.clone()).await?;
    if journal == 0 {
        return Ok(());
    }
    let journal = journal.cast_signed();
    let mut noted = row;
    noted.insert("journal", journal);
    tx.put_new(MOOD_LOG, &noted_id(agent.as_str(), journal), noted).await
}

fn noted_id(agent: &str, journal: i64) -> String {
    key(&[agent, &journal.to_string()])
}

/// Drops the note beside a record.
pub(crate) async fn forget_mood(tx: &mut Tx, record: &Document) -> Result<()> {
    let record = Fields::of(JOURNAL, record);
    tx.delete(MOOD_LOG, &noted_id(record.text("agent")?, record.int("seq")?)).await.map(drop)
}

/// What was noted, with what its records say.
async fn noted(reading: &Reading<'_>, rows: &[Document]) -> Result<Vec<MoodEntry>> {
    let seqs = rows.iter().map(|row| Fields::of(MOOD_LOG, row).int("journal")).collect::<Result<Vec<_>>>()?;
    let records = reading.find(&queries::JOURNAL_BY_SEQ, doc! {"seq": {"$in": seqs}}, 0).await?;
    let events = records.iter().map(|row| Fields::of(JOURNAL, row).int("event")).collect::<Result<Vec<_>>>()?;
    let events = reading.find(&queries::EVENTS_BY_SEQ, doc! {"seq": {"$in": events}}, 0).await?;
    let mut entries = Vec::new();
    for row in rows {
        let fields = Fields::of(MOOD_LOG, row);
        let of_seq = |seq: i64| move |row: &&Document| counts(row, "seq", seq);
        let Some(record) = records.iter().find(of_seq(fields.int("journal")?)) else { continue };
        let record = Fields::of(JOURNAL, record);
        let Some(event) = events.iter().find(of_seq(record.int("event")?)) else { continue };
        entries.push(MoodEntry {
            seq: fields.unsigned("journal")?,
            at: fields.time("at")?,
            mood: mood(&fields)?,
            invocation: InvocationId::new(record.text("id")?),
            kind: Fields::of(EVENTS, event).text("kind")?.to_owned(),
        });
    }
    Ok(entries)
}

fn mood(fields: &Fields<'_>) -> Result<Mood> {
    let (valence, arousal) = (fields.real("valence")?, fields.real("arousal")?);
    Ok(Mood { valence, arousal, dominance: fields.real("dominance")? })
}

/// Writes a relationship. A new one may be one too many: then those go that were not met for longest.
pub(crate) async fn relate(tx: &mut Tx, agent: &AgentId, relationship: &Relationship, keep: usize) -> Result<()> {
    let id = key(&[agent.as_str(), &relationship.target]);
    let known = tx.get(RELATIONSHIPS, &id).await?.is_some();
    let row = doc! {"agent": agent.as_str(), "target": &relationship.target, "body": json(relationship)?};
    tx.put(RELATIONSHIPS, &id, row).await?;
    if known {
        return Ok(());
    }
    let rows = tx.find(&queries::RELATIONSHIPS_OF, doc! {"agent": agent.as_str()}).await?;
    let excess = rows.len().saturating_sub(keep);
    if excess == 0 {
        return Ok(());
    }
    let mut others = rows.iter().map(self::relationship).collect::<Result<Vec<_>>>()?;
    others.retain(|other| other.target != relationship.target);
    let met = |other: &Relationship| (other.last_interaction.is_none(), other.last_interaction);
    others.sort_by(|one, other| (met(one), &one.target).cmp(&(met(other), &other.target)));
    for gone in others.iter().take(excess) {
        tx.delete(RELATIONSHIPS, &key(&[agent.as_str(), &gone.target])).await?;
    }
    Ok(())
}

#[async_trait]
impl AgentStore for MongoStore {
    async fn agent(&self, id: &AgentId) -> Result<Option<AgentRow>> {
        let row = self.reading().await?.row(AGENTS, id.as_str()).await?;
        row.as_ref().map(agent).transpose()
    }

    async fn agents_after(&self, after: Option<&AgentId>, rows: usize) -> Result<Vec<AgentRow>> {
        if rows == 0 {
            return Ok(Vec::new());
        }
        let filter = after.map_or_else(Document::new, |after| doc! {"_id": {"$gt": after.as_str()}});
        let rows = self.reading().await?.find(&queries::AGENTS_AFTER, filter, limit(rows)).await?;
        rows.iter().map(agent).collect()
    }

    async fn mood(&self, agent: &AgentId) -> Result<Option<(Mood, Timestamp)>> {
        let Some(row) = self.reading().await?.row(MOODS, agent.as_str()).await? else { return Ok(None) };
        let fields = Fields::of(MOODS, &row);
        Ok(Some((mood(&fields)?, fields.time("at")?)))
    }

    async fn moods(
        &self,
        agent: &AgentId,
        since: Option<Timestamp>,
        before_seq: Option<u64>,
        rows: usize,
    ) -> Result<Vec<MoodEntry>> {
        if rows == 0 {
            return Ok(Vec::new());
        }
        let mut filter = doc! {"agent": agent.as_str()};
        filter.extend(before_seq.map(|seq| {
            let seq = i64::try_from(seq).unwrap_or(i64::MAX);
            ("journal".to_owned(), Bson::from(doc! {"$lt": seq}))
        }));
        filter.extend(since.map(|since| ("at".to_owned(), Bson::from(doc! {"$gte": since.as_millis()}))));
        let reading = self.reading().await?;
        let found = reading.find(&queries::MOOD_LOG_OF, filter, limit(rows)).await?;
        noted(&reading, &found).await
    }

    async fn relationships(&self, agent: &AgentId) -> Result<Vec<Relationship>> {
        let filter = doc! {"agent": Bson::from(agent.as_str())};
        let rows = self.reading().await?.find(&queries::RELATIONSHIPS_OF, filter, 0).await?;
        rows.iter().map(relationship).collect()
    }

    async fn relationship(&self, agent: &AgentId, target: &str) -> Result<Option<Relationship>> {
        let row = self.reading().await?.row(RELATIONSHIPS, &key(&[agent.as_str(), target])).await?;
        row.as_ref().map(relationship).transpose()
    }
}
