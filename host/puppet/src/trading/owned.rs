//! What a desk owns, as programs read it: amounts as texts in the smallest unit, each beside the decimals of its token.

use std::collections::BTreeMap;

use puppet_trade::DeskView;
use puppet_types::trade::{Mint, Token};
use serde::Serialize;

/// See the head of this file.
#[derive(Serialize)]
pub struct Owned<'a> {
    /// What everything is paid in: the token of what sales made, of fees, of what there is.
    quote: Option<Named<'a>>,
    balances: Vec<Balance<'a>>,
    markets: Vec<InMarket<'a>>,
    realised: String,
    fees: String,
    network_fee_lamports: u64,
    equity: Option<String>,
    peak: String,
}

#[derive(Clone, Copy, Serialize)]
struct Named<'a> {
    mint: &'a Mint,
    symbol: Option<&'a str>,
    decimals: Option<u8>,
}

#[derive(Serialize)]
struct Balance<'a> {
    #[serde(flatten)]
    token: Named<'a>,
    amount: String,
    held: String,
}

#[derive(Serialize)]
struct InMarket<'a> {
    market: &'a str,
    quantity: String,
    decimals: u8,
    entry_price: String,
    price: Option<String>,
    price_decimals: u8,
    realised: String,
    fees: String,
}

impl<'a> Owned<'a> {
    /// As of the view.
    pub fn of(view: &'a DeskView) -> Self {
        let portfolio = &view.portfolio;
        let tokens = view.markets.iter().flat_map(|market| [&market.base, &market.quote]);
        let tokens: BTreeMap<&Mint, &Token> = tokens.map(|token| (&token.mint, token)).collect();
        let named = |mint: &'a Mint| {
            let token = tokens.get(mint);
            Named {
                mint,
                symbol: token.map(|token| token.symbol.as_str()),
                decimals: token.map(|token| token.decimals),
            }
        };
        let balance = |balance: &'a puppet_wallet::Balance| Balance {
            token: named(&balance.mint),
            amount: balance.amount.to_string(),
            held: balance.held.to_string(),
        };
        let in_markets = view.markets.iter().zip(&portfolio.markets).map(|(market, held)| InMarket {
            market: &held.market,
            quantity: held.position.quantity.to_string(),
            decimals: market.base.decimals,
            entry_price: held.position.entry_price.to_string(),
            price: held.price.map(|price| price.to_string()),
            price_decimals: market.price_decimals,
            realised: held.realised.to_string(),
            fees: held.fees.to_string(),
        });
        Self {
            quote: view.markets.first().map(|market| named(&market.quote.mint)),
            balances: portfolio.balances.iter().map(balance).collect(),
            markets: in_markets.collect(),
            realised: portfolio.realised.to_string(),
            fees: portfolio.fees.to_string(),
            network_fee_lamports: portfolio.network_fees,
            equity: portfolio.equity.map(|equity| equity.to_string()),
            peak: portfolio.peak.to_string(),
        }
    }
}
