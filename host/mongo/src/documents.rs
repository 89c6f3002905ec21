//! Documents and casts in MongoDB.

use async_trait::async_trait;
use mongodb::bson::doc;
use puppet_store::{Document, DocumentStore, Result};
use puppet_types::{AgentId, Digest};

use crate::{
    fields::{Fields, blob, key},
    queries,
    schema::{CASTS, DOCUMENTS},
    store::MongoStore,
    tx::Tx,
};

/// The key of a document: its digest as text.
pub(crate) fn id_of(digest: &Digest) -> String {
    digest.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// From this place of the journal on the agent is cast with this. Nothing is written where it was before.
pub(crate) async fn cast(tx: &mut Tx, agent: &AgentId, cast: &Digest, documents: &[Document], seq: u64) -> Result<()> {
    let (mut before, cast, seq) = (None, blob(cast.as_bytes()), seq.cast_signed());
    for row in tx.find(&queries::CASTS_OF, doc! {"agent": agent.as_str()}).await? {
        let from = Fields::of(CASTS, &row).int("seq")?;
        if from <= seq && before.as_ref().is_none_or(|(latest, _)| from > *latest) {
            before = Some((from, row));
        }
    }
    if before.is_some_and(|(_, row)| row.get("document") == Some(&cast)) {
        return Ok(());
    }
    for Document { digest, body } in documents.iter().filter(|document| document.may_be_kept()) {
        let id = id_of(digest);
        if tx.get(DOCUMENTS, &id).await?.is_none() {
            tx.put(DOCUMENTS, &id, doc! {"digest": blob(digest.as_bytes()), "body": &**body}).await?;
        }
    }
    let row = doc! {"agent": agent.as_str(), "seq": seq, "document": cast};
    tx.put(CASTS, &key(&[agent.as_str(), &seq.to_string()]), row).await
}

#[async_trait]
impl DocumentStore for MongoStore {
    async fn document(&self, digest: &Digest) -> Result<Option<String>> {
        let row = self.reading().await?.row(DOCUMENTS, &id_of(digest)).await?;
        row.map(|row| Fields::of(DOCUMENTS, &row).text("body").map(str::to_owned)).transpose()
    }

    async fn cast_at(&self, agent: &AgentId, seq: u64) -> Result<Option<Digest>> {
        let filter = doc! {"agent": agent.as_str(), "seq": {"$lte": i64::try_from(seq).unwrap_or(i64::MAX)}};
        let found = self.reading().await?.find(&queries::CASTS_AT, filter, 1).await?;
        found.first().map(|row| Fields::of(CASTS, row).digest("document")).transpose()
    }
}
