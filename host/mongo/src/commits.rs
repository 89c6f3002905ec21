//! Commit documents: what is in one, and how they get into the database. `_id` is the agent and its own next number;
//! `order` is the place in the one line of all commits, and unique as well: a host that does not know the last commit
//! cannot write the next one, whoever's it is.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use mongodb::bson::{Bson, Document, doc};
use puppet_store::{Result, StoreError};
use puppet_types::Digest;
use tokio::time::Instant;

use crate::{
    change::RowChange,
    db::{Db, measured},
    fault::Fault,
    fields::{Fields, blob, corrupt},
    queries,
    schema::COMMITS,
};

/// Numbers that were given out last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) events: i64,
    pub(crate) journal: i64,
    pub(crate) outbox: i64,
    pub(crate) state_kept: i64,
    pub(crate) known: i64,
    pub(crate) past: i64,
    pub(crate) seen: i64,
    pub(crate) api_changes: i64,
}

impl Counters {
    pub(crate) fn document(self) -> Document {
        doc! {
            "events": self.events,
            "journal": self.journal,
            "outbox": self.outbox,
            "state_kept": self.state_kept,
            "known": self.known,
            "past": self.past,
            "seen": self.seen,
            "api_changes": self.api_changes,
        }
    }

    pub(crate) fn of(commit: &Document) -> Result<Self> {
        let counters = commit.get_document("counters").map_err(|error| corrupt(COMMITS, &error))?;
        let fields = Fields::of(COMMITS, counters);
        Ok(Self {
            events: fields.int("events")?,
            journal: fields.int("journal")?,
            outbox: fields.int("outbox")?,
            state_kept: fields.int("state_kept")?,
            known: fields.int("known")?,
            past: fields.int("past")?,
            seen: fields.int("seen")?,
            // Commits of an earlier version have none.
            api_changes: fields.maybe_int("api_changes")?.unwrap_or(0),
        })
    }
}

/// Between two looks at whether a commit is there.
const PAUSE: Duration = Duration::from_millis(20);

/// SHA-256 of what a document of its own holds.
pub(crate) type ContentId = [u8; 32];

/// What one piece of work changes: it becomes one commit document.
#[derive(Debug, Default)]
pub(crate) struct Staged {
    /// Whose commit it is; empty: the host's own.
    pub(crate) agent: String,
    pub(crate) changes: Vec<RowChange>,
    pub(crate) counters: Counters,
    /// Read answers that its rows refer to.
    pub(crate) answers: BTreeMap<ContentId, String>,
    /// Read answers that its rows refer to no more: others may.
    pub(crate) dropped: BTreeSet<ContentId>,
}

/// Where a commit stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) seq: i64,
    pub(crate) order: i64,
    /// Who writes it: another of each start.
    pub(crate) host: &'a str,
    /// Which of that host's groups it is a part of.
    pub(crate) group: i64,
}

/// The document of a commit, and those that it refers to because it would be too large with them.
pub(crate) fn encode(staged: &Staged, place: Place<'_>, most: usize) -> Result<(Document, Vec<Document>)> {
    let mut document = doc! {
        "_id": {"agent": &staged.agent, "seq": place.seq},
        "order": place.order,
        "host": place.host,
        "group": place.group,
        "counters": staged.counters.document(),
        "dropped": staged.dropped.iter().map(|id| blob(id)).collect::<Vec<_>>(),
        "applied": false,
    };
    let changes = staged.changes.iter().map(|change| {
        let written = change.clone().document();
        Ok((measured("a row", &written)?, written))
    });
    let changes = changes.collect::<Result<Vec<_>>>()?;
    if changes.iter().map(|(bytes, _)| bytes).sum::<usize>() <= most {
        document.insert("rows", changes.into_iter().map(|(_, change)| Bson::Document(change)).collect::<Vec<_>>());
        return Ok((document, Vec::new()));
    }
    let parts = split(changes, most).into_iter().map(|rows| part(rows, place.order)).collect::<Result<Vec<_>>>()?;
    let ids: Vec<Bson> = parts.iter().filter_map(|part| part.get("_id").cloned()).collect();
    document.insert("parts", ids);
    Ok((document, parts))
}

