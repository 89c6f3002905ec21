//! Timers in MongoDB.

use async_trait::async_trait;
use mongodb::bson::{Document, doc};
use puppet_grants::Spend;
use puppet_store::{Result, Timer, TimerStore, Waiting};
use puppet_types::{AgentId, Event, PackId, Timestamp, trade::Origin};

use crate::{
    budgets, events,
    fields::{Fields, json, key},
    queries,
    schema::TIMERS,
    store::MongoStore,
    tx::{Tx, Wanted},
    writer::Work,
};

fn timer(row: &Document) -> Result<Timer> {
    let fields = Fields::of(TIMERS, row);
    Ok(Timer {
        agent: AgentId::new(fields.text("agent")?),
        plugin: PackId::new(fields.text("plugin")?),
        name: fields.text("name")?.to_owned(),
        rule: fields.json("rule")?,
        next: fields.time("next")?,
        payload: fields.json("payload")?,
        led_by: fields.origin("led_by")?,
    })
}

/// The key of a timer.
pub(crate) fn key_of(agent: &AgentId, plugin: &PackId, name: &str) -> String {
    key(&[agent.as_str(), plugin.as_str(), name])
}

/// Sets a timer, replacing one of the same key.
pub(crate) async fn set(tx: &mut Tx, timer: &Timer) -> Result<()> {
    let row = doc! {
        "agent": timer.agent.as_str(),
        "plugin": timer.plugin.as_str(),
        "name": &timer.name,
        "rule": json(&timer.rule)?,
        "next": timer.next.as_millis(),
        "payload": json(&timer.payload)?,
        "led_by": timer.led_by.map(Origin::name),
    };
    tx.put(TIMERS, &key_of(&timer.agent, &timer.plugin, &timer.name), row).await
}

/// Removes a timer.
pub(crate) async fn cancel(tx: &mut Tx, agent: &AgentId, plugin: &PackId, name: &str) -> Result<()> {
    tx.delete(TIMERS, &key_of(agent, plugin, name)).await.map(drop)
}

struct Fire {
    timer: Timer,
    next: Option<Timestamp>,
    event: Event,
    spends: Vec<Spend>,
}

#[async_trait]
impl Work for Fire {
    type Answer = Option<Waiting>;

    fn agent(&self) -> &str {
        self.timer.agent.as_str()
    }
    fn wants(&self, wanted: &mut Wanted) {
        wanted.row(TIMERS, key_of(&self.timer.agent, &self.timer.plugin, &self.timer.name));
        events::want(wanted, &self.event);
        budgets::want(wanted, &self.spends);
    }
    async fn run(self, tx: &mut Tx) -> Result<Option<Waiting>> {
        let Timer { agent, plugin, name, next, .. } = &self.timer;
        let id = key_of(agent, plugin, name);
        let Some(mut row) = tx.get(TIMERS, &id).await? else { return Ok(None) };
        if Fields::of(TIMERS, &row).time("next")? != *next {
            return Ok(None);
        }
        match self.next {
            Some(next) => {
                row.insert("next", next.as_millis());
                tx.put(TIMERS, &id, row).await?;
            }
            None => cancel(tx, agent, plugin, name).await?,
        }
        let fired = events::accept(tx, &self.event).await?;
        if fired.is_some() {
            budgets::add(tx, &self.spends).await?;
        }
        Ok(fired)
    }
}

#[async_trait]
impl TimerStore for MongoStore {
    async fn timers(&self) -> Result<Vec<Timer>> {
        let rows = self.reading().await?.find(&queries::TIMERS_BY_TIME, doc! {}, 0).await?;
        rows.iter().map(timer).collect()
    }

    async fn timers_of(&self, agent: &AgentId, plugin: &PackId) -> Result<Vec<Timer>> {
        let filter = doc! {"agent": agent.as_str(), "plugin": plugin.as_str()};
        let rows = self.reading().await?.find(&queries::TIMERS_OF, filter, 0).await?;
        rows.iter().map(timer).collect()
    }

    async fn fire(
        &self,
        timer: &Timer,
        next: Option<Timestamp>,
        event: Event,
        spends: Vec<Spend>,
    ) -> Result<Option<Waiting>> {
        self.write(Fire { timer: timer.clone(), next, event, spends }).await
    }
}
