//! `[trading]`: the network, the way to it, wallets by name, desks that a host runs, and what they may do. Keys never stand
//! in the file. How it is read: `read`; what the environment adds: `overlay`.

mod desks;
mod overlay;
mod paper;
mod read;
mod risk;
mod rules_file;
mod shown;
#[cfg(test)]
mod tests;
mod web;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use puppet_solana::{Network, jupiter::JupiterSettings, swap::Via};
use puppet_wallet::Rules;

use super::{KeySource, Secret};

pub use desks::Desk;
pub(super) use overlay::{credentials, finish};
pub use paper::Paper;
pub use rules_file::rules_file;
pub use web::{SecondPrice, TrendingList, WebSource, lacks as lacks_second, remedy as second_remedy};

/// `[trading]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Trading {
    /// Which chain.
    pub network: Network,
    /// Where its RPC endpoint is.
    pub rpc: RpcPlace,
    /// A file of `[[market]]`, beside those that the program knows.
    pub markets: Option<PathBuf>,
    /// Between two looks at prices.
    pub poll_ms: u64,
    /// Who sends what was signed.
    pub via: Via,
    /// Above so much of a mint that is given a person is asked, and always for a mint that is not named; none: nobody is.
    /// In the smallest unit.
    pub approve_above: Option<BTreeMap<String, u64>>,
    /// How long a person has.
    pub approve_within_ms: u64,
    /// The same as written, `10m`.
    pub approve_within: String,
    /// `[trading.jupiter]`.
    pub jupiter: Jupiter,
    /// `[trading.wallets.<name>]`, and those whose keys the environment holds. A wallet whose key is a secret of the data
    /// folder needs no entry.
    pub wallets: BTreeMap<String, TradingWallet>,
    /// `[trading.second_prices."<market>"]`: what else says what a market costs.
    pub second_prices: BTreeMap<String, SecondPrice>,
    /// `[trading.trending]`: what tells which tokens many trade; none: nobody.
    pub trending: Option<TrendingList>,
    /// `[trading.paper]`.
    pub paper: Paper,
    /// `[trading.desks.<name>]`.
    pub desks: BTreeMap<String, Desk>,
    /// `[trading.risk]`; none: nothing is said, and nothing may be traded.
    pub risk: Option<Rules>,
}

/// Where the RPC endpoint is. An address may hold a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RpcPlace {
    /// The network's public one.
    Public,
    /// At this address, which holds no key.
    Url(String),
    /// At an address that is kept elsewhere.
    Kept {
        /// Where.
        source: KeySource,
        /// It, where it came from the environment.
        value: Option<Secret>,
    },
}

/// `[trading.jupiter]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jupiter {
    /// Jupiter's own address, or that of what stands for it.
    pub endpoint: String,
    /// Where its key is; none: without one.
    pub key_source: Option<KeySource>,
    /// The key, where it came from the environment.
    pub key: Option<Secret>,
}

/// `[trading.wallets.<name>]`: a wallet whose key is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradingWallet {
    /// Where its key is.
    pub key_source: KeySource,
    /// The key, where it came from the environment.
    pub key: Option<Secret>,
}

impl Trading {
    /// Between two looks at prices, where nothing is said.
    pub const POLL_MS: u64 = 5_000;
    /// What may be asked for.
    pub(super) const POLL: std::ops::RangeInclusive<u64> = 200..=3_600_000;
    /// The wallet whose key is `SOLANA_PRIVATE_KEY`.
    pub const SHARED: &'static str = "shared";
    /// Variables that say where the RPC endpoint is, where the file does not.
    pub const RPC_VARIABLES: [&'static str; 2] = ["SOLANA_RPC_URL", "RPC_URL"];
    /// Longest name of a wallet or a desk.
    pub const NAME_BYTES: usize = 64;

    /// Whether a wallet or a desk may be called so.
    pub fn is_name(text: &str) -> bool {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        first && text.len() <= Self::NAME_BYTES && text.bytes().all(plain)
    }

    /// The name of a way to send.
    pub const fn via_name(via: Via) -> &'static str {
        match via {
            Via::Jupiter => "jupiter",
            Via::OwnNode => "own-node",
        }
    }

    /// All values that came with the configuration and are nobody's business.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let rpc = match &self.rpc {
            RpcPlace::Kept { value, .. } => value.as_ref(),
            _ => None,
        };
        let wallets = self.wallets.values().filter_map(|wallet| wallet.key.as_ref());
        let second = self.second_prices.values().filter_map(|second| second.source.key.as_ref());
        let trending = self.trending.as_ref().and_then(|trending| trending.source.key.as_ref());
        rpc.into_iter().chain(self.jupiter.key.as_ref()).chain(wallets).chain(second).chain(trending)
    }

    /// Relative to the file that names it.
    fn beside(file: &Path, path: PathBuf) -> PathBuf {
        file.parent().unwrap_or(Path::new("")).join(path)
    }
}

impl Default for Trading {
    fn default() -> Self {
        Self {
            network: Network::Devnet,
            rpc: RpcPlace::Public,
            markets: None,
            poll_ms: Self::POLL_MS,
            via: Via::default(),
            approve_above: None,
            approve_within_ms: 600_000,
            approve_within: "10m".to_owned(),
            jupiter: Jupiter { endpoint: JupiterSettings::ENDPOINT.to_owned(), key_source: None, key: None },
            wallets: BTreeMap::new(),
            second_prices: BTreeMap::new(),
            trending: None,
            paper: Paper::default(),
            desks: BTreeMap::new(),
            risk: None,
        }
    }
}
