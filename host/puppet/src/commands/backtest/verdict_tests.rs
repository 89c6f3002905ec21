//! What the command ends with, by what came of the run.

use puppet_backtest::{Difference, LookAhead, StrategyId};
use puppet_types::{
    Timestamp,
    trade::{Mint, Token},
};

use super::*;

fn outcome() -> Outcome {
    Outcome {
        strategy: StrategyId { pack: "any".to_owned(), version: String::new(), digest: None },
        parameters: Vec::new(),
        seed: 1,
        bar_seconds: 60,
        markets: Vec::new(),
        quote: Token { mint: Mint::sol(), symbol: "SOL".to_owned(), decimals: 9 },
        start_balance: 1,
        models: Models::default(),
        equity: Vec::new(),
        orders: Vec::new(),
        fills: Vec::new(),
        trades: Vec::new(),
        denials: Vec::new(),
        fees: 0,
        fuel: 0,
        batches: 0,
        warm_up: 0,
        breaches: Vec::new(),
        stopped: None,
        look_ahead: None,
    }
}

#[test]
fn a_decision_that_depends_on_the_future_ends_with_one() {
    assert!(verdict(&outcome()).is_ok(), "nobody asked");
    let clean = LookAhead { cuts: 50, differences: Vec::new() };
    assert!(verdict(&Outcome { look_ahead: Some(clean.clone()), ..outcome() }).is_ok());
    let at = Timestamp::from_millis(60_000);
    let difference = Difference { cut_at: at, at, with_all: Some("buy".to_owned()), with_cut: None };
    let found = LookAhead { differences: vec![difference], ..clean };
    let told = verdict(&Outcome { look_ahead: Some(found.clone()), ..outcome() }).unwrap_err();
    assert_eq!((told.code, told.exit), ("look-ahead", Exit::Failed));
    assert!(told.message.starts_with("1 cut of history"), "{}", told.message);
    // A run that ended before its data has looked at too little to say so.
    let stopped = Outcome { look_ahead: Some(found), stopped: Some("it trapped".to_owned()), ..outcome() };
    let told = verdict(&stopped).unwrap_err();
    assert_eq!((told.code, told.exit), ("run-stopped", Exit::Failed));
}
