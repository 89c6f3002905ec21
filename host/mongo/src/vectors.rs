//! Rows that wait for a vector, in MongoDB.

use std::collections::BTreeSet;

use async_trait::async_trait;
use mongodb::bson::{Bson, doc};
use puppet_store::{LateVector, Result, VectorStore};
use puppet_types::{AgentId, Memory};

use crate::{
    fields::{key, limit, says, vector_field},
    memories::memory,
    queries,
    schema::MEMORIES,
    store::MongoStore,
    tx::{Tx, Wanted},
    writer::Work,
};

struct PutVectors {
    agent: AgentId,
    vectors: Vec<LateVector>,
}

#[async_trait]
impl Work for PutVectors {
    type Answer = ();

    fn agent(&self) -> &str {
        self.agent.as_str()
    }
    fn wants(&self, wanted: &mut Wanted) {
        self.vectors.iter().for_each(|late| wanted.row(MEMORIES, key(&[self.agent.as_str(), &late.id])));
    }
    async fn run(self, tx: &mut Tx) -> Result<()> {
        for LateVector { id, content, vector } in &self.vectors {
            let id = key(&[self.agent.as_str(), id]);
            let Some(mut row) = tx.get(MEMORIES, &id).await? else { continue };
            if says(&row, "content", content) {
                row.insert("vector", vector_field(&vector.numbers));
                row.insert("model", &vector.model);
                tx.put(MEMORIES, &id, row).await?;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl VectorStore for MongoStore {
    async fn agents_without_vectors(&self, model: &str) -> Result<Vec<AgentId>> {
        let reading = self.reading().await?;
        let filter = doc! {"model": {"$ne": model}};
        let agents = reading.db.distinct(&queries::MEMORIES_OF_OTHER_MODELS, "agent", filter).await?;
        let agents: BTreeSet<AgentId> = agents.iter().filter_map(Bson::as_str).map(AgentId::new).collect();
        Ok(agents.into_iter().collect())
    }

    async fn without_vectors(&self, agent: &AgentId, model: &str, rows: usize) -> Result<Vec<Memory>> {
        if rows == 0 {
            return Ok(Vec::new());
        }
        let filter = doc! {"agent": agent.as_str(), "model": {"$ne": model}};
        let rows = self.reading().await?.find(&queries::MEMORIES_OF, filter, limit(rows)).await?;
        rows.iter().map(memory).collect()
    }

    async fn put_vectors(&self, agent: &AgentId, vectors: Vec<LateVector>) -> Result<()> {
        self.write(PutVectors { agent: agent.clone(), vectors }).await
    }
}
