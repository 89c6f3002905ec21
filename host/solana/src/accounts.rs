//! Accounts as the chain keeps them, read byte by byte: token accounts, mints, lookup tables. Amounts and decimals come
//! from here, never from what a service says about a token.

use std::collections::BTreeMap;

use solana_address::Address;

use crate::programs::{LOOKUP_TABLE, WRAPPED_SOL, is_token_program};

/// Bytes of a token account; extensions of Token-2022 come behind it.
const TOKEN_ACCOUNT: usize = 165;
/// Bytes of a mint.
const MINT: usize = 82;
/// What stands behind [`TOKEN_ACCOUNT`] bytes where there are extensions: 1 for a mint, 2 for an account.
const KIND_OF_MINT: u8 = 1;
const KIND_OF_ACCOUNT: u8 = 2;
/// Bytes before the addresses of a lookup table.
const TABLE_META: usize = 56;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// What is in it, rent included.
    pub lamports: u64,
    /// The program that may change it.
    pub owner: Address,
    /// Its bytes.
    pub data: Vec<u8>,
}

/// A token account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// SPL Token or Token-2022.
    pub program: Address,
    /// Of what.
    pub mint: Address,
    /// The wallet that may move it.
    pub owner: Address,
    /// In the smallest unit.
    pub amount: u64,
    /// Lamports of the account: rent, and in one of wrapped SOL the amount as well.
    pub lamports: u64,
    /// Who else may move some of it, and how much.
    pub delegate: Option<(Address, u64)>,
    /// Who else may close it.
    pub close_authority: Option<Address>,
    /// Nobody may move it for now.
    pub is_frozen: bool,
}

/// A token, by its own account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MintInfo {
    /// SPL Token or Token-2022.
    pub program: Address,
    /// Digits after the point.
    pub decimals: u8,
    /// How many there are, in the smallest unit.
    pub supply: u64,
    /// Who can make more of it.
    pub mint_authority: Option<Address>,
    /// Who can freeze accounts of it.
    pub freeze_authority: Option<Address>,
}

fn address(data: &[u8], at: usize) -> Option<Address> {
    Address::try_from(data.get(at..at + 32)?).ok()
}

fn number(data: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(data.get(at..at + 8)?.try_into().ok()?))
}

fn optional(data: &[u8], at: usize) -> Option<Option<Address>> {
    match data.get(at..at + 4)? {
        [0, 0, 0, 0] => Some(None),
        [1, 0, 0, 0] => Some(Some(address(data, at + 4)?)),
        _ => None,
    }
}

impl Holding {
    /// What an account holds; none where it is no token account, or one that nobody has set up.
    pub fn parse(account: &Account) -> Option<Self> {
        let data = account.data.as_slice();
        let is_one = match data.len() {
            TOKEN_ACCOUNT => true,
            // A multisig has a length of its own; a mint with extensions says what it is.
            length => length > TOKEN_ACCOUNT && data.get(TOKEN_ACCOUNT) == Some(&KIND_OF_ACCOUNT),
        };
        let state = *data.get(108)?;
        if !is_one || !is_token_program(&account.owner) || ![1, 2].contains(&state) {
            return None;
        }
        let delegate = optional(data, 72)?;
        let delegated = number(data, 121)?;
        Some(Self {
            program: account.owner,
            mint: address(data, 0)?,
            owner: address(data, 32)?,
            amount: number(data, 64)?,
            lamports: account.lamports,
            delegate: delegate.map(|delegate| (delegate, delegated)),
            close_authority: optional(data, 129)?,
            is_frozen: state == 2,
        })
    }
}

impl MintInfo {
    /// What an account says of a token; none where it is no mint.
    pub fn parse(account: &Account) -> Option<Self> {
        let data = account.data.as_slice();
        let is_one = match data.len() {
            MINT => true,
            length => length > TOKEN_ACCOUNT && data.get(TOKEN_ACCOUNT) == Some(&KIND_OF_MINT),
        };
        let is_set_up = *data.get(45)? == 1;
        if !is_one || !is_set_up || !is_token_program(&account.owner) {
            return None;
        }
        Some(Self {
            program: account.owner,
            decimals: *data.get(44)?,
            supply: number(data, 36)?,
            mint_authority: optional(data, 0)?,
            freeze_authority: optional(data, 46)?,
        })
    }
}

/// The addresses of a lookup table; none where it is none, or one that is being taken down.
pub fn lookup_table(account: &Account) -> Option<Vec<Address>> {
    let is_one = account.owner == LOOKUP_TABLE && account.data.get(..4)? == [1, 0, 0, 0];
    let is_active = number(&account.data, 4)? == u64::MAX;
    let addresses = account.data.get(TABLE_META..)?;
    if !is_one || !is_active || addresses.len() % 32 != 0 {
        return None;
    }
    addresses.chunks_exact(32).map(|bytes| Address::try_from(bytes).ok()).collect()
}

/// What all wallets of ours hold at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Balances {
    /// By wallet.
    pub lamports: BTreeMap<Address, u64>,
    /// By token account.
    pub holdings: BTreeMap<Address, Holding>,
}

impl Balances {
    /// What a wallet has of a token in all its accounts; of SOL, wrapped or not, rent of token accounts included.
    pub fn of(&self, wallet: &Address, mint: &Address) -> u128 {
        if *mint == WRAPPED_SOL {
            return self.sol(wallet);
        }
        let its = self.holdings.values().filter(|holding| holding.owner == *wallet && holding.mint == *mint);
        its.map(|holding| u128::from(holding.amount)).sum()
    }

    /// What a wallet can pay with: its lamports, and all that lies in its accounts of wrapped SOL, since closing them
    /// gives it back. Rent of its other token accounts is not in it.
    pub fn liquid(&self, wallet: &Address) -> u128 {
        let wrapped = |holding: &&Holding| holding.owner == *wallet && holding.mint == WRAPPED_SOL;
        let in_accounts = self.holdings.values().filter(wrapped);
        let own = self.lamports.get(wallet).copied().unwrap_or(0);
        u128::from(own) + in_accounts.map(|holding| u128::from(holding.lamports)).sum::<u128>()
    }

    /// All lamports of a wallet, with those that lie in its token accounts.
    pub fn sol(&self, wallet: &Address) -> u128 {
        let in_accounts = self.holdings.values().filter(|holding| holding.owner == *wallet);
        let own = self.lamports.get(wallet).copied().unwrap_or(0);
        u128::from(own) + in_accounts.map(|holding| u128::from(holding.lamports)).sum::<u128>()
    }
}
