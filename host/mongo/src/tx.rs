//! What a group of work sees and changes: the rows as they will be, laid over those in the database. Nothing is written
//! here. Each piece of work takes back what it did if it fails.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use mongodb::bson::{Bson, Document, doc};
use puppet_store::{Result, StoreError};
use puppet_types::Digest;

use crate::{
    change::RowChange,
    commits::{ContentId, Counters, Staged},
    db::{Db, ROW_BYTES},
    queries::{Query, by_id},
};

/// Rows that work will look at: asked for once for the whole group.
#[derive(Default)]
pub(crate) struct Wanted {
    ids: BTreeMap<&'static str, BTreeSet<String>>,
    sets: BTreeMap<&'static str, (&'static Query, &'static str, BTreeSet<String>)>,
}

impl Wanted {
    /// A row.
    pub(crate) fn row(&mut self, collection: &'static str, id: impl Into<String>) {
        self.ids.entry(collection).or_default().insert(id.into());
    }

    /// All rows whose one field is this text.
    pub(crate) fn set(&mut self, query: &'static Query, field: &'static str, value: &str) {
        self.sets.entry(query.name).or_insert_with(|| (query, field, BTreeSet::new())).2.insert(value.to_owned());
    }
}

struct Seen {
    /// In the database.
    stored: Option<Document>,
    now: Option<Document>,
    /// Whether somebody wrote it since it was fetched.
    touched: bool,
}

impl Seen {
    fn fetched(stored: Option<Document>) -> Self {
        Self { now: stored.clone(), stored, touched: false }
    }
}

/// More rows than are asked for are fetched, since the next piece of work often asks for more of the same.
const SPARE: usize = 64;

pub(crate) struct Tx {
    db: Arc<Db>,
    seen: BTreeMap<&'static str, BTreeMap<String, Seen>>,
    /// Questions whose rows were all fetched.
    sets: BTreeSet<String>,
    /// Questions of which so many rows were fetched, from the first on.
    firsts: BTreeMap<String, usize>,
    /// Questions by how many rows there are in the database.
    counts: BTreeMap<String, u64>,
    answers: BTreeMap<ContentId, String>,
    pub(crate) counters: Counters,
    piece: Piece,
}

/// What the present piece of work has done.
#[derive(Default)]
struct Piece {
    before: BTreeMap<(&'static str, String), Option<Document>>,
    counters: Counters,
    answers: BTreeMap<ContentId, String>,
    dropped: BTreeSet<ContentId>,
}

impl Tx {
    pub(crate) fn new(db: Arc<Db>, counters: Counters) -> Self {
        let piece = Piece { counters, ..Piece::default() };
        let (seen, sets, answers) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
        let (firsts, counts) = (BTreeMap::new(), BTreeMap::new());
        Self { db, seen, sets, firsts, counts, answers, counters, piece }
    }

    /// Fetches what was asked for.
    pub(crate) async fn fetch(&mut self, wanted: Wanted) -> Result<()> {
        for (collection, ids) in wanted.ids {
            let seen = self.seen.entry(collection).or_default();
            let ids: Vec<String> = ids.into_iter().filter(|id| !seen.contains_key(id)).collect();
            if ids.is_empty() {
                continue;
            }
            let found = self.db.find(by_id(collection), doc! {"_id": {"$in": &ids}}, 0).await?;
            self.take(collection, found);
            let seen = self.seen.entry(collection).or_default();
            for id in ids {
                seen.entry(id).or_insert_with(|| Seen::fetched(None));
            }
        }
        for (query, field, values) in wanted.sets.into_values() {
            let values: Vec<String> = values.into_iter().collect();
            let found = self.db.find(query, doc! {field: {"$in": &values}}, 0).await?;
            self.take(query.collection, found);
            self.sets.extend(values.iter().map(|value| set(query, &doc! {field: value})));
        }
        Ok(())
    }

    fn take(&mut self, collection: &'static str, found: Vec<Document>) {
        let seen = self.seen.entry(collection).or_default();
        for document in found {
            let Ok(id) = document.get_str("_id") else { continue };
            seen.entry(id.to_owned()).or_insert_with(|| Seen::fetched(Some(document)));
        }
    }

    /// A row as it is now.
    pub(crate) async fn get(&mut self, collection: &'static str, id: &str) -> Result<Option<Document>> {
        if !self.seen.get(collection).is_some_and(|rows| rows.contains_key(id)) {
            let mut wanted = Wanted::default();
            wanted.row(collection, id);
            self.fetch(wanted).await?;
        }
        Ok(self.seen.get(collection).and_then(|rows| rows.get(id)).and_then(|seen| seen.now.clone()))
    }

