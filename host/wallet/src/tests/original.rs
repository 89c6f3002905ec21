//! Settings of the original engine become rules; what cannot be read is told, never dropped.

use puppet_types::trade::{Market, Mint, Token};
use serde_json::{Value, json};

use super::fixture::*;
use crate::{ORIGINAL, Origin, OriginalError, Risk, Rules, Seen};

fn everything() -> Value {
    json!({
        "id": "somebody",
        "behavior": {"trading_behavior": {
            "trading_frequency": {"min_hours_between_trades": 12, "max_hours_between_trades": 72.5, "random_probability": 0.15},
            "trade_decision_factors": ["mood"],
            "trade_tweet_probability": 0.8,
            "allowed_tokens": {
                "always_tradable": [Mint::SOL, Mint::USDC],
                "consider_trending": true,
                "blacklist": [mint('B').as_str()],
            },
            "max_trade_amount_per_transaction": 0.3,
        }},
        "solana_integration": {
            "wallet_address": "", "private_key": "", "network": "mainnet-beta", "rpc_url": "https://rpc.example",
            "trade_safety": {
                "max_trade_amount_sol": 0.1,
                "max_trade_amount_per_transaction": 0.2,
                "min_wallet_balance_sol": 0.05,
                "max_slippage_percent": 1.5,
                "max_daily_trades": 5,
                "max_daily_volume_sol": 0.25,
            },
            "trading_enabled": true,
        },
        "agent_kit_integration": {
            "enabled": true,
            "methods": {"allowed": ["getTokenInfo", "swapTokens", "getWalletBalance"], "autonomous_only": ["swapTokens"]},
            "autonomy_rules": {
                "ignore_human_trading_requests": true,
                "max_daily_trades": 3,
                "max_single_trade_amount_sol": 0.07,
                "max_trade_amount_per_transaction": 0.4,
                "require_trending_validation": true,
            },
        },
    })
}

fn set(path: &str, value: Value) -> Value {
    let mut file = everything();
    let (table, key) = path.rsplit_once('/').unwrap();
    file.pointer_mut(table).unwrap()[key] = value;
    file
}

fn rules_of(file: &Value) -> Rules {
    Rules::from_original(file).unwrap().rules
}

#[test]
fn every_setting_of_the_original_has_a_place() {
    let found = Rules::from_original(&everything()).unwrap();
    let expected = Rules {
        enabled: true,
        quote: Mint::parse(Mint::SOL),
        allow_mints: [Mint::SOL, Mint::USDC].map(|text| Mint::parse(text).unwrap()).into(),
        always_tradable: Some([Mint::SOL, Mint::USDC].map(|text| Mint::parse(text).unwrap()).into()),
        deny_mints: vec![mint('B')],
        consider_trending: true,
        require_trending: true,
        ignore_human_requests: true,
        autonomous_only: true,
        max_order_notional: Some(70_000_000),
        max_day_notional: Some(250_000_000),
        reserve_lamports: 50_000_000,
        min_gap_seconds: 43_200,
        max_daily_trades: 3,
        max_slippage_bps: 150,
        tell_trades_bps: 8_000,
        ..Rules::default()
    };
    assert_eq!(found.rules, expected);
    let impulse: Vec<_> = found.impulse.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let expected = [
        ("keep", 5),
        ("max_amount", 6),
        ("max_hours", 72),
        ("max_slippage_bps", 150),
        ("max_trades_per_day", 3),
        ("min_hours", 12),
        ("probability", 1_500),
    ];
    assert_eq!(impulse, expected);
    assert_eq!(found.reads, ["getTokenInfo", "getWalletBalance"]);
    assert_eq!(found.mapped, ORIGINAL);
    assert_eq!(found.unknown, Vec::<String>::new());
}

