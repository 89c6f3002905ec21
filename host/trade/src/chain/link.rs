//! The way to one network: a node and Jupiter, found out to be where they should be before anything is asked of them.
//! Every wallet of a host trades over the same.

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use puppet_solana::{
    Acknowledged, Address, Network, Wallet,
    chain::{Chain, ChainError, Rpc, RpcSettings, RpcSetupError},
    jupiter::{Jupiter, JupiterApi, JupiterSettings, JupiterSetupError},
};
use puppet_store::TradeStore;
use puppet_types::{
    Secret, Timestamp,
    trade::{Market, Mint},
};

use super::{ChainExchange, ChainParts, ChainTerms, PriceError, held, price};

/// Where network and exchange are.
#[derive(Debug, Clone)]
pub struct LinkSettings {
    /// Which network, as somebody has meant it.
    pub network: Acknowledged,
    /// Where its node is: the address may hold a key. None: the network's public one.
    pub rpc: Option<Secret>,
    /// For one question to the node.
    pub rpc_timeout: Duration,
    /// Where Jupiter is, with its key.
    pub jupiter: JupiterSettings,
}

impl LinkSettings {
    /// Of a network, with what is public.
    pub fn of(network: Acknowledged) -> Self {
        Self { network, rpc: None, rpc_timeout: RpcSettings::TIMEOUT, jupiter: JupiterSettings::default() }
    }
}

/// Why there is no way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The node cannot be used, does not answer, or is of another network.
    #[error(transparent)]
    Rpc(#[from] RpcSetupError),
    /// Jupiter cannot be used.
    #[error(transparent)]
    Jupiter(#[from] JupiterSetupError),
}

/// A way to one network.
pub struct ChainLink {
    network: Network,
    rpc: Arc<Rpc>,
    jupiter: Arc<JupiterApi>,
}

impl fmt::Debug for ChainLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChainLink").field("network", &self.network).finish_non_exhaustive()
    }
}

impl ChainLink {
    /// Asks the node which network it is of. Nothing is asked of Jupiter.
    ///
    /// # Errors
    /// An address or a key cannot be used, the node does not answer, or it is elsewhere.
    pub async fn connect(settings: &LinkSettings) -> Result<Self, LinkError> {
        let network = settings.network.network();
        let endpoint = settings.rpc.clone().unwrap_or_else(|| Secret::new(network.endpoint()));
        let rpc = RpcSettings { endpoint, timeout: settings.rpc_timeout, network: settings.network };
        let (rpc, jupiter) = (Rpc::new(&rpc)?, JupiterApi::new(&settings.jupiter)?);
        rpc.check_network().await?;
        Ok(Self { network, rpc: Arc::new(rpc), jupiter: Arc::new(jupiter) })
    }

    /// Which network.
    pub fn network(&self) -> Network {
        self.network
    }

    /// The node.
    pub fn chain(&self) -> Arc<dyn Chain> {
        Arc::<Rpc>::clone(&self.rpc)
    }

    /// Prices, and transactions that nobody has looked at.
    pub fn jupiter(&self) -> Arc<dyn Jupiter> {
        Arc::<JupiterApi>::clone(&self.jupiter)
    }

    /// The exchange of one wallet, for these markets.
    ///
    /// # Errors
    /// A token has other decimals than a market says, or the chain gives no answer.
    pub async fn exchange(
        &self,
        wallet: Wallet,
        wallets: BTreeSet<Address>,
        store: Arc<dyn TradeStore>,
        terms: ChainTerms,
        markets: &[Market],
    ) -> Result<ChainExchange, ChainError> {
        let now = Arc::new(Timestamp::from_system);
        let (chain, jupiter) = (self.chain(), self.jupiter());
        let parts = ChainParts { wallet, wallets, chain, jupiter, store, now };
        ChainExchange::open(parts, terms, markets).await
    }

    /// The price of a whole base token now, and when it was asked for.
    ///
    /// # Errors
    /// As [`price`].
    pub async fn price(&self, market: &Market) -> Result<(u64, Timestamp), PriceError> {
        price(self.jupiter.as_ref(), market).await
    }

    /// What an address holds, in the order of `mints`, each in its smallest unit; SOL without the rent of token accounts.
    ///
    /// # Errors
    /// The chain gives no answer.
    pub async fn balances(&self, address: &Address, mints: &[Mint]) -> Result<Vec<u64>, ChainError> {
        held(self.rpc.as_ref(), address, mints).await
    }

    /// Asks for free SOL, which there is on every network but mainnet. Answers the signature.
    ///
    /// # Errors
    /// The node gives none.
    pub async fn airdrop(&self, to: &Address, lamports: u64) -> Result<String, ChainError> {
        if self.network == Network::MainnetBeta {
            return Err(ChainError::Refused("there is no free SOL on mainnet-beta".to_owned()));
        }
        Ok(self.rpc.airdrop(to, lamports).await?.to_string())
    }
}
