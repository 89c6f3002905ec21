//! The table of the operator: what is absent, what is refused.

use puppet_types::trade::{Market, Mint, Token};
use serde_json::json;

use super::fixture::*;
use crate::{LowProfit, MOST_ORDERS, QuantityRange, Risk, Rules, RulesError, StopGuard};

fn refused(set: impl FnOnce(&mut Rules)) -> RulesError {
    let mut rules = rules();
    set(&mut rules);
    Risk::new(rules, markets(), &[]).unwrap_err()
}

/// What is refused before there are markets is refused with the same words once they are there.
fn unsound(set: impl FnOnce(&mut Rules)) -> RulesError {
    let mut rules = rules();
    set(&mut rules);
    let error = Risk::new(rules.clone(), markets(), &[]).unwrap_err();
    assert_eq!(rules.checked(), Err(error.clone()));
    error
}

#[test]
fn an_empty_table_admits_nothing_and_says_what_is_missing() {
    let empty: Rules = serde_json::from_value(json!({})).unwrap();
    assert_eq!(empty, Rules::default());
    assert_eq!(Risk::new(empty.clone(), markets(), &[]).unwrap_err(), RulesError::NoQuote);
    let mut rules = Rules { quote: Some(mint('Q')), ..empty };
    let mut told = Vec::new();
    // Each time what was told is opened, by the least that opens it.
    for _ in 0..5 {
        let mut risk = Risk::new(rules.clone(), markets(), &[(mint('Q'), CASH), (sol().mint, 50_000_000)]).unwrap();
        let Err(rule) = risk.ask(&buy(2), &seen(0)) else { break };
        match rule.as_str() {
            "disabled" => rules.enabled = true,
            "mint-not-allowed" => rules.allow_mints = vec![mint('A'), mint('Q')],
            "max-order-notional" => rules.max_order_notional = Some(1_000),
            "max-hour-notional" => rules.max_day_notional = Some(1_000),
            other => panic!("{other}"),
        }
        told.push(rule);
    }
    assert_eq!(told, ["disabled", "mint-not-allowed", "max-order-notional", "max-hour-notional"]);
}

