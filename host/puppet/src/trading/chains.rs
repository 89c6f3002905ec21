//! The way to prices and to the market: as `[trading]` says, or to the chain and the exchange that this host emulates.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use puppet_packs::SecretsFile;
use puppet_solana::{
    Acknowledged, Address, Network,
    guard::ApproveAbove,
    jupiter::{Jupiter, JupiterApi, JupiterSettings},
};
use puppet_store::TradeStore;
use puppet_trade::{
    Exchange,
    chain::{ChainLink, ChainTerms, LinkError, LinkSettings, price},
    feed::Prices,
};
use puppet_types::{Secret, Timestamp, trade::Market};

use crate::{
    config::Origin,
    credentials,
    emulated::Chain,
    output::Output,
    setup::Setup,
    trouble::{Result, Trouble},
    wallets::{self, words},
};

/// What stands for a key where the exchange is emulated: it wants one, whatever it is.
const EMULATED_KEY: &str = "emulated";

/// A wallet's purse is of one network for good. The emulated chain is `localnet`: no wallet gets there where another network
/// is configured.
///
/// # Errors
/// One would.
pub fn binds_to_localnet(setup: &Setup, wallets: &[&str], out: Output) -> Result<()> {
    let configured = setup.config.trading.network;
    let is_said = setup.config.origin("trading.network") != Origin::Default;
    for wallet in wallets.iter().filter(|_| configured != Network::Localnet) {
        if is_said {
            let message = format!(
                "the emulated chain is `localnet`, and `{configured}` is configured: the purse of `{wallet}` would be of localnet for good",
                configured = configured.name()
            );
            let remedy = "set it to \"localnet\" and trade with a wallet of its own; or leave --emulate out";
            return Err(setup.config.bad_value("trading.network", message, remedy));
        }
        out.note(format!("{wallet}: the emulated chain is `localnet`, and the wallet's purse is of it from now on"));
    }
    Ok(())
}

/// See the head of this file.
pub struct Chains<'a> {
    /// The configuration.
    pub setup: &'a Setup,
    /// Where keys are.
    pub secrets: &'a SecretsFile,
    /// The emulated ones, where this host has them.
    pub emulated: Option<&'a Chain>,
}

/// Jupiter's quotes as prices.
struct Quotes(Arc<dyn Jupiter>);

#[async_trait]
impl Prices for Quotes {
    async fn price(&self, market: &Market) -> std::result::Result<(u64, Timestamp), String> {
        price(&*self.0, market).await.map_err(|error| error.to_string())
    }
}

impl Chains<'_> {
    /// Which network is traded on.
    pub fn network(&self) -> Network {
        self.emulated.map_or(self.setup.config.trading.network, |_| Network::Localnet)
    }

    /// What tokens cost now.
    pub fn prices(&self) -> Result<Arc<dyn Prices>> {
        let jupiter = JupiterApi::new(&self.jupiter()?).map_err(|error| self.of_jupiter(&error))?;
        Ok(Arc::new(Quotes(Arc::new(jupiter))))
    }

    fn of_jupiter(&self, error: &dyn std::fmt::Display) -> Trouble {
        let remedy = "name Jupiter's address, or leave it out for its own";
        self.setup.config.bad_value("trading.jupiter.endpoint", error.to_string(), remedy)
    }

    fn jupiter(&self) -> Result<JupiterSettings> {
        let configured = &self.setup.config.trading.jupiter;
        let (endpoint, key) = match (self.emulated, &configured.key_source) {
            (Some(chain), _) => (chain.jupiter(), Some(Secret::new(EMULATED_KEY))),
            (None, None) => (configured.endpoint.clone(), None),
            (None, Some(source)) => {
                let (key, _) = credentials::of_source(self.setup, self.secrets, source, configured.key.as_ref())?;
                (configured.endpoint.clone(), key)
            }
        };
        Ok(JupiterSettings { endpoint, key, ..JupiterSettings::default() })
    }

    /// Who carries out a wallet's orders. A wallet that the emulated chain does not know yet gets something to begin with.
    pub async fn exchange(
        &self,
        wallet: &str,
        is_understood: bool,
        store: Arc<dyn TradeStore>,
        markets: &[Market],
        out: Output,
    ) -> Result<Arc<dyn Exchange>> {
        let network = self.acknowledged(wallet, is_understood, &*store).await?;
        let key = wallets::key(self.setup, self.secrets, wallet)?;
        if let Some(chain) = self.emulated
            && chain.fund(&key.address().to_string())?
        {
            out.note(format!("{wallet}: the emulated chain gives it 10 SOL and 1000 USDC to begin with"));
        }
        let rpc = match self.emulated {
            Some(chain) => Secret::new(chain.solana()),
            None => wallets::endpoint(self.setup, self.secrets)?,
        };
        let settings = LinkSettings { rpc: Some(rpc), jupiter: self.jupiter()?, ..LinkSettings::of(network) };
        let link = ChainLink::connect(&settings).await.map_err(|error| match error {
            LinkError::Jupiter(error) => self.of_jupiter(&error),
            LinkError::Rpc(error) => wallets::of_setup(self.setup, &error),
        })?;
        let trading = &self.setup.config.trading;
        let terms = ChainTerms {
            via: trading.via,
            approve_above: self.approve_above()?,
            approve_within_ms: trading.approve_within_ms,
            ..ChainTerms::default()
        };
        let exchange = link.exchange(key, self.ours(), store, terms, markets).await;
        Ok(Arc::new(exchange.map_err(|error| wallets::of_chain(&error))?))
    }

    async fn acknowledged(&self, wallet: &str, is_understood: bool, store: &dyn TradeStore) -> Result<Acknowledged> {
        let network = self.network();
        let mut said = words::of(store, wallet).await?;
        if is_understood && !said.understands(network) {
            let word = words::Word::Understood { network };
            said = words::say(store, wallet, &word, Timestamp::from_system()).await?;
        }
        wallets::acknowledged(network, &said, wallet)
    }

    /// Every address of ours: nothing may happen to any of them. One whose key cannot be read trades nothing here.
    fn ours(&self) -> BTreeSet<Address> {
        let known = wallets::known(self.setup, self.secrets);
        known.keys().filter_map(|name| Some(wallets::key(self.setup, self.secrets, name).ok()?.address())).collect()
    }

    fn approve_above(&self) -> Result<ApproveAbove> {
        let Some(amounts) = &self.setup.config.trading.approve_above else { return Ok(ApproveAbove::default()) };
        let address = |(mint, amount): (&String, &u64)| {
            let wrong = |_| self.setup.config.bad_value("trading.approve_above", format!("`{mint}` is no mint"), "");
            Ok((mint.parse::<Address>().map_err(wrong)?, *amount))
        };
        Ok(ApproveAbove::Amounts(amounts.iter().map(address).collect::<Result<_>>()?))
    }
}
