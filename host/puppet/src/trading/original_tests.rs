//! What an import makes of trading settings is what `impulse`, as it comes with the program, takes.

use serde_json::json;

use super::*;
use crate::firstparty;

fn found(allowed: &[&str]) -> FromOriginal {
    let file = json!({
        "trading_behavior": {
            "trading_frequency": {"min_hours_between_trades": 12, "max_hours_between_trades": 72.5, "random_probability": 0.15},
            "allowed_tokens": {"always_tradable": allowed, "blacklist": []},
        },
        "solana_integration": {
            "trading_enabled": true,
            "trade_safety": {"max_trade_amount_sol": 0.1, "min_wallet_balance_sol": 0.05, "max_slippage_percent": 1, "max_daily_trades": 3},
        },
    });
    Rules::from_original(&file).unwrap()
}

#[tokio::test]
async fn every_parameter_is_one_of_impulse_and_within_its_range() {
    let impulse = firstparty::strategies().into_iter().find(|own| own.manifest.id.as_str() == "impulse").unwrap();
    let sandbox = crate::trading::strategy::opened(puppet_sandbox::SandboxConfig::default(), 1).unwrap();
    let compiled = sandbox.compile(impulse.component).unwrap();
    let prepared = std::sync::Arc::new(crate::strategies::described(&sandbox, &compiled).unwrap());
    let strategies = puppet_backtest::Sandboxed::new(prepared, sandbox.strategy_stack_bytes());
    let found = found(&[Mint::SOL, Mint::USDC]);
    let known = Markets::built_in();
    let (ids, _) = traded(&found.rules, &known);
    let markets: Vec<_> = ids.iter().map(|id| known.get(id).unwrap().clone()).collect();
    let parameters: Vec<(String, i64)> = found.impulse.clone().into_iter().collect();
    assert_eq!(parameters.len(), 7, "{parameters:?}");
    let (_, all) = puppet_trade::fits(&strategies, (&markets, 60), &parameters, (None, &found.rules)).unwrap();
    assert!(parameters.iter().all(|given| all.contains(given)), "{all:?}");
}

#[test]
fn the_file_reads_back_as_the_same_rules_and_says_where_each_is_from() {
    let found = found(&[Mint::SOL, Mint::USDC, "mSoLzYCxHdYgdzU16g5QSh3i5K3z3KZK7ytfqcJm7So"]);
    let (markets, without) = traded(&found.rules, &Markets::built_in());
    assert_eq!((markets.as_slice(), without.len()), (["USDC/SOL".to_owned()].as_slice(), 1));
    let text = text("a.gull", &found, &markets).unwrap();
    assert!(text.contains("max_daily_trades = 3  # solana_integration.trade_safety.max_daily_trades\n"), "{text}");
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("a.toml");
    std::fs::write(&file, &text).unwrap();
    assert_eq!(crate::config::rules_file(&file).unwrap(), found.rules);
    assert!(text.contains("[trading.desks.a-gull]\n") && text.contains("agent = \"a.gull\""));
    // Without a market there is no desk, which would be none.
    let none = super::text("a", &found, &[]).unwrap();
    assert!(!none.contains("[trading.desks") && none.contains("no known market"));
}
