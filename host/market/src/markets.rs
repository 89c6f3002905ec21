//! Which markets and tokens there are: those that come with the program, those of the operator's file, and made-up ones
//! for a backtest of a market that nobody told of.

use std::collections::BTreeMap;

use puppet_types::{
    Digest,
    trade::{Market, Mint, Token},
};
use serde::Deserialize;

use crate::MAX_PRICE_DECIMALS;

/// A token of more decimals cannot be held in 64 bits in amounts of any use.
pub const MAX_TOKEN_DECIMALS: u8 = 18;
const MAX_SYMBOL: usize = 24;

/// Markets by their id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Markets {
    markets: BTreeMap<String, Market>,
}

/// What is wrong with a file of markets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MarketsError {
    /// The text is no TOML, or has other keys.
    #[error("{0}")]
    Syntax(String),
    /// A value that cannot be.
    #[error("market `{market}`: {field}: {what}")]
    Value {
        /// Its id.
        market: String,
        /// `base.mint`.
        field: &'static str,
        /// Why.
        what: String,
    },
    /// Two of one id.
    #[error("market `{0}` is there twice")]
    Twice(String),
    /// One mint that is told in two ways.
    #[error("token {0} is told in two ways: one symbol and one number of decimals per mint")]
    Contradiction(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    market: Vec<MarketEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MarketEntry {
    id: String,
    base: TokenEntry,
    quote: TokenEntry,
    price_decimals: u8,
    min_quantity: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenEntry {
    mint: String,
    symbol: String,
    decimals: u8,
}

/// Symbol, mint and decimals of tokens on Solana's mainnet, and with how many decimals their price in dollars is kept.
const TOKENS: [(&str, &str, u8, u8); 6] = [
    ("SOL", Mint::SOL, 9, 9),
    ("JUP", "JUPyiwrYJFskUPiHa7hkeR8VUtAeFoSYbKedZNsDvCN", 6, 9),
    ("BONK", "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263", 5, 12),
    ("WIF", "EKpQGSJtjMFqKZ9KQanSqYXRcF8fBopzLHYxdM65zcjm", 6, 9),
    ("RAY", "4k3Dyjzvzp8eMZWUXbBCjEvwSkkk59S5iCNLY3QrkX6R", 6, 9),
    ("USDT", "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB", 6, 9),
];

impl Markets {
    /// Those that come with the program: each against USDC, SOL against USDT, and USDC against SOL.
    pub fn built_in() -> Self {
        let token = |symbol: &str, mint: &str, decimals| {
            Some(Token { mint: Mint::parse(mint)?, symbol: symbol.to_owned(), decimals })
        };
        let usdc = token("USDC", Mint::USDC, 6);
        let mut markets = Self { markets: BTreeMap::new() };
        let mut add = |base: Option<Token>, quote: Option<Token>, price_decimals| {
            if let (Some(base), Some(quote)) = (base, quote) {
                let id = format!("{}/{}", base.symbol, quote.symbol);
                markets.markets.insert(id.clone(), Market { id, base, quote, price_decimals, min_quantity: 1 });
            }
        };
        for (symbol, mint, decimals, price_decimals) in TOKENS {
            add(token(symbol, mint, decimals), usdc.clone(), price_decimals);
            if symbol == "USDT" {
                add(token("SOL", Mint::SOL, 9), token(symbol, mint, decimals), 9);
            }
        }
        add(usdc, token("SOL", Mint::SOL, 9), 12);
        markets
    }

    /// Those that come with the program and those of a file, which count where both have one of an id.
    pub fn with_file(text: &str) -> Result<Self, MarketsError> {
        let file: File = toml::from_str(text).map_err(|error| MarketsError::Syntax(error.to_string()))?;
        let mut named = BTreeMap::new();
        let mut tokens = BTreeMap::<String, Token>::new();
        for entry in file.market {
            let market = entry.checked()?;
            for token in [&market.base, &market.quote] {
                let known = tokens.entry(token.mint.to_string()).or_insert_with(|| token.clone());
                if known != token {
                    return Err(MarketsError::Contradiction(token.mint.to_string()));
                }
            }
            if named.contains_key(&market.id) {
                return Err(MarketsError::Twice(market.id));
            }
            named.insert(market.id.clone(), market);
        }
        let mut markets = Self::built_in();
        markets.markets.extend(named);
        Ok(markets)
    }

    /// By id: `SOL/USDC`.
    pub fn get(&self, id: &str) -> Option<&Market> {
        self.markets.get(id)
    }

    /// All of them, by id.
    pub fn all(&self) -> impl Iterator<Item = &Market> {
        self.markets.values()
    }

    /// A token of any market, by its mint or by its symbol. A symbol that two mints share finds none.
    pub fn token(&self, wanted: &str) -> Option<&Token> {
        let tokens = || self.all().flat_map(|market| [&market.base, &market.quote]);
        if let Some(token) = tokens().find(|token| token.mint.as_str() == wanted) {
            return Some(token);
        }
        let mut found = tokens().filter(|token| token.symbol == wanted);
        let first = found.next()?;
        found.all(|token| token.mint == first.mint).then_some(first)
    }
}

impl Default for Markets {
    fn default() -> Self {
        Self::built_in()
    }
}

impl MarketEntry {
    fn checked(self) -> Result<Market, MarketsError> {
        let id = self.id;
        let bad = |field, what: String| MarketsError::Value { market: id.clone(), field, what };
        let [base_word, quote_word] = words(&id).ok_or_else(|| bad("id", "write it as SOL/USDC".into()))?;
        let token = |entry: TokenEntry, word: &str, fields: [&'static str; 3]| {
            if entry.symbol != word {
                return Err(bad(fields[0], format!("`{}`, where the id says `{word}`", entry.symbol)));
            }
            if entry.decimals > MAX_TOKEN_DECIMALS {
                return Err(bad(fields[1], format!("{}: {MAX_TOKEN_DECIMALS} is the most", entry.decimals)));
            }
            let mint = Mint::parse(&entry.mint).ok_or_else(|| bad(fields[2], format!("`{}` is none", entry.mint)))?;
            Ok(Token { mint, symbol: entry.symbol, decimals: entry.decimals })
        };
        let base = token(self.base, base_word, ["base.symbol", "base.decimals", "base.mint"])?;
        let quote = token(self.quote, quote_word, ["quote.symbol", "quote.decimals", "quote.mint"])?;
        if base.mint == quote.mint {
            return Err(bad("quote.mint", "it is the one of the base token".into()));
        }
        if self.price_decimals > MAX_PRICE_DECIMALS {
            return Err(bad("price_decimals", format!("{}: {MAX_PRICE_DECIMALS} is the most", self.price_decimals)));
        }
        if self.min_quantity == 0 {
            return Err(bad("min_quantity", "it is 1 at least".into()));
        }
        let (price_decimals, min_quantity) = (self.price_decimals, self.min_quantity);
        Ok(Market { id, base, quote, price_decimals, min_quantity })
    }
}

/// The two symbols of an id.
fn words(id: &str) -> Option<[&str; 2]> {
    let (base, quote) = id.split_once('/')?;
    let is_symbol = |word: &str| {
        (1..=MAX_SYMBOL).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'$')
    };
    (is_symbol(base) && is_symbol(quote) && base != quote).then_some([base, quote])
}

/// The id of a market as somebody writes it: its tokens as they are known, whatever the case of the letters, else as
/// they are written.
pub(crate) fn named(id: &str, markets: &Markets) -> Option<String> {
    let [base, quote] = words(id)?;
    let tokens = || markets.all().flat_map(|market| [&market.base, &market.quote]);
    let known = |word: &str| {
        let token = tokens().find(|token| token.symbol.eq_ignore_ascii_case(word));
        token.map_or_else(|| word.to_owned(), |token| token.symbol.clone())
    };
    let id = format!("{}/{}", known(base), known(quote));
    words(&id).is_some().then_some(id)
}

/// Decimals of a made-up token that others are paid with.
const QUOTE_DECIMALS: u8 = 6;

/// A market that nobody told of, for a backtest: of tokens that are known by their symbols, and of made-up ones, whose
/// mints lead nowhere. Whether one of them is made up.
pub(crate) fn assembled(id: &str, markets: &Markets, base_decimals: u8, price_decimals: u8) -> Option<(Market, bool)> {
    let mut is_made_up = false;
    let mut token = |symbol: &str, decimals| match markets.token(symbol) {
        Some(known) => Some(known.clone()),
        None => {
            is_made_up = true;
            Some(Token { mint: made_up_mint(symbol, decimals)?, symbol: symbol.to_owned(), decimals })
        }
    };
    let [base, quote] = words(id)?;
    let (base, quote) = (token(base, base_decimals)?, token(quote, QUOTE_DECIMALS)?);
    Some((Market { id: id.to_owned(), base, quote, price_decimals, min_quantity: 1 }, is_made_up))
}

/// One per symbol and number of decimals; that it is none is to be read in it.
fn made_up_mint(symbol: &str, decimals: u8) -> Option<Mint> {
    const LETTERS: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let digest = Digest::of(format!("{symbol} {decimals}").as_bytes());
    let mut mint = String::from("MadeUp");
    // 43 letters that begin with an M are 32 bytes.
    mint.extend(digest.as_bytes().iter().cycle().take(37).map(|byte| char::from(LETTERS[usize::from(*byte) % 58])));
    Mint::parse(&mint)
}
