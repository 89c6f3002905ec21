//! The purses of characters are desks: what an agent's desk shows, and swaps handed to it. Desks come and go while a host
//! runs; who has none is told what to configure.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use async_trait::async_trait;
use puppet_trade::{Desk, DeskError, DeskMode, DeskView, Intent};
use puppet_types::{
    AgentId, CallError, Code, EffectId, Timestamp, ids,
    trade::{Market, Mint, Order, OrderKind, Origin, Rounding, Side, SwapIntent, TimeInForce},
};
use puppet_wallet::{
    BPS, Mode, NoPurses, Purses, Risk, Rule, Rules, Seen, SwapError, SwapQuote, SwapResult, TokenBalance, denial,
};

use super::{drive::Open, trending::Trending};

/// An agent's desk, and what holds there.
#[derive(Clone)]
pub(super) struct Seat {
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
    /// From now on these are the agent's.
    pub fn put(&self, agent: AgentId, desk: Open, rules: Rules) {
        let seat = Seat { desk, rules: Arc::new(rules) };
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
    pub(super) async fn views(&self, agent: &AgentId) -> Vec<DeskView> {
        let mut seats: Vec<(bool, Seat)> = {
            let all = self.seats.read().unwrap_or_else(PoisonError::into_inner);
            all.iter().map(|(of, seat)| (of != agent, seat.clone())).collect()
        };
        seats.sort_by_key(|(is_other, _)| *is_other);
        let mut views = Vec::with_capacity(seats.len());
        for (_, seat) in seats {
            views.extend(seat.desk.read().await.as_ref().and_then(|desk| desk.view().ok()));
        }
        views
    }

    async fn view(&self, agent: &AgentId) -> Result<(DeskView, Arc<Rules>), CallError> {
        let seat = self.of(agent).ok_or_else(|| NoPurses::told(agent))?;
        let view = seat.desk.read().await.as_ref().map(Desk::view);
        let view = view.ok_or_else(|| NoPurses::told(agent))?;
        let view = view.map_err(|error| CallError::new(Code::ProviderUnavailable, error.to_string()))?;
        Ok((view, seat.rules))
    }
}

#[async_trait]
impl Purses for Seats {
    async fn balances(&self, agent: &AgentId) -> Result<Vec<TokenBalance>, CallError> {
        let (view, _) = self.view(agent).await?;
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
        let (view, _) = self.view(agent).await?;
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
        let (view, rules) = self.view(agent).await?;
        let trending_at = self.trending_at(&rules, intent).await;
        look(&view, &rules, intent, origin, (Timestamp::from_system(), trending_at))
    }

    async fn swap(
        &self,
        effect: &EffectId,
        agent: &AgentId,
        intent: &SwapIntent,
        origin: Origin,
    ) -> Result<SwapResult, SwapError> {
        let none = || SwapError::Unavailable(NoPurses::told(agent).message);
        let seat = self.of(agent).ok_or_else(none)?;
        let open = seat.desk.read().await;
        let desk = open.as_ref().ok_or_else(none)?;
        let asked = Intent {
            id: effect.to_string(),
            at: Timestamp::from_system(),
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
                error @ (DeskError::Stopped(_) | DeskError::Store(_) | DeskError::Taken(_) | DeskError::Exchange(_)),
            ) => Err(SwapError::UnderWay(error.to_string())),
            Err(error) => Err(SwapError::Unavailable(error.to_string())),
        }
    }
}

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

type Found<'v> = (u32, &'v Market, Side, Option<(u64, Timestamp)>);

/// The market that trades these two, and which way.
fn found<'v>(view: &'v DeskView, in_mint: &Mint, out_mint: &Mint) -> Result<Found<'v>, CallError> {
    let pair = (in_mint, out_mint);
    let of = |(number, market): (u32, &'v Market)| {
        let side = match () {
            () if pair == (&market.quote.mint, &market.base.mint) => Side::Buy,
            () if pair == (&market.base.mint, &market.quote.mint) => Side::Sell,
            () => return None,
        };
        Some((number, market, side, view.prices.get(number as usize).copied().flatten()))
    };
    let unknown = || denial(Rule::UnknownMarket, "no market of the desk trades these two tokens", None);
    (0..).zip(&view.markets).find_map(of).ok_or_else(unknown)
}

