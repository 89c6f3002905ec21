//! Blobs of plugins in MongoDB: who wrote them, and what was there before another version wrote.

use async_trait::async_trait;
use mongodb::bson::{Bson, Document, doc};
use puppet_store::{KEPT_STATES, KeptState, Result, StateBlob, StateRow, StateStore};
use puppet_types::{AgentId, Digest, PackId, Timestamp, trade::Origin};

use crate::{
    fields::{Fields, blob, key},
    queries,
    schema::{PLUGIN_STATE, STATE_KEPT},
    store::MongoStore,
    tx::Tx,
};

/// What a plugin version does to its blob: whose, by which component, when.
pub(crate) struct Writer<'a> {
    pub(crate) agent: &'a AgentId,
    pub(crate) plugin: &'a PackId,
    pub(crate) digest: &'a Digest,
    pub(crate) at: Timestamp,
}

/// Replaces the blob and what was behind it, or clears it; what another component wrote is kept. What is not there cannot
/// be cleared.
pub(crate) async fn write(tx: &mut Tx, writer: &Writer<'_>, new: Option<(&StateBlob, Option<Origin>)>) -> Result<()> {
    let id = key(&[writer.agent.as_str(), writer.plugin.as_str()]);
    let found = tx.get(PLUGIN_STATE, &id).await?;
    let own = blob(writer.digest.as_bytes());
    match &found {
        None if new.is_none() => return Ok(()),
        Some(row) if row.get("digest") != Some(&own) => keep(tx, writer, row).await?,
        _ => {}
    }
    let empty = StateBlob { version: 0, data: Vec::new() };
    let (StateBlob { version, data }, led_by) = new.unwrap_or((&empty, None));
    let row = doc! {
        "agent": writer.agent.as_str(),
        "plugin": writer.plugin.as_str(),
        "version": i64::from(*version),
        "data": blob(data),
        "digest": own,
        "cleared": i64::from(new.is_none()),
        "led_by": led_by.map(Origin::name),
    };
    tx.put(PLUGIN_STATE, &id, row).await
}

/// The key of what a component had written: one per agent, plugin and component.
pub(crate) fn kept_id(agent: &str, plugin: &str, digest: &[u8]) -> String {
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    key(&[agent, plugin, &digest])
}

async fn all_kept(tx: &mut Tx, agent: &str, plugin: &str) -> Result<Vec<(i64, Document)>> {
    let rows = tx.find(&queries::STATES_KEPT, doc! {"agent": agent, "plugin": plugin}).await?;
    let rows = rows.into_iter().map(|row| Ok((Fields::of(STATE_KEPT, &row).int("n")?, row)));
    let mut rows = rows.collect::<Result<Vec<_>>>()?;
    rows.sort_by_key(|(n, _)| -n);
    Ok(rows)
}

/// Puts aside what is there, which another component wrote. What was kept of the one that writes now is what it wrote
/// before that, and goes.
async fn keep(tx: &mut Tx, writer: &Writer<'_>, present: &Document) -> Result<()> {
    let (agent, plugin) = (writer.agent.as_str(), writer.plugin.as_str());
    let fields = Fields::of(PLUGIN_STATE, present);
    let digest = fields.maybe_blob("digest")?.unwrap_or_default();
    tx.counters.state_kept += 1;
    let row = doc! {
        "n": tx.counters.state_kept,
        "agent": agent,
        "plugin": plugin,
        "digest": blob(digest),
        "version": fields.int("version")?,
        "data": blob(fields.blob("data")?),
        "cleared": fields.int("cleared")?,
        "replaced_by": blob(writer.digest.as_bytes()),
        "at": writer.at.as_millis(),
        "led_by": fields.maybe_text("led_by")?,
    };
    tx.put(STATE_KEPT, &kept_id(agent, plugin, digest), row).await?;
    tx.delete(STATE_KEPT, &kept_id(agent, plugin, writer.digest.as_bytes())).await?;
    for (_, row) in all_kept(tx, agent, plugin).await?.into_iter().skip(KEPT_STATES) {
        let digest = Fields::of(STATE_KEPT, &row).blob("digest")?.to_vec();
        tx.delete(STATE_KEPT, &kept_id(agent, plugin, &digest)).await?;
    }
    Ok(())
}

