//! What the environment adds to `[trading]`: addresses, keys, and wallets of the original engine's variables.

use super::{
    super::{
        Config, KeySource, Secret,
        environment::ENVIRONMENT,
        origin::{Level, Warning},
        overlay::Lookup,
    },
    RpcPlace, Trading, TradingWallet, TrendingList,
};

/// Of one agent's wallet: its id in capitals, with `_` for `-`.
const OF_AGENT: &str = "SOLANA_PRIVATE_KEY_<ID>";
/// Of the wallet that all share.
const SHARED: &str = "SOLANA_PRIVATE_KEY";

/// Lays the environment over the section.
pub(in super::super) fn finish(config: &mut Config, lookup: &Lookup<'_>, warnings: &mut Vec<Warning>) {
    let Config { trading, origins, .. } = config;
    for (name, variable) in of_variables(trading, lookup) {
        let key_source = KeySource::Environment(variable);
        trading.wallets.entry(name).or_insert(TradingWallet { key_source, key: None });
    }
    if trading.rpc == RpcPlace::Public
        && let Some(variable) = Trading::RPC_VARIABLES.into_iter().find(|name| lookup.get(name).is_some())
    {
        trading.rpc = RpcPlace::Kept { source: KeySource::Environment(variable.to_owned()), value: None };
    }
    if let Some(TrendingList { source, .. }) = &mut trading.trending
        && (source.url == TrendingList::BIRDEYE && source.key_source.is_none())
        && lookup.get(TrendingList::BIRDEYE_KEY).is_some()
    {
        source.key_source = Some(KeySource::Environment(TrendingList::BIRDEYE_KEY.to_owned()));
    }
    let mut take = |key: String, variable: &str, without: &str| match lookup.get(variable) {
        Some((value, origin)) => {
            origins.insert(key, origin);
            Some(Secret::new(value.trim()))
        }
        None => {
            let named = format!("{key}_env");
            warnings.push(Warning {
                level: Level::Warning,
                code: "key-not-set",
                message: format!("the variable {variable} is not set: {without}"),
                place: origins.get(&named).cloned().unwrap_or_default().place(&named),
                remedy: format!("set {variable} in the environment or in `.env`"),
            });
            None
        }
    };
    if let RpcPlace::Kept { source: KeySource::Environment(variable), value } = &mut trading.rpc {
        *value = take("trading.rpc".to_owned(), variable, "the chain cannot be asked");
    }
    if let Some(KeySource::Environment(variable)) = &trading.jupiter.key_source {
        trading.jupiter.key = take("trading.jupiter.key".to_owned(), variable, "Jupiter is asked without a key");
    }
    for (market, second) in &mut trading.second_prices {
        if let Some(KeySource::Environment(variable)) = &second.source.key_source {
            let without = format!("the second price of {market} is asked for without a key");
            second.source.key = take(format!("trading.second_prices.{market}.key"), variable, &without);
        }
    }
    if let Some(trending) = &mut trading.trending {
        let source = &mut trending.source;
        if let Some(KeySource::Environment(variable)) = &source.key_source {
            source.key =
                take("trading.trending.key".to_owned(), variable, "what is trending is asked for without a key");
        }
    }
    for (name, wallet) in &mut trading.wallets {
        if let KeySource::Environment(variable) = &wallet.key_source {
            let without = format!("the wallet `{name}` cannot be used");
            wallet.key = take(format!("trading.wallets.{name}.key"), variable, &without);
        }
    }
}

/// Wallets whose keys stand in the original's variables: the shared one, and one for each agent.
fn of_variables(trading: &Trading, lookup: &Lookup<'_>) -> Vec<(String, String)> {
    let mut wallets = Vec::new();
    if lookup.get(SHARED).is_some() {
        wallets.push((Trading::SHARED.to_owned(), SHARED.to_owned()));
    }
    let Some(of_agent) = ENVIRONMENT.iter().find(|variable| variable.name == OF_AGENT) else { return wallets };
    for name in lookup.names().into_iter().filter(|name| of_agent.is_named(name)) {
        if lookup.get(&name).is_none() {
            continue;
        }
        let agents = trading.desks.values().filter_map(|desk| desk.agent.as_ref());
        let known = agents.map(|id| id.as_str()).find(|id| of_agent.for_agent(id).as_deref() == Some(name.as_str()));
        let id = name.get(OF_AGENT.len() - "<ID>".len()..).unwrap_or_default();
        let wallet = known.map_or_else(|| id.to_ascii_lowercase().replace('_', "-"), str::to_owned);
        if Trading::is_name(&wallet) {
            wallets.push((wallet, name));
        }
    }
    wallets
}

/// Credentials that the section names, each with its key.
pub(in super::super) fn credentials(config: &Config) -> Vec<(String, String)> {
    let trading = &config.trading;
    let named = |key: &str, source: Option<&KeySource>| match source {
        Some(KeySource::Credential(name)) => Some((format!("{key}_credential"), name.clone())),
        _ => None,
    };
    let rpc = match &trading.rpc {
        RpcPlace::Kept { source, .. } => Some(source),
        _ => None,
    };
    let wallets = trading
        .wallets
        .iter()
        .filter_map(|(name, wallet)| named(&format!("trading.wallets.{name}.key"), Some(&wallet.key_source)));
    let second = trading.second_prices.iter().filter_map(|(market, second)| {
        named(&format!("trading.second_prices.{market}.key"), second.source.key_source.as_ref())
    });
    let trending = trading.trending.as_ref().and_then(|trending| trending.source.key_source.as_ref());
    let of_all = [
        named("trading.rpc", rpc),
        named("trading.jupiter.key", trading.jupiter.key_source.as_ref()),
        named("trading.trending.key", trending),
    ];
    of_all.into_iter().flatten().chain(wallets).chain(second).collect()
}
