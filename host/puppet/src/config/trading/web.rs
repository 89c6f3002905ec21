//! `[trading.second_prices."MARKET"]` and `[trading.trending]`: JSON documents of the web that tell of prices, each with the
//! key that it may want.

use std::collections::BTreeMap;

use puppet_trade::Pointer;
use puppet_wallet::Rules;

use super::{
    super::{KeySource, Secret, key_source, read::Section, settings::known},
    Desk,
};
use crate::trouble::Result;

/// Where a document is, and how it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebSource {
    /// Its address, which holds no key.
    pub url: String,
    /// Where its key is; none: it wants none.
    pub key_source: Option<KeySource>,
    /// The key, where it came from the environment.
    pub key: Option<Secret>,
    /// The header that the key goes into.
    pub key_header: String,
    /// For a request.
    pub timeout_ms: u64,
}

/// `[trading.second_prices."MARKET"]`: what else says what a market costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondPrice {
    /// The document.
    pub source: WebSource,
    /// Where in it the price is.
    pub pointer: Pointer,
}

/// `[trading.trending]`: what tells which tokens many trade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrendingList {
    /// The document.
    pub source: WebSource,
    /// Where in it the list is.
    pub tokens: Pointer,
}

/// What is expected of an address.
const ADDRESS: &str =
    "an address that begins with https:// (or http:// for this machine) and holds no user or password";
/// What is expected of a header's name.
const HEADER: &str = "the name of a header, for example \"x-api-key\"";
/// What is expected of a place in a document.
const POINTER: &str = "a JSON pointer, for example \"/data/price\"";
/// Names of parameters that hold keys.
const KEYS: [&str; 8] = ["key", "apikey", "api_key", "api-key", "token", "access_token", "secret", "x-api-key"];

impl WebSource {
    /// The header of a key where nothing is said.
    pub const KEY_HEADER: &'static str = "x-api-key";
    /// For a request, where nothing is said.
    pub const TIMEOUT_MS: u64 = 10_000;

    /// None where no address is named and there is no other one.
    fn read(section: &Section<'_>, otherwise: Option<&str>) -> Result<Option<Self>> {
        let key_source = key_source::read(section, "key")?;
        let header = section.parsed("key_header", HEADER, header)?;
        let timeout = section.integer("timeout_ms", 100..=60_000)?;
        let url = section.parsed("url", ADDRESS, address)?;
        if let Some(url) = url.as_ref().filter(|url| holds_key(&url.value)) {
            let message = "this address seems to hold a key, which does not belong in this file";
            let remedy = "leave it out, and name where it is: key_env = \"MY_KEY\", with key_header for its header";
            return Err(section.wrong("url", url.line, message, remedy));
        }
        let Some(url) = url.map(|found| found.value).or_else(|| otherwise.map(str::to_owned)) else { return Ok(None) };
        Ok(Some(Self {
            url,
            key_source,
            key: None,
            key_header: header.map_or_else(|| Self::KEY_HEADER.to_owned(), |found| found.value),
            timeout_ms: timeout.map_or(Self::TIMEOUT_MS, |found| found.value),
        }))
    }
}

impl SecondPrice {
    /// All of them, by market.
    pub(super) fn read_all(trading: &Section<'_>) -> Result<BTreeMap<String, Self>> {
        let mut all = BTreeMap::new();
        let Some((table, entries)) = trading.named("second_prices")? else { return Ok(all) };
        for entry in entries {
            let name = entry.name.as_str();
            if !Desk::is_market(name) {
                let remedy = "for example [trading.second_prices.\"SOL/USDC\"]";
                return Err(table.wrong(name, entry.line, "expected the id of a market", remedy));
            }
            let Some(found) = table.section(name, &known("trading.second_prices.<market>"))? else { continue };
            let Some(source) = WebSource::read(&found.value, None)? else {
                return Err(table.wrong(name, entry.line, "names no address", "set url and pointer"));
            };
            let Some(pointer) = found.value.parsed("pointer", POINTER, |text| text.parse().ok())? else {
                let remedy = "for example pointer = \"/price\"";
                return Err(table.wrong(name, entry.line, "does not say where in the answer the price is", remedy));
            };
            all.insert(entry.name, Self { source, pointer: pointer.value });
        }
        Ok(all)
    }
}

impl TrendingList {
    /// Birdeye's list of Solana.
    pub const BIRDEYE: &'static str =
        "https://public-api.birdeye.so/defi/token_trending?sort_by=rank&sort_type=asc&offset=0&limit=20";
    /// The variable of its key, as the original engine has it.
    pub const BIRDEYE_KEY: &'static str = "BIRDEYE_API_KEY";
    /// Where Birdeye's list is.
    pub const TOKENS: &'static str = "/data/tokens";

    /// None where the table is not there.
    pub(super) fn read(trading: &Section<'_>) -> Result<Option<Self>> {
        let Some(found) = trading.section("trending", &known("trading.trending"))? else { return Ok(None) };
        let Some(source) = WebSource::read(&found.value, Some(Self::BIRDEYE))? else { return Ok(None) };
        let tokens = found.value.parsed("tokens", POINTER, |text| text.parse().ok())?.map(|found| found.value);
        let usual = || Self::TOKENS.parse().map_err(crate::trouble::Trouble::internal);
        Ok(Some(Self { source, tokens: tokens.map_or_else(usual, Ok)? }))
    }
}

/// A rule that compares two prices has two for every market of a desk: without the second it denies every order.
pub(super) fn has_second_prices(
    trading: &Section<'_>,
    rules: Option<&Rules>,
    desks: &BTreeMap<String, Desk>,
    second: &BTreeMap<String, SecondPrice>,
) -> Result<()> {
    if rules.is_none_or(|rules| rules.max_deviation_bps.is_none()) {
        return Ok(());
    }
    for (name, desk) in desks {
        if let Some(market) = desk.markets.iter().find(|market| !second.contains_key(*market)) {
            let key = format!("trading.desks.{name}.markets");
            let line = trading.leaves().iter().find(|(leaf, _)| *leaf == key).map_or(1, |(_, line)| *line);
            let key = key.trim_start_matches("trading.");
            return Err(trading.wrong(key, line, lacks(market), remedy(market)));
        }
    }
    Ok(())
}

/// Why orders in this market would all be denied.
pub fn lacks(market: &str) -> String {
    format!("`max_deviation_bps` compares two prices, and there is no second one of {market}")
}

/// What to do about it.
pub fn remedy(market: &str) -> String {
    format!(
        "add [trading.second_prices.\"{market}\"] with url and pointer (docs/trading/risk.md), or leave the rule out"
    )
}

fn address(text: &str) -> Option<String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or("");
    let is_one = !host.is_empty() && !host.contains('@') && !text.contains(char::is_whitespace);
    is_one.then(|| text.to_owned())
}

fn header(text: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (!text.is_empty() && text.len() <= 64 && text.bytes().all(is_plain)).then(|| text.to_owned())
}

fn holds_key(url: &str) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let names = query.split(['&', '#']).filter_map(|pair| pair.split('=').next());
    names.map(str::to_ascii_lowercase).any(|name| KEYS.contains(&name.as_str()))
}
