//! The line of all commits as this host knows it, and how a group of work gets to its end: answers, commits, rows.

use std::{collections::BTreeMap, sync::Arc};

use mongodb::bson::Bson;
use puppet_store::{Result, StoreError};
use tokio::sync::RwLock;

use crate::{
    answers,
    apply::{self, Batch},
    commits::{self, Counters, Place, Refusal, Staged},
    db::{Db, Write},
    fault::Step,
    schema::COMMIT_PARTS,
    tx::{Tx, Wanted, value_size},
    writer::Job,
};

/// A group is written when it comes to so many bytes.
const GROUP_BYTES: usize = 16 << 20;

/// How the rows stand to the commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Health {
    /// They show all of them.
    #[default]
    Good,
    /// It is not known whether a commit is there, or one that is could not be applied yet.
    Behind,
    /// Another host writes: this one has stopped.
    TakenOver,
    /// Closed.
    Closed,
}

/// What the writer shares with readers: they wait while rows are written.
pub(crate) struct Shared {
    pub(crate) db: Arc<Db>,
    pub(crate) health: RwLock<Health>,
}

/// An agent's last commit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    pub(crate) seq: i64,
    pub(crate) order: i64,
}

pub(crate) struct Line {
    pub(crate) shared: Arc<Shared>,
    pub(crate) db: Arc<Db>,
    /// This start of this host.
    pub(crate) host: String,
    /// The last group of it.
    pub(crate) group: i64,
    /// The last commit.
    pub(crate) order: i64,
    pub(crate) heads: BTreeMap<String, Head>,
    pub(crate) counters: Counters,
}

/// A piece of work that ran, with what it changes.
type Ran = (Box<dyn Job>, Option<Staged>);

impl Line {
    /// Runs a group to its end, whatever that is: every caller is told.
    pub(crate) async fn group(&mut self, batch: Vec<Box<dyn Job>>) {
        if let Err(error) = self.ready().await {
            return fail(batch, &error);
        }
        let mut wanted = Wanted::default();
        batch.iter().for_each(|job| job.wants(&mut wanted));
        let mut tx = Tx::new(Arc::clone(&self.db), self.counters);
        if let Err(error) = tx.fetch(wanted).await {
            return fail(batch, &error);
        }
        let (mut ran, mut bytes) = (Vec::<Ran>::new(), 0);
        let mut jobs = batch.into_iter();
        while let Some(mut job) = jobs.next() {
            let agent = job.agent();
            let staged = match job.run(&mut tx).await {
                true => tx.end(&agent),
                false => {
                    tx.undo();
                    None
                }
            };
            bytes += staged.as_ref().map_or(0, size);
            ran.push((job, staged));
            if bytes > GROUP_BYTES {
                if let Err(error) = self.settle(std::mem::take(&mut ran)).await {
                    return fail(jobs.collect(), &error);
                }
                tx.settled();
                bytes = 0;
            }
        }
        // Callers were told by then.
        let _ = self.settle(ran).await;
    }

    /// What was left open by an earlier group is brought to its end first.
    async fn ready(&mut self) -> Result<()> {
        let health = *self.shared.health.read().await;
        match health {
            Health::Good => Ok(()),
            Health::Behind => self.catch_up().await,
            Health::TakenOver => Err(self.taken_over()),
            Health::Closed => Err(StoreError::Closed),
        }
    }

    pub(crate) fn taken_over(&self) -> StoreError {
        StoreError::TakenOver { url: self.db.url.clone() }
    }

    pub(crate) async fn falls(&self, health: Health) {
        *self.shared.health.write().await = health;
    }

    /// Writes what ran, and tells the callers. An error is for those who come after.
    async fn settle(&mut self, ran: Vec<Ran>) -> Result<()> {
        let (mut jobs, staged): (Vec<_>, Vec<_>) = ran.into_iter().unzip();
        let changing: Vec<bool> = staged.iter().map(Option::is_some).collect();
        let written = self.write(staged.into_iter().flatten().collect()).await;
        if let Err(error) = &written {
            tracing::error!(%error, "commits were not written");
            // Work that changed nothing has its own answer, but what it saw may not be there.
            jobs.iter_mut().for_each(|job| job.fail(error.clone()));
        }
        debug_assert_eq!(changing.len(), jobs.len());
        jobs.into_iter().for_each(Job::answer);
        if let Ok(Some(clearing)) = &written
            && let Err(error) = self.clear(clearing).await
        {
            tracing::warn!(%error, "applied commits were not cleared away: the next start does it");
        }
        written.map(drop)
    }