#[test]
fn each_flag_that_the_original_only_declared_changes_what_is_admitted() {
    let tokens = [Mint::SOL, Mint::USDC].map(|text| Mint::parse(text).unwrap());
    let digits = |mint: Mint, decimals| Token { mint, symbol: "T".into(), decimals };
    let market = |base: Mint| Market { price_decimals: 9, ..market(digits(base, 6), digits(tokens[0].clone(), 9)) };
    // 0.07 SOL at a price of 0.007 SOL are 10 USDC.
    let ask = |file: &Value, base: Mint, origin, quantity, trending| {
        let mut rules = rules_of(file);
        // Trending ones are still the operator's choice.
        rules.allow_mints.push(mint('C'));
        rules.max_slippage_bps = 0;
        let mut risk = Risk::new(rules, vec![market(base)], &[(tokens[0].clone(), 1_000_000_000)]).unwrap();
        let seen = Seen { trending_at: trending, ..Seen::at(at(0), 7_000_000) };
        risk.admit(&buy(quantity), origin, &seen).map(|_| ()).map_err(|denial| denial.rule)
    };
    let usdc = |file: &Value, origin| ask(file, tokens[1].clone(), origin, 1_000_000, None);
    let file = everything();
    assert_eq!(usdc(&file, Origin::Own), Ok(()));
    assert_eq!(usdc(&file, Origin::HumanRequest), Err("human-request".into()));
    assert_eq!(usdc(&file, Origin::Operator), Err("autonomous-only".into()));
    let heard = set("/agent_kit_integration/autonomy_rules/ignore_human_trading_requests", json!(false));
    assert_eq!(usdc(&heard, Origin::HumanRequest), Err("autonomous-only".into()));
    let commanded = set("/agent_kit_integration/methods/autonomous_only", json!([]));
    assert_eq!(usdc(&commanded, Origin::Operator), Ok(()));
    assert_eq!(usdc(&commanded, Origin::HumanRequest), Err("human-request".into()));
    let no_swap = set("/agent_kit_integration/methods/allowed", json!(["getTokenInfo"]));
    assert_eq!(usdc(&no_swap, Origin::Own), Err("disabled".into()));
    for off in ["/solana_integration/trading_enabled", "/agent_kit_integration/enabled"] {
        assert_eq!(usdc(&set(off, json!(false)), Origin::Own), Err("disabled".into()));
    }
    let other = |file: &Value, trending| ask(file, mint('C'), Origin::Own, 1_000_000, trending);
    assert_eq!(other(&file, Some(at(0))), Ok(()));
    assert_eq!(other(&file, None), Err("not-trending".into()));
    assert_eq!(
        other(&set("/behavior/trading_behavior/allowed_tokens/consider_trending", json!(false)), Some(at(0))),
        Err("not-trending".into())
    );
    assert_eq!(
        other(&set("/agent_kit_integration/autonomy_rules/require_trending_validation", json!(false)), None),
        Ok(())
    );
    // On both lists at once, trending or not: denied.
    let both = set("/behavior/trading_behavior/allowed_tokens/blacklist", json!([Mint::USDC]));
    assert_eq!(usdc(&both, Origin::Own), Err("mint-denied".into()));
    let none = set("/behavior/trading_behavior/allowed_tokens/always_tradable", json!([]));
    assert_eq!(usdc(&none, Origin::Own), Err("mint-not-allowed".into()));
    assert_eq!(ask(&file, tokens[1].clone(), Origin::Own, 10_000_000, None), Ok(()));
    assert_eq!(ask(&file, tokens[1].clone(), Origin::Own, 10_000_001, None), Err("max-order-notional".into()));
    let less = set("/behavior/trading_behavior/max_trade_amount_per_transaction", json!(0.01));
    assert_eq!(rules_of(&less).max_order_notional, Some(10_000_000), "the least of all caps holds");
}

