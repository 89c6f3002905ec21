//! Budgets and paid reads in MongoDB.

use std::collections::BTreeMap;

use async_trait::async_trait;
use mongodb::bson::{Document, doc};
use puppet_grants::{BudgetKey, Owner, Spend};
use puppet_store::{BudgetStore, Result, with_open};
use puppet_types::{InvocationId, Read};

use crate::{
    answers,
    fields::{Fields, blob, json, key, name},
    queries,
    schema::{BUDGETS, KEPT_READS, OPEN_READS},
    store::MongoStore,
    tx::{Tx, Wanted},
    writer::Work,
};

fn id_of(spend: &Spend) -> String {
    let budget = &spend.key;
    let (scope, agent, pack) = budget.owner.parts();
    let (amount, period) = (name(&budget.amount), name(&budget.period));
    key(&[&name(&scope), agent, pack, budget.capability.name(), &amount, &period, &spend.window.to_string()])
}

/// The rows that spends are added to.
pub(crate) fn want(wanted: &mut Wanted, spends: &[Spend]) {
    spends.iter().for_each(|spend| wanted.row(BUDGETS, id_of(spend)));
}

/// Adds to what is there.
pub(crate) async fn add(tx: &mut Tx, spends: &[Spend]) -> Result<()> {
    for spend in spends {
        let id = id_of(spend);
        let known = tx.get(BUDGETS, &id).await?;
        let mut sum = spend.clone();
        if let Some(known) = known {
            sum.add(&self::spend(&known)?);
        }
        let (scope, agent, pack) = spend.key.owner.parts();
        let row = doc! {
            "scope": name(&scope),
            "agent": agent,
            "pack": pack,
            "capability": spend.key.capability.name(),
            "amount": name(&spend.key.amount),
            "period": name(&spend.key.period),
            "window": spend.window,
            "used": sum.used.cast_signed(),
            "overrun": sum.overrun.cast_signed(),
            "debt": sum.debt.cast_signed(),
        };
        tx.put(BUDGETS, &id, row).await?;
    }
    Ok(())
}

/// An invocation is over: its kept reads go, and what it may have spent on reads whose end nobody saw is booked.
pub(crate) async fn forget_reads(tx: &mut Tx, invocation: &InvocationId) -> Result<()> {
    let of = doc! {"invocation": invocation.as_str()};
    for row in tx.find(&queries::KEPT_READS_OF, of.clone()).await? {
        tx.drop_answers(answers::ids(&row, "body"));
        tx.delete(KEPT_READS, Fields::of(KEPT_READS, &row).text("_id")?).await?;
    }
    for row in tx.find(&queries::OPEN_READS_OF, of).await? {
        close(tx, &row).await?;
    }
    Ok(())
}

/// Books a reservation as spent, and takes it away.
pub(crate) async fn close(tx: &mut Tx, row: &Document) -> Result<()> {
    add(tx, &worst(row)?).await?;
    tx.delete(OPEN_READS, Fields::of(OPEN_READS, row).text("_id")?).await.map(drop)
}

fn worst(row: &Document) -> Result<Vec<Spend>> {
    Fields::of(OPEN_READS, row).json("worst")
}

fn read_id(invocation: &InvocationId, n: u32) -> String {
    key(&[invocation.as_str(), &n.to_string()])
}

fn spend(row: &Document) -> Result<Spend> {
    let fields = Fields::of(BUDGETS, row);
    Ok(Spend {
        key: BudgetKey {
            owner: Owner::of_parts(fields.named("scope")?, fields.text("agent")?, fields.text("pack")?),
            capability: fields.named("capability")?,
            amount: fields.named("amount")?,
            period: fields.named("period")?,
        },
        window: fields.int("window")?,
        used: fields.unsigned("used")?,
        overrun: fields.unsigned("overrun")?,
        // Rows of an earlier version have none.
        debt: fields.maybe_int("debt")?.unwrap_or(0).cast_unsigned(),
    })
}

struct OpenRead {
    invocation: InvocationId,
    n: u32,
    worst: Vec<Spend>,
}

#[async_trait]
impl Work for OpenRead {
    type Answer = ();

    fn wants(&self, wanted: &mut Wanted) {
        wanted.row(OPEN_READS, read_id(&self.invocation, self.n));
    }
    async fn run(self, tx: &mut Tx) -> Result<()> {
        let id = read_id(&self.invocation, self.n);
        // Asked before and never settled: the provider may have been paid, so that stays booked.
        if let Some(mut before) = tx.get(OPEN_READS, &id).await? {
            before.insert("_id", &id);
            close(tx, &before).await?;
        }
        let row = doc! {
            "_id": &id,
            "invocation": self.invocation.as_str(),
            "n": i64::from(self.n),
            "worst": json(&self.worst)?,
        };
        tx.put(OPEN_READS, &id, row).await
    }
}

