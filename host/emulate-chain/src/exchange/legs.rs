//! The two halves of a swap as instructions: what the taker pays, and what it is paid. Lamports move as they are, or
//! wrapped, as Jupiter's do.

use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use solana_system_interface::instruction::transfer as pay;
use spl_associated_token_account_interface::{
    address::get_associated_token_address_with_program_id as account_of,
    instruction::create_associated_token_account_idempotent as open,
};

use super::{Exchange, SOL, Token};
use crate::chain::transfer_tokens;

/// Units of an order, and their price in millionths of a lamport.
pub(super) const UNIT_LIMIT: u32 = 200_000;
pub(super) const UNIT_PRICE: u64 = 10_000;

/// Who pays whom what.
#[derive(Clone, Copy)]
pub(super) struct Leg<'a> {
    pub(super) token: &'a Token,
    pub(super) from: Address,
    pub(super) to: Address,
    pub(super) amount: u64,
}

impl Token {
    /// Where an owner's are.
    pub(super) fn account_of(&self, owner: &Address) -> Address {
        account_of(owner, &self.mint, &self.program.address())
    }

    /// Opens an owner's account, if there is none.
    pub(super) fn open(&self, payer: &Address, owner: &Address) -> Instruction {
        open(payer, owner, &self.mint, &self.program.address())
    }
}

impl Leg<'_> {
    fn tokens(&self) -> Instruction {
        let Self { token, from, to, amount } = self;
        let accounts = [&token.account_of(from), &token.mint, &token.account_of(to), from];
        transfer_tokens(&token.program.address(), accounts, *amount, token.decimals)
    }
}

impl Exchange {
    /// What the taker pays.
    pub(super) fn pay_in(&self, leg: Leg<'_>) -> Vec<Instruction> {
        if leg.token.mint != SOL {
            return vec![leg.tokens()];
        }
        if !self.wraps {
            return vec![pay(&leg.from, &leg.to, leg.amount)];
        }
        let mut all = wrap(leg.token, &leg.from, leg.amount);
        all.push(leg.tokens());
        all.push(unwrap(leg.token, &leg.from));
        all
    }

    /// What is paid out, into an account that the opener opens.
    pub(super) fn pay_out(&self, leg: Leg<'_>, opener: &Address) -> Vec<Instruction> {
        if leg.token.mint != SOL {
            return vec![leg.token.open(opener, &leg.to), leg.tokens()];
        }
        if !self.wraps {
            return vec![pay(&leg.from, &leg.to, leg.amount)];
        }
        let mut all = vec![leg.token.open(opener, &leg.to), leg.tokens()];
        if leg.to == *opener {
            all.push(unwrap(leg.token, &leg.to));
        }
        all
    }
}

/// Lamports become tokens of an owner's.
pub(super) fn wrap(sol: &Token, owner: &Address, lamports: u64) -> Vec<Instruction> {
    let account = sol.account_of(owner);
    vec![sol.open(owner, owner), pay(owner, &account, lamports), sync(&account)]
}

/// `SyncNative` of SPL Token.
fn sync(account: &Address) -> Instruction {
    let accounts = vec![AccountMeta::new(*account, false)];
    Instruction { program_id: spl_token_interface::ID, accounts, data: vec![17] }
}

/// Tokens become lamports again: `CloseAccount` of SPL Token, to the owner.
pub(super) fn unwrap(sol: &Token, owner: &Address) -> Instruction {
    close(&spl_token_interface::ID, &sol.account_of(owner), owner, owner)
}

/// `CloseAccount`: what is left in lamports goes to somebody.
pub(super) fn close(program: &Address, account: &Address, to: &Address, owner: &Address) -> Instruction {
    let accounts =
        vec![AccountMeta::new(*account, false), AccountMeta::new(*to, false), AccountMeta::new_readonly(*owner, true)];
    Instruction { program_id: *program, accounts, data: vec![9] }
}
