//! Buys for the same amount every so many bars, more in a dip, and sells all at a profit where that is asked for
//! (docs/trading/first-party.md).

mod plan;

use plan::{Plan, Purse, Rule, Step};
use puppet_sdk::trading::prelude::*;
use serde::{Deserialize, Serialize};

/// The strategy.
pub struct Dca {
    /// One per market: notionals differ by the decimals of the quote token.
    rules: Vec<Rule>,
    markets: Vec<MarketInfo>,
    state: State,
}

puppet_sdk::trading_strategy!(Dca);

/// What is saved.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct State {
    /// Orders so far: each has the next number as its name.
    orders: u64,
    plans: Vec<Plan>,
}

impl TradingStrategy for Dca {
    fn describe() -> Description {
        Description::new()
            .markets(1..=16)
            .parameter("every", "From one purchase to the next.", "bars", 1_440, 1..=1_000_000)
            .parameter("notional", "What a purchase costs.", "hundredths of the quote token", 1_000, 1..=100_000_000)
            .parameter("dip_bps", "How far below its high a price is in a dip; 0 for never.", "bps", 0, 0..=9_000)
            .parameter("dip_percent", "What a purchase in a dip costs.", "percent of the usual", 200, 100..=1_000)
            .parameter("take_profit_bps", "Sells all so far above the entry; 0 for never.", "bps", 0, 0..=100_000)
    }

    fn init(setup: Setup) -> Result<Self, String> {
        let positive = |name: &str| {
            setup.parameter(name).and_then(|value| u32::try_from(value).map_err(|_| format!("`{name}` is {value}")))
        };
        let rule = |market: &MarketInfo| {
            Ok(Rule {
                every: positive("every")?,
                notional: market.hundredths(positive("notional")?.into()),
                dip_bps: positive("dip_bps")?,
                dip_percent: positive("dip_percent")?,
                take_profit_bps: positive("take_profit_bps")?,
            })
        };
        let rules = setup.markets.iter().map(rule).collect::<Result<_, String>>()?;
        let mut state = match &setup.saved {
            Some(saved) => postcard::from_bytes::<State>(saved).map_err(|error| format!("what was saved: {error}"))?,
            None => State::default(),
        };
        state.plans.resize_with(setup.markets.len(), Plan::default);
        Ok(Self { rules, markets: setup.markets, state })
    }

    fn on_candles(&mut self, batch: &Batch) -> Vec<Order> {
        if batch.is_warm_up {
            return Vec::new();
        }
        batch.candles.iter().filter_map(|bar| self.on_bar(bar)).collect()
    }

    fn save(&self) -> Vec<u8> {
        // Numbers and lists of them: there is nothing in it that has no form.
        postcard::to_allocvec(&self.state).unwrap_or_default()
    }
}

impl Dca {
    fn on_bar(&mut self, bar: &Candle) -> Option<Order> {
        let place = usize::try_from(bar.market).ok()?;
        let (rule, market, plan) = (self.rules.get(place)?, self.markets.get(place)?, self.state.plans.get_mut(place)?);
        if bar.close == 0 {
            return None;
        }
        let purse = if plan.asks(rule) { purse(bar.market) } else { Purse::default() };
        let number = self.state.orders + 1;
        let id = || format!("dca-{number}");
        let order = match plan.step(rule, bar.close, purse) {
            Step::Wait => return None,
            Step::SellAll => Order::sell(id(), bar.market, purse.quantity).reduce_only().because("take profit"),
            Step::Buy { notional, is_dip } => {
                let quantity = market.quantity_for(notional, bar.close);
                if quantity == 0 {
                    return None;
                }
                Order::buy(id(), bar.market, quantity).because(if is_dip { "a dip" } else { "it is time" })
            }
        };
        self.state.orders = number;
        Some(order.time_in_force(TimeInForce::Ioc))
    }
}

fn purse(market: u32) -> Purse {
    let Position { quantity, entry_price } = portfolio::position(market);
    Purse { quantity, entry_price, cash: portfolio::cash(market) }
}

#[cfg(test)]
mod tests;
