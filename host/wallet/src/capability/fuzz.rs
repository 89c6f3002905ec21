//! One call of the interface out of bytes (`puppet_types::fuzz`).

use async_trait::async_trait;
use puppet_types::{
    CallError, EffectId, Read, Timestamp,
    fuzz::{Called, Data},
};

use super::{guest::Host as _, *};

/// A purse that admits everything, and nothing behind it.
pub struct Anything;

#[async_trait]
impl Purses for Anything {
    async fn balances(&self, _: &AgentId) -> Result<Vec<TokenBalance>, CallError> {
        Ok(vec![TokenBalance { mint: Mint::sol(), symbol: "SOL".to_owned(), amount: 1, decimals: 9 }])
    }
    async fn quote(&self, _: &AgentId, gives: &Mint, takes: &Mint, amount: u64) -> Result<SwapQuote, CallError> {
        Ok(SwapQuote {
            in_mint: gives.clone(),
            out_mint: takes.clone(),
            in_amount: amount,
            out_amount: amount,
            price_impact_bps: 0,
            fee_lamports: 5_000,
            at: Timestamp::from_millis(0),
        })
    }
    async fn look(&self, _: &AgentId, _: &SwapIntent, _: Origin) -> Result<(), CallError> {
        Ok(())
    }
    fn purse(&self, _: &AgentId) -> Option<String> {
        None
    }
    async fn swap(
        &self,
        _: &EffectId,
        _: &str,
        _: &AgentId,
        _: &SwapIntent,
        _: Origin,
    ) -> Result<SwapResult, SwapError> {
        Err(SwapError::Unavailable("nothing is carried out here".to_owned()))
    }
}

#[async_trait]
impl Behind for Anything {
    async fn origin(&self, _: &[Read]) -> Result<Origin, CallError> {
        Ok(Origin::Own)
    }
}

fn mint(data: &mut Data<'_>) -> String {
    match data.case(3) {
        0 => Mint::SOL.to_owned(),
        1 => Mint::USDC.to_owned(),
        _ => data.text(),
    }
}

/// One.
pub async fn call(view: &mut View<'_>, data: &mut Data<'_>) -> Called {
    match data.case(3) {
        0 => Called::read(view.balances().await),
        1 => Called::read(view.quote(mint(data), mint(data), data.number()).await),
        _ => {
            let (in_mint, out_mint) = (mint(data), mint(data));
            let (amount, max_slippage_bps, reason) = (data.number(), data.short(), data.text());
            let intent = guest::SwapIntent { in_mint, out_mint, amount, max_slippage_bps, reason };
            Called::decision(view.swap(intent).await)
        }
    }
}
