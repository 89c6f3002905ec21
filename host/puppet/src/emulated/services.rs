//! X and models, emulated in the host's own process: nothing of the real ones is asked, whatever the configuration says.

use std::{collections::BTreeMap, sync::Arc};

use puppet_emulate::{Emulator, Plan, Services as Which, token};
use puppet_llm::openai::Api;

use crate::{
    config::{KeySource, Price, Provider, Secret, TweetProvider},
    credentials::Resolved,
    setup::Setup,
    trouble::{Result, Trouble},
};

/// What texts follow from.
const SEED: u64 = 42;
/// The provider that is there in any case, and whose key.
const NAME: &str = "emulated";

/// Those that are asked for, each at a port of its own, until they are dropped.
#[derive(Debug)]
pub struct Services {
    x: Option<Emulator>,
    llm: Option<Emulator>,
}

impl Services {
    /// Starts those that are asked for.
    ///
    /// # Errors
    /// There is no port to be had.
    pub async fn start(x: bool, llm: bool) -> Result<Self> {
        let started = async |which: Which| {
            let none = |error| {
                let remedy = "see what this machine forbids";
                Trouble::unreachable("no-port", format!("no port can be had: {error}"), remedy)
            };
            Emulator::start(which, SEED, Plan::default()).await.map_err(none)
        };
        let x = if x { Some(started(Which { x: true, llm: false }).await?) } else { None };
        let llm = if llm { Some(started(Which { x: false, llm: true }).await?) } else { None };
        Ok(Self { x, llm })
    }

    /// What stands for X.
    pub fn x(&self) -> Option<String> {
        self.x.as_ref().and_then(Emulator::x)
    }

    /// What stands for every provider of models.
    pub fn llm(&self) -> Option<String> {
        self.llm.as_ref().and_then(Emulator::llm)
    }

    /// The same surroundings with what is emulated in the place of what the configuration names; none where nothing is.
    pub fn in_place(&self, of: &Setup) -> Option<Setup> {
        in_place(of, self.x(), self.llm())
    }
}

/// The same with what is emulated at these addresses.
pub fn in_place(of: &Setup, x: Option<String>, llm: Option<String>) -> Option<Setup> {
    if x.is_none() && llm.is_none() {
        return None;
    }
    let mut config = of.config.clone();
    if let Some(endpoint) = x {
        config.tweet.provider = TweetProvider::X;
        config.tweet.x.endpoint = endpoint;
        // Keys of the real X are of no use here, and are not to leave.
        config.tweet.x.accounts.clear();
        config.tweet.x.apps.clear();
    }
    if let Some(base_url) = llm {
        let providers = &mut config.llm.providers;
        providers.values_mut().for_each(|provider| stand_in(provider, &base_url));
        providers.insert(NAME.to_owned(), provider(&base_url));
        config.llm.default = NAME.to_owned();
    }
    let resolved = Arc::new(Resolved::new(&config));
    let (home, data, cache) = (of.home.clone(), of.data.clone(), of.cache.clone());
    Some(Setup { config, home, data, warnings: Vec::new(), resolved, cache, inside: None })
}

/// The token of an account, or of an app, on the emulated X.
pub fn secret(name: &str) -> Secret {
    Secret::new(token(name))
}

/// A provider of the configuration, asked here instead: its name and model stay, so that agents find it.
fn stand_in(of: &mut Provider, base_url: &str) {
    *of = Provider { model: of.model.clone(), embedding_model: of.embedding_model.clone(), ..provider(base_url) };
}

fn provider(base_url: &str) -> Provider {
    Provider {
        preset: None,
        api: Api::Chat,
        stream: true,
        idle_timeout_ms: Provider::IDLE_TIMEOUT_MS,
        base_url: base_url.to_owned(),
        key_source: Some(KeySource::Environment(NAME.to_owned())),
        key: Some(secret(NAME)),
        model: "emulated-small".to_owned(),
        embedding_model: Some("emulated-embedding".to_owned()),
        timeout_ms: Provider::TIMEOUT_MS,
        retries: Provider::RETRIES,
        headers: BTreeMap::new(),
        price: Some(Price { prompt_usd_micros_per_million: 0, completion_usd_micros_per_million: 0 }),
    }
}
