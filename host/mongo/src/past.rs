//! The past in MongoDB: events that another engine handled, posts that it has seen to.

use async_trait::async_trait;
use mongodb::bson::{Document, doc};
use puppet_store::{PastEvent, PastStore, Result};
use puppet_types::{AgentId, Event, PostId};

use crate::{
    fields::{Fields, json, key, limit},
    queries::{self, Query},
    schema::{PAST, SEEN},
    store::MongoStore,
    tx::Tx,
};

/// The key of an event: whose, and which.
pub(crate) fn id_of(event: &Event) -> String {
    key(&[event.agent.as_str(), event.id.as_str()])
}

/// Writes an event that another engine handled, or replaces it.
pub(crate) async fn put(tx: &mut Tx, past: &PastEvent) -> Result<()> {
    let id = id_of(&past.event);
    let n = match tx.get(PAST, &id).await? {
        Some(known) => Fields::of(PAST, &known).int("n")?,
        None => {
            tx.counters.past += 1;
            tx.counters.past
        }
    };
    let row = doc! {
        "n": n,
        "agent": past.event.agent.as_str(),
        "id": past.event.id.as_str(),
        "handled": past.handled.as_millis(),
        "event": json(&past.event)?,
    };
    tx.put(PAST, &id, row).await
}

/// Notes posts as seen to, the last of them as the latest, and keeps the latest `keep`.
pub(crate) async fn see(tx: &mut Tx, posts: &[PostId], keep: usize) -> Result<()> {
    for post in posts {
        if tx.get(SEEN, post.as_str()).await?.is_none() {
            tx.counters.seen += 1;
            tx.put(SEEN, post.as_str(), doc! {"n": tx.counters.seen, "post": post.as_str()}).await?;
        }
    }
    let count = tx.count(&queries::SEEN_OLDEST, Document::new(), |_| true).await?;
    let excess = usize::try_from(count).unwrap_or(usize::MAX).saturating_sub(keep);
    if excess > 0 {
        for row in tx.first(&queries::SEEN_OLDEST, Document::new(), |_| true, excess).await? {
            tx.delete(SEEN, Fields::of(SEEN, &row).text("post")?).await?;
        }
    }
    Ok(())
}

fn past(row: &Document) -> Result<PastEvent> {
    let fields = Fields::of(PAST, row);
    Ok(PastEvent { event: fields.json("event")?, handled: fields.time("handled")? })
}

#[async_trait]
impl PastStore for MongoStore {
    async fn past(&self, agent: Option<&AgentId>, rows: usize) -> Result<Vec<PastEvent>> {
        if rows == 0 {
            return Ok(Vec::new());
        }
        let (query, filter): (&Query, _) = match agent {
            Some(agent) => (&queries::PAST_LATEST_OF, doc! {"agent": agent.as_str()}),
            None => (&queries::PAST_LATEST, Document::new()),
        };
        let rows = self.reading().await?.find(query, filter, limit(rows)).await?;
        rows.iter().map(past).collect()
    }

    async fn seen(&self, posts: &[PostId]) -> Result<Vec<PostId>> {
        let ids: Vec<&str> = posts.iter().map(PostId::as_str).collect();
        let found = self.reading().await?.find(&queries::SEEN_BY_ID, doc! {"_id": {"$in": ids}}, 0).await?;
        let found: Vec<&str> = found.iter().filter_map(|row| row.get_str("post").ok()).collect();
        Ok(posts.iter().filter(|post| found.contains(&post.as_str())).cloned().collect())
    }
}