#[test]
fn what_is_absent_is_closed() {
    for file in [json!({}), json!({"solana_integration": null}), json!({"behavior": {}})] {
        let found = Rules::from_original(&file).unwrap();
        assert_eq!(found.rules, Rules { quote: Mint::parse(Mint::SOL), ..Rules::default() });
        assert!(found.mapped.is_empty() && found.impulse.is_empty());
    }
    // Nobody said how much a day may take: as often as may be, as much as may be.
    let mut file = everything();
    file["solana_integration"]["trade_safety"].as_object_mut().unwrap().remove("max_daily_volume_sol");
    assert_eq!(rules_of(&file).max_day_notional, Some(3 * 70_000_000));
    file["solana_integration"]["trade_safety"].as_object_mut().unwrap().remove("max_daily_trades");
    file["agent_kit_integration"]["autonomy_rules"].as_object_mut().unwrap().remove("max_daily_trades");
    assert_eq!(rules_of(&file).max_day_notional, None);
}

#[test]
fn an_imported_pack_keeps_the_tables_one_level_up() {
    let mut file = everything();
    file["trading_behavior"] = file["behavior"]["trading_behavior"].take();
    file.as_object_mut().unwrap().remove("behavior");
    assert_eq!(rules_of(&file), rules_of(&everything()));
}

#[test]
fn what_means_nothing_here_is_named_and_what_cannot_be_read_is_an_error() {
    let found = Rules::from_original(&set("/solana_integration/trade_safety/max_loss", json!(3))).unwrap();
    assert_eq!(found.unknown, ["solana_integration.trade_safety.max_loss"]);
    let mut elsewhere = everything();
    elsewhere["trade_safety"] = json!({"max_daily_trades": 1});
    assert_eq!(Rules::from_original(&elsewhere).unwrap().unknown, ["trade_safety.max_daily_trades"]);
    let trading = "/behavior/trading_behavior";
    for (path, value) in [
        (format!("{trading}/allowed_tokens/blacklist"), json!(["BONK"])),
        (format!("{trading}/allowed_tokens/always_tradable"), json!(["SOL"])),
    ] {
        let error = Rules::from_original(&set(&path, value)).unwrap_err();
        assert!(matches!(error, OriginalError::Mint { .. }), "{error}");
    }
    for (path, value) in [
        (format!("{trading}/allowed_tokens/blacklist"), json!("BONK")),
        (format!("{trading}/allowed_tokens/blacklist"), json!([1])),
        (format!("{trading}/allowed_tokens/consider_trending"), json!("yes")),
        (format!("{trading}/trade_tweet_probability"), json!(1.1)),
        (format!("{trading}/trading_frequency/random_probability"), json!(-0.1)),
        (format!("{trading}/trading_frequency/min_hours_between_trades"), json!("12")),
        (format!("{trading}/trading_frequency/min_hours_between_trades"), json!(1e16)),
        ("/solana_integration/trade_safety/max_slippage_percent".to_owned(), json!(101)),
        ("/solana_integration/trade_safety/max_slippage_percent".to_owned(), json!(4e13)),
        ("/solana_integration/trade_safety/max_trade_amount_sol".to_owned(), json!(-1)),
        ("/solana_integration/trade_safety/max_trade_amount_sol".to_owned(), json!(1e300)),
        ("/solana_integration/trade_safety/max_daily_trades".to_owned(), json!(5e9)),
        ("/solana_integration/trading_enabled".to_owned(), json!("x".repeat(99))),
        ("/agent_kit_integration/methods/allowed".to_owned(), json!("swapTokens")),
    ] {
        let OriginalError::Value { path: told, found, .. } = Rules::from_original(&set(&path, value)).unwrap_err()
        else {
            panic!("{path}")
        };
        assert!(path.replace('/', ".").ends_with(&told), "{path} {told}");
        assert!(found.chars().count() <= 41);
    }
}

