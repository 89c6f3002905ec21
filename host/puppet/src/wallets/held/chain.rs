//! What the chain says of one wallet: SOL, and every account of both token programs.

use std::collections::{BTreeMap, BTreeSet};

use puppet_solana::{
    Address,
    accounts::MintInfo,
    chain::{self, Chain},
    programs::{TOKEN_2022, WRAPPED_SOL},
};

use super::unanswered;
use crate::trouble::Result;

/// Of one token, in all its accounts.
#[derive(Debug)]
pub struct Held {
    pub mint: String,
    pub amount: u128,
    /// By the mint's own account; none where that is none.
    pub decimals: Option<u8>,
    pub program: &'static str,
    pub flags: Vec<&'static str>,
}

/// All of it, at one moment.
#[derive(Debug)]
pub struct OnChain {
    pub tokens: Vec<Held>,
}

impl OnChain {
    /// Asks.
    pub async fn of(node: &dyn Chain, wallet: Address) -> Result<Self> {
        let wallets = BTreeSet::from([wallet]);
        let balances = chain::balances(node, &wallets).await.map_err(|error| unanswered(&error))?;
        let lamports = balances.lamports.get(&wallet).copied().unwrap_or(0);
        let sol = Held {
            mint: WRAPPED_SOL.to_string(),
            amount: lamports.into(),
            decimals: Some(9),
            program: "native",
            flags: Vec::new(),
        };
        let mut held: BTreeMap<Address, Held> = BTreeMap::from([(WRAPPED_SOL, sol)]);
        for holding in balances.holdings.values().filter(|holding| holding.owner == wallet) {
            let program = if holding.program == TOKEN_2022 { "token-2022" } else { "spl-token" };
            let token = held.entry(holding.mint).or_insert_with(|| Held {
                mint: holding.mint.to_string(),
                amount: 0,
                decimals: None,
                program,
                flags: Vec::new(),
            });
            token.amount += u128::from(holding.amount);
            let odd = [
                (holding.is_frozen, "frozen"),
                (holding.delegate.is_some(), "delegated"),
                (holding.close_authority.is_some_and(|closer| closer != wallet), "closable-by-others"),
                (holding.mint == WRAPPED_SOL && holding.amount > 0, "some-wrapped"),
            ];
            for (_, flag) in odd.into_iter().filter(|(is_so, _)| *is_so) {
                if !token.flags.contains(&flag) {
                    token.flags.push(flag);
                }
            }
        }
        let mints: Vec<Address> = held.keys().filter(|mint| **mint != WRAPPED_SOL).copied().collect();
        if !mints.is_empty() {
            let accounts = node.accounts(&mints).await.map_err(|error| unanswered(&error))?;
            for (mint, account) in mints.iter().zip(accounts) {
                let decimals = account.as_ref().and_then(MintInfo::parse).map(|info| info.decimals);
                if let Some(token) = held.get_mut(mint) {
                    token.decimals = decimals;
                }
            }
        }
        Ok(Self { tokens: held.into_values().collect() })
    }
}
