//! When a version that is looked at has shown enough: pure decisions over what was seen, and the wait for them.

use std::sync::Arc;

use puppet_types::Timestamp;

use crate::{
    clock::Clock,
    swap::{SwapRules, Watch, health::Seen},
};

/// What was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It does well.
    Good,
    /// It does not, for this reason.
    Bad(String),
}

/// Of a canary; none where more has to be seen. `usual` is the fuel of one invocation as it was recorded, where
/// anything was.
fn of_canary(seen: &Seen, rules: &SwapRules, usual: Option<u64>) -> Option<Verdict> {
    let Seen { total, errors, fuel, .. } = *seen;
    let needed = rules.canary_invocations;
    // At once: every event that meets a fault of it waits for the version before.
    if errors * 100 > total * rules.canary_error_percent {
        let why = seen.breach.map_or_else(|| "failed".to_owned(), |breach| breach.code().to_owned());
        return Some(Verdict::Bad(format!(
            "{errors} of {total} invocations of the canary ended in an error (the last breach: {why}): more than {} %",
            rules.canary_error_percent
        )));
    }
    if total < needed {
        return None;
    }
    if let Some(usual) = usual.filter(|usual| *usual > 0) {
        let mean = fuel / total;
        if mean.saturating_mul(100) > usual.saturating_mul(rules.fuel_percent) {
            return Some(Verdict::Bad(format!(
                "the canary burns {mean} units of fuel per invocation, {usual} were usual: more than {} %",
                rules.fuel_percent
            )));
        }
    }
    let well = (total - errors) * 100 >= total * rules.canary_success_percent;
    // Between the two bounds: more has to be seen.
    well.then_some(Verdict::Good)
}

/// After the switch; none where more has to be seen.
fn of_watched(seen: &Seen, rules: &SwapRules) -> Option<Verdict> {
    if seen.strikes > rules.watch_strikes {
        let breach = seen.breach.map_or("a breach", |breach| breach.code());
        let (strikes, total) = (seen.strikes, seen.total);
        return Some(Verdict::Bad(format!(
            "{} in the first {} after the switch, the last: {breach}",
            puppet_types::counted(strikes, "strike", "strikes"),
            puppet_types::counted(total, "invocation", "invocations"),
        )));
    }
    (seen.total >= rules.watch_invocations).then_some(Verdict::Good)
}

/// Waits until a canary has shown enough.
pub async fn canary(watch: &Watch, rules: &SwapRules, usual: Option<u64>) -> Verdict {
    loop {
        if let Some(verdict) = of_canary(&watch.seen(), rules, usual) {
            return verdict;
        }
        watch.changed().await;
    }
}

/// Waits until a version that serves everybody has shown enough, or its time is over without a fault.
pub async fn settled(watch: &Watch, rules: &SwapRules, clock: &Arc<dyn Clock>, end: Timestamp) -> Verdict {
    loop {
        if let Some(verdict) = of_watched(&watch.seen(), rules) {
            return verdict;
        }
        tokio::select! {
            biased;
            () = watch.changed() => {}
            () = clock.sleep_until(end) => return of_watched(&watch.seen(), rules).unwrap_or(Verdict::Good),
        }
    }
}

#[cfg(test)]
mod tests {
    use puppet_types::Breach;

    use super::*;

    fn seen(total: u64, errors: u64, fuel: u64) -> Seen {
        Seen { total, errors, strikes: errors, fuel, breach: (errors > 0).then_some(Breach::Trap) }
    }

    #[test]
    fn a_canary_is_promoted_held_or_ended() {
        let rules = SwapRules::default();
        let of = |seen: Seen| of_canary(&seen, &rules, Some(100)).map(|verdict| verdict == Verdict::Good);
        // (total, errors, fuel, what is decided)
        let table = [
            (0, 0, 0, None),
            (19, 0, 1_900, None),
            (20, 0, 2_000, Some(true)),
            (20, 1, 2_000, Some(true)),
            (1, 1, 100, Some(false)),
            (19, 1, 1_900, Some(false)),
            (21, 1, 2_100, Some(true)),
            (20, 2, 2_000, Some(false)),
            (20, 0, 4_000, Some(true)),
            (20, 0, 4_020, Some(false)),
        ];
        for (total, errors, fuel, decided) in table {
            assert_eq!(of(seen(total, errors, fuel)), decided, "{total} {errors} {fuel}");
        }
        assert_eq!(of_canary(&seen(20, 0, 1 << 40), &rules, None), Some(Verdict::Good), "nothing to compare with");
        let strict = SwapRules { canary_success_percent: 99, ..rules.clone() };
        assert_eq!(of_canary(&seen(20, 1, 0), &strict, None), None, "between the bounds more is seen");
        assert_eq!(of_canary(&seen(100, 1, 0), &strict, None), Some(Verdict::Good));
    }

    #[test]
    fn strikes_end_a_watch_and_enough_good_ones_do() {
        let rules = SwapRules { watch_strikes: 1, watch_invocations: 10, ..SwapRules::default() };
        assert_eq!(of_watched(&seen(9, 1, 0), &rules), None);
        assert_eq!(of_watched(&seen(10, 1, 0), &rules), Some(Verdict::Good));
        let Some(Verdict::Bad(reason)) = of_watched(&seen(3, 2, 0), &rules) else { panic!() };
        assert_eq!(reason, "2 strikes in the first 3 invocations after the switch, the last: trap");
    }
}
