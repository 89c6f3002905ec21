//! What a transaction did when it was tried, against what was meant. Every account of ours is looked at, also those that
//! it does not name: a program that it calls could reach them by a right given earlier.

use serde::{Deserialize, Serialize};
use solana_address::Address;

use super::{Checked, Intent, Refusal, Why};
use crate::{
    accounts::{Balances, Holding},
    programs::WRAPPED_SOL,
};

/// What has changed for whoever swaps, exactly. SOL counts with what lies in token accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Of the token that is given, in its smallest unit. Negative: it came in.
    pub given: i128,
    /// Of the token that is taken. Negative: it went out.
    pub taken: i128,
    /// Lamports that are gone, other than as one of the two tokens.
    pub cost: i128,
}

/// A transaction that does what was meant, as far as trying it shows.
#[derive(Debug, Clone)]
pub struct Compared {
    pub(super) checked: Checked,
    pub(super) changes: Changes,
}

impl Compared {
    /// What it did when it was tried.
    pub const fn changes(&self) -> Changes {
        self.changes
    }
    /// What is signed, if it is.
    pub const fn checked(&self) -> &Checked {
        &self.checked
    }
}

impl Checked {
    /// Compares what was held before with what would be held after.
    ///
    /// # Errors
    /// Anything but the intent has changed.
    pub fn compare(self, before: &Balances, after: &Balances) -> Result<Compared, Refusal> {
        let extra = u128::from(self.fee_lamports) + u128::from(self.most_tip_lamports);
        let changes = compare(&self.intent, before, after, extra, self.most_rent_lamports)?;
        Ok(Compared { checked: self, changes })
    }
}

fn difference(before: u128, after: u128) -> i128 {
    // Sums of 64-bit numbers: they fit.
    i128::try_from(before).unwrap_or(i128::MAX) - i128::try_from(after).unwrap_or(i128::MAX)
}

impl Changes {
    /// Of one wallet, between two moments.
    pub fn between(intent: &Intent, before: &Balances, after: &Balances) -> Self {
        let of = |mint: &Address| difference(before.of(&intent.taker, mint), after.of(&intent.taker, mint));
        let swaps_sol = [intent.gives.mint, intent.takes.mint].contains(&WRAPPED_SOL);
        // What is swapped and what it costs are the same money then.
        let cost = if swaps_sol { 0 } else { difference(before.sol(&intent.taker), after.sol(&intent.taker)) };
        Self { given: of(&intent.gives.mint), taken: -of(&intent.takes.mint), cost }
    }
}

/// Whether what has changed is what was meant: `extra` lamports may be gone beside it.
pub(crate) fn compare(
    intent: &Intent,
    before: &Balances,
    after: &Balances,
    extra: u128,
    most_rent: u64,
) -> Result<Changes, Refusal> {
    for (address, held) in &before.holdings {
        untouched(intent, address, held, after.holdings.get(address))?;
    }
    for (wallet, lamports) in &before.lamports {
        let now = after.lamports.get(wallet).copied().unwrap_or(0);
        if *wallet != intent.taker && now < *lamports {
            return Err(Why::Changed(*wallet).into());
        }
    }
    opened(intent, before, after, most_rent)?;
    let changes = Changes::between(intent, before, after);
    let allowed = |mint: Address| if mint == WRAPPED_SOL { extra } else { 0 };
    if changes.given < 0 {
        return Err(Why::CameIn(changes.given.unsigned_abs()).into());
    }
    let took = changes.given.unsigned_abs();
    if took > u128::from(intent.most_in) + allowed(intent.gives.mint) {
        return Err(Why::Took { took, most: intent.most_in }.into());
    }
    let brought = u128::try_from(changes.taken.max(0)).unwrap_or(0) + allowed(intent.takes.mint);
    if brought < u128::from(intent.least_out) {
        return Err(Why::Brought { brought, least: intent.least_out }.into());
    }
    let cost = u128::try_from(changes.cost).unwrap_or(0);
    if cost > extra {
        return Err(Why::Cost { cost, most: extra }.into());
    }
    Ok(changes)
}

/// An account that was there: its rights never change, its amount only where it has a part.
fn untouched(intent: &Intent, address: &Address, held: &Holding, now: Option<&Holding>) -> Result<(), Refusal> {
    let is_part = held.owner == intent.taker && is_of(intent, &held.mint);
    let Some(now) = now else {
        let is_unwrapped = held.mint == WRAPPED_SOL && is_part;
        return if is_unwrapped { Ok(()) } else { Err(Why::Closed(*address).into()) };
    };
    let rights = |holding: &Holding| {
        (holding.program, holding.mint, holding.owner, holding.delegate, holding.close_authority, holding.is_frozen)
    };
    if rights(held) != rights(now) {
        return Err(Why::Rights(*address).into());
    }
    let has_moved = held.amount != now.amount || held.lamports != now.lamports;
    if has_moved && !is_part { Err(Why::Changed(*address).into()) } else { Ok(()) }
}

fn is_of(intent: &Intent, mint: &Address) -> bool {
    [intent.gives.mint, intent.takes.mint, WRAPPED_SOL].contains(mint)
}

/// Accounts that were not there: of the swap's tokens, without a right of anybody else, for rent within the limit.
fn opened(intent: &Intent, before: &Balances, after: &Balances, most: u64) -> Result<(), Refusal> {
    let mut rent = 0;
    for (address, now) in after.holdings.iter().filter(|(address, _)| !before.holdings.contains_key(*address)) {
        if !is_of(intent, &now.mint) || now.owner != intent.taker {
            return Err(Why::Changed(*address).into());
        }
        if now.delegate.is_some() || now.close_authority.is_some() || now.is_frozen {
            return Err(Why::Rights(*address).into());
        }
        let wrapped = if now.mint == WRAPPED_SOL { now.amount } else { 0 };
        rent += u128::from(now.lamports.saturating_sub(wrapped));
    }
    if rent > u128::from(most) { Err(Why::Rent { rent, most }.into()) } else { Ok(()) }
}
