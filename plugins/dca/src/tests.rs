use proptest::prelude::*;
use testing::{Desk, drill, market};

use super::*;

const SOL: u64 = 1_000_000_000;
const USDC: u64 = 1_000_000;

fn ids(orders: &[Order]) -> Vec<&str> {
    orders.iter().map(|order| order.client_id.as_str()).collect()
}

#[test]
fn a_purchase_every_third_bar_and_all_of_it_sold_a_tenth_higher() {
    let rule = [("every", 3), ("notional", 30_000), ("take_profit_bps", 1_000)];
    let mut desk = Desk::<Dca>::start(&rule).unwrap().with_cash(0, 1_000 * USDC);
    let buy = |id: &str, quantity| Order::buy(id, 0, quantity).time_in_force(TimeInForce::Ioc).because("it is time");
    let first = desk.close(150 * USDC);
    assert_eq!(first, [buy("dca-1", 2 * SOL)]);
    desk.fill(&first[0], 150 * USDC);
    assert_eq!(desk.close(120 * USDC), []);
    assert_eq!(desk.close(130 * USDC), []);
    let second = desk.close(100 * USDC);
    assert_eq!(second, [buy("dca-2", 3 * SOL)]);
    desk.fill(&second[0], 100 * USDC);
    // 2 at 150 and 3 at 100: 120 on average, the target is 132.
    assert_eq!(desk.close(131 * USDC), []);
    let sale = Order::sell("dca-3", 0, 5 * SOL).reduce_only().time_in_force(TimeInForce::Ioc);
    assert_eq!(desk.close(132 * USDC), [sale.because("take profit")]);
}

#[test]
fn a_dip_is_bought_with_more() {
    let rule = [("every", 2), ("notional", 10_000), ("dip_bps", 1_000), ("dip_percent", 300)];
    let mut desk = Desk::<Dca>::start(&rule).unwrap().with_cash(0, 1_000 * USDC);
    for close in [100, 110, 90] {
        desk.close(close * USDC);
    }
    let orders = &desk.orders;
    assert_eq!(orders.iter().map(|order| order.reason.as_str()).collect::<Vec<_>>(), ["it is time", "a dip"]);
    assert_eq!(orders[1].quantity, 300 * SOL / 90);
}

#[test]
fn history_is_not_answered_and_a_market_without_a_bar_is_not_bought() {
    let markets = ["A/USDC", "B/USDC"].map(market).to_vec();
    let mut desk = Desk::<Dca>::start_in(&[], markets).unwrap().with_cash(0, 100 * USDC).with_cash(1, 100 * USDC);
    desk.warm_up(&[(1, 1, 1, 1), (1, 1, 1, 1)]);
    let bar = Candle { market: 1, at: desk.at, open: 5, high: 5, low: 5, close: 5_000, volume: 0 };
    let beyond = Candle { market: 2, ..bar };
    let orders = desk.candles(vec![bar, beyond], false);
    assert_eq!((ids(&orders), orders[0].market), (vec!["dca-1"], 1));
}

#[test]
fn a_restart_in_the_middle_changes_nothing() {
    let run = |restart: bool| {
        let mut desk = Desk::<Dca>::start(&[("every", 3)]).unwrap().with_cash(0, 1_000 * USDC);
        for bar in 0..20_u64 {
            if restart && bar % 4 == 1 {
                desk.restart().unwrap();
            }
            for order in desk.close((100 + bar) * USDC) {
                desk.fill(&order, (101 + bar) * USDC);
            }
        }
        desk.orders
    };
    assert_eq!(run(true), run(false));
    assert_eq!(run(true).len(), 7);
}

#[test]
fn what_was_saved_by_something_else_is_refused() {
    let saved = Some(vec![255; 3]);
    let parameters = Dca::describe().parameters.into_iter().map(|one| (one.name, one.default)).collect();
    let setup = Setup { parameters, markets: vec![market("A/USDC")], bar_seconds: 60, seed: 1, saved };
    assert!(Dca::init(setup).is_err_and(|error| error.starts_with("what was saved")));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_weather_stops_it(seed: u64, every in 1..20_i64, dip in 0..5_000_i64, profit in 0..2_000_i64) {
        let rule = [("every", every), ("dip_bps", dip), ("take_profit_bps", profit), ("notional", 20_000)];
        prop_assert!(!drill::<Dca>(&rule, 3, 300, seed).is_empty());
    }
}
