//! Wallets by name: where their keys are, where the chain is, and which tokens the operator calls by a name. A key leaves
//! this module as a `puppet_solana::Wallet` and in no other form.

pub mod amounts;
pub mod approvals;
pub mod books;
pub mod held;
pub mod past;
pub mod standing;
pub mod stop;
pub mod words;

use std::collections::BTreeMap;

use puppet_market::Markets;
use puppet_packs::SecretsFile;
use puppet_solana::{
    Acknowledged, Network,
    chain::{Rpc, RpcSettings, RpcSetupError},
};
use puppet_types::Secret;

use crate::{
    config::{self, KeySource, RpcPlace, Trading},
    credentials, files,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// Secrets that are keys of wallets: `wallet/NAME`.
const SECRETS: &str = "wallet/";
/// What `puppet import` keeps of a deployment of the original engine: `solana/NAME/private_key`.
const IMPORTED: (&str, &str) = ("solana/", "/private_key");

/// The name of the secret that a wallet's key is kept as.
pub fn secret_name(wallet: &str) -> String {
    format!("{SECRETS}{wallet}")
}

/// Every wallet whose key is somewhere: those of the configuration and the environment, and those of the secrets. What is
/// configured counts where a secret has the same name.
pub fn known(setup: &Setup, secrets: &SecretsFile) -> BTreeMap<String, KeySource> {
    let configured = setup.config.trading.wallets.iter();
    let mut all: BTreeMap<String, KeySource> =
        configured.map(|(name, wallet)| (name.clone(), wallet.key_source.clone())).collect();
    let kept = |name: &str| name.strip_prefix(SECRETS).map(str::to_owned);
    let imported = |name: &str| Some(name.strip_prefix(IMPORTED.0)?.strip_suffix(IMPORTED.1)?.to_owned());
    for way in [&kept as &dyn Fn(&str) -> Option<String>, &imported] {
        for secret in secrets.names() {
            if let Some(name) = way(secret).filter(|name| Trading::is_name(name)) {
                all.entry(name).or_insert_with(|| KeySource::Secret(secret.to_owned()));
            }
        }
    }
    all
}

/// A wallet that is not there, with the one that was meant.
pub fn unknown(name: &str, known: &[&str]) -> Trouble {
    let remedy = match config::nearest(name, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("`puppet wallet list` shows them; `puppet wallet new {name}` makes it"),
    };
    Trouble::input("unknown-wallet", format!("there is no wallet `{name}`"), remedy).missing()
}

/// The key of a wallet.
///
/// # Errors
/// There is no such wallet, or no key where it should be, or what is there is none.
pub fn key(setup: &Setup, secrets: &SecretsFile, name: &str) -> Result<puppet_solana::Wallet> {
    let known = known(setup, secrets);
    let source = known.get(name).ok_or_else(|| {
        let names: Vec<&str> = known.keys().map(String::as_str).collect();
        unknown(name, &names)
    })?;
    let of_environment = setup.config.trading.wallets.get(name).and_then(|wallet| wallet.key.as_ref());
    let (value, place) = credentials::of_source(setup, secrets, source, of_environment)?;
    let wrong = |why: String| {
        let remedy = "put the key where it is looked for; `puppet config` shows where that is";
        Trouble::unreachable("wallet-key", format!("wallet `{name}`: {why}"), remedy)
    };
    let value = value.ok_or_else(|| wrong(format!("{place} is not set")))?;
    puppet_solana::Wallet::parse(value.expose(), puppet_solana::KeySource::Named(place))
        .map_err(|error| wrong(error.to_string()))
}

/// The address of the RPC endpoint, which may hold a key.
///
/// # Errors
/// It is named, and not there.
pub fn endpoint(setup: &Setup, secrets: &SecretsFile) -> Result<Secret> {
    match &setup.config.trading.rpc {
        RpcPlace::Public => Ok(Secret::new(setup.config.trading.network.endpoint())),
        RpcPlace::Url(url) => Ok(Secret::new(url)),
        RpcPlace::Kept { source, value } => {
            let (value, place) = credentials::of_source(setup, secrets, source, value.as_ref())?;
            value.ok_or_else(|| {
                let remedy = "set it, or take the key out of [trading] for the network's public endpoint";
                Trouble::unreachable("no-chain", format!("{place} is not set: the chain cannot be asked"), remedy)
            })
        }
    }
}

/// The node, on a network that somebody meant. Nothing is sent.
///
/// # Errors
/// Its address cannot be used.
pub fn rpc(setup: &Setup, secrets: &SecretsFile, network: Acknowledged) -> Result<Rpc> {
    let endpoint = endpoint(setup, secrets)?;
    let settings = RpcSettings { endpoint, timeout: RpcSettings::TIMEOUT, network };
    Rpc::new(&settings).map_err(|error| of_setup(setup, &error))
}

/// The node, once it has said that it is of the configured network.
///
/// # Errors
/// It cannot be used, does not answer, or is of another network.
pub async fn node(setup: &Setup, secrets: &SecretsFile, network: Acknowledged) -> Result<Rpc> {
    let rpc = rpc(setup, secrets, network)?;
    rpc.check_network().await.map_err(|error| of_setup(setup, &error))?;
    Ok(rpc)
}

/// What is wrong with a node. What no waiting mends (another network, an address that cannot be used) is bad input.
pub fn of_setup(setup: &Setup, error: &RpcSetupError) -> Trouble {
    match error {
        RpcSetupError::Chain(error) => of_chain(error),
        RpcSetupError::Network(error) => {
            let remedy = "name the network that the endpoint is of, or another endpoint; nothing was done";
            setup.config.bad_value("trading.network", error.to_string(), remedy)
        }
        error => {
            let remedy = "use https; plain http reaches this machine only";
            setup.config.bad_value("trading.rpc_url", error.to_string(), remedy)
        }
    }
}

/// What a node does not answer; or that a token is not what it is believed to be, which stays so.
pub fn of_chain(error: &puppet_solana::chain::ChainError) -> Trouble {
    use puppet_solana::chain::ChainError;
    let tell =
        "tell of the token as the chain does, in the file that `markets` of [trading] names (docs/trading/data.md)";
    match error {
        ChainError::NoMint(_) => return Trouble::input("no-such-token", error.to_string(), tell),
        ChainError::Decimals { .. } => return Trouble::input("token-decimals", error.to_string(), tell),
        _ => {}
    }
    let remedy = "see that the node runs and that [trading] names it; a public endpoint allows few requests";
    Trouble::unreachable("no-chain", error.to_string(), remedy)
}

/// The network, once somebody said that mainnet is meant for this wallet.
///
/// # Errors
/// It is mainnet, and nobody has.
pub fn acknowledged(network: Network, said: &words::Said, wallet: &str) -> Result<Acknowledged> {
    network.acknowledged(said.understands(network)).map_err(|_| {
        let message =
            format!("mainnet-beta is real money, and nobody has said that it is meant for the wallet `{wallet}`");
        let remedy =
            format!("say it once: `puppet wallet balance {wallet} --i-understand`; or set network in [trading]");
        Trouble::refused("not-acknowledged", message, remedy)
    })
}

/// The markets that are known: those of the program, and those of the operator's file.
///
/// # Errors
/// The file cannot be read, or is wrong.
pub fn markets(setup: &Setup) -> Result<Markets> {
    let Some(path) = &setup.config.trading.markets else { return Ok(Markets::built_in()) };
    let remedy = "name a file with `[[market]]` tables (docs/trading/data.md)";
    let text = files::text(path)
        .map_err(|error| Trouble::input("bad-data", format!("cannot be read: {error}"), remedy).in_file(path))?;
    Markets::with_file(&text).map_err(|error| Trouble::input("bad-data", error.to_string(), remedy).in_file(path))
}
