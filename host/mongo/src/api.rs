//! What the server keeps, in MongoDB: keys here, sessions, changes and answers beside it. Each write is one commit.

use async_trait::async_trait;
use mongodb::bson::{Document, doc};
use puppet_store::{ApiAnswer, ApiChange, ApiChanges, ApiKey, ApiQuestion, ApiSession, ApiStore, Renewed, Result};
use puppet_types::{Digest, Timestamp};

use crate::{
    api_answers, api_changes, api_sessions,
    fields::{Fields, json},
    queries,
    schema::API_KEYS,
    store::MongoStore,
    tx::{Tx, Wanted},
    writer::Work,
};

fn key(row: &Document) -> Result<ApiKey> {
    let fields = Fields::of(API_KEYS, row);
    let text = |field| fields.text(field).map(str::to_owned);
    Ok(ApiKey {
        id: text("id")?,
        name: text("name")?,
        hash: text("hash")?,
        role: text("role")?,
        agents: fields.maybe_text("agents")?.map(|_| fields.json("agents")).transpose()?,
        created_at: fields.time("created")?,
        expires_at: fields.maybe_time("expires")?,
        last_used_at: fields.maybe_time("last_used")?,
        revoked_at: fields.maybe_time("revoked")?,
    })
}

/// Keeps a new one.
struct Put(ApiKey);

#[async_trait]
impl Work for Put {
    type Answer = bool;

    fn wants(&self, wanted: &mut Wanted) {
        wanted.row(API_KEYS, &self.0.id);
    }

    async fn run(self, tx: &mut Tx) -> Result<bool> {
        let ApiKey { id, name, hash, role, agents, created_at, expires_at, last_used_at, revoked_at } = &self.0;
        if tx.get(API_KEYS, id).await?.is_some() {
            return Ok(false);
        }
        let row = doc! {
            "id": id,
            "name": name,
            "hash": hash,
            "role": role,
            "agents": agents.as_ref().map(json).transpose()?,
            "created": created_at.as_millis(),
            "expires": expires_at.map(Timestamp::as_millis),
            "last_used": last_used_at.map(Timestamp::as_millis),
            "revoked": revoked_at.map(Timestamp::as_millis),
        };
        tx.put(API_KEYS, id, row).await?;
        Ok(true)
    }
}

/// Takes one back, and ends its sessions.
struct Revoke {
    id: String,
    at: Timestamp,
}

#[async_trait]
impl Work for Revoke {
    type Answer = Option<ApiKey>;

    fn wants(&self, wanted: &mut Wanted) {
        wanted.row(API_KEYS, &self.id);
        wanted.set(&queries::API_SESSIONS_OF_KEY, "key", &self.id);
    }

    async fn run(self, tx: &mut Tx) -> Result<Option<ApiKey>> {
        api_sessions::end(tx, &queries::API_SESSIONS_OF_KEY, doc! {"key": &self.id}).await?;
        let Some(mut row) = tx.get(API_KEYS, &self.id).await? else { return Ok(None) };
        if key(&row)?.revoked_at.is_none() {
            row.insert("revoked", self.at.as_millis());
            tx.put(API_KEYS, &self.id, row.clone()).await?;
        }
        key(&row).map(Some)
    }
}

/// Notes that one was used.
struct Note {
    id: String,
    at: Timestamp,
}

#[async_trait]
impl Work for Note {
    type Answer = ();

    fn wants(&self, wanted: &mut Wanted) {
        wanted.row(API_KEYS, &self.id);
    }

    async fn run(self, tx: &mut Tx) -> Result<()> {
        let Some(mut row) = tx.get(API_KEYS, &self.id).await? else { return Ok(()) };
        if key(&row)?.last_used_at.is_some_and(|last| last >= self.at) {
            return Ok(());
        }
        row.insert("last_used", self.at.as_millis());
        tx.put(API_KEYS, &self.id, row).await
    }
}

#[async_trait]
impl ApiStore for MongoStore {
    async fn api_keys(&self) -> Result<Vec<ApiKey>> {
        let rows = self.reading().await?.find(&queries::ROWS_API_KEYS, doc! {}, 0).await?;
        let mut keys = rows.iter().map(key).collect::<Result<Vec<_>>>()?;
        keys.sort_by(|one, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
        Ok(keys)
    }

    async fn api_key(&self, id: &str) -> Result<Option<ApiKey>> {
        self.reading().await?.row(API_KEYS, id).await?.as_ref().map(key).transpose()
    }

    async fn put_api_key(&self, key: ApiKey) -> Result<bool> {
        self.write(Put(key)).await
    }

    async fn revoke_api_key(&self, id: &str, at: Timestamp) -> Result<Option<ApiKey>> {
        self.write(Revoke { id: id.to_owned(), at }).await
    }

    async fn note_api_key(&self, id: &str, at: Timestamp) -> Result<()> {
        self.write(Note { id: id.to_owned(), at }).await
    }

    async fn begin_api_session(&self, session: ApiSession) -> Result<()> {
        self.write(api_sessions::Begin(session)).await
    }

    async fn renew_api_session(
        &self,
        hash: &Digest,
        at: Timestamp,
        next: &Digest,
        expires_at: Timestamp,
    ) -> Result<Renewed> {
        self.write(api_sessions::Renew { hash: *hash, at, next: *next, expires_at }).await
    }

    async fn api_session(&self, family: &str) -> Result<Option<ApiSession>> {
        api_sessions::last(&self.reading().await?, family).await
    }

    async fn end_api_session(&self, family: &str) -> Result<bool> {
        self.write(api_sessions::End(family.to_owned())).await
    }

    async fn forget_api_sessions(&self, before: Timestamp) -> Result<u64> {
        self.in_steps(|| api_sessions::Forget { before }).await
    }

    async fn append_api_change(&self, change: ApiChange) -> Result<u64> {
        self.write(api_changes::Append(change)).await
    }

    async fn api_changes(&self, changes: &ApiChanges) -> Result<Vec<ApiChange>> {
        api_changes::page(&self.reading().await?, changes).await
    }

    async fn forget_api_changes(&self, keep: u64) -> Result<u64> {
        self.in_steps(|| api_changes::Forget { keep }).await
    }

    async fn api_answer(&self, question: &ApiQuestion, at: Timestamp) -> Result<Option<ApiAnswer>> {
        api_answers::one(&self.reading().await?, question, at).await
    }

    async fn keep_api_answer(&self, question: ApiQuestion, answer: ApiAnswer, most: u64) -> Result<()> {
        self.write(api_answers::Keep { question, answer, most }).await
    }

    async fn forget_api_answers(&self, before: Timestamp) -> Result<u64> {
        self.in_steps(|| api_answers::Forget { before }).await
    }
}

/// So many rows go in one commit, at most.
pub(crate) const STEP: usize = 200;

impl MongoStore {
    /// Drops in steps until one finds less. How many in all.
    async fn in_steps<W: Work<Answer = usize>>(&self, work: impl Fn() -> W) -> Result<u64> {
        let mut gone = 0_u64;
        loop {
            let now = self.write(work()).await?;
            gone += now as u64;
            if now < STEP {
                return Ok(gone);
            }
        }
    }
}

/// Deletes rows. How many.
pub(crate) async fn drop_rows(tx: &mut Tx, collection: &'static str, rows: &[Document]) -> Result<usize> {
    for row in rows {
        tx.delete(collection, Fields::of(collection, row).text("_id")?).await?;
    }
    Ok(rows.len())
}
