//! Rows as they are, for copies: documents have the columns as fields, but for what is kept in another way here.

use std::collections::BTreeMap;

use async_trait::async_trait;
use mongodb::bson::{Binary, Bson, Document, doc, spec::BinarySubtype};
use puppet_store::{Cell, Result, Row, RowStore, Table};

use crate::{
    answers::{self, Reads},
    budgets,
    db::Db,
    fault::Fault,
    fields::{Fields, corrupt, key, limit, plain, vector_of_bytes},
    journal, memories,
    queries::{self, Query},
    schema::{
        AGENTS, API_ANSWERS, API_CHANGES, API_KEYS, API_SESSIONS, BILLED, BUDGETS, CANDLES, CASTS, DOCUMENTS, EVENTS,
        HALT, HEARD, JOURNAL, KEPT_READS, KNOWN, MEMORIES, META, MOOD_LOG, MOODS, OPEN_READS, OUTBOX, PAST, POSTS,
        PURSE_LOG, PURSES, REMEMBERED, SEEN, STATE_KEPT, SWAP_APPROVALS, SWAPS, collection,
    },
    state,
    store::{MongoStore, Reading},
    tx::{Tx, Wanted},
    writer::Work,
};

/// Says that a copy is under way.
const COPYING: &str = "copying";

fn value(cell: &Cell) -> Bson {
    match cell {
        Cell::Null => Bson::Null,
        Cell::Int(value) => Bson::Int64(*value),
        Cell::Real(value) => Bson::Double(*value),
        Cell::Text(text) => Bson::String(text.clone()),
        Cell::Blob(bytes) => Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes: bytes.clone() }),
    }
}

fn cell(table: &'static str, value: Option<&Bson>) -> Result<Cell> {
    Ok(match value {
        None | Some(Bson::Null) => Cell::Null,
        Some(Bson::Int64(value)) => Cell::Int(*value),
        Some(Bson::Int32(value)) => Cell::Int((*value).into()),
        Some(Bson::Double(value)) => Cell::Real(*value),
        Some(Bson::String(text)) => Cell::Text(text.clone()),
        Some(Bson::Binary(binary)) => Cell::Blob(plain(binary).to_vec()),
        Some(other) => return Err(corrupt(table, &format!("a value of type {:?}", other.element_type()))),
    })
}

/// What a cell is in a key.
fn spelled(cell: &Cell) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Int(value) => value.to_string(),
        Cell::Real(value) => value.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

/// `_id` of a row.
fn id_of(table: &'static Table, row: &Document) -> Result<String> {
    let of = |column: &str| cell(table.name, row.get(column)).map(|cell| spelled(&cell));
    match collection(table.name) {
        Some(EVENTS | JOURNAL | OUTBOX | AGENTS | POSTS | API_KEYS) => of("id"),
        Some(MOODS) => of("agent"),
        Some(HALT) => of("only"),
        Some(DOCUMENTS) => of("digest"),
        Some(KNOWN) => of("id"),
        Some(PAST) => Ok(key(&[&of("agent")?, &of("id")?])),
        Some(SEEN) => of("post"),
        Some(HEARD) => of("account"),
        Some(PURSES) => of("name"),
        Some(API_SESSIONS) => of("hash"),
        Some(API_CHANGES) => of("seq"),
        Some(SWAP_APPROVALS) => of("hash"),
        Some(STATE_KEPT) => {
            let digest = Fields::of(STATE_KEPT, row).blob("digest")?;
            Ok(state::kept_id(&of("agent")?, &of("plugin")?, digest))
        }
        _ => {
            let parts = table.columns[..table.key].iter().map(|column| of(column)).collect::<Result<Vec<_>>>()?;
            Ok(key(&parts.iter().map(String::as_str).collect::<Vec<_>>()))
        }
    }
}

