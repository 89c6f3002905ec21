//! How far a network has been listened to, in MongoDB.

use async_trait::async_trait;
use mongodb::bson::{Document, doc};
use puppet_store::{Heard, HeardStore, Result};
use puppet_types::{AccountId, PostId};

use crate::{fields::Fields, queries, schema::HEARD, store::MongoStore, tx::Tx};

/// Writes how far, over what was there.
pub(crate) async fn put(tx: &mut Tx, heard: &Heard) -> Result<()> {
    let Heard { account, since, at } = heard;
    let row = doc! {"account": account.as_str(), "since": since.as_str(), "at": at.as_millis()};
    tx.put(HEARD, account.as_str(), row).await
}

fn heard(row: &Document) -> Result<Heard> {
    let fields = Fields::of(HEARD, row);
    let (account, since) = (fields.text("account")?, fields.text("since")?);
    Ok(Heard { account: AccountId::new(account), since: PostId::new(since), at: fields.time("at")? })
}

#[async_trait]
impl HeardStore for MongoStore {
    async fn heard(&self) -> Result<Vec<Heard>> {
        let rows = self.reading().await?.find(&queries::HEARD_ALL, doc! {}, 0).await?;
        rows.iter().map(heard).collect()
    }
}
