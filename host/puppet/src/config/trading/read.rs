//! Reads `[trading]`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use puppet_solana::{Network, swap::Via};
use puppet_types::trade::Mint;

use super::{
    super::{
        KeySource, key_source,
        load::{BASE_URL, LENGTH, base_url, length},
        read::{Found, Section, Source},
        settings::known,
        suggest,
    },
    Desk, Paper, RpcPlace, SecondPrice, Trading, TradingWallet, TrendingList, risk, web,
};
use crate::trouble::Result;

/// Words that a key is called by.
const KEYS: [&str; 9] =
    ["key", "private_key", "secret", "secret_key", "keypair", "seed", "mnemonic", "phrase", "token"];
/// A part of an address that is as long as this is no word: it is a key.
const LONG_PART: usize = 20;

impl Trading {
    /// Reads the section; `source` is for the rules, and for where the file is.
    pub(in super::super) fn read(section: &Section<'_>, source: Source<'_>) -> Result<Self> {
        let mut trading = Self::default();
        if let Some(Found { value, line }) = section.text("network", "the name of a network")? {
            trading.network = value.parse().map_err(|_| {
                let begun = Network::ALL.into_iter().find(|network| network.name().starts_with(value.as_str()));
                let remedy = match begun {
                    Some(network) => format!("did you mean `{network}`?"),
                    None => suggest::remedy(&value, &Network::ALL.map(Network::name)),
                };
                section.wrong("network", line, format!("`{value}` is no network"), remedy)
            })?;
        }
        trading.rpc = rpc(section)?;
        let path = |text: &str| (!text.trim().is_empty()).then(|| PathBuf::from(text));
        if let Some(markets) = section.parsed("markets", "the path of a file with [[market]] tables", path)? {
            trading.markets = Some(Self::beside(source.file, markets.value));
        }
        if let Some(poll) = section.integer("poll_ms", Self::POLL)? {
            trading.poll_ms = poll.value;
        }
        if let Some(Found { value, line }) = section.text("via", "`jupiter` or `own-node`")? {
            const ALL: [Via; 2] = [Via::Jupiter, Via::OwnNode];
            trading.via = ALL.into_iter().find(|via| Self::via_name(*via) == value).ok_or_else(|| {
                let remedy = suggest::remedy(&value, &ALL.map(Self::via_name));
                section.wrong("via", line, format!("`{value}` is no way to send"), remedy)
            })?;
        }
        trading.approve_above = approve_above(section)?;
        if let Some(within) = section.parsed("approve_within", LENGTH, length)? {
            (trading.approve_within_ms, trading.approve_within) = within.value;
        }
        if let Some(jupiter) = section.section("jupiter", &known("trading.jupiter"))? {
            if let Some(endpoint) = jupiter.value.parsed("endpoint", BASE_URL, base_url)? {
                trading.jupiter.endpoint = endpoint.value;
            }
            trading.jupiter.key_source = key_source::read(&jupiter.value, "key")?;
        }
        trading.wallets = wallets(section, source.file)?;
        if let Some(paper) = section.section("paper", &known("trading.paper"))? {
            trading.paper = Paper::read(&paper.value)?;
        }
        trading.desks = Desk::read_all(section)?;
        trading.risk = risk::read(section, source)?;
        trading.trending = TrendingList::read(section)?;
        trading.second_prices = SecondPrice::read_all(section)?;
        web::has_second_prices(section, trading.risk.as_ref(), &trading.desks, &trading.second_prices)?;
        Ok(trading)
    }
}

