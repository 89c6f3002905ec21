//! How versions behaved since the host started: by its counters, and not by a walk of the whole journal.

use std::collections::BTreeMap;

use puppet_engine::tally::Seen;
use puppet_store::Filter;
use puppet_types::{Digest, Outcome, PackId, Timestamp};

use crate::{
    inventory::{Behaviour, Behaviours, Fuel},
    setup::Setup,
    trouble::Result,
};

/// Breaches that are looked through for the last of each version.
const BREACHES: usize = 200;

/// Of every version that the host has called, since it `began`.
pub async fn since_start(setup: &Setup, began: Timestamp) -> Result<Behaviours> {
    let mut all = Behaviours { since: Some(began), of: BTreeMap::new() };
    let Some(inside) = &setup.inside else { return Ok(all) };
    let mut breached = false;
    for (pack, digest, counters) in inside.parts.host.tally.versions() {
        let invocations = counters.outcomes().iter().map(|(_, count)| count).sum();
        breached |= counters.breaches().iter().any(|(_, count)| *count > 0);
        let fuel = counters.fuel().seen();
        let fuel = Fuel { p50: at_most(&fuel, 50), p99: at_most(&fuel, 99) };
        all.of.insert((pack, digest), Behaviour { invocations, fuel, ..Behaviour::default() });
    }
    if breached {
        last_breaches(setup, &mut all).await?;
    }
    Ok(all)
}

/// The bound below which so many percent lie; the highest there is where they lie above it. None where nothing was seen.
fn at_most(seen: &Seen, percent: u64) -> Option<u64> {
    let wanted = seen.count.saturating_mul(percent).div_ceil(100);
    let bound = seen.within.iter().find(|(_, count)| *count >= wanted).or(seen.within.last());
    bound.filter(|_| seen.count > 0).map(|(bound, _)| *bound)
}

/// Of those that had one since the start.
async fn last_breaches(setup: &Setup, all: &mut Behaviours) -> Result<()> {
    let Some(inside) = &setup.inside else { return Ok(()) };
    let filter = Filter { outcome: Some("breach".to_owned()), limit: BREACHES, ..Filter::default() };
    for entry in inside.rows.journal(&filter).await? {
        let invocation = entry.invocation;
        let of: (PackId, Digest) = (invocation.plugin.id, invocation.plugin.digest);
        if let (Some(one), Outcome::Breach(breach, _)) = (all.of.get_mut(&of), invocation.outcome) {
            one.last_breach.get_or_insert_with(|| breach.code().to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_bounds_of_what_was_counted() {
        let seen = |within: &[(u64, u64)], count| Seen { within: within.to_vec(), count, sum: 0 };
        assert_eq!(at_most(&seen(&[(10, 0), (20, 0)], 0), 50), None);
        let some = seen(&[(10, 1), (20, 3)], 4);
        assert_eq!((at_most(&some, 25), at_most(&some, 50), at_most(&some, 99)), (Some(10), Some(20), Some(20)));
    }
}
