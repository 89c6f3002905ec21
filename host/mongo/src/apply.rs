//! Applying commits to the rows. Each step may be done again: a row is written whole, with the place of the commit that
//! wrote it, and only over what an earlier commit wrote.

use std::collections::{BTreeMap, BTreeSet};

use mongodb::bson::{Bson, Document, doc};
use puppet_store::{Result, StoreError};

use crate::{
    answers,
    change::RowChange,
    commits::ContentId,
    db::{Db, Write, measured},
    fault::Step,
    schema::{CLAIM, COMMIT_PARTS, COMMITS, META},
};

/// What several commits come to together.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    rows: BTreeMap<(&'static str, String), Last>,
    dropped: BTreeSet<ContentId>,
    /// The last commit of it.
    pub(crate) order: i64,
}

#[derive(Debug)]
struct Last {
    row: Option<Document>,
    /// Whether it may be that there was no such row before the first of the commits.
    new: bool,
    order: i64,
}

impl Batch {
    /// Nothing yet: what comes in comes after this place.
    pub(crate) fn after(order: i64) -> Self {
        Self { order, ..Self::default() }
    }

    /// Takes in a commit. They come in their order.
    pub(crate) fn add(&mut self, order: i64, changes: Vec<RowChange>, dropped: impl IntoIterator<Item = ContentId>) {
        for change in changes {
            let key = (change.collection, change.id);
            let new = change.new || self.rows.get(&key).is_some_and(|before| before.new || before.row.is_none());
            self.rows.insert(key, Last { row: change.row, new, order });
        }
        self.dropped.extend(dropped);
        self.order = order;
    }
}

/// What is done to one collection.
#[derive(Default)]
struct Writes {
    updates: Vec<Write>,
    deletes: Vec<Write>,
}

/// Applies it to all collections.
pub(crate) async fn apply(db: &Db, batch: &Batch) -> Result<()> {
    let mut collections = BTreeMap::<&'static str, Writes>::new();
    for ((collection, id), Last { row, new, order }) in &batch.rows {
        let writes = collections.entry(collection).or_default();
        let own = doc! {"_id": id, "written": {"$lt": *order}};
        match row {
            Some(row) => {
                let mut row = row.clone();
                row.insert("_id", id);
                row.insert("written", *order);
                let bytes = measured("a row", &row)?;
                writes.updates.push(Write { document: doc! {"q": own, "u": row, "upsert": *new}, bytes });
            }
            None => writes.deletes.push(Write { document: doc! {"q": own, "limit": 1}, bytes: 100 + id.len() }),
        }
    }
    let each = collections.into_iter().map(|(collection, writes)| async move {
        if !writes.deletes.is_empty() {
            db.step(Step::Gone(collection))?;
            db.write("delete", "deletes", collection, writes.deletes).await?;
        }
        if !writes.updates.is_empty() {
            db.step(Step::Rows(collection))?;
            db.write("update", "updates", collection, writes.updates).await?;
        }
        Ok::<(), StoreError>(())
    });
    futures::future::try_join_all(each).await?;
    if !batch.dropped.is_empty() {
        answers::sweep(db, &batch.dropped).await?;
    }
    Ok(())
}

/// Notes that everything up to this commit is applied. One document: there is no in-between.
pub(crate) async fn note(db: &Db, order: i64) -> Result<()> {
    db.step(Step::Applied)?;
    let document = doc! {"q": {"_id": "applied"}, "u": {"$max": {"order": order}}, "upsert": true};
    db.write("update", "updates", META, vec![Write { document, bytes: 100 }]).await
}

/// Takes the rows out of commits that are applied, and away those that are not their agent's last.
/// Parts go first: whoever finds them gone knows by the note that nobody needs them.
pub(crate) async fn clear(db: &Db, gone: &[i64], kept: &[i64], parts: Vec<Bson>) -> Result<()> {
    db.step(Step::Cleared)?;
    let write = |document| vec![Write { document, bytes: 0 }];
    if !parts.is_empty() {
        db.write("delete", "deletes", COMMIT_PARTS, write(doc! {"q": {"_id": {"$in": parts}}, "limit": 0})).await?;
    }
    if !gone.is_empty() {
        let done_with = doc! {"order": {"$in": gone}, CLAIM: {"$exists": false}};
        db.write("delete", "deletes", COMMITS, write(doc! {"q": done_with, "limit": 0})).await?;
    }
    // Claims stay as well.
    let stay = [gone, kept].concat();
    if !stay.is_empty() {
        let change = doc! {"$set": {"applied": true}, "$unset": {"rows": "", "parts": "", "dropped": ""}};
        let update = doc! {"q": {"order": {"$in": stay}}, "u": change, "multi": true};
        db.write("update", "updates", COMMITS, write(update)).await?;
    }
    Ok(())
}
