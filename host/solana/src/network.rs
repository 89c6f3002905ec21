//! Which chain this is about. Mainnet is real money: nothing is built for it without a word that says so.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// Real money.
    MainnetBeta,
    /// The validators' own.
    Testnet,
    /// For programs under test; its SOL is free.
    Devnet,
    /// This machine's.
    Localnet,
}

/// Why a network is not to be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// No such name.
    #[error("`{0}` is no network: mainnet-beta, testnet, devnet or localnet")]
    Unknown(String),
    /// Mainnet, and nobody said that it is meant.
    #[error(
        "mainnet-beta is real money: nothing is done there before it is acknowledged once for this wallet (`--i-understand`)"
    )]
    NotAcknowledged,
    /// The address leads somewhere else.
    #[error("the RPC endpoint is on another network than {wanted}: its genesis hash is {found}")]
    Elsewhere {
        /// As configured.
        wanted: Network,
        /// What the endpoint says.
        found: String,
    },
}

/// A network that somebody meant. The only way to get one for mainnet is to say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledged(Network);

impl Network {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::MainnetBeta, Self::Testnet, Self::Devnet, Self::Localnet];

    /// As it is written everywhere.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MainnetBeta => "mainnet-beta",
            Self::Testnet => "testnet",
            Self::Devnet => "devnet",
            Self::Localnet => "localnet",
        }
    }

    /// Where its public RPC is. Few requests are allowed there: for more than a trial an endpoint of one's own is needed.
    pub const fn endpoint(self) -> &'static str {
        match self {
            Self::MainnetBeta => "https://api.mainnet-beta.solana.com",
            Self::Testnet => "https://api.testnet.solana.com",
            Self::Devnet => "https://api.devnet.solana.com",
            Self::Localnet => "http://127.0.0.1:8899",
        }
    }

    /// What its first block is known by; a localnet has another each time.
    pub const fn genesis(self) -> Option<&'static str> {
        match self {
            Self::MainnetBeta => Some("5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d"),
            Self::Testnet => Some("4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY"),
            Self::Devnet => Some("EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG"),
            Self::Localnet => None,
        }
    }

    /// Takes it as meant.
    ///
    /// # Errors
    /// Mainnet, and `understood` is not set: whoever asks has to have asked a person.
    pub const fn acknowledged(self, understood: bool) -> Result<Acknowledged, NetworkError> {
        match self {
            Self::MainnetBeta if !understood => Err(NetworkError::NotAcknowledged),
            _ => Ok(Acknowledged(self)),
        }
    }
}

impl Acknowledged {
    /// Which.
    pub const fn network(self) -> Network {
        self.0
    }

    /// Whether an endpoint is where it should be, by its genesis hash: a localnet is any but the public ones.
    ///
    /// # Errors
    /// It is elsewhere.
    pub fn agrees(self, genesis: &str) -> Result<(), NetworkError> {
        let is_there = match self.0.genesis() {
            Some(own) => own == genesis,
            None => Network::ALL.iter().all(|network| network.genesis() != Some(genesis)),
        };
        let elsewhere = || NetworkError::Elsewhere { wanted: self.0, found: genesis.chars().take(64).collect() };
        is_there.then_some(()).ok_or_else(elsewhere)
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let unknown = || NetworkError::Unknown(text.chars().take(64).collect());
        Self::ALL.into_iter().find(|network| network.name() == text).ok_or_else(unknown)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mainnet_is_nothing_without_a_word_that_says_so() {
        for network in Network::ALL {
            assert_eq!(network.name().parse(), Ok(network));
            assert_eq!(serde_json::to_value(network).unwrap(), network.name());
            assert_eq!(network.acknowledged(false).is_ok(), network != Network::MainnetBeta);
            assert_eq!(network.acknowledged(true).unwrap().network(), network);
        }
        assert!("mainnet".parse::<Network>().is_err());
    }

    #[test]
    fn an_endpoint_of_another_network_is_found_out() {
        let genesis = |network: Network| network.genesis().unwrap_or("a localnet's own");
        for wanted in Network::ALL {
            for found in Network::ALL {
                let agrees = wanted.acknowledged(true).unwrap().agrees(genesis(found));
                assert_eq!(agrees.is_ok(), wanted == found, "{wanted} {found}");
            }
        }
    }
}
