//! Rule 6: nothing is beyond a budget, and what is spent is what was decided, and what the model charged or, where nobody
//! heard of that, what was reserved.

use std::collections::BTreeMap;

use puppet_engine::Host;
use puppet_grants::{Amount, BudgetKey, Owner, Period};
use puppet_types::{Decision, EventTarget};

use super::{Found, Outside, Rows, Spent};
use crate::faults::{
    village::{AGENTS, account_of, limit_of},
    world::Opened,
};

pub fn check(rows: &Rows, host: &Host, outside: &Outside<'_>, found: &mut Found) {
    for row in &rows.spent {
        if let Some(limit) = limit_of(&row.key) {
            let used = row.used + row.debt.min(limit);
            found.unless(used <= limit, 6, || format!("{row:?} is beyond {limit}"));
        }
    }
    let read = tokens(&outside.world.paid_reads());
    let decided = decided(rows);
    let mut by_key: BTreeMap<&BudgetKey, Vec<&Spent>> = BTreeMap::new();
    for row in &rows.spent {
        by_key.entry(&row.key).or_default().push(row);
    }
    for (key, rows) in &by_key {
        let Some(counted) = counted(key) else { continue };
        let expected = if counted == Amount::Tokens { &read } else { &decided };
        let expected = expected.get(&(owner(&key.owner), counted.key(Period::Hour))).copied().unwrap_or(0);
        let spent = rows.iter().map(|row| row.used + row.overrun).sum::<u64>();
        found.unless(spent == expected, 6, || {
            format!("{key} of {}: {spent} spent, {expected} taken; {rows:?}", key.owner)
        });
    }
    for (key, rows) in &by_key {
        for (before, row) in rows.iter().zip(rows.iter().skip(1)) {
            let owed = owed(before, row, limit_of(key).unwrap_or(u64::MAX));
            found.unless(row.debt >= owed, 6, || format!("{owed} are owed to {row:?}, after {before:?}"));
        }
    }
    for ((owner, amount), expected) in read.iter().chain(&decided).filter(|(_, expected)| **expected > 0) {
        let is_there = by_key.keys().any(|key| {
            counted(key).is_some_and(|counted| counted.key(Period::Hour) == *amount)
                && self::owner(&key.owner) == *owner
        });
        found.unless(is_there, 6, || format!("{expected} {amount} of {owner} are in no row"));
    }
    for line in host.ledger.lines(host.now()) {
        found.unless(line.reserved == 0, 6, || format!("{} of {} are held for nobody", line.reserved, line.key));
    }
}

/// What was taken beyond a window and those before it, and is not paid by any up to the next.
fn owed(before: &Spent, next: &Spent, limit: u64) -> u64 {
    let length = before.key.period.millis().expect("a window has an end");
    let between = ((next.window - before.window) / length - 1).cast_unsigned();
    let owed = before.overrun + before.debt.saturating_sub(limit);
    owed.saturating_sub(between.saturating_mul(limit))
}

/// Budgets whose sums are known. Of an account and of the host only those that the village has.
fn counted(key: &BudgetKey) -> Option<Amount> {
    let shared = !matches!(key.owner, Owner::Agent { .. });
    let known = match key.amount {
        Amount::Tokens | Amount::Posts => true,
        Amount::Replies | Amount::Likes | Amount::Rows | Amount::Events | Amount::Timers => !shared,
        _ => false,
    };
    known.then_some(key.amount)
}

fn owner(owner: &Owner) -> String {
    match owner {
        Owner::Agent { agent, .. } => agent.to_string(),
        Owner::Account(account) => format!("@{account}"),
        Owner::Host => "host".to_owned(),
    }
}

type Sums = BTreeMap<(String, String), u64>;

fn add(sums: &mut Sums, owner: String, amount: Amount, quantity: u64) {
    *sums.entry((owner, amount.key(Period::Hour))).or_default() += quantity;
}

/// What the model charged; what was reserved, where that was not written or not told.
fn tokens(opened: &[Opened]) -> Sums {
    let mut sums = Sums::new();
    let worst = |open: &'_ Opened| open.worst.clone().into_iter().filter(|worst| worst.key.amount == Amount::Tokens);
    for open in opened {
        for worst in worst(open) {
            let charged = open.charged.filter(|_| open.settled).unwrap_or(worst.used);
            add(&mut sums, owner(&worst.key.owner), Amount::Tokens, charged);
        }
    }
    sums
}

/// What was decided, and timers that fired.
fn decided(rows: &Rows) -> Sums {
    let mut sums = Sums::new();
    for record in rows.ok() {
        for numbered in &record.decisions {
            let Some((amount, quantity)) = charge(&numbered.decision) else { continue };
            add(&mut sums, record.agent.to_string(), amount, quantity);
            if amount == Amount::Posts {
                add(&mut sums, format!("@{}", account_of(&record.agent)), amount, quantity);
                add(&mut sums, "host".to_owned(), amount, quantity);
            }
        }
    }
    for (waiting, ..) in rows.events.iter().filter(|(waiting, ..)| waiting.event.kind == "timer") {
        add(&mut sums, waiting.event.agent.to_string(), Amount::Timers, 1);
    }
    sums
}

fn charge(decision: &Decision) -> Option<(Amount, u64)> {
    Some(match decision {
        Decision::Post { .. } => (Amount::Posts, 1),
        Decision::Thread { parts } => (Amount::Posts, parts.len() as u64),
        Decision::Reply { .. } => (Amount::Replies, 1),
        Decision::Like { .. } => (Amount::Likes, 1),
        Decision::Remember { .. } => (Amount::Rows, 1),
        Decision::SetTimer { .. } => (Amount::Timers, 1),
        Decision::Emit { target: EventTarget::All, .. } => (Amount::Events, AGENTS.len() as u64),
        Decision::Emit { .. } => (Amount::Events, 1),
        _ => return None,
    })
}
