//! Who changed what over the server, in MongoDB.

use async_trait::async_trait;
use mongodb::bson::{Document, doc};
use puppet_store::{ApiChange, ApiChanges, Result};
use puppet_types::AgentId;

use crate::{
    api::{STEP, drop_rows},
    fields::{Fields, json, limit},
    queries::{self, Query},
    schema::API_CHANGES,
    store::Reading,
    tx::Tx,
    writer::Work,
};

fn change(row: &Document) -> Result<ApiChange> {
    let fields = Fields::of(API_CHANGES, row);
    let text = |field| fields.text(field).map(str::to_owned);
    let value = |field| fields.maybe_text(field)?.map(|_| fields.json(field)).transpose();
    let status = u16::try_from(fields.small("status")?);
    Ok(ApiChange {
        seq: fields.unsigned("seq")?,
        at: fields.time("at")?,
        principal: text("principal")?,
        role: text("role")?,
        address: text("address")?,
        method: text("method")?,
        path: text("path")?,
        agent: fields.maybe_text("agent")?.map(AgentId::new),
        what: text("what")?,
        before: value("before")?,
        after: value("after")?,
        status: status.map_err(|error| crate::fields::corrupt(API_CHANGES, &error))?,
    })
}

/// Writes one down.
pub(crate) struct Append(pub(crate) ApiChange);

#[async_trait]
impl Work for Append {
    type Answer = u64;

    async fn run(self, tx: &mut Tx) -> Result<u64> {
        let ApiChange { seq: _, at, principal, role, address, method, path, agent, what, before, after, status } =
            &self.0;
        tx.counters.api_changes += 1;
        let seq = tx.counters.api_changes;
        let row = doc! {
            "seq": seq,
            "at": at.as_millis(),
            "principal": principal,
            "role": role,
            "address": address,
            "method": method,
            "path": path,
            "agent": agent.as_ref().map(AgentId::as_str),
            "what": what,
            "before": before.as_ref().map(json).transpose()?,
            "after": after.as_ref().map(json).transpose()?,
            "status": i64::from(*status),
        };
        tx.put_new(API_CHANGES, &seq.to_string(), row).await?;
        Ok(seq.cast_unsigned())
    }
}

/// A page: by the index of whoever is asked for.
pub(crate) async fn page(reading: &Reading<'_>, changes: &ApiChanges) -> Result<Vec<ApiChange>> {
    let ApiChanges { agent, principal, since, before_seq, limit: most } = changes;
    if *most == 0 {
        return Ok(Vec::new());
    }
    let mut filter = Document::new();
    let before = before_seq.map(|seq| i64::try_from(seq).unwrap_or(i64::MAX));
    filter.extend(before.map(|seq| ("seq".to_owned(), doc! {"$lt": seq}.into())));
    filter.extend(agent.as_ref().map(|agent| ("agent".to_owned(), agent.as_str().into())));
    filter.extend(principal.as_ref().map(|principal| ("principal".to_owned(), principal.into())));
    filter.extend(since.map(|since| ("at".to_owned(), doc! {"$gte": since.as_millis()}.into())));
    let query: &Query = match (agent, principal) {
        (Some(_), _) => &queries::API_CHANGES_ABOUT,
        (None, Some(_)) => &queries::API_CHANGES_BY,
        (None, None) => &queries::API_CHANGES_BEFORE,
    };
    reading.find(query, filter, limit(*most)).await?.iter().map(change).collect()
}

/// Keeps the last so many.
pub(crate) struct Forget {
    pub(crate) keep: u64,
}

#[async_trait]
impl Work for Forget {
    type Answer = usize;

    async fn run(self, tx: &mut Tx) -> Result<usize> {
        let last = tx.counters.api_changes.saturating_sub(i64::try_from(self.keep).unwrap_or(i64::MAX));
        let goes = |row: &Document| row.get_i64("seq").is_ok_and(|seq| seq <= last);
        let oldest = tx.first(&queries::ROWS_API_CHANGES, doc! {"seq": {"$lte": last}}, goes, STEP).await?;
        drop_rows(tx, API_CHANGES, &oldest).await
    }
}
