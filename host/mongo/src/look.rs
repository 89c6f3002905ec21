//! A database that is only read: no host loses its place by it.

use std::{
    sync::{Arc, Mutex, atomic::AtomicBool},
    time::Duration,
};

use mongodb::bson::doc;
use puppet_store::Result;
use tokio::sync::RwLock;

use crate::{
    MongoStore, Options,
    fields::Fields,
    line::{Health, Shared},
    nearest::Search,
    open, queries, recovery,
    store::Inner,
    text::Words,
};

/// How long a host has for applying what was committed before the look.
const WAIT: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(20);

impl MongoStore {
    /// Opens a database for reading, also while a host works with it: what is asked to be written is answered with
    /// [`StoreError::Closed`]. What was committed before is seen. `None` where there is no such database.
    ///
    /// # Errors
    /// As [`MongoStore::open`].
    pub async fn open_read_only(url: &str, options: Options) -> Result<Option<Self>> {
        let db = Arc::new(open::connect(url, options).await?);
        if open::version(&db).await?.is_none() {
            return Ok(None);
        }
        let last = db.find_fields(&queries::LAST_COMMIT, doc! {}, 1, Some(doc! {"order": 1})).await?;
        let last = last.first().map_or(Ok(0), |commit| Fields::of(crate::schema::COMMITS, commit).int("order"))?;
        let shared = Arc::new(Shared { db, health: RwLock::new(Health::Good) });
        applied(&shared, last).await?;
        let inner = Inner {
            shared,
            queue: Mutex::new(None),
            writer: Mutex::new(None),
            appeared: Mutex::new(None),
            paid: Arc::new(AtomicBool::new(false)),
            words: Words::new()?,
            search: Search::default(),
            read_only: true,
        };
        Ok(Some(Self { inner: Arc::new(inner) }))
    }
}

/// Waits for the host that applies a commit. Where there is none, the next one will: a reader that did it might come
/// between, late, and bring back what is gone.
async fn applied(shared: &Shared, last: i64) -> Result<()> {
    let end = tokio::time::Instant::now() + WAIT;
    while recovery::applied(&shared.db).await? < last {
        if tokio::time::Instant::now() >= end {
            tracing::warn!("what a host left that did not end well is seen once the next one has started");
            return Ok(());
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}
