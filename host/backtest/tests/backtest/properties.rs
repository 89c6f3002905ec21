//! Random orders on random bars: what holds whatever happens.

use proptest::prelude::*;
use puppet_backtest::{Backtest, Bar, Filling, History, LimitRule, Models, OrderStatus, Outcome, Slippage};
use puppet_types::Timestamp;
use puppet_types::trade::{Candle, Order, OrderKind, Proposal, Side, TimeInForce};

use crate::native::script::{Script, order};
use crate::runs::{backtest, books_close};

const ONE: u64 = 1_000_000_000;

prop_compose! {
    fn candle()(low in 1..200_u64, parts in [0..100_u64, 0..100, 0..100], volume in 0..100_u64) -> Candle {
        let [range, open, close] = parts;
        let (low, range) = (low * ONE, range * ONE);
        let within = |part: u64| low + range * part / 100;
        Candle { open: within(open), close: within(close), low, high: low + range, volume: volume * ONE, ..Candle::default() }
    }
}

prop_compose! {
    fn proposal()(
        side in prop::sample::select(vec![Side::Buy, Side::Sell]),
        kind in 0..5_u32,
        price in 1..300_u64,
        quantity in 1..20_000_000_000_u64,
        reduce_only in any::<bool>(),
        time_in_force in prop::sample::select(vec![TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::Fok]),
        lives in prop::option::of(1..10_u64),
        slippage in prop::option::of(0..100_u32),
    ) -> (Order, Option<u64>) {
        let kind = match kind {
            0 => OrderKind::Market,
            1 => OrderKind::Limit(price * ONE),
            2 => OrderKind::Stop(price * ONE),
            3 => OrderKind::TakeProfit(price * ONE),
            _ => OrderKind::Trailing(price as u32 * 10),
        };
        let order = Order { reduce_only, time_in_force, max_slippage_bps: slippage, ..order("", side, kind, quantity) };
        (order, lives)
    }
}

prop_compose! {
    fn models()(
        fee_bps in 0..=100_u32,
        kind in 0..4_u32,
        bps in 0..80_u32,
        latency_ms in 0..150_000_u64,
        latency_jitter_ms in 0..60_000_u64,
        participation_bps in prop::option::of(1..5_000_u32),
        through in any::<bool>(),
        close_at_end in any::<bool>(),
    ) -> Models {
        let slippage = match kind {
            0 => Slippage::Fixed { bps },
            1 => Slippage::Drawn { bps },
            2 => Slippage::VolumeShare { bps },
            _ => Slippage::BarRange { bps },
        };
        let limit = if through { LimitRule::Through } else { LimitRule::Touch };
        Models { fee_bps, slippage, latency_ms, latency_jitter_ms, fill: Filling { limit, participation_bps, close_at_end } }
    }
}

fn minute(number: usize) -> Timestamp {
    Timestamp::default().plus_millis((number as u64 + 1) * 60_000)
}

fn run(candles: &[Candle], orders: &[(usize, (Order, Option<u64>))], models: Models, seed: u64) -> Outcome {
    let bars: Vec<Bar> =
        candles.iter().enumerate().map(|(number, candle)| (0, Candle { at: minute(number), ..*candle })).collect();
    let mut script = Script::default();
    for (id, (batch, (order, lives))) in orders.iter().enumerate() {
        let expires_at = lives.map(|minutes| minute(*batch).plus_millis(minutes * 60_000));
        let order = Order { client_id: format!("o{id}"), expires_at, ..order.clone() };
        script = script.place(*batch as u64, order);
        if id % 5 == 4 {
            script = script.say(*batch as u64 + 2, [Proposal::Cancel { market: 0, client_id: format!("o{id}") }]);
        }
    }
    let run = Backtest { models, seed, ..backtest(&script) };
    run.run(History::new(&bars, 1).unwrap(), &mut |_| {}).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn money_is_kept_and_fills_are_where_they_may_be(
        candles in prop::collection::vec(candle(), 10..40),
        orders in prop::collection::vec((0..30_usize, proposal()), 0..40),
        models in models(),
        seed in any::<u64>(),
    ) {
        let outcome = run(&candles, &orders, models, seed);
        prop_assert_eq!(&outcome, &run(&candles, &orders, models, seed));
        books_close(&outcome);
        prop_assert_eq!(&outcome.stopped, &None, "the account and the risk engine agree");

        let mut held = 0_u64;
        for record in &outcome.fills {
            let fill = &record.fill;
            held = match fill.side {
                Side::Buy => held + fill.quantity,
                Side::Sell => held.checked_sub(fill.quantity).expect("nothing is sold that is not held"),
            };
            if record.order == 0 {
                continue;
            }
            let order = &outcome.orders[record.order as usize - 1];
            prop_assert!(fill.at > order.at, "filled in the bar that it was decided at");
            prop_assert!(fill.at > order.at.plus_millis(models.latency_ms), "filled before it was there");
            prop_assert!(order.order.expires_at.is_none_or(|at| fill.at <= at), "filled after its time");
            prop_assert!(!(order.order.reduce_only && fill.side == Side::Buy), "an exit bought");
            let candle = &candles[fill.at.as_millis() as usize / 60_000 - 1];
            let is_within = (candle.low..=candle.high).contains(&fill.price);
            match order.order.kind {
                OrderKind::Limit(limit) => {
                    prop_assert!(is_within, "{:?} outside of {:?}", fill, candle);
                    let is_kept = if fill.side == Side::Buy { fill.price <= limit } else { fill.price >= limit };
                    prop_assert!(is_kept, "beyond its limit");
                }
                _ => {
                    // Slippage is the only thing that leaves a bar: by 1.6 % or less than a bar's range of 0.8 %.
                    let most = (candle.high / 50).max((candle.high - candle.low) / 100) + 1;
                    prop_assert!(fill.price + most >= candle.low && fill.price <= candle.high + most, "{:?} {:?}", fill, candle);
                    if let Some(bps) = order.order.max_slippage_bps {
                        let most = u128::from(candle.high) * u128::from(bps) / 10_000 + 1;
                        prop_assert!(u128::from(fill.price) <= u128::from(candle.high) + most);
                    }
                }
            }
            if let Some(bps) = models.fill.participation_bps {
                let in_bar: u64 = outcome.fills.iter().filter(|other| other.fill.at == fill.at && other.order > 0).map(|other| other.fill.quantity).sum();
                prop_assert!(u128::from(in_bar) * 10_000 <= u128::from(candle.volume) * u128::from(bps));
            }
        }
        for record in &outcome.orders {
            let filled: u64 = outcome.fills.iter().filter(|fill| fill.order == record.id).map(|fill| fill.fill.quantity).sum();
            prop_assert_eq!(filled, record.filled);
            prop_assert!(filled <= record.order.quantity);
            prop_assert!(record.order.time_in_force != TimeInForce::Fok || filled == 0 || filled == record.order.quantity);
            prop_assert_eq!(record.status == OrderStatus::Filled, filled == record.order.quantity);
        }
    }
}