    /// All rows that have these fields, in no order.
    pub(crate) async fn find(&mut self, query: &'static Query, filter: Document) -> Result<Vec<Document>> {
        if self.sets.insert(set(query, &filter)) {
            let found = self.db.find(query, filter.clone(), 0).await?;
            self.take(query.collection, found);
        }
        Ok(self.having(query, &filter))
    }

    /// The first rows of a question that has too many to look at all of them; `matches` says the same as `filter`.
    pub(crate) async fn first(
        &mut self,
        query: &'static Query,
        filter: Document,
        matches: impl Fn(&Document) -> bool,
        most: usize,
    ) -> Result<Vec<Document>> {
        let touched = self.seen.get(query.collection).into_iter().flat_map(BTreeMap::values);
        let needed = most.saturating_add(touched.filter(|seen| seen.touched).count());
        let question = set(query, &filter);
        if self.firsts.get(&question).is_none_or(|fetched| *fetched < needed) {
            let fetched = needed.saturating_add(SPARE);
            let found = self.db.find(query, filter, crate::fields::limit(fetched)).await?;
            self.take(query.collection, found);
            self.firsts.insert(question, fetched);
        }
        let rows = self.seen.get(query.collection).into_iter().flat_map(BTreeMap::values);
        let mut rows: Vec<&Document> = rows.filter_map(|seen| seen.now.as_ref()).filter(|row| matches(row)).collect();
        rows.sort_by(|one, other| in_order(query, one, other));
        Ok(rows.into_iter().take(most).cloned().collect())
    }

    /// How many rows there are by now; `matches` says the same as `filter`.
    pub(crate) async fn count(
        &mut self,
        query: &'static Query,
        filter: Document,
        matches: impl Fn(&Document) -> bool,
    ) -> Result<u64> {
        let question = set(query, &filter);
        let stored = match self.counts.get(&question) {
            Some(stored) => *stored,
            None => {
                let sums = self.db.sums(query, filter, None, None).await?;
                let stored = sums.values().map(|(count, _)| count).sum();
                self.counts.insert(question, stored);
                stored
            }
        };
        let count = |row: &Option<Document>| i64::from(row.as_ref().is_some_and(&matches));
        let seen = self.seen.get(query.collection).into_iter().flat_map(BTreeMap::values);
        let more: i64 = seen.filter(|seen| seen.touched).map(|seen| count(&seen.now) - count(&seen.stored)).sum();
        Ok(stored.saturating_add_signed(more))
    }

    /// Writes a row.
    pub(crate) async fn put(&mut self, collection: &'static str, id: &str, mut row: Document) -> Result<()> {
        fits("a row", row.iter().map(|(_, value)| value_size(value)).sum())?;
        row.insert("_id", id);
        self.set(collection, id, Some(row)).await
    }

    /// Deletes one. Whether there was one.
    pub(crate) async fn delete(&mut self, collection: &'static str, id: &str) -> Result<bool> {
        let there = self.get(collection, id).await?.is_some();
        if there {
            self.set(collection, id, None).await?;
        }
        Ok(there)
    }

    /// Writes a row that cannot be there, because its key holds a number that was just given out.
    pub(crate) async fn put_new(&mut self, collection: &'static str, id: &str, row: Document) -> Result<()> {
        let rows = self.seen.entry(collection).or_default();
        rows.entry(id.to_owned()).or_insert_with(|| Seen::fetched(None));
        self.put(collection, id, row).await
    }

    /// Whether the database has such a row, as far as that is known.
    pub(crate) fn is_stored(&self, collection: &str, id: &str) -> bool {
        let seen = self.seen.get(collection).and_then(|rows| rows.get(id));
        seen.is_none_or(|seen| seen.stored.is_some())
    }

    /// All rows that have these fields where the database has none of them.
    pub(crate) fn find_new(&mut self, query: &'static Query, filter: &Document) -> Vec<Document> {
        self.sets.insert(set(query, filter));
        self.having(query, filter)
    }

    fn having(&self, query: &'static Query, filter: &Document) -> Vec<Document> {
        let rows = self.seen.get(query.collection).into_iter().flat_map(BTreeMap::values);
        let has = |row: &&Document| filter.iter().all(|(field, value)| row.get(field) == Some(value));
        rows.filter_map(|seen| seen.now.as_ref()).filter(has).cloned().collect()
    }

