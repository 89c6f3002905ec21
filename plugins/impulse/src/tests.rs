use proptest::prelude::*;
use testing::{Desk, drill, market};

use super::*;

const SOL: u64 = 1_000_000_000;
const USDC: u64 = 1_000_000;
/// Trades at every look, once a minute.
const EAGER: [(&str, i64); 4] =
    [("check", 60), ("probability", 10_000), ("min_hours", 0), ("max_trades_per_day", 1_000)];

fn desk(rule: &[(&str, i64)], markets: u32) -> Desk<Impulse> {
    let infos = (0..markets).map(|n| market(&format!("M{n}/USDC"))).collect();
    let begun = Desk::start_in(rule, infos).unwrap();
    (0..markets).fold(begun, |desk, market| desk.with_cash(market, 1_000 * USDC))
}

fn eager(more: &[(&'static str, i64)]) -> Vec<(&'static str, i64)> {
    EAGER
        .iter()
        .copied()
        .filter(|(name, _)| more.iter().all(|(other, _)| other != name))
        .chain(more.iter().copied())
        .collect()
}

#[test]
fn nothing_is_sold_that_is_not_there() {
    let mut desk = desk(&eager(&[]), 2);
    for _ in 0..200 {
        for order in desk.bars(&[(100 * USDC, 0, 0, 100 * USDC); 2]) {
            assert_eq!(order.side, Side::Buy);
            desk.deny(&order, "max-day-notional");
        }
    }
    assert!(desk.orders.len() > 50);
}

#[test]
fn a_purchase_is_counted_in_the_quote_token_and_a_sale_in_what_is_sold() {
    let mut desk = desk(&eager(&[("max_amount", 10_000), ("keep", 0)]), 1);
    desk.hold(0, 3 * SOL, 100 * USDC);
    let (mut bought, mut sold) = (0, 0);
    for _ in 0..400 {
        for order in desk.close(50 * USDC) {
            // A tenth of 100 USDC to all of it; half of 3 SOL is less than 2 SOL, which is what 100 USDC buy.
            let most = if order.side == Side::Buy { 2 * SOL } else { 3 * SOL / 2 };
            assert!((SOL / 5..=most).contains(&order.quantity), "{order:?}");
            let side = if order.side == Side::Buy { &mut bought } else { &mut sold };
            *side = order.quantity.max(*side);
            desk.deny(&order, "not-filled");
        }
    }
    assert!(bought > 19 * SOL / 10 && sold == 3 * SOL / 2, "{bought} {sold}");
}

#[test]
fn what_is_kept_is_never_spent_and_no_more_than_the_share_moves() {
    let mut desk = desk(&eager(&[("max_amount", 100_000_000), ("keep", 90_000), ("max_share_bps", 5_000)]), 1);
    for _ in 0..50 {
        for order in desk.close(USDC) {
            // 1,000 less 900, and half of it.
            assert!(order.quantity <= 50 * SOL, "{order:?}");
            desk.deny(&order, "not-filled");
        }
    }
    assert!(desk.orders.len() > 10);
}

#[test]
fn only_trades_that_happened_count() {
    let mut desk = desk(&eager(&[("max_trades_per_day", 2)]), 1);
    for _ in 0..100 {
        for order in desk.close(100 * USDC) {
            desk.deny(&order, "max-day-notional");
        }
    }
    assert!(desk.orders.len() > 20);
    let (before, mut filled) = (desk.orders.len(), 0);
    for _ in 0..100 {
        for order in desk.close(100 * USDC) {
            // In two parts: one trade.
            desk.fill_part(&order, order.quantity / 2, order.quantity, 100 * USDC);
            desk.fill_part(
                &order,
                order.quantity - order.quantity / 2,
                order.quantity - order.quantity / 2,
                100 * USDC,
            );
            filled += 1;
        }
    }
    assert_eq!((desk.orders.len() - before, filled), (2, 2));
    // Another day.
    desk.at += 86_400_000;
    assert!((0..100).any(|_| !desk.close(100 * USDC).is_empty()));
}

#[test]
fn there_is_one_order_at_a_time() {
    let mut desk = desk(&eager(&[]), 1);
    let first: Vec<_> = (0..50).flat_map(|_| desk.close(100 * USDC)).collect();
    assert_eq!(first.len(), 1);
    desk.forget(&first[0]);
    assert!((0..50).any(|_| !desk.close(100 * USDC).is_empty()));
}

#[test]
fn high_risk_looks_for_what_moves_among_the_markets_of_the_run() {
    let mut desk = desk(&eager(&[("high_risk", 10_000)]), 3);
    for _ in 0..1_441 {
        desk.warm_up(&[(100 * USDC, 0, 0, 100 * USDC); 3]);
    }
    for _ in 0..60 {
        for order in desk.bars(&[(0, 0, 0, 105 * USDC), (0, 0, 0, 88 * USDC), (0, 0, 0, 100 * USDC)]) {
            assert_eq!((order.market, order.side), (1, Side::Buy));
            desk.deny(&order, "not-filled");
        }
    }
    assert!(desk.orders.len() > 20, "{}", desk.orders.len());
}

#[test]
fn orders_say_how_much_worse_they_may_be_filled_and_do_not_wait() {
    let mut desk = desk(&eager(&[("max_slippage_bps", 70)]), 1);
    let order = (0..50).flat_map(|_| desk.close(100 * USDC)).next().unwrap();
    assert_eq!(
        (order.max_slippage_bps, order.time_in_force, order.kind),
        (Some(70), TimeInForce::Ioc, OrderKind::Market)
    );
}

#[test]
fn a_restart_in_the_middle_changes_nothing() {
    let run = |restart: bool| {
        let mut desk = desk(&[("check", 60), ("probability", 3_000), ("min_hours", 1)], 2);
        for bar in 0..2_000_u64 {
            if restart && bar % 11 == 5 {
                desk.restart().unwrap();
            }
            let close = (90 + bar % 20) * USDC;
            for order in desk.bars(&[(close, close, close, close); 2]) {
                desk.fill(&order, close);
            }
        }
        desk.orders
    };
    assert_eq!(run(true), run(false));
    assert!(run(true).len() >= 4);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_weather_stops_it(seed: u64, check in 1..4_000_i64, hours in 0..5_i64, risk in 0..=10_000_i64) {
        let rule = [("check", check), ("probability", 8_000), ("min_hours", hours), ("high_risk", risk)];
        prop_assert!(!drill::<Impulse>(&rule, 4, 400, seed).is_empty());
    }
}
