//! The purses of characters are desks: what an agent's desk shows, and swaps handed to it. Desks come and go while a host
//! runs; who has none is told what to configure.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use puppet_trade::{DeskError, DeskMode, DeskView, Intent};
use puppet_types::{
    AgentId, CallError, Code, EffectId, Timestamp, ids,
    trade::{Mint, Origin, Rounding, Side, SwapIntent},
};
use puppet_wallet::{BPS, NoPurses, Purses, Rules, SwapError, SwapQuote, SwapResult, TokenBalance};

use super::{
    look::{base_for, found, look, no_price},
    open::Open,
    trending::Trending,
};

/// An agent's desk, and what holds there.
#[derive(Clone)]
pub(super) struct Seat {
    purse: String,
    desk: Open,
    rules: Arc<Rules>,
}

impl Seat {
    pub(super) fn rules(&self) -> &Rules {
        &self.rules
    }
}

/// Who has which desk.
#[derive(Default)]
pub struct Seats {
    seats: RwLock<BTreeMap<AgentId, Seat>>,
    trending: OnceLock<Arc<Trending>>,
}

impl Seats {
    /// From now on these are the agent's: from the first moment on, though its desk may be opened later.
    pub fn put(&self, agent: AgentId, purse: String, desk: Open, rules: Rules) {
        let seat = Seat { purse, desk, rules: Arc::new(rules) };
        self.seats.write().unwrap_or_else(PoisonError::into_inner).insert(agent, seat);
    }

    /// From now on this tells what is trending.
    pub fn follow(&self, trending: Arc<Trending>) {
        // Once, at the start.
        let _ = self.trending.set(trending);
    }

    /// Who tells what is trending.
    pub(super) fn trending(&self) -> Option<Arc<Trending>> {
        self.trending.get().cloned()
    }

    /// When a list had what is traded for the quote token, where the rules ask.
    async fn trending_at(&self, rules: &Rules, intent: &SwapIntent) -> Option<Timestamp> {
        let base = if rules.quote.as_ref() == Some(&intent.in_mint) { &intent.out_mint } else { &intent.in_mint };
        let trending = self.trending().filter(|_| rules.asks_for_trending(base))?;
        trending.seen(base).await
    }

    pub(super) fn of(&self, agent: &AgentId) -> Option<Seat> {
        self.seats.read().unwrap_or_else(PoisonError::into_inner).get(agent).cloned()
    }

    /// What every desk shows, that of this agent first.
    pub(super) fn views(&self, agent: &AgentId) -> Vec<DeskView> {
        let mut seats: Vec<(bool, Seat)> = {
            let all = self.seats.read().unwrap_or_else(PoisonError::into_inner);
            all.iter().map(|(of, seat)| (of != agent, seat.clone())).collect()
        };
        seats.sort_by_key(|(is_other, _)| *is_other);
        let mut views = Vec::with_capacity(seats.len());
        for (_, seat) in seats {
            views.extend(seat.desk.get().and_then(|desk| desk.view().ok()));
        }
        views
    }

    fn view(&self, agent: &AgentId) -> Result<(DeskView, Arc<Rules>), CallError> {
        let seat = self.of(agent).ok_or_else(|| NoPurses::told(agent))?;
        let desk = seat.desk.get().ok_or_else(|| not_open(agent))?;
        let view = desk.view().map_err(|error| CallError::new(Code::ProviderUnavailable, error.to_string()))?;
        Ok((view, seat.rules))
    }
}

#[async_trait]
impl Purses for Seats {
    async fn balances(&self, agent: &AgentId) -> Result<Vec<TokenBalance>, CallError> {
        let (view, _) = self.view(agent)?;
        let token = |mint: &Mint| {
            let mut tokens = view.markets.iter().flat_map(|market| [&market.base, &market.quote]);
            tokens.find(|token| token.mint == *mint)
        };
        // What no market of the desk trades has no decimals that the host knows.
        let known = view.portfolio.balances.iter().filter_map(|balance| Some((balance, token(&balance.mint)?)));
        let told = known.map(|(balance, token)| TokenBalance {
            mint: token.mint.clone(),
            symbol: token.symbol.clone(),
            amount: balance.amount.saturating_sub(balance.held),
            decimals: token.decimals,
        });
        Ok(told.collect())
    }

    async fn quote(
        &self,
        agent: &AgentId,
        in_mint: &Mint,
        out_mint: &Mint,
        amount: u64,
    ) -> Result<SwapQuote, CallError> {
        let (view, _) = self.view(agent)?;
        let (_, market, side, seen) = found(&view, in_mint, out_mint)?;
        let (price, at) = seen.ok_or_else(|| no_price(market))?;
        let out_amount = match side {
            Side::Sell => market.notional(amount, price, Rounding::Down),
            Side::Buy => base_for(market, amount, price),
        };
        let too_large = || CallError::new(Code::InvalidInput, "what it is worth does not fit into 64 bits");
        Ok(SwapQuote {
            in_mint: in_mint.clone(),
            out_mint: out_mint.clone(),
            in_amount: amount,
            out_amount: out_amount.ok_or_else(too_large)?,
            // At the desk's latest price: what the swap itself moves is known when it is carried out.
            price_impact_bps: 0,
            fee_lamports: if view.mode == DeskMode::Live { SIGNATURE_LAMPORTS } else { 0 },
            at,
        })
    }

