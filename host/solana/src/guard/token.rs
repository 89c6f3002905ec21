//! SPL Token and Token-2022: transfers within the intent, wrapped SOL, nothing else. Accounts are opened at the address
//! that follows from wallet and mint, for the tokens of the swap only.

use super::{Reading, Why, decode::Step};
use crate::programs::{TOKEN, WRAPPED_SOL, associated, is_token_program};

/// What is known of the token programs, and no part of a swap.
const REFUSED: [(u8, &str); 18] = [
    (0, "InitializeMint"),
    (1, "InitializeAccount"),
    (2, "InitializeMultisig"),
    (5, "Revoke"),
    (7, "MintTo"),
    (8, "Burn"),
    (10, "FreezeAccount"),
    (11, "ThawAccount"),
    (14, "MintToChecked"),
    (15, "BurnChecked"),
    (16, "InitializeAccount2"),
    (18, "InitializeAccount3"),
    (19, "InitializeMultisig2"),
    (20, "InitializeMint2"),
    (21, "GetAccountDataSize"),
    (22, "InitializeImmutableOwner"),
    (23, "AmountToUiAmount"),
    (24, "UiAmountToAmount"),
];

/// Places of the accounts of a transfer.
struct Transfer {
    amount: u64,
    to: usize,
    authority: usize,
}

impl Reading<'_> {
    pub(super) fn token(&mut self, step: &Step) -> Result<(), Why> {
        let (tag, rest) = step.data.split_first().ok_or(Why::Malformed("token instruction"))?;
        let is_2022 = step.program != TOKEN;
        let program = if is_2022 { "Token-2022" } else { "SPL Token" };
        let unknown = |tag: String| Err(Why::UnknownInstruction { program, tag });
        match (tag, rest) {
            (3, rest) => self.transfer(step, &Transfer { amount: exactly(rest, 0)?, to: 1, authority: 2 }),
            (12, rest) => self.transfer(step, &Transfer { amount: exactly(rest, 1)?, to: 2, authority: 3 }),
            // With a fee that the token takes: the fee comes off what arrives.
            (26, [1, rest @ ..]) if is_2022 => {
                self.transfer(step, &Transfer { amount: exactly(rest, 9)?, to: 2, authority: 3 })
            }
            (4, _) => Err(Why::Approve("Approve")),
            (13, _) => Err(Why::Approve("ApproveChecked")),
            (6, _) => Err(Why::SetAuthority),
            (9, []) => self.close(step),
            (17, []) => Ok(()),
            (9 | 17, _) => Err(Why::Malformed("token instruction")),
            (tag, _) => match REFUSED.iter().find(|(number, _)| number == tag) {
                Some((_, name)) => Err(Why::NotOfASwap(name)),
                None => unknown(tag.to_string()),
            },
        }
    }

    fn transfer(&mut self, step: &Step, transfer: &Transfer) -> Result<(), Why> {
        let (from, to) = (step.at(0)?.address, step.at(transfer.to)?.address);
        let authority = step.at(transfer.authority)?.address;
        let overflow = Why::GivesMore { gives: u64::MAX, most: self.intent.most_in };
        let Some(own) = self.accounts.get(&from).copied() else {
            self.no_own_right(step, from)?;
            if self.accounts.get(&to).is_some_and(|to| to.is_of(self.intent.taker, self.intent.takes.mint)) {
                self.tally.received = self.tally.received.saturating_add(transfer.amount);
            }
            return Ok(());
        };
        if !own.is_of(self.intent.taker, self.intent.gives.mint) {
            return Err(Why::OtherToken(from));
        }
        if authority != self.intent.taker {
            return Err(Why::ForeignAuthority(from));
        }
        let stays = self.accounts.get(&to).is_some_and(|to| *to == own);
        if !stays {
            self.tally.given = self.tally.given.checked_add(transfer.amount).ok_or(overflow)?;
        }
        Ok(())
    }

    fn close(&mut self, step: &Step) -> Result<(), Why> {
        let (account, to, authority) = (step.at(0)?.address, step.at(1)?.address, step.at(2)?.address);
        let taker = self.intent.taker;
        match self.accounts.get(&account) {
            None => self.no_own_right(step, account),
            Some(own) if !own.is_of(taker, WRAPPED_SOL) => Err(Why::CloseAccount(account)),
            Some(_) if to != taker => Err(Why::CloseElsewhere(to)),
            Some(_) if authority != taker => Err(Why::ForeignAuthority(account)),
            Some(_) => Ok(()),
        }
    }

    /// An account that we do not know of, moved with our key, is one of ours that was not listed.
    fn no_own_right(&self, step: &Step, account: solana_address::Address) -> Result<(), Why> {
        let uses_own = step.accounts.iter().any(|named| self.is_own_wallet(&named.address));
        // A transfer to a wallet's own address is none: tokens arrive at token accounts.
        if uses_own { Err(Why::UnlistedAccount(account)) } else { Ok(()) }
    }

    pub(super) fn associated(&mut self, step: &Step) -> Result<(), Why> {
        match step.data.as_slice() {
            [] | [0] | [1] => {}
            [2] => return Err(Why::NotOfASwap("RecoverNested")),
            data => {
                let tag = data.first().copied().unwrap_or_default().to_string();
                return Err(Why::UnknownInstruction { program: "Associated Token Account", tag });
            }
        }
        let (payer, account, wallet) = (step.at(0)?.address, step.at(1)?.address, step.at(2)?.address);
        let (mint, program) = (step.at(3)?.address, step.at(5)?.address);
        if !self.is_own_wallet(&payer) {
            return Ok(());
        }
        if payer != self.intent.taker || wallet != payer {
            return Err(Why::OpensForOthers(wallet));
        }
        if ![self.intent.gives.mint, self.intent.takes.mint, WRAPPED_SOL].contains(&mint) {
            return Err(Why::OpensOther(mint));
        }
        if !is_token_program(&program) || associated(&wallet, &mint, &program) != account {
            return Err(Why::OpensForOthers(account));
        }
        Ok(())
    }
}

/// The amount at the beginning, with exactly so many bytes behind it.
fn exactly(data: &[u8], behind: usize) -> Result<u64, Why> {
    match data.split_at_checked(8) {
        Some((amount, rest)) if rest.len() == behind => {
            Ok(u64::from_le_bytes(amount.try_into().map_err(|_| Why::Malformed("transfer"))?))
        }
        _ => Err(Why::Malformed("transfer")),
    }
}
