//! Pauses after losses. They look at what the books remember of sales that ended.

use puppet_types::Timestamp;

use super::{checks::Looked, denied::Denied};
use crate::{BPS, Rule, Rules, books::Books};

pub(super) fn check(rules: &Rules, books: &Books, looked: &Looked<'_>) -> Result<(), Denied> {
    let now = looked.now;
    let deny = |rule, until: Option<Timestamp>, why: &str| match until.filter(|until| now < *until) {
        Some(until) => Err(Denied::of(rule, format!("{why}; until {until}")).retry(Some(until))),
        None => Ok(()),
    };
    let cool = books.losses.back().map(|at| after(*at, rules.cool_down_seconds));
    deny(Rule::CoolDown, cool, "a sale made a loss")?;
    deny(Rule::StopGuard, guarded_until(rules, books), "too many sales made a loss")?;
    deny(Rule::LowProfit, locked_until(rules, looked), "the last trades of this market made too little")
}

fn after(at: Timestamp, seconds: u64) -> Timestamp {
    at.plus_millis(seconds.saturating_mul(1_000))
}

/// The latest end of a pause: any group of so many losses within the time began one.
fn guarded_until(rules: &Rules, books: &Books) -> Option<Timestamp> {
    let guard = rules.stop_guard?;
    let group = (guard.losses as usize).checked_sub(1)?;
    let ends = books.losses.iter().skip(group);
    let is_group = |(first, last): &(&Timestamp, &Timestamp)| {
        last.millis_since(**first) <= guard.within_seconds.saturating_mul(1_000)
    };
    let last = books.losses.iter().zip(ends).filter(is_group).map(|(_, last)| *last).max()?;
    Some(after(last, guard.pause_seconds))
}

fn locked_until(rules: &Rules, looked: &Looked<'_>) -> Option<Timestamp> {
    let low = rules.low_profit?;
    let sales = &looked.inside.sales;
    let first = sales.len().checked_sub(low.trades as usize)?;
    let last = sales.iter().skip(first);
    let (made, cost) =
        last.fold((0_i128, 0_i128), |sums, sale| (sums.0 + i128::from(sale.result), sums.1 + i128::from(sale.cost)));
    let is_low = made * i128::from(BPS) < i128::from(low.min_bps) * cost;
    let at = sales.back().filter(|_| is_low)?.at;
    Some(after(at, low.pause_seconds))
}
