//! Trades by chance, within bounds (docs/trading/first-party.md): the original engine's random trader, mended. It sees
//! the markets that the operator allowed and no others, sells only what is there, and counts only trades that happened.

mod mood;

use mood::{Day, Mood, Rule, Whim, amount};
use puppet_sdk::trading::prelude::*;
use serde::{Deserialize, Serialize};

/// The strategy.
pub struct Impulse {
    rule: Rule,
    share_bps: u64,
    /// In hundredths of the quote token.
    max_amount: u64,
    /// In hundredths of the quote token.
    keep: u64,
    max_slippage_bps: u32,
    seed: u64,
    markets: Vec<MarketInfo>,
    state: State,
}

puppet_sdk::trading_strategy!(Impulse);

/// What is saved.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct State {
    /// Orders so far: each has the next number as its name.
    orders: u64,
    mood: Mood,
    days: Vec<Day>,
    open: Option<Open>,
}

/// The order that is under way: there is never more than one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Open {
    number: u64,
    /// A part of it was carried out, and it counts as a trade.
    is_trade: bool,
}

/// A market that moved more than this in 24 hours is one of high risk.
const HIGH_RISK_BPS: u64 = 1_000;
/// How many of them there are at most.
const HIGH_RISK_MARKETS: usize = 5;

impl TradingStrategy for Impulse {
    fn describe() -> Description {
        Description::new()
            .markets(1..=16)
            .warm_up(1_440)
            .parameter("check", "From one look at the markets to the next.", "seconds", 600, 1..=604_800)
            .parameter("probability", "How often a look becomes a trade.", "of 10,000", 2_000, 0..=10_000)
            .parameter("min_hours", "From one trade to the next.", "hours", 12, 0..=720)
            .parameter(
                "max_hours",
                "After so long without a trade it trades if it may; 0 for never.",
                "hours",
                0,
                0..=8_760,
            )
            .parameter("max_trades_per_day", "Trades of one day of UTC.", "trades", 3, 0..=1_000)
            .parameter("max_share_bps", "How much of what is there one trade may move.", "bps", 5_000, 1..=9_500)
            .parameter(
                "max_amount",
                "What one trade may be worth.",
                "hundredths of the quote token",
                1_000,
                1..=100_000_000,
            )
            .parameter("keep", "Is never spent.", "hundredths of the quote token", 500, 0..=100_000_000)
            .parameter("high_risk", "How often a market that moves is looked for.", "of 10,000", 2_000, 0..=10_000)
            .parameter("max_slippage_bps", "What an order may cost more than expected.", "bps", 100, 1..=5_000)
    }

    fn init(setup: Setup) -> Result<Self, String> {
        let positive = |name: &str| {
            setup.parameter(name).and_then(|value| u32::try_from(value).map_err(|_| format!("`{name}` is {value}")))
        };
        let rule = Rule {
            check_ms: u64::from(positive("check")?) * 1_000,
            probability: positive("probability")?.into(),
            gap_ms: u64::from(positive("min_hours")?) * 3_600_000,
            longest_ms: u64::from(positive("max_hours")?) * 3_600_000,
            per_day: positive("max_trades_per_day")?,
            high_risk: positive("high_risk")?.into(),
        };
        let mut state = match &setup.saved {
            Some(saved) => postcard::from_bytes::<State>(saved).map_err(|error| format!("what was saved: {error}"))?,
            None => State::default(),
        };
        state.days.resize_with(setup.markets.len(), Day::default);
        Ok(Self {
            rule,
            share_bps: positive("max_share_bps")?.into(),
            max_amount: positive("max_amount")?.into(),
            keep: positive("keep")?.into(),
            max_slippage_bps: positive("max_slippage_bps")?,
            seed: setup.seed,
            markets: setup.markets,
            state,
        })
    }

    fn on_candles(&mut self, batch: &Batch) -> Vec<Order> {
        for bar in &batch.candles {
            if let Some(day) = self.state.days.get_mut(bar.market as usize) {
                day.push(bar.at, bar.close);
            }
        }
        if batch.is_warm_up || self.is_under_way() {
            return Vec::new();
        }
        let whim = self.state.mood.look(&self.rule, self.seed, batch.at);
        whim.and_then(|whim| self.order(whim, batch)).into_iter().collect()
    }

