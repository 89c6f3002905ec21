//! The journal in MongoDB: one document per invocation. What was read is in documents of its own, the event as well.

use std::{borrow::Cow, collections::BTreeMap, time::Instant};

use async_trait::async_trait;
use mongodb::bson::{Bson, Document, doc};
use puppet_store::{Commit, Filter, Forgetting, JournalEntry, JournalStore, Result, whose};
use puppet_types::{
    AgentId, Breach, Declined, Invocation, InvocationId, Outcome, PackId, PluginRef, Timestamp, Timing, scrub,
};
use serde::Serialize;

use crate::{
    agents,
    answers::{self, Reads},
    commits::ContentId,
    events,
    fields::{Fields, blob, corrupt, json, limit, one_of, says},
    forget::Forget,
    queries::{self, Query},
    schema::JOURNAL,
    store::{MongoStore, Reading},
    tx::Tx,
};

/// Records that are looked at together.
const PAGE: usize = 256;

/// What of a commit is JSON, written before it is the writer's turn.
pub(crate) struct Texts {
    ended: Option<Instant>,
    host_calls: String,
    reads: Reads,
    decisions: String,
    log: String,
    pub(crate) payload: Option<String>,
    /// What was left out because it was too much, as the record tells it.
    unreplayable: Option<String>,
}

impl Texts {
    /// `most`: bytes of reads.
    pub(crate) fn of(commit: &Commit, most: usize) -> Result<Self> {
        let invocation = &commit.invocation;
        let (reads, unreplayable) = bounded(Reads::of(&clean(&invocation.reads)?), most);
        Ok(Self {
            ended: commit.ended,
            host_calls: json(&invocation.host_calls)?,
            reads,
            decisions: clean(&invocation.decisions)?,
            log: clean(&invocation.log)?,
            payload: commit.payload.as_ref().map(json).transpose()?,
            unreplayable,
        })
    }
}

/// As many reads, from the first on, as have no more bytes; and what the record says where that is not all.
fn bounded(reads: Reads, most: usize) -> (Reads, Option<String>) {
    let all = reads.bytes();
    if all <= most {
        return (reads, None);
    }
    let mut left = most;
    let fits = |part: &String| match left.checked_sub(part.len()) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    let kept: Vec<String> = match reads {
        Reads::Each(parts) => parts.into_iter().take_while(fits).collect(),
        Reads::Whole(_) => Vec::new(),
    };
    let why = format!("{all} bytes were read, of which {most} can be kept");
    let reads = if kept.is_empty() { Reads::Whole("[]".to_owned()) } else { Reads::Each(kept) };
    (reads, Some(why))
}

/// JSON without credentials. What passed the gate has none; this is the last door before the disk.
pub(crate) fn clean<T: Serialize>(value: &T) -> Result<String> {
    let text = json(value)?;
    Ok(match scrub::json(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(clean) => clean,
    })
}

/// Writes a record; one of the same id (the event was tried before) makes way and its place is at the end.
pub(crate) async fn insert(tx: &mut Tx, invocation: &Invocation, texts: &Texts, event: i64) -> Result<u64> {
    let id = invocation.id.as_str();
    if let Some(before) = tx.get(JOURNAL, id).await? {
        tx.drop_answers(answers::ids(&before, "reads"));
        agents::forget_mood(tx, &before).await?;
    }
    let seq = tx.counters.journal + 1;
    tx.counters.journal = seq;
    let reads = put_reads(tx, &texts.reads)?;
    tx.put(JOURNAL, id, row(invocation, texts, event, seq, reads)?).await?;
    Ok(seq.cast_unsigned())
}

/// Keeps reads, and gives the field that refers to them.
pub(crate) fn put_reads(tx: &mut Tx, reads: &Reads) -> Result<Bson> {
    match reads {
        Reads::Whole(text) => Ok(Bson::String(text.clone())),
        Reads::Each(parts) => {
            let ids = parts.iter().map(|part| tx.keep_answer(part.clone()));
            Ok(answers::field(&ids.collect::<Result<Vec<ContentId>>>()?))
        }
    }
}

fn row(invocation: &Invocation, texts: &Texts, event: i64, seq: i64, reads: Bson) -> Result<Document> {
    let (code, message, retry_at) = match &invocation.outcome {
        Outcome::Ok => (None, None, None),
        Outcome::Declined(no) => (Some(no.code.as_str()), Some(no.message.as_str()), no.retry_at),
        Outcome::Failed(message) => (None, Some(message.as_str()), None),
        Outcome::Breach(breach, message) => (Some(breach.code()), Some(message.as_str()), None),
    };
    let waited = |timing| match texts.ended {
        Some(ended) => Timing { commit: u64::try_from(ended.elapsed().as_micros()).unwrap_or(u64::MAX), ..timing },
        None => timing,
    };
    let timing = invocation.timing.map(|timing| json(&waited(timing))).transpose()?;
    Ok(doc! {
        "seq": seq,
        "id": invocation.id.as_str(),
        "at": invocation.at.as_millis(),
        "agent": invocation.agent.as_str(),
        "event": event,
        "plugin": invocation.plugin.id.as_str(),
        "version": &invocation.plugin.version,
        "digest": blob(invocation.plugin.digest.as_bytes()),
        "persona": blob(invocation.persona_digest.as_bytes()),
        "settings": blob(invocation.settings_digest.as_bytes()),
        "outcome": invocation.outcome.name(),
        "code": code,
        "message": message.map(|message| scrub::text(message).into_owned()),
        "retry_at": retry_at.map(Timestamp::as_millis),
        "fuel": invocation.fuel.cast_signed(),
        "peak_memory": invocation.peak_memory_bytes.cast_signed(),
        "strikes": i64::from(invocation.strikes),
        "timing": timing,
        "host_calls": &texts.host_calls,
        "reads": reads,
        "decisions": &texts.decisions,
        "log": &texts.log,
        "seed": invocation.seed.map(u64::cast_signed),
        "unreplayable": invocation.unreplayable.as_ref().or(texts.unreplayable.as_ref()),
    })
}

