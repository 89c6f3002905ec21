//! Memories in MongoDB, with the words of their texts in a list that is indexed.

use std::collections::BTreeMap;

use async_trait::async_trait;
use mongodb::bson::{Bson, Document, doc};
use puppet_store::{KeepOrder, MemorySize, MemoryStore, Result, TextHit, Vector};
use puppet_types::{AgentId, Memory, MemoryKind, Timestamp, trade::Origin};

use crate::{
    fields::{Fields, counts, json, key, limit, name, says, vector_field},
    queries::{self, Query},
    schema::{MEMORIES, REMEMBERED},
    store::MongoStore,
    text,
    tx::Tx,
};

/// Every kind, as an index that begins with kinds wants them.
const KINDS: [MemoryKind; 6] = [
    MemoryKind::Core,
    MemoryKind::Event,
    MemoryKind::Interaction,
    MemoryKind::General,
    MemoryKind::Post,
    MemoryKind::Tweet,
];

pub(crate) fn names(kinds: &[MemoryKind]) -> Vec<String> {
    kinds.iter().map(name).collect()
}

/// Reads a row and its vector.
pub(crate) fn hit(row: &Document) -> Result<TextHit> {
    let fields = Fields::of(MEMORIES, row);
    let model = fields.maybe_text("model")?.map(str::to_owned);
    let vector = fields.numbers("vector")?.zip(model).map(|(numbers, model)| Vector { model, numbers });
    Ok(TextHit { memory: memory(row)?, vector })
}

/// Reads a row without its vector.
pub(crate) fn memory(row: &Document) -> Result<Memory> {
    let fields = Fields::of(MEMORIES, row);
    Ok(Memory {
        id: fields.text("id")?.to_owned(),
        kind: fields.named("kind")?,
        content: fields.text("content")?.to_owned(),
        at: fields.time("at")?,
        importance: fields.real("importance")?,
        valence: fields.real("valence")?,
        associations: fields.json("associations")?,
        metadata: fields.json("metadata")?,
        author: fields.maybe_text("author")?.map(str::to_owned),
        trust: fields.named("trust")?,
        pinned: fields.flag("pinned")?,
        led_by: fields.origin("led_by")?,
    })
}

/// Fields beside the columns: what is looked for in the text, and how long it is.
pub(crate) fn with_words(row: &mut Document, terms: Vec<String>) {
    let bytes = row.get_str("content").map_or(0, str::len);
    row.insert("terms", terms);
    row.insert("bytes", limit(bytes));
}

/// Inserts a memory or replaces the one of this id. What a stranger said stays a stranger's, whoever repeats it.
/// `journal` is the place of the record that it comes from, 0 where it comes from none.
pub(crate) async fn remember(
    tx: &mut Tx,
    agent: &AgentId,
    memory: &Memory,
    vector: Option<&Vector>,
    terms: Vec<String>,
    journal: u64,
) -> Result<()> {
    let id = key(&[agent.as_str(), &memory.id]);
    let mut row = doc! {
        "agent": agent.as_str(),
        "id": &memory.id,
        "kind": name(&memory.kind),
        "content": &memory.content,
        "at": memory.at.as_millis(),
        "importance": memory.importance,
        "valence": memory.valence,
        "associations": json(&memory.associations)?,
        "metadata": json(&memory.metadata)?,
        "author": memory.author.as_deref(),
        "trust": name(&memory.trust),
        "pinned": i64::from(memory.pinned),
        "vector": vector.map(|vector| vector_field(&vector.numbers)),
        "model": vector.map(|vector| vector.model.as_str()),
        "led_by": memory.led_by.map(Origin::name),
    };
    if let Some(known) = tx.get(MEMORIES, &id).await? {
        let stranger = says(&known, "trust", "stranger");
        let same_text = vector.is_none() && says(&known, "content", &memory.content);
        let kept = [("author", stranger), ("trust", stranger), ("vector", same_text), ("model", same_text)];
        for (field, _) in kept.into_iter().filter(|(_, kept)| *kept) {
            row.insert(field, known.get(field).cloned().unwrap_or(Bson::Null));
        }
    }
    with_words(&mut row, terms);
    tx.put(MEMORIES, &id, row).await?;
    if journal > 0 {
        let source = doc! {"agent": agent.as_str(), "id": &memory.id, "journal": journal.cast_signed()};
        let id = remembered_id(agent.as_str(), &memory.id, journal.cast_signed());
        tx.put_new(REMEMBERED, &id, source).await?;
    }
    Ok(())
}

/// The key of the row that says which record holds the words of a memory.
pub(crate) fn remembered_id(agent: &str, id: &str, journal: i64) -> String {
    key(&[agent, id, &journal.to_string()])
}

/// Deletes what is beyond a cap.
pub(crate) async fn keep(
    tx: &mut Tx,
    agent: &AgentId,
    kinds: &[MemoryKind],
    most: usize,
    order: KeepOrder,
) -> Result<()> {
    let kinds = names(if kinds.is_empty() { &KINDS } else { kinds });
    let counted =
        |row: &Document| says(row, "agent", agent.as_str()) && kinds.iter().any(|kind| says(row, "kind", kind));
    let filter = doc! {"agent": agent.as_str(), "kind": {"$in": &kinds}};
    let count = tx.count(&queries::MEMORIES_COUNTED, filter.clone(), counted).await?;
    let excess = usize::try_from(count).unwrap_or(usize::MAX).saturating_sub(most);
    if excess == 0 {
        return Ok(());
    }
    let query: &Query = match order {
        KeepOrder::Importance => &queries::MEMORIES_LEAST,
        KeepOrder::Newest => &queries::MEMORIES_OLDEST,
    };
    let mut filter = filter;
    filter.insert("pinned", 0_i64);
    let loose = |row: &Document| counted(row) && counts(row, "pinned", 0);
    for row in tx.first(query, filter, loose, excess).await? {
        delete(tx, agent.as_str(), Fields::of(MEMORIES, &row).text("id")?).await?;
    }
    Ok(())
}

