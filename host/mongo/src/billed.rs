//! What another network charges, in MongoDB.

use async_trait::async_trait;
use mongodb::bson::{Document, doc};
use puppet_store::{BILLED_DAYS, BillStore, Billed, Result};

use crate::{
    fields::{Fields, key},
    queries,
    schema::BILLED,
    store::MongoStore,
    tx::Tx,
};

/// Days that go with one that is written, at most: the others go with the next.
const AT_ONCE: usize = 500;

/// `_id` of a day of somebody.
pub(crate) fn id_of(billed: &Billed) -> String {
    key(&[&billed.day.to_string(), &billed.account])
}

/// Writes a day of somebody, over what was there; no count becomes less. The first time, what is too old goes.
pub(crate) async fn put(tx: &mut Tx, billed: &Billed) -> Result<()> {
    let there = tx.get(BILLED, &id_of(billed)).await?;
    if there.is_none() {
        let before = billed.day.saturating_sub(BILLED_DAYS);
        let is_old = |row: &Document| row.get_i64("day").is_ok_and(|day| day < before);
        for row in tx.first(&queries::BILLED_SINCE, doc! {"day": {"$lt": before}}, is_old, AT_ONCE).await? {
            if let Ok(id) = row.get_str("_id") {
                tx.delete(BILLED, id).await?;
            }
        }
    }
    let Billed { day, account, posts, reads, usd_micros } = billed;
    let (posts, reads, usd_micros) = (posts.cast_signed(), reads.cast_signed(), usd_micros.cast_signed());
    let most = |field: &str, now: i64| {
        let there = there.as_ref().and_then(|row| row.get_i64(field).ok());
        there.map_or(now, |there| there.max(now))
    };
    let (posts, reads, usd_micros) = (most("posts", posts), most("reads", reads), most("usd_micros", usd_micros));
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
