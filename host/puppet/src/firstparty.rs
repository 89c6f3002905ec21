//! What comes with the program: plugins and strategies, compiled by the build, and four personalities.

use std::path::Path;

use puppet_packs::{Manifest, Pack};

use crate::trouble::{Result, Trouble};

/// A plugin that is built in.
pub struct BuiltIn {
    /// Its `pack.toml`.
    pub manifest: Manifest,
    /// Its component.
    pub component: &'static [u8],
}

macro_rules! plugins {
    ($($folder:literal $env:literal),+) => {
        &[$((
            concat!("plugins/", $folder, "/pack.toml"),
            include_str!(concat!("../../../plugins/", $folder, "/pack.toml")),
            include_bytes!(env!($env)),
        )),+]
    };
}

const PLUGINS: &[(&str, &str, &[u8])] = plugins!(
    "encounters" "PUPPET_PLUGIN_ENCOUNTERS",
    "mood-swings" "PUPPET_PLUGIN_MOOD_SWINGS",
    "news" "PUPPET_PLUGIN_NEWS",
    "standard-personality" "PUPPET_PLUGIN_STANDARD_PERSONALITY"
);

const STRATEGIES: &[(&str, &str, &[u8])] = plugins!(
    "dca" "PUPPET_PLUGIN_DCA",
    "grid" "PUPPET_PLUGIN_GRID",
    "impulse" "PUPPET_PLUGIN_IMPULSE",
    "momentum" "PUPPET_PLUGIN_MOMENTUM",
    "sma-cross" "PUPPET_PLUGIN_SMA_CROSS"
);

/// The plugins, by id. They are checked by a test: one that does not parse is left out.
pub fn plugins() -> Vec<BuiltIn> {
    parsed(PLUGINS)
}

/// The strategies, by id: no agent runs one, so they are apart.
pub fn strategies() -> Vec<BuiltIn> {
    parsed(STRATEGIES)
}

fn parsed(list: &[(&str, &str, &'static [u8])]) -> Vec<BuiltIn> {
    let parse = |(path, text, component): &(&str, &str, &'static [u8])| {
        let manifest = Manifest::parse(text, Path::new(path)).ok()?;
        Some(BuiltIn { manifest, component })
    };
    list.iter().filter_map(parse).collect()
}

/// The generators among them.
pub const GENERATORS: [&str; 3] = ["news", "mood-swings", "encounters"];

macro_rules! personalities {
    ($($folder:literal),*) => {
        &[$((
            concat!("personalities/", $folder),
            include_str!(concat!("../../../personalities/", $folder, "/pack.toml")),
            include_str!(concat!("../../../personalities/", $folder, "/persona.toml")),
        )),*]
    };
}

const PERSONALITIES: &[(&str, &str, &str)] =
    personalities!("corner-cafe", "dial-drifter", "night-gardener", "tide-trader");

/// The characters of the demo.
pub fn personalities() -> Result<Vec<Pack>> {
    let parse = |(path, pack, persona): &(&str, &str, &str)| {
        Pack::from_texts(Path::new(path), pack, Some(persona)).map_err(|error| Trouble::internal(error.to_string()))
    };
    PERSONALITIES.iter().map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_built_in_is_whole() {
        assert_eq!(plugins().len(), PLUGINS.len());
        assert_eq!(strategies().len(), STRATEGIES.len());
        assert_eq!(personalities().unwrap().len(), 4);
        for name in GENERATORS {
            assert!(plugins().iter().any(|plugin| plugin.manifest.id.as_str() == name));
        }
    }

    #[test]
    fn what_generators_request_is_enough_for_ten_thousand_agents() {
        use puppet_grants::{Amount, Ledger, Period, Rights};
        use puppet_types::Capability::Events;
        // In the hour of its round: news to all, a mood for each, and three pairs that may turn back.
        for (name, events) in [("news", 10_000), ("mood-swings", 10_000), ("encounters", 6)] {
            let manifest = plugins().into_iter().find(|plugin| plugin.manifest.id.as_str() == name).unwrap().manifest;
            let ledger = std::sync::Arc::new(Ledger::default());
            let rights = Rights::from_requests(&manifest.requests, &manifest.id, &"generator".into(), &ledger);
            let lines = rights.lines(puppet_types::Timestamp::default());
            let limit = lines.iter().find(|line| line.key.amount == Amount::Events && line.key.period == Period::Hour);
            let limit = limit.unwrap().limit;
            assert!(rights.get(Events).is_some() && limit >= events, "{name}: {limit}");
        }
    }
}