/// Reads a record, with its event and what it read.
fn entry(row: &Document, event: &Document, reads: &str) -> Result<JournalEntry> {
    let fields = Fields::of(JOURNAL, row);
    let owned = |field: &str| fields.maybe_text(field).map(|text| text.unwrap_or_default().to_owned());
    let outcome = match fields.text("outcome")? {
        "ok" => Outcome::Ok,
        "declined" => {
            let retry_at = fields.maybe_time("retry_at")?;
            Outcome::Declined(Declined { code: owned("code")?, message: owned("message")?, retry_at })
        }
        "failed" => Outcome::Failed(owned("message")?),
        "breach" => {
            let code = owned("code")?;
            let breach = Breach::parse(&code).ok_or_else(|| corrupt(JOURNAL, &format!("breach {code}")))?;
            Outcome::Breach(breach, owned("message")?)
        }
        other => return Err(corrupt(JOURNAL, &format!("outcome {other}"))),
    };
    let plugin = PluginRef {
        id: PackId::new(fields.text("plugin")?),
        version: fields.text("version")?.to_owned(),
        digest: fields.digest("digest")?,
    };
    let invocation = Invocation {
        id: InvocationId::new(fields.text("id")?),
        at: fields.time("at")?,
        agent: AgentId::new(fields.text("agent")?),
        plugin,
        persona_digest: fields.digest("persona")?,
        settings_digest: fields.digest("settings")?,
        seed: fields.maybe_int("seed")?.map(i64::cast_unsigned),
        event: events::event(event)?,
        outcome,
        fuel: fields.unsigned("fuel")?,
        peak_memory_bytes: fields.unsigned("peak_memory")?,
        host_calls: fields.json("host_calls")?,
        reads: serde_json::from_str(reads).map_err(|error| corrupt(JOURNAL, &error))?,
        decisions: fields.json("decisions")?,
        log: fields.json("log")?,
        strikes: fields.small("strikes")?,
        timing: fields.maybe_text("timing")?.map(|_| fields.json("timing")).transpose()?,
        unreplayable: fields.maybe_text("unreplayable")?.map(str::to_owned),
    };
    Ok(JournalEntry { seq: fields.unsigned("seq")?, invocation })
}

/// Records with their events, as documents.
pub(crate) type Joined = Vec<(Document, Document)>;

pub(crate) async fn with_events(reading: &Reading<'_>, records: Vec<Document>) -> Result<Joined> {
    let seqs = records.iter().map(|row| Fields::of(JOURNAL, row).int("event"));
    let seqs = seqs.collect::<Result<Vec<_>>>()?;
    let mut events = BTreeMap::new();
    for event in reading.find(&queries::EVENTS_BY_SEQ, doc! {"seq": {"$in": &seqs}}, 0).await? {
        events.insert(Fields::of(crate::schema::EVENTS, &event).int("seq")?, event);
    }
    let joined = records.into_iter().zip(seqs).map(|(row, seq)| {
        let event = events.get(&seq).ok_or_else(|| corrupt(JOURNAL, &format!("event {seq} is not there")))?;
        Ok((row, event.clone()))
    });
    joined.collect()
}

/// The newest records of an agent before a place, with their events.
pub(crate) async fn page(reading: &Reading<'_>, agent: &AgentId, before: i64, most: i64) -> Result<Joined> {
    let filter = doc! {"seq": {"$lt": before}, "agent": agent.as_str()};
    with_events(reading, reading.find(&queries::JOURNAL_OF_BEFORE, filter, most).await?).await
}

#[async_trait]
impl JournalStore for MongoStore {
    async fn journal(&self, filter: &Filter) -> Result<Vec<JournalEntry>> {
        let Some(search) = Search::of(filter)? else { return Ok(Vec::new()) };
        let (mut out, mut from) = (Vec::new(), None);
        while out.len() < filter.limit {
            let reading = self.reading().await?;
            let size = if search.is_narrow() { PAGE } else { PAGE.min(filter.limit) };
            let found = reading.find(search.query, search.page(from), limit(size)).await?;
            let Some(last) = found.last() else { break };
            from = Some(Fields::of(JOURNAL, last).int("seq")?);
            let end = found.len() < size;
            search.add(&reading, found, &mut out).await?;
            if end {
                break;
            }
        }
        out.truncate(filter.limit);
        Ok(out)
    }

