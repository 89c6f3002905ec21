//! What the risk engine says of a swap of a character before it is carried out, on what the desk shows.

use puppet_trade::{DeskView, find_market};
use puppet_types::{
    CallError, Code, Timestamp,
    trade::{Market, Mint, Order, OrderKind, Origin, Rounding, Side, SwapIntent, TimeInForce},
};
use puppet_wallet::{Mode, Risk, Rule, Rules, Seen, denial};

pub(super) type Found<'v> = (u32, &'v Market, Side, Option<(u64, Timestamp)>);

/// The market that trades these two, and which way.
pub(super) fn found<'v>(view: &'v DeskView, in_mint: &Mint, out_mint: &Mint) -> Result<Found<'v>, CallError> {
    let unknown = || denial(Rule::UnknownMarket, "no market of the desk trades these two tokens", None);
    let (number, market, side) = find_market(&view.markets, in_mint, out_mint).ok_or_else(unknown)?;
    Ok((number, market, side, view.prices.get(number as usize).copied().flatten()))
}

pub(super) fn no_price(market: &Market) -> CallError {
    CallError::new(Code::ProviderUnavailable, format!("`{}` has no price yet", market.id))
}

/// How much of the base token an amount of the quote token pays; none where 64 bits do not hold it.
pub(super) fn base_for(market: &Market, amount: u64, price: u64) -> Option<u64> {
    puppet_trade::base_for(market, amount, price.max(1), Rounding::Down)
}

/// What the risk engine says of a swap on what the desk shows. An engine of the same rules and balances is asked; what needs
/// the past (sums of an hour and a day, counts, pauses) is looked at when the swap is carried out, by the desk's own.
pub(super) fn look(
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