fn rpc(section: &Section<'_>) -> Result<RpcPlace> {
    let source = key_source::read(section, "rpc")?;
    let Some(Found { value: url, line }) = section.parsed("rpc_url", BASE_URL, rpc_url)? else {
        return Ok(source.map_or(RpcPlace::Public, |source| RpcPlace::Kept { source, value: None }));
    };
    if source.is_some() {
        let remedy = "keep one of rpc_url, rpc_env, rpc_secret and rpc_credential";
        return Err(section.wrong("rpc_url", line, "the endpoint is named twice", remedy));
    }
    if holds_key(&url) {
        let message = "this address seems to hold a key, which does not belong in this file";
        let remedy =
            "put the address into the environment or `.env`, and name the variable: rpc_env = \"SOLANA_RPC_URL\"";
        return Err(section.wrong("rpc_url", line, message, remedy));
    }
    Ok(RpcPlace::Url(url))
}

/// As it is: nothing is cut off but space.
fn rpc_url(text: &str) -> Option<String> {
    base_url(text).map(|_| text.trim().to_owned())
}

/// Whether an address has something behind the host that is no word.
fn holds_key(url: &str) -> bool {
    let behind = url.split_once("://").map_or(url, |(_, rest)| rest).split_once('/').map_or("", |(_, path)| path);
    url.contains(['?', '#']) || behind.split('/').any(|part| part.len() >= LONG_PART)
}

fn approve_above(section: &Section<'_>) -> Result<Option<BTreeMap<String, u64>>> {
    let Some((table, entries)) = section.named("approve_above")? else { return Ok(None) };
    let mut amounts = BTreeMap::new();
    for entry in entries {
        if Mint::parse(&entry.name).is_none() {
            let message = "it is no mint; a symbol is none: anybody can call a token anything";
            return Err(table.wrong(&entry.name, entry.line, message, "write the address of the mint"));
        }
        if let Some(amount) = table.integer(&entry.name, 0..=i64::MAX.unsigned_abs())? {
            amounts.insert(entry.name, amount.value);
        }
    }
    Ok(Some(amounts))
}

/// A key that was pasted where a path belongs: its bytes as a list, or longer than names of files are without a folder or a dot.
fn is_key(text: &str) -> bool {
    let text = text.trim();
    text.starts_with('[') || (text.len() > 40 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn wallets(section: &Section<'_>, beside: &Path) -> Result<BTreeMap<String, TradingWallet>> {
    let mut wallets = BTreeMap::new();
    let Some((table, entries)) = section.named("wallets")? else { return Ok(wallets) };
    for entry in entries {
        let name = entry.name.as_str();
        if !Trading::is_name(name) {
            let message = format!("expected a name of 1 to {} letters, digits, `-` and `_`", Trading::NAME_BYTES);
            return Err(table.wrong(name, entry.line, message, ""));
        }
        if KEYS.iter().any(|key| entry.has(key)) {
            let message = "a key does not belong in this file";
            let remedy = format!(
                "take it out, keep it with `puppet wallet new {name} --import`, and leave the entry out; or put it into \
                 the environment or `.env`, and name the variable: key_env = \"MY_WALLET_KEY\""
            );
            return Err(table.wrong(name, entry.line, message, remedy));
        }
        let Some(wallet) = table.section(name, &known("trading.wallets.<name>"))? else { continue };
        let path = |text: &str| {
            let is_path = !text.trim().is_empty() && !is_key(text);
            is_path.then(|| Trading::beside(beside, text.into()))
        };
        let file = wallet.value.parsed("key_file", "the path of a file with the key (not the key itself)", path)?;
        let key_source = match (key_source::read(&wallet.value, "key")?, file) {
            (Some(_), Some(file)) => {
                let message = "the key is named twice";
                return Err(wallet.value.wrong("key_file", file.line, message, "keep one of the places"));
            }
            (source, file) => source.or_else(|| file.map(|file| KeySource::File(file.value))),
        };
        let key_source = key_source.ok_or_else(|| {
            let remedy = "set key_env, key_secret, key_credential or key_file";
            table.wrong(name, entry.line, "names no key", remedy)
        })?;
        wallets.insert(entry.name, TradingWallet { key_source, key: None });
    }
    Ok(wallets)
}