/// Deletes one.
pub(crate) async fn delete(tx: &mut Tx, agent: &str, id: &str) -> Result<()> {
    let memory = key(&[agent, id]);
    if !tx.delete(MEMORIES, &memory).await? {
        return Ok(());
    }
    let of = doc! {"agent": agent, "id": id};
    // What says which records hold its words comes and goes with it.
    let records = match tx.is_stored(MEMORIES, &memory) {
        true => tx.find(&queries::REMEMBERED_OF, of).await?,
        false => tx.find_new(&queries::REMEMBERED_OF, &of),
    };
    for row in records {
        let journal = Fields::of(REMEMBERED, &row).int("journal")?;
        tx.delete(REMEMBERED, &remembered_id(agent, id, journal)).await?;
    }
    Ok(())
}

/// Pins or unpins one.
pub(crate) async fn pin(tx: &mut Tx, agent: &AgentId, id: &str, pinned: bool) -> Result<()> {
    let id = key(&[agent.as_str(), id]);
    let Some(mut row) = tx.get(MEMORIES, &id).await? else { return Ok(()) };
    row.insert("pinned", i64::from(pinned));
    tx.put(MEMORIES, &id, row).await
}

impl MongoStore {
    /// Rows of these kinds (empty = all), newest first.
    async fn page(&self, mut filter: Document, kinds: &[MemoryKind], rows: usize) -> Result<Vec<TextHit>> {
        if rows == 0 {
            return Ok(Vec::new());
        }
        let query: &Query = match kinds {
            [] => &queries::MEMORIES_OF,
            kinds => {
                filter.insert("kind", doc! {"$in": names(kinds)});
                &queries::MEMORIES_OF_KIND
            }
        };
        let rows = self.reading().await?.find(query, filter, limit(rows)).await?;
        rows.iter().map(hit).collect()
    }
}

#[async_trait]
impl MemoryStore for MongoStore {
    async fn memories(&self, agent: &AgentId, kinds: &[MemoryKind], rows: usize) -> Result<Vec<TextHit>> {
        self.page(doc! {"agent": agent.as_str()}, kinds, rows).await
    }

    async fn memories_after(
        &self,
        agent: &AgentId,
        kinds: &[MemoryKind],
        (at, id): (Timestamp, &str),
        rows: usize,
    ) -> Result<Vec<TextHit>> {
        let at = at.as_millis();
        let after = vec![doc! {"at": {"$lt": at}}, doc! {"at": at, "id": {"$gt": id}}];
        self.page(doc! {"agent": agent.as_str(), "$or": after}, kinds, rows).await
    }

    async fn memory(&self, agent: &AgentId, id: &str) -> Result<Option<TextHit>> {
        let row = self.reading().await?.row(MEMORIES, &key(&[agent.as_str(), id])).await?;
        row.as_ref().map(hit).transpose()
    }

    async fn text_candidates(
        &self,
        agent: &AgentId,
        terms: &[String],
        kinds: &[MemoryKind],
        rows: usize,
    ) -> Result<Vec<TextHit>> {
        let phrases = self.inner.words.phrases(terms)?;
        if phrases.is_empty() || rows == 0 {
            return Ok(Vec::new());
        }
        let first: Vec<&str> = phrases.iter().filter_map(|phrase| phrase.first()).map(String::as_str).collect();
        let mut filter = doc! {"agent": agent.as_str(), "terms": {"$in": first}};
        if !kinds.is_empty() {
            filter.insert("kind", doc! {"$in": names(kinds)});
        }
        // Words are found by the index; whether those of a phrase stand together is seen in the text.
        let single = phrases.iter().all(|phrase| phrase.len() == 1);
        let most = if single { limit(rows) } else { 0 };
        let found = self.reading().await?.find(&queries::MEMORIES_WITH_TERMS, filter, most).await?;
        let mut hits = Vec::new();
        for row in &found {
            let hit = hit(row)?;
            if single || text::holds(&self.inner.words.of(&hit.memory.content)?, &phrases) {
                hits.push(hit);
            }
        }
        hits.truncate(rows);
        Ok(hits)
    }

    async fn nearest(
        &self,
        agent: &AgentId,
        kinds: &[MemoryKind],
        vector: &Vector,
        rows: usize,
    ) -> Result<Option<Vec<TextHit>>> {
        self.nearest_rows(agent, kinds, vector, rows).await
    }

    async fn memory_size(&self, agent: &AgentId) -> Result<MemorySize> {
        let reading = self.reading().await?;
        let filter = doc! {"agent": agent.as_str()};
        let sums = reading.db.sums(&queries::MEMORIES_MEASURED, filter, None, Some("bytes")).await?;
        let (rows, bytes) = sums.into_values().next().unwrap_or_default();
        Ok(MemorySize { rows, bytes })
    }

    async fn memory_counts(&self, agent: &AgentId) -> Result<Vec<(MemoryKind, u64)>> {
        let reading = self.reading().await?;
        let filter = doc! {"agent": agent.as_str()};
        let counts = reading.db.sums(&queries::MEMORIES_COUNTED, filter, Some("kind"), None).await?;
        let mut of_kinds = BTreeMap::new();
        for kind in KINDS {
            if let Some((count, _)) = counts.get(&name(&kind)) {
                of_kinds.insert(kind, *count);
            }
        }
        Ok(of_kinds.into_iter().collect())
    }
}
