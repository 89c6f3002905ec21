//! What is in a purse: what the chain says, what the books say, and the difference. Tokens are named by the operator's markets
//! alone: what a mint says of itself anybody can write.

mod chain;

use std::collections::BTreeMap;

use puppet_market::Markets;
use puppet_packs::SecretsFile;
use puppet_types::trade::Mint;
use serde::Serialize;

use self::chain::OnChain;
use super::{
    books::{self, Kept},
    standing::kept_of,
};
use crate::{
    credentials, records,
    rows::Rows,
    setup::Setup,
    trouble::{Result, Trouble},
    wallets,
};

/// One purse.
#[derive(Debug, Serialize)]
pub struct Purse {
    /// Its name.
    pub name: String,
    /// `live` or `paper`.
    pub kind: &'static str,
    /// Of the wallet; none of paper.
    pub address: Option<String>,
    /// Which chain, where it is known.
    pub network: Option<String>,
    /// Whether the chain answered.
    pub chain: bool,
    /// Whether there are books.
    pub books: bool,
    /// SOL first.
    pub tokens: Vec<Token>,
    /// All that the books have, in the quote token.
    pub equity: Option<Equity>,
    /// Why the chain does not answer, or the books cannot be read.
    pub problem: Option<String>,
}

/// All that there is, in one token.
#[derive(Debug, Serialize)]
pub struct Equity {
    /// Which.
    pub mint: String,
    /// As the operator's markets call it.
    pub symbol: Option<String>,
    /// Digits after the point of a whole token.
    pub decimals: Option<u8>,
    /// In its smallest unit.
    pub amount: String,
}

/// One token; amounts in its smallest unit, as texts.
#[derive(Debug, Serialize)]
pub struct Token {
    /// Which.
    pub mint: String,
    /// As the operator's markets call it.
    pub symbol: Option<String>,
    /// Digits after the point of a whole token.
    pub decimals: Option<u8>,
    /// `native`, `spl-token` or `token-2022`; null where only the books have it.
    pub program: Option<&'static str>,
    /// What the chain says.
    pub chain: Option<String>,
    /// What the books say.
    pub books: Option<String>,
    /// Of the books' amount, what is held for open orders.
    pub held: Option<String>,
    /// Chain less books.
    pub difference: Option<String>,
    /// What is odd about the accounts: `frozen`, `delegated`, `closable-by-others`, `some-wrapped`.
    pub flags: Vec<&'static str>,
}

/// Looks into purses. What the books say is there also where the chain does not answer; the first that it does not say of is
/// told beside.
///
/// # Errors
/// Secrets, markets or books cannot be read.
pub async fn of(setup: &Setup, names: Vec<String>) -> Result<(Vec<Purse>, Option<Trouble>)> {
    let secrets = credentials::secrets(setup)?;
    let rows = records::if_there(setup).await?;
    let markets = wallets::markets(setup)?;
    let (mut items, mut failed) = (Vec::new(), None);
    for name in names {
        let (purse, trouble) = one((setup, &secrets, &markets), rows.as_ref(), name).await?;
        items.push(purse);
        failed = failed.or(trouble);
    }
    Ok((items, failed))
}

async fn one(
    (setup, secrets, markets): (&Setup, &SecretsFile, &Markets),
    rows: Option<&Rows>,
    name: String,
) -> Result<(Purse, Option<Trouble>)> {
    let (said, kept) = kept_of(rows, &name).await?;
    let mut on_chain = Ok(None);
    let mut address = None;
    if !books::is_paper(&name) {
        on_chain = async {
            let wallet = wallets::key(setup, secrets, &name)?;
            address = Some(wallet.address().to_string());
            let network = wallets::acknowledged(setup.config.trading.network, &said, &name)?;
            let node = wallets::node(setup, secrets, network).await?;
            OnChain::of(&node, wallet.address()).await.map(Some)
        }
        .await;
    }
    let (chain, failed) = match on_chain {
        Ok(chain) => (chain, None),
        Err(trouble) => (None, Some(trouble)),
    };
    let problem = failed.as_ref().map(|trouble| trouble.message.clone());
    Ok((Purse::of(setup, name, address, chain, kept.as_ref(), problem, markets), failed))
}

impl Purse {
    fn of(
        setup: &Setup,
        name: String,
        address: Option<String>,
        chain: Option<OnChain>,
        kept: Option<&Kept>,
        problem: Option<String>,
        markets: &Markets,
    ) -> Self {
        let shown = kept.and_then(|kept| kept.books.as_ref().ok());
        let problem = problem.or_else(|| kept.and_then(|kept| kept.books.as_ref().err().cloned()));
        let has_chain = chain.is_some();
        let symbol = |mint: &str| markets.token(mint).map(|token| token.symbol.clone());
        let decimals = |mint: &str| {
            let of_books = shown.into_iter().flat_map(|shown| &shown.markets);
            let mut tokens = of_books.flat_map(|market| [&market.base, &market.quote]);
            let token = tokens.find(|token| token.mint.as_str() == mint).or_else(|| markets.token(mint));
            token.map(|token| token.decimals)
        };
        let mut tokens: BTreeMap<String, Token> = BTreeMap::new();
        let empty = |mint: &str| Token {
            mint: mint.to_owned(),
            symbol: symbol(mint),
            decimals: decimals(mint),
            program: None,
            chain: has_chain.then(|| "0".to_owned()),
            books: None,
            held: None,
            difference: None,
            flags: Vec::new(),
        };
        for held in chain.into_iter().flat_map(|chain| chain.tokens) {
            let token = tokens.entry(held.mint.clone()).or_insert_with(|| empty(&held.mint));
            token.chain = Some(held.amount.to_string());
            token.decimals = held.decimals.or(token.decimals);
            (token.program, token.flags) = (Some(held.program), held.flags);
        }
        for balance in shown.into_iter().flat_map(|shown| &shown.portfolio.balances) {
            let token = tokens.entry(balance.mint.to_string()).or_insert_with(|| empty(balance.mint.as_str()));
            token.books = Some(balance.amount.to_string());
            token.held = Some(balance.held.to_string());
            let on_chain = token.chain.as_ref().and_then(|amount| amount.parse::<i128>().ok());
            token.difference = on_chain.map(|amount| (amount - i128::from(balance.amount)).to_string());
        }
        let quote = shown.and_then(|shown| Some(shown.portfolio.balances.first()?.mint.to_string()));
        let equity = shown.and_then(|shown| shown.portfolio.equity).zip(quote).map(|(amount, mint)| Equity {
            symbol: symbol(&mint),
            decimals: decimals(&mint),
            amount: amount.to_string(),
            mint,
        });
        let is_paper = books::is_paper(&name);
        // SOL first: it pays for everything.
        let mut tokens: Vec<Token> = tokens.into_values().collect();
        tokens.sort_by_key(|token| token.mint != Mint::SOL);
        Self {
            kind: if is_paper { "paper" } else { "live" },
            address,
            network: kept
                .and_then(|kept| kept.network.clone())
                .or_else(|| (!is_paper).then(|| setup.config.trading.network.name().to_owned())),
            chain: has_chain,
            books: shown.is_some(),
            tokens,
            equity,
            problem,
            name,
        }
    }
}

/// What the chain does not answer.
fn unanswered(error: &puppet_solana::chain::ChainError) -> Trouble {
    wallets::of_chain(error)
}