fn no_price(market: &Market) -> CallError {
    CallError::new(Code::ProviderUnavailable, format!("`{}` has no price yet", market.id))
}

/// How much of the base token an amount of the quote token pays; none where 64 bits do not hold it.
fn base_for(market: &Market, amount: u64, price: u64) -> Option<u64> {
    let (base, decimals, quote) = (market.base.decimals, market.price_decimals, market.quote.decimals);
    let (up, down) = (u32::from(base) + u32::from(decimals), u32::from(quote));
    let product = u128::from(amount).checked_mul(10_u128.checked_pow(up.saturating_sub(down))?)?;
    let unit = u128::from(price.max(1)).checked_mul(10_u128.checked_pow(down.saturating_sub(up))?)?;
    u64::try_from(product / unit).ok()
}

/// What the risk engine says of a swap on what the desk shows. An engine of the same rules and balances is asked; what needs
/// the past (sums of an hour and a day, counts, pauses) is looked at when the swap is carried out, by the desk's own.
fn look(
    view: &DeskView,
    rules: &Rules,
    intent: &SwapIntent,
    origin: Origin,
    (now, trending_at): (Timestamp, Option<Timestamp>),
) -> Result<(), CallError> {
    if let Some(why) = &view.stopped {
        return Err(denial(Rule::Halted, &format!("the desk stopped: {why}"), None));
    }
    let (number, market, side, seen) = found(view, &intent.in_mint, &intent.out_mint)?;
    let (price, price_at) = seen.unwrap_or_default();
    let quantity = match side {
        Side::Sell => Some(intent.amount),
        Side::Buy => base_for(market, intent.amount, price),
    };
    let held = view.portfolio.markets.get(number as usize).map_or(0, |inside| inside.position.quantity);
    let is_exit = side == Side::Sell && intent.amount <= held;
    if view.admits == Mode::Reducing && is_exit {
        // What else there is to say of an exit needs the books.
        return Ok(());
    }
    let free = |balance: &puppet_wallet::Balance| (balance.mint.clone(), balance.amount.saturating_sub(balance.held));
    let balances: Vec<(Mint, u64)> = view.portfolio.balances.iter().map(free).collect();
    let mut rules = rules.clone();
    if side == Side::Sell && !is_exit && !rules.sell_holdings {
        return Err(denial(Rule::NoPosition, "", None));
    }
    // What was bought here is a holding to an engine that has seen no trade.
    rules.sell_holdings = true;
    // What another source says of prices is the desk's to know.
    rules.max_deviation_bps = None;
    let engine = Risk::new(rules, view.markets.clone(), &balances);
    let mut engine = engine.map_err(|error| CallError::new(Code::Internal, format!("the rules: {error}")))?;
    let state = view.state.as_ref();
    let why = state.map_or("", |state| state.reason.as_str());
    match view.admits {
        Mode::Active => {}
        Mode::Reducing => engine.set_reducing(now, why),
        Mode::Halted => engine.set_halt(now, why),
    }
    let order = Order {
        client_id: "look".to_owned(),
        market: number,
        side,
        kind: OrderKind::Market,
        quantity: quantity.unwrap_or(u64::MAX),
        reduce_only: false,
        time_in_force: TimeInForce::Ioc,
        expires_at: None,
        max_slippage_bps: Some(intent.max_slippage_bps),
        reason: intent.reason.clone(),
    };
    // Recorded bars are of another time than ours.
    let now = if view.mode == DeskMode::Paper { price_at } else { now };
    let seen = Seen { now, price, price_at, second: None, trending_at };
    match engine.admit(&order, origin, &seen) {
        Ok(_) => Ok(()),
        Err(denied) => {
            let rule = Rule::parse(&denied.rule).unwrap_or(Rule::Invalid);
            // An exit passes what is there to keep money out of the market.
            if is_exit && !rule.about().binds_exits {
                return Ok(());
            }
            let wait = denied.retry_at.map(|at| at.millis_since(now));
            Err(denial(rule, &denied.detail, wait))
        }
    }
}

#[cfg(test)]
#[path = "purses_tests.rs"]
pub(super) mod tests;
