//! The System program: lamports that are moved. Nothing else of it is part of a swap.

use super::{Reading, Why, decode::Step};
use crate::programs::WRAPPED_SOL;

/// What else the System program can do, by its number.
const REFUSED: [(u32, &str); 8] = [
    (0, "CreateAccount"),
    (3, "CreateAccountWithSeed"),
    (5, "WithdrawNonceAccount"),
    (6, "InitializeNonceAccount"),
    (7, "AuthorizeNonceAccount"),
    (8, "Allocate"),
    (9, "AllocateWithSeed"),
    (12, "UpgradeNonceAccount"),
];

impl Reading<'_> {
    pub(super) fn system(&mut self, step: &Step) -> Result<(), Why> {
        let (tag, rest) = step.data.split_at_checked(4).ok_or(Why::Malformed("system instruction"))?;
        let tag = u32::from_le_bytes(tag.try_into().map_err(|_| Why::Malformed("system instruction"))?);
        match tag {
            1 => Err(Why::Assign("Assign")),
            10 => Err(Why::Assign("AssignWithSeed")),
            4 => Err(Why::DurableNonce),
            11 => Err(Why::NotOfASwap("TransferWithSeed")),
            2 => {
                let lamports = u64::from_le_bytes(rest.try_into().map_err(|_| Why::Malformed("transfer"))?);
                self.lamports(step, lamports)
            }
            tag => match REFUSED.iter().find(|(number, _)| *number == tag) {
                Some((_, name)) => Err(Why::NotOfASwap(name)),
                None => Err(Why::UnknownInstruction { program: "System", tag: tag.to_string() }),
            },
        }
    }

    fn lamports(&mut self, step: &Step, lamports: u64) -> Result<(), Why> {
        let (from, to) = (step.at(0)?.address, step.at(1)?.address);
        if !self.is_own_wallet(&from) {
            // Out of a market maker's pocket; and an account of ours that is no wallet cannot pay.
            if to == self.intent.taker && self.intent.takes.mint == WRAPPED_SOL {
                self.tally.received = self.tally.received.saturating_add(lamports);
            }
            return Ok(());
        }
        if from != self.intent.taker {
            return Err(Why::OtherKey(from));
        }
        let is_wrapping = self.accounts.get(&to).is_some_and(|to| to.is_of(from, WRAPPED_SOL));
        let gives_sol = self.intent.gives.mint == WRAPPED_SOL;
        let add = |sum: u64| sum.checked_add(lamports).ok_or(Why::Pays { to, lamports });
        if is_wrapping {
            if !gives_sol {
                return Err(Why::Wraps);
            }
            self.tally.wrapped = add(self.tally.wrapped)?;
        } else if self.guard.limits.tip_accounts.contains(&to) {
            self.tally.tips = add(self.tally.tips)?;
        } else if gives_sol && !self.is_own_wallet(&to) && !self.accounts.contains_key(&to) {
            self.tally.given = add(self.tally.given)?;
        } else {
            return Err(Why::Pays { to, lamports });
        }
        Ok(())
    }
}
