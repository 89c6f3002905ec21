//! Trading: no log goes beyond its purse, and each swap is told in order to its end. What was pruned of a log is no gap.

use std::collections::BTreeSet;

use puppet_store::{Cell, Store, StoreError};

use super::{
    PAGE, Rule, TELL, Tell,
    references::{table, text},
};

/// `logs-end-where-their-purses-stand`.
pub async fn purses(store: &dyn Store, tell: Tell<'_>) -> Result<Rule, StoreError> {
    let mut rule = Rule::new("logs-end-where-their-purses-stand");
    tell("entries of purses", 0);
    let mut names: BTreeSet<String> = store.purses().await?.into_iter().map(|purse| purse.name).collect();
    names.extend(owners(store, "purse_log", "purse").await?);
    for name in names {
        let mut last = 0;
        loop {
            let page = store.purse_log(&name, &[], last, PAGE).await?;
            let Some(latest) = page.last() else { break };
            last = latest.seq;
            let before = rule.checked;
            rule.checked += page.len() as u64;
            if before / TELL != rule.checked / TELL {
                tell("entries of purses", rule.checked);
            }
        }
        // Read after its log: what was written between the two has moved it on.
        match store.purse(&name).await? {
            Some(purse) => rule.check(last <= purse.seq, || {
                format!("entry {last} of purse {name} comes after {}, where it stands", purse.seq)
            }),
            None => rule.violated(format!("entry {last} is of purse {name}, which is not there")),
        }
    }
    Ok(rule)
}

/// `swaps-are-told-in-order`.
pub async fn swaps(store: &dyn Store, tell: Tell<'_>) -> Result<Rule, StoreError> {
    let mut rule = Rule::new("swaps-are-told-in-order");
    tell("swaps", 0);
    let mut under_way = Vec::new();
    for id in owners(store, "swaps", "swap").await? {
        let entries = store.swap(&id).await?;
        let counted = entries.iter().zip(0_u32..).all(|(entry, n)| entry.n == n);
        let ends_once = entries.iter().rev().skip(1).all(|entry| !entry.is_end);
        rule.check(counted && ends_once, || format!("swap {id} has a gap, or goes on after its end"));
        if !entries.last().is_some_and(|entry| entry.is_end) {
            under_way.push(id);
        }
    }
    let open: BTreeSet<String> = store.open_swaps().await?.into_iter().collect();
    for id in under_way.iter().filter(|id| !open.contains(*id)) {
        // It may be over since.
        if !is_over(store, id).await? {
            rule.violated(format!("swap {id} is not over, and nobody would take it up"));
        }
    }
    for id in &open {
        if is_over(store, id).await? && store.open_swaps().await?.contains(id) {
            rule.violated(format!("swap {id} is over, and would be taken up"));
        }
    }
    Ok(rule)
}

async fn is_over(store: &dyn Store, id: &str) -> Result<bool, StoreError> {
    Ok(store.swap(id).await?.last().is_some_and(|entry| entry.is_end))
}

/// Whose rows there are, each once: one look for each. `column` is the first of the key, and a number the second.
async fn owners(store: &dyn Store, name: &'static str, column: &str) -> Result<Vec<String>, StoreError> {
    let (table, mut after, mut found) = (table(name)?, None, Vec::new());
    loop {
        let page = store.rows_after(table, after.take(), 1).await?;
        let Some(row) = page.first() else { return Ok(found) };
        let owner = text(table, row, column).to_owned();
        after = Some(vec![Cell::Text(owner.clone()), Cell::Int(i64::MAX)]);
        found.push(owner);
    }
}
