//! Two simple moving averages of closes: buys when the fast one rises above the slow one, sells when it falls below.
//! Long only, one market, whole numbers: a bar costs the same however long the averages are.

use std::collections::VecDeque;

use puppet_sdk::trading::prelude::*;
use serde::{Deserialize, Serialize};

/// The longest average: so many bars are asked for as history.
const LONGEST: i64 = 500;
/// A whole, in hundredths of a percent.
const WHOLE_BPS: u128 = 10_000;

/// The strategy.
pub struct SmaCross {
    fast: usize,
    slow: usize,
    size_bps: u128,
    /// What a whole base token times a price is divided by to be money.
    unit: u128,
    state: State,
    fast_sum: u128,
    slow_sum: u128,
}

/// What is saved: sums are made of the closes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct State {
    /// The last `slow` closes, newest last.
    closes: VecDeque<u64>,
    /// Where the fast average was last; none until there were enough bars.
    is_above: Option<bool>,
    /// Orders so far.
    orders: u64,
    /// The order that is on its way.
    pending: bool,
}

puppet_sdk::trading_strategy!(SmaCross);

impl TradingStrategy for SmaCross {
    fn describe() -> Description {
        Description::new()
            .parameter("fast", "Length of the fast average.", "bars", 10, 1..=LONGEST - 1)
            .parameter("slow", "Length of the slow average; longer than the fast one.", "bars", 30, 2..=LONGEST)
            .parameter("size", "Share of the free money that a purchase spends.", "bps", 5_000, 1..=10_000)
            .warm_up(LONGEST as u32)
    }

    fn init(setup: Setup) -> Result<Self, String> {
        let (fast, slow) = (setup.parameter("fast")?, setup.parameter("slow")?);
        if fast >= slow {
            return Err(format!("`fast` is {fast} and `slow` {slow}: the fast average is the shorter one"));
        }
        let market = setup.markets.first().ok_or("there is no market")?;
        let digits = (u32::from(market.base_decimals) + u32::from(market.price_decimals))
            .checked_sub(u32::from(market.quote_decimals))
            .ok_or("the quote token has more decimals than the base token and the price together")?;
        let state = match setup.saved.as_deref() {
            Some(saved) => serde_json::from_slice(saved).map_err(|error| format!("what was saved: {error}"))?,
            None => State::default(),
        };
        let mut strategy = Self {
            fast: fast as usize,
            slow: slow as usize,
            size_bps: setup.parameter("size")? as u128,
            unit: 10_u128.checked_pow(digits).ok_or("the tokens have too many decimals")?,
            state,
            fast_sum: 0,
            slow_sum: 0,
        };
        let closes = std::mem::take(&mut strategy.state.closes);
        closes.into_iter().for_each(|close| strategy.push(close));
        Ok(strategy)
    }

    fn on_candles(&mut self, batch: &Batch) -> Vec<Order> {
        let mut orders = Vec::new();
        for bar in &batch.candles {
            self.push(bar.close);
            let Some(crossed_up) = self.crossing() else { continue };
            if !batch.is_warm_up
                && let Some(order) = self.order(bar, crossed_up)
            {
                orders.push(order);
            }
        }
        orders
    }

    fn on_fill(&mut self, fill: &Fill) {
        self.state.pending = fill.remaining > 0;
    }

    fn on_denied(&mut self, _: &Denial) {
        self.state.pending = false;
    }

    fn save(&self) -> Vec<u8> {
        serde_json::to_vec(&self.state).unwrap_or_default()
    }
}

impl SmaCross {
    /// One close more; the sums lose what leaves their window.
    fn push(&mut self, close: u64) {
        let closes = &mut self.state.closes;
        let leaves = |length: usize| match closes.len() >= length {
            true => u128::from(closes[closes.len() - length]),
            false => 0,
        };
        self.fast_sum = self.fast_sum + u128::from(close) - leaves(self.fast);
        self.slow_sum = self.slow_sum + u128::from(close) - leaves(self.slow);
        closes.push_back(close);
        if closes.len() > self.slow {
            closes.pop_front();
        }
    }

    /// Whether the averages crossed with the last bar, and upwards. Equal ones are where they were.
    fn crossing(&mut self) -> Option<bool> {
        if self.state.closes.len() < self.slow {
            return None;
        }
        // Averages with one denominator.
        let (fast, slow) = (self.fast_sum * self.slow as u128, self.slow_sum * self.fast as u128);
        let is_above = match fast.cmp(&slow) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => return None,
        };
        let was_above = self.state.is_above.replace(is_above);
        (was_above == Some(!is_above)).then_some(is_above)
    }

    fn order(&mut self, bar: &Candle, crossed_up: bool) -> Option<Order> {
        if self.state.pending {
            return None;
        }
        let held = portfolio::position(bar.market).quantity;
        let order = match (crossed_up, held) {
            (true, 0) => {
                let money = u128::from(portfolio::cash(bar.market)) * self.size_bps / WHOLE_BPS;
                let quantity = money.checked_mul(self.unit)?.checked_div(u128::from(bar.close))?;
                let quantity = u64::try_from(quantity).ok().filter(|quantity| *quantity > 0)?;
                Order::buy(self.next_id(), bar.market, quantity).because("the fast average rose above the slow one")
            }
            (false, held) if held > 0 => Order::sell(self.next_id(), bar.market, held)
                .reduce_only()
                .because("the fast average fell below the slow one"),
            _ => return None,
        };
        self.state.pending = true;
        Some(order.time_in_force(TimeInForce::Ioc))
    }

    fn next_id(&mut self) -> String {
        self.state.orders += 1;
        format!("sma-{}", self.state.orders)
    }
}

