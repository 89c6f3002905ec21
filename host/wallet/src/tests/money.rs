//! What fills move, what they made, and that nothing is lost between many small ones.

use puppet_types::trade::{Fill, Market, Mint, Order, OrderKind, Rounding, Side, Token};

use super::fixture::*;
use crate::{
    FillError, Flow, MoveError, ReservationId, Risk, Rules, Seen,
    books::{Scale, product},
};

fn with_fees() -> Risk {
    risk(Rules { max_fee_bps: 100, max_slippage_bps: 100, ..rules() })
}

#[test]
fn the_worst_case_is_held_and_what_is_left_of_it_comes_back() {
    let mut risk = with_fees();
    let id = risk.ask(&buy(100), &seen(0)).unwrap();
    // 100 at 101, and a hundredth of that.
    let held = risk.held(id).unwrap();
    assert_eq!((held.worst_price, held.quote, held.notional), (101, 10_201, 10_100));
    assert_eq!(risk.cash(), CASH - 10_201);
    let settled = risk.fills(id, 0, 60, 100, 5);
    assert_eq!((settled.result, settled.beyond, settled.is_done), (0, 0, false));
    assert_eq!(risk.held(id).unwrap().quote, 10_201 - 6_005);
    assert_eq!(risk.cash(), CASH - 10_201, "what is still open is still held");
    assert!(risk.fills(id, 0, 40, 101, 4).is_done);
    assert_eq!(risk.cash(), CASH - 6_005 - 4_044);
    assert!(risk.held(id).is_none() && risk.open().next().is_none());
    let position = risk.position(0);
    assert_eq!((position.quantity, position.entry_price), (100, 100), "10,040 for 100, rounded down");
    assert_eq!(risk.portfolio().fees, 9);
}

#[test]
fn a_sale_is_measured_against_what_its_part_cost_with_the_fees_of_both_ways() {
    let mut risk = with_fees();
    let id = risk.ask(&buy(10), &seen(0)).unwrap();
    risk.fills(id, 0, 10, 100, 10);
    let id = risk.ask(&exit(4), &Seen::at(at(0), 120)).unwrap();
    let settled = risk.fills(id, 1, 4, 120, 3);
    assert_eq!(settled.result, 480 - 3 - 400 - 4);
    let id = risk.ask(&exit(6), &Seen::at(at(0), 90)).unwrap();
    let settled = risk.fills(id, 2, 6, 90, 1);
    assert_eq!((settled.result, settled.is_done), (540 - 1 - 600 - 6, true));
    let portfolio = risk.portfolio();
    assert_eq!((portfolio.realised, portfolio.fees), (73 - 67, 14));
    assert_eq!(portfolio.markets[0].realised, 6);
    assert_eq!(risk.cash(), CASH + 6, "all is sold: what was made is what is there more");
    assert_eq!(risk.position(0), Default::default());
}

#[test]
fn what_was_in_the_wallet_before_wins_and_loses_nothing() {
    let rules = Rules { sell_holdings: true, cool_down_seconds: 60, ..rules() };
    let mut risk = Risk::new(rules, markets(), &[(mint('Q'), CASH), (mint('A'), 10)]).unwrap();
    assert_eq!(risk.trade(&sell(4), 0, 50).result, 0);
    risk.trade(&buy(10), 0, 100);
    assert_eq!(risk.position(0).quantity, 10);
    // The position goes first: 10 of these 12, at a loss of 10 each.
    let settled = risk.trade(&sell(12), 0, 90);
    assert_eq!(settled.result, -100);
    assert_eq!((risk.position(0).quantity, risk.portfolio().markets[0].realised), (0, -100));
    let amounts: Vec<_> = risk.portfolio().balances.iter().map(|balance| balance.amount).collect();
    assert_eq!(amounts, [CASH + 200 - 1_000 + 1_080, 4, 0, 0]);
}

