//! One call of the interface out of bytes (`puppet_types::fuzz`).

use async_trait::async_trait;
use puppet_types::{
    CallError, Timestamp,
    fuzz::{Called, Data},
    trade::Mint,
};

use super::{guest::Host as _, *};

/// Knows a price of everything.
pub struct Anything;

fn price(market: &str) -> PriceNow {
    let at = Timestamp::from_millis(0);
    PriceNow { market: market.to_owned(), price: 1, price_decimals: 0, at, change_bps: 0 }
}

fn token(name: &str) -> TokenInfo {
    let name = name.to_owned();
    TokenInfo { mint: Mint::sol(), symbol: name.clone(), name, decimals: 9, is_verified: true }
}

#[async_trait]
impl Quotes for Anything {
    async fn candles(
        &self,
        _: &AgentId,
        _: &str,
        _: u32,
        at: Timestamp,
        limit: usize,
    ) -> Result<Vec<Candle>, CallError> {
        Ok(vec![Candle { at, ..Candle::default() }; limit.min(3)])
    }
    async fn quote(&self, _: &AgentId, market: &str) -> Result<PriceNow, CallError> {
        Ok(price(market))
    }
    async fn trending(&self, _: &AgentId, _: usize) -> Result<Vec<Trend>, CallError> {
        Ok(vec![Trend { token: token("SOL"), price: price("SOL/USDC") }])
    }
    async fn token_info(&self, _: &AgentId, name: &str) -> Result<TokenInfo, CallError> {
        Ok(token(name))
    }
}

fn name(data: &mut Data<'_>) -> String {
    match data.case(2) {
        0 => "SOL/USDC".to_owned(),
        _ => data.text(),
    }
}

/// One.
pub async fn call(view: &mut View<'_>, data: &mut Data<'_>) -> Called {
    match data.case(4) {
        0 => Called::read(view.candles(name(data), data.short(), data.short()).await),
        1 => Called::read(view.quote(name(data)).await),
        2 => Called::read(view.trending(data.short()).await),
        _ => Called::read(view.token_info(name(data)).await),
    }
}
