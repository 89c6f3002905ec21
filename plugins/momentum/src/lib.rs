//! Holds the markets that gained most over a look-back (docs/trading/first-party.md).

mod ranking;

use puppet_sdk::trading::prelude::*;
use ranking::Ranking;
use serde::{Deserialize, Serialize};

/// The strategy.
pub struct Momentum {
    rule: Rule,
    markets: Vec<MarketInfo>,
    state: State,
}

puppet_sdk::trading_strategy!(Momentum);

struct Rule {
    look_back: usize,
    hold: usize,
    every: u64,
    /// In millionths.
    exit: i64,
    share_bps: u64,
}

/// What is saved.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct State {
    /// Orders so far: each has the next number as its name.
    orders: u64,
    /// Batches until the next ranking.
    until_ranking: u64,
    ranking: Ranking,
    /// Orders that are under way, by number and market.
    open: Vec<(u64, u32)>,
    /// Batches until an order is tried again after a denial.
    wait: u64,
    /// Markets that are to be bought once what is sold has become cash.
    wanted: Vec<u32>,
}

/// Batches without an order after one was denied.
const AFTER_DENIAL: u64 = 30;
/// Markets times closes that a save has room for.
const SAVED_CLOSES: usize = 24_000;

impl TradingStrategy for Momentum {
    fn describe() -> Description {
        Description::new()
            .markets(2..=16)
            .warm_up(240)
            .parameter("look_back", "Over how long a gain is measured.", "bars", 240, 1..=1_440)
            .parameter("hold", "How many markets are held at once.", "markets", 1, 1..=16)
            .parameter("every", "From one ranking to the next.", "bars", 60, 1..=100_000)
            .parameter("exit_bps", "A market that gained less is not held.", "bps", 0, -9_999..=100_000)
            .parameter("share_bps", "How much of the cash is invested.", "bps", 9_500, 1..=9_900)
    }

    fn init(setup: Setup) -> Result<Self, String> {
        let positive = |name: &str| {
            setup.parameter(name).and_then(|value| u32::try_from(value).map_err(|_| format!("`{name}` is {value}")))
        };
        let Some(first) = setup.markets.first() else { return Err("there is no market".to_owned()) };
        if let Some(other) = setup.markets.iter().find(|market| market.quote_mint != first.quote_mint) {
            return Err(format!("{} and {} are paid with different tokens", first.id, other.id));
        }
        let rule = Rule {
            look_back: positive("look_back")? as usize,
            hold: positive("hold")? as usize,
            every: positive("every")?.into(),
            exit: setup.parameter("exit_bps")?.saturating_mul(100),
            share_bps: positive("share_bps")?.into(),
        };
        let markets = setup.markets.len();
        if markets.saturating_mul(rule.look_back + 1) > SAVED_CLOSES {
            return Err(format!("{markets} markets over {} bars are too many closes to save", rule.look_back));
        }
        let mut state = match &setup.saved {
            Some(saved) => postcard::from_bytes::<State>(saved).map_err(|error| format!("what was saved: {error}"))?,
            None => State::default(),
        };
        if !state.ranking.is_of(markets, rule.look_back) {
            state.ranking = Ranking::new(markets, rule.look_back);
        }
        Ok(Self { rule, markets: setup.markets, state })
    }

    fn on_candles(&mut self, batch: &Batch) -> Vec<Order> {
        let closes = batch.candles.iter().filter_map(|bar| Some((usize::try_from(bar.market).ok()?, bar.close)));
        self.state.ranking.push(closes);
        if batch.is_warm_up {
            return Vec::new();
        }
        self.forget_ended();
        self.state.until_ranking = self.state.until_ranking.saturating_sub(1);
        self.state.wait = self.state.wait.saturating_sub(1);
        if self.state.wait > 0 {
            return Vec::new();
        }
        let mut orders = self.sell_what_lost();
        if self.state.until_ranking == 0 {
            self.state.until_ranking = self.rule.every;
            self.rank(&mut orders);
        }
        self.buy_what_is_wanted(&mut orders);
        orders
    }

