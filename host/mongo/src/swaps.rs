//! Entries of real swaps, and approvals of messages, in MongoDB.

use async_trait::async_trait;
use mongodb::bson::{Document, doc};
use puppet_store::{Result, SwapApproval, SwapRow};
use puppet_types::Timestamp;

use crate::{
    fields::{Fields, json, key},
    queries,
    schema::{SWAP_APPROVALS, SWAPS},
    store::MongoStore,
    tx::{Tx, Wanted},
    writer::Work,
};

fn entry(row: &Document) -> Result<SwapRow> {
    let fields = Fields::of(SWAPS, row);
    Ok(SwapRow {
        swap: fields.text("swap")?.to_owned(),
        n: fields.small("n")?,
        wallet: fields.text("wallet")?.to_owned(),
        at: fields.time("at")?,
        is_end: fields.flag("is_end")?,
        body: fields.json("body")?,
    })
}

fn id_of(swap: &str, n: u32) -> String {
    key(&[swap, &n.to_string()])
}

/// Adds an entry where it is the next one of a swap that is not over.
pub(crate) struct Append(pub(crate) SwapRow);

#[async_trait]
impl Work for Append {
    type Answer = bool;

    fn wants(&self, wanted: &mut Wanted) {
        wanted.set(&queries::SWAP_OF, "swap", &self.0.swap);
    }

    async fn run(self, tx: &mut Tx) -> Result<bool> {
        let SwapRow { swap, n, wallet, at, is_end, body } = &self.0;
        let known = tx.find(&queries::SWAP_OF, doc! {"swap": swap}).await?;
        let known = known.iter().map(entry).collect::<Result<Vec<_>>>()?;
        let next = match known.iter().max_by_key(|entry| entry.n) {
            None => Some(0),
            Some(last) if last.is_end => None,
            Some(last) => last.n.checked_add(1),
        };
        if next != Some(*n) {
            return Ok(false);
        }
        if *is_end
            && *n > 0
            && let Some(mut first) = tx.get(SWAPS, &id_of(swap, 0)).await?
        {
            first.insert("open", 0_i64);
            tx.put(SWAPS, &id_of(swap, 0), first).await?;
        }
        let row = doc! {
            "swap": swap,
            "n": i64::from(*n),
            "wallet": wallet,
            "at": at.as_millis(),
            "is_end": i64::from(*is_end),
            "body": json(body)?,
            "open": i64::from(*n == 0 && !is_end),
        };
        tx.put(SWAPS, &id_of(swap, *n), row).await?;
        Ok(true)
    }
}

fn approval(row: &Document) -> Result<SwapApproval> {
    let fields = Fields::of(SWAP_APPROVALS, row);
    Ok(SwapApproval {
        hash: fields.text("hash")?.to_owned(),
        swap: fields.text("swap")?.to_owned(),
        expires_at: fields.time("expires")?,
        granted_at: fields.maybe_time("granted")?,
        body: fields.json("body")?,
    })
}

/// Asks, unless it was asked before.
pub(crate) struct Ask(pub(crate) SwapApproval);

#[async_trait]
impl Work for Ask {
    type Answer = ();

    fn wants(&self, wanted: &mut Wanted) {
        wanted.row(SWAP_APPROVALS, &self.0.hash);
    }

    async fn run(self, tx: &mut Tx) -> Result<()> {
        let SwapApproval { hash, swap, expires_at, granted_at, body } = &self.0;
        if tx.get(SWAP_APPROVALS, hash).await?.is_some() {
            return Ok(());
        }
        let row = doc! {
            "hash": hash,
            "swap": swap,
            "expires": expires_at.as_millis(),
            "granted": granted_at.map(Timestamp::as_millis),
            "body": json(body)?,
        };
        tx.put(SWAP_APPROVALS, hash, row).await
    }
}

/// A yes to one that waits and has time left.
pub(crate) struct Grant {
    pub(crate) hash: String,
    pub(crate) at: Timestamp,
}

#[async_trait]
impl Work for Grant {
    type Answer = bool;

    fn wants(&self, wanted: &mut Wanted) {
        wanted.row(SWAP_APPROVALS, &self.hash);
    }

    async fn run(self, tx: &mut Tx) -> Result<bool> {
        let Some(mut row) = tx.get(SWAP_APPROVALS, &self.hash).await? else { return Ok(false) };
        let asked = approval(&row)?;
        if asked.granted_at.is_some() || asked.expires_at <= self.at {
            return Ok(false);
        }
        row.insert("granted", self.at.as_millis());
        tx.put(SWAP_APPROVALS, &self.hash, row).await?;
        Ok(true)
    }
}

/// Takes one that has its yes.
pub(crate) struct Take(pub(crate) String);

#[async_trait]
impl Work for Take {
    type Answer = Option<SwapApproval>;

    fn wants(&self, wanted: &mut Wanted) {
        wanted.row(SWAP_APPROVALS, &self.0);
    }

    async fn run(self, tx: &mut Tx) -> Result<Option<SwapApproval>> {
        let asked = tx.get(SWAP_APPROVALS, &self.0).await?.as_ref().map(approval).transpose()?;
        let Some(granted) = asked.filter(|asked| asked.granted_at.is_some()) else { return Ok(None) };
        tx.delete(SWAP_APPROVALS, &self.0).await?;
        Ok(Some(granted))
    }
}

/// Takes one away, whatever it has.
pub(crate) struct DropOne(pub(crate) String);

#[async_trait]
impl Work for DropOne {
    type Answer = bool;

    fn wants(&self, wanted: &mut Wanted) {
        wanted.row(SWAP_APPROVALS, &self.0);
    }

    async fn run(self, tx: &mut Tx) -> Result<bool> {
        tx.delete(SWAP_APPROVALS, &self.0).await
    }
}

impl MongoStore {
    pub(crate) async fn swap_entries(&self, id: &str) -> Result<Vec<SwapRow>> {
        let found = self.reading().await?.find(&queries::SWAP_OF, doc! {"swap": id}, 0).await?;
        found.iter().map(entry).collect()
    }

    pub(crate) async fn swaps_not_over(&self) -> Result<Vec<String>> {
        let found = self.reading().await?.find(&queries::SWAPS_OPEN, doc! {"open": 1_i64}, 0).await?;
        found.iter().map(|row| Ok(Fields::of(SWAPS, row).text("swap")?.to_owned())).collect()
    }

    pub(crate) async fn all_approvals(&self) -> Result<Vec<SwapApproval>> {
        let found = self.reading().await?.find(&queries::SWAP_APPROVALS_ALL, doc! {}, 0).await?;
        found.iter().map(approval).collect()
    }
}