#[test]
fn many_small_fills_cost_what_one_costs() {
    let digits = |symbol, decimals| Token { decimals, ..token(symbol) };
    // A third of a unit each.
    let market = Market { price_decimals: 0, ..market(digits('A', 2), digits('Q', 0)) };
    let rules = Rules { max_slippage_bps: 0, max_fee_bps: 0, ..Rules::for_backtest(std::slice::from_ref(&market)) };
    let capped = Rules { max_hour_notional: Some(10), max_day_notional: Some(20), ..rules };
    let mut risk = Risk::new(capped, vec![market], &[(mint('Q'), 10)]).unwrap();
    let id = risk.ask(&buy(30), &Seen::at(at(0), 33)).unwrap();
    assert_eq!(risk.held(id).unwrap().quote, 10);
    let mut beyond = 0;
    for _ in 0..30 {
        beyond += risk.fills(id, 0, 1, 33, 0).beyond;
    }
    assert_eq!((beyond, risk.cash(), risk.position(0).quantity), (0, 0, 30));
    assert_eq!(risk.position(0).entry_price, 33);
    let id = risk.admit(&sell(30), crate::Origin::Strategy, &Seen::at(at(3_600_000), 33)).unwrap();
    for _ in 0..30 {
        risk.fills(id, 3_600_000, 1, 33, 0);
    }
    assert_eq!(risk.cash(), 9, "9.9, rounded against whoever sells, once");
    assert_eq!(risk.ask(&buy(2), &Seen::at(at(3_600_000), 33)).unwrap_err(), "max-hour-notional");
    assert!(risk.ask(&buy(2), &Seen::at(at(7_200_000), 33)).is_err(), "and 20 of the day's 20 are used");
}

#[test]
fn a_buy_above_the_worst_price_is_booked_counted_and_told() {
    let mut risk = risk(Rules { max_hour_notional: Some(2_000), ..rules() });
    let id = risk.ask(&buy(10), &seen(0)).unwrap();
    let settled = risk.fills(id, 0, 10, 150, 7);
    assert_eq!((settled.beyond, settled.is_done), (507, true));
    assert_eq!(risk.cash(), CASH - 1_507);
    assert!(risk.ask(&buy(5), &seen(0)).is_ok());
    assert_eq!(risk.ask(&buy(2), &seen(0)).unwrap_err(), "max-hour-notional", "1,500 and 500");
}

#[test]
fn a_sell_counts_for_what_was_expected_and_frees_what_it_does_not_take() {
    let mut risk = risk(Rules { max_hour_notional: Some(2_000), ..rules() });
    risk.trade(&buy(10), -3_600_000, PRICE);
    let id = risk.ask(&sell(10), &seen(0)).unwrap();
    risk.fills(id, 0, 6, 200, 0);
    risk.release(id).unwrap();
    assert_eq!(risk.ask(&buy(15), &seen(0)).unwrap_err(), "max-hour-notional");
    let id = risk.ask(&buy(14), &seen(0)).expect("600 were used, and what was open is free again");
    risk.release(id).unwrap();
    let id = risk.ask(&exit(4), &seen(0)).unwrap();
    risk.fills(id, 0, 4, PRICE, 0);
    assert!(risk.ask(&buy(14), &seen(0)).is_ok(), "and an exit counts for nothing");
}

#[test]
fn the_first_of_two_waiting_exits_leaves_the_other_uncovered() {
    let mut risk = risk(rules());
    risk.trade(&buy(10), 0, PRICE);
    let stop = Order { kind: OrderKind::Stop(90), ..exit(10) };
    let target = Order { kind: OrderKind::TakeProfit(120), ..exit(10) };
    let [stop, target] = [stop, target].map(|order| risk.ask(&order, &seen(0)).unwrap());
    assert_eq!(risk.uncovered(0).count(), 0);
    risk.fills(target, 0, 4, 120, 0);
    assert_eq!(risk.uncovered(0).collect::<Vec<_>>(), [stop]);
    assert_eq!(risk.uncovered(1).count(), 0);
    let asked = fill(&risk, stop, 0, 7, 90, 0);
    let error = risk.filled(stop, &asked).unwrap_err();
    assert_eq!(error, FillError::NotCovered { mint: mint('A'), wanted: 7, free: 6 });
    // A sell at market holds what it sells: nothing is left for the others.
    let now = risk.ask(&exit(6), &seen(0)).unwrap();
    assert_eq!(risk.uncovered(0).collect::<Vec<_>>(), [stop, target]);
    assert!(risk.filled(stop, &fill(&risk, stop, 0, 2, 90, 0)).is_err());
    risk.release(now).unwrap();
    assert!(risk.fills(stop, 0, 6, 90, 0).result < 0);
    assert_eq!(risk.position(0).quantity, 0);
    assert!(risk.ask(&exit(2), &seen(0)).is_err());
}

