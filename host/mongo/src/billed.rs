//! What another network charges, in MongoDB.

use async_trait::async_trait;
use mongodb::bson::{Document, doc};
use puppet_store::{BillStore, Billed, Result};

use crate::{
    fields::{Fields, key},
    queries,
    schema::BILLED,
    store::MongoStore,
    tx::Tx,
};

/// `_id` of a day of somebody.
pub(crate) fn id_of(billed: &Billed) -> String {
    key(&[&billed.day.to_string(), &billed.account])
}

/// Writes a day of somebody, over what was there.
pub(crate) async fn put(tx: &mut Tx, billed: &Billed) -> Result<()> {
    let Billed { day, account, posts, reads, usd_micros } = billed;
    let (posts, reads, usd_micros) = (posts.cast_signed(), reads.cast_signed(), usd_micros.cast_signed());
    let row = doc! {"day": *day, "account": account, "posts": posts, "reads": reads, "usd_micros": usd_micros};
    tx.put(BILLED, &id_of(billed), row).await
}

fn billed(row: &Document) -> Result<Billed> {
    let fields = Fields::of(BILLED, row);
    Ok(Billed {
        day: fields.int("day")?,
        account: fields.text("account")?.to_owned(),
        posts: fields.unsigned("posts")?,
        reads: fields.unsigned("reads")?,
        usd_micros: fields.unsigned("usd_micros")?,
    })
}

#[async_trait]
impl BillStore for MongoStore {
    async fn billed(&self, since: i64) -> Result<Vec<Billed>> {
        let rows = self.reading().await?.find(&queries::BILLED_SINCE, doc! {"day": {"$gte": since}}, 0).await?;
        rows.iter().map(billed).collect()
    }
}
