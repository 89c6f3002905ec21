//! The operator's stop in MongoDB.

use async_trait::async_trait;
use mongodb::bson::{Document, doc};
use puppet_store::{Halt, HaltStore, Result};

use crate::{fields::Fields, schema::HALT, store::MongoStore, tx::Tx};

/// There is one row.
pub(crate) const ID: &str = "1";

fn halt(row: &Document) -> Result<Halt> {
    let fields = Fields::of(HALT, row);
    Ok(Halt { since: fields.time("since")?, reason: fields.maybe_text("reason")?.map(str::to_owned) })
}

/// The row, if it stands.
pub(crate) async fn read(tx: &mut Tx) -> Result<Option<Halt>> {
    tx.get(HALT, ID).await?.as_ref().map(halt).transpose()
}

/// Writes or takes away the row. One that stands keeps its time, and its reason where no other is given.
pub(crate) async fn put(tx: &mut Tx, halt: Option<&Halt>) -> Result<()> {
    let Some(Halt { since, reason }) = halt else { return tx.delete(HALT, ID).await.map(drop) };
    let stands = read(tx).await?;
    let (since, reason) = match stands {
        Some(stands) => (stands.since, reason.clone().or(stands.reason)),
        None => (*since, reason.clone()),
    };
    tx.put(HALT, ID, doc! {"only": 1_i64, "since": since.as_millis(), "reason": reason}).await
}

#[async_trait]
impl HaltStore for MongoStore {
    async fn halted(&self) -> Result<Option<Halt>> {
        self.reading().await?.row(HALT, ID).await?.as_ref().map(halt).transpose()
    }
}
