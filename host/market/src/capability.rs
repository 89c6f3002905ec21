//! Interface `puppet:market/market` on a view of the invocation: reads, each journaled, none of which draws on a budget.

#[doc(hidden)]
pub mod fuzz;
mod quotes;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;

use puppet_grants::{Answer, Gate, Held};
use puppet_types::{AgentId, Capability, Code, Refusal, trade::Candle, wit};
use serde_json::json;
use wasmtime::component::{HasData, Linker};

pub use quotes::{NoQuotes, PriceNow, Quotes, TokenInfo, Trend};

mod bindings {
    wasmtime::component::bindgen!({
        path: ["../../wit/types", "../../wit/market"],
        inline: "
            package puppet:host-market;
            world host { import puppet:market/market@0.1.0; }
        ",
        imports: { default: async | trappable },
        with: { "puppet:types/types": puppet_types::wit::types },
    });
}

use bindings::puppet::market::market as guest;

/// The most bars that a read answers.
pub const CANDLES: u32 = 1_000;
/// The most tokens that a read of what is trending answers.
pub const TRENDING: u32 = 50;
/// How long a bar may be.
const BAR_SECONDS: RangeInclusive<u32> = 60..=86_400;
/// Longest name of a market or a token in bytes.
const NAME_BYTES: usize = 100;

/// What the interface needs of an invocation.
pub struct View<'a> {
    /// The way to everything.
    pub gate: &'a mut Gate,
    /// Where prices are.
    pub quotes: &'a Held<dyn Quotes>,
    /// Who asks.
    pub agent: &'a AgentId,
}

/// An invocation that carries this capability.
pub trait Carries: Send + 'static {
    /// Its view for this interface.
    fn market(&mut self) -> View<'_>;
}

struct Interface;

impl HasData for Interface {
    type Data<'a> = View<'a>;
}

/// Links the interface.
///
/// # Errors
/// It is linked already.
pub fn link<T: Carries>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    guest::add_to_linker::<T, Interface>(linker, |carrier| carrier.market())
}

type Returned<A> = wasmtime::Result<Result<A, wit::Error>>;

impl guest::Host for View<'_> {
    async fn candles(&mut self, market: String, bar_seconds: u32, limit: u32) -> Returned<Vec<guest::Bar>> {
        let bars = self.read_candles(&market, bar_seconds, limit).await;
        wit::answer(bars.map(|bars| bars.into_iter().map(Into::into).collect()))
    }

    async fn quote(&mut self, market: String) -> Returned<guest::Price> {
        wit::answer(self.read_quote(&market).await.map(Into::into))
    }

    async fn trending(&mut self, limit: u32) -> Returned<Vec<guest::Trend>> {
        let trends = self.read_trending(limit).await;
        wit::answer(trends.map(|trends| trends.into_iter().zip(1..).map(ranked).collect()))
    }

    async fn token_info(&mut self, token: String) -> Returned<guest::Token> {
        wit::answer(self.read_token(&token).await.map(Into::into))
    }
}

impl View<'_> {
    async fn read_candles(&mut self, market: &str, bar_seconds: u32, limit: u32) -> Result<Vec<Candle>, Refusal> {
        let market = self.named("market", market)?;
        if !BAR_SECONDS.contains(&bar_seconds) {
            let (least, most) = BAR_SECONDS.into_inner();
            let refusal = invalid(format!("a bar of {bar_seconds} s: {least} to {most}"));
            return self.gate.checked(Capability::Market, Err(refusal));
        }
        // What closes at the very moment of the event is not seen, whoever runs first.
        let (limit, before, agent) = (limit.clamp(1, CANDLES), self.gate.at(), self.agent);
        let asked = json!({ "market": market, "bar_seconds": bar_seconds, "limit": limit });
        self.gate
            .read(Capability::Market, "candles", &asked, self.quotes, move |quotes| {
                Box::pin(async move {
                    let bars = quotes.candles(agent, market, bar_seconds, before, limit as usize).await?;
                    Ok(Answer::free(bars))
                })
            })
            .await
    }

    async fn read_quote(&mut self, market: &str) -> Result<PriceNow, Refusal> {
        let (market, agent) = (self.named("market", market)?, self.agent);
        self.gate
            .read(Capability::Market, "quote", &json!({ "market": market }), self.quotes, move |quotes| {
                Box::pin(async move { quotes.quote(agent, market).await.map(Answer::free) })
            })
            .await
    }

    async fn read_trending(&mut self, limit: u32) -> Result<Vec<Trend>, Refusal> {
        let (limit, agent) = (limit.clamp(1, TRENDING), self.agent);
        let mut trends: Vec<Trend> = self
            .gate
            .read(Capability::Market, "trending", &json!({ "limit": limit }), self.quotes, move |quotes| {
                Box::pin(async move { quotes.trending(agent, limit as usize).await.map(Answer::free) })
            })
            .await?;
        trends.truncate(limit as usize);
        Ok(trends)
    }

    async fn read_token(&mut self, token: &str) -> Result<TokenInfo, Refusal> {
        let (token, agent) = (self.named("token", token)?, self.agent);
        self.gate
            .read(Capability::Market, "token-info", &json!({ "token": token }), self.quotes, move |quotes| {
                Box::pin(async move { quotes.token_info(agent, token).await.map(Answer::free) })
            })
            .await
    }

    fn named<'n>(&mut self, what: &str, name: &'n str) -> Result<&'n str, Refusal> {
        let is_name = !name.is_empty() && name.len() <= NAME_BYTES && name.chars().all(|c| c.is_ascii_graphic());
        let checked = is_name.then_some(name).ok_or_else(|| {
            let shown: String = name.chars().take(40).collect();
            invalid(format!("`{shown}` is no name of a {what}: 1 to {NAME_BYTES} visible ASCII characters"))
        });
        self.gate.checked(Capability::Market, checked)
    }
}

fn invalid(message: String) -> Refusal {
    Refusal::call(Code::InvalidInput, message)
}

fn millis(at: puppet_types::Timestamp) -> u64 {
    u64::try_from(at.as_millis()).unwrap_or(0)
}

fn ranked((trend, rank): (Trend, u32)) -> guest::Trend {
    guest::Trend { token: trend.token.into(), price: trend.price.into(), rank }
}

impl From<Candle> for guest::Bar {
    fn from(bar: Candle) -> Self {
        let Candle { at, open, high, low, close, volume } = bar;
        Self { at: millis(at), open, high, low, close, volume }
    }
}

impl From<PriceNow> for guest::Price {
    fn from(price: PriceNow) -> Self {
        let PriceNow { market, price, price_decimals, at, change_bps } = price;
        Self { market, price, price_decimals, at: millis(at), change_bps }
    }
}

impl From<TokenInfo> for guest::Token {
    fn from(token: TokenInfo) -> Self {
        let TokenInfo { mint, symbol, name, decimals, is_verified } = token;
        Self { mint: mint.to_string(), symbol, name, decimals, is_verified }
    }
}
