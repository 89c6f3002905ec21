//! Rule 6, as far as rows can show it: what the journal says that an agent's reads have cost in a window is booked there.
//! More may be: an answer that was lost stays booked, and so does work of the host's own.

use std::collections::BTreeMap;

use puppet_grants::{Amount, BudgetKey, Period, Spend};
use puppet_store::{Store, StoreError};
use puppet_types::{AgentId, Capability, Invocation};

use super::Rule;

/// An agent's tokens or dollars in one window.
type Window = (AgentId, Amount, Period, i64);

/// What reads cost in the windows that are booked.
#[derive(Debug)]
pub struct Spends<'a> {
    windows: BTreeMap<Window, u64>,
    before: &'a [Spend],
}

fn length(period: Period) -> Option<i64> {
    match period {
        Period::Hour => Some(3_600_000),
        Period::Day => Some(86_400_000),
        Period::AtOnce => None,
    }
}

fn window(key: &BudgetKey, window: i64) -> Option<Window> {
    let counts = key.capability == Capability::Llm && matches!(key.amount, Amount::Tokens | Amount::Usd);
    let agent = key.agent().filter(|_| counts && length(key.period).is_some())?;
    Some((agent.clone(), key.amount, key.period, window))
}

impl<'a> Spends<'a> {
    /// Of what is booked before the journal is read.
    pub fn new(before: &'a [Spend]) -> Self {
        let windows = before.iter().filter_map(|spend| window(&spend.key, spend.window)).map(|window| (window, 0));
        Self { windows: windows.collect(), before }
    }

    /// One entry.
    pub fn add(&mut self, invocation: &Invocation) {
        let reads = invocation.reads.iter().filter(|read| read.capability == Capability::Llm);
        let (tokens, usd) = reads.fold((0_u64, 0_u64), |(tokens, usd), read| {
            (tokens.saturating_add(read.cost.tokens), usd.saturating_add(read.cost.usd_micros))
        });
        let at = invocation.at.as_millis();
        for (amount, cost) in [(Amount::Tokens, tokens), (Amount::Usd, usd)].into_iter().filter(|(_, cost)| *cost > 0) {
            for period in [Period::Hour, Period::Day] {
                let start = length(period).map_or(at, |length| at - at.rem_euclid(length));
                if let Some(sum) = self.windows.get_mut(&(invocation.agent.clone(), amount, period, start)) {
                    *sum = sum.saturating_add(cost);
                }
            }
        }
    }

    /// Against what is booked now: a read is booked before its entry is written.
    pub async fn booked(self, store: &dyn Store) -> Result<Rule, StoreError> {
        let mut rule = Rule::new("what-was-spent-is-booked");
        let mut booked: BTreeMap<Window, u64> = BTreeMap::new();
        let after = store.spent().await?;
        // A window that ended meanwhile stands as it stood.
        let ended = self
            .before
            .iter()
            .filter(|spend| after.iter().all(|now| (&now.key, now.window) != (&spend.key, spend.window)));
        for spend in after.iter().chain(ended) {
            if let Some(window) = window(&spend.key, spend.window) {
                let sum = booked.entry(window).or_default();
                *sum = sum.saturating_add(spend.used).saturating_add(spend.overrun);
            }
        }
        for (window, cost) in &self.windows {
            let (agent, amount, period, _) = window;
            let used = booked.get(window).copied().unwrap_or(0);
            rule.check(used >= *cost, || {
                format!("llm.{} of {agent}: {cost} by the journal, and {used} are booked", amount.key(*period))
            });
        }
        Ok(rule)
    }
}
