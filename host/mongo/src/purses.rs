//! Purses and their logs in MongoDB: a purse and the entries that it was written with are one commit.

use async_trait::async_trait;
use mongodb::bson::{Document, doc};
use puppet_store::{Purse, PurseEntry, PurseRow, Result};

use crate::{
    fields::{Fields, json, key, limit, name},
    queries,
    schema::{PURSE_LOG, PURSES},
    store::MongoStore,
    tx::{Tx, Wanted},
    writer::Work,
};

/// Most entries that go in one commit: others write in between.
const STEP: usize = 200;

fn purse(row: &Document) -> Result<Purse> {
    let fields = Fields::of(PURSES, row);
    Ok(Purse {
        name: fields.text("name")?.to_owned(),
        seq: fields.unsigned("seq")?,
        at: fields.time("at")?,
        body: fields.json("body")?,
    })
}

fn entry(row: &Document) -> Result<PurseRow> {
    let fields = Fields::of(PURSE_LOG, row);
    Ok(PurseRow {
        seq: fields.unsigned("seq")?,
        kind: fields.named("kind")?,
        at: fields.time("at")?,
        body: fields.json("body")?,
    })
}

fn id_of(purse: &str, seq: u64) -> String {
    key(&[purse, &seq.cast_signed().to_string()])
}

/// Writes a purse where it stands at `after` still.
pub(crate) struct WritePurse {
    pub(crate) purse: Purse,
    pub(crate) after: u64,
    pub(crate) rows: Vec<PurseRow>,
}

#[async_trait]
impl Work for WritePurse {
    type Answer = bool;

    fn wants(&self, wanted: &mut Wanted) {
        wanted.row(PURSES, &self.purse.name);
    }

    async fn run(self, tx: &mut Tx) -> Result<bool> {
        let Purse { name: purse, seq, at, body } = &self.purse;
        let stands = tx.get(PURSES, purse).await?;
        let stands = stands.map_or(Ok(0), |row| Fields::of(PURSES, &row).unsigned("seq"))?;
        if stands != self.after {
            return Ok(false);
        }
        let head = doc! {"name": purse, "seq": seq.cast_signed(), "at": at.as_millis(), "body": json(body)?};
        tx.put(PURSES, purse, head).await?;
        for row in &self.rows {
            let document = doc! {
                "purse": purse,
                "seq": row.seq.cast_signed(),
                "kind": name(&row.kind),
                "at": row.at.as_millis(),
                "body": json(&row.body)?,
            };
            tx.put_new(PURSE_LOG, &id_of(purse, row.seq), document).await?;
        }
        Ok(true)
    }
}

/// Entries of a purse, of some kinds; none are all.
fn of_kinds(purse: &str, kinds: &[PurseEntry]) -> Document {
    const EVERY: [PurseEntry; 5] =
        [PurseEntry::Step, PurseEntry::Batch, PurseEntry::Save, PurseEntry::Event, PurseEntry::Word];
    let kinds = if kinds.is_empty() { &EVERY } else { kinds };
    doc! {"purse": purse, "kind": {"$in": kinds.iter().map(name).collect::<Vec<_>>()}}
}

/// Numbers are given out one by one: none comes to 2^63.
fn bound(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// Drops the oldest entries up to one.
#[derive(Clone)]
struct Prune {
    purse: String,
    kinds: Vec<PurseEntry>,
    up_to: i64,
}

#[async_trait]
impl Work for Prune {
    type Answer = usize;

    async fn run(self, tx: &mut Tx) -> Result<usize> {
        let mut filter = of_kinds(&self.purse, &self.kinds);
        filter.insert("seq", doc! {"$lte": self.up_to});
        let kinds: Vec<String> = self.kinds.iter().map(name).collect();
        let matches = |row: &Document| {
            let fields = Fields::of(PURSE_LOG, row);
            let of = |kind: &str| kinds.is_empty() || kinds.iter().any(|one| one == kind);
            fields.text("purse").is_ok_and(|purse| purse == self.purse)
                && fields.text("kind").is_ok_and(of)
                && fields.int("seq").is_ok_and(|seq| seq <= self.up_to)
        };
        let oldest = tx.first(&queries::PURSE_LOG_OF, filter, matches, STEP).await?;
        for row in &oldest {
            tx.delete(PURSE_LOG, Fields::of(PURSE_LOG, row).text("_id")?).await?;
        }
        Ok(oldest.len())
    }
}

impl MongoStore {
    pub(crate) async fn all_purses(&self) -> Result<Vec<Purse>> {
        self.reading().await?.find(&queries::PURSES_ALL, doc! {}, 0).await?.iter().map(purse).collect()
    }

    pub(crate) async fn one_purse(&self, name: &str) -> Result<Option<Purse>> {
        self.reading().await?.row(PURSES, name).await?.as_ref().map(purse).transpose()
    }

    pub(crate) async fn log_after(
        &self,
        purse: &str,
        kinds: &[PurseEntry],
        after: u64,
        rows: usize,
    ) -> Result<Vec<PurseRow>> {
        if rows == 0 {
            return Ok(Vec::new());
        }
        let mut filter = of_kinds(purse, kinds);
        filter.insert("seq", doc! {"$gt": bound(after)});
        let found = self.reading().await?.find(&queries::PURSE_LOG_OF, filter, limit(rows)).await?;
        found.iter().map(entry).collect()
    }

    pub(crate) async fn log_before(
        &self,
        purse: &str,
        kinds: &[PurseEntry],
        before: Option<u64>,
        rows: usize,
    ) -> Result<Vec<PurseRow>> {
        if rows == 0 {
            return Ok(Vec::new());
        }
        let mut filter = of_kinds(purse, kinds);
        filter.insert("seq", doc! {"$lt": before.map_or(i64::MAX, bound)});
        let found = self.reading().await?.find(&queries::PURSE_PAST_OF, filter, limit(rows)).await?;
        found.iter().map(entry).collect()
    }

    pub(crate) async fn prune_log(&self, purse: &str, kinds: &[PurseEntry], up_to: u64) -> Result<u64> {
        let work = Prune { purse: purse.to_owned(), kinds: kinds.to_vec(), up_to: bound(up_to) };
        let mut gone = 0_u64;
        loop {
            let now = self.write(work.clone()).await?;
            gone += now as u64;
            if now < STEP {
                return Ok(gone);
            }
        }
    }
}
