//! The store: readers and the one writer.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use mongodb::bson::Document;
use puppet_store::{Result, StoreError};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::RwLockReadGuard,
    task::JoinHandle,
};

use crate::{
    db::Db,
    line::{Health, Shared},
    nearest::Search,
    presence::Appeared,
    queries::Query,
    text::Words,
    tx::Tx,
    writer::{Queue, Work, enqueue},
};

/// A [`puppet_store::Store`] in a MongoDB database. Clones are the same store.
#[derive(Clone)]
pub struct MongoStore {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) shared: Arc<Shared>,
    pub(crate) queue: Mutex<Option<Queue>>,
    pub(crate) writer: Mutex<Option<JoinHandle<()>>>,
    pub(crate) appeared: Mutex<Option<Appeared>>,
    /// Whether there may be rows of paid reads, which the end of an invocation clears away.
    pub(crate) paid: Arc<AtomicBool>,
    pub(crate) words: Words,
    pub(crate) search: Search,
    pub(crate) read_only: bool,
}

/// A moment in which no commit is half applied.
pub(crate) struct Reading<'a> {
    pub(crate) db: &'a Db,
    _writer_waits: RwLockReadGuard<'a, Health>,
}

impl Reading<'_> {
    /// Documents, in the order that the query declares; `most` 0 is all.
    pub(crate) async fn find(&self, query: &'static Query, filter: Document, most: i64) -> Result<Vec<Document>> {
        self.db.find(query, filter, most).await
    }

    /// One row by its key.
    pub(crate) async fn row(&self, collection: &'static str, id: &str) -> Result<Option<Document>> {
        let found = self.find(crate::queries::by_id(collection), mongodb::bson::doc! {"_id": id}, 1).await?;
        Ok(found.into_iter().next())
    }
}

/// Work that changes nothing: it makes the writer catch up.
struct CatchUp;

#[async_trait::async_trait]
impl Work for CatchUp {
    type Answer = ();
    async fn run(self, _: &mut Tx) -> Result<()> {
        Ok(())
    }
}

impl MongoStore {
    /// A moment for reading.
    pub(crate) async fn reading(&self) -> Result<Reading<'_>> {
        loop {
            let health = self.inner.shared.health.read().await;
            match *health {
                Health::Good => return Ok(Reading { db: &self.inner.shared.db, _writer_waits: health }),
                Health::Closed => return Err(StoreError::Closed),
                Health::TakenOver => {
                    return Err(StoreError::TakenOver { url: self.inner.shared.db.url.clone() });
                }
                Health::Behind => {
                    drop(health);
                    self.write(CatchUp).await?;
                }
            }
        }
    }

    /// Hands work to the writer at the first poll, so that order of polling is order of commit.
    pub(crate) async fn write<W: Work>(&self, work: W) -> Result<W::Answer> {
        let answer = {
            let queue = self.inner.queue.lock().unwrap_or_else(PoisonError::into_inner);
            enqueue(queue.as_ref().ok_or(StoreError::Closed)?, work)?
        };
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// From now on the end of an invocation looks for paid reads.
    pub(crate) fn was_paid(&self) {
        self.inner.paid.store(true, Ordering::Release);
    }

    /// [`MongoStore::close`] for those who cannot wait otherwise: blocks until it is done. On a runtime of one thread the
    /// writer could not go on meanwhile; there it ends by itself, and nothing more is taken.
    pub(crate) fn close_blocking(&self) {
        match Handle::try_current() {
            Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => {
                tokio::task::block_in_place(|| handle.block_on(self.close()));
            }
            _ => drop(self.inner.queue.lock().unwrap_or_else(PoisonError::into_inner).take()),
        }
    }

    /// Writes everything that was handed in and ends the writer. Whatever comes after is answered with
    /// [`StoreError::Closed`].
    pub async fn close(&self) {
        drop(self.inner.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let writer = self.inner.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // It only ends early where it panicked, which was told then.
            let _ = writer.await;
        }
        *self.inner.shared.health.write().await = Health::Closed;
        let appeared = self.inner.appeared.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(appeared) = appeared {
            appeared.vanish(&self.inner.shared.db).await;
        }
        self.inner.shared.db.client.clone().shutdown().immediate(true).await;
    }
}

impl std::fmt::Debug for MongoStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MongoStore").field("url", &self.inner.shared.db.url).finish()
    }
}