/// Pieces of at most so many bytes; a change that has more is one of its own.
fn split(changes: Vec<(usize, Document)>, most: usize) -> Vec<Vec<Document>> {
    let (mut parts, mut bytes) = (Vec::<Vec<Document>>::new(), 0);
    for (size, change) in changes {
        match parts.last_mut() {
            Some(last) if bytes + size <= most => {
                last.push(change);
                bytes += size;
            }
            _ => {
                parts.push(vec![change]);
                bytes = size;
            }
        }
    }
    parts
}

fn part(rows: Vec<Document>, order: i64) -> Result<Document> {
    let mut document = doc! {"rows": rows};
    let bytes = document.to_vec().map_err(|error| StoreError::Failed(error.to_string()))?;
    document.insert("_id", blob(Digest::of(&bytes).as_bytes()));
    document.insert("order", order);
    Ok(document)
}

/// The changes of a commit, those of its parts among them.
pub(crate) async fn changes(db: &Db, commit: &Document) -> Result<Vec<RowChange>> {
    if let Ok(rows) = commit.get_array("rows") {
        return rows.iter().filter_map(Bson::as_document).map(RowChange::of).collect();
    }
    let mut changes = Vec::new();
    for id in commit.get_array("parts").map(Vec::as_slice).unwrap_or_default() {
        let found = db.find(&queries::PARTS, doc! {"_id": id}, 1).await?;
        let part = found.first().ok_or_else(|| corrupt(COMMITS, &"a part is not there"))?;
        let rows = part.get_array("rows").map_err(|error| corrupt(COMMITS, &error))?;
        for row in rows.iter().filter_map(Bson::as_document) {
            changes.push(RowChange::of(row)?);
        }
    }
    Ok(changes)
}

/// Why commits are not there.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Another host has written: this one must stop.
    TakenOver,
    /// Whether they are there is not known.
    Unsure(String),
}

/// Inserts commit documents in their order. One that is there already, because an answer was lost, is fine.
pub(crate) async fn insert(db: &Db, documents: &[Document]) -> std::result::Result<(), Refusal> {
    let collection = db.collection(COMMITS);
    let end = Instant::now() + db.options.patience;
    let mut done = 0;
    while done < documents.len() {
        let command = async { Ok(collection.insert_many(&documents[done..]).ordered(true).await.map(drop)?) };
        let (reason, taken) = match db.once(command).await {
            Ok(()) => return Ok(()),
            Err(Fault::Lasting(reason)) => return Err(Refusal::Unsure(reason)),
            Err(Fault::Passing(reason)) => (reason, false),
            Err(Fault::Duplicate) => ("its place is taken".to_owned(), true),
        };
        if Instant::now() >= end {
            return Err(Refusal::Unsure(reason));
        }
        tracing::warn!(%reason, "a commit was not taken: looking whether it is there");
        let found = Found::of(db, documents).await?;
        if taken && found.here == done {
            return Err(Refusal::TakenOver);
        }
        done = found.agreed;
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// How many of some commits are there, from the first on.
struct Found {
    /// On the primary.
    here: usize,
    /// On a majority: they stay.
    agreed: usize,
}

impl Found {
    async fn of(db: &Db, documents: &[Document]) -> std::result::Result<Self, Refusal> {
        let first = documents.first().and_then(|document| document.get("order").cloned()).unwrap_or(Bson::Int64(0));
        let (filter, fields) = (doc! {"order": {"$gte": first}}, doc! {"_id": 1, "order": 1, "host": 1, "group": 1});
        let unsure = |error: StoreError| Refusal::Unsure(error.to_string());
        let here = db.find_fields(&queries::PENDING, filter.clone(), 0, Some(fields.clone())).await.map_err(unsure)?;
        let agreed = db.find_agreed(&queries::PENDING, filter, fields).await.map_err(unsure)?;
        Ok(Self { here: own(&here, documents)?, agreed: own(&agreed, documents)? })
    }
}

/// How many those are, if they are this host's and no other's.
fn own(found: &[Document], documents: &[Document]) -> std::result::Result<usize, Refusal> {
    let same = |(one, other): (&Document, &Document)| {
        ["_id", "order", "host", "group"].into_iter().all(|field| one.get(field) == other.get(field))
    };
    match found.iter().zip(documents).all(same) && found.len() <= documents.len() {
        true => Ok(found.len()),
        false => Err(Refusal::TakenOver),
    }
}