    async fn look(&self, agent: &AgentId, intent: &SwapIntent, origin: Origin) -> Result<(), CallError> {
        let (view, rules) = self.view(agent)?;
        let trending_at = self.trending_at(&rules, intent).await;
        look(&view, &rules, intent, origin, (now_of(&view), trending_at))
    }

    fn purse(&self, agent: &AgentId) -> Option<String> {
        self.of(agent).map(|seat| seat.purse)
    }

    async fn swap(
        &self,
        effect: &EffectId,
        purse: &str,
        agent: &AgentId,
        intent: &SwapIntent,
        origin: Origin,
    ) -> Result<SwapResult, SwapError> {
        let none = || SwapError::Unavailable(NoPurses::told(agent).message);
        let seat = self.of(agent).filter(|seat| seat.purse == purse).ok_or_else(none)?;
        let desk = seat.desk.get().ok_or_else(|| SwapError::Unavailable(not_open(agent).message))?;
        let asked = Intent {
            id: effect.to_string(),
            at: desk.view().map_or_else(|_| Timestamp::from_system(), |view| now_of(&view)),
            origin,
            agent: Some(agent.clone()),
            in_mint: intent.in_mint.clone(),
            out_mint: intent.out_mint.clone(),
            amount: intent.amount,
            max_slippage_bps: Some(intent.max_slippage_bps),
            reason: intent.reason.clone(),
            second: None,
            trending_at: self.trending_at(&seat.rules, intent).await,
        };
        match desk.swap(asked).await {
            Ok(result) => Ok(told(&result, &seat.rules)),
            // It may have taken it before it went.
            Err(
                error @ (DeskError::Stopped(_)
                | DeskError::Store(_)
                | DeskError::Taken(_)
                | DeskError::Exchange(_)
                | DeskError::Busy(_)),
            ) => Err(SwapError::UnderWay(error.to_string())),
            Err(error) => Err(SwapError::Unavailable(error.to_string())),
        }
    }

    async fn forget(&self, effect: &EffectId, agent: &AgentId) {
        let Some(seat) = self.of(agent) else { return };
        if let Some(desk) = seat.desk.get() {
            // It holds from the call on: a desk that is busy, or is no more, has nothing to add.
            let _ = tokio::time::timeout(FORGETTING, desk.forget(effect.as_str())).await;
        }
    }
}

/// It is configured: its chain or its prices do not answer yet, or the host ends.
fn not_open(agent: &AgentId) -> CallError {
    CallError::new(Code::ProviderUnavailable, format!("the desk of `{agent}` is not open yet: the host's log says why"))
}

/// What time it is on a desk. Recorded bars are of another time than ours: on paper it is that of the latest price.
fn now_of(view: &DeskView) -> Timestamp {
    let latest = || view.prices.iter().flatten().map(|(_, at)| *at).max();
    match view.mode {
        DeskMode::Live => Timestamp::from_system(),
        DeskMode::Paper => latest().unwrap_or_else(Timestamp::from_system),
    }
}

/// How long a desk may take to say whether a swap was still to be begun.
const FORGETTING: Duration = Duration::from_secs(2);

/// What the network takes for a signature at least.
const SIGNATURE_LAMPORTS: u64 = 5_000;

/// A desk's result in the words of the event: what is empty is absent. Whether it is talked about is drawn by its id, so that
/// whoever tells it tells the same.
pub fn told(result: &puppet_trade::SwapResult, rules: &Rules) -> SwapResult {
    let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let drawn = ids::derive_u64(&["tell-trade", &result.id]) % u64::from(BPS);
    let mode = match result.mode {
        DeskMode::Paper => "paper",
        DeskMode::Live => "live",
    };
    SwapResult {
        id: result.id.clone(),
        purse: text(&result.purse),
        mode: Some(mode.to_owned()),
        origin: result.origin,
        agent: result.agent.clone(),
        market: text(&result.market),
        side: Some(result.side),
        in_mint: result.in_mint.clone(),
        in_symbol: text(&result.in_symbol),
        in_amount: result.in_amount,
        in_decimals: text(&result.in_symbol).map(|_| result.in_decimals),
        out_mint: result.out_mint.clone(),
        out_symbol: text(&result.out_symbol),
        out_amount: result.out_amount,
        out_decimals: text(&result.out_symbol).map(|_| result.out_decimals),
        price: (result.price > 0).then(|| result.price.to_string()),
        price_decimals: (result.price > 0).then_some(result.price_decimals),
        signature: result.signature.clone(),
        at: result.at,
        reason: result.reason.clone(),
        is_done: result.is_done,
        code: text(&result.code),
        detail: text(&result.detail),
        retry_at: result.retry_at,
        tells: rules.tells(u32::try_from(drawn).unwrap_or(u32::MAX)),
    }
}

#[cfg(test)]
#[path = "purses_tests.rs"]
pub(super) mod tests;
