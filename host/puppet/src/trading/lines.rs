//! A line for each thing that happens at a desk.

use puppet_backtest::{Event, OrderStatus};
use puppet_trade::SwapResult;
use puppet_types::{
    Timestamp,
    trade::{Market, Side},
};

use crate::{output::Output, wallets::amounts};

/// How a desk's events are written.
pub struct Lines {
    desk: String,
    markets: Vec<Market>,
    out: Output,
}

impl Lines {
    /// Of a desk with these markets.
    pub fn new(desk: &str, markets: Vec<Market>, out: Output) -> Self {
        Self { desk: desk.to_owned(), markets, out }
    }

    fn begin(&self, at: Timestamp) -> String {
        let at = at.to_jiff().strftime("%F %T").to_string();
        format!("{} {}", self.out.dim(at), self.desk)
    }

    fn quantity(&self, market: u32, quantity: u64) -> String {
        match self.markets.get(market as usize) {
            Some(market) => {
                format!("{} {}", amounts::whole(quantity.into(), market.base.decimals), market.id)
            }
            None => quantity.to_string(),
        }
    }

    fn money(&self, market: u32, amount: i128) -> String {
        match self.markets.get(market as usize) {
            Some(market) => {
                format!("{} {}", amounts::signed(amount, market.quote.decimals), market.quote.symbol)
            }
            None => amount.to_string(),
        }
    }

    fn price(&self, market: u32, price: u64) -> String {
        let decimals = self.markets.get(market as usize).map_or(0, |market| market.price_decimals);
        amounts::whole(price.into(), decimals)
    }

    /// Of an event. What it is said again by another one has none.
    pub fn of(&self, event: &Event) -> Option<String> {
        let out = self.out;
        Some(match event {
            Event::Ordered(record) if record.status != OrderStatus::Denied => {
                let order = &record.order;
                let reason = if order.reason.is_empty() { String::new() } else { format!(" ({})", order.reason) };
                let what = self.quantity(order.market, order.quantity);
                let kind = order.kind.name();
                let side = name(order.side);
                format!("{} order {}: {side} {what}, {kind}{reason}", self.begin(record.at), record.id)
            }
            // Its denial says more.
            Event::Ordered(_) => return None,
            Event::Filled { order, fill } => {
                let what = self.quantity(fill.market, fill.quantity);
                let (price, fee) =
                    (self.price(fill.market, fill.price), self.money(fill.market, -i128::from(fill.fee)));
                let word = out.good("filled");
                format!("{} order {order}: {word} {what} at {price}, fee {fee}", self.begin(fill.at))
            }
            Event::Ended { status: OrderStatus::Filled, .. } => return None,
            Event::Ended { order, status, rule } => {
                let rule = rule.as_ref().map_or_else(String::new, |rule| format!(" by `{rule}`"));
                format!("{} order {order}: {}{rule}", self.desk, out.odd(status.name()))
            }
            Event::Cancelled { client_id, .. } => format!("{} order `{client_id}`: taken back", self.desk),
            Event::Denied { order, denial } => {
                let word = out.bad("denied");
                format!("{} order {order}: {word} by `{}`: {}", self.begin(denial.at), denial.rule, denial.detail)
            }
            Event::Closed(trade) => {
                let made = self.money(trade.market, trade.pnl.into());
                let made = if trade.pnl < 0 { out.bad(made) } else { out.good(made) };
                format!("{} trade {}: {made}", self.begin(trade.closed_at), trade.id)
            }
            Event::Breached(record) => {
                format!("{} {}: {}", self.begin(record.at), out.bad(&record.breach), record.detail)
            }
        })
    }

    /// Of a swap on the chain.
    pub fn swap(&self, result: &SwapResult) -> String {
        let gave = amounts::whole(result.in_amount.into(), result.in_decimals);
        let took = amounts::whole(result.out_amount.into(), result.out_decimals);
        let begin = self.begin(result.at);
        let signature = result.signature.as_ref().map_or_else(String::new, |signature| format!(", {signature}"));
        match result.is_done {
            true => {
                let word = self.out.good("swapped");
                format!("{begin} {word} {gave} {} for {took} {}{signature}", result.in_symbol, result.out_symbol)
            }
            false => {
                let word = self.out.bad("not swapped");
                format!("{begin} {word} {gave} {}: `{}`: {}{signature}", result.in_symbol, result.code, result.detail)
            }
        }
    }
}

const fn name(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}
