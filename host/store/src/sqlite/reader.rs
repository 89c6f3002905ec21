//! Connections for reading. One that is free is taken, the last used first since its cache is warm; where none
//! is free one more is opened, so that a long report never holds up a short read.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use rusqlite::Connection;

use super::{disk, lock, open};
use crate::{Result, StoreError};

/// So many stay open while nobody reads.
const IDLE: usize = 4;

pub(super) struct Readers {
    source: Source,
    closed: AtomicBool,
}

enum Source {
    File { path: PathBuf, idle: Mutex<Vec<Connection>> },
    Shared(Arc<Mutex<Connection>>),
}

impl Readers {
    pub(super) fn file(path: PathBuf) -> Self {
        Self { source: Source::File { path, idle: Mutex::new(Vec::new()) }, closed: AtomicBool::new(false) }
    }

    pub(super) fn shared(conn: Arc<Mutex<Connection>>) -> Self {
        Self { source: Source::Shared(conn), closed: AtomicBool::new(false) }
    }

    pub(super) fn is_shared(&self) -> bool {
        matches!(self.source, Source::Shared(_))
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        if let Source::File { idle, .. } = &self.source {
            lock(idle).clear();
        }
    }

    pub(super) fn with<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::Closed);
        }
        match &self.source {
            Source::Shared(conn) => work(&lock(conn)),
            Source::File { path, idle } => {
                let free = lock(idle).pop();
                let conn = match free {
                    Some(conn) => conn,
                    None => open::readable(path)?,
                };
                let answer = work(&conn).map_err(|error| disk::asked(error, &conn));
                let mut idle = lock(idle);
                if idle.len() < IDLE && !self.closed.load(Ordering::Acquire) {
                    idle.push(conn);
                }
                answer
            }
        }
    }
}
