//! Retention in MongoDB. Numbers are given out by the commits, so that none comes twice; the last record and the last
//! event stay all the same, as the trait says.

use std::collections::BTreeSet;

use async_trait::async_trait;
use mongodb::bson::{Bson, Document, doc};
use puppet_store::{Cut, EffectState, Keep, Old, OldRecord, Pruned, RECORD_BYTES, Result, RetentionStore};
use puppet_types::{AgentId, Timestamp};

use crate::{
    agents, answers,
    fields::{Fields, limit, says},
    journal, queries,
    schema::{EVENTS, JOURNAL, KNOWN, OUTBOX},
    store::{MongoStore, Reading},
    tx::Tx,
    writer::Work,
};

/// Most ids that one commit forgets.
const IDS: usize = 1_000;

/// Records that are looked at together.
const PAGE: i64 = 256;

/// Whether an effect may still have to leave, or be asked about.
fn is_open(row: &Document) -> Result<bool> {
    use EffectState::{Done, DryRun, Expired, Failed, Rejected};
    let state = Fields::of(OUTBOX, row).named::<EffectState>("state")?;
    Ok(!matches!(state, Done | Failed | Rejected | Expired | DryRun))
}

/// Accounts as which an attempt is in doubt: what was published as them stays, so that no post of it is taken for that
/// attempt's.
fn doubted(rows: &[Document]) -> Result<BTreeSet<String>> {
    let mut accounts = BTreeSet::new();
    for row in rows {
        let fields = Fields::of(OUTBOX, row);
        if fields.maybe_time("begun")?.is_some() && !fields.flag("undecidable")? {
            accounts.insert(fields.text("account")?.to_owned());
        }
    }
    Ok(accounts)
}

/// Where an effect with such an attempt stands.
const UNDER_WAY: [&str; 3] = ["waiting", "sent", "in-doubt"];

fn is_needed(row: &Document, doubted: &BTreeSet<String>) -> Result<bool> {
    let fields = Fields::of(OUTBOX, row);
    let is_published = fields.maybe_text("provider_id")?.is_some_and(|id| !id.is_empty());
    Ok(is_open(row)? || is_published && doubted.contains(fields.text("account")?))
}

/// The number of what came last.
async fn last(reading: &Reading<'_>, query: &'static queries::Query) -> Result<i64> {
    let found = reading.find(query, Document::new(), 1).await?;
    found.first().map_or(Ok(0), |row| Fields::of(query.collection, row).int("seq"))
}

/// What records take, each with its event.
async fn bytes(reading: &Reading<'_>, page: &[(Document, Document)]) -> Result<Vec<u64>> {
    let ids = page.iter().flat_map(|(row, _)| answers::ids(row, "reads"));
    let answers = answers::load(reading.db, ids).await?;
    let of = |(row, event): &(Document, Document)| {
        let texts = [event.get_str("payload"), row.get_str("decisions"), row.get_str("log"), row.get_str("message")];
        let texts: usize = texts.into_iter().flatten().map(str::len).sum();
        Ok(RECORD_BYTES + (texts + answers::text(row, &answers)?.len()) as u64)
    };
    page.iter().map(of).collect()
}

/// Invocations of a page that something is open of.
async fn open(reading: &Reading<'_>, page: &[(Document, Document)]) -> Result<BTreeSet<String>> {
    let ids: Vec<&str> = page.iter().filter_map(|(row, _)| row.get_str("id").ok()).collect();
    let of = doc! {"invocation": {"$in": ids}};
    let mut open = reading.find(&queries::OPEN_READS_OF, of.clone(), 0).await?;
    open.extend(reading.find(&queries::KEPT_READS_OF, of.clone(), 0).await?);
    let doubted =
        doubted(&reading.find(&queries::EFFECTS_BY_STATE, doc! {"state": {"$in": UNDER_WAY.as_slice()}}, 0).await?)?;
    for effect in reading.find(&queries::EFFECTS_OF, of, 0).await? {
        if is_needed(&effect, &doubted)? {
            open.push(effect);
        }
    }
    Ok(open.iter().filter_map(|row| row.get_str("invocation").ok()).map(str::to_owned).collect())
}

