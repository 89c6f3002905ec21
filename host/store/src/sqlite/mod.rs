//! SQLite, the embedded default: one writer thread with group commit, readers beside it (WAL).
//!
//! Reads that touch a few rows run where they are called: from the page cache they take tens of microseconds,
//! less than a change of thread. Reads that may walk a table (journal, reports, start-up) go to the blocking
//! pool. A database in memory has one connection, which writer and readers share.

mod agents;
mod api;
mod api_answers;
mod api_changes;
mod api_sessions;
mod billed;
mod budgets;
mod candles;
mod commit;
mod disk;
mod documents;
mod events;
mod forget;
mod halt;
mod heard;
mod integrity;
mod journal;
mod memories;
mod names;
mod open;
mod outbox;
mod past;
mod posts;
mod purses;
mod reader;
mod retention;
mod rows;
mod schema;
mod state;
mod strikes;
mod swaps;
mod timers;
mod trading;
mod values;
mod vectors;
mod writer;

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError, Weak, atomic::AtomicBool},
};

use rusqlite::Connection;

use crate::{HostLock, Result, StoreError};
use names::Names;
use reader::Readers;
use writer::{Turn, Writer};

pub(crate) use disk::of_file;
pub use disk::try_disk;
pub(crate) use open::make_folder;
pub use schema::SCHEMA_VERSION;

/// How much a power cut may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Nothing that was answered.
    #[default]
    Full,
    /// Everything since the system last wrote back; a killed process still loses nothing. For simulations.
    Relaxed,
}

/// How a data folder is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// How much a power cut may take.
    pub durability: Durability,
}

/// A [`crate::Store`] in one SQLite file. Clones are the same store.
#[derive(Clone)]
pub struct SqliteStore {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    /// The writer's connection, for as long as that lives; none as well.
    pub(crate) conn: Weak<Mutex<Connection>>,
    /// None where the folder was opened for reading.
    writer: Option<Writer>,
    readers: Readers,
    /// Whether there may be rows of paid reads, which the end of an invocation clears away.
    paid: Arc<AtomicBool>,
    names: Names,
}

impl Inner {
    fn writable(conn: Connection, readers: impl FnOnce(&Arc<Mutex<Connection>>) -> Readers) -> Result<Self> {
        let paid = Arc::new(AtomicBool::new(budgets::any_paid(&conn)?));
        let conn = Arc::new(Mutex::new(conn));
        let readers = readers(&conn);
        Ok(Self {
            conn: Arc::downgrade(&conn),
            writer: Some(Writer::start(conn)?),
            readers,
            paid,
            names: Names::default(),
        })
    }
}

impl SqliteStore {
    /// Opens `dir/puppet.db` for reading and writing, making folder and file where they are missing and bringing
    /// an earlier schema up to date. One host per folder is [`HostLock`]'s business.
    pub fn open(dir: &Path, options: Options) -> Result<Self> {
        make_folder(dir)?;
        let path = dir.join(open::FILE);
        let mut conn = open::writable(&path, options.durability)?;
        schema::migrate(&mut conn, &path, schema::STEPS)?;
        Ok(Self { inner: Arc::new(Inner::writable(conn, |_| Readers::file(path))?) })
    }

    /// A store that is gone when it is dropped.
    pub fn in_memory() -> Result<Self> {
        let path = Path::new(":memory:");
        let mut conn = open::memory()?;
        schema::migrate(&mut conn, path, schema::STEPS)?;
        Ok(Self { inner: Arc::new(Inner::writable(conn, |conn| Readers::shared(Arc::clone(conn)))?) })
    }

    /// Opens a folder for reading alone, also while a host works in it. Data of an earlier version are brought up
    /// to date first, which needs that no host runs.
    pub fn open_read_only(dir: &Path) -> Result<Self> {
        let path = dir.join(open::FILE);
        if !path.is_file() {
            return Err(StoreError::Open { path: dir.to_owned(), reason: format!("there is no {} in it", open::FILE) });
        }
        let conn = open::readable(&path)?;
        if schema::check(&conn, &path, schema::STEPS)? < SCHEMA_VERSION {
            drop(conn);
            let _lock = HostLock::take(dir)?;
            let mut conn = open::writable(&path, Durability::Full)?;
            schema::migrate(&mut conn, &path, schema::STEPS)?;
        }
        let paid = Arc::new(AtomicBool::new(true));
        Ok(Self {
            inner: Arc::new(Inner {
                conn: Weak::new(),
                writer: None,
                readers: Readers::file(path),
                paid,
                names: Names::default(),
            }),
        })
    }

    /// Writes everything that was handed in, folds the log into the file and ends the writer. Whatever comes
    /// after is answered with [`StoreError::Closed`]. Blocks until it is done.
    pub fn close(&self) {
        if let Some(writer) = &self.inner.writer {
            self.inner.readers.close();
            writer.close();
        } else {
            self.inner.readers.close();
        }
    }

    /// Hands work to the writer at the first poll, so that order of polling is order of execution.
    /// The work may run twice (the second time after the first was rolled back): it must not change what it holds.
    async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> Result<T> + Send + 'static,
    {
        self.hand_in(work, Turn::Now).await
    }

    /// The same at a turn of its own.
    async fn hand_in<T, F>(&self, work: F, turn: Turn) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> Result<T> + Send + 'static,
    {
        let Some(writer) = &self.inner.writer else {
            return Err(StoreError::Failed("the data folder was opened for reading only".into()));
        };
        writer.enqueue(work, turn)?.await.map_err(|_| StoreError::Closed)?
    }

    /// Work on the writer's connection outside of any transaction. The writer waits for it.
    async fn on_writer<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let conn = self.inner.conn.upgrade().ok_or(StoreError::Closed)?;
        let task = tokio::task::spawn_blocking(move || work(&lock(&conn)));
        task.await.unwrap_or_else(|error| Err(StoreError::Failed(error.to_string())))
    }

    /// A read of a few rows, here and now.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.inner.readers.with(work)
    }

    /// A read that may walk a table.
    async fn scan<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        if self.inner.readers.is_shared() {
            return self.read(work);
        }
        let inner = Arc::clone(&self.inner);
        let task = tokio::task::spawn_blocking(move || inner.readers.with(work));
        task.await.unwrap_or_else(|error| Err(StoreError::Failed(error.to_string())))
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("read_only", &self.inner.writer.is_none()).finish()
    }
}

/// A poisoned lock guards nothing that could be half-done: a transaction that was left is rolled back.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
