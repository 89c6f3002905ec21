//! Agents in MongoDB.

use async_trait::async_trait;
use mongodb::bson::{Bson, Document, doc};
use puppet_store::{AgentRow, AgentStore, Relationship, Result};
use puppet_types::{AgentId, Mood, Timestamp};

use crate::{
    fields::{Fields, json, key, limit},
    queries,
    schema::{AGENTS, MOODS, RELATIONSHIPS},
    store::MongoStore,
    tx::Tx,
};

fn agent(row: &Document) -> Result<AgentRow> {
    let fields = Fields::of(AGENTS, row);
    Ok(AgentRow { id: AgentId::new(fields.text("id")?), body: fields.json("body")?, created: fields.time("created")? })
}

fn relationship(row: &Document) -> Result<Relationship> {
    Fields::of(RELATIONSHIPS, row).json("body")
}

/// Replaces the mood.
pub(crate) async fn put_mood(tx: &mut Tx, agent: &AgentId, mood: &Mood, at: Timestamp) -> Result<()> {
    let row = doc! {
        "agent": agent.as_str(),
        "valence": mood.valence,
        "arousal": mood.arousal,
        "dominance": mood.dominance,
        "at": at.as_millis(),
    };
    tx.put(MOODS, agent.as_str(), row).await
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
        let (valence, arousal) = (fields.real("valence")?, fields.real("arousal")?);
        Ok(Some((Mood { valence, arousal, dominance: fields.real("dominance")? }, fields.time("at")?)))
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