#[test]
fn a_table_in_another_shape_is_an_error_and_no_key_passes_for_another() {
    let at = |path: &str, value: Value| Rules::from_original(&set(path, value));
    for (path, value) in [
        ("/agent_kit_integration", json!(false)),
        ("/agent_kit_integration", json!([{ "enabled": false }])),
        ("/solana_integration", json!("off")),
        ("/behavior/trading_behavior", json!([])),
        ("/trade_safety", json!(0.1)),
        // Twice, and nobody knows which of the two is meant.
        ("/trading_behavior", json!({ "allowed_tokens": { "blacklist": [] } })),
        ("/solana_integration/trade_safety/max_daily_trades", json!({})),
    ] {
        let error = at(path, value.clone()).unwrap_err();
        assert!(matches!(error, OriginalError::Value { .. }), "{path} {value}: {error}");
    }
    let dotted = at("/solana_integration/trade_safety.max_trade_amount_sol", json!(100)).unwrap();
    assert_eq!(dotted.rules, rules_of(&everything()));
    assert_eq!(dotted.unknown, ["solana_integration.\"trade_safety.max_trade_amount_sol\""]);
    for nothing in [json!(null), json!({})] {
        let found = at("/agent_kit_integration/methods", nothing).unwrap();
        assert!(found.unknown.is_empty(), "{:?}", found.unknown);
    }
}

#[test]
fn amounts_are_read_digit_by_digit_and_rounded_to_the_safe_side() {
    let amount = |value: Value| {
        rules_of(&set("/solana_integration/trade_safety/max_trade_amount_sol", value)).max_order_notional
    };
    let kept = |value: Value| {
        rules_of(&set("/solana_integration/trade_safety/min_wallet_balance_sol", value)).reserve_lamports
    };
    for (value, cap, reserve) in [
        (json!(0), 0, 0),
        (json!(0.029), 29_000_000, 29_000_000),
        (json!(0.000000001), 1, 1),
        (json!(1.5e-9), 1, 2),
        (json!(1e-30), 0, 1),
        (json!(1e-60), 0, 1),
        (json!(0.0), 0, 0),
        (json!(2e-2), 20_000_000, 20_000_000),
    ] {
        assert_eq!((amount(value.clone()), kept(value.clone())), (Some(cap), reserve), "{value}");
    }
    assert_eq!(
        rules_of(&set("/solana_integration/trade_safety/max_slippage_percent", json!(100))).max_slippage_bps,
        10_000
    );
    assert_eq!(rules_of(&set("/behavior/trading_behavior/trade_tweet_probability", json!(1))).tell_trades_bps, 10_000);
    assert_eq!(kept(json!(1e9)), 1_000_000_000_000_000_000);
    assert_eq!(kept(json!(12)), 12_000_000_000);
}

#[test]
fn wishes_stay_within_the_ranges_of_impulse_and_the_rules_hold_exactly() {
    let wish = |path: &str, value: Value, name: &str| {
        let found = Rules::from_original(&set(path, value)).unwrap();
        (found.impulse[name], found.rules)
    };
    let frequency = "/behavior/trading_behavior/trading_frequency";
    let (hours, rules) = wish(&format!("{frequency}/min_hours_between_trades"), json!(0.25), "min_hours");
    assert_eq!((hours, rules.min_gap_seconds), (1, 900));
    let (hours, rules) = wish(&format!("{frequency}/min_hours_between_trades"), json!(1_000), "min_hours");
    assert_eq!((hours, rules.min_gap_seconds), (720, 3_600_000));
    assert_eq!(wish(&format!("{frequency}/max_hours_between_trades"), json!(0.5), "max_hours").0, 1);
    assert_eq!(wish(&format!("{frequency}/max_hours_between_trades"), json!(1e6), "max_hours").0, 8_760);
    let safety = "/solana_integration/trade_safety";
    let (amount, rules) = wish(&format!("{safety}/max_trade_amount_sol"), json!(0.001), "max_amount");
    assert_eq!((amount, rules.max_order_notional), (1, Some(1_000_000)));
    let (keep, rules) = wish(&format!("{safety}/min_wallet_balance_sol"), json!(0.001), "keep");
    assert_eq!((keep, rules.reserve_lamports), (1, 1_000_000));
    assert_eq!(wish(&format!("{safety}/max_slippage_percent"), json!(0), "max_slippage_bps").0, 1);
    assert_eq!(wish(&format!("{safety}/max_daily_trades"), json!(2), "max_trades_per_day").0, 2);
}