/// The newest record that does not find room any more; 0 where all do.
async fn beyond_bytes(store: &MongoStore, agent: &AgentId, most: u64) -> Result<u64> {
    let (mut sum, mut before) = (0_u64, i64::MAX);
    loop {
        let reading = store.reading().await?;
        let page = journal::page(&reading, agent, before, PAGE).await?;
        let bytes = bytes(&reading, &page).await?;
        for ((row, _), bytes) in page.iter().zip(bytes) {
            before = Fields::of(JOURNAL, row).int("seq")?;
            sum = sum.saturating_add(bytes);
            if sum > most {
                return Ok(before.cast_unsigned());
            }
        }
        if page.is_empty() {
            return Ok(0);
        }
    }
}

#[async_trait]
impl RetentionStore for MongoStore {
    async fn recorded_agents(&self) -> Result<Vec<AgentId>> {
        let reading = self.reading().await?;
        let agents = reading.db.distinct(&queries::JOURNAL_AGENTS, "agent", Document::new()).await?;
        let agents: BTreeSet<AgentId> = agents.iter().filter_map(Bson::as_str).map(AgentId::new).collect();
        Ok(agents.into_iter().collect())
    }

    async fn cut(&self, agent: &AgentId, keep: &Keep) -> Result<Cut> {
        let (skipped, filter) = (usize::try_from(keep.last).unwrap_or(usize::MAX), doc! {"agent": agent.as_str()});
        let most = limit(skipped.saturating_add(1));
        let reading = self.reading().await?;
        let fields = Some(doc! {"seq": 1});
        let newest = reading.db.find_fields(&queries::JOURNAL_OF_BEFORE, filter, most, fields).await?;
        drop(reading);
        let stay = newest.get(skipped).map(|row| Fields::of(JOURNAL, row).unsigned("seq")).transpose()?;
        let stay = stay.map_or(0, |seq| seq + 1);
        let beyond = match keep.bytes {
            Some(bytes) if stay > 0 => beyond_bytes(self, agent, bytes).await?,
            _ => 0,
        };
        Ok(Cut { agent: agent.clone(), since: keep.since, beyond, stay })
    }

    async fn beyond(&self, cut: &Cut, after_seq: u64, most: usize) -> Result<Vec<OldRecord>> {
        if most == 0 {
            return Ok(Vec::new());
        }
        let reading = self.reading().await?;
        let range = doc! {"$gt": after_seq.cast_signed(), "$lt": cut.stay.cast_signed()};
        let filter = doc! {"agent": cut.agent.as_str(), "seq": range};
        let records = reading.find(&queries::JOURNAL_OF_AFTER, filter, limit(most)).await?;
        let page = journal::with_events(&reading, records).await?;
        let (bytes, open) = (bytes(&reading, &page).await?, open(&reading, &page).await?);
        let (event, record) =
            (last(&reading, &queries::EVENTS_LAST).await?, last(&reading, &queries::JOURNAL_BEFORE).await?);
        let mut old = Vec::new();
        for ((row, of), bytes) in page.iter().zip(bytes) {
            let fields = Fields::of(JOURNAL, row);
            let (seq, at) = (fields.unsigned("seq")?, fields.time("at")?);
            if seq > cut.beyond && cut.since.is_none_or(|since| at >= since) {
                break;
            }
            let is_last = fields.int("seq")? == record || Fields::of(EVENTS, of).int("seq")? == event;
            let needed = is_last || says(of, "state", "waiting") || open.contains(fields.text("id")?);
            old.push(OldRecord { seq, bytes, needed });
        }
        Ok(old)
    }

    async fn old_letters(&self, before: Timestamp, after_seq: u64, rows: usize) -> Result<Vec<u64>> {
        let reading = self.reading().await?;
        let filter = doc! {"state": "dead", "ended": {"$lt": before.as_millis()}};
        let fields = Some(doc! {"seq": 1});
        let dead = reading.db.find_fields(&queries::EVENTS_DEAD_BEFORE, filter, 0, fields.clone()).await?;
        let last = last(&reading, &queries::EVENTS_LAST).await?;
        let seqs = dead.iter().map(|row| Fields::of(EVENTS, row).int("seq")).collect::<Result<BTreeSet<_>>>()?;
        let mut left = seqs.into_iter().filter(|seq| *seq > after_seq.cast_signed() && *seq < last);
        let mut letters = Vec::new();
        while letters.len() < rows {
            let page: Vec<i64> = left.by_ref().take(rows.min(1_000)).collect();
            if page.is_empty() {
                break;
            }
            let of = doc! {"event": {"$in": &page}};
            let recorded = reading.db.find_fields(&queries::JOURNAL_OF_EVENT, of, 0, Some(doc! {"event": 1})).await?;
            let recorded: BTreeSet<i64> = recorded.iter().filter_map(|row| row.get_i64("event").ok()).collect();
            letters.extend(page.iter().filter(|seq| !recorded.contains(*seq)).map(|seq| seq.cast_unsigned()));
        }
        letters.truncate(rows);
        Ok(letters)
    }

