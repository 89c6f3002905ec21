//! Whether a bar reaches an order, and at what price: the rules of filling, as pure functions. A bar does not tell in
//! which order its prices came, so the worse order of things is assumed (docs/trading/backtest.md).

use puppet_types::trade::{Candle, OrderKind, Side};

use crate::{LimitRule, WHOLE_BPS};

/// When within a bar an order is reached. The order of the cases is the order in which orders are filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Moment {
    /// With the first price: nothing else can have come before.
    Open,
    /// Within the bar, and it adds to what is held.
    Entry,
    /// Within the bar, and it ends a loss: before anything that would end in a profit.
    Loss,
    /// Within the bar, and it ends in a profit; only of what was held before the bar's entries.
    Profit,
}

/// A bar reaches an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Touch {
    pub moment: Moment,
    /// Between the low and the high of the bar.
    pub price: u64,
    /// It takes what is there, and pays slippage; else it waited at its price.
    pub takes: bool,
}

/// The price that a trailing order follows, after a bar that closed with `candle`.
pub(crate) fn follow(side: Side, best: u64, candle: &Candle) -> u64 {
    match side {
        Side::Sell => best.max(candle.high),
        Side::Buy => best.min(candle.low),
    }
}

/// What triggers a trailing order whose best price so far is this; rounded so that it triggers later and costs more.
pub(crate) fn trailing_trigger(side: Side, best: u64, trail_bps: u32) -> u64 {
    let (best, bps) = (u128::from(best), u128::from(trail_bps));
    let whole = u128::from(WHOLE_BPS);
    let trigger = match side {
        Side::Sell => best * whole.saturating_sub(bps) / whole,
        Side::Buy => (best * (whole + bps)).div_ceil(whole),
    };
    u64::try_from(trigger).unwrap_or(u64::MAX)
}

/// Whether this bar reaches an order. `best` is what a trailing order followed up to the bar before; `is_triggered`
/// says that a stop was reached by an earlier bar and only waits for volume.
pub(crate) fn touch(
    kind: OrderKind,
    side: Side,
    best: u64,
    is_triggered: bool,
    candle: &Candle,
    rule: LimitRule,
) -> Option<Touch> {
    match kind {
        _ if is_triggered => Some(Touch { moment: Moment::Open, price: candle.open, takes: true }),
        OrderKind::Market => Some(Touch { moment: Moment::Open, price: candle.open, takes: true }),
        OrderKind::Limit(limit) => {
            let is_reached = match (side, rule) {
                (Side::Buy, LimitRule::Touch) => candle.low <= limit,
                (Side::Buy, LimitRule::Through) => candle.low < limit,
                (Side::Sell, LimitRule::Touch) => candle.high >= limit,
                (Side::Sell, LimitRule::Through) => candle.high > limit,
            };
            is_reached.then(|| with_the_price(side, limit, candle, false))
        }
        OrderKind::TakeProfit(trigger) => match side {
            Side::Buy => candle.low <= trigger,
            Side::Sell => candle.high >= trigger,
        }
        .then(|| with_the_price(side, trigger, candle, true)),
        OrderKind::Stop(trigger) => against_the_price(side, trigger, candle),
        OrderKind::Trailing(bps) => against_the_price(side, trailing_trigger(side, best, bps), candle),
    }
}

/// Reached by a price that is better for the order: a buy from above, a sale from below. A gap fills at the open.
fn with_the_price(side: Side, price: u64, candle: &Candle, takes: bool) -> Touch {
    let (is_open, moment) = match side {
        Side::Buy => (candle.open <= price, Moment::Entry),
        Side::Sell => (candle.open >= price, Moment::Profit),
    };
    if is_open { Touch { moment: Moment::Open, price: candle.open, takes } } else { Touch { moment, price, takes } }
}

