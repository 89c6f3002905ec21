use proptest::prelude::*;
use testing::{Desk, drill, market};

use super::*;

const SOL: u64 = 1_000_000_000;
const USDC: u64 = 1_000_000;

fn desk(rule: &[(&str, i64)], markets: u32) -> Desk<Momentum> {
    let infos = (0..markets).map(|n| market(&format!("M{n}/USDC"))).collect();
    let begun = Desk::start_in(rule, infos).unwrap();
    (0..markets).fold(begun, |desk, market| desk.with_cash(market, 1_000 * USDC))
}

/// Bars of all markets that closed so.
fn bars(desk: &mut Desk<Momentum>, closes: &[u64]) -> Vec<Order> {
    let bars: Vec<_> = closes.iter().map(|close| close * USDC).map(|close| (close, close, close, close)).collect();
    desk.bars(&bars)
}

fn said(orders: &[Order]) -> Vec<(&str, Side, u32, u64, &str)> {
    let said = |order: &Order| (order.side, order.market, order.quantity);
    orders.iter().map(|one| (one.client_id.as_str(), said(one), one.reason.as_str())).map(flat).collect()
}

fn flat<'a>(
    (id, (side, market, quantity), reason): (&'a str, (Side, u32, u64), &'a str),
) -> (&'a str, Side, u32, u64, &'a str) {
    (id, side, market, quantity, reason)
}

#[test]
fn the_best_is_held_and_changes_hands_at_the_next_ranking() {
    let mut desk = desk(&[("look_back", 2), ("every", 2), ("share_bps", 5_000)], 3);
    desk.warm_up(&[(100 * USDC, 0, 0, 100 * USDC); 3]);
    desk.warm_up(&[(100 * USDC, 0, 0, 100 * USDC); 3]);
    let first = bars(&mut desk, &[101, 110, 105]);
    assert_eq!(said(&first), [("momentum-1", Side::Buy, 1, 500 * SOL / 110, "among the best")]);
    desk.fill(&first[0], 110 * USDC);
    // The third gains more, but it is not yet time.
    assert_eq!(bars(&mut desk, &[101, 110, 130]), []);
    let sale = bars(&mut desk, &[102, 112, 140]);
    assert_eq!(said(&sale), [("momentum-2", Side::Sell, 1, 500 * SOL / 110, "others gained more")]);
    assert!(sale[0].reduce_only);
    desk.fill(&sale[0], 112 * USDC);
    // What was sold is cash now.
    assert_eq!(
        said(&bars(&mut desk, &[102, 112, 140])),
        [("momentum-3", Side::Buy, 2, 500 * SOL / 140, "among the best")]
    );
}

#[test]
fn what_gained_too_little_is_sold_at_any_bar_and_nothing_is_bought_in_its_place() {
    let mut desk = desk(&[("look_back", 1), ("every", 100), ("exit_bps", 100)], 2);
    desk.warm_up(&[(100 * USDC, 0, 0, 100 * USDC); 2]);
    let bought = bars(&mut desk, &[105, 100]);
    assert_eq!(said(&bought)[0].2, 0);
    desk.fill(&bought[0], 105 * USDC);
    assert_eq!(bars(&mut desk, &[107, 200]), []);
    let sold = bars(&mut desk, &[108, 300]);
    assert_eq!(said(&sold)[0].4, "its gain is below the exit");
    desk.fill(&sold[0], 108 * USDC);
    assert_eq!(bars(&mut desk, &[120, 400]), []);
}

#[test]
fn two_are_held_in_equal_parts() {
    let mut desk = desk(&[("look_back", 1), ("hold", 2), ("share_bps", 8_000)], 3);
    desk.warm_up(&[(100 * USDC, 0, 0, 100 * USDC); 3]);
    let bought = bars(&mut desk, &[100, 125, 160]);
    assert_eq!(
        said(&bought).iter().map(|one| (one.2, one.3)).collect::<Vec<_>>(),
        [(1, 400 * SOL / 125), (2, 400 * SOL / 160)]
    );
}

#[test]
fn after_a_denial_it_keeps_still_for_a_while_and_then_tries_again() {
    let mut desk = desk(&[("look_back", 1), ("every", 1), ("exit_bps", -9_999)], 2);
    desk.warm_up(&[(100 * USDC, 0, 0, 100 * USDC); 2]);
    let denied = bars(&mut desk, &[110, 100]);
    desk.deny(&denied[0], "halted");
    let again: Vec<_> = (0..40).filter(|_| !bars(&mut desk, &[110, 100]).is_empty()).collect();
    assert_eq!(again[0], 29);
}

#[test]
fn a_restart_in_the_middle_changes_nothing() {
    let run = |restart: bool| {
        let mut desk = desk(&[("look_back", 5), ("every", 3), ("exit_bps", -5_000)], 3);
        for bar in 0..80_u64 {
            if restart && bar % 7 == 3 {
                desk.restart().unwrap();
            }
            let wave = |period: u64| 100 + (bar % period).abs_diff(period / 2) * 3;
            for order in bars(&mut desk, &[wave(12), wave(20), wave(31)]) {
                desk.fill(&order, 100 * USDC);
            }
        }
        desk.orders
    };
    assert_eq!(run(true), run(false));
    assert!(run(true).len() > 10);
}

#[test]
fn what_cannot_be_ranked_together_or_saved_is_refused() {
    let mut markets = vec![market("A/USDC"), market("B/SOL")];
    markets[1].quote_mint = "B".to_owned();
    let error = Desk::<Momentum>::start_in(&[], markets).err().unwrap();
    assert_eq!(error, "A/USDC and B/SOL are paid with different tokens");
    let many: Vec<_> = (0..16).map(|n| market(&format!("M{n}/USDC"))).collect();
    assert!(Desk::<Momentum>::start_in(&[("look_back", 1_440)], many.clone()).is_ok());
    assert!(Desk::<Momentum>::start_in(&[("look_back", 1_440)], [many.clone(), many].concat()).is_err());
}

#[test]
fn the_largest_save_has_room() {
    let mut desk = desk(&[("look_back", 1_440)], 16);
    for _ in 0..1_441 {
        desk.warm_up(&[(1, 1, 1, u64::MAX); 16]);
    }
    desk.restart().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_weather_stops_it(seed: u64, look_back in 1..50_i64, hold in 1..=5_i64, every in 1..40_i64, exit in -3_000..300_i64) {
        let rule = [("look_back", look_back), ("hold", hold), ("every", every), ("exit_bps", exit)];
        drill::<Momentum>(&rule, 5, 400, seed);
    }
}
