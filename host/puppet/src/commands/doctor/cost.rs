//! `doctor`: what a day may cost at most.

use puppet_types::Timestamp;

use super::{Check, check};
use crate::{commands::budgets, cost, setup::Setup};

/// None where nothing costs anything. What is wrong with grants, agents or packs has a check of its own.
pub(super) async fn cost(setup: &Setup) -> Option<Check> {
    let lines = budgets::of_folder(setup, Vec::new(), Timestamp::from_system()).await.ok()?;
    let told = cost::of_day(&setup.config, &lines, setup.config.tweet.x.accounts.len())?;
    Some(check("cost", "ok", told, ""))
}
