//! What reads were answered: documents of their own, called by their content, written before any row refers to them.
//! The same read kept for a retry and in the journal is there once.

use std::collections::{BTreeMap, BTreeSet};

use mongodb::bson::{Bson, Document, doc};
use puppet_store::{Result, StoreError};
use serde_json::value::RawValue;

use crate::{
    commits::ContentId,
    db::{Db, Write, measured},
    fields::{Fields, blob, corrupt},
    queries,
    schema::{ANSWERS, JOURNAL},
};

/// The reads of a record: each a document of its own; whole where they are none, or no list.
pub(crate) enum Reads {
    Each(Vec<String>),
    Whole(String),
}

impl Reads {
    /// Cuts the JSON of a list into its parts, if they put together are the same bytes again.
    pub(crate) fn of(text: &str) -> Self {
        let parts: Vec<String> = match serde_json::from_str::<Vec<&RawValue>>(text) {
            Ok(parts) => parts.into_iter().map(|part| part.get().to_owned()).collect(),
            Err(_) => Vec::new(),
        };
        match !parts.is_empty() && joined(parts.iter().map(String::as_str)) == text {
            true => Self::Each(parts),
            false => Self::Whole(text.to_owned()),
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Each(parts) => parts.iter().map(String::len).sum(),
            Self::Whole(text) => text.len(),
        }
    }
}

fn joined<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", parts.collect::<Vec<_>>().join(","))
}

/// As a field: the ids of the parts, or the text.
pub(crate) fn field(ids: &[ContentId]) -> Bson {
    Bson::Array(ids.iter().map(|id| blob(id)).collect())
}

fn id_of(value: &Bson) -> Option<ContentId> {
    match value {
        Bson::Binary(binary) => binary.bytes.as_slice().try_into().ok(),
        _ => None,
    }
}

/// What a field refers to: of `reads` several, of `body` one.
pub(crate) fn ids(document: &Document, field: &str) -> Vec<ContentId> {
    match document.get(field) {
        Some(Bson::Array(ids)) => ids.iter().filter_map(id_of).collect(),
        Some(one) => id_of(one).into_iter().collect(),
        None => Vec::new(),
    }
}

/// The text of `reads`, out of answers that were loaded.
pub(crate) fn text(document: &Document, answers: &BTreeMap<ContentId, String>) -> Result<String> {
    match document.get("reads") {
        Some(Bson::Array(_)) => {
            let parts = ids(document, "reads").into_iter().map(|id| one(JOURNAL, &id, answers));
            Ok(joined(parts.collect::<Result<Vec<_>>>()?.into_iter()))
        }
        _ => Ok(Fields::of(JOURNAL, document).text("reads")?.to_owned()),
    }
}

/// One of them.
pub(crate) fn one<'a>(
    table: &'static str,
    id: &ContentId,
    answers: &'a BTreeMap<ContentId, String>,
) -> Result<&'a str> {
    answers.get(id).map(String::as_str).ok_or_else(|| corrupt(table, &"a read answer is not there"))
}

/// Reads them.
pub(crate) async fn load(db: &Db, ids: impl IntoIterator<Item = ContentId>) -> Result<BTreeMap<ContentId, String>> {
    let ids: BTreeSet<ContentId> = ids.into_iter().collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids: Vec<Bson> = ids.iter().map(|id| blob(id)).collect();
    let mut found = BTreeMap::new();
    for document in db.find(&queries::ANSWERS_BY_ID, doc! {"_id": {"$in": ids}}, 0).await? {
        let fields = Fields::of(ANSWERS, &document);
        if let Some(id) = document.get("_id").and_then(id_of) {
            found.insert(id, fields.text("body")?.to_owned());
        }
    }
    Ok(found)
}

/// Writes them, for a commit that is to come at this place.
pub(crate) async fn write(db: &Db, answers: BTreeMap<ContentId, String>, order: i64) -> Result<()> {
    let writes = answers.into_iter().map(|(id, body)| {
        let body = doc! {"$setOnInsert": {"body": body, "order": order}};
        let bytes = measured("the answer of a read", &body)?;
        Ok(Write { document: doc! {"q": {"_id": blob(&id)}, "u": body, "upsert": true}, bytes })
    });
    let writes = writes.collect::<Result<Vec<_>>>()?;
    if writes.is_empty() {
        return Ok(());
    }
    db.step(crate::fault::Step::Answers)?;
    db.write("update", "updates", ANSWERS, writes).await
}

/// Deletes those that no row refers to.
pub(crate) async fn sweep(db: &Db, ids: &BTreeSet<ContentId>) -> Result<()> {
    let list: Vec<Bson> = ids.iter().map(|id| blob(id)).collect();
    let fields = |field: &str| Some(doc! {field: 1});
    let filter = |field: &str| doc! {field: {"$in": &list}};
    let records = db.find_fields(&queries::JOURNAL_OF_READS, filter("reads"), 0, fields("reads")).await?;
    let kept = db.find_fields(&queries::KEPT_READS_WITH, filter("body"), 0, fields("body")).await?;
    let used = records.iter().flat_map(|row| self::ids(row, "reads"));
    let used: BTreeSet<_> = used.chain(kept.iter().flat_map(|row| self::ids(row, "body"))).collect();
    let gone = ids.difference(&used);
    let writes = gone.map(|id| Write { document: doc! {"q": {"_id": blob(id)}, "limit": 1}, bytes: 100 });
    db.write("delete", "deletes", ANSWERS, writes.collect()).await
}

/// That an invocation's reads are more than is kept of them.
pub(crate) fn too_large(bytes: usize, most: usize) -> StoreError {
    StoreError::TooLarge { what: "what an invocation read".into(), bytes: bytes as u64, most: most as u64 }
}
