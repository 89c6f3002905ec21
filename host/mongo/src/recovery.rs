//! The start of a host, and the way back after a fault: whose line it is, what of it is not applied, what a host that
//! died left lying about.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use mongodb::bson::{Bson, Document, doc, oid::ObjectId};
use puppet_store::{Result, StoreError};

use crate::{
    answers,
    apply::{self, Batch},
    budgets,
    commits::{self, Counters, Place, Refusal, Staged},
    db::{Db, Write},
    fields::Fields,
    line::{Head, Health, Line, Shared},
    queries,
    schema::{CLAIM, COMMIT_PARTS, COMMITS},
    tx::Tx,
    writer::Work,
};

/// So often the line is read anew where somebody else writes just then.
const TRIES: usize = 100;

/// Commits that are read at once.
const PAGE: i64 = 64;

/// Commits as far as the line goes: without their rows.
struct Known {
    heads: BTreeMap<String, Head>,
    counters: Counters,
    order: i64,
    documents: Vec<Document>,
}

impl Known {
    async fn read(db: &Db) -> Result<Self> {
        let fields = doc! {"_id": 1, "order": 1, "host": 1, "counters": 1, "parts": 1, "applied": 1};
        let documents = db.find_fields(&queries::HEADS, doc! {}, 0, Some(fields)).await?;
        let mut heads = BTreeMap::new();
        for document in &documents {
            let id = document.get_document("_id").map_err(|error| crate::fields::corrupt(COMMITS, &error))?;
            let fields = Fields::of(COMMITS, id);
            let order = Fields::of(COMMITS, document).int("order")?;
            heads.insert(fields.text("agent")?.to_owned(), Head { seq: fields.int("seq")?, order });
        }
        let last = documents.last();
        let counters = last.map(Counters::of).transpose()?.unwrap_or_default();
        let order = last.map_or(Ok(0), |last| Fields::of(COMMITS, last).int("order"))?;
        Ok(Self { heads, counters, order, documents })
    }
}

impl Line {
    /// Makes the line this host's: whoever wrote it before finds the next place taken, and stops.
    pub(crate) async fn take_over(shared: Arc<Shared>) -> Result<Self> {
        let db = Arc::clone(&shared.db);
        let host = ObjectId::new().to_hex();
        for _ in 0..TRIES {
            let known = Known::read(&db).await?;
            let (agent, order) = (String::new(), known.order + 1);
            let seq = known.heads.get(&agent).map_or(0, |head| head.seq) + 1;
            let staged = Staged { agent: agent.clone(), counters: known.counters, ..Staged::default() };
            let place = Place { seq, order, host: &host, group: 0 };
            let (mut claim, _) = commits::encode(&staged, place, db.options.commit_bytes)?;
            claim.insert(CLAIM, true);
            match commits::insert(&db, &[claim]).await {
                Ok(()) => {}
                Err(Refusal::TakenOver) => continue,
                Err(Refusal::Unsure(reason)) => return Err(StoreError::Failed(reason)),
            }
            let (heads, counters) = (known.heads, known.counters);
            let mut line = Self { shared, db, host, group: 0, order, heads, counters };
            line.catch_up().await?;
            sweep(&line.db, order).await?;
            return Ok(line);
        }
        Err(StoreError::Failed(format!("{}: another host keeps writing to it", db.url)))
    }

    /// Reads the line anew, and applies what is not applied.
    pub(crate) async fn catch_up(&mut self) -> Result<()> {
        let known = Known::read(&self.db).await?;
        for document in &known.documents {
            let fields = Fields::of(COMMITS, document);
            if fields.int("order")? > self.order && fields.text("host")? != self.host {
                self.falls(Health::TakenOver).await;
                return Err(self.taken_over());
            }
        }
        let from = applied(&self.db).await?;
        let mut reached = from;
        while reached < known.order {
            reached = self.apply_page(reached).await?;
        }
        apply::note(&self.db, known.order).await?;
        self.clear_all(&known).await?;
        (self.order, self.counters, self.heads) = (known.order, known.counters, known.heads);
        self.falls(Health::Good).await;
        Ok(())
    }

    async fn apply_page(&self, after: i64) -> Result<i64> {
        let mut batch = Batch::after(after);
        for commit in self.db.find(&queries::PENDING, doc! {"order": {"$gt": after}}, PAGE).await? {
            let changes = commits::changes(&self.db, &commit).await?;
            let order = Fields::of(COMMITS, &commit).int("order")?;
            batch.add(order, changes, answers::ids(&commit, "dropped"));
        }
        if batch.order == after {
            return Err(crate::fields::corrupt(COMMITS, &"a commit is gone that was not applied"));
        }
        let _readers_wait = self.shared.health.write().await;
        apply::apply(&self.db, &batch).await?;
        Ok(batch.order)
    }

    async fn clear_all(&self, known: &Known) -> Result<()> {
        let (mut gone, mut kept, mut parts) = (Vec::new(), Vec::new(), Vec::new());
        for document in &known.documents {
            let order = Fields::of(COMMITS, document).int("order")?;
            parts.extend(document.get_array("parts").into_iter().flatten().cloned());
            match known.heads.values().any(|head| head.order == order) {
                true if document.get_bool("applied").ok() != Some(true) => kept.push(order),
                true => {}
                false => gone.push(order),
            }
        }
        apply::clear(&self.db, &gone, &kept, parts).await
    }
}

/// Up to which commit everything is applied.
pub(crate) async fn applied(db: &Db) -> Result<i64> {
    let found = db.find(&queries::META_BY_ID, doc! {"_id": "applied"}, 1).await?;
    found.first().map_or(Ok(0), |row| Fields::of(crate::schema::META, row).int("order"))
}

/// Takes away what was written for commits from this place on, which never came.
async fn sweep(db: &Db, order: i64) -> Result<()> {
    let late = doc! {"order": {"$gte": order}};
    let fields = Some(doc! {"_id": 1});
    let found = db.find_fields(&queries::LATE_ANSWERS, late.clone(), 0, fields.clone()).await?;
    let ids = found.iter().flat_map(|document| answers::ids(document, "_id")).collect();
    answers::sweep(db, &ids).await?;
    let parts = db.find_fields(&queries::LATE_PARTS, late, 0, fields).await?;
    let parts: Vec<Bson> = parts.into_iter().filter_map(|mut part| part.remove("_id")).collect();
    if parts.is_empty() {
        return Ok(());
    }
    let delete = doc! {"q": {"_id": {"$in": parts}}, "limit": 0};
    db.write("delete", "deletes", COMMIT_PARTS, vec![Write { document: delete, bytes: 0 }]).await
}

/// Reservations of a host that is gone: nobody will settle them, and the provider may have been paid. They are booked.
pub(crate) struct Orphans;

#[async_trait]
impl Work for Orphans {
    type Answer = usize;

    async fn run(self, tx: &mut Tx) -> Result<usize> {
        let open = tx.find(&queries::OPEN_READS_ALL, doc! {}).await?;
        for row in &open {
            budgets::close(tx, row).await?;
        }
        Ok(open.len())
    }
}