#[test]
fn a_table_is_read_whole_and_a_word_that_is_none_is_refused() {
    let whole = serde_json::to_value(Rules {
        stop_guard: Some(StopGuard { losses: 3, within_seconds: 60, pause_seconds: 60 }),
        low_profit: Some(LowProfit { trades: 4, min_bps: -5, pause_seconds: 60 }),
        quantity: [("A/Q".to_owned(), QuantityRange { min: 1, max: Some(2) })].into(),
        ..Rules::for_backtest(&markets())
    })
    .unwrap();
    let rules: Rules = serde_json::from_value(whole.clone()).unwrap();
    assert_eq!(serde_json::to_value(&rules).unwrap(), whole);
    for wrong in [
        json!({"max_order_notinal": 5}),
        json!({"max_order_notional": 0.5}),
        json!({"max_order_notional": -1}),
        json!({"on_drawdown": "panic"}),
        json!({"stop_guard": {"losses": 3}}),
        json!({"low_profit": {"trades": 1, "min_bps": 0, "pause_seconds": 1, "x": 1}}),
        json!({"quantity": {"A/Q": {"least": 1}}}),
    ] {
        assert!(serde_json::from_value::<Rules>(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn amounts_are_in_the_token_that_the_table_names_or_nothing_starts() {
    let quote = mint('A');
    let error = refused(|rules| rules.quote = Some(quote.clone()));
    assert_eq!(error, RulesError::Quote { market: "A/Q".into(), is: mint('Q'), quote });
    let itself = vec![market(token('Q'), token('Q'))];
    assert_eq!(Risk::new(rules(), itself, &[]).unwrap_err(), RulesError::SameToken("Q/Q".into()));
}

#[test]
fn a_symbol_is_no_mint() {
    let symbol: Mint = serde_json::from_value(json!("USDC")).unwrap();
    let refusals = [
        unsound(|rules| rules.quote = Some(symbol.clone())),
        unsound(|rules| rules.allow_mints.push(symbol.clone())),
        unsound(|rules| rules.deny_mints.push(symbol.clone())),
        unsound(|rules| rules.always_tradable = Some(vec![symbol.clone()])),
    ];
    for (refusal, of) in refusals.into_iter().zip(["quote", "allow_mints", "deny_mints", "always_tradable"]) {
        assert_eq!(refusal, RulesError::Mint { key: of, text: "USDC".into() });
    }
}

#[test]
fn numbers_that_a_rule_cannot_be_are_refused() {
    let guard = |losses| StopGuard { losses, within_seconds: 1, pause_seconds: 1 };
    let low = |trades| LowProfit { trades, min_bps: 0, pause_seconds: 1 };
    let range = |min, max| ("A/Q".to_owned(), QuantityRange { min, max: Some(max) });
    type Set = Box<dyn Fn(&mut Rules)>;
    let cases: Vec<(&str, Set, Set)> = vec![
        (
            "max_order_share_bps",
            Box::new(|r| r.max_order_share_bps = 10_000),
            Box::new(|r| r.max_order_share_bps = 10_001),
        ),
        ("max_position_share_bps", Box::new(|_| ()), Box::new(|r| r.max_position_share_bps = 10_001)),
        ("max_slippage_bps", Box::new(|r| r.max_slippage_bps = 10_000), Box::new(|r| r.max_slippage_bps = 10_001)),
        ("max_fee_bps", Box::new(|r| r.max_fee_bps = 10_000), Box::new(|r| r.max_fee_bps = 10_001)),
        ("max_drawdown_bps", Box::new(|_| ()), Box::new(|r| r.max_drawdown_bps = 10_001)),
        ("tell_trades_bps", Box::new(|_| ()), Box::new(|r| r.tell_trades_bps = 10_001)),
        (
            "max_deviation_bps",
            Box::new(|r| r.max_deviation_bps = Some(10_000)),
            Box::new(|r| r.max_deviation_bps = Some(10_001)),
        ),
        (
            "max_orders_per_minute",
            Box::new(|r| r.max_orders_per_minute = 1_000),
            Box::new(|r| r.max_orders_per_minute = 1_001),
        ),
        ("max_open_orders", Box::new(|r| r.max_open_orders = 1_000), Box::new(|r| r.max_open_orders = 1_001)),
        (
            "stop_guard.losses",
            Box::new(move |r| r.stop_guard = Some(guard(1))),
            Box::new(move |r| r.stop_guard = Some(guard(0))),
        ),
        (
            "stop_guard.losses",
            Box::new(move |r| r.stop_guard = Some(guard(64))),
            Box::new(move |r| r.stop_guard = Some(guard(65))),
        ),
        (
            "low_profit.trades",
            Box::new(move |r| r.low_profit = Some(low(1))),
            Box::new(move |r| r.low_profit = Some(low(0))),
        ),
        (
            "low_profit.trades",
            Box::new(move |r| r.low_profit = Some(low(64))),
            Box::new(move |r| r.low_profit = Some(low(65))),
        ),
        (
            "quantity.\"A/Q\".max",
            Box::new(move |r| r.quantity.extend([range(5, 5)])),
            Box::new(move |r| r.quantity.extend([range(5, 4)])),
        ),
    ];
    for (name, good, bad) in cases {
        let mut rules = rules();
        good(&mut rules);
        Risk::new(rules, markets(), &[]).unwrap();
        match unsound(|rules| bad(rules)) {
            RulesError::Range { key, .. } => assert_eq!(key, name),
            other => panic!("{name}: {other}"),
        }
    }
    let unknown = refused(|rules| rules.quantity.extend([("C/Q".to_owned(), QuantityRange::default())]));
    assert_eq!(unknown, RulesError::UnknownMarket("C/Q".into()));
}

#[test]
fn a_backtest_without_a_table_trades_what_it_can_pay_in_its_markets_only() {
    let digits = |symbol, decimals| Token { decimals, ..token(symbol) };
    let market = Market { price_decimals: 6, ..market(digits('A', 9), digits('Q', 6)) };
    let rules = Rules::for_backtest(std::slice::from_ref(&market));
    assert_eq!(rules.allow_mints, [mint('A'), mint('Q')]);
    let mut risk = Risk::new(rules, vec![market], &[(mint('Q'), 1_000_000_000)]).unwrap();
    let seen = crate::Seen::at(at(0), 100_000_000);
    let id = risk.ask(&buy(9_500_000_000), &seen).unwrap();
    assert_eq!(risk.held(id).unwrap().worst_price, 101_000_000, "1 % of slippage is reckoned with");
    assert_eq!(risk.ask(&buy(9_500_000_000), &seen).unwrap_err(), "insufficient-funds");
    assert_eq!(risk.ask(&sell(2), &seen).unwrap_err(), "no-position");
    risk.release(id).unwrap();
    // At once, and all of them open.
    for _ in 1..MOST_ORDERS {
        risk.ask(&buy(2), &seen).unwrap();
    }
    assert!(risk.ask(&buy(2), &seen).is_err());
}

#[test]
fn a_fresh_list_is_asked_for_where_a_token_is_not_traded_whatever_it_says() {
    let asks = |consider, require, always: Option<Vec<Mint>>| {
        let rules =
            Rules { consider_trending: consider, require_trending: require, always_tradable: always, ..rules() };
        rules.asks_for_trending(&mint('A'))
    };
    assert!(asks(true, true, Some(vec![mint('B')])));
    for (consider, require, always) in [
        (false, true, Some(vec![mint('B')])),
        (true, false, Some(vec![mint('B')])),
        (true, true, Some(vec![mint('A')])),
        (true, true, None),
    ] {
        assert!(!asks(consider, require, always.clone()), "{consider} {require} {always:?}");
    }
}
