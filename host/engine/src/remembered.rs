//! How much an agent remembers, for the bounds on what is there at once. Counting costs more than a call that remembers
//! nothing, so what was counted is kept and only ever added to: that is no less than there is, and while it is far from
//! the bound nobody needs to know better. Near the bound it is counted anew before each call.

use std::sync::{Mutex, PoisonError};

use puppet_grants::{Amount, CallBounds};
use puppet_store::{Change, MemorySize, StoreError};
use puppet_types::{AgentId, Capability, Memory};

use crate::{actor::Actor, host::Host};

/// Rows that the host may add beside a plugin: the lists of posts, which are capped.
const OF_THE_HOST: u64 = 128;

/// More than the text of any memory has.
const TEXT_BYTES: u64 = 4 << 10;

/// What was counted, and what came since; none before it was counted.
#[derive(Debug, Default)]
pub struct Remembered(Mutex<Option<MemorySize>>);

impl Remembered {
    /// What changes add: a row that replaces another counts as one more.
    pub(crate) fn add(&self, changes: &[Change]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(size) = known.as_mut() else { return };
        for change in changes {
            if let Change::Remember { memory, .. } = change {
                size.rows += 1;
                size.bytes += memory.content.len() as u64;
            }
        }
    }
}

/// No less than what an agent remembers before a call, and exactly that where the call could come to a bound.
pub(crate) async fn size(host: &Host, actor: &Actor) -> Result<MemorySize, StoreError> {
    let Some(right) = actor.rights.get(Capability::Memory) else { return Ok(MemorySize::default()) };
    let bounds = [Amount::Rows, Amount::Bytes].map(|amount| right.at_once(amount).unwrap_or(u64::MAX));
    let kept = *actor.remembered.0.lock().unwrap_or_else(PoisonError::into_inner);
    // Whoever wants to know how much there was wants no estimate.
    let may_estimate = !host.ledger.keeps_usage();
    if let Some(size) = kept.filter(|size| may_estimate && is_far(*size, bounds, &host.bounds)) {
        return Ok(size);
    }
    let size = host.store.memory_size(&actor.id).await?;
    *actor.remembered.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(size);
    Ok(size)
}

/// Whether a call cannot come to its bounds, whatever it remembers.
fn is_far(size: MemorySize, [rows, bytes]: [u64; 2], call: &CallBounds) -> bool {
    let more = u64::from(call.decisions) + OF_THE_HOST;
    size.rows.saturating_add(more) <= rows && size.bytes.saturating_add(more.saturating_mul(TEXT_BYTES)) <= bytes
}

impl Host {
    /// Lets an agent remember what somebody else says than its plugin: an operator. It counts against its bounds.
    pub async fn let_remember(&self, agent: &AgentId, memory: Memory) -> Result<(), StoreError> {
        let actor = self.actor(agent).await?;
        let changes = vec![self.remember(agent.clone(), memory)];
        self.apply_then(changes.clone(), || {
            if let Some(actor) = &actor {
                actor.remembered.add(&changes);
            }
        })
        .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_counted_anew_where_a_call_could_come_to_a_bound() {
        let bounds = CallBounds { decisions: 72, ..CallBounds::default() };
        let size = |rows, bytes| MemorySize { rows, bytes };
        let far = |size| is_far(size, [1_000, 1_000_000], &bounds);
        assert!(far(size(800, 0)) && !far(size(801, 0)));
        assert!(far(size(0, 1_000_000 - 200 * TEXT_BYTES)) && !far(size(0, 1_000_001 - 200 * TEXT_BYTES)));
        assert!(is_far(size(5, 5), [u64::MAX; 2], &bounds));
    }
}