/// The question for rows by key: the index of the key, whatever the table.
fn by_key(table: &'static Table) -> (&'static Query, &'static [&'static str]) {
    let query: &Query = match collection(table.name) {
        Some(EVENTS) => &queries::EVENTS_AFTER,
        Some(JOURNAL) => &queries::JOURNAL_AFTER,
        Some(OUTBOX) => &queries::ROWS_OUTBOX,
        Some(AGENTS) => &queries::AGENTS_AFTER,
        Some(POSTS) => &queries::ROWS_POSTS,
        Some(MOODS) => &queries::ROWS_MOODS,
        Some(MOOD_LOG) => &queries::ROWS_MOOD_LOG,
        Some(HALT) => &queries::ROWS_HALT,
        Some(crate::schema::TIMERS) => &queries::ROWS_TIMERS,
        Some(crate::schema::RELATIONSHIPS) => &queries::ROWS_RELATIONSHIPS,
        Some(crate::schema::PLUGIN_STATE) => &queries::ROWS_PLUGIN_STATE,
        Some(STATE_KEPT) => &queries::ROWS_STATE_KEPT,
        Some(DOCUMENTS) => &queries::ROWS_DOCUMENTS,
        Some(CASTS) => &queries::ROWS_CASTS,
        Some(KNOWN) => &queries::ROWS_KNOWN,
        Some(PAST) => &queries::ROWS_PAST,
        Some(SEEN) => &queries::ROWS_SEEN,
        Some(HEARD) => &queries::ROWS_HEARD,
        Some(BILLED) => &queries::ROWS_BILLED,
        Some(MEMORIES) => &queries::ROWS_MEMORIES,
        Some(REMEMBERED) => &queries::ROWS_REMEMBERED,
        Some(crate::schema::LIKES) => &queries::ROWS_LIKES,
        Some(BUDGETS) => &queries::ROWS_BUDGETS,
        Some(OPEN_READS) => &queries::ROWS_OPEN_READS,
        Some(KEPT_READS) => &queries::ROWS_KEPT_READS,
        Some(PURSES) => &queries::ROWS_PURSES,
        Some(PURSE_LOG) => &queries::ROWS_PURSE_LOG,
        Some(SWAPS) => &queries::ROWS_SWAPS,
        Some(SWAP_APPROVALS) => &queries::ROWS_SWAP_APPROVALS,
        Some(CANDLES) => &queries::ROWS_CANDLES,
        Some(API_KEYS) => &queries::ROWS_API_KEYS,
        Some(API_SESSIONS) => &queries::ROWS_API_SESSIONS,
        Some(API_CHANGES) => &queries::ROWS_API_CHANGES,
        Some(API_ANSWERS) => &queries::ROWS_API_ANSWERS,
        _ => &queries::ROWS_STRIKES,
    };
    match query.index {
        "_id_" => (query, &["_id"]),
        _ => (query, &table.columns[..table.key]),
    }
}

/// Those whose key comes after this one: greater in the first field that differs.
fn beyond(fields: &[&str], after: &[Bson]) -> Document {
    let branches = (0..fields.len()).map(|last| {
        let mut branch = Document::new();
        for (field, value) in fields.iter().zip(after).take(last) {
            branch.insert(*field, value.clone());
        }
        branch.insert(fields[last], doc! {"$gt": after[last].clone()});
        Bson::Document(branch)
    });
    let mut branches: Vec<Bson> = branches.collect();
    match (branches.len(), branches.pop()) {
        (1, Some(Bson::Document(only))) => only,
        (_, last) => doc! {"$or": branches.into_iter().chain(last).collect::<Vec<_>>()},
    }
}

async fn rows_after(reading: &Reading<'_>, table: &'static Table, after: Option<Row>, most: i64) -> Result<Vec<Row>> {
    let (query, fields) = by_key(table);
    let filter = match after {
        None => Document::new(),
        Some(row) => {
            let mut named = Document::new();
            named.extend(table.columns.iter().zip(&row).map(|(column, cell)| ((*column).to_owned(), value(cell))));
            let key: Vec<Bson> = match fields {
                ["_id"] => vec![Bson::String(id_of(table, &named)?)],
                _ => table.key_of(&row).iter().map(value).collect(),
            };
            beyond(fields, &key)
        }
    };
    let found = reading.find(query, filter, most).await?;
    let ids = found.iter().flat_map(|row| [answers::ids(row, "reads"), referred(table, row)].concat());
    let answers = answers::load(reading.db, ids).await?;
    found.iter().map(|row| cells(table, row, &answers)).collect()
}