/// Reached by a price that is worse for the order: a buy from below, a sale from above. A gap fills at the open.
fn against_the_price(side: Side, trigger: u64, candle: &Candle) -> Option<Touch> {
    let (is_reached, is_open, moment) = match side {
        Side::Buy => (candle.high >= trigger, candle.open >= trigger, Moment::Entry),
        Side::Sell => (candle.low <= trigger, candle.open <= trigger, Moment::Loss),
    };
    is_reached.then_some(match is_open {
        true => Touch { moment: Moment::Open, price: candle.open, takes: true },
        false => Touch { moment, price: trigger, takes: true },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Moment::{Entry, Loss, Open, Profit};
    use OrderKind::{Limit, Market, Stop, TakeProfit, Trailing};
    use Side::{Buy, Sell};

    /// Opens at 100, 90 to 110, closes at 105.
    fn bar() -> Candle {
        Candle { open: 100, high: 110, low: 90, close: 105, volume: 1, ..Candle::default() }
    }

    #[test]
    fn every_kind_is_reached_as_the_rules_say() {
        // (kind, side, best; when and at what price, and whether it pays slippage)
        for (kind, side, best, expected) in [
            (Market, Buy, 0, Some((Open, 100, true))),
            (Market, Sell, 0, Some((Open, 100, true))),
            // A limit below the market waits, one above it is filled at the open: never at a worse price than the limit.
            (Limit(95), Buy, 0, Some((Entry, 95, false))),
            (Limit(90), Buy, 0, Some((Entry, 90, false))),
            (Limit(89), Buy, 0, None),
            (Limit(100), Buy, 0, Some((Open, 100, false))),
            (Limit(107), Buy, 0, Some((Open, 100, false))),
            (Limit(107), Sell, 0, Some((Profit, 107, false))),
            (Limit(110), Sell, 0, Some((Profit, 110, false))),
            (Limit(111), Sell, 0, None),
            (Limit(93), Sell, 0, Some((Open, 100, false))),
            // A stop takes the price that it triggers at, or the open that is beyond it.
            (Stop(105), Buy, 0, Some((Entry, 105, true))),
            (Stop(110), Buy, 0, Some((Entry, 110, true))),
            (Stop(111), Buy, 0, None),
            (Stop(97), Buy, 0, Some((Open, 100, true))),
            (Stop(95), Sell, 0, Some((Loss, 95, true))),
            (Stop(90), Sell, 0, Some((Loss, 90, true))),
            (Stop(89), Sell, 0, None),
            (Stop(103), Sell, 0, Some((Open, 100, true))),
            (TakeProfit(108), Sell, 0, Some((Profit, 108, true))),
            (TakeProfit(99), Sell, 0, Some((Open, 100, true))),
            (TakeProfit(111), Sell, 0, None),
            (TakeProfit(92), Buy, 0, Some((Entry, 92, true))),
            (TakeProfit(89), Buy, 0, None),
            // What it follows is what was best before this bar: this bar's own high of 110 would have triggered it.
            (Trailing(1_000), Sell, 100, Some((Loss, 90, true))),
            (Trailing(1_100), Sell, 100, None),
            (Trailing(1_000), Sell, 120, Some((Open, 100, true))),
            (Trailing(500), Buy, 100, Some((Entry, 105, true))),
            (Trailing(1_001), Buy, 100, None),
        ] {
            let touch = touch(kind, side, best, false, &bar(), LimitRule::Touch);
            let seen = touch.map(|touch| (touch.moment, touch.price, touch.takes));
            assert_eq!(seen, expected, "{kind:?} {side:?} {best}");
        }
    }

    #[test]
    fn a_limit_that_must_be_traded_through_is_not_filled_by_a_touch() {
        for (side, limit, is_filled) in
            [(Buy, 90, false), (Buy, 91, true), (Sell, 110, false), (Sell, 109, true), (Buy, 100, true)]
        {
            let touch = touch(Limit(limit), side, 0, false, &bar(), LimitRule::Through);
            assert_eq!(touch.is_some(), is_filled, "{side:?} {limit}");
        }
    }

    #[test]
    fn a_stop_that_was_reached_and_waits_for_volume_takes_the_next_open() {
        let touch = touch(Stop(1), Sell, 0, true, &bar(), LimitRule::Touch).unwrap();
        assert_eq!((touch.moment, touch.price), (Open, 100));
    }

    #[test]
    fn what_a_trailing_order_follows_is_rounded_against_it() {
        assert_eq!(follow(Sell, 105, &bar()), 110);
        assert_eq!(follow(Sell, 115, &bar()), 115);
        assert_eq!(follow(Buy, 95, &bar()), 90);
        assert_eq!(trailing_trigger(Sell, 101, 100), 99);
        assert_eq!(trailing_trigger(Buy, 101, 100), 103);
        assert_eq!(trailing_trigger(Sell, 101, 20_000), 0);
        assert_eq!(trailing_trigger(Buy, u64::MAX, 20_000), u64::MAX);
    }
}
