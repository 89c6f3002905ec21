//! `wallet airdrop`: free SOL, where there is any.

use std::time::{Duration, Instant};

use puppet_solana::{Network, chain::Chain as _};
use serde_json::json;

use super::network;
use crate::{
    credentials,
    output::Output,
    records,
    setup::Setup,
    trouble::{Result, Trouble},
    wallets::{self, amounts, standing::kept_of},
};

/// Digits of SOL after the point.
const SOL_DECIMALS: u8 = 9;
/// How long a node may take, and how often it is asked.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(250);

/// Runs it.
pub async fn run(setup: &Setup, name: &str, amount: &str, out: Output) -> Result<()> {
    let lamports = amounts::units(amount, SOL_DECIMALS).ok_or_else(|| {
        let remedy = "write for example 1 or 0.5";
        Trouble::input("bad-value", format!("`{amount}` is no amount of SOL"), remedy).of_field("AMOUNT")
    })?;
    let of = setup.config.trading.network;
    if of == Network::MainnetBeta {
        let message = "there is no free SOL on mainnet-beta";
        return Err(Trouble::input("no-airdrop", message, "set network = \"devnet\" in [trading], or buy some"));
    }
    let secrets = credentials::secrets(setup)?;
    let address = wallets::key(setup, &secrets, name)?.address();
    let rows = records::if_there(setup).await?;
    let (said, _) = kept_of(rows.as_ref(), name).await?;
    let node = wallets::node(setup, &secrets, network(setup, name, false, &said).await?).await?;
    let signature = node.airdrop(&address, lamports).await.map_err(|error| wallets::of_chain(&error))?;
    let until = Instant::now() + PATIENCE;
    loop {
        match node.status(&signature).await {
            Ok(Some(status)) if status.error.is_some() => {
                let error = status.error.unwrap_or_default();
                let message = format!("the chain has the airdrop, and it failed: {error}");
                return Err(Trouble::unreachable("no-chain", message, "ask for less, or again in a while"));
            }
            Ok(Some(status)) if status.is_confirmed => break,
            Err(error) if Instant::now() >= until => return Err(wallets::of_chain(&error)),
            _ if Instant::now() >= until => {
                let message = format!("{signature} is not confirmed after {} s", PATIENCE.as_secs());
                let remedy = format!("look with `puppet wallet balance {name}`");
                return Err(Trouble::unreachable("still-waiting", message, remedy));
            }
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
    if out.json {
        return out.object(&json!({
            "schema": "puppet.wallet-airdrop/1", "name": name, "address": address.to_string(), "network": of.name(),
            "lamports": lamports, "signature": signature.to_string(),
        }));
    }
    let sol = amounts::whole(lamports.into(), SOL_DECIMALS);
    out.line(format!("{} {sol} SOL for {} ({address}) on {}", out.good("got"), out.bold(name), of.name()))
}
