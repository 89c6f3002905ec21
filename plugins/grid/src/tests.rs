use proptest::prelude::*;
use testing::{Desk, drill};

use super::*;

const SOL: u64 = 1_000_000_000;
const USDC: u64 = 1_000_000;

fn grid() -> Desk<Grid> {
    let rule = [("levels", 3), ("spacing_bps", 400), ("notional", 9_600)];
    Desk::start(&rule).unwrap().with_cash(0, 1_000 * USDC)
}

fn said(orders: &[Order]) -> Vec<(&str, Side, OrderKind, u64)> {
    orders.iter().map(|order| (order.client_id.as_str(), order.side, order.kind, order.quantity)).collect()
}

#[test]
fn a_price_that_goes_down_and_up_again_is_bought_and_sold_level_by_level() {
    use OrderKind::Limit;
    let mut desk = grid();
    let placed = desk.close(100 * USDC);
    let expected = [
        ("grid-1", Side::Buy, Limit(96 * USDC), SOL),
        ("grid-2", Side::Buy, Limit(92 * USDC), 1_043_478_260),
        ("grid-3", Side::Buy, Limit(88 * USDC), 1_090_909_090),
    ];
    assert_eq!(said(&placed), expected);
    assert!(placed.iter().all(|order| order.time_in_force == TimeInForce::Gtc && !order.reduce_only));
    assert_eq!(desk.close(97 * USDC), []);
    desk.fill(&placed[0], 96 * USDC);
    let sale = desk.close(95 * USDC);
    assert_eq!(said(&sale), [("grid-4", Side::Sell, Limit(99_840_000), SOL)]);
    assert!(sale[0].reduce_only);
    desk.fill(&placed[1], 92 * USDC);
    assert_eq!(said(&desk.close(91 * USDC)), [("grid-5", Side::Sell, Limit(95_680_000), 1_043_478_260)]);
    desk.fill(&sale[0], 99_840_000);
    assert_eq!(said(&desk.close(100 * USDC)), [("grid-6", Side::Buy, Limit(96 * USDC), SOL)]);
}

#[test]
fn a_level_that_the_cash_does_not_pay_for_waits_until_it_does() {
    // 96 for a level, and what a host sets aside for its fee.
    let mut desk = grid().with_cash(0, 96_900_000);
    assert_eq!(desk.close(100 * USDC), []);
    let mut desk = desk.with_cash(0, 97 * USDC);
    assert_eq!(desk.close(100 * USDC).len(), 1);
}

#[test]
fn a_denied_level_is_tried_again_later_and_the_others_go_on() {
    let mut desk = grid();
    let placed = desk.close(100 * USDC);
    desk.deny(&placed[1], "open-orders");
    let again: Vec<_> =
        (0..40).map(|bar| (bar, desk.close(100 * USDC).len())).filter(|(_, count)| *count > 0).collect();
    assert_eq!(again, [(29, 1)]);
}

#[test]
fn the_grid_follows_a_price_that_left_it() {
    let rule = [("levels", 2), ("spacing_bps", 400), ("notional", 9_600), ("recentre_bps", 500)];
    let mut desk = Desk::<Grid>::start(&rule).unwrap().with_cash(0, 1_000 * USDC);
    desk.close(100 * USDC);
    assert_eq!(desk.close(105 * USDC), []);
    assert_eq!(desk.close(106 * USDC), [Order::cancel("grid-1", 0), Order::cancel("grid-2", 0)]);
    let prices: Vec<_> = desk.close(106 * USDC).iter().map(|order| order.kind).collect();
    assert_eq!(prices, [OrderKind::Limit(101_760_000), OrderKind::Limit(97_520_000)]);
}

#[test]
fn a_restart_in_the_middle_changes_nothing() {
    let run = |restart: bool| {
        let mut desk = grid();
        let mut waiting: Vec<Order> = Vec::new();
        for bar in 0..60_u64 {
            if restart && bar % 5 == 2 {
                desk.restart().unwrap();
            }
            let close = (90 + (bar % 20).abs_diff(10)) * USDC;
            waiting.retain(|order| {
                let OrderKind::Limit(limit) = order.kind else { return false };
                let is_met = if order.side == Side::Buy { close <= limit } else { close >= limit };
                if is_met {
                    desk.fill(order, limit);
                }
                !is_met
            });
            waiting.extend(desk.close(close));
        }
        desk.orders
    };
    assert_eq!(run(true), run(false));
    assert!(run(true).iter().filter(|order| order.side == Side::Sell).count() > 2);
}

#[test]
fn a_grid_is_of_one_market() {
    let markets = ["A/USDC", "B/USDC"].map(testing::market).to_vec();
    assert_eq!(Desk::<Grid>::start_in(&[], markets).err().unwrap(), "a grid is of one market, not 2");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_weather_stops_it(seed: u64, levels in 1..=20_i64, spacing in 5..=450_i64, recentre in 0..2_000_i64) {
        let rule = [("levels", levels), ("spacing_bps", spacing), ("recentre_bps", recentre), ("notional", 30_000)];
        prop_assert!(!drill::<Grid>(&rule, 1, 400, seed).is_empty());
    }
}
