//! Looks at prices and at its purse, keeps what it saw, and swaps.

use puppet_sdk::prelude::*;

/// The plugin.
pub struct Purse;

puppet_sdk::personality!(Purse);

const MARKET: &str = "SOL/USDC";

impl Personality for Purse {
    fn handle(event: Event) -> Result<(), Failure> {
        match event.kind.as_str() {
            "purse.look" => look(),
            "purse.swap" => swap(),
            _ => Ok(()),
        }
    }
}

/// Everything that the two tell, as it is told.
fn look() -> Result<(), Failure> {
    let price =
        |price: &market::Price| json!([price.market, price.price, price.price_decimals, price.at, price.change_bps]);
    let token =
        |token: &market::Token| json!([token.mint, token.symbol, token.name, token.decimals, token.is_verified]);
    let bar = |bar: &market::Bar| json!([bar.at, bar.open, bar.high, bar.low, bar.close, bar.volume]);
    let trend = |trend: &market::Trend| json!([token(&trend.token), price(&trend.price), trend.rank]);
    let held = |held: &wallet::Balance| json!([held.mint, held.symbol, held.amount, held.decimals]);
    let bars = market::candles(MARKET, 60, 2)?;
    let now = market::quote(MARKET)?;
    let trends = market::trending(2)?;
    let sol = market::token_info("SOL")?;
    let purse = wallet::balances()?;
    let given = wallet::quote(&purse[0].mint, &purse[1].mint, 5)?;
    let given = json!([
        given.in_mint,
        given.out_mint,
        given.in_amount,
        given.out_amount,
        given.price_impact_bps,
        given.fee_lamports,
        given.at
    ]);
    let seen = json!({
        "bars": bars.iter().map(bar).collect::<Vec<_>>(), "given": given, "now": price(&now),
        "purse": purse.iter().map(held).collect::<Vec<_>>(), "sol": token(&sol),
        "trends": trends.iter().map(trend).collect::<Vec<_>>(),
    });
    Ok(state::save(1, &seen)?)
}

fn swap() -> Result<(), Failure> {
    let purse = wallet::balances()?;
    let settings: serde_json::Value = agent::settings()?;
    let intent = wallet::SwapIntent {
        in_mint: purse[0].mint.clone(),
        out_mint: purse[1].mint.clone(),
        amount: settings["amount"].as_u64().unwrap_or(5),
        max_slippage_bps: 50,
        reason: "the tide is low".to_owned(),
    };
    match wallet::swap(&intent) {
        Ok(number) => log::info(&format!("swap {number}")),
        Err(error) if error.is("denied") => log::info("no swap"),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
