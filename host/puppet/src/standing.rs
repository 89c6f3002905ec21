//! Why effects wait: accounts that are held, as the rows say, and the host of the data folder where one runs.

use std::time::Duration;

use puppet_engine::{HeldAccount, held_accounts};
use puppet_store::Effect;

use crate::{
    control::{self, Request},
    setup::Setup,
};

/// For a host to answer. One that does not has a check of its own in `doctor`: then what the rows say is what is known.
const ANSWER: Duration = Duration::from_secs(5);

/// Accounts that are held. `effects`: those that wait.
pub async fn held(setup: &Setup, effects: &[Effect]) -> Vec<HeldAccount> {
    let mut held = held_accounts(effects);
    let answer = tokio::time::timeout(ANSWER, control::ask(setup, &Request::HeldAccounts)).await;
    let answer = answer.ok().and_then(Result::ok).flatten();
    if let Some(known) = answer.and_then(|answer| serde_json::from_value::<Vec<HeldAccount>>(answer).ok()) {
        held.retain(|of_rows| known.iter().all(|known| known.account != of_rows.account));
        held.extend(known);
    }
    held.sort_by(|a, b| a.account.cmp(&b.account));
    held
}

/// Until when an account is held, for people.
pub fn next_try(held: &HeldAccount) -> String {
    match held.until {
        Some(until) => format!("the next try is at {until}"),
        None => "the next host tries it at its start".to_owned(),
    }
}