/// What a kept read refers to.
fn referred(table: &Table, row: &Document) -> Vec<crate::commits::ContentId> {
    if table.name == KEPT_READS { answers::ids(row, "body") } else { Vec::new() }
}

fn cells(table: &'static Table, row: &Document, answers: &BTreeMap<crate::commits::ContentId, String>) -> Result<Row> {
    let column = |column: &&str| match (table.name, *column) {
        (JOURNAL, "reads") => Ok(Cell::Text(answers::text(row, answers)?)),
        (KEPT_READS, "body") => {
            let ids = answers::ids(row, "body");
            let id = ids.first().ok_or_else(|| corrupt(KEPT_READS, &"body is no reference"))?;
            Ok(Cell::Text(answers::one(KEPT_READS, id, answers)?.to_owned()))
        }
        // Rows of an earlier version have none.
        (BUDGETS, "debt") => Ok(Cell::Int(Fields::of(BUDGETS, row).maybe_int("debt")?.unwrap_or(0))),
        (name, column) => cell(name, row.get(column)),
    };
    table.columns.iter().map(column).collect()
}

/// Writes rows of a table, each over what has its key.
struct PutRows {
    table: &'static Table,
    rows: Vec<(String, Document)>,
}

#[async_trait]
impl Work for PutRows {
    type Answer = ();

    fn wants(&self, wanted: &mut Wanted) {
        if let Some(collection) = collection(self.table.name) {
            self.rows.iter().for_each(|(id, _)| wanted.row(collection, id.as_str()));
        }
        if self.table.name == REMEMBERED {
            let memory = |row: &Document| key(&[row.get_str("agent").ok()?, row.get_str("id").ok()?]).into();
            self.rows.iter().filter_map(|(_, row)| memory(row)).for_each(|id: String| wanted.row(MEMORIES, id));
        }
    }

    async fn run(self, tx: &mut Tx) -> Result<()> {
        let name = self.table.name;
        let collection = collection(name).ok_or_else(|| corrupt(name, &"no such collection"))?;
        for (id, row) in self.rows {
            put(tx, collection, &id, row).await?;
        }
        Ok(())
    }
}

async fn put(tx: &mut Tx, collection: &'static str, id: &str, mut row: Document) -> Result<()> {
    let seq = |row: &Document, field: &str| Fields::of(collection, row).int(field);
    match collection {
        EVENTS => tx.counters.events = tx.counters.events.max(seq(&row, "seq")?),
        OUTBOX => tx.counters.outbox = tx.counters.outbox.max(seq(&row, "seq")?),
        KNOWN => tx.counters.known = tx.counters.known.max(seq(&row, "n")?),
        PAST => tx.counters.past = tx.counters.past.max(seq(&row, "n")?),
        API_CHANGES => tx.counters.api_changes = tx.counters.api_changes.max(seq(&row, "seq")?),
        SEEN => tx.counters.seen = tx.counters.seen.max(seq(&row, "n")?),
        STATE_KEPT => tx.counters.state_kept = tx.counters.state_kept.max(seq(&row, "n")?),
        JOURNAL => {
            tx.counters.journal = tx.counters.journal.max(seq(&row, "seq")?);
            let reads = Reads::of(Fields::of(JOURNAL, &row).text("reads")?);
            let reads = journal::put_reads(tx, &reads)?;
            row.insert("reads", reads);
        }
        KEPT_READS => {
            let fields = Fields::of(KEPT_READS, &row);
            let (invocation, n, body) = (fields.text("invocation")?, fields.int("n")?, fields.text("body")?.to_owned());
            row = budgets::kept_row(invocation, n, body, tx)?;
        }
        REMEMBERED => {
            let fields = Fields::of(REMEMBERED, &row);
            if tx.get(MEMORIES, &key(&[fields.text("agent")?, fields.text("id")?])).await?.is_none() {
                return Ok(());
            }
        }
        _ => {}
    }
    make_way(tx, collection, id, &row).await?;
    tx.put(collection, id, row).await
}

