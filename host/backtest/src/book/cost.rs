//! What an order that takes the price pays beyond it, and how much of a bar's volume there is for it.

use puppet_types::trade::{Candle, Side};

use super::pending::Pending;
use super::touch::Touch;
use crate::chance::{Purpose, draw};
use crate::{Models, Slippage, WHOLE_BPS};

/// The part of a bar's volume that all our orders together get.
pub(crate) fn volume_for_us(volume: u64, participation_bps: Option<u32>) -> u64 {
    participation_bps.map_or(u64::MAX, |bps| part(volume, bps.into(), WHOLE_BPS))
}

/// `whole × numerator / denominator`, rounded down.
fn part(whole: u64, numerator: u64, denominator: u64) -> u64 {
    u64::try_from(u128::from(whole) * u128::from(numerator) / u128::from(denominator)).unwrap_or(u64::MAX)
}

/// The same, rounded up.
fn part_up(whole: u64, numerator: u64, denominator: u64) -> u64 {
    u64::try_from((u128::from(whole) * u128::from(numerator)).div_ceil(u128::from(denominator))).unwrap_or(u64::MAX)
}

/// How far the price of a fill slips. `(order, part)` is what a draw is for.
pub(crate) fn slipped(
    models: &Models,
    seed: u64,
    (order, part): (u64, u64),
    price: u64,
    quantity: u64,
    candle: &Candle,
) -> u64 {
    match models.slippage {
        Slippage::Fixed { bps } => part_up(price, bps.into(), WHOLE_BPS),
        Slippage::Drawn { bps } => {
            let most = u64::from(bps).saturating_mul(2).saturating_add(1);
            let bps = draw(seed, Purpose::Slippage, order, part, most);
            part_up(price, bps, WHOLE_BPS)
        }
        Slippage::VolumeShare { bps } => {
            // All of it where the bar does not know its volume.
            let bps = if candle.volume == 0 { bps.into() } else { part_up(bps.into(), quantity, candle.volume) };
            part_up(price, bps, WHOLE_BPS)
        }
        Slippage::BarRange { bps } => part_up(candle.high.saturating_sub(candle.low), bps.into(), WHOLE_BPS),
    }
}

impl Models {
    /// What an order that takes the price `price` now is filled at; `candle` is the last bar, for models that look at it.
    pub fn price_of(&self, seed: u64, order: u64, side: Side, price: u64, quantity: u64, candle: &Candle) -> u64 {
        let slip = slipped(self, seed, (order, 0), price, quantity, candle);
        match side {
            Side::Buy => price.saturating_add(slip),
            Side::Sell => price.saturating_sub(slip),
        }
    }
}

/// The price of a fill; none where it slips by more than the order allows, or is worse than what was held for it.
pub(crate) fn price(
    models: &Models,
    seed: u64,
    pending: &Pending,
    touch: &Touch,
    quantity: u64,
    candle: &Candle,
) -> Option<u64> {
    if !touch.takes {
        return Some(touch.price);
    }
    let slip = slipped(models, seed, (pending.number, pending.fills), touch.price, quantity, candle);
    let is_too_much = |most: u32| u128::from(slip) * u128::from(WHOLE_BPS) > u128::from(touch.price) * u128::from(most);
    if pending.order.max_slippage_bps.is_some_and(is_too_much) {
        return None;
    }
    let (price, is_good) = match pending.order.side {
        Side::Buy => (touch.price.saturating_add(slip), touch.price.saturating_add(slip) <= pending.worst_price),
        Side::Sell => (touch.price.saturating_sub(slip), touch.price.saturating_sub(slip) >= pending.worst_price),
    };
    is_good.then_some(price)
}

#[cfg(test)]
mod tests {
    use puppet_types::Timestamp;
    use puppet_types::trade::{Order, OrderKind};

    use super::*;
    use crate::book::touch::Moment;
    use crate::testing::order;

