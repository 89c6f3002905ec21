//! Rows that wait for a vector, in SQLite.

use async_trait::async_trait;
use puppet_types::{AgentId, Memory};
use rusqlite::params;

use super::{
    SqliteStore,
    memories::{COLUMNS, memory},
    values::{all, limit, number_bytes, run},
};
use crate::{LateVector, Result, VectorStore};

#[async_trait]
impl VectorStore for SqliteStore {
    async fn agents_without_vectors(&self, model: &str) -> Result<Vec<AgentId>> {
        const SQL: &str = "SELECT DISTINCT agent FROM memories WHERE model IS NOT ?1 ORDER BY agent";
        let model = model.to_owned();
        self.scan(move |conn| all(conn, SQL, [model], |row| Ok(AgentId::from(row.get::<_, String>(0)?)))).await
    }

    async fn without_vectors(&self, agent: &AgentId, model: &str, rows: usize) -> Result<Vec<Memory>> {
        self.read(|conn| {
            let sql = format!(
                "SELECT {COLUMNS} FROM memories m WHERE m.agent = ?1 AND m.model IS NOT ?2 \
                 ORDER BY m.at DESC, m.id LIMIT ?3"
            );
            all(conn, &sql, params![agent.as_str(), model, limit(rows)], memory)
        })
    }

    async fn put_vectors(&self, agent: &AgentId, vectors: Vec<LateVector>) -> Result<()> {
        const SQL: &str = "UPDATE memories SET vector = ?4, model = ?5 WHERE agent = ?1 AND id = ?2 AND content = ?3";
        let agent = agent.clone();
        self.write(move |conn| {
            for LateVector { id, content, vector } in &vectors {
                let bytes = number_bytes(&vector.numbers);
                run(conn, SQL, params![agent.as_str(), id, content, bytes, vector.model])?;
            }
            Ok(())
        })
        .await
    }
}