/// A row of another id that has the same place goes.
async fn make_way(tx: &mut Tx, collection: &'static str, id: &str, row: &Document) -> Result<()> {
    let (query, field): (&Query, &str) = match collection {
        EVENTS => (&queries::EVENTS_BY_SEQ, "seq"),
        JOURNAL => (&queries::JOURNAL_BY_SEQ, "seq"),
        OUTBOX => (&queries::EFFECTS_BY_SEQ, "seq"),
        STATE_KEPT => (&queries::STATES_KEPT_BY_N, "n"),
        KNOWN => (&queries::KNOWN_BY_N, "n"),
        PAST => (&queries::PAST_BY_N, "n"),
        SEEN => (&queries::SEEN_BY_N, "n"),
        _ => return Ok(()),
    };
    let same = tx.get(collection, id).await?.is_some_and(|before| before.get(field) == row.get(field));
    if same {
        return Ok(());
    }
    for other in tx.find(query, doc! {field: row.get(field).cloned().unwrap_or(Bson::Null)}).await? {
        let other = Fields::of(collection, &other).text("_id")?.to_owned();
        if other != id {
            tx.delete(collection, &other).await?;
        }
    }
    Ok(())
}

struct SetCopying(Option<String>);

#[async_trait]
impl Work for SetCopying {
    type Answer = ();
    async fn run(self, tx: &mut Tx) -> Result<()> {
        match self.0 {
            Some(source) => tx.put(META, COPYING, doc! {"source": source}).await,
            None => tx.delete(META, COPYING).await.map(drop),
        }
    }
}

async fn count(db: &Db, query: &'static Query) -> Result<u64> {
    let collection = db.collection(query.collection);
    let counted = db.trying(|| async { Ok(collection.count_documents(doc! {}).await?) });
    counted.await.map_err(Fault::into_store)
}

#[async_trait]
impl RowStore for MongoStore {
    async fn rows_after(&self, table: &'static Table, after: Option<Row>, rows: usize) -> Result<Vec<Row>> {
        if rows == 0 {
            return Ok(Vec::new());
        }
        rows_after(&self.reading().await?, table, after, limit(rows)).await
    }

    async fn put_rows(&self, table: &'static Table, rows: Vec<Row>) -> Result<()> {
        let mut documents = Vec::new();
        for row in rows {
            if row.len() != table.columns.len() {
                let reason = format!("{} values for {} columns", row.len(), table.columns.len());
                return Err(corrupt(table.name, &reason));
            }
            let mut document = Document::new();
            document.extend(table.columns.iter().zip(&row).map(|(column, cell)| ((*column).to_owned(), value(cell))));
            if table.name == MEMORIES {
                let terms = self.inner.words.set(Fields::of(MEMORIES, &document).text("content")?)?;
                memories::with_words(&mut document, terms.into_iter().collect());
                if let Some(bytes) = Fields::of(MEMORIES, &document).maybe_blob("vector")? {
                    let vector = vector_of_bytes(bytes);
                    document.insert("vector", vector);
                }
            }
            documents.push((id_of(table, &document)?, document));
        }
        self.write(PutRows { table, rows: documents }).await?;
        // Those that were read and answered before are cleared away with the end of their invocations.
        self.was_paid();
        Ok(())
    }

    async fn row_count(&self, table: &'static Table) -> Result<u64> {
        count(self.reading().await?.db, by_key(table).0).await
    }

    async fn copying(&self) -> Result<Option<String>> {
        let row = self.reading().await?.row(META, COPYING).await?;
        row.map(|row| Fields::of(META, &row).text("source").map(str::to_owned)).transpose()
    }

    async fn set_copying(&self, source: Option<String>) -> Result<()> {
        self.write(SetCopying(source)).await
    }
}