    fn waiting(number: u64, order: Order) -> Pending {
        let worst = if order.side == Side::Buy { u64::MAX } else { 0 };
        Pending::new(number, order, Timestamp::default(), worst, 0)
    }

    #[test]
    fn every_kind_of_slippage_is_against_whoever_trades() {
        let candle = Candle { open: 10_000, high: 10_500, low: 9_500, close: 10_000, volume: 100, ..Candle::default() };
        let touch = Touch { moment: Moment::Open, price: 10_000, takes: true };
        // (model; price of a purchase and of a sale of 50)
        for (slippage, bought, sold) in [
            (Slippage::Fixed { bps: 10 }, 10_010, 9_990),
            (Slippage::Fixed { bps: 0 }, 10_000, 10_000),
            (Slippage::VolumeShare { bps: 100 }, 10_050, 9_950),
            (Slippage::BarRange { bps: 5_000 }, 10_500, 9_500),
        ] {
            let models = Models { slippage, ..Models::default() };
            for (side, expected) in [(Side::Buy, bought), (Side::Sell, sold)] {
                let pending = waiting(1, order("a", side, OrderKind::Market, 50));
                assert_eq!(price(&models, 1, &pending, &touch, 50, &candle), Some(expected), "{slippage:?} {side:?}");
            }
        }
    }

    #[test]
    fn what_is_drawn_comes_again_and_stays_within_twice_the_average() {
        let models = Models { slippage: Slippage::Drawn { bps: 10 }, ..Models::default() };
        let touch = Touch { moment: Moment::Open, price: 10_000, takes: true };
        let prices = |seed| -> Vec<u64> {
            (0..200)
                .map(|number| {
                    let order = order("a", Side::Buy, OrderKind::Market, 1);
                    let pending = waiting(number, order);
                    price(&models, seed, &pending, &touch, 1, &Candle::default()).unwrap()
                })
                .collect()
        };
        assert_eq!(prices(1), prices(1));
        assert_ne!(prices(1), prices(2));
        assert!(prices(1).iter().all(|price| (10_000..=10_020).contains(price)));
        assert!(prices(1).contains(&10_000) && prices(1).contains(&10_020));
    }

    #[test]
    fn more_slippage_than_the_order_allows_is_no_fill() {
        let models = Models { slippage: Slippage::Fixed { bps: 50 }, ..Models::default() };
        let touch = Touch { moment: Moment::Open, price: 10_000, takes: true };
        for (most, expected) in [(49, None), (50, Some(10_050))] {
            let mut order = order("a", Side::Buy, OrderKind::Market, 1);
            order.max_slippage_bps = Some(most);
            let pending = waiting(1, order);
            assert_eq!(price(&models, 1, &pending, &touch, 1, &Candle::default()), expected, "{most}");
        }
    }

    #[test]
    fn a_price_beyond_what_was_held_for_the_order_is_no_fill() {
        let models = Models { slippage: Slippage::Fixed { bps: 50 }, ..Models::default() };
        let touch = Touch { moment: Moment::Open, price: 10_000, takes: true };
        for (side, worst, expected) in [
            (Side::Buy, 10_049, None),
            (Side::Buy, 10_050, Some(10_050)),
            (Side::Sell, 9_951, None),
            (Side::Sell, 9_950, Some(9_950)),
        ] {
            let pending = Pending::new(1, order("a", side, OrderKind::Market, 1), Timestamp::default(), worst, 0);
            assert_eq!(price(&models, 1, &pending, &touch, 1, &Candle::default()), expected, "{side:?} {worst}");
        }
    }

    #[test]
    fn volume_is_shared_rounded_down() {
        assert_eq!(volume_for_us(1_009, Some(1_000)), 100);
        assert_eq!(volume_for_us(9, Some(1_000)), 0);
        assert_eq!(volume_for_us(0, None), u64::MAX);
    }
}
