//! Budgets as the operator sees them: how each stands, and a word when one comes to 80 % and to its end.

use std::{collections::BTreeSet, sync::Arc};

use puppet_grants::{Amount, BudgetKey, BudgetLine, BudgetState, Ledger, Owner, Period};
use puppet_store::{Store, StoreError};
use puppet_types::{AgentId, PackId};
use tokio::sync::broadcast;

use crate::{clock::Clock, happening::Happening, host::Host};

/// Tells the log and those who watch. A simulation has no operator: its report shows how budgets stand.
pub(crate) fn listen(ledger: &Ledger, clock: Arc<dyn Clock>, watchers: broadcast::Sender<Happening>) {
    ledger.on_alarm(move |line| {
        if !clock.is_virtual() {
            log(line);
        }
        if watchers.receiver_count() > 0 {
            // Who left meanwhile is not told.
            let _ = watchers.send(Happening::Budget { at: clock.now(), line: Box::new(line.clone()) });
        }
    });
}

fn log(line: &BudgetLine) {
    let BudgetLine { key: budget, limit, used, state, .. } = line;
    let whose = &budget.owner;
    let again = line.resets_at.map_or_else(|| "when there is room".to_owned(), |at| at.to_string());
    match state {
        BudgetState::Spent => tracing::warn!(%budget, %whose, used, limit, %again, "a budget is spent"),
        _ => tracing::warn!(%budget, %whose, used, limit, %again, "a budget is near its end"),
    }
}

/// Fills in how much there is of what is bounded at once. How many agents an event is sent to is no line: nothing of it
/// is used up.
///
/// # Errors
/// The store failed.
pub async fn with_what_is_there(store: &dyn Store, lines: Vec<BudgetLine>) -> Result<Vec<BudgetLine>, StoreError> {
    let mut told = Vec::with_capacity(lines.len());
    for line in lines {
        let BudgetKey { owner, amount, period, .. } = &line.key;
        match (owner, period) {
            (Owner::Agent { agent, pack }, Period::AtOnce) => {
                if let Some(there) = there(store, agent, pack, *amount).await? {
                    told.push(line.there(there));
                }
            }
            _ => told.push(line),
        }
    }
    Ok(told)
}

async fn there(store: &dyn Store, agent: &AgentId, pack: &PackId, amount: Amount) -> Result<Option<u64>, StoreError> {
    Ok(match amount {
        Amount::Rows => Some(store.memory_size(agent).await?.rows),
        Amount::Bytes => Some(store.memory_size(agent).await?.bytes),
        Amount::Timers => Some(store.timers_of(agent, pack).await?.len() as u64),
        _ => None,
    })
}

impl Host {
    /// How every budget stands that somebody has, by key: of all agents, of the generators that drew on one, and of what
    /// they share. Those of an agent whose row cannot be understood are not known.
    pub async fn budget_lines(&self) -> Result<Vec<BudgetLine>, StoreError> {
        let at = self.now();
        let drawn = self.ledger.lines(at).into_iter().filter_map(|line| line.key.agent().cloned());
        let holders: BTreeSet<AgentId> = drawn.filter(AgentId::is_generator).chain(self.agents.ids()).collect();
        let mut lines = Vec::new();
        for id in holders {
            match self.actor(&id).await {
                Ok(Some(actor)) => lines.extend(actor.rights.lines(at)),
                Ok(None) => {}
                Err(error @ StoreError::Corrupt { .. }) => {
                    tracing::warn!(agent = %id, %error, "its budgets are not told")
                }
                Err(error) => return Err(error),
            }
        }
        with_what_is_there(&*self.store, once_each(lines)).await
    }
}

/// By key; one that several share is told once.
pub fn once_each(mut lines: Vec<BudgetLine>) -> Vec<BudgetLine> {
    lines.sort_by(|a, b| a.key.cmp(&b.key));
    lines.dedup_by(|a, b| a.key == b.key);
    lines
}