    fn on_fill(&mut self, fill: &Fill) {
        let Some(open) = self.open_as(&fill.client_id) else { return };
        if fill.quantity > 0 && !open.is_trade {
            self.state.mood.traded(fill.at);
        }
        let rest = Open { is_trade: open.is_trade || fill.quantity > 0, ..open };
        self.state.open = Some(rest).filter(|_| fill.remaining > 0);
    }

    fn on_denied(&mut self, denial: &Denial) {
        if self.open_as(&denial.client_id).is_some() {
            self.state.open = None;
        }
    }

    fn save(&self) -> Vec<u8> {
        // Numbers and lists of them: there is nothing in it that has no form.
        postcard::to_allocvec(&self.state).unwrap_or_default()
    }
}

impl Impulse {
    /// What chance wants as an order, in the unit of its side: a purchase is counted in the quote token, a sale in the
    /// token that is sold. None where there is nothing to sell, or too little of anything.
    fn order(&mut self, whim: Whim, batch: &Batch) -> Option<Order> {
        let market = self.pick(whim, batch)?;
        let (info, close) = (self.markets.get(market as usize)?, self.state.days.get(market as usize)?.close());
        let cap = info.hundredths(self.max_amount);
        let quantity = if whim.is_buy {
            let (cash, keep) = (portfolio::cash(market), info.hundredths(self.keep));
            info.quantity_for(amount(cash, keep, self.share_bps, cap, whim.size), close)
        } else {
            let held = portfolio::position(market).quantity;
            amount(held, 0, self.share_bps, info.quantity_for(cap, close), whim.size)
        };
        if quantity < info.min_quantity.max(1) {
            return None;
        }
        self.state.orders += 1;
        self.state.open = Some(Open { number: self.state.orders, is_trade: false });
        let id = name_of(self.state.orders);
        let order = match whim.is_buy {
            true => Order::buy(id, market, quantity),
            false => Order::sell(id, market, quantity).reduce_only(),
        };
        let order = order.time_in_force(TimeInForce::Ioc).max_slippage_bps(self.max_slippage_bps);
        Some(order.because(if whim.is_high_risk { "on impulse, something that moves" } else { "on impulse" }))
    }

    /// One of the markets that have a bar now; for a sale, of those where something is held. Of those that move, where
    /// there are such and chance wants one.
    fn pick(&self, whim: Whim, batch: &Batch) -> Option<u32> {
        let is_possible = |market: &u32| whim.is_buy || portfolio::position(*market).quantity > 0;
        let change = |market: &u32| self.state.days.get(*market as usize).and_then(Day::change_bps).unwrap_or(0);
        let bars = batch.candles.iter().filter(|bar| bar.close > 0 && (bar.market as usize) < self.markets.len());
        let mut markets: Vec<u32> = bars.map(|bar| bar.market).filter(is_possible).collect();
        if whim.is_high_risk && markets.iter().any(|market| change(market) > HIGH_RISK_BPS) {
            markets.retain(|market| change(market) > HIGH_RISK_BPS);
            markets.sort_by_key(|market| (std::cmp::Reverse(change(market)), *market));
            markets.truncate(HIGH_RISK_MARKETS);
        }
        let place = whim.which.checked_rem(markets.len() as u64)?;
        markets.get(usize::try_from(place).ok()?).copied()
    }

    /// Whether the last order is still open. It may have ended without a word: then it is not in the list.
    fn is_under_way(&mut self) -> bool {
        let Some(open) = self.state.open else { return false };
        if !portfolio::open_orders().contains(&name_of(open.number)) {
            self.state.open = None;
        }
        self.state.open.is_some()
    }

    fn open_as(&self, name: &str) -> Option<Open> {
        self.state.open.filter(|open| name_of(open.number) == name)
    }
}

fn name_of(number: u64) -> String {
    format!("impulse-{number}")
}

#[cfg(test)]
mod tests;
