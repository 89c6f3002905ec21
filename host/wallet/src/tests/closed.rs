//! What is told at the start to be denied is what the engine denies, by that rule; and what is open is told to be.

use puppet_types::trade::{Market, Token};

use super::fixture::*;
use crate::{Risk, Rules};

const NOBODY: Option<&str> = Some("nobody tells");

/// The only sentence of rules of which every order in the first market is denied, and the rule that it is denied by.
fn closed(rules: &Rules, unlisted: Option<&str>) -> String {
    let told = rules.closed(&markets()[..1], unlisted);
    let [told] = told.as_slice() else { panic!("{told:?}") };
    let denied = risk(rules.clone()).ask(&buy(2), &seen(0)).unwrap_err();
    assert!(told.contains(&format!(" is denied by `{denied}`: ")), "{told}: {denied}");
    told.clone()
}

#[test]
fn what_is_told_to_be_closed_is_denied_by_that_rule() {
    let open = rules();
    assert_eq!(open.closed(&markets(), NOBODY), [""; 0]);
    assert!(risk(open.clone()).ask(&buy(2), &seen(0)).is_ok());
    let mints = [mint('A'), mint('Q')].to_vec();
    let trending = Rules { always_tradable: Some(vec![mint('B')]), ..open.clone() };
    let (a, q) = (mint('A'), mint('Q'));
    for (rules, sentence) in [
        (Rules { enabled: false, ..open.clone() }, "every order is denied by `disabled`: `enabled` is not true".to_owned()),
        (
            Rules { allow_mints: Vec::new(), ..open.clone() },
            "every order is denied by `mint-not-allowed`: `allow_mints` is empty".to_owned(),
        ),
        (
            Rules { allow_mints: mints[..1].to_vec(), ..open.clone() },
            format!("every order in A/Q is denied by `mint-not-allowed`: `allow_mints` has no Q ({q})"),
        ),
        (
            Rules { deny_mints: mints[..1].to_vec(), ..open.clone() },
            format!("every order in A/Q is denied by `mint-denied`: `deny_mints` has A ({a})"),
        ),
        (
            trending.clone(),
            "every entry in A/Q is denied by `not-trending`: A is not in `always_tradable`, and `consider_trending` is \
             not true"
                .to_owned(),
        ),
        (
            Rules { consider_trending: true, ..trending.clone() },
            "every entry in A/Q is denied by `not-trending`: A is not in `always_tradable`, and nobody tells".to_owned(),
        ),
        (
            Rules { max_order_notional: None, ..open.clone() },
            "every entry is denied by `max-order-notional`: `max_order_notional` is not set".to_owned(),
        ),
        (
            Rules { max_day_notional: None, ..open.clone() },
            "every entry is denied by `max-hour-notional`: `max_day_notional` is not set".to_owned(),
        ),
        (
            Rules { max_hour_notional: Some(0), ..open.clone() },
            "every entry is denied by `max-hour-notional`: `max_hour_notional` is 0".to_owned(),
        ),
        (
            Rules { max_hour_notional: Some(1_000), max_day_notional: Some(0), ..open.clone() },
            "every entry is denied by `max-day-notional`: `max_day_notional` is 0".to_owned(),
        ),
    ] {
        assert_eq!(closed(&rules, NOBODY), sentence);
    }
    // With a list, or where none is asked for, it is open.
    let considered = Rules { consider_trending: true, ..trending };
    assert_eq!(considered.closed(&markets(), None), [""; 0]);
    assert_eq!(Rules { require_trending: false, ..considered }.closed(&markets(), NOBODY), [""; 0]);
}

#[test]
fn denials_say_amounts_and_prices_in_whole_tokens() {
    let token = |letter, decimals| Token { decimals, ..token(letter) };
    let market = Market { price_decimals: 2, min_quantity: 200, ..market(token('A', 3), token('Q', 4)) };
    let rules = Rules {
        max_deviation_bps: Some(50),
        max_order_notional: Some(10_000_000),
        max_drawdown_bps: 0,
        ..Rules { max_slippage_bps: 0, max_fee_bps: 0, ..Rules::for_backtest(std::slice::from_ref(&market)) }
    };
    let risk = Risk::new(rules, vec![market], &[(mint('Q'), 500_000)]).unwrap();
    let denied = |quantity, second| {
        let seen = crate::Seen { price: 15_025, second: Some((second, at(0))), ..seen(0) };
        let denial = risk.clone().admit(&buy(quantity), crate::Origin::Strategy, &seen).unwrap_err();
        (denial.rule, denial.detail)
    };
    for (quantity, second, rule, detail) in [
        (1_000, 15_500, "price-deviation", "150.25 Q and 155 Q by the second source are more than 50 bps apart"),
        (100, 15_025, "min-quantity", "0.1 A asked, 0.2 A is the least"),
        (1_000, 15_025, "insufficient-funds", "150.25 Q is needed at worst, 50 Q is free"),
        (10_000, 15_025, "max-order-notional", "worth 1502.5 Q, 1000 Q is the most"),
    ] {
        assert_eq!(denied(quantity, second), (rule.to_owned(), detail.to_owned()));
    }
}
