//! Strikes in MongoDB.

use async_trait::async_trait;
use mongodb::bson::{Document, doc};
use puppet_store::{Result, StrikeStore, StrikesRow};
use puppet_types::PackId;

use crate::{
    fields::{Fields, blob, json, key},
    queries,
    schema::STRIKES,
    store::MongoStore,
    tx::Tx,
};

fn strikes(row: &Document) -> Result<StrikesRow> {
    let fields = Fields::of(STRIKES, row);
    Ok(StrikesRow {
        plugin: PackId::new(fields.text("plugin")?),
        digest: fields.digest("digest")?,
        revision: fields.unsigned("revision")?,
        body: fields.json("body")?,
    })
}

/// Writes a row, unless a later one is there.
pub(crate) async fn put(tx: &mut Tx, strikes: &StrikesRow) -> Result<()> {
    let StrikesRow { plugin, digest, revision, body } = strikes;
    let id = key(&[plugin.as_str(), &digest.to_string()]);
    let known = tx.get(STRIKES, &id).await?;
    let known = known.map(|row| Fields::of(STRIKES, &row).int("revision")).transpose()?;
    if known.is_some_and(|known| known >= revision.cast_signed()) {
        return Ok(());
    }
    let row = doc! {
        "plugin": plugin.as_str(),
        "digest": blob(digest.as_bytes()),
        "revision": revision.cast_signed(),
        "body": json(body)?,
    };
    tx.put(STRIKES, &id, row).await
}

#[async_trait]
impl StrikeStore for MongoStore {
    async fn strikes(&self) -> Result<Vec<StrikesRow>> {
        let rows = self.reading().await?.find(&queries::STRIKES_ALL, doc! {}, 0).await?;
        rows.iter().map(strikes).collect()
    }
}
