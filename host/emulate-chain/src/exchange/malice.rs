//! What a hostile exchange puts into a transaction that somebody is to sign without looking. Every variant really takes
//! something where it is signed; what only gives a right is used as soon as it is given.

use serde::{Deserialize, Serialize};
use solana_account::Account;
use solana_address::Address;
use solana_address_lookup_table_interface::state::{AddressLookupTable, LookupTableMeta};
use solana_instruction::{AccountMeta, Instruction};
use solana_message::AddressLookupTableAccount;
use solana_signer::Signer as _;

use super::{Exchange, SOL, Token, legs};
use crate::chain::{Chain, ChainError, DRAIN, TokenProgram, transfer_tokens};

/// One way to rob a taker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Malice {
    /// One more transfer out of the taker's.
    ExtraTransfer {
        /// Of which token, in base58; lamports where none is named.
        #[serde(default)]
        mint: Option<String>,
        /// How much.
        amount: u64,
    },
    /// The taker's token account is made over to somebody else (`SetAuthority`).
    SetAuthority,
    /// What comes out goes to somebody else.
    SwappedRecipient,
    /// A program that nobody knows takes lamports with the taker's signature.
    UnknownProgram {
        /// How many.
        lamports: u64,
    },
    /// Less is paid than was quoted.
    WorseRate {
        /// Per cent of the quoted.
        percent: u8,
    },
    /// What comes out is another token, worth nothing.
    OtherMint,
    /// Somebody else may spend from the taker's token account (`Approve`), and does.
    Approve,
    /// What is left in the taker's token account is taken, with that account named by a lookup table alone.
    LookupTable,
    /// The quote without a taker is good; the order that comes with the transaction is openly worse.
    QuoteChanged {
        /// Per cent of the first.
        percent: u8,
    },
    /// The wallet itself is made over to a program (`Assign`), which empties it.
    Assign,
    /// The taker's emptied token account is closed, and its rent goes to somebody else (`CloseAccount`).
    CloseAccount,
}

/// `SetAuthority` and `Approve` of both token programs, and who owns an account.
const SET_AUTHORITY: u8 = 6;
const ACCOUNT_OWNER: u8 = 2;
const APPROVE: u8 = 4;

/// A swap that something is added to.
pub(super) struct Victim<'a> {
    pub(super) taker: Address,
    pub(super) input: &'a Token,
    pub(super) output: &'a Token,
    /// In, and out.
    pub(super) amounts: (u64, u64),
}

impl Victim<'_> {
    /// The token account that is worth robbing: of what goes in, or where that is lamports, of what comes out.
    fn token(&self) -> &Token {
        if self.input.mint == SOL { self.output } else { self.input }
    }

    /// What it will hold after the swap.
    fn left(&self, chain: &Chain) -> u64 {
        let token = self.token();
        let has = chain.tokens(&self.taker, &token.mint);
        if token.mint == self.input.mint { has.saturating_sub(self.amounts.0) } else { has + self.amounts.1 }
    }
}

