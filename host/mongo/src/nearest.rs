//! Memories by likeness of their vectors, asked of the server: `$vectorSearch` over a search index for each length of
//! vector, where the server has such a thing. It only proposes rows. Whoever asks looks at the newest ones too, so nothing
//! is lost while an index is not ready, and nothing where there is none.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::TryStreamExt as _;
use mongodb::{
    bson::{Document, doc},
    error::{Error, ErrorKind},
};
use puppet_store::{Result, TextHit, Vector};
use puppet_types::{AgentId, MemoryKind};

use crate::{
    db::Db,
    fields::{says, vector_field},
    memories::{hit, names},
    schema::MEMORIES,
    store::MongoStore,
};

/// Longest wait for the server: a recall goes on without it, and writes wait for a reader.
const WAIT: Duration = Duration::from_secs(2);

/// Longest vector that an index takes.
const DIMENSIONS: usize = 8_192;

/// Neighbours that are looked at for each row that is wanted (MongoDB's own advice is 20 or more), and the most it allows.
const CANDIDATES: (usize, usize) = (20, 10_000);

/// Not authorized, no such command, not supported, Atlas refuses, search is not enabled, no such stage, the stage is for
/// Atlas alone.
const WITHOUT_SEARCH: [i32; 7] = [13, 59, 115, 8_000, 31_082, 40_324, 6_047_401];

/// The index is there, with something else in it: somebody made it so on purpose.
const INDEX_EXISTS: i32 = 68;

/// What is known of a server's vector search, for one opening.
#[derive(Default)]
pub(crate) struct Search {
    /// It has none.
    absent: AtomicBool,
    /// Lengths that have their index.
    indexed: Mutex<BTreeSet<usize>>,
}

impl Search {
    pub(crate) fn is_absent(&self) -> bool {
        self.absent.load(Ordering::Relaxed)
    }

    fn lengths(&self) -> std::sync::MutexGuard<'_, BTreeSet<usize>> {
        self.indexed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why there are no rows this time, and perhaps no other time.
    fn note(&self, error: &Error) {
        if code(error).is_some_and(|code| WITHOUT_SEARCH.contains(&code)) {
            if !self.absent.swap(true, Ordering::Relaxed) {
                tracing::debug!(%error, "this server has no vector search: recall looks at the newest memories");
            }
        } else {
            tracing::debug!(%error, "a recall goes without vector search");
        }
    }
}

/// By which the server says what is wrong.
fn code(error: &Error) -> Option<i32> {
    match &*error.kind {
        ErrorKind::Command(failed) => Some(failed.code),
        _ => None,
    }
}

/// The index of vectors of this length.
fn index_of(length: usize) -> String {
    format!("vector_{length}")
}

/// `createSearchIndexes`; the same index again is no error to a server, and one of this name that is there stays as it is.
async fn make_index(db: &Db, length: i32, name: &str) -> std::result::Result<(), Error> {
    let filter = |path: &str| doc! {"type": "filter", "path": path};
    let vector = doc! {"type": "vector", "path": "vector", "numDimensions": length, "similarity": "cosine"};
    let definition = doc! {"fields": [vector, filter("agent"), filter("model"), filter("kind")]};
    let index = doc! {"name": name, "type": "vectorSearch", "definition": definition};
    match db.database.run_command(doc! {"createSearchIndexes": MEMORIES, "indexes": [index]}).await {
        Err(error) if code(&error) != Some(INDEX_EXISTS) => Err(error),
        _ => Ok(()),
    }
}

/// The only stage of the question.
fn stage(agent: &AgentId, kinds: &[MemoryKind], vector: &Vector, index: &str, rows: usize) -> Document {
    let mut filter = vec![doc! {"agent": {"$eq": agent.as_str()}}, doc! {"model": {"$eq": &vector.model}}];
    if !kinds.is_empty() {
        filter.push(doc! {"kind": {"$in": names(kinds)}});
    }
    let limit = i32::try_from(rows.min(CANDIDATES.1)).unwrap_or(i32::MAX);
    let candidates = i32::try_from(rows.saturating_mul(CANDIDATES.0).min(CANDIDATES.1)).unwrap_or(i32::MAX);
    doc! {"$vectorSearch": {
        "index": index,
        "path": "vector",
        "queryVector": vector_field(&vector.numbers),
        "numCandidates": candidates,
        "limit": limit,
        "filter": {"$and": filter},
    }}
}

/// What came in time; `None` where nothing did.
async fn in_time<T>(search: &Search, asked: impl Future<Output = std::result::Result<T, Error>>) -> Option<T> {
    match tokio::time::timeout(WAIT, asked).await {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(error)) => {
            search.note(&error);
            None
        }
        Err(_) => {
            tracing::debug!("a recall goes without vector search: no answer within {WAIT:?}");
            None
        }
    }
}

impl MongoStore {
    /// Rows whose vectors point where this one does; `None` where the server cannot say, now or ever.
    pub(crate) async fn nearest_rows(
        &self,
        agent: &AgentId,
        kinds: &[MemoryKind],
        vector: &Vector,
        rows: usize,
    ) -> Result<Option<Vec<TextHit>>> {
        let (search, length) = (&self.inner.search, vector.numbers.len());
        // A vector without a direction has no cosine.
        let points = vector.numbers.iter().all(|x| x.is_finite()) && vector.numbers.iter().any(|x| *x != 0.0);
        if search.is_absent() || rows == 0 || length > DIMENSIONS || !points {
            return Ok(None);
        }
        let index = index_of(length);
        // A reader changes nothing: where no host has made the index, the server finds nothing by it.
        if !self.inner.read_only && !search.lengths().contains(&length) {
            let dimensions = i32::try_from(length).unwrap_or(i32::MAX);
            if in_time(search, make_index(&self.inner.shared.db, dimensions, &index)).await.is_none() {
                return Ok(None);
            }
            search.lengths().insert(length);
        }
        let reading = self.reading().await?;
        let collection = reading.db.collection(MEMORIES);
        let pipeline = [stage(agent, kinds, vector, &index, rows)];
        let found = in_time(search, async {
            let found: Vec<Document> = collection.aggregate(pipeline).await?.try_collect().await?;
            Ok(found)
        });
        let Some(mut found) = found.await else { return Ok(None) };
        // An index is a little behind the rows that it names.
        let kinds = names(kinds);
        found.retain(|row| {
            says(row, "agent", agent.as_str())
                && says(row, "model", &vector.model)
                && (kinds.is_empty() || kinds.iter().any(|kind| says(row, "kind", kind)))
        });
        found.iter().map(hit).collect::<Result<Vec<_>>>().map(Some)
    }
}