    /// The way of commits: answers, documents, rows.
    async fn write(&mut self, staged: Vec<Staged>) -> Result<Option<Clearing>> {
        let Some(last) = staged.last() else { return Ok(None) };
        let counters = last.counters;
        self.group += 1;
        let mut heads = BTreeMap::<String, Head>::new();
        let (mut documents, mut parts, mut clearing) = (Vec::new(), Vec::new(), Clearing::default());
        let (mut batch, mut answers, mut order) = (Batch::default(), BTreeMap::new(), self.order);
        for piece in staged {
            order += 1;
            let before = heads.get(&piece.agent).or_else(|| self.heads.get(&piece.agent)).copied();
            let seq = before.map_or(0, |head| head.seq) + 1;
            let place = Place { seq, order, host: &self.host, group: self.group };
            let (document, own) = commits::encode(&piece, place, self.db.options.commit_bytes)?;
            documents.push(document);
            clearing.parts.extend(own.iter().filter_map(|part| part.get("_id").cloned()));
            parts.extend(own);
            clearing.gone.extend(before.map(|head| head.order));
            heads.insert(piece.agent, Head { seq, order });
            answers.extend(piece.answers);
            batch.add(order, piece.changes, piece.dropped);
        }
        clearing.kept = heads.values().map(|head| head.order).collect();
        answers::write(&self.db, answers, self.order + 1).await?;
        self.write_parts(parts).await?;
        self.insert(&documents).await?;
        (self.order, self.counters) = (order, counters);
        self.heads.extend(heads);
        self.show(&batch).await?;
        Ok(Some(clearing))
    }

    async fn write_parts(&self, parts: Vec<mongodb::bson::Document>) -> Result<()> {
        let writes = parts.into_iter().map(|mut part| {
            let id = part.remove("_id").unwrap_or(Bson::Null);
            let bytes = crate::db::measured("a part of a commit", &part)?;
            let update = mongodb::bson::doc! {"q": {"_id": id}, "u": {"$setOnInsert": part}, "upsert": true};
            Ok(Write { document: update, bytes })
        });
        let writes = writes.collect::<Result<Vec<_>>>()?;
        self.db.write("update", "updates", COMMIT_PARTS, writes).await
    }

    async fn insert(&mut self, documents: &[mongodb::bson::Document]) -> Result<()> {
        self.db.step(Step::Commits)?;
        match commits::insert(&self.db, documents).await {
            Ok(()) => Ok(()),
            Err(Refusal::TakenOver) => {
                // Perhaps it was this host itself, with a commit that was taken for lost.
                self.falls(Health::Behind).await;
                self.catch_up().await?;
                Err(StoreError::Failed("an earlier commit arrived late: this one was not written".into()))
            }
            Err(Refusal::Unsure(reason)) => {
                self.falls(Health::Behind).await;
                Err(StoreError::Failed(format!("whether it is written is not known: {reason}")))
            }
        }
    }

    /// Applies commits that are there. Readers wait meanwhile. A commit that is there is done, whatever becomes of this:
    /// where it fails, nobody reads before it was made good.
    pub(crate) async fn show(&mut self, batch: &Batch) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        let mut health = shared.health.write().await;
        if let Err(error) = apply::apply(&self.db, batch).await {
            tracing::warn!(%error, "commits are written, and not applied yet");
            *health = Health::Behind;
        }
        Ok(())
    }

    async fn clear(&self, clearing: &Clearing) -> Result<()> {
        if *self.shared.health.read().await != Health::Good {
            return Ok(());
        }
        apply::note(&self.db, self.order).await?;
        apply::clear(&self.db, &clearing.gone, &clearing.kept, clearing.parts.clone()).await
    }
}

/// Commits that are applied, by their order.
#[derive(Debug, Default)]
pub(crate) struct Clearing {
    gone: Vec<i64>,
    kept: Vec<i64>,
    parts: Vec<Bson>,
}

fn size(staged: &Staged) -> usize {
    // Near enough to bound a group: what is measured is measured where it is written.
    let rows = staged.changes.iter().filter_map(|change| change.row.as_ref());
    rows.map(|row| row.iter().map(|(_, value)| value_size(value)).sum::<usize>()).sum::<usize>()
        + staged.answers.values().map(String::len).sum::<usize>()
}

fn fail(batch: Vec<Box<dyn Job>>, error: &StoreError) {
    for mut job in batch {
        job.fail(error.clone());
        job.answer();
    }
}
