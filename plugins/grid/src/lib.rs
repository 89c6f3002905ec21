//! Buys at levels below a price and sells each purchase one level higher, again and again
//! (docs/trading/first-party.md).

mod ladder;

use ladder::{Ladder, Rule, Step};
use puppet_sdk::trading::prelude::*;
use serde::{Deserialize, Serialize};

/// The strategy.
pub struct Grid {
    rule: Rule,
    /// What a level is bought for, in the smallest unit of the quote token.
    notional: u64,
    market: MarketInfo,
    state: State,
}

puppet_sdk::trading_strategy!(Grid);

/// What is saved.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct State {
    /// Orders so far: each has the next number as its name.
    orders: u64,
    ladder: Ladder,
}

/// What the host sets aside for fees beside a purchase unless it is told otherwise.
const SPARE_PERCENT: u64 = 1;

impl TradingStrategy for Grid {
    fn describe() -> Description {
        Description::new()
            .parameter("levels", "Levels below the reference.", "levels", 5, 1..=20)
            .parameter("spacing_bps", "From one level to the next.", "bps of the reference", 100, 5..=450)
            .parameter(
                "notional",
                "What a level is bought for.",
                "hundredths of the quote token",
                5_000,
                1..=100_000_000,
            )
            .parameter("recentre_bps", "Follows a price that left the grid so far; 0 for never.", "bps", 0, 0..=5_000)
    }

    fn init(setup: Setup) -> Result<Self, String> {
        let positive = |name: &str| {
            setup.parameter(name).and_then(|value| u32::try_from(value).map_err(|_| format!("`{name}` is {value}")))
        };
        let [market] = <[MarketInfo; 1]>::try_from(setup.markets.clone())
            .map_err(|markets| format!("a grid is of one market, not {}", markets.len()))?;
        let rule = Rule {
            levels: positive("levels")?,
            spacing_bps: positive("spacing_bps")?,
            recentre_bps: positive("recentre_bps")?,
            min_quantity: market.min_quantity,
        };
        let state = match &setup.saved {
            Some(saved) => postcard::from_bytes::<State>(saved).map_err(|error| format!("what was saved: {error}"))?,
            None => State::default(),
        };
        let notional = market.hundredths(positive("notional")?.into());
        Ok(Self { rule, notional, market, state })
    }

    fn on_candles(&mut self, batch: &Batch) -> Vec<Order> {
        let Some(bar) = batch.candles.iter().find(|bar| bar.market == 0 && !batch.is_warm_up) else {
            return Vec::new();
        };
        self.forget_taken_back();
        let steps = self.state.ladder.step(&self.rule, bar.close);
        if steps.is_empty() {
            return Vec::new();
        }
        let mut cash = portfolio::cash(0);
        steps.into_iter().filter_map(|step| self.order(step, &mut cash)).collect()
    }

    fn on_fill(&mut self, fill: &Fill) {
        if let Some(number) = number_of(&fill.client_id) {
            self.state.ladder.filled(number, fill.side == Side::Buy, fill.quantity, fill.remaining);
        }
    }

    fn on_denied(&mut self, denial: &Denial) {
        if let Some(number) = number_of(&denial.client_id) {
            self.state.ladder.ended(number);
        }
    }

    fn save(&self) -> Vec<u8> {
        // Numbers and lists of them: there is nothing in it that has no form.
        postcard::to_allocvec(&self.state).unwrap_or_default()
    }
}

impl Grid {
    /// The order of a step; none where it is too small, or where the cash does not pay for it: then the level waits.
    fn order(&mut self, step: Step, cash: &mut u64) -> Option<Order> {
        let number = self.state.orders + 1;
        let order = match step {
            Step::Cancel { number } => return Some(Order::cancel(name_of(number), 0)),
            Step::Sell { price, quantity, level } => Order::sell(name_of(number), 0, quantity)
                .limit(price)
                .reduce_only()
                .because(format!("level {} is sold", level + 1)),
            Step::Buy { price, level } => {
                let quantity = self.market.quantity_for(self.notional, price);
                let cost = self.notional.saturating_add(self.notional / 100 * SPARE_PERCENT + 1);
                if quantity == 0 || cost > *cash {
                    return None;
                }
                *cash -= cost;
                Order::buy(name_of(number), 0, quantity).limit(price).because(format!("level {}", level + 1))
            }
        };
        self.state.orders = number;
        self.state.ladder.placed(step, number);
        Some(order)
    }

    /// An order that was taken back ends without a word where the host says nothing more of it than that it is not open.
    fn forget_taken_back(&mut self) {
        let leaving: Vec<u64> = self.state.ladder.leaving().collect();
        if leaving.is_empty() {
            return;
        }
        let open = portfolio::open_orders();
        for number in leaving {
            if !open.contains(&name_of(number)) {
                self.state.ladder.ended(number);
            }
        }
    }
}

fn name_of(number: u64) -> String {
    format!("grid-{number}")
}

fn number_of(name: &str) -> Option<u64> {
    name.strip_prefix("grid-")?.parse().ok()
}

#[cfg(test)]
mod tests;