#[cfg(test)]
mod tests {
    use testing::Desk;

    use super::*;

    const CASH: u64 = 1_000_000_000;

    fn desk(fast: i64, slow: i64) -> Desk<SmaCross> {
        Desk::start(&[("fast", fast), ("slow", slow)]).unwrap().with_cash(0, CASH)
    }

    /// Closes that fall, rise and fall again, around 100.
    fn wave(n: u64) -> u64 {
        let place = n % 40;
        100_000_000 + 1_000_000 * if place < 20 { place } else { 40 - place } + n * 7 % 13
    }

    #[test]
    fn it_buys_on_the_way_up_and_sells_all_on_the_way_down() {
        let mut desk = desk(1, 2);
        for close in [100_000_000, 90_000_000, 80_000_000] {
            assert!(desk.close(close).is_empty());
        }
        let [buy] = &desk.close(125_000_000)[..] else { panic!() };
        // Half of 1,000.00 at 125.00 is 4 whole tokens of 9 decimals.
        assert_eq!((buy.side, buy.quantity, buy.kind), (Side::Buy, 4_000_000_000, OrderKind::Market));
        desk.fill(buy, 125_000_000);
        assert!(desk.close(130_000_000).is_empty(), "no crossing");
        let [sell] = &desk.close(110_000_000)[..] else { panic!() };
        assert_eq!((sell.side, sell.quantity, sell.reduce_only), (Side::Sell, 4_000_000_000, true));
        assert_ne!(sell.client_id, buy.client_id);
    }

    #[test]
    fn nothing_is_ordered_while_an_order_is_on_its_way_and_after_a_denial_it_goes_on() {
        let mut desk = desk(1, 2);
        for close in [100, 90, 100, 90, 100] {
            desk.close(close * 1_000_000);
        }
        let [first] = &desk.orders.clone()[..] else { panic!("{:?}", desk.orders) };
        desk.deny(first, "cool-down");
        desk.close(90_000_000);
        assert_eq!(desk.close(100_000_000).len(), 1);
    }

    /// The averages made anew from all closes: what the sums must equal.
    #[test]
    fn it_trades_where_averages_made_anew_cross() {
        let (fast, slow) = (5, 12);
        let mut desk = desk(fast, slow);
        let (fast, slow) = (fast as usize, slow as usize);
        let (mut closes, mut was) = (Vec::new(), None);
        for n in 0..400 {
            let close = wave(n);
            closes.push(close);
            let orders = desk.close(close);
            for order in &orders {
                desk.fill(order, close);
            }
            if closes.len() < slow {
                assert!(orders.is_empty());
                continue;
            }
            let sum =
                |length: usize| closes[closes.len() - length..].iter().map(|close| u128::from(*close)).sum::<u128>();
            let (fast, slow) = (sum(fast) * slow as u128, sum(slow) * fast as u128);
            let is = if fast == slow { was } else { Some(fast > slow) };
            let crossed_up = was == Some(false) && is == Some(true);
            let crossed_down = was == Some(true) && is == Some(false) && !desk.orders.is_empty();
            assert_eq!(orders.len(), usize::from(crossed_up || crossed_down), "bar {n}");
            was = is;
        }
        assert!(desk.orders.len() > 15, "{}", desk.orders.len());
    }

    #[test]
    fn a_run_that_goes_on_elsewhere_orders_the_same() {
        let orders = |restarts: bool| {
            let mut desk = desk(5, 12);
            for n in 0..300 {
                if restarts && n % 7 == 3 {
                    desk.restart().unwrap();
                }
                for order in desk.close(wave(n)) {
                    desk.fill(&order, wave(n));
                }
            }
            desk.orders
        };
        assert_eq!(orders(false), orders(true));
    }

    #[test]
    fn history_is_seen_and_not_answered() {
        let mut desk = desk(1, 2);
        for close in [100, 90, 100, 90] {
            desk.warm_up(&[(close, close, close, close)]);
        }
        assert_eq!(desk.close(100).len(), 1, "the averages know the history");
    }

    #[test]
    fn a_fast_average_that_is_not_the_shorter_one_is_refused() {
        let Err(error) = Desk::<SmaCross>::start(&[("fast", 30), ("slow", 30)]) else { panic!() };
        assert!(error.contains("the fast average is the shorter one"), "{error}");
    }
}
