//! What is made of accounts: balances of all wallets at one moment, a token by its mint account, lookup tables.

use std::collections::{BTreeMap, BTreeSet};

use solana_address::Address;

use super::{Chain, ChainError, Simulation};
use crate::{
    accounts::{Account, Balances, Holding, MintInfo, lookup_table},
    guard::Intent,
    programs::{SYSTEM, TOKEN, WRAPPED_SOL, associated},
};

/// What wallets hold, in all their token accounts.
///
/// # Errors
/// The chain gives no answer.
pub async fn balances(chain: &dyn Chain, wallets: &BTreeSet<Address>) -> Result<Balances, ChainError> {
    let mut addresses: Vec<Address> = wallets.iter().copied().collect();
    for wallet in wallets {
        addresses.extend(chain.token_accounts(wallet).await?);
    }
    let accounts = chain.accounts(&addresses).await?;
    Ok(of(wallets, &addresses, &accounts))
}

/// A token, by its own account: decimals are nobody else's word.
///
/// # Errors
/// There is no such token, or no answer.
pub async fn mint(chain: &dyn Chain, mint: &Address) -> Result<MintInfo, ChainError> {
    let accounts = chain.accounts(&[*mint]).await?;
    let account = accounts.first().and_then(Option::as_ref).ok_or(ChainError::NoMint(*mint))?;
    MintInfo::parse(account).ok_or(ChainError::NoMint(*mint))
}

/// Whether tokens have as many decimals as is believed: a number that is off by three makes a dollar a thousand.
///
/// # Errors
/// One has others, or is no token; or no answer.
pub async fn check_decimals(chain: &dyn Chain, tokens: &[(Address, u8)]) -> Result<(), ChainError> {
    let addresses: Vec<Address> = tokens.iter().map(|(address, _)| *address).collect();
    let accounts = chain.accounts(&addresses).await?;
    for ((address, believed), account) in tokens.iter().zip(&accounts) {
        let found = account.as_ref().and_then(MintInfo::parse).ok_or(ChainError::NoMint(*address))?.decimals;
        if found != *believed {
            return Err(ChainError::Decimals { mint: *address, believed: *believed, found });
        }
    }
    Ok(())
}

/// Lookup tables, by the chain's own word.
///
/// # Errors
/// One of them is none, or there is no answer.
pub async fn tables(chain: &dyn Chain, keys: &[Address]) -> Result<BTreeMap<Address, Vec<Address>>, ChainError> {
    if keys.is_empty() {
        return Ok(BTreeMap::new());
    }
    let accounts = chain.accounts(keys).await?;
    let table = |(key, account): (&Address, &Option<Account>)| {
        let addresses = account.as_ref().and_then(lookup_table).ok_or(ChainError::NoTable(*key))?;
        Ok((*key, addresses))
    };
    keys.iter().zip(&accounts).map(table).collect()
}

/// Every account whose change a try has to show: all that is held, and what the swap may open.
pub fn watched(wallets: &BTreeSet<Address>, before: &Balances, intent: &Intent) -> Vec<Address> {
    let legs =
        [(intent.gives.mint, intent.gives.program), (intent.takes.mint, intent.takes.program), (WRAPPED_SOL, TOKEN)];
    let opened = legs.map(|(mint, program)| associated(&intent.taker, &mint, &program));
    let all: BTreeSet<Address> = wallets.iter().chain(before.holdings.keys()).chain(&opened).copied().collect();
    all.into_iter().collect()
}

/// What would be held after a try of which these accounts were watched.
pub fn after(wallets: &BTreeSet<Address>, watch: &[Address], simulation: &Simulation) -> Balances {
    of(wallets, watch, &simulation.accounts)
}

fn of(wallets: &BTreeSet<Address>, addresses: &[Address], accounts: &[Option<Account>]) -> Balances {
    let mut balances = Balances::default();
    for (address, account) in addresses.iter().zip(accounts) {
        let Some(account) = account.as_ref().filter(|account| account.lamports > 0) else { continue };
        if wallets.contains(address) {
            // A wallet that a program was given is one that is gone.
            let lamports = if account.owner == SYSTEM { account.lamports } else { 0 };
            balances.lamports.insert(*address, lamports);
        } else if let Some(holding) = Holding::parse(account) {
            balances.holdings.insert(*address, holding);
        }
    }
    for wallet in wallets {
        balances.lamports.entry(*wallet).or_default();
    }
    balances
}
