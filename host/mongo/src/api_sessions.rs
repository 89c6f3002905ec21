//! Sessions of the server in MongoDB.

use async_trait::async_trait;
use mongodb::bson::{Bson, Document, doc};
use puppet_store::{ApiSession, Renewed, Result};
use puppet_types::{Digest, Timestamp};

use crate::{
    api::{STEP, drop_rows},
    documents::id_of,
    fields::{Fields, blob},
    queries::{self, Query},
    schema::API_SESSIONS,
    store::Reading,
    tx::{Tx, Wanted},
    writer::Work,
};

fn session(row: &Document) -> Result<ApiSession> {
    let fields = Fields::of(API_SESSIONS, row);
    Ok(ApiSession {
        hash: fields.digest("hash")?,
        family: fields.text("family")?.to_owned(),
        key: fields.text("key")?.to_owned(),
        created_at: fields.time("created")?,
        expires_at: fields.time("expires")?,
        used_at: fields.maybe_time("used")?,
    })
}

async fn put(tx: &mut Tx, new: &ApiSession) -> Result<()> {
    let ApiSession { hash, family, key, created_at, expires_at, used_at } = new;
    let row = doc! {
        "hash": blob(hash.as_bytes()),
        "family": family,
        "key": key,
        "created": created_at.as_millis(),
        "expires": expires_at.as_millis(),
        "used": used_at.map(Timestamp::as_millis),
    };
    tx.put(API_SESSIONS, &id_of(hash), row).await
}

/// Ends those that a question finds. Whether there was one.
pub(crate) async fn end(tx: &mut Tx, query: &'static Query, of: Document) -> Result<bool> {
    let links = tx.find(query, of).await?;
    Ok(drop_rows(tx, API_SESSIONS, &links).await? > 0)
}

pub(crate) async fn last(reading: &Reading<'_>, family: &str) -> Result<Option<ApiSession>> {
    let found = reading.find(&queries::API_SESSIONS_LAST, doc! {"family": family, "used": Bson::Null}, 1).await?;
    found.first().map(session).transpose()
}

/// Begins one.
pub(crate) struct Begin(pub(crate) ApiSession);

#[async_trait]
impl Work for Begin {
    type Answer = ();

    fn wants(&self, wanted: &mut Wanted) {
        wanted.row(API_SESSIONS, id_of(&self.0.hash));
    }

    async fn run(self, tx: &mut Tx) -> Result<()> {
        put(tx, &self.0).await
    }
}

/// Exchanges a link for the next, or ends the family of one that was exchanged before.
pub(crate) struct Renew {
    pub(crate) hash: Digest,
    pub(crate) at: Timestamp,
    pub(crate) next: Digest,
    pub(crate) expires_at: Timestamp,
}

#[async_trait]
impl Work for Renew {
    type Answer = Renewed;

    fn wants(&self, wanted: &mut Wanted) {
        wanted.row(API_SESSIONS, id_of(&self.hash));
        wanted.row(API_SESSIONS, id_of(&self.next));
    }

    async fn run(self, tx: &mut Tx) -> Result<Renewed> {
        let there = tx.get(API_SESSIONS, &id_of(&self.hash)).await?;
        let Some(there) = there.as_ref().map(session).transpose()? else { return Ok(Renewed::Unknown) };
        if there.used_at.is_some() {
            end(tx, &queries::API_SESSIONS_OF, doc! {"family": &there.family}).await?;
            return Ok(Renewed::Reused(there));
        }
        if there.expires_at <= self.at {
            return Ok(Renewed::Unknown);
        }
        put(tx, &ApiSession { used_at: Some(self.at), ..there.clone() }).await?;
        let (hash, created_at, expires_at) = (self.next, self.at, self.expires_at);
        let next = ApiSession { hash, created_at, expires_at, used_at: None, ..there };
        put(tx, &next).await?;
        Ok(Renewed::Next(next))
    }
}

/// Ends one.
pub(crate) struct End(pub(crate) String);

#[async_trait]
impl Work for End {
    type Answer = bool;

    fn wants(&self, wanted: &mut Wanted) {
        wanted.set(&queries::API_SESSIONS_OF, "family", &self.0);
    }

    async fn run(self, tx: &mut Tx) -> Result<bool> {
        end(tx, &queries::API_SESSIONS_OF, doc! {"family": &self.0}).await
    }
}

/// Drops links whose time was over.
pub(crate) struct Forget {
    pub(crate) before: Timestamp,
}

#[async_trait]
impl Work for Forget {
    type Answer = usize;

    async fn run(self, tx: &mut Tx) -> Result<usize> {
        let before = self.before.as_millis();
        let is_over = |row: &Document| row.get_i64("expires").is_ok_and(|at| at < before);
        let filter = doc! {"expires": {"$lt": before}};
        let links = tx.first(&queries::API_SESSIONS_OVER, filter, is_over, STEP).await?;
        drop_rows(tx, API_SESSIONS, &links).await
    }
}