    fn on_fill(&mut self, fill: &Fill) {
        if fill.remaining == 0 {
            self.close(&fill.client_id);
        }
    }

    fn on_denied(&mut self, denial: &Denial) {
        self.close(&denial.client_id);
        // What the next bar did not have is no reason to wait.
        if denial.rule != "not-filled" {
            self.state.wait = AFTER_DENIAL;
        }
    }

    fn save(&self) -> Vec<u8> {
        // Numbers and lists of them: there is nothing in it that has no form.
        postcard::to_allocvec(&self.state).unwrap_or_default()
    }
}

impl Momentum {
    /// An order may end without a word: then it is not in the list of open ones.
    fn forget_ended(&mut self) {
        if self.state.open.is_empty() {
            return;
        }
        let open = portfolio::open_orders();
        self.state.open.retain(|(number, _)| open.contains(&name_of(*number)));
    }

    /// What is held and gained less than it must, at every bar.
    fn sell_what_lost(&mut self) -> Vec<Order> {
        let lost = |market: &u32| self.state.ranking.gained_less(*market as usize, self.rule.exit);
        let lost: Vec<u32> = self.all_markets().filter(lost).collect();
        self.state.wanted.retain(|market| !lost.contains(market));
        lost.into_iter().filter_map(|market| self.sell(market, "its gain is below the exit")).collect()
    }

    /// The best are wanted, the others go.
    fn rank(&mut self, orders: &mut Vec<Order>) {
        let best = self.state.ranking.best(self.rule.hold, self.rule.exit);
        let is_best = |market: &u32| best.contains(&(*market as usize));
        let (keep, go): (Vec<u32>, Vec<u32>) = self.all_markets().partition(is_best);
        for market in go {
            orders.extend(self.sell(market, "others gained more"));
        }
        let is_held = |market: &u32| portfolio::position(*market).quantity > 0;
        self.state.wanted = keep.into_iter().filter(|market| !is_held(market)).collect();
    }

    /// Once nothing is under way any more: all of the cash in equal parts.
    fn buy_what_is_wanted(&mut self, orders: &mut Vec<Order>) {
        if !self.state.open.is_empty() || self.state.wanted.is_empty() {
            return;
        }
        let wanted = std::mem::take(&mut self.state.wanted);
        for market in &wanted {
            let cash = u128::from(portfolio::cash(*market)) * u128::from(self.rule.share_bps) / 10_000;
            let part = u64::try_from(cash / wanted.len() as u128).unwrap_or(u64::MAX);
            let close = self.state.ranking.close(*market as usize);
            let quantity = self.markets.get(*market as usize).map_or(0, |info| info.quantity_for(part, close));
            if quantity > 0 {
                let id = self.open(*market);
                let order = Order::buy(id, *market, quantity).because("among the best");
                orders.push(order.time_in_force(TimeInForce::Ioc));
            }
        }
    }

    fn sell(&mut self, market: u32, because: &str) -> Option<Order> {
        let held = portfolio::position(market).quantity;
        let least = self.markets.get(market as usize)?.min_quantity.max(1);
        if held < least || self.state.open.iter().any(|(_, open)| *open == market) {
            return None;
        }
        let order = Order::sell(self.open(market), market, held).reduce_only().because(because);
        Some(order.time_in_force(TimeInForce::Ioc))
    }

    fn all_markets(&self) -> impl Iterator<Item = u32> + use<> {
        0..u32::try_from(self.markets.len()).unwrap_or(u32::MAX)
    }

    fn open(&mut self, market: u32) -> String {
        self.state.orders += 1;
        self.state.open.push((self.state.orders, market));
        name_of(self.state.orders)
    }

    fn close(&mut self, name: &str) {
        self.state.open.retain(|(number, _)| name_of(*number) != name);
    }
}

fn name_of(number: u64) -> String {
    format!("momentum-{number}")
}

#[cfg(test)]
mod tests;
