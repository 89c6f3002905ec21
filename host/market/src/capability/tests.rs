//! The interface on a real gate, over prices of the test's making.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use puppet_grants::{CallBounds, Elapsed, Request, Requests, Rights, UnbookedReads};
use puppet_types::{CallError, ReadStatus, Timestamp, trade::Mint};

use super::{guest::Host as _, *};

struct Prices;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn sol() -> TokenInfo {
    TokenInfo { mint: Mint::sol(), symbol: "SOL".to_owned(), name: "Solana".to_owned(), decimals: 9, is_verified: true }
}

fn price() -> PriceNow {
    PriceNow { market: "SOL/USDC".to_owned(), price: u64::MAX, price_decimals: 9, at: at(50), change_bps: -120 }
}

#[async_trait]
impl Quotes for Prices {
    async fn candles(
        &self,
        _: &AgentId,
        market: &str,
        seconds: u32,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<Candle>, CallError> {
        if market != "SOL/USDC" {
            return Err(CallError::new(Code::NotFound, format!("there is no market `{market}`")));
        }
        let all = (1..=10_000).map(|n| Candle { at: at(n * i64::from(seconds)), close: n as u64, ..Candle::default() });
        let closed: Vec<Candle> = all.take_while(|bar| bar.at < before).collect();
        Ok(closed[closed.len().saturating_sub(limit)..].to_vec())
    }
    async fn quote(&self, _: &AgentId, _: &str) -> Result<PriceNow, CallError> {
        Ok(price())
    }
    async fn trending(&self, _: &AgentId, _: usize) -> Result<Vec<Trend>, CallError> {
        // More than was asked for.
        Ok(vec![Trend { token: sol(), price: price() }; 60])
    }
    async fn token_info(&self, _: &AgentId, token: &str) -> Result<TokenInfo, CallError> {
        let known = [Mint::SOL, "SOL"].contains(&token);
        known.then(sol).ok_or_else(|| CallError::new(Code::NotFound, format!("there is no token `{token}`")))
    }
}

struct Invocation {
    gate: Gate,
    quotes: Held<dyn Quotes>,
    agent: AgentId,
}

fn invocation(quotes: Arc<dyn Quotes>, is_granted: bool) -> Invocation {
    let requests = Requests::from_iter(is_granted.then(|| (Capability::Market, Request::default())));
    let rights = Rights::from_requests(&requests, &"pack".into(), &"ada".into(), &Arc::default());
    let gate = Gate::new(
        "inv".into(),
        "pack".into(),
        at(600),
        Arc::new(rights),
        Arc::new(CallBounds::default()),
        Arc::new(UnbookedReads),
        Elapsed::Modelled(Duration::ZERO),
    );
    Invocation { gate, quotes: Held::new(quotes), agent: "ada".into() }
}

impl Invocation {
    fn view(&mut self) -> View<'_> {
        View { gate: &mut self.gate, quotes: &self.quotes, agent: &self.agent }
    }
}

fn code<A: std::fmt::Debug>(answer: Returned<A>) -> String {
    answer.unwrap().unwrap_err().code
}

#[tokio::test]
async fn bars_that_had_closed_before_the_event_are_told_the_newest_last() {
    let mut call = invocation(Arc::new(Prices), true);
    let mut view = call.view();
    let bars = view.candles("SOL/USDC".to_owned(), 60, 3).await.unwrap().unwrap();
    assert_eq!(bars.iter().map(|bar| bar.close).collect::<Vec<_>>(), [7, 8, 9], "the tenth closes with the event");
    assert_eq!(view.candles("SOL/USDC".to_owned(), 60, 0).await.unwrap().unwrap().len(), 1);
    assert_eq!(code(view.candles("X/Y".to_owned(), 60, 3).await), "not-found");
    for (market, seconds) in [("SOL/USDC", 59), ("SOL/USDC", 86_401), ("", 60), ("a b", 60), ("ä", 60)] {
        assert_eq!(code(view.candles(market.to_owned(), seconds, 3).await), "invalid-input", "{market} {seconds}");
    }
    assert_eq!(code(view.token_info("x".repeat(101)).await), "invalid-input");
    let left = call.gate.finish(true);
    assert_eq!(left.reads.len(), 3, "what is not valid is not asked");
    assert_eq!(left.host_calls, BTreeMap::from([(Capability::Market, 9)]), "and counts");
}

#[tokio::test]
async fn prices_trends_and_tokens_are_told_whole() {
    let mut call = invocation(Arc::new(Prices), true);
    let mut view = call.view();
    let quote = view.quote("SOL/USDC".to_owned()).await.unwrap().unwrap();
    assert_eq!((quote.price, quote.price_decimals, quote.at, quote.change_bps), (u64::MAX, 9, 50_000, -120));
    let trends = view.trending(1_000).await.unwrap().unwrap();
    assert_eq!((trends.len(), trends[0].rank, trends[49].rank), (50, 1, 50));
    assert_eq!(trends[0].token.symbol, "SOL");
    let token = view.token_info("SOL".to_owned()).await.unwrap().unwrap();
    assert_eq!(
        (token.mint.as_str(), token.name.as_str(), token.decimals, token.is_verified),
        (Mint::SOL, "Solana", 9, true)
    );
    assert_eq!(code(view.token_info("BONK".to_owned()).await), "not-found");
    // A replay answers the same from the journal, though nobody knows prices any more.
    let reads = call.gate.finish(true).reads;
    let mut again = invocation(Arc::new(NoQuotes), true);
    again.gate = again.gate.replay(reads);
    let mut view = again.view();
    assert_eq!(view.quote("SOL/USDC".to_owned()).await.unwrap().unwrap().price, u64::MAX);
    assert_eq!(view.trending(1_000).await.unwrap().unwrap().len(), 50);
    assert!(view.token_info("SOL".to_owned()).await.unwrap().is_ok());
    assert_eq!(code(view.token_info("BONK".to_owned()).await), "not-found");
    assert_eq!(again.gate.finish(true).divergence, None);
}

#[tokio::test]
async fn without_a_grant_nobody_is_asked_and_without_prices_the_error_says_what_to_configure() {
    let mut call = invocation(Arc::new(Prices), false);
    assert_eq!(code(call.view().quote("SOL/USDC".to_owned()).await), "denied");
    let mut call = invocation(Arc::new(NoQuotes), true);
    let error = call.view().quote("SOL/USDC".to_owned()).await.unwrap().unwrap_err();
    assert!(error.code == "denied" && error.message.contains("[trading.desks.NAME]"), "{error:?}");
    assert_eq!(code(call.view().candles("A/B".to_owned(), 60, 1).await), "denied");
    assert_eq!(code(call.view().trending(1).await), "denied");
    assert_eq!(code(call.view().token_info("SOL".to_owned()).await), "denied");
    let reads = call.gate.finish(true).reads;
    assert!(reads.iter().all(|read| read.status == ReadStatus::Denied), "it would not help to ask again");
}