/// The end of a paid read: of an invocation's, with what it was answered; of an errand's without.
struct CloseRead {
    invocation: InvocationId,
    n: u32,
    /// The read as JSON.
    read: Option<String>,
    spent: Vec<Spend>,
    /// Most bytes of reads of one invocation.
    most: usize,
}

#[async_trait]
impl Work for CloseRead {
    type Answer = ();

    fn wants(&self, wanted: &mut Wanted) {
        wanted.row(OPEN_READS, read_id(&self.invocation, self.n));
        budgets_and_read(wanted, self);
    }
    async fn run(self, tx: &mut Tx) -> Result<()> {
        let id = read_id(&self.invocation, self.n);
        tx.delete(OPEN_READS, &id).await?;
        add(tx, &self.spent).await?;
        let Some(read) = self.read else { return Ok(()) };
        let of = doc! {"invocation": self.invocation.as_str()};
        let mut bytes = i64::try_from(read.len()).unwrap_or(i64::MAX);
        for row in tx.find(&queries::KEPT_READS_OF, of).await? {
            let fields = Fields::of(KEPT_READS, &row);
            if fields.int("n")? == i64::from(self.n) {
                tx.drop_answers(answers::ids(&row, "body"));
            } else {
                bytes = bytes.saturating_add(fields.int("bytes")?);
            }
        }
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        if bytes > self.most {
            return Err(answers::too_large(bytes, self.most));
        }
        let row = kept_row(self.invocation.as_str(), i64::from(self.n), read, tx)?;
        tx.put(KEPT_READS, &id, row).await
    }
}

fn budgets_and_read(wanted: &mut Wanted, end: &CloseRead) {
    want(wanted, &end.spent);
    if end.read.is_some() {
        wanted.row(KEPT_READS, read_id(&end.invocation, end.n));
        wanted.set(&queries::KEPT_READS_OF, "invocation", end.invocation.as_str());
    }
}

/// The row of a kept read, which refers to what it was answered.
pub(crate) fn kept_row(invocation: &str, n: i64, read: String, tx: &mut Tx) -> Result<Document> {
    let bytes = crate::fields::limit(read.len());
    let body = tx.keep_answer(read)?;
    let id = key(&[invocation, &n.to_string()]);
    Ok(doc! {"_id": id, "invocation": invocation, "n": n, "body": blob(&body), "bytes": bytes})
}

#[async_trait]
impl BudgetStore for MongoStore {
    async fn spent(&self) -> Result<Vec<Spend>> {
        let reading = self.reading().await?;
        let mut latest = BTreeMap::<BudgetKey, Spend>::new();
        for row in reading.find(&queries::BUDGETS_ALL, doc! {}, 0).await? {
            // Windows come in their order: the last one stays.
            let spend = spend(&row)?;
            latest.insert(spend.key.clone(), spend);
        }
        let mut open = Vec::new();
        for row in reading.find(&queries::OPEN_READS_ALL, doc! {}, 0).await? {
            open.extend(worst(&row)?);
        }
        Ok(with_open(latest, open))
    }

    async fn open_read(&self, invocation: &InvocationId, n: u32, worst: Vec<Spend>) -> Result<()> {
        self.was_paid();
        self.write(OpenRead { invocation: invocation.clone(), n, worst }).await
    }

    async fn settle_read(&self, invocation: &InvocationId, read: Read, spent: Vec<Spend>) -> Result<()> {
        self.was_paid();
        let (n, read) = (read.n, Some(json(&read)?));
        let most = self.inner.shared.db.options.answer_bytes;
        self.write(CloseRead { invocation: invocation.clone(), n, read, spent, most }).await
    }

    async fn close_read(&self, errand: &InvocationId, n: u32, spent: Vec<Spend>) -> Result<()> {
        self.write(CloseRead { invocation: errand.clone(), n, read: None, spent, most: 0 }).await
    }

    async fn kept_reads(&self, invocation: &InvocationId) -> Result<Vec<Read>> {
        let reading = self.reading().await?;
        let filter = doc! {"invocation": invocation.as_str()};
        let rows = reading.find(&queries::KEPT_READS_OF, filter, 0).await?;
        let answers = answers::load(reading.db, rows.iter().flat_map(|row| answers::ids(row, "body"))).await?;
        let read = |row: &Document| {
            let ids = answers::ids(row, "body");
            let id = ids.first().ok_or_else(|| crate::fields::corrupt(KEPT_READS, &"body is no reference"))?;
            let text = answers::one(KEPT_READS, id, &answers)?;
            serde_json::from_str(text).map_err(|error| crate::fields::corrupt(KEPT_READS, &error))
        };
        rows.iter().map(read).collect()
    }
}
