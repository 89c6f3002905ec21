//! What a wallet holds, as books count it, and whether tokens are what markets say.

use std::collections::BTreeSet;

use puppet_solana::{
    Address,
    accounts::Balances,
    chain::{Chain, ChainError, balances, check_decimals},
    programs::WRAPPED_SOL,
};
use puppet_types::trade::{Market, Mint};

/// What an address holds, in the order of `mints`, each in its smallest unit. SOL is what can be paid with: lamports,
/// wrapped or not, without the rent of other token accounts.
///
/// # Errors
/// The chain gives no answer.
pub async fn held(chain: &dyn Chain, address: &Address, mints: &[Mint]) -> Result<Vec<u64>, ChainError> {
    let held = balances(chain, &[*address].into()).await?;
    Ok(mints.iter().map(|mint| amount(&held, address, mint)).collect())
}

fn amount(held: &Balances, address: &Address, mint: &Mint) -> u64 {
    let amount = match mint.as_str().parse::<Address>() {
        Ok(mint) if mint == WRAPPED_SOL => held.liquid(address),
        Ok(mint) => held.of(address, &mint),
        Err(_) => 0,
    };
    // A wallet holds no more than there is, and there is no more than 64 bits hold.
    u64::try_from(amount).unwrap_or(u64::MAX)
}

/// Every token of some markets, by its own account on the chain.
pub(super) async fn check_tokens(chain: &dyn Chain, markets: &[Market]) -> Result<(), ChainError> {
    let tokens: BTreeSet<(Address, u8)> = markets
        .iter()
        .flat_map(|market| [&market.base, &market.quote])
        .filter_map(|token| Some((token.mint.as_str().parse().ok()?, token.decimals)))
        .collect();
    let tokens: Vec<(Address, u8)> = tokens.into_iter().collect();
    check_decimals(chain, &tokens).await
}
