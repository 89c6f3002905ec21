//! Bad weather for strategies: bars that are missing, empty or absurd, orders that are denied, filled in parts or end
//! without a word, and restarts. What comes of it is the same for the same seed.

use std::collections::HashSet;

use super::{Desk, market};
use crate::{
    random::Random,
    trading::{Candle, Order, OrderKind, Side, TimeInForce, TradingStrategy},
};

/// Orders that the host takes of one batch.
const BATCH_ORDERS: usize = 64;
/// What each market has of the quote token at the start.
const CASH: u64 = 10_000_000_000;
/// Prices stay below this.
const HIGHEST: u64 = 1_000_000_000_000;

/// Runs a strategy through so many batches of bad weather, and beside it the same strategy that is restarted from its
/// save now and then. Gives the orders. Panics where the two propose other things, where an order uses a name again,
/// makes no sense, sells more than there is or costs more than there is, and where the strategy panics.
pub fn drill<S: TradingStrategy>(parameters: &[(&str, i64)], markets: u32, batches: u32, seed: u64) -> Vec<Order> {
    let begin = || {
        let infos = (0..markets).map(|n| market(&format!("M{n}/USDC"))).collect();
        let begun = Desk::<S>::start_in(parameters, infos);
        let begun = begun.unwrap_or_else(|error| panic!("the strategy does not begin: {error}"));
        (0..markets).fold(begun, |desk, market| desk.with_cash(market, CASH))
    };
    let (mut steady, mut restarted) = (begin(), begin());
    let mut weather = Weather { random: Random::new(seed), prices: vec![150_000_000; markets as usize] };
    let (mut open, mut names): (Vec<(Order, u64)>, HashSet<String>) = Default::default();
    for batch in 0..batches {
        // Hours without a bar, in both.
        let gap = if weather.one_in(20) { weather.below(30 * 3_600_000) } else { 0 };
        steady.at += gap;
        restarted.at += gap;
        let candles = weather.candles(steady.at);
        let is_warm_up = batch < batches / 10;
        let orders = steady.candles(candles.clone(), is_warm_up);
        let others = restarted.candles(candles, is_warm_up);
        assert_eq!(orders, others, "batch {batch}: the restarted one proposes other things");
        assert!(orders.is_empty() || !is_warm_up, "batch {batch}: orders in answer to history");
        assert!(orders.len() <= BATCH_ORDERS, "batch {batch}: {} orders", orders.len());
        for order in orders {
            if order.kind == OrderKind::Cancel {
                open.retain(|(open, _)| open.client_id != order.client_id);
                continue;
            }
            assert!(names.insert(order.client_id.clone()), "batch {batch}: {} again", order.client_id);
            makes_sense(&order, &steady, &weather.prices);
            open.push((order.clone(), order.quantity));
        }
        let waiting = std::mem::take(&mut open);
        open = waiting.into_iter().filter_map(|one| weather.fate(one, [&mut steady, &mut restarted])).collect();
        if weather.one_in(8) {
            restarted.restart().unwrap_or_else(|error| panic!("batch {batch}: not restarted: {error}"));
        }
    }
    steady.orders
}

fn makes_sense<S: TradingStrategy>(order: &Order, desk: &Desk<S>, prices: &[u64]) {
    let price = prices.get(order.market as usize);
    let close = *price.unwrap_or_else(|| panic!("there is no such market: {order:?}"));
    assert!(order.quantity > 0 && order.client_id.len() <= 64 && order.reason.len() <= 256, "{order:?}");
    let at = match order.kind {
        OrderKind::Limit(price) => price,
        _ => close,
    };
    let cost = u128::from(order.quantity) * u128::from(at) / 1_000_000_000;
    match order.side {
        Side::Sell => assert!(order.quantity <= desk.held(order.market), "sells more than there is: {order:?}"),
        Side::Buy => assert!(cost <= u128::from(desk.cash(order.market)), "costs more than there is: {order:?}"),
    }
}

struct Weather {
    random: Random,
    /// The last close by market.
    prices: Vec<u64>,
}

impl Weather {
    fn below(&mut self, n: u64) -> u64 {
        self.random.bits() % n.max(1)
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn candles(&mut self, at: u64) -> Vec<Candle> {
        (0..self.prices.len()).filter_map(|place| self.candle(place, at)).collect()
    }

    /// Up to 3 % up or down; now and then a tenth or ten times as much, no volume, no price, or no bar at all.
    fn candle(&mut self, place: usize, at: u64) -> Option<Candle> {
        if self.one_in(10) {
            return None;
        }
        let open = self.prices[place];
        let close = match self.below(100) {
            0 => open / 10,
            1 => open.saturating_mul(10),
            _ => open / 1_000 * (970 + self.below(61)),
        };
        let close = close.clamp(1_000, HIGHEST);
        let is_nothing = self.one_in(50);
        if !is_nothing {
            self.prices[place] = close;
        }
        let [open, close] = if is_nothing { [0, 0] } else { [open, close] };
        let volume = if self.one_in(10) { 0 } else { 1_000_000_000 };
        let market = u32::try_from(place).ok()?;
        Some(Candle { market, at, open, high: open.max(close), low: open.min(close), close, volume })
    }

    /// What happens to an order that is open, on both desks; the order again where something of it stays open.
    fn fate<S: TradingStrategy>(&mut self, one: (Order, u64), desks: [&mut Desk<S>; 2]) -> Option<(Order, u64)> {
        let (order, open) = one;
        let price = self.prices.get(order.market as usize).copied().unwrap_or(1);
        let is_at_once = order.kind == OrderKind::Market || order.time_in_force != TimeInForce::Gtc;
        let fate = self.below(10);
        let part = if fate < 4 { open } else { 1 + self.below(open) };
        let mut rest = open;
        for desk in desks {
            let part = if order.side == Side::Sell { part.min(desk.held(order.market)) } else { part };
            match fate {
                0..7 if part > 0 => {
                    desk.fill_part(&order, part, open, price);
                    rest = open - part;
                    if rest > 0 && is_at_once {
                        desk.deny(&order, "not-filled");
                        rest = 0;
                    }
                }
                0..7 => {
                    desk.deny(&order, "no-position");
                    rest = 0;
                }
                7 => {
                    desk.deny(&order, "order-rate");
                    rest = 0;
                }
                8 => {
                    desk.forget(&order);
                    rest = 0;
                }
                // It is on its way for another bar.
                _ => {}
            }
        }
        (rest > 0).then_some((order, rest))
    }
}
