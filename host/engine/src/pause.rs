//! An agent that the operator leaves alone: its events wait, as those of a quarantined plugin do and under the same bound;
//! what it has decided already still leaves (a halt is for that). It is written in the agent's row, so that a restart
//! changes nothing.

use std::{
    collections::BTreeMap,
    sync::{PoisonError, RwLock},
};

use puppet_store::{AgentRow, Change, StoreError};
use puppet_types::{AgentId, Paused};
use serde_json::Value;

use crate::{happening::Happening, host::Host};

/// Who is paused.
#[derive(Debug, Default)]
pub(crate) struct Pauses(RwLock<BTreeMap<AgentId, Paused>>);

impl Pauses {
    fn of(&self, agent: &AgentId) -> Option<Paused> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(agent).cloned()
    }

    fn has(&self, agent: &AgentId) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains_key(agent)
    }

    pub(crate) fn put(&self, agent: &AgentId, paused: Option<Paused>) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match paused {
            Some(paused) => drop(all.insert(agent.clone(), paused)),
            None => drop(all.remove(agent)),
        }
    }
}

/// What the body of an agent's row says of its pause. One that cannot be read is a pause all the same: nobody is called
/// whom the operator stopped.
fn told(row: &AgentRow) -> Option<Paused> {
    let said = row.body.get(Paused::FIELD).filter(|said| !said.is_null())?;
    let unread = || Paused { since: row.created, by: String::new(), reason: None };
    Some(serde_json::from_value(said.clone()).unwrap_or_else(|_| unread()))
}

/// A row with another pause in its body.
pub fn paused_row(mut row: AgentRow, paused: Option<&Paused>) -> AgentRow {
    if let Some(body) = row.body.as_object_mut() {
        match paused.and_then(|paused| serde_json::to_value(paused).ok()) {
            Some(paused) => drop(body.insert(Paused::FIELD.to_owned(), paused)),
            None => drop(body.remove(Paused::FIELD)),
        }
    }
    row
}

/// A row that takes the place of another has its pause, whatever was known of that when it was made.
pub(crate) fn as_paused_as(row: AgentRow, before: &AgentRow) -> AgentRow {
    paused_row(row, told(before).as_ref())
}

impl Host {
    /// Takes up what a row says of its agent's pause. Called for every agent before a driver.
    pub fn take_up_pause(&self, row: &AgentRow) {
        self.pauses.put(&row.id, told(row));
    }

    /// Since when an agent is paused, by whom and why; none where its events are handled.
    pub fn paused(&self, agent: &AgentId) -> Option<Paused> {
        self.pauses.of(agent)
    }

    pub(crate) fn is_paused(&self, agent: &AgentId) -> bool {
        self.pauses.has(agent)
    }

    /// Lets an agent's events wait from now on; a call that is under way ends as ever. One that is paused already stays so,
    /// since when it was. None where there is no such agent.
    pub async fn pause(&self, agent: &AgentId, by: &str, reason: Option<String>) -> Result<Option<Paused>, StoreError> {
        let _alone = self.rows.lock().await;
        let Some(row) = self.store.agent(agent).await? else { return Ok(None) };
        if let Some(stands) = told(&row) {
            return Ok(Some(stands));
        }
        let paused = Paused { since: self.now(), by: by.to_owned(), reason };
        self.apply(vec![Change::Agent(paused_row(row, Some(&paused)))]).await?;
        self.pauses.put(agent, Some(paused.clone()));
        self.tell_paused(agent, Some(paused.clone()), by);
        Ok(Some(paused))
    }

    /// Lets an agent go on, first with what waited. Answers whether it was paused; none where there is no such agent.
    pub async fn go_on(&self, agent: &AgentId, by: &str) -> Result<Option<bool>, StoreError> {
        let _alone = self.rows.lock().await;
        let Some(row) = self.store.agent(agent).await? else { return Ok(None) };
        if told(&row).is_none() {
            return Ok(Some(false));
        }
        self.apply(vec![Change::Agent(paused_row(row, None))]).await?;
        self.pauses.put(agent, None);
        self.look_again_at(agent);
        self.tell_paused(agent, None, by);
        Ok(Some(true))
    }

    /// Changes the body of an agent's row, alone with it, and casts the agent anew. Answers the row as it is now; none
    /// where there is no such agent.
    pub async fn change_row(
        &self,
        agent: &AgentId,
        change: impl FnOnce(&mut Value),
    ) -> Result<Option<AgentRow>, StoreError> {
        let _alone = self.rows.lock().await;
        let Some(before) = self.store.agent(agent).await? else { return Ok(None) };
        let mut row = before.clone();
        change(&mut row.body);
        let row = as_paused_as(row, &before);
        if row != before {
            self.apply(vec![Change::Agent(row.clone())]).await?;
            self.recast_some([agent]);
        }
        Ok(Some(row))
    }

    /// What waits for an agent is due now.
    pub(crate) fn look_again_at(&self, agent: &AgentId) {
        let now = self.now();
        self.agenda().look_again(&[agent.clone()].into(), now);
        self.wake();
    }

    fn tell_paused(&self, agent: &AgentId, paused: Option<Paused>, by: &str) {
        tracing::info!(%agent, by, "{}", if paused.is_some() { "paused: its events wait" } else { "goes on" });
        self.tell(Some(Happening::Paused { at: self.now(), agent: agent.clone(), paused, by: by.to_owned() }));
    }
}

#[cfg(test)]
mod tests {
    use puppet_types::Timestamp;
    use serde_json::json;

    use super::*;

    fn row(body: Value) -> AgentRow {
        AgentRow { id: "ann".into(), body, created: Timestamp::from_millis(7) }
    }

    #[test]
    fn a_row_says_whether_its_agent_is_paused() {
        let paused = Paused { since: Timestamp::from_millis(9), by: "cli".to_owned(), reason: Some("tea".to_owned()) };
        assert_eq!(told(&row(json!({"id": "ann"}))), None);
        let with = paused_row(row(json!({"id": "ann"})), Some(&paused));
        assert_eq!(told(&with), Some(paused));
        let unread = told(&row(json!({"paused": "yes"}))).unwrap();
        assert_eq!(unread.since, Timestamp::from_millis(7), "whom the operator stopped nobody calls");
        let new = as_paused_as(row(json!({"id": "ann", "name": "Ann"})), &with);
        assert_eq!(told(&new), told(&with), "a new body does not let it go on");
        assert_eq!(as_paused_as(with, &row(json!({"id": "ann"}))).body, json!({"id": "ann"}));
    }
}