/// Puts back, wherever `from` wrote the present blob, what `to` had there.
pub(crate) async fn restore(
    tx: &mut Tx,
    plugin: &PackId,
    agents: Option<&[AgentId]>,
    from: &Digest,
    to: &Digest,
) -> Result<()> {
    let filter = doc! {"plugin": plugin.as_str(), "digest": blob(from.as_bytes())};
    for row in tx.find(&queries::STATES_WRITTEN_BY, filter).await? {
        let agent = AgentId::new(Fields::of(PLUGIN_STATE, &row).text("agent")?);
        if agents.is_none_or(|agents| agents.contains(&agent)) {
            restore_one(tx, agent.as_str(), plugin.as_str(), from, to).await?;
        }
    }
    Ok(())
}

/// What the target had itself comes first. One that never wrote there read what `from` found; where that found nothing,
/// there is nothing again.
async fn restore_one(tx: &mut Tx, agent: &str, plugin: &str, from: &Digest, to: &Digest) -> Result<()> {
    let kept = all_kept(tx, agent, plugin).await?;
    let by = |field: &str, digest: &Digest| {
        let wanted = blob(digest.as_bytes());
        kept.iter().map(|(_, row)| row).find(|row| row.get(field) == Some(&wanted))
    };
    let id = key(&[agent, plugin]);
    let Some(kept) = by("digest", to).or_else(|| by("replaced_by", from)) else {
        return tx.delete(PLUGIN_STATE, &id).await.map(drop);
    };
    let fields = Fields::of(STATE_KEPT, kept);
    let digest = fields.blob("digest")?;
    let row = doc! {
        "agent": agent,
        "plugin": plugin,
        "version": fields.int("version")?,
        "data": blob(fields.blob("data")?),
        "digest": if digest.is_empty() { Bson::Null } else { blob(digest) },
        "cleared": fields.int("cleared")?,
        "led_by": fields.maybe_text("led_by")?,
    };
    tx.put(PLUGIN_STATE, &id, row).await?;
    tx.delete(STATE_KEPT, &kept_id(agent, plugin, digest)).await.map(drop)
}

/// A digest in a field where none may be told.
fn writer(fields: Fields<'_>) -> Result<Option<Digest>> {
    match fields.maybe_blob("digest")? {
        None | Some([]) => Ok(None),
        Some(_) => fields.digest("digest").map(Some),
    }
}

fn state_blob(fields: Fields<'_>) -> Result<StateBlob> {
    Ok(StateBlob { version: fields.small("version")?, data: fields.blob("data")?.to_vec() })
}

#[async_trait]
impl StateStore for MongoStore {
    async fn state(&self, agent: &AgentId, plugin: &PackId) -> Result<Option<StateRow>> {
        let found = self.reading().await?.row(PLUGIN_STATE, &key(&[agent.as_str(), plugin.as_str()])).await?;
        let Some(row) = found else { return Ok(None) };
        let fields = Fields::of(PLUGIN_STATE, &row);
        if fields.flag("cleared")? {
            return Ok(None);
        }
        Ok(Some(StateRow { blob: state_blob(fields)?, writer: writer(fields)?, led_by: fields.origin("led_by")? }))
    }

    async fn kept_states(&self, agent: &AgentId, plugin: &PackId) -> Result<Vec<KeptState>> {
        let filter = doc! {"agent": agent.as_str(), "plugin": plugin.as_str()};
        let rows = self.reading().await?.find(&queries::STATES_KEPT, filter, 0).await?;
        let kept = |row: &Document| {
            let fields = Fields::of(STATE_KEPT, row);
            let cleared = fields.flag("cleared")?;
            let blob = (!cleared).then(|| state_blob(fields)).transpose()?;
            Ok(KeptState { writer: writer(fields)?, blob, at: fields.time("at")? })
        };
        rows.iter().map(kept).collect()
    }
}