impl Exchange {
    /// What a hostile exchange adds, and the table that hides it.
    pub(super) fn added(
        &self,
        chain: &mut Chain,
        victim: &Victim<'_>,
    ) -> Result<(Vec<Instruction>, Option<AddressLookupTableAccount>), ChainError> {
        let (thief, taker) = (self.thief(), victim.taker);
        let token = victim.token();
        let program = token.program.address();
        let robbed = token.account_of(&taker);
        let to_thief = |token: &Token, amount| {
            let accounts = [&token.account_of(&taker), &token.mint, &token.account_of(&thief), &taker];
            transfer_tokens(&token.program.address(), accounts, amount, token.decimals)
        };
        let one = match &self.malice {
            Some(Malice::ExtraTransfer { mint: None, amount }) => {
                solana_system_interface::instruction::transfer(&taker, &thief, *amount)
            }
            Some(Malice::ExtraTransfer { mint: Some(mint), amount }) => {
                let named = mint.parse().ok().and_then(|mint: Address| self.tokens.get(&mint));
                let token = named.ok_or(ChainError::TooMuch("the mint of an extra transfer"))?;
                to_thief(token, *amount)
            }
            Some(Malice::SetAuthority) => {
                let mut data = vec![SET_AUTHORITY, ACCOUNT_OWNER, 1];
                data.extend_from_slice(thief.as_ref());
                let accounts = vec![AccountMeta::new(robbed, false), AccountMeta::new_readonly(taker, true)];
                Instruction { program_id: program, accounts, data }
            }
            Some(Malice::Approve) => {
                let mut data = vec![APPROVE];
                data.extend(u64::MAX.to_le_bytes());
                let accounts = vec![
                    AccountMeta::new(robbed, false),
                    AccountMeta::new_readonly(thief, false),
                    AccountMeta::new_readonly(taker, true),
                ];
                Instruction { program_id: program, accounts, data }
            }
            Some(Malice::UnknownProgram { lamports }) => drain(&taker, true, &thief, *lamports),
            Some(Malice::Assign) => solana_system_interface::instruction::assign(&taker, &DRAIN),
            Some(Malice::CloseAccount) => legs::close(&program, &robbed, &thief, &taker),
            Some(Malice::LookupTable) => {
                let hidden = to_thief(token, victim.left(chain));
                let table = self.table(chain, vec![robbed, token.account_of(&thief)])?;
                return Ok((vec![hidden], Some(table)));
            }
            None
            | Some(Malice::SwappedRecipient)
            | Some(Malice::WorseRate { .. })
            | Some(Malice::OtherMint)
            | Some(Malice::QuoteChanged { .. }) => return Ok((Vec::new(), None)),
        };
        Ok((vec![one], None))
    }

    /// A lookup table on the chain.
    fn table(&self, chain: &mut Chain, addresses: Vec<Address>) -> Result<AddressLookupTableAccount, ChainError> {
        let failed = |error: solana_instruction_error::InstructionError| ChainError::Account(error.to_string());
        let key = chain.key(&format!("table {}", self.asked)).pubkey();
        let table = AddressLookupTable { meta: LookupTableMeta::default(), addresses: addresses.clone().into() };
        let data = table.serialize_for_tests().map_err(failed)?;
        let owner = solana_address_lookup_table_interface::program::ID;
        let lamports = chain.rent(data.len());
        chain.put(key, Account { lamports, data, owner, executable: false, rent_epoch: u64::MAX })?;
        Ok(AddressLookupTableAccount { key, addresses })
    }

    /// The thief uses what rights it was given. After every transaction that has landed.
    pub(crate) fn collect(&self, chain: &mut Chain) -> Result<(), ChainError> {
        if self.malice.is_none() {
            return Ok(());
        }
        let thief = self.thief();
        for (account, held) in chain.token_accounts() {
            let may = held.delegate.map_or(0, |(delegate, amount)| if delegate == thief { amount } else { 0 });
            let (amount, Some(token)) = (may.min(held.amount), self.tokens.get(&held.mint)) else { continue };
            if amount > 0 {
                let accounts = [&account, &token.mint, &token.account_of(&thief), &thief];
                let take = transfer_tokens(&token.program.address(), accounts, amount, token.decimals);
                chain.run(&[take], &[&self.thief])?;
            }
        }
        for (wallet, account) in chain.accounts_of(&DRAIN) {
            chain.run(&[drain(&wallet, false, &thief, account.lamports)], &[&self.thief])?;
        }
        Ok(())
    }

    /// What comes out where it is another token.
    pub(super) fn worthless(&self) -> Token {
        Token { symbol: "JUNK".to_owned(), mint: self.junk, decimals: 6, program: TokenProgram::Token, price: 0 }
    }
}

fn drain(from: &Address, signs: bool, to: &Address, lamports: u64) -> Instruction {
    let accounts = vec![
        AccountMeta::new(*from, signs),
        AccountMeta::new(*to, false),
        AccountMeta::new_readonly(solana_system_interface::program::ID, false),
    ];
    Instruction { program_id: DRAIN, accounts, data: lamports.to_le_bytes().to_vec() }
}
