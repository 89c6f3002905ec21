//! `doctor`: accounts whose effects wait since their provider does not let them in, and effects that wait for the end of quiet
//! hours.

use std::collections::BTreeSet;

use puppet_engine::{HeldAccount, quiet_until};
use puppet_store::{Effect, EffectState, Store};
use puppet_types::counted;

use super::{Check, check};
use crate::{
    commands::budgets::present,
    setup::Setup,
    standing::{held, next_try},
    trouble::Result,
};

pub(super) async fn waiting(setup: &Setup, store: &dyn Store) -> Result<Vec<Check>> {
    let waiting = store.effects(&[EffectState::Waiting]).await?;
    let held = held(setup, &waiting).await;
    let mut checks: Vec<Check> = held.iter().map(|held| of_account(held, &waiting)).collect();
    if checks.is_empty() {
        checks.push(check("accounts", "ok", "none is held", ""));
    }
    checks.extend(quiet(setup, &waiting));
    Ok(checks)
}

fn of_account(held: &HeldAccount, waiting: &[Effect]) -> Check {
    let HeldAccount { account, why, since, .. } = held;
    let of_it: Vec<&Effect> = waiting.iter().filter(|effect| effect.account == *account).collect();
    let since = since.map_or_else(String::new, |since| format!(" since {since}"));
    let effects = counted(of_it.len(), "effect waits", "effects wait");
    let why = why.trim_end_matches('.');
    let detail = format!("@{account} is held{since}: {why}; {effects}, {}", next_try(held));
    let remedy = match of_it.first() {
        Some(first) => format!("mend that; then `puppet outbox retry {}` tries at once", first.id),
        None => "mend that: the next effect of the account tries it".to_owned(),
    };
    check("accounts", "warn", detail, remedy)
}

/// Nothing is wrong with them.
fn quiet(setup: &Setup, waiting: &[Effect]) -> Option<Check> {
    let now = present(setup);
    let of = |effect: &Effect| quiet_until(effect).filter(|until| *until > now);
    let first = waiting.iter().filter_map(of).min()?;
    let accounts: BTreeSet<_> =
        waiting.iter().filter(|effect| of(effect).is_some()).map(|effect| &effect.account).collect();
    // Those behind it wait with it.
    let all = waiting.iter().filter(|effect| accounts.contains(&effect.account)).count();
    let detail =
        format!("{} for the end of quiet hours, the first until {first}", counted(all, "effect waits", "effects wait"));
    Some(check("quiet hours", "ok", detail, ""))
}
