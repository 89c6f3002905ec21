//! Whether a host works with a database: it raises a count there every few moments. Two looks tell whether it lives,
//! so that no clocks need to agree. This is a courtesy to people; what keeps two hosts apart is the line of commits.

use std::{sync::Arc, time::Duration};

use mongodb::bson::{Document, doc};
use puppet_store::{Result, StoreError};
use tokio::task::AbortHandle;

use crate::{
    db::{Db, Write},
    fields::Fields,
    line::Shared,
    queries,
    schema::META,
};

/// So many beats are waited for before a host is taken for dead.
const MISSED: u32 = 4;

/// What a host says of itself.
#[derive(Debug, Clone)]
pub struct Presence {
    /// Who it is, in words: the machine and the data folder. Whoever has the same name is known to be gone: the data
    /// folder has a lock.
    pub holder: String,
    /// Whether one that lives is sent away.
    pub takes_over: bool,
    /// How long between two beats.
    pub beat: Duration,
}

impl Presence {
    /// Of a host that sends nobody away.
    pub fn of(holder: impl Into<String>) -> Self {
        Self { holder: holder.into(), takes_over: false, beat: Duration::from_secs(2) }
    }
}

/// A host that was seen.
struct Seen {
    holder: String,
    beat: i64,
}

async fn seen(db: &Db) -> Result<Option<Seen>> {
    let found = db.find(&queries::META_BY_ID, doc! {"_id": "host"}, 1).await?;
    let Some(row) = found.first() else { return Ok(None) };
    let fields = Fields::of(META, row);
    Ok(Some(Seen { holder: fields.text("holder")?.to_owned(), beat: fields.int("beat")? }))
}

/// An error where another host lives.
pub(crate) async fn nobody_else(db: &Db, own: &Presence) -> Result<()> {
    let Some(first) = seen(db).await?.filter(|seen| seen.holder != own.holder && !own.takes_over) else {
        return Ok(());
    };
    tracing::debug!(holder = first.holder, "whether another host lives");
    for _ in 0..MISSED * 2 {
        tokio::time::sleep(own.beat / 2).await;
        match seen(db).await? {
            Some(now) if (now.holder.as_str(), now.beat) != (first.holder.as_str(), first.beat) => {
                return Err(StoreError::InUse { url: db.url.clone(), holder: now.holder });
            }
            Some(_) => {}
            None => return Ok(()),
        }
    }
    Ok(())
}

/// Is seen from now on, until the answer is dropped or the line is another host's.
pub(crate) async fn appear(shared: Arc<Shared>, own: Presence, host: String) -> Result<Appeared> {
    let fresh = doc! {"host": &host, "holder": &own.holder, "beat": 0_i64};
    write(&shared.db, doc! {"q": {"_id": "host"}, "u": {"$set": fresh}, "upsert": true}).await?;
    let of = host.clone();
    let beats = Arc::clone(&shared);
    let task = tokio::spawn(async move {
        loop {
            tokio::time::sleep(own.beat).await;
            let raise = doc! {"q": {"_id": "host", "host": &of}, "u": {"$inc": {"beat": 1_i64}}};
            if let Err(error) = write(&beats.db, raise).await {
                tracing::debug!(%error, "nobody is told that this host lives");
            }
        }
    });
    Ok(Appeared { task: task.abort_handle(), host })
}

/// A host that is seen.
pub(crate) struct Appeared {
    task: AbortHandle,
    host: String,
}

impl Appeared {
    /// Is gone: the next one need not wait.
    pub(crate) async fn vanish(self, db: &Db) {
        self.task.abort();
        let own = doc! {"q": {"_id": "host", "host": &self.host}, "limit": 1};
        if let Err(error) = db.write("delete", "deletes", META, vec![Write { document: own, bytes: 100 }]).await {
            tracing::debug!(%error, "the next host waits a moment");
        }
    }
}

impl Drop for Appeared {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn write(db: &Db, update: Document) -> Result<()> {
    db.write("update", "updates", META, vec![Write { document: update, bytes: 200 }]).await
}