    async fn invocation(&self, id: &InvocationId) -> Result<Option<JournalEntry>> {
        let reading = self.reading().await?;
        let found: Vec<Document> = reading.row(JOURNAL, id.as_str()).await?.into_iter().collect();
        let mut out = Vec::new();
        let all = Filter { limit: 1, ..Filter::default() };
        if let Some(search) = Search::of(&all)? {
            search.add(&reading, found, &mut out).await?;
        }
        Ok(out.pop())
    }

    async fn forget(&self, ids: Vec<InvocationId>, reason: &str) -> Result<Forgetting> {
        let fates = self.write(Forget { ids, reason: reason.to_owned() }).await?;
        // Members of a replica set keep what was written in a log that nobody can take a word out of.
        Ok(Forgetting { fates, log_emptied: !self.inner.shared.db.replicated })
    }
}

/// A filter, as far as the server looks and as far as the host does.
struct Search<'a> {
    query: &'static Query,
    filter: Document,
    asked: &'a Filter,
    /// What is looked for in texts, as it is and as it stands within JSON.
    spellings: Option<[String; 2]>,
}

impl<'a> Search<'a> {
    /// None where nobody's records are asked for.
    fn of(asked: &'a Filter) -> Result<Option<Self>> {
        let agents = whose(asked.agent.as_ref(), asked.among.as_ref());
        if agents.as_ref().is_some_and(Vec::is_empty) {
            return Ok(None);
        }
        let query: &'static Query = match (&agents, asked.oldest_first) {
            (Some(_), true) => &queries::JOURNAL_OF_AFTER,
            (Some(_), false) => &queries::JOURNAL_OF_BEFORE,
            (None, true) => &queries::JOURNAL_AFTER,
            (None, false) => &queries::JOURNAL_BEFORE,
        };
        let mut filter = Document::new();
        if let Some(agents) = agents {
            filter.insert("agent", one_of(agents));
        }
        if let Some(outcome) = &asked.outcome {
            filter.insert("outcome", outcome);
        }
        let mut time = Document::new();
        if let Some(since) = asked.since {
            time.insert("$gte", since.as_millis());
        }
        if let Some(until) = asked.until {
            time.insert("$lt", until.as_millis());
        }
        if !time.is_empty() {
            filter.insert("at", time);
        }
        Ok(Some(Self { query, filter, asked, spellings: asked.text.as_deref().map(spellings).transpose()? }))
    }

    /// Whether many records may be looked at for one that is found.
    fn is_narrow(&self) -> bool {
        self.spellings.is_some() || self.asked.kind.is_some()
    }

    /// The filter of the page that comes after a place.
    fn page(&self, from: Option<i64>) -> Document {
        let seq = |seq: u64| i64::try_from(seq).unwrap_or(i64::MAX);
        let (mut after, mut before) = (self.asked.after_seq.map(seq), self.asked.before_seq.map(seq));
        *(if self.asked.oldest_first { &mut after } else { &mut before }) = from.or(match self.asked.oldest_first {
            true => after,
            false => before,
        });
        let mut range = Document::new();
        range.extend(after.map(|after| ("$gt".to_owned(), Bson::Int64(after))));
        range.extend(before.map(|before| ("$lt".to_owned(), Bson::Int64(before))));
        let mut filter = self.filter.clone();
        if !range.is_empty() {
            filter.insert("seq", range);
        }
        filter
    }

    /// Adds those of a page that are looked for.
    async fn add(&self, reading: &Reading<'_>, page: Vec<Document>, out: &mut Vec<JournalEntry>) -> Result<()> {
        let kind = self.asked.kind.as_deref();
        let mut page = with_events(reading, page).await?;
        page.retain(|(_, event)| kind.is_none_or(|kind| says(event, "kind", kind)));
        let ids = page.iter().flat_map(|(row, _)| answers::ids(row, "reads"));
        let answers = answers::load(reading.db, ids).await?;
        for (row, event) in &page {
            let reads = answers::text(row, &answers)?;
            if self.spellings.as_ref().is_none_or(|spellings| holds(row, event, &reads, spellings)) {
                out.push(entry(row, event, &reads)?);
            }
        }
        Ok(())
    }
}

/// A text as it is, and as it stands within JSON.
fn spellings(text: &str) -> Result<[String; 2]> {
    let text = text.to_lowercase();
    let quoted = json(&text)?;
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&quoted).to_owned();
    Ok([text, inner])
}

fn holds(row: &Document, event: &Document, reads: &str, wanted: &[String]) -> bool {
    let fields = [event.get_str("payload"), row.get_str("decisions"), row.get_str("log"), row.get_str("message")];
    let texts = fields.into_iter().filter_map(std::result::Result::ok).chain([reads]);
    let mut texts = texts.map(str::to_lowercase);
    texts.any(|text| wanted.iter().any(|wanted| text.contains(wanted)))
}