#[test]
fn what_each_kind_holds_at_worst() {
    let rules = Rules { max_slippage_bps: 1_000, ..rules() };
    let mut start = risk(rules);
    start.trade(&buy(10), 0, PRICE);
    // (kind, worst price and what counts of a buy, of a sell)
    for (kind, bought, sold) in [
        (OrderKind::Market, (110, 110), (90, 100)),
        (OrderKind::Limit(95), (95, 95), (95, 100)),
        (OrderKind::Limit(105), (105, 105), (105, 105)),
        (OrderKind::Stop(120), (132, 132), (0, 120)),
        (OrderKind::Stop(80), (110, 110), (0, 100)),
        (OrderKind::TakeProfit(90), (110, 110), (0, 100)),
        (OrderKind::TakeProfit(130), (143, 143), (0, 130)),
        (OrderKind::Trailing(500), (116, 116), (0, 100)),
    ] {
        for (side, expected) in [(Side::Buy, bought), (Side::Sell, sold)] {
            let mut risk = start.clone();
            let id = risk.ask(&Order { kind, side, ..buy(10) }, &seen(0)).unwrap();
            let held = risk.held(id).unwrap();
            assert_eq!((held.worst_price, held.counted_price), expected, "{kind:?} {side:?}");
            assert_eq!(held.notional, 10 * expected.1);
            assert_eq!(held.quote, if side == Side::Buy { held.notional } else { 0 });
        }
    }
    let own = Order { max_slippage_bps: Some(200), ..buy(10) };
    let id = start.ask(&own, &seen(0)).unwrap();
    assert_eq!(start.held(id).unwrap().worst_price, 102, "the order's own slippage, where it asks for less");
}

#[test]
fn a_fill_that_cannot_be_changes_nothing() {
    let mut risk = risk(rules());
    let bought = risk.ask(&buy(10), &seen(0)).unwrap();
    let rest = risk.ask(&buy(9_990), &seen(0)).unwrap();
    let good = fill(&risk, bought, 0, 10, PRICE, 0);
    let unknown = ReservationId(9);
    let not_covered = |wanted, free| FillError::NotCovered { mint: mint('Q'), wanted, free };
    for (id, bad, expected) in [
        (unknown, good.clone(), FillError::Unknown(unknown)),
        (bought, Fill { market: 1, ..good.clone() }, FillError::Other(bought)),
        (bought, Fill { side: Side::Sell, ..good.clone() }, FillError::Other(bought)),
        (bought, Fill { client_id: "x".into(), ..good.clone() }, FillError::Other(bought)),
        (bought, Fill { quantity: 0, ..good.clone() }, FillError::Quantity { filled: 0, open: 10 }),
        (bought, Fill { quantity: 11, ..good.clone() }, FillError::Quantity { filled: 11, open: 10 }),
        (bought, Fill { fee: 1, ..good.clone() }, not_covered(1_001, 1_000)),
        (bought, Fill { price: 101, ..good.clone() }, not_covered(1_010, 1_000)),
        (bought, Fill { price: u64::MAX, ..good.clone() }, FillError::TooLarge),
        (bought, Fill { fee: u64::MAX, ..good.clone() }, FillError::TooLarge),
    ] {
        let before = risk.snapshot().clone();
        assert_eq!(risk.filled(id, &bad).unwrap_err(), expected);
        assert_eq!(risk.snapshot(), &before, "{expected}");
    }
    risk.filled(bought, &good).unwrap();
    let sold = risk.ask(&exit(10), &seen(0)).unwrap();
    let dear = fill(&risk, sold, 0, 10, 1, 11);
    let before = risk.snapshot().clone();
    assert_eq!(risk.filled(sold, &dear).unwrap_err(), not_covered(11, 10), "a fee may not eat what is held for others");
    assert_eq!(risk.snapshot(), &before);
    assert!(risk.filled(sold, &Fill { fee: 10, ..dear }).is_ok());
    risk.release(rest).unwrap();
    assert_eq!(risk.release(rest).unwrap_err(), FillError::Unknown(rest));
    assert_eq!(risk.cash(), CASH - 1_000);
}