    async fn prune(&self, old: Old) -> Result<Pruned> {
        self.write(Prune(old)).await
    }
}

struct Prune(Old);

#[async_trait]
impl Work for Prune {
    type Answer = Pruned;

    async fn run(self, tx: &mut Tx) -> Result<Pruned> {
        let mut pruned = Pruned::default();
        for seq in &self.0.records {
            record(tx, seq.cast_signed(), &mut pruned).await?;
        }
        for seq in &self.0.letters {
            pruned.events += event(tx, seq.cast_signed()).await?;
        }
        if let Some(before) = self.0.ids_before {
            pruned.ids = forget_ids(tx, before).await?;
        }
        Ok(pruned)
    }
}

async fn record(tx: &mut Tx, seq: i64, pruned: &mut Pruned) -> Result<()> {
    let Some(row) = tx.find(&queries::JOURNAL_BY_SEQ, doc! {"seq": seq}).await?.pop() else { return Ok(()) };
    let fields = Fields::of(JOURNAL, &row);
    let (id, of) = (fields.text("id")?, fields.int("event")?);
    let Some(about) = tx.find(&queries::EVENTS_BY_SEQ, doc! {"seq": of}).await?.pop() else { return Ok(()) };
    if says(&about, "state", "waiting") || of == tx.counters.events || seq == tx.counters.journal {
        return Ok(());
    }
    let own = doc! {"invocation": id};
    let effects = tx.find(&queries::EFFECTS_OF, own.clone()).await?;
    let mut open = !tx.find(&queries::OPEN_READS_OF, own.clone()).await?.is_empty();
    open |= !tx.find(&queries::KEPT_READS_OF, own).await?.is_empty();
    let mut under_way = Vec::new();
    for state in UNDER_WAY.iter().filter(|_| !effects.is_empty()) {
        under_way.extend(tx.find(&queries::EFFECTS_BY_STATE, doc! {"state": *state}).await?);
    }
    let doubted = doubted(&under_way)?;
    for effect in &effects {
        open |= is_needed(effect, &doubted)?;
    }
    if open {
        return Ok(());
    }
    for effect in &effects {
        tx.delete(OUTBOX, Fields::of(OUTBOX, effect).text("id")?).await?;
    }
    tx.drop_answers(answers::ids(&row, "reads"));
    agents::forget_mood(tx, &row).await?;
    tx.delete(JOURNAL, id).await?;
    pruned.effects += effects.len() as u64;
    pruned.records += 1;
    pruned.events += event(tx, of).await?;
    Ok(())
}

/// Deletes an event that has ended and that no record is about, and keeps its id.
async fn event(tx: &mut Tx, seq: i64) -> Result<u64> {
    let Some(row) = tx.find(&queries::EVENTS_BY_SEQ, doc! {"seq": seq}).await?.pop() else { return Ok(0) };
    let recorded = !tx.find(&queries::JOURNAL_OF_EVENT, doc! {"event": seq}).await?.is_empty();
    if says(&row, "state", "waiting") || recorded {
        return Ok(0);
    }
    let fields = Fields::of(EVENTS, &row);
    let (id, ended) = (fields.text("id")?, fields.maybe_int("ended")?.map_or_else(|| fields.int("at"), Ok)?);
    let (n, ended) = match tx.get(KNOWN, id).await? {
        Some(known) => {
            let known = Fields::of(KNOWN, &known);
            (known.int("n")?, ended.max(known.int("ended")?))
        }
        None => {
            tx.counters.known += 1;
            (tx.counters.known, ended)
        }
    };
    tx.put(KNOWN, id, doc! {"n": n, "id": id, "ended": ended}).await?;
    tx.delete(EVENTS, id).await?;
    Ok(1)
}

/// Ids go in the order in which they came, up to the first that is to stay.
async fn forget_ids(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    let mut gone = 0;
    for row in tx.first(&queries::KNOWN_OLDEST, Document::new(), |_| true, IDS).await? {
        let fields = Fields::of(KNOWN, &row);
        if fields.time("ended")? >= before {
            break;
        }
        tx.delete(KNOWN, fields.text("id")?).await?;
        gone += 1;
    }
    Ok(gone)
}
