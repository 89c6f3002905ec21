//! Orders in the making: each method says one thing more of it.

use super::Side;
use crate::bindings::strategy::puppet::trading::types as wit;

/// How an order is filled. Prices as the market's `price_decimals` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderKind {
    /// At what is to be had.
    Market,
    /// At this price or a better one.
    Limit(u64),
    /// As `Market`, once the price has moved against the position to this.
    Stop(u64),
    /// As `Market`, once the price has moved in its favour to this.
    TakeProfit(u64),
    /// A stop that follows the best price so far, in hundredths of a percent.
    Trailing(u32),
    /// Takes back the open order of this client id.
    Cancel,
}

/// How long an order waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeInForce {
    /// Until it is cancelled.
    #[default]
    Gtc,
    /// What can be had at the next bar.
    Ioc,
    /// All of it at the next bar, or nothing.
    Fok,
}

/// What a strategy wants. A market order that waits until it is cancelled, unless it says otherwise.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an order is proposed by being answered"]
pub struct Order {
    /// The strategy's own name of it, once per run.
    pub client_id: String,
    /// Place of the market in the setup.
    pub market: u32,
    /// Which way.
    pub side: Side,
    /// How.
    pub kind: OrderKind,
    /// In the smallest unit of the base token.
    pub quantity: u64,
    /// Never opens or turns a position.
    pub reduce_only: bool,
    /// How long it waits.
    pub time_in_force: TimeInForce,
    /// When it ends by itself, in milliseconds since 1970.
    pub expires_at: Option<u64>,
    /// At most as much worse than expected, in hundredths of a percent.
    pub max_slippage_bps: Option<u32>,
    /// For people: why.
    pub reason: String,
}

impl Order {
    fn new(client_id: impl Into<String>, market: u32, side: Side, kind: OrderKind, quantity: u64) -> Self {
        Self {
            client_id: client_id.into(),
            market,
            side,
            kind,
            quantity,
            reduce_only: false,
            time_in_force: TimeInForce::Gtc,
            expires_at: None,
            max_slippage_bps: None,
            reason: String::new(),
        }
    }
    /// Base for quote.
    pub fn buy(client_id: impl Into<String>, market: u32, quantity: u64) -> Self {
        Self::new(client_id, market, Side::Buy, OrderKind::Market, quantity)
    }
    /// Quote for base.
    pub fn sell(client_id: impl Into<String>, market: u32, quantity: u64) -> Self {
        Self::new(client_id, market, Side::Sell, OrderKind::Market, quantity)
    }
    /// Takes back the open order of this client id.
    pub fn cancel(client_id: impl Into<String>, market: u32) -> Self {
        Self::new(client_id, market, Side::Sell, OrderKind::Cancel, 0)
    }
    /// Of a kind.
    pub fn kind(mut self, kind: OrderKind) -> Self {
        self.kind = kind;
        self
    }
    /// At this price or a better one.
    pub fn limit(self, price: u64) -> Self {
        self.kind(OrderKind::Limit(price))
    }
    /// Once the price has moved against the position to this.
    pub fn stop(self, price: u64) -> Self {
        self.kind(OrderKind::Stop(price))
    }
    /// Once the price has moved in its favour to this.
    pub fn take_profit(self, price: u64) -> Self {
        self.kind(OrderKind::TakeProfit(price))
    }
    /// A stop that follows the best price so far, in hundredths of a percent.
    pub fn trailing(self, bps: u32) -> Self {
        self.kind(OrderKind::Trailing(bps))
    }
    /// Never opens or turns a position.
    pub fn reduce_only(mut self) -> Self {
        self.reduce_only = true;
        self
    }
    /// Waits so long.
    pub fn time_in_force(mut self, time_in_force: TimeInForce) -> Self {
        self.time_in_force = time_in_force;
        self
    }
    /// Ends by itself then, in milliseconds since 1970.
    pub fn expires_at(mut self, at: u64) -> Self {
        self.expires_at = Some(at);
        self
    }
    /// At most as much worse than expected, in hundredths of a percent.
    pub fn max_slippage_bps(mut self, bps: u32) -> Self {
        self.max_slippage_bps = Some(bps);
        self
    }
    /// For people: why. At most 256 bytes.
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }
}

impl From<Order> for wit::Order {
    fn from(order: Order) -> Self {
        let Order { client_id, market, side, kind, quantity, reduce_only, time_in_force, .. } = order;
        let (kind, price, trail_bps) = match kind {
            OrderKind::Market => ("market", None, None),
            OrderKind::Limit(price) => ("limit", Some(price), None),
            OrderKind::Stop(price) => ("stop", Some(price), None),
            OrderKind::TakeProfit(price) => ("take-profit", Some(price), None),
            OrderKind::Trailing(bps) => ("trailing", None, Some(bps)),
            OrderKind::Cancel => ("cancel", None, None),
        };
        let time_in_force = match time_in_force {
            TimeInForce::Gtc => "gtc",
            TimeInForce::Ioc => "ioc",
            TimeInForce::Fok => "fok",
        };
        Self {
            client_id,
            market,
            side,
            kind: kind.to_owned(),
            quantity,
            price,
            trail_bps,
            reduce_only,
            time_in_force: time_in_force.to_owned(),
            expires_at: order.expires_at,
            max_slippage_bps: order.max_slippage_bps,
            reason: order.reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_says_its_kind_in_the_words_of_the_contract_with_the_number_that_it_takes() {
        let order = || Order::sell("a", 1, 5);
        for (order, kind, price, trail) in [
            (order(), "market", None, None),
            (order().limit(7), "limit", Some(7), None),
            (order().stop(7), "stop", Some(7), None),
            (order().take_profit(7), "take-profit", Some(7), None),
            (order().trailing(50), "trailing", None, Some(50)),
            (Order::cancel("a", 1), "cancel", None, None),
        ] {
            let wire = wit::Order::from(order);
            assert_eq!((wire.kind.as_str(), wire.price, wire.trail_bps), (kind, price, trail));
        }
        let all =
            order().reduce_only().time_in_force(TimeInForce::Fok).expires_at(9).max_slippage_bps(30).because("so");
        let wire = wit::Order::from(all);
        assert_eq!((wire.reduce_only, wire.time_in_force.as_str(), wire.expires_at), (true, "fok", Some(9)));
        assert_eq!((wire.max_slippage_bps, wire.reason.as_str(), wire.side), (Some(30), "so", Side::Sell));
        assert_eq!(wit::Order::from(order().time_in_force(TimeInForce::Ioc)).time_in_force, "ioc");
    }
}