#[test]
fn balances_come_and_go_but_never_below_what_is_held() {
    let mut risk = risk(rules());
    risk.ask(&buy(100), &seen(0)).unwrap();
    let q = mint('Q');
    let not_there = |amount| MoveError::NotThere { mint: mint('Q'), amount, there: CASH - 10_000 };
    assert_eq!(risk.moved(at(0), &q, CASH - 9_999, Flow::Out).unwrap_err(), not_there(CASH - 9_999));
    assert_eq!(risk.moved(at(0), &q, CASH + 1, Flow::NetworkFee).unwrap_err(), not_there(CASH + 1));
    assert_eq!(risk.moved(at(0), &mint('X'), 1, Flow::In).unwrap_err(), MoveError::Unknown(mint('X')));
    assert_eq!(risk.moved(at(0), &q, u64::MAX, Flow::In).unwrap_err(), MoveError::TooLarge(q.clone()));
    risk.moved(at(0), &q, CASH - 10_000, Flow::Out).unwrap();
    assert_eq!(risk.cash(), 0);
    let sol = Mint::parse(Mint::SOL).unwrap();
    risk.moved(at(0), &sol, 5_000, Flow::In).unwrap();
    risk.moved(at(0), &sol, 2_000, Flow::NetworkFee).unwrap();
    let portfolio = risk.portfolio();
    let lamports = portfolio.balances.iter().find(|balance| balance.mint == sol).unwrap();
    assert_eq!((lamports.amount, portfolio.network_fees), (3_000, 2_000));
}

#[test]
fn a_value_is_that_of_the_shared_words() {
    for (base, quote, price) in
        [(9, 6, 9), (0, 6, 0), (2, 9, 3), (0, 0, 0), (18, 6, 18), (0, 18, 0), (9, 9, 0), (30, 0, 30)]
    {
        let digits = |symbol, decimals| Token { decimals, ..token(symbol) };
        let market = Market { price_decimals: price, ..market(digits('A', base), digits('Q', quote)) };
        for quantity in [0, 1, 7, 1_000_000_007, u64::from(u32::MAX), u64::MAX] {
            for price in [1, 3, 150_123_456_789, u64::MAX] {
                for rounding in [Rounding::Down, Rounding::Up] {
                    let value = Scale::of(&market).value(product(quantity, price), rounding);
                    assert_eq!(value, market.notional(quantity, price, rounding), "{market:?} {quantity} {price}");
                }
            }
        }
    }
}

#[test]
fn an_average_entry_is_a_price_again_whatever_the_digits() {
    for (base, quote, price, quantity, at) in
        [(9, 6, 9, 3_000_000_000, 150_123_000_000), (0, 6, 0, 3, 2), (2, 0, 2, 100, 700)]
    {
        let digits = |symbol, decimals| Token { decimals, ..token(symbol) };
        let market = Market { price_decimals: price, ..market(digits('A', base), digits('Q', quote)) };
        let scale = Scale::of(&market);
        let value = scale.value(product(quantity, at), Rounding::Up).unwrap();
        assert_eq!(scale.price(value, quantity), at, "{market:?}");
        assert_eq!(scale.price(value, 0), 0);
    }
    assert_eq!(Scale::Divide(10_u128.pow(36)).price(u64::MAX, 1), u64::MAX);
    assert_eq!(Scale::Divide(10).price(u64::MAX, 1), u64::MAX);
    assert_eq!(Scale::None.price(1, 1), 0);
}

#[test]
fn a_loss_or_a_gain_beyond_all_measure_stays_one() {
    let mut risk = Risk::new(rules(), markets(), &[(mint('Q'), u64::MAX)]).unwrap();
    risk.trade(&buy(2), 0, u64::MAX / 2);
    assert_eq!(risk.trade(&exit(2), 0, 1).result, i64::MIN);
    let mut risk = Risk::new(rules(), markets(), &[(mint('Q'), 2)]).unwrap();
    risk.trade(&buy(2), 0, 1);
    assert_eq!(risk.trade(&exit(2), 0, u64::MAX / 2).result, i64::MAX);
}