    async fn set(&mut self, collection: &'static str, id: &str, row: Option<Document>) -> Result<()> {
        let before = self.get(collection, id).await?;
        self.piece.before.entry((collection, id.to_owned())).or_insert(before);
        let seen = self.seen.entry(collection).or_default().entry(id.to_owned());
        let seen = seen.or_insert_with(|| Seen::fetched(None));
        (seen.now, seen.touched) = (row, true);
        Ok(())
    }

    /// Keeps a read answer under its own content.
    pub(crate) fn keep_answer(&mut self, text: String) -> Result<ContentId> {
        fits("the answer of a read", text.len())?;
        let id = *Digest::of(text.as_bytes()).as_bytes();
        self.piece.answers.insert(id, text);
        Ok(id)
    }

    /// Says that a row refers to it no more.
    pub(crate) fn drop_answers(&mut self, ids: impl IntoIterator<Item = ContentId>) {
        self.piece.dropped.extend(ids);
    }

    /// Answers by what they are called.
    pub(crate) async fn answers(&self, ids: &[ContentId]) -> Result<BTreeMap<ContentId, String>> {
        let own = |id: &ContentId| self.piece.answers.get(id).or_else(|| self.answers.get(id));
        let (known, other): (Vec<_>, Vec<_>) = ids.iter().partition(|id| own(id).is_some());
        let mut found = crate::answers::load(&self.db, other.into_iter().copied()).await?;
        found.extend(known.into_iter().filter_map(|id| Some((*id, own(id)?.clone()))));
        Ok(found)
    }

    /// The piece of work has failed: nothing of it stays.
    pub(crate) fn undo(&mut self) {
        let piece = std::mem::take(&mut self.piece);
        for ((collection, id), before) in piece.before {
            if let Some(seen) = self.seen.get_mut(collection).and_then(|rows| rows.get_mut(&id)) {
                seen.now = before;
            }
        }
        self.counters = piece.counters;
        self.piece.counters = self.counters;
    }

    /// The piece of work is done: what it changes; none where that is nothing.
    pub(crate) fn end(&mut self, agent: &str) -> Option<Staged> {
        let piece = std::mem::take(&mut self.piece);
        self.piece.counters = self.counters;
        let mut changes = Vec::new();
        for ((collection, id), before) in piece.before {
            let now = self.seen.get(collection).and_then(|rows| rows.get(&id)).and_then(|seen| seen.now.clone());
            if now != before {
                changes.push(RowChange { collection, id, new: before.is_none(), row: now });
            }
        }
        self.answers.extend(piece.answers.clone());
        let Piece { answers, dropped, .. } = piece;
        let (agent, counters) = (agent.to_owned(), self.counters);
        (!changes.is_empty()).then_some(Staged { agent, changes, counters, answers, dropped })
    }

    /// What was done so far is in the database.
    pub(crate) fn settled(&mut self) {
        self.counts.clear();
        for seen in self.seen.values_mut().flat_map(BTreeMap::values_mut) {
            seen.stored.clone_from(&seen.now);
        }
    }
}

/// Near enough to bound what is written together; what is written is measured exactly there.
pub(crate) fn value_size(value: &Bson) -> usize {
    match value {
        Bson::String(text) => text.len(),
        Bson::Binary(binary) => binary.bytes.len(),
        Bson::Array(values) => values.iter().map(value_size).sum(),
        _ => 16,
    }
}

/// Whether a server takes it. Told here so that it fails alone, and not with its group.
fn fits(what: &str, bytes: usize) -> Result<()> {
    match bytes > ROW_BYTES {
        true => Err(StoreError::TooLarge { what: what.to_owned(), bytes: bytes as u64, most: ROW_BYTES as u64 }),
        false => Ok(()),
    }
}

fn set(query: &Query, filter: &Document) -> String {
    format!("{} {filter}", query.name)
}

/// The order that the query declares.
fn in_order(query: &Query, one: &Document, other: &Document) -> std::cmp::Ordering {
    use std::cmp::Ordering;
    let by = |field: &str| match (one.get(field), other.get(field)) {
        (Some(Bson::String(one)), Some(Bson::String(other))) => one.cmp(other),
        (Some(Bson::Int64(one)), Some(Bson::Int64(other))) => one.cmp(other),
        (Some(Bson::Double(one)), Some(Bson::Double(other))) => one.total_cmp(other),
        _ => Ordering::Equal,
    };
    let ordered = query.sort.iter().map(|(field, way)| if *way < 0 { by(field).reverse() } else { by(field) });
    ordered.fold(Ordering::Equal, Ordering::then)
}

/// A row that must be there.
pub(crate) fn there<T>(what: &str, row: Option<T>) -> Result<T> {
    row.ok_or_else(|| StoreError::Failed(format!("there is no {what}")))
}
