//! Documents and casts in SQLite.

use async_trait::async_trait;
use puppet_types::{AgentId, Digest};
use rusqlite::{Connection, params};

use super::{
    SqliteStore,
    values::{digest, first, run, signed},
};
use crate::{Document, DocumentStore, Result};

/// From this place of the journal on the agent is cast with this. Nothing is written where it was before.
pub(super) fn cast(conn: &Connection, agent: &AgentId, cast: &Digest, documents: &[Document], seq: u64) -> Result<()> {
    if at(conn, agent, seq)?.is_some_and(|before| before == *cast) {
        return Ok(());
    }
    for Document { digest, body } in documents.iter().filter(|document| document.may_be_kept()) {
        const SQL: &str = "INSERT INTO documents (digest, body) VALUES (?1, ?2) ON CONFLICT (digest) DO NOTHING";
        run(conn, SQL, params![digest.as_bytes(), &**body])?;
    }
    const SQL: &str = "INSERT INTO casts (agent, seq, document) VALUES (?1, ?2, ?3) \
                       ON CONFLICT (agent, seq) DO UPDATE SET document = excluded.document";
    run(conn, SQL, params![agent.as_str(), signed(seq), cast.as_bytes()])?;
    Ok(())
}

fn at(conn: &Connection, agent: &AgentId, seq: u64) -> Result<Option<Digest>> {
    const SQL: &str = "SELECT document FROM casts WHERE agent = ?1 AND seq <= ?2 ORDER BY seq DESC LIMIT 1";
    first(conn, SQL, params![agent.as_str(), signed(seq)], |row| digest("casts", row, 0))
}

#[async_trait]
impl DocumentStore for SqliteStore {
    async fn document(&self, digest: &Digest) -> Result<Option<String>> {
        const SQL: &str = "SELECT body FROM documents WHERE digest = ?1";
        self.read(|conn| first(conn, SQL, [digest.as_bytes()], |row| Ok(row.get(0)?)))
    }

    async fn cast_at(&self, agent: &AgentId, seq: u64) -> Result<Option<Digest>> {
        self.read(|conn| at(conn, agent, seq))
    }
}
